/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * range.c - what is known of a number in a register
 *
 * range_sync() tightens views by each other.  Each step only ever raises a
 * minimum, lowers a maximum or learns a bit, and what it learns holds for
 * every number that all views admit, so the order of steps is free.
 */
#include "verify/range.h"

#include <string.h>

/* Views learn from one another along chains: four rounds reach the end of
 * the longest one. */
#define SYNC_ROUNDS 4

static void raise_u(struct range *a, u64 min)
{
	a->umin = MAX(a->umin, min);
}

static void lower_u(struct range *a, u64 max)
{
	a->umax = MIN(a->umax, max);
}

static void raise_s(struct range *a, s64 min)
{
	a->smin = MAX(a->smin, min);
}

static void lower_s(struct range *a, s64 max)
{
	a->smax = MIN(a->smax, max);
}

static void within_u32(struct range *a, u32 min, u32 max)
{
	a->umin32 = MAX(a->umin32, min);
	a->umax32 = MIN(a->umax32, max);
}

static void within_s32(struct range *a, s32 min, s32 max)
{
	a->smin32 = MAX(a->smin32, min);
	a->smax32 = MIN(a->smax32, max);
}

struct range range_unknown(void)
{
	return (struct range){
		.bits = TNUM_UNKNOWN,
		.umax = UINT64_MAX,
		.smin = INT64_MIN,
		.smax = INT64_MAX,
		.umax32 = UINT32_MAX,
		.smin32 = INT32_MIN,
		.smax32 = INT32_MAX,
	};
}

struct range range_const(u64 v)
{
	return (struct range){
		.bits = tnum_const(v),
		.umin = v,
		.umax = v,
		.smin = (s64)v,
		.smax = (s64)v,
		.umin32 = (u32)v,
		.umax32 = (u32)v,
		.smin32 = (s32)v,
		.smax32 = (s32)v,
	};
}

struct range range_between(u64 min, u64 max)
{
	struct range a = range_unknown();

	a.umin = min;
	a.umax = max;
	range_sync(&a);
	return a;
}

bool range_is_const(const struct range *a)
{
	return tnum_is_const(a->bits);
}

bool range_has(const struct range *a, u64 x)
{
	return tnum_has(a->bits, x) && a->umin <= x && x <= a->umax &&
	       a->smin <= (s64)x && (s64)x <= a->smax && a->umin32 <= (u32)x &&
	       (u32)x <= a->umax32 && a->smin32 <= (s32)x &&
	       (s32)x <= a->smax32;
}

bool range_within(const struct range *outer, const struct range *inner)
{
	return tnum_within(outer->bits, inner->bits) &&
	       outer->umin <= inner->umin && outer->umax >= inner->umax &&
	       outer->smin <= inner->smin && outer->smax >= inner->smax &&
	       outer->umin32 <= inner->umin32 &&
	       outer->umax32 >= inner->umax32 &&
	       outer->smin32 <= inner->smin32 && outer->smax32 >= inner->smax32;
}

bool range_is_empty(const struct range *a)
{
	return a->umin > a->umax || a->smin > a->smax ||
	       a->umin32 > a->umax32 || a->smin32 > a->smax32;
}

/* The least and greatest numbers of known bits. */
static void learn_from_bits(struct range *a)
{
	u64 least = a->bits.value, most = a->bits.value | a->bits.mask;
	u64 sign = a->bits.mask & (1ull << 63);
	u32 sign32 = (u32)a->bits.mask & (1u << 31);

	raise_u(a, least);
	lower_u(a, most);
	raise_s(a, (s64)(least | sign));
	lower_s(a, (s64)(most & ~sign));
	within_u32(a, (u32)least, (u32)most);
	within_s32(a, (s32)((u32)least | sign32), (s32)((u32)most & ~sign32));
}

/*
 * The smallest number with these bits that is not below x; false: there is
 * none.  Above the highest known bit in which x differs, the number has x's
 * bits, or, if it would be too small, the next ones that its known bits allow.
 */
static bool bits_from(struct tnum bits, u64 x, u64 *out)
{
	u64 differ = (x ^ bits.value) & ~bits.mask, low;

	if (!differ) {
		*out = x;
		return true;
	}
	low = UINT64_MAX >> __builtin_clzll(differ);
	if (bits.value & low & ~(low >> 1)) {
		*out = (x & ~low) | (bits.value & low);
		return true;
	}
	*out = ((x | ~bits.mask | low) + 1) & bits.mask & ~low;
	*out |= bits.value;
	return *out > x;
}

/* A single number that has the bits may be within the bounds; or none. */
static void learn_single(struct range *a)
{
	u64 first, next;

	if (!bits_from(a->bits, a->umin, &first) || first > a->umax) {
		a->umin = 1;
		a->umax = 0;
		return;
	}
	if (!a->bits.mask ||
	    (first < a->umax && bits_from(a->bits, first + 1, &next) &&
	     next <= a->umax))
		return;
	a->umin = a->umax = first;
	a->bits = tnum_const(first);
}

/*
 * Signed and unsigned bounds of one width order numbers alike within each half
 * of the circle.  An interval that stays in a half says the same in the other
 * order; one that crosses the middle of the other order may still be cut by
 * the other's bounds.
 */
