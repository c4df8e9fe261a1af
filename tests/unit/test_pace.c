/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lcore/pace.h"

#define INSNS_A_PACKET 1000000 /* the most there can be at a hook */

static void packets_that_take_long_run_one_by_one(void **state)
{
	(void)state;
	assert_int_equal(pace_next(32, 32ull * INSNS_A_PACKET, 32), 1);
	assert_int_equal(pace_next(1, 3ull * INSNS_A_PACKET, 32), 1);
	assert_int_equal(pace_next(1, UINT64_MAX, 32), 1);
}

static void those_that_do_not_run_in_whole_bursts(void **state)
{
	u32 burst = 1;

	(void)state;
	for (u32 i = 0; i < 5; i++)
		burst = pace_next(burst, 1000 * burst, 32);
	assert_int_equal(burst, 32);
	assert_int_equal(pace_next(32, 0, 32), 32);
	assert_int_equal(pace_next(4, 0, 7), 7);
}

/* Of any cost a packet has, it finds its number and stays there. */
static void it_settles(void **state)
{
	(void)state;
	for (u64 cost = 1; cost <= 8 * INSNS_A_PACKET; cost += 997) {
		u32 burst = 32, next = 0;

		for (u32 i = 0; i < 8; i++)
			burst = pace_next(burst, burst * cost, 32);
		next = pace_next(burst, burst * cost, 32);
		assert_int_equal(next, burst);
		assert_true(burst == 1 || burst * cost <= INSNS_A_PACKET);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_that_take_long_run_one_by_one),
		cmocka_unit_test(those_that_do_not_run_in_whole_bursts),
		cmocka_unit_test(it_settles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
