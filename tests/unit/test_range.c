/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_range.c - what is known of numbers stays true
 *
 * Numbers of five bits, spread over a word so that every boundary is between
 * two of them: bits 0, 1, 31, 32 and 63.  All that can be known of those bits,
 * and intervals between corner values of both widths and signs, meet in every
 * operation and comparison, and no pair of members gets out.  Then random
 * numbers of 64 bits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/bpf.h>

#include "verify/range.h"

static const u8 spread[] = { 0, 1, 31, 32, 63 };

#define FEW ARRAY_LEN(spread)
#define TNUMS 243 /* 3 to the power of FEW */
#define MEMBERS_MAX 64

struct set {
	struct range range;
	u64 members[MEMBERS_MAX];
	u32 member_cnt;
};

static struct set *sets;
static u32 set_cnt;
static u64 numbers[MEMBERS_MAX];
static u32 number_cnt;

static const u8 alu_ops[] = { BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV,
			      BPF_OR,  BPF_AND, BPF_LSH, BPF_RSH,
			      BPF_MOD, BPF_XOR, BPF_ARSH };
static const u8 jump_ops[] = { BPF_JEQ,	 BPF_JNE,  BPF_JGT,  BPF_JGE,
			       BPF_JLT,	 BPF_JLE,  BPF_JSGT, BPF_JSGE,
			       BPF_JSLT, BPF_JSLE, BPF_JSET };

/* ---- what the machine does ---- */

static u64 alu64(u8 op, u64 x, u64 y)
{
	switch (op) {
	case BPF_ADD: return x + y;
	case BPF_SUB: return x - y;
	case BPF_MUL: return x * y;
	case BPF_DIV: return y ? x / y : 0;
	case BPF_MOD: return y ? x % y : x;
	case BPF_OR: return x | y;
	case BPF_AND: return x & y;
	case BPF_XOR: return x ^ y;
	case BPF_LSH: return x << (y & 63);
	case BPF_RSH: return x >> (y & 63);
	default: return (u64)((s64)x >> (y & 63));
	}
}

static u64 alu32(u8 op, u32 x, u32 y)
{
	switch (op) {
	case BPF_LSH: return x << (y & 31);
	case BPF_RSH: return x >> (y & 31);
	case BPF_ARSH: return (u32)((s32)x >> (y & 31));
	default: return (u32)alu64(op, x, y);
	}
}

static bool jump64(u8 op, u64 x, u64 y)
{
	switch (op) {
	case BPF_JEQ: return x == y;
	case BPF_JNE: return x != y;
	case BPF_JGT: return x > y;
	case BPF_JGE: return x >= y;
	case BPF_JLT: return x < y;
	case BPF_JLE: return x <= y;
	case BPF_JSGT: return (s64)x > (s64)y;
	case BPF_JSGE: return (s64)x >= (s64)y;
	case BPF_JSLT: return (s64)x < (s64)y;
	case BPF_JSLE: return (s64)x <= (s64)y;
	default: return x & y;
	}
}

static bool jump32(u8 op, u32 x, u32 y)
{
	if (op == BPF_JSGT || op == BPF_JSGE || op == BPF_JSLT ||
	    op == BPF_JSLE)
		return jump64(op, (u64)(s32)x, (u64)(s32)y);
	return jump64(op, x, y);
}

/* ---- the sets ---- */

static void add_number(u64 x)
{
	for (u32 i = 0; i < number_cnt; i++) {
		if (numbers[i] == x)
			return;
	}
	assert_true(number_cnt < MEMBERS_MAX);
	numbers[number_cnt++] = x;
}

static void add_set(const struct range *range)
{
	struct set *s = &sets[set_cnt];

	for (u32 i = 0; i < set_cnt; i++) {
		if (memcmp(&sets[i].range, range, sizeof(*range)) == 0)
			return;
	}
	s->range = *range;
	s->member_cnt = 0;
	for (u32 i = 0; i < number_cnt; i++) {
		if (range_has(range, numbers[i]))
			s->members[s->member_cnt++] = numbers[i];
	}
	set_cnt += s->member_cnt > 0;
}

static struct tnum nth_tnum(u32 n)
{
	struct tnum t = { 0, 0 };

	for (u32 i = 0; i < FEW; i++, n /= 3) {
		if (n % 3 == 1)
			t.value |= 1ull << spread[i];
		else if (n % 3 == 2)
			t.mask |= 1ull << spread[i];
	}
	return t;
}

