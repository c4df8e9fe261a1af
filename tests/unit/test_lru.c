/* SPDX-License-Identifier: BSD-3-Clause */
/* test_lru.c - what stays and what goes in an LRU map */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/slot.h"
#include "maps/htab.h"

#define SLOTS 3

static struct map_env env;

static int make_env(void **state)
{
	const struct mem_config config = { .budget = 256ull << 20,
					   .slots = SLOTS };

	(void)state;
	return mem_create(&config, &env.mem);
}

static int drop_env(void **state)
{
	(void)state;
	rcu_barrier(mem_rcu(env.mem));
	assert_int_equal(mem_used(env.mem), 0);
	mem_destroy(env.mem);
	return 0;
}

static struct map *make(u32 type, u32 key_size, u32 entries, u32 flags)
{
	const struct map_attr attr = { .type = type,
				       .key_size = key_size,
				       .value_size = 4,
				       .max_entries = entries,
				       .flags = flags,
				       .name = "unit" };
	struct err err = { 0 };
	struct map *map;

	if (map_create(&env, &attr, &err, &map) != 0)
		fail_msg("%s", err.reason);
	return map;
}

static void drop(struct map *map)
{
	assert_int_equal(htab_verify(map), 0);
	map_put(map);
}

/* Keys are numbers, in as many bytes as fit; the value is the number. */
static void put(struct map *map, u32 n)
{
	u8 key[64] = { 0 };
	u32 values[2 * SLOTS] = { 0 };

	memcpy(key, &n, MIN(map->key_size, 4u));
	values[0] = n;
	assert_int_equal(map->ops->update(map, key, values, BPF_ANY), 0);
}

static void put_all(struct map *map, u32 from, u32 to)
{
	for (u32 n = from; n < to; n++)
		put(map, n);
}

static bool has(struct map *map, u32 n)
{
	u8 key[64] = { 0 };
	u32 values[2 * SLOTS] = { 0 };

	memcpy(key, &n, MIN(map->key_size, 4u));
	return map->ops->read(map, key, values, 0) == 0;
}

static u32 number_of(struct map *map, u32 from, u32 to)
{
	u32 found = 0;

	for (u32 n = from; n < to; n++)
		found += has(map, n);
	return found;
}

static void look_up_all(struct map *map, u32 from, u32 to)
{
	for (u32 n = from; n < to; n++)
		assert_non_null(map->ops->lookup(map, &n));
}

static void nothing_goes_before_the_map_is_full(void **state)
{
	static const u32 entries[] = { 1, 2, 3, 8, 9, 64, 1000, 5000 };
	static const u32 types[] = { BPF_MAP_TYPE_LRU_HASH,
				     BPF_MAP_TYPE_LRU_PERCPU_HASH };

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(entries); i++) {
		u32 n = entries[i / 2];
		struct map *map = make(types[i % 2], 4, n, 0);

		put_all(map, 0, n);
		assert_int_equal(number_of(map, 0, n), n);
		assert_int_equal(map->ops->count(map), n);
		for (u32 more = n; more < 3 * n; more++) {
			put(map, more);
			assert_true(has(map, more));
			assert_int_equal(map->ops->count(map), n);
		}
		assert_int_equal(number_of(map, 0, 3 * n), n);
		drop(map);
	}
}

static void keys_of_every_size_are_evicted(void **state)
{
	(void)state;
	for (u32 size = 1; size <= 41; size++) {
		struct map *map = make(BPF_MAP_TYPE_LRU_HASH, size, 16, 0);

		put_all(map, 0, 200);
		assert_int_equal(map->ops->count(map), 16);
		assert_int_equal(number_of(map, 0, 200), 16);
		drop(map);
	}
}

static void what_was_looked_up_outlives_what_was_not(void **state)
{
	struct map *map = make(BPF_MAP_TYPE_LRU_HASH, 4, 64, 0);

	(void)state;
	put_all(map, 0, 64);
	look_up_all(map, 0, 32);
	put_all(map, 64, 96);
	assert_int_equal(number_of(map, 0, 32), 32);
	assert_int_equal(number_of(map, 32, 64), 0);
	assert_int_equal(number_of(map, 64, 96), 32);
	drop(map);
}

static void an_update_counts_as_a_lookup(void **state)
{
	static const u32 types[] = { BPF_MAP_TYPE_LRU_HASH,
				     BPF_MAP_TYPE_LRU_PERCPU_HASH };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct map *map = make(types[i], 4, 64, 0);

		put_all(map, 0, 64);
		put_all(map, 0, 32);
		put_all(map, 64, 96);
		assert_int_equal(number_of(map, 0, 32), 32);
		drop(map);
	}
}

