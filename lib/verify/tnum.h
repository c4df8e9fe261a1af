/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tnum.h - numbers of which some bits are known
 *
 * A bit is known where mask is 0, and then as in value; value is 0 where mask
 * is 1.  Addition and subtraction after Vishwanathan, Shachnai, Narayana and
 * Nagarakatte, "Sound, Precise, and Fast Abstract Interpretation with Tristate
 * Numbers" (CGO 2022).
 *
 * Soundness: if x is in a and y is in b, then x op y is in tnum_op(a, b).
 */
#ifndef WEIR_VERIFY_TNUM_H
#define WEIR_VERIFY_TNUM_H

#include "base/types.h"

struct tnum {
	u64 value;
	u64 mask;
};

#define TNUM_UNKNOWN ((struct tnum){ 0, UINT64_MAX })

static inline struct tnum tnum_const(u64 v)
{
	return (struct tnum){ v, 0 };
}

static inline bool tnum_is_const(struct tnum a)
{
	return !a.mask;
}

static inline bool tnum_has(struct tnum a, u64 x)
{
	return (x & ~a.mask) == a.value;
}

/* Everything in inner is in outer. */
static inline bool tnum_within(struct tnum outer, struct tnum inner)
{
	return !(inner.mask & ~outer.mask) &&
	       (inner.value & ~outer.mask) == outer.value;
}

/* No number is in both. */
static inline bool tnum_disjoint(struct tnum a, struct tnum b)
{
	return (a.value ^ b.value) & ~(a.mask | b.mask);
}

/* The narrowest that has min and max and all between. */
struct tnum tnum_range(u64 min, u64 max);
/* What is in both, which are not disjoint; what is in either. */
struct tnum tnum_intersect(struct tnum a, struct tnum b);
struct tnum tnum_union(struct tnum a, struct tnum b);

struct tnum tnum_add(struct tnum a, struct tnum b);
struct tnum tnum_sub(struct tnum a, struct tnum b);
struct tnum tnum_mul(struct tnum a, struct tnum b);
struct tnum tnum_and(struct tnum a, struct tnum b);
struct tnum tnum_or(struct tnum a, struct tnum b);
struct tnum tnum_xor(struct tnum a, struct tnum b);
struct tnum tnum_lsh(struct tnum a, u32 n);
struct tnum tnum_rsh(struct tnum a, u32 n);
/* Of the low bits of a, 32 or 64 of them, with the sign copied down; those
 * above are 0. */
struct tnum tnum_arsh(struct tnum a, u32 n, u32 bits);
/* The low bits of a, those above 0, or copies of the sign. */
struct tnum tnum_zext(struct tnum a, u32 bits);
struct tnum tnum_sext(struct tnum a, u32 bits);

/* The low bits are known to be 0: a is a multiple of size, a power of two. */
bool tnum_is_aligned(struct tnum a, u64 size);

#endif