/* As a path would learn it: unknown, then compared with both ends. */
static struct range interval(bool is_signed, bool is64, u64 min, u64 max)
{
	struct range a = range_unknown(), low = range_const(min),
		     high = range_const(max);

	range_refine(is_signed ? BPF_JSGE : BPF_JGE, is64, true, &a, &low);
	range_refine(is_signed ? BPF_JSLE : BPF_JLE, is64, true, &a, &high);
	return a;
}

static void add_intervals(void)
{
	static const u64 ends[] = {
		0,	    1,		3,	   INT32_MAX,  1ull << 31,
		UINT32_MAX, 1ull << 32, INT64_MAX, 1ull << 63, UINT64_MAX - 2,
		UINT64_MAX
	};

	for (u32 i = 0; i < ARRAY_LEN(ends); i++) {
		for (u32 j = 0; j < ARRAY_LEN(ends); j++) {
			for (u32 kind = 0; kind < 4; kind++) {
				struct range a = interval(kind & 1, kind & 2,
							  ends[i], ends[j]);

				if (!range_is_empty(&a))
					add_set(&a);
			}
		}
	}
}

static int make_sets(void **state)
{
	(void)state;
	sets = calloc(1024, sizeof(*sets));
	if (!sets)
		return -1;
	for (u32 n = 0; n < 1u << FEW; n++) {
		u64 x = 0;

		for (u32 i = 0; i < FEW; i++)
			x |= (u64)(n >> i & 1) << spread[i];
		add_number(x);
	}
	add_number(UINT64_MAX);
	add_number(UINT32_MAX);
	add_number(INT64_MAX);
	add_number(INT32_MAX);
	add_number((u64)INT32_MIN);
	for (u32 n = 0; n < TNUMS; n++) {
		struct range a = range_unknown();

		a.bits = nth_tnum(n);
		range_sync(&a);
		add_set(&a);
	}
	add_intervals();
	return 0;
}

static int free_sets(void **state)
{
	(void)state;
	free(sets);
	return 0;
}

#define require(what, op, is64, a, b, x, y)                                   \
	do {                                                                  \
		if (!(what))                                                  \
			fail_msg("op 0x%02x of %d bits: %llx and %llx of "    \
				 "sets %u and %u",                            \
				 op, is64 ? 64 : 32, (unsigned long long)(x), \
				 (unsigned long long)(y), (u32)((a)-sets),    \
				 (u32)((b)-sets));                            \
	} while (0)

/* ---- facts ---- */

static void check_alu(u8 op, bool is64, const struct set *a,
		      const struct set *b)
{
	struct range r = a->range;

	range_alu(op, is64, &r, &b->range);
	for (u32 i = 0; i < a->member_cnt; i++) {
		for (u32 j = 0; j < b->member_cnt; j++) {
			u64 x = a->members[i], y = b->members[j];
			u64 z = is64 ? alu64(op, x, y)
				     : alu32(op, (u32)x, (u32)y);

			require(range_has(&r, z), op, is64, a, b, x, y);
		}
	}
}

static void no_result_is_outside(void **state)
{
	(void)state;
	for (u32 i = 0; i < set_cnt; i++) {
		for (u32 j = 0; j < set_cnt; j++) {
			for (u32 k = 0; k < ARRAY_LEN(alu_ops); k++) {
				check_alu(alu_ops[k], true, &sets[i], &sets[j]);
				check_alu(alu_ops[k], false, &sets[i],
					  &sets[j]);
			}
		}
	}
}

static void check_jump(u8 op, bool is64, const struct set *a,
		       const struct set *b)
{
	struct range yes_a = a->range, yes_b = b->range;
	struct range no_a = a->range, no_b = b->range;
	int known = range_compare(op, is64, &a->range, &b->range);

	range_refine(op, is64, true, &yes_a, &yes_b);
	range_refine(op, is64, false, &no_a, &no_b);
	for (u32 i = 0; i < a->member_cnt; i++) {
		for (u32 j = 0; j < b->member_cnt; j++) {
			u64 x = a->members[i], y = b->members[j];
			bool holds = is64 ? jump64(op, x, y)
					  : jump32(op, (u32)x, (u32)y);

			require(known < 0 || known == holds, op, is64, a, b, x,
				y);
			require(range_has(holds ? &yes_a : &no_a, x) &&
					range_has(holds ? &yes_b : &no_b, y),
				op, is64, a, b, x, y);
		}
	}
	/* Nothing is learned that was not known before. */
	require(range_is_empty(&yes_a) || range_within(&a->range, &yes_a), op,
		is64, a, b, 0, 0);
}

