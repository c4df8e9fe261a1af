/* SPDX-License-Identifier: BSD-3-Clause */
/* tnum.c - numbers of which some bits are known */
#include "verify/tnum.h"

static struct tnum make(u64 value, u64 mask)
{
	return (struct tnum){ value & ~mask, mask };
}

static u64 low_bits(u32 bits)
{
	return bits < 64 ? (1ull << bits) - 1 : UINT64_MAX;
}

struct tnum tnum_range(u64 min, u64 max)
{
	u64 differ = min ^ max;

	if (!differ)
		return tnum_const(min);
	return make(min, low_bits(64 - (u32)__builtin_clzll(differ)));
}

struct tnum tnum_intersect(struct tnum a, struct tnum b)
{
	return make(a.value | b.value, a.mask & b.mask);
}

struct tnum tnum_union(struct tnum a, struct tnum b)
{
	return make(a.value, a.mask | b.mask | (a.value ^ b.value));
}

/* A bit is unknown where an operand's is, or where a carry may come in: where
 * the sums of the smallest and of the largest operands differ. */
struct tnum tnum_add(struct tnum a, struct tnum b)
{
	u64 least = a.value + b.value;
	u64 most = least + a.mask + b.mask;

	return make(least, (least ^ most) | a.mask | b.mask);
}

struct tnum tnum_sub(struct tnum a, struct tnum b)
{
	u64 known = a.value - b.value;
	u64 most = known + a.mask, least = known - b.mask;

	return make(known, (least ^ most) | a.mask | b.mask);
}

/* Long multiplication: what an unknown digit adds may be there or not. */
struct tnum tnum_mul(struct tnum a, struct tnum b)
{
	struct tnum sum = tnum_const(0);

	for (; a.value | a.mask; a = tnum_rsh(a, 1), b = tnum_lsh(b, 1)) {
		if (a.value & 1)
			sum = tnum_add(sum, b);
		else if (a.mask & 1)
			sum = tnum_union(sum, tnum_add(sum, b));
	}
	return sum;
}

struct tnum tnum_and(struct tnum a, struct tnum b)
{
	u64 ones = a.value & b.value;
	u64 maybe = (a.value | a.mask) & (b.value | b.mask);

	return make(ones, maybe & ~ones);
}

struct tnum tnum_or(struct tnum a, struct tnum b)
{
	u64 ones = a.value | b.value;

	return make(ones, (a.mask | b.mask) & ~ones);
}

struct tnum tnum_xor(struct tnum a, struct tnum b)
{
	return make(a.value ^ b.value, a.mask | b.mask);
}

struct tnum tnum_lsh(struct tnum a, u32 n)
{
	return make(a.value << n, a.mask << n);
}

struct tnum tnum_rsh(struct tnum a, u32 n)
{
	return make(a.value >> n, a.mask >> n);
}

struct tnum tnum_arsh(struct tnum a, u32 n, u32 bits)
{
	struct tnum wide = tnum_sext(a, bits);

	wide = make((u64)((s64)wide.value >> n), (u64)((s64)wide.mask >> n));
	return tnum_zext(wide, bits);
}

struct tnum tnum_zext(struct tnum a, u32 bits)
{
	return make(a.value & low_bits(bits), a.mask & low_bits(bits));
}

struct tnum tnum_sext(struct tnum a, u32 bits)
{
	u32 n = 64 - bits;

	return make((u64)((s64)(a.value << n) >> n),
		    (u64)((s64)(a.mask << n) >> n));
}

bool tnum_is_aligned(struct tnum a, u64 size)
{
	return !((a.value | a.mask) & (size - 1));
}
