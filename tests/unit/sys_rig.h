/* SPDX-License-Identifier: BSD-3-Clause */
/* sys_rig.h - a sys of its own for each test */
#ifndef WEIR_TESTS_SYS_RIG_H
#define WEIR_TESTS_SYS_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sys/sys_priv.h"

static struct mem *mem;
static struct sys *sys;

static int make_sys(void **state)
{
	const struct mem_config config = { .budget = 64ull << 20, .slots = 2 };

	(void)state;
	return mem_create(&config, &mem) || sys_create(mem, &sys);
}

static int drop_sys(void **state)
{
	(void)state;
	sys_destroy(sys);
	assert_int_equal(mem_used(mem), 0);
	mem_destroy(mem);
	return 0;
}

/* Nothing is left: of an object, its programs, what they use, and what that
 * held. */
static void assert_empty(void)
{
	for (int i = 0; i < 4; i++)
		rcu_barrier(mem_rcu(mem));
	assert_int_equal(sys_next_map_id(sys, 0), 0);
	assert_int_equal(sys_next_prog_id(sys, 0), 0);
	assert_int_equal(mem_used(mem), 0);
}

static inline struct map *make_map(u32 type, u32 value_size, u32 max_entries)
{
	const struct map_attr attr = { .type = type,
				       .key_size = 4,
				       .value_size = value_size,
				       .max_entries = max_entries,
				       .name = "unit" };
	struct err err = { 0 };
	struct map *map;

	if (sys_map_create(sys, &attr, &err, &map) != 0)
		fail_msg("%s", err.reason);
	return map;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_sys, drop_sys)

#endif
