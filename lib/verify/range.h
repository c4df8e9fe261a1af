/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * range.h - what is known of a number in a register
 *
 * Five views of one set: the bits, and the least and greatest as unsigned and
 * signed numbers of 64 bits and, of the low half, of 32.  A number is in the
 * set when every view admits it.
 *
 * Soundness: if x is in a and y is in b, then x op y is in range_alu(a, b), and
 * if x and y compare so, x is in the refined a and y in the refined b.  A view
 * may be too wide, never too narrow.
 */
#ifndef WEIR_VERIFY_RANGE_H
#define WEIR_VERIFY_RANGE_H

#include "verify/tnum.h"

struct range {
	struct tnum bits;
	u64 umin, umax;
	s64 smin, smax;
	u32 umin32, umax32;
	s32 smin32, smax32;
};

struct range range_const(u64 v);
struct range range_unknown(void);
/* Unsigned numbers from min to max. */
struct range range_between(u64 min, u64 max);

bool range_is_const(const struct range *a);
bool range_has(const struct range *a, u64 x);
/* Everything in inner is in outer, view by view. */
bool range_within(const struct range *outer, const struct range *inner);
/* Some view has nothing in it: the path that led here cannot be taken. */
bool range_is_empty(const struct range *a);

/* Let each view learn from the others, until none does. */
void range_sync(struct range *a);
/* Both hold: a becomes what is in a and b. */
void range_intersect(struct range *a, const struct range *b);

/* range_alu.c: a = a op b, BPF_ADD ... BPF_ARSH; of quotients and remainders
 * nothing is known, as on Linux. */
void range_alu(u8 op, bool is64, struct range *a, const struct range *b);
/* The low bits (8, 16 or 32) with copies of the sign above, of a number of 64
 * or 32 bits; or with zeros. */
void range_sext(struct range *a, u32 bits, bool is64);
void range_zext(struct range *a, u32 bits);
/* The low bits (16, 32 or 64) alone, their bytes in the other order. */
void range_swap(struct range *a, u32 bits);

/* range_jump.c: does `a op b` hold for all (1), none (0) or some (-1)? */
int range_compare(u8 op, bool is64, const struct range *a,
		  const struct range *b);
/* a and b as they are where `a op b` holds, or does not. */
void range_refine(u8 op, bool is64, bool holds, struct range *a,
		  struct range *b);

#endif