static void learn_sign64(struct range *a)
{
	if ((s64)a->umin <= (s64)a->umax) {
		raise_s(a, (s64)a->umin);
		lower_s(a, (s64)a->umax);
	}
	if ((u64)a->smin <= (u64)a->smax) {
		raise_u(a, (u64)a->smin);
		lower_u(a, (u64)a->smax);
		return;
	}
	/* smin is negative, smax is not: as unsigned, 0 to smax and smin to
	 * the end.  The other interval may reach one of the two only. */
	if (a->umax < (u64)a->smin)
		lower_u(a, (u64)a->smax), raise_s(a, 0);
	else if (a->umin > (u64)a->smax)
		raise_u(a, (u64)a->smin), lower_s(a, -1);
}

static void learn_sign32(struct range *a)
{
	if ((s32)a->umin32 <= (s32)a->umax32)
		within_s32(a, (s32)a->umin32, (s32)a->umax32);
	if ((u32)a->smin32 <= (u32)a->smax32) {
		within_u32(a, (u32)a->smin32, (u32)a->smax32);
		return;
	}
	if (a->umax32 < (u32)a->smin32) {
		within_u32(a, 0, (u32)a->smax32);
		within_s32(a, 0, INT32_MAX);
	} else if (a->umin32 > (u32)a->smax32) {
		within_u32(a, (u32)a->smin32, UINT32_MAX);
		within_s32(a, INT32_MIN, -1);
	}
}

/* Where the upper halves of both ends agree, the lower halves are bounds. */
static void learn_low_half(struct range *a)
{
	if (a->umin >> 32 == a->umax >> 32) {
		within_u32(a, (u32)a->umin, (u32)a->umax);
		if ((s32)a->umin <= (s32)a->umax)
			within_s32(a, (s32)a->umin, (s32)a->umax);
	}
	if (a->smin >> 32 == a->smax >> 32) {
		within_u32(a, (u32)a->smin, (u32)a->smax);
		if ((s32)a->smin <= (s32)a->smax)
			within_s32(a, (s32)a->smin, (s32)a->smax);
	}
	/* From the last negative to the first other number of 32 bits. */
	if ((a->umin >> 32) + 1 == a->umax >> 32 && (s32)a->umin < 0 &&
	    (s32)a->umax >= 0)
		within_s32(a, (s32)a->umin, (s32)a->umax);
	if ((a->smin >> 32) + 1 == a->smax >> 32 && (s32)a->smin < 0 &&
	    (s32)a->smax >= 0)
		within_s32(a, (s32)a->smin, (s32)a->smax);
}

/*
 * The smallest number not below min whose low half is in lo..hi; and the
 * largest not above max.  False: there is none.
 */
static bool fit_up(u64 *min, u32 lo, u32 hi)
{
	u64 high = *min & ~(u64)UINT32_MAX;

	if ((u32)*min <= hi) {
		*min = high | MAX((u32)*min, lo);
		return true;
	}
	return !__builtin_add_overflow(high | lo, 1ull << 32, min);
}

static bool fit_down(u64 *max, u32 lo, u32 hi)
{
	u64 high = *max & ~(u64)UINT32_MAX;

	if ((u32)*max >= lo) {
		*max = high | MIN((u32)*max, hi);
		return true;
	}
	return !__builtin_sub_overflow(high | hi, 1ull << 32, max);
}

static void learn_from_low_half(struct range *a)
{
	u64 min = a->umin, max = a->umax;
	const u64 flip = 1ull << 63; /* signed order as unsigned */

	if (fit_up(&min, a->umin32, a->umax32))
		raise_u(a, min);
	if (fit_down(&max, a->umin32, a->umax32))
		lower_u(a, max);
	min = (u64)a->smin ^ flip;
	max = (u64)a->smax ^ flip;
	if (fit_up(&min, a->umin32, a->umax32))
		raise_s(a, (s64)(min ^ flip));
	if (fit_down(&max, a->umin32, a->umax32))
		lower_s(a, (s64)(max ^ flip));
	/* A number that is one of 32 bits, and does not get negative there. */
	if (a->smin >= INT32_MIN && a->smax <= INT32_MAX) {
		raise_s(a, a->smin32);
		lower_s(a, a->smax32);
	}
}

/* Bits that all numbers between the bounds have in common. */
static void learn_bits(struct range *a)
{
	struct tnum low, whole;

	if (range_is_empty(a))
		return;
	whole = tnum_range(a->umin, a->umax);
	if (!tnum_disjoint(a->bits, whole))
		a->bits = tnum_intersect(a->bits, whole);
	low = tnum_range(a->umin32, a->umax32);
	low.mask |= ~(u64)UINT32_MAX;
	if (!tnum_disjoint(a->bits, low))
		a->bits = tnum_intersect(a->bits, low);
}

void range_sync(struct range *a)
{
	struct range before;

	for (u32 i = 0; i < SYNC_ROUNDS; i++) {
		before = *a;
		learn_from_bits(a);
		learn_single(a);
		if (range_is_empty(a))
			return;
		learn_low_half(a);
		learn_sign64(a);
		learn_sign32(a);
		learn_from_low_half(a);
		learn_bits(a);
		if (memcmp(&before, a, sizeof(before)) == 0)
			return;
	}
}

void range_intersect(struct range *a, const struct range *b)
{
	raise_u(a, b->umin);
	lower_u(a, b->umax);
	raise_s(a, b->smin);
	lower_s(a, b->smax);
	within_u32(a, b->umin32, b->umax32);
	within_s32(a, b->smin32, b->smax32);
	if (tnum_disjoint(a->bits, b->bits)) {
		/* nothing is in both */
		a->umin = 1;
		a->umax = 0;
		return;
	}
	a->bits = tnum_intersect(a->bits, b->bits);
	range_sync(a);
}
