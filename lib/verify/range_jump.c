/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * range_jump.c - comparisons of what is known of numbers
 *
 * Every comparison is one of ==, <, <= (signed or not) or a test of bits, with
 * the operands in either order, that holds or does not.
 */
#include <linux/bpf.h>

#include "verify/range.h"

enum order { ORDER_EQ, ORDER_LT, ORDER_LE, ORDER_SET };

struct comparison {
	enum order order;
	bool is_signed;
	bool swap;   /* b with a */
	bool negate; /* holds where the jump's does not */
};

static struct comparison comparison_of(u8 op)
{
	switch (op) {
	case BPF_JNE: return (struct comparison){ ORDER_EQ, .negate = true };
	case BPF_JLT: return (struct comparison){ ORDER_LT };
	case BPF_JLE: return (struct comparison){ ORDER_LE };
	case BPF_JGT: return (struct comparison){ ORDER_LT, .swap = true };
	case BPF_JGE: return (struct comparison){ ORDER_LE, .swap = true };
	case BPF_JSLT: return (struct comparison){ ORDER_LT, true };
	case BPF_JSLE: return (struct comparison){ ORDER_LE, true };
	case BPF_JSGT: return (struct comparison){ ORDER_LT, true, true };
	case BPF_JSGE: return (struct comparison){ ORDER_LE, true, true };
	case BPF_JSET: return (struct comparison){ ORDER_SET };
	default: return (struct comparison){ ORDER_EQ };
	}
}

/* The numbers compared: of 32 bits, the low halves with zeros above. */
static struct range operand(const struct range *a, bool is64)
{
	struct range low = *a;

	if (!is64)
		range_zext(&low, 32);
	return low;
}

static int compare_eq(const struct range *a, const struct range *b)
{
	struct range both = *a;

	if (range_is_const(a) && range_is_const(b))
		return a->bits.value == b->bits.value;
	range_intersect(&both, b);
	return range_is_empty(&both) ? 0 : -1;
}

static int compare_lt(const struct range *a, const struct range *b,
		      bool is_signed, bool is64)
{
	if (is_signed && is64)
		return a->smax < b->smin ? 1 : a->smin >= b->smax ? 0 : -1;
	if (is_signed)
		return a->smax32 < b->smin32	? 1
		       : a->smin32 >= b->smax32 ? 0
						: -1;
	return a->umax < b->umin ? 1 : a->umin >= b->umax ? 0 : -1;
}

static int compare_set(const struct range *a, const struct range *b)
{
	struct tnum both = tnum_and(a->bits, b->bits);

	if (both.value)
		return 1;
	return both.mask ? -1 : 0;
}

static int negation(int holds)
{
	return holds < 0 ? holds : !holds;
}

int range_compare(u8 op, bool is64, const struct range *a,
		  const struct range *b)
{
	const struct comparison c = comparison_of(op);
	struct range x = operand(c.swap ? b : a, is64);
	struct range y = operand(c.swap ? a : b, is64);
	int holds;

	switch (c.order) {
	case ORDER_EQ: holds = compare_eq(&x, &y); break;
	case ORDER_SET: holds = compare_set(&x, &y); break;
	case ORDER_LT: holds = compare_lt(&x, &y, c.is_signed, is64); break;
	default: holds = negation(compare_lt(&y, &x, c.is_signed, is64)); break;
	}
	return c.negate ? negation(holds) : holds;
}

/* a < b, or a <= b, on one kind of bounds; nothing is below the least. */
#define REFINE_ORDER(type, min, max, least, most, strict)                \
	do {                                                             \
		type top = b->max, bottom = a->min;                      \
                                                                         \
		if (strict) {                                            \
			top = top == (least) ? top : top - 1;            \
			bottom = bottom == (most) ? bottom : bottom + 1; \
		}                                                        \
		a->max = MIN(a->max, top);                               \
		b->min = MAX(b->min, bottom);                            \
	} while (0)

static void refine_order(struct range *a, struct range *b, bool is_signed,
			 bool is64, bool strict)
{
	if (is_signed && is64)
		REFINE_ORDER(s64, smin, smax, INT64_MIN, INT64_MAX, strict);
	else if (is_signed)
		REFINE_ORDER(s32, smin32, smax32, INT32_MIN, INT32_MAX, strict);
	else if (is64)
		REFINE_ORDER(u64, umin, umax, 0, UINT64_MAX, strict);
	else
		REFINE_ORDER(u32, umin32, umax32, 0, UINT32_MAX, strict);
}

/* The low half of a is that of b. */
static void share_low(struct range *a, const struct range *b)
{
	struct range low = range_unknown();

	low.bits = (struct tnum){ (u32)b->bits.value,
				  b->bits.mask | ~(u64)UINT32_MAX };
	low.umin32 = b->umin32;
	low.umax32 = b->umax32;
	low.smin32 = b->smin32;
	low.smax32 = b->smax32;
	range_intersect(a, &low);
}

static void refine_eq(struct range *a, struct range *b, bool is64)
{
	if (is64) {
		range_intersect(a, b);
		*b = *a;
		return;
	}
	share_low(a, b);
	share_low(b, a);
}

/* A bound that is the one number a is not moves by one. */
static void refine_ne_const(struct range *a, const struct range *b, bool is64)
{
	if (is64 && range_is_const(b)) {
		u64 v = b->bits.value;

		a->umin += a->umin == v && v != UINT64_MAX;
		a->umax -= a->umax == v && v != 0;
		a->smin += a->smin == (s64)v && (s64)v != INT64_MAX;
		a->smax -= a->smax == (s64)v && (s64)v != INT64_MIN;
	} else if (!is64 && b->umin32 == b->umax32) {
		u32 v = b->umin32;

		a->umin32 += a->umin32 == v && v != UINT32_MAX;
		a->umax32 -= a->umax32 == v && v != 0;
		a->smin32 += a->smin32 == (s32)v && (s32)v != INT32_MAX;
		a->smax32 -= a->smax32 == (s32)v && (s32)v != INT32_MIN;
	}
}

/* No bit of known b is in a; or the only one is. */
static void refine_set(struct range *a, const struct range *b, bool is64,
		       bool holds)
{
	u64 v = b->bits.value, known = ~b->bits.mask;

	if (!is64) {
		v = (u32)v;
		known |= ~(u64)UINT32_MAX;
	}
	if (!holds) {
		if (!tnum_disjoint(a->bits, (struct tnum){ 0, ~v }))
			a->bits =
				tnum_intersect(a->bits, (struct tnum){ 0, ~v });
	} else if (known == UINT64_MAX && !(v & (v - 1))) {
		a->bits.value |= a->bits.mask & v;
		a->bits.mask &= ~v;
	}
}

void range_refine(u8 op, bool is64, bool holds, struct range *a,
		  struct range *b)
{
	const struct comparison c = comparison_of(op);
	struct range *x = c.swap ? b : a, *y = c.swap ? a : b;
	bool so = holds != c.negate;

	switch (c.order) {
	case ORDER_EQ:
		if (so) {
			refine_eq(a, b, is64);
		} else {
			refine_ne_const(a, b, is64);
			refine_ne_const(b, a, is64);
		}
		break;
	case ORDER_SET:
		refine_set(a, b, is64, so);
		refine_set(b, a, is64, so);
		break;
	default: /* where x < y is not so, y <= x is */
		if (so)
			refine_order(x, y, c.is_signed, is64,
				     c.order == ORDER_LT);
		else
			refine_order(y, x, c.is_signed, is64,
				     c.order != ORDER_LT);
		break;
	}
	range_sync(a);
	range_sync(b);
}
