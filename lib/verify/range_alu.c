/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * range_alu.c - arithmetic on what is known of numbers
 *
 * Each operation computes the bits and one pair of bounds at a time; bounds
 * that an operation says nothing of stay open and range_sync() closes them.
 * 64-bit operations compute the low half on its own too, as it may be known
 * better than the whole.
 */
#include <linux/bpf.h>

#include "verify/range.h"

/* A view with bounds of one width, so that both widths share the code. */
struct bounds {
	u64 umin, umax;
	s64 smin, smax;
};

#define BOUNDS_OPEN ((struct bounds){ 0, UINT64_MAX, INT64_MIN, INT64_MAX })

static struct bounds bounds64(const struct range *a)
{
	return (struct bounds){ a->umin, a->umax, a->smin, a->smax };
}

static struct bounds bounds32(const struct range *a)
{
	return (struct bounds){ a->umin32, a->umax32, a->smin32, a->smax32 };
}

static void set64(struct range *a, const struct bounds *b)
{
	a->umin = b->umin;
	a->umax = b->umax;
	a->smin = b->smin;
	a->smax = b->smax;
}

/* Bounds beyond the width say nothing. */
static void set32(struct range *a, const struct bounds *b)
{
	bool u = b->umin <= UINT32_MAX && b->umax <= UINT32_MAX;
	bool s = b->smin >= INT32_MIN && b->smax <= INT32_MAX;

	a->umin32 = u ? (u32)b->umin : 0;
	a->umax32 = u ? (u32)b->umax : UINT32_MAX;
	a->smin32 = s ? (s32)b->smin : INT32_MIN;
	a->smax32 = s ? (s32)b->smax : INT32_MAX;
}

/*
 * Sums and differences: bounds hold when neither end wraps, and as unsigned
 * numbers when both do: they have moved once around.  Those of 32 bits do not
 * wrap in 64, so their ends show how far around they are.
 */
static void add_bounds(struct bounds *a, const struct bounds *b, bool is64)
{
	u64 umin, umax;
	s64 smin, smax;

	if (__builtin_add_overflow(a->umin, b->umin, &umin) !=
	    __builtin_add_overflow(a->umax, b->umax, &umax))
		umin = 0, umax = UINT64_MAX;
	if (__builtin_add_overflow(a->smin, b->smin, &smin) ||
	    __builtin_add_overflow(a->smax, b->smax, &smax))
		smin = INT64_MIN, smax = INT64_MAX;
	if (!is64 && umin > UINT32_MAX) {
		umin = (u32)umin;
		umax = (u32)umax;
	}
	*a = (struct bounds){ umin, umax, smin, smax };
}

static void sub_bounds(struct bounds *a, const struct bounds *b, bool is64)
{
	u64 umin, umax;
	s64 smin, smax;

	if (__builtin_sub_overflow(a->umin, b->umax, &umin) !=
	    __builtin_sub_overflow(a->umax, b->umin, &umax))
		umin = 0, umax = UINT64_MAX;
	if (__builtin_sub_overflow(a->smin, b->smax, &smin) ||
	    __builtin_sub_overflow(a->smax, b->smin, &smax))
		smin = INT64_MIN, smax = INT64_MAX;
	if (!is64) {
		umin = (u32)umin;
		umax = (u32)umax;
	}
	*a = (struct bounds){ umin, umax, smin, smax };
}

static void mul_bounds(struct bounds *a, const struct bounds *b)
{
	struct bounds r = BOUNDS_OPEN;
	s64 corners[4];
	u64 umin, umax;

	if (!__builtin_mul_overflow(a->umax, b->umax, &umax)) {
		umin = a->umin * b->umin;
		r.umin = umin;
		r.umax = umax;
	}
	if (!(__builtin_mul_overflow(a->smin, b->smin, &corners[0]) ||
	      __builtin_mul_overflow(a->smin, b->smax, &corners[1]) ||
	      __builtin_mul_overflow(a->smax, b->smin, &corners[2]) ||
	      __builtin_mul_overflow(a->smax, b->smax, &corners[3]))) {
		r.smin = r.smax = corners[0];
		for (u32 i = 1; i < 4; i++) {
			r.smin = MIN(r.smin, corners[i]);
			r.smax = MAX(r.smax, corners[i]);
		}
	}
	*a = r;
}

static void and_bounds(struct bounds *a, const struct bounds *b)
{
	*a = (struct bounds){ 0, MIN(a->umax, b->umax), INT64_MIN, INT64_MAX };
}

static void or_bounds(struct bounds *a, const struct bounds *b, bool is64)
{
	*a = (struct bounds){ MAX(a->umin, b->umin),
			      is64 ? UINT64_MAX : UINT32_MAX, INT64_MIN,
			      INT64_MAX };
}

static void lsh_bounds(struct bounds *a, u32 n, u32 bits)
{
	struct bounds r = BOUNDS_OPEN;

	if (n == 0)
		return;
	if (a->umax >> (bits - n) == 0) {
		r.umin = a->umin << n;
		r.umax = a->umax << n;
	}
	if (a->smin >= -(1ll << (bits - 1 - n)) &&
	    a->smax < 1ll << (bits - 1 - n)) {
		r.smin = (s64)((u64)a->smin << n);
		r.smax = (s64)((u64)a->smax << n);
	}
	*a = r;
}

