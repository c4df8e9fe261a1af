/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lcore/pace.h"

#define LIMIT 1000000
#define MOST 32

static u32 next(u32 burst, u64 took)
{
	return pace_next(burst, took, LIMIT, MOST);
}

static void packets_that_take_long_run_one_by_one(void **state)
{
	(void)state;
	assert_int_equal(next(32, 32ull * LIMIT), 1);
	assert_int_equal(next(1, 3ull * LIMIT), 1);
	assert_int_equal(next(1, UINT64_MAX), 1);
	assert_int_equal(next(32, 2ull * LIMIT), 16);
}

static void those_that_do_not_run_in_whole_bursts(void **state)
{
	u32 burst = 1;

	(void)state;
	for (u32 i = 0; i < 5; i++)
		burst = next(burst, 1000 * burst);
	assert_int_equal(burst, MOST);
	assert_int_equal(next(MOST, 0), MOST);
	assert_int_equal(pace_next(4, 0, LIMIT, 7), 7);
}

/* Whatever a packet takes, a number is found and kept. */
static void it_settles(void **state)
{
	(void)state;
	for (u64 cost = 1; cost <= 8 * LIMIT; cost += 997) {
		u32 burst = MOST;

		for (u32 i = 0; i < 8; i++)
			burst = next(burst, burst * cost);
		assert_int_equal(next(burst, burst * cost), burst);
		assert_true(burst == 1 || burst * cost <= LIMIT);
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