static void no_comparison_loses_a_number(void **state)
{
	(void)state;
	for (u32 i = 0; i < set_cnt; i++) {
		for (u32 j = 0; j < set_cnt; j++) {
			for (u32 k = 0; k < ARRAY_LEN(jump_ops); k++) {
				check_jump(jump_ops[k], true, &sets[i],
					   &sets[j]);
				check_jump(jump_ops[k], false, &sets[i],
					   &sets[j]);
			}
		}
	}
}

static void extensions_keep_every_number(void **state)
{
	static const u8 widths[] = { 8, 16, 32 };

	(void)state;
	for (u32 i = 0; i < set_cnt; i++) {
		for (u32 k = 0; k < ARRAY_LEN(widths); k++) {
			struct range s = sets[i].range, z = s, low = s;
			u32 n = 64 - widths[k];

			range_sext(&s, widths[k], true);
			range_sext(&low, widths[k], false);
			range_zext(&z, widths[k]);
			for (u32 m = 0; m < sets[i].member_cnt; m++) {
				u64 x = sets[i].members[m];

				u64 extended = (u64)((s64)(x << n) >> n);

				assert_true(range_has(&s, extended));
				assert_true(range_has(&low, extended));
				assert_true(range_has(&z, x << n >> n));
			}
		}
	}
}

static void constants_stay_constants(void **state)
{
	(void)state;
	for (u32 i = 0; i < number_cnt; i++) {
		for (u32 j = 0; j < number_cnt; j++) {
			for (u32 k = 0; k < ARRAY_LEN(alu_ops); k++) {
				struct range a = range_const(numbers[i]);
				struct range b = range_const(numbers[j]);
				u8 op = alu_ops[k];

				if (op == BPF_DIV || op == BPF_MOD ||
				    ((op == BPF_LSH || op == BPF_RSH ||
				      op == BPF_ARSH) &&
				     numbers[j] > 63))
					continue;
				range_alu(op, true, &a, &b);
				assert_true(range_is_const(&a));
				assert_int_equal(a.umin, alu64(op, numbers[i],
							       numbers[j]));
			}
		}
	}
}

static void a_union_has_both(void **state)
{
	(void)state;
	for (u32 i = 0; i < TNUMS; i++) {
		for (u32 j = 0; j < TNUMS; j++) {
			struct tnum a = nth_tnum(i), b = nth_tnum(j);
			struct tnum both = tnum_union(a, b);

			assert_true(tnum_within(both, a));
			assert_true(tnum_within(both, b));
			if (!tnum_disjoint(a, b))
				assert_true(
					tnum_within(a, tnum_intersect(a, b)));
		}
	}
}

/* ---- 64 bits, at random ---- */

static u64 random_state = 88172645463325252ull;

static u64 rnd(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Something that is known of x. */
static void random_set(struct set *s)
{
	u64 x = rnd() >> (rnd() % 64), mask = rnd() & rnd();
	struct range a = range_unknown();

	if (rnd() & 1)
		x = -x;
	switch (rnd() % 4) {
	case 0:
		a.bits = (struct tnum){ x & ~mask, mask };
		range_sync(&a);
		break;
	case 1: a = range_between(x - MIN(x, mask), x + MIN(~x, rnd())); break;
	case 2:
		a = interval(true, true, x - MIN(x ^ 1ull << 63, mask),
			     x + MIN(INT64_MAX - x, rnd()));
		break;
	default: a = interval(rnd() & 1, false, (u32)x, (u32)x); break;
	}
	s->range = a;
	s->members[0] = x;
	s->member_cnt = range_has(&a, x);
}

static void random_numbers_stay_inside(void **state)
{
	(void)state;
	for (u32 i = 0; i < 200000; i++) {
		struct set *a = &sets[0], *b = &sets[1];
		u8 alu = alu_ops[rnd() % ARRAY_LEN(alu_ops)];
		u8 jump = jump_ops[rnd() % ARRAY_LEN(jump_ops)];

		random_set(a);
		random_set(b);
		check_alu(alu, rnd() & 1, a, b);
		check_jump(jump, rnd() & 1, a, b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_result_is_outside),
		cmocka_unit_test(no_comparison_loses_a_number),
		cmocka_unit_test(extensions_keep_every_number),
		cmocka_unit_test(constants_stay_constants),
		cmocka_unit_test(a_union_has_both),
		cmocka_unit_test(random_numbers_stay_inside),
	};

	return cmocka_run_group_tests(tests, make_sets, free_sets);
}