static void rsh_bounds(struct bounds *a, u32 n)
{
	if (n == 0)
		return;
	*a = (struct bounds){ a->umin >> n, a->umax >> n, INT64_MIN,
			      INT64_MAX };
}

static void arsh_bounds(struct bounds *a, u32 n)
{
	if (n == 0)
		return;
	*a = (struct bounds){ 0, UINT64_MAX, a->smin >> n, a->smax >> n };
}

static void shift_bounds(u8 op, struct bounds *a, u32 n, u32 bits)
{
	switch (op) {
	case BPF_LSH: lsh_bounds(a, n, bits); break;
	case BPF_RSH: rsh_bounds(a, n); break;
	default: arsh_bounds(a, n); break;
	}
}

static void op_bounds(u8 op, struct bounds *a, const struct bounds *b,
		      bool is64)
{
	switch (op) {
	case BPF_ADD: add_bounds(a, b, is64); break;
	case BPF_SUB: sub_bounds(a, b, is64); break;
	case BPF_MUL: mul_bounds(a, b); break;
	case BPF_AND: and_bounds(a, b); break;
	case BPF_OR: or_bounds(a, b, is64); break;
	default: *a = BOUNDS_OPEN; break;
	}
}

static struct tnum op_bits(u8 op, struct tnum a, struct tnum b)
{
	switch (op) {
	case BPF_ADD: return tnum_add(a, b);
	case BPF_SUB: return tnum_sub(a, b);
	case BPF_MUL: return tnum_mul(a, b);
	case BPF_AND: return tnum_and(a, b);
	case BPF_OR: return tnum_or(a, b);
	case BPF_XOR: return tnum_xor(a, b);
	default: return TNUM_UNKNOWN;
	}
}

static struct tnum shift_bits(u8 op, struct tnum a, u32 n, u32 bits)
{
	switch (op) {
	case BPF_LSH: return tnum_lsh(a, n);
	case BPF_RSH: return tnum_rsh(a, n);
	default: return tnum_arsh(a, n, bits);
	}
}

static bool is_shift(u8 op)
{
	return op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH;
}

/* Linux knows nothing of quotients, remainders and shifts by what is not one
 * number below the width; not even that 32 bits leave the upper half 0. */
static bool is_opaque(u8 op, bool is64, const struct range *b)
{
	if (is_shift(op))
		return b->umin != b->umax || b->umin >= (is64 ? 64 : 32);
	return op == BPF_DIV || op == BPF_MOD;
}

static void shift(u8 op, bool is64, struct range *a, const struct range *b)
{
	struct bounds whole = bounds64(a), low = bounds32(a);
	u32 bits = is64 ? 64 : 32;
	u64 n = b->umin;

	a->bits = shift_bits(op, is64 ? a->bits : tnum_zext(a->bits, 32),
			     (u32)n, bits);
	shift_bounds(op, &whole, (u32)n, 64);
	/* The low half takes bits from the upper one, unless shifted left. */
	if (is64 && (op != BPF_LSH || n >= 32))
		low = BOUNDS_OPEN;
	else
		shift_bounds(op, &low, (u32)n, 32);
	set64(a, &whole);
	set32(a, &low);
}

void range_alu(u8 op, bool is64, struct range *a, const struct range *b)
{
	struct bounds whole = bounds64(a), low = bounds32(a);
	const struct bounds whole_b = bounds64(b), low_b = bounds32(b);

	if (is_opaque(op, is64, b)) {
		*a = range_unknown();
		return;
	}
	if (is_shift(op)) {
		shift(op, is64, a, b);
	} else {
		a->bits = op_bits(op, a->bits, b->bits);
		op_bounds(op, &whole, &whole_b, true);
		op_bounds(op, &low, &low_b, false);
		set64(a, &whole);
		set32(a, &low);
	}
	if (is64)
		range_sync(a);
	else
		range_zext(a, 32);
}

/* The low bits stay as they are; nothing else holds any longer. */
void range_zext(struct range *a, u32 bits)
{
	struct bounds low = bits == 32 ? bounds32(a) : BOUNDS_OPEN;
	struct tnum now = tnum_zext(a->bits, bits);

	*a = range_unknown();
	a->bits = now;
	a->umax = bits < 64 ? (1ull << bits) - 1 : UINT64_MAX;
	set32(a, &low);
	range_sync(a);
}

static s64 sign_extend(u64 x, u32 bits)
{
	return (s64)(x << (64 - bits)) >> (64 - bits);
}

/* As Linux: bits that are known stay so only if all are. */
void range_sext(struct range *a, u32 bits, bool is64)
{
	s64 min = is64 ? a->smin : a->smin32, max = is64 ? a->smax : a->smax32;
	bool one_half = ((u64)min ^ (u64)max) >> (bits - 1) == 0;
	s64 limit = 1ll << (bits - 1);

	if (range_is_const(a)) {
		*a = range_const((u64)sign_extend(a->bits.value, bits));
		return;
	}
	*a = range_unknown();
	a->smin = one_half ? sign_extend((u64)min, bits) : -limit;
	a->smax = one_half ? sign_extend((u64)max, bits) : limit - 1;
	range_sync(a);
}

void range_swap(struct range *a, u32 bits)
{
	struct tnum low = tnum_zext(a->bits, bits);

	*a = range_unknown();
	a->bits.value = __builtin_bswap64(low.value) >> (64 - bits);
	a->bits.mask = __builtin_bswap64(low.mask) >> (64 - bits);
	range_sync(a);
}