static void reads_from_outside_do_not(void **state)
{
	struct map *map = make(BPF_MAP_TYPE_LRU_HASH, 4, 64, 0);

	(void)state;
	put_all(map, 0, 64);
	for (int i = 0; i < 10; i++)
		assert_int_equal(number_of(map, 0, 32), 32);
	put_all(map, 64, 96);
	assert_true(number_of(map, 0, 32) < 32);
	drop(map);
}

/* Ten times as many keys as the map has entries come by once. */
static void a_scan_leaves_what_is_in_use(void **state)
{
	struct map *map = make(BPF_MAP_TYPE_LRU_HASH, 4, 1000, 0);

	(void)state;
	put_all(map, 0, 1000);
	for (u32 n = 1000; n < 11000; n += 100) {
		look_up_all(map, 0, 500);
		put_all(map, n, n + 100);
	}
	assert_int_equal(number_of(map, 0, 500), 500);
	drop(map);
}

/* The cost of an insertion is bounded when all is hot: lru.c, L2. */
static void something_goes_when_all_is_hot(void **state)
{
	struct map *map = make(BPF_MAP_TYPE_LRU_HASH, 4, 5000, 0);

	(void)state;
	put_all(map, 0, 5000);
	look_up_all(map, 0, 5000);
	put(map, 5000);
	assert_int_equal(number_of(map, 0, 5001), 5000);
	assert_true(has(map, 5000));
	drop(map);
}

static void what_needs_no_room_evicts_nothing(void **state)
{
	struct map *map = make(BPF_MAP_TYPE_LRU_HASH, 4, 50, 0);
	u32 key, value = 1, absent = 1000;

	(void)state;
	put_all(map, 0, 51);
	key = has(map, 7) ? 7 : 8;
	for (int i = 0; i < 200; i++) {
		assert_int_equal(map->ops->update(map, &key, &value,
						  BPF_NOEXIST),
				 -EEXIST);
		assert_int_equal(map->ops->update(map, &absent, &value,
						  BPF_EXIST),
				 -ENOENT);
		assert_int_equal(map->ops->update(map, &absent, &value, 3),
				 -EINVAL);
		assert_int_equal(map->ops->update(map, &key, &value, BPF_EXIST),
				 0);
		assert_int_equal(map->ops->delete (map, &absent), -ENOENT);
	}
	assert_int_equal(number_of(map, 0, 51), 50);
	assert_int_equal(map->ops->delete (map, &key), 0);
	put(map, absent);
	assert_int_equal(number_of(map, 0, 51), 49);
	drop(map);
}

static void an_evicted_value_stays_until_the_burst_ends(void **state)
{
	struct map *map = make(BPF_MAP_TYPE_LRU_HASH, 4, 64, 0);
	struct rcu *rcu = mem_rcu(env.mem);
	u32 key = 5, *found, n;

	(void)state;
	put_all(map, 0, 64);
	assert_int_equal(rcu_online(rcu, 0), 0);
	found = map->ops->lookup(map, &key);
	for (n = 64; has(map, key) && n < 1000; n++) {
		if (n % 16 == 0)
			rcu_quiescent(rcu, 0);
		put(map, n);
	}
	assert_false(has(map, key));
	put_all(map, 1000, 1016);
	assert_int_equal(*found, 5);
	rcu_offline(rcu, 0);
	drop(map);
}

static void no_common_lru_rounds_the_entries(void **state)
{
	struct map *map =
		make(BPF_MAP_TYPE_LRU_HASH, 4, 10, BPF_F_NO_COMMON_LRU);

	(void)state;
	assert_int_equal(map->max_entries, 12);
	put_all(map, 0, 30);
	assert_int_equal(map->ops->count(map), 12);
	drop(map);
}

static void lru_maps_are_preallocated(void **state)
{
	const struct map_attr attr = { BPF_MAP_TYPE_LRU_HASH, 4, 4, 1,
				       BPF_F_NO_PREALLOC };
	struct err err = { 0 };
	struct map *map;

	(void)state;
	assert_int_equal(map_create(&env, &attr, &err, &map), -524);
	assert_string_equal(err.reason,
			    "LRU maps have all elements from the start: no "
			    "BPF_F_NO_PREALLOC");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_goes_before_the_map_is_full),
		cmocka_unit_test(keys_of_every_size_are_evicted),
		cmocka_unit_test(what_was_looked_up_outlives_what_was_not),
		cmocka_unit_test(an_update_counts_as_a_lookup),
		cmocka_unit_test(reads_from_outside_do_not),
		cmocka_unit_test(a_scan_leaves_what_is_in_use),
		cmocka_unit_test(something_goes_when_all_is_hot),
		cmocka_unit_test(what_needs_no_room_evicts_nothing),
		cmocka_unit_test(an_evicted_value_stays_until_the_burst_ends),
		cmocka_unit_test(no_common_lru_rounds_the_entries),
		cmocka_unit_test(lru_maps_are_preallocated),
	};

	return cmocka_run_group_tests(tests, make_env, drop_env);
}
