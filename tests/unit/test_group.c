/* SPDX-License-Identifier: BSD-3-Clause */
/* Groups of ports and lcores, as helpers ask for them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "helper/helper.h"
#include "maps/group.h"

static struct mem *mem;
static struct map_env env;
static struct map *map;
static struct run run;

static int make(void **state)
{
	const struct mem_config config = { .budget = 1 << 20, .slots = 2 };
	const struct map_attr attr = { .type = BPF_MAP_TYPE_CGROUP_ARRAY,
				       .key_size = 4,
				       .value_size = 4,
				       .max_entries = 4 };

	(void)state;
	if (mem_create(&config, &mem) != 0)
		return -1;
	env = (struct map_env){ .mem = mem };
	return map_create(&env, &attr, NULL, &map);
}

static int drop(void **state)
{
	(void)state;
	map_put(map);
	mem_destroy(mem);
	return 0;
}

static s64 ask(u32 helper, u64 a, u64 b, u64 c)
{
	return (s64)helper_find(helper)->fn(&run, a, b, c, 0, 0);
}

static void put(u32 index, u32 group)
{
	assert_int_equal(map->ops->write(map, &index, &group, 0), 0);
}

static void a_run_is_in_its_lcores_group(void **state)
{
	const u64 array = (u64)(uintptr_t)map;

	(void)state;
	put(0, group_of_lcore(1));
	put(1, group_of_port(1));
	put(2, GROUP_ALL);
	for (u32 slot = 0; slot < 2; slot++) {
		run.slot = slot;
		assert_int_equal(ask(BPF_FUNC_current_task_under_cgroup, array,
				     0, 0),
				 slot == 1);
		assert_int_equal(ask(BPF_FUNC_current_task_under_cgroup, array,
				     1, 0),
				 0);
		assert_int_equal(ask(BPF_FUNC_current_task_under_cgroup, array,
				     2, 0),
				 1);
		assert_int_equal(ask(BPF_FUNC_get_current_cgroup_id, 0, 0, 0),
				 group_of_lcore(slot));
	}
	assert_int_equal(ask(BPF_FUNC_current_task_under_cgroup, array, 3, 0),
			 -EAGAIN);
	assert_int_equal(ask(BPF_FUNC_current_task_under_cgroup, array, 4, 0),
			 -E2BIG);
}

static void a_packet_is_in_its_ports_group(void **state)
{
	const u64 array = (u64)(uintptr_t)map;
	struct pkt pkt = { .ifindex = 3 };
	const u64 ctx = (u64)(uintptr_t)&pkt;

	(void)state;
	put(0, group_of_port(3));
	put(1, group_of_port(2));
	put(2, GROUP_ALL);
	assert_int_equal(ask(BPF_FUNC_skb_under_cgroup, ctx, array, 0), 1);
	assert_int_equal(ask(BPF_FUNC_skb_under_cgroup, ctx, array, 1), 0);
	assert_int_equal(ask(BPF_FUNC_skb_under_cgroup, ctx, array, 2), 1);
	assert_int_equal(ask(BPF_FUNC_skb_under_cgroup, ctx, array, 3),
			 -EAGAIN);
	assert_int_equal(ask(BPF_FUNC_skb_under_cgroup, ctx, array, 4), -E2BIG);
}

static void groups_have_two_levels(void **state)
{
	(void)state;
	run.slot = 1;
	assert_int_equal(ask(BPF_FUNC_get_current_ancestor_cgroup_id, 0, 0, 0),
			 GROUP_ALL);
	assert_int_equal(ask(BPF_FUNC_get_current_ancestor_cgroup_id, 1, 0, 0),
			 group_of_lcore(1));
	assert_int_equal(ask(BPF_FUNC_get_current_ancestor_cgroup_id, 2, 0, 0),
			 0);
	assert_int_equal(ask(BPF_FUNC_get_current_ancestor_cgroup_id, (u64)-1,
			     0, 0),
			 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_run_is_in_its_lcores_group),
		TEST(a_packet_is_in_its_ports_group),
		TEST(groups_have_two_levels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
