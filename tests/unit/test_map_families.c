/* SPDX-License-Identifier: BSD-3-Clause */
/* test_map_families.c - maps of maps, maps without keys, fields, groups */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../btf_make.h"
#include "maps/fields.h"
#include "maps/group.h"
#include "maps/jhash.h"
#include "maps/perf_event_array.h"

static struct map_env env;

static int make_env(void **state)
{
	const struct mem_config config = { .budget = 64ull << 20, .slots = 3 };

	(void)state;
	return mem_create(&config, &env.mem);
}

static int drop_env(void **state)
{
	(void)state;
	for (u32 i = 0; i < 3; i++)
		rcu_barrier(mem_rcu(env.mem));
	assert_int_equal(mem_used(env.mem), 0);
	mem_destroy(env.mem);
	return 0;
}

static struct map *make(const struct map_attr *attr)
{
	struct err err = { 0 };
	struct map *map;

	if (map_create(&env, attr, &err, &map) != 0)
		fail_msg("%s", err.reason);
	return map;
}

static struct map *make_u64s(u32 entries, u32 flags)
{
	const struct map_attr attr = { .type = BPF_MAP_TYPE_ARRAY,
				       .key_size = 4,
				       .value_size = 8,
				       .max_entries = entries,
				       .flags = flags,
				       .name = "inner" };

	return make(&attr);
}

static struct map *make_outer(u32 type, struct map *inner)
{
	const struct map_attr attr = { .type = type,
				       .key_size = 4,
				       .value_size = 4,
				       .max_entries = 2,
				       .inner = inner,
				       .name = "outer" };

	return make(&attr);
}

static void refusals_say_why(void **state)
{
	struct map *array = make_u64s(1, 0);
	struct map *outer = make_outer(BPF_MAP_TYPE_ARRAY_OF_MAPS, array);
	const struct {
		struct map_attr attr;
		int code;
		const char *says;
	} rows[] = {
		{ { BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 1 },
		  -EBADF,
		  "nothing says what the maps in the array_of_maps are like" },
		{ { BPF_MAP_TYPE_HASH_OF_MAPS, 4, 8, 1, .inner = array },
		  -EINVAL,
		  "the value of a hash_of_maps is 4 bytes, not 8" },
		{ { BPF_MAP_TYPE_HASH_OF_MAPS, 4, 4, 1, .inner = outer },
		  -EINVAL,
		  "a map of maps inside a map of maps" },
		{ { BPF_MAP_TYPE_QUEUE, 4, 4, 1 },
		  -EINVAL,
		  "a queue has no keys: key_size is 0, not 4" },
		{ { BPF_MAP_TYPE_BLOOM_FILTER, 0, 4, 1, .extra = 16 },
		  -EINVAL,
		  "map_extra is the number of hashes: 1 to 15, or 0 for 5" },
		{ { BPF_MAP_TYPE_SK_STORAGE, 4, 4, 0 },
		  -EINVAL,
		  "sk_storage needs BPF_F_NO_PREALLOC" },
		{ { BPF_MAP_TYPE_ARENA, 0, 0, 1, BPF_F_MMAPABLE },
		  -EINVAL,
		  "map type arena is not supported by this version" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = { 0 };
		struct map *map;

		assert_int_equal(map_create(&env, &rows[i].attr, &err, &map),
				 rows[i].code);
		assert_string_equal(err.reason, rows[i].says);
	}
	map_put(outer);
	map_put(array);
}

/* The template may go; what it was like stays. */
static void maps_in_a_map_are_alike(void **state)
{
	static const u32 types[] = { BPF_MAP_TYPE_ARRAY_OF_MAPS,
				     BPF_MAP_TYPE_HASH_OF_MAPS };

	(void)state;
	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		struct map *first = make_u64s(2, 0), *longer = make_u64s(3, 0);
		struct map *outer = make_outer(types[t], first);
		const u32 key = 1;

		assert_int_equal(outer->ops->write_object(outer, &key, first,
							  0),
				 0);
		map_put(first);
		assert_ptr_equal(outer->ops->lookup(outer, &key), first);
		assert_int_equal(outer->ops->write_object(outer, &key, longer,
							  0),
				 -EINVAL);
		assert_int_equal(outer->inner->max_entries, 2);
		assert_int_equal(outer->ops->count(outer), 1);
		assert_int_equal(outer->ops->erase(outer, &key), 0);
		assert_null(outer->ops->lookup(outer, &key));
		map_put(longer);
		map_put(outer);
	}
}

static void inner_arrays_differ_if_they_say_so(void **state)
{
	struct map *one = make_u64s(1, BPF_F_INNER_MAP);
	struct map *two = make_u64s(2, BPF_F_INNER_MAP);
	struct map *outer = make_outer(BPF_MAP_TYPE_ARRAY_OF_MAPS, one);
	const u32 key = 0, second = 1;
	struct map *inside;

	(void)state;
	assert_int_equal(outer->ops->write_object(outer, &key, two, 0), 0);
	inside = outer->ops->lookup(outer, &key);
	assert_non_null(inside->ops->lookup(inside, &second));
	map_put(one);
	map_put(two);
	map_put(outer);
}

static int add_up(void *arg, const void *key, const void *value)
{
	(void)key;
	*(u32 *)arg = *(u32 *)arg * 10 + *(const u8 *)value;
	return 0;
}

static u32 digits_of(struct map *map)
{
	u32 digits = 0;

	assert_int_equal(map_each(map, add_up, &digits), 0);
	return digits;
}

static void a_full_queue_drops_the_oldest(void **state)
{
	static const u32 types[] = { BPF_MAP_TYPE_QUEUE, BPF_MAP_TYPE_STACK };

	(void)state;
	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		const struct map_attr attr = { .type = types[t],
					       .value_size = 1,
					       .max_entries = 3,
					       .name = "ring" };
		struct map *map = make(&attr);
		u8 value = 9;

		assert_int_equal(map->ops->pop(map, &value), -ENOENT);
		assert_int_equal(value, 0);
		for (u8 i = 1; i <= 5; i++)
			assert_int_equal(map->ops->push(map, &i, BPF_EXIST), 0);
		assert_int_equal(map->ops->push(map, &value, 0), -E2BIG);
		assert_int_equal(digits_of(map), 345);
		assert_int_equal(map->ops->pop(map, &value), 0);
		assert_int_equal(value, t == 0 ? 3 : 5);
		assert_int_equal(digits_of(map), t == 0 ? 45 : 34);
		assert_int_equal(map->ops->count(map), 2);
		map_put(map);
	}
}

/* lookup3's own example: no bytes, then "Four score and seven years ago". */
static void hashes_are_jenkins(void **state)
{
	static const char text[] = "Four score and seven years ago";

	(void)state;
	assert_int_equal(jhash("", 0, 0), 0xdeadbeef);
	assert_int_equal(jhash(text, 30, 0), 0x17770551);
	assert_int_equal(jhash(text, 30, 1), 0xcd628161);
}

static void sets_never_say_no_wrongly(void **state)
{
	const struct map_attr attr = { .type = BPF_MAP_TYPE_BLOOM_FILTER,
				       .value_size = 4,
				       .max_entries = 1000,
				       .name = "set" };
	struct map *map = make(&attr);
	u32 wrong = 0;

	(void)state;
	for (u32 i = 0; i < 1000; i++)
		assert_int_equal(map->ops->push(map, &i, 0), 0);
	for (u32 i = 0; i < 1000; i++)
		assert_int_equal(map->ops->peek(map, &i), 0);
	for (u32 i = 1000; i < 11000; i++)
		wrong += map->ops->peek(map, &i) == 0;
	assert_true(wrong < 1000);
	map_put(map);
}

static void groups_are_ports_and_lcores(void **state)
{
	const struct map_attr attr = { .type = BPF_MAP_TYPE_CGROUP_ARRAY,
				       .key_size = 4,
				       .value_size = 4,
				       .max_entries = 2,
				       .name = "groups" };
	struct map *map = make(&attr);
	u32 key = 1, group = group_of_port(7), none = 0, wrong = 99 << 24;

	(void)state;
	assert_int_equal(cgroup_array_at(map, key), GROUP_NONE);
	assert_int_equal(map->ops->write(map, &key, &wrong, 0), -EBADF);
	assert_int_equal(map->ops->write(map, &key, &none, 0), -EBADF);
	assert_int_equal(map->ops->write(map, &key, &group, 0), 0);
	assert_int_equal(cgroup_array_at(map, key), group);
	assert_true(group_is_under(group, GROUP_ALL));
	assert_true(group_is_under(group, group));
	assert_false(group_is_under(group, group_of_lcore(7)));
	assert_int_equal(map->ops->erase(map, &key), 0);
	assert_int_equal(map->ops->erase(map, &key), -ENOENT);
	map_put(map);
}

/* What the tests before have put is freed, too. */
static void settle(void)
{
	for (u32 i = 0; i < 3; i++)
		rcu_barrier(mem_rcu(env.mem));
}

/* Entries are charged as they come, and nothing is put where nothing is left. */
static void entries_that_are_made_are_charged(void **state)
{
	static const u32 types[] = { BPF_MAP_TYPE_DEVMAP,
				     BPF_MAP_TYPE_DEVMAP_HASH,
				     BPF_MAP_TYPE_CPUMAP };

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(types); i++) {
		const struct map_attr attr = { .type = types[i],
					       .key_size = 4,
					       .value_size = 4,
					       .max_entries = 2,
					       .name = "entries" };
		u64 empty, bytes, left;
		u32 key = 0, value = 1;
		struct map *map;

		settle();
		map = make(&attr);
		empty = mem_used(env.mem);
		bytes = map_bytes(map);
		assert_int_equal(map->ops->write_linked(map, &key, &value, NULL,
							0),
				 0);
		assert_true(mem_used(env.mem) > empty);
		assert_int_equal(map_bytes(map) - bytes,
				 mem_used(env.mem) - empty);
		left = mem_budget(env.mem) - mem_used(env.mem);
		assert_int_equal(mem_charge(env.mem, left, false), 0);
		key = 1;
		assert_int_equal(map->ops->write_linked(map, &key, &value, NULL,
							0),
				 -ENOMEM);
		mem_uncharge(env.mem, left);
		key = 0;
		assert_int_equal(map->ops->erase(map, &key), 0);
		settle();
		assert_int_equal(mem_used(env.mem), empty);
		map_put(map);
	}
}

/* Rings are their readers', and go with them. */
static void a_perf_readers_rings_are_charged(void **state)
{
	const struct map_attr attr = { .type = BPF_MAP_TYPE_PERF_EVENT_ARRAY,
				       .key_size = 4,
				       .value_size = 4,
				       .max_entries = 2,
				       .name = "samples" };
	struct perf_reader *reader;
	struct map *map;
	u64 empty, left;

	(void)state;
	settle();
	map = make(&attr);
	empty = mem_used(env.mem);
	assert_int_equal(perf_reader_open(map, 8192, &reader), 0);
	assert_true(mem_used(env.mem) >= empty + 8192);
	perf_reader_close(reader);
	settle();
	assert_int_equal(mem_used(env.mem), empty);
	left = mem_budget(env.mem) - empty;
	assert_int_equal(mem_charge(env.mem, left, false), 0);
	assert_int_equal(perf_reader_open(map, 8192, &reader), -ENOMEM);
	mem_uncharge(env.mem, left);
	map_put(map);
}

/* ---- fields ---- */

#define VALUE                                                          \
	23 /* an odd size behind a lock that is not at a multiple of 8 \
	    */
#define LOCK_AT 12

static struct btf_blob *types(u32 *value)
{
	static struct btf_make m;
	struct btf_blob *btf;
	u32 word, byte, lock, bytes, size;

	make_init(&m);
	word = make_int(&m, "u32", 4, 0);
	byte = make_int(&m, "u8", 1, 0);
	lock = make_type(&m, "bpf_spin_lock", BTF_KIND_STRUCT, 1, 4);
	make_member(&m, "val", word, 0);
	bytes = make_array(&m, byte, word, LOCK_AT);
	*value = make_type(&m, "value", BTF_KIND_STRUCT, 2, VALUE);
	make_member(&m, "bytes", bytes, 0);
	make_member(&m, "lock", lock, LOCK_AT * 8);
	size = make_end(&m);
	assert_int_equal(btf_parse(m.out, size, NULL, &btf), 0);
	return btf;
}

static bool is_copy(const u8 *value, u8 byte)
{
	for (u32 i = 0; i < VALUE; i++) {
		bool lock = i >= LOCK_AT && i < LOCK_AT + 4;

		if (value[i] != (lock ? 0 : byte))
			return false;
	}
	return true;
}

static void locks_are_never_copied(void **state)
{
	static const u32 of[] = { BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_HASH };
	u32 type;
	struct btf_blob *btf = types(&type);

	(void)state;
	for (size_t t = 0; t < ARRAY_LEN(of); t++) {
		const struct map_attr attr = { .type = of[t],
					       .key_size = 4,
					       .value_size = VALUE,
					       .max_entries = 2,
					       .btf = btf,
					       .btf_key = 1,
					       .btf_value = type,
					       .name = "locked" };
		struct map *map = make(&attr);
		static const u64 flags[] = { 0, BPF_F_LOCK, 0 };
		u8 in[VALUE], *out = malloc(VALUE), *at;
		const u32 key = 1;

		assert_true(map_has_lock(map));
		for (u8 i = 0; i < ARRAY_LEN(flags); i++) {
			memset(in, 0x11 * (i + 1), sizeof(in));
			assert_int_equal(map->ops->update(map, &key, in,
							  flags[i]),
					 0);
			assert_int_equal(map->ops->read(map, &key, out,
							BPF_F_LOCK),
					 0);
			assert_true(is_copy(out, in[0]));
		}
		/* in the map it is still free */
		at = map->ops->lookup(map, &key);
		assert_true(spin_trylock(value_lock(map, at)));
		spin_unlock(value_lock(map, at));
		free(out);
		map_put(map);
	}
	btf_put(btf);
}

static void only_mappable_maps_have_memory_to_map(void **state)
{
	struct map *plain = make_u64s(1, 0);
	struct map *mappable = make_u64s(1, BPF_F_MMAPABLE);

	(void)state;
	assert_int_equal(map_memory_fd(plain), -1);
	assert_true(map_memory_fd(mappable) >= 0);
	map_put(plain);
	map_put(mappable);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals_say_why),
		cmocka_unit_test(maps_in_a_map_are_alike),
		cmocka_unit_test(inner_arrays_differ_if_they_say_so),
		cmocka_unit_test(a_full_queue_drops_the_oldest),
		cmocka_unit_test(hashes_are_jenkins),
		cmocka_unit_test(sets_never_say_no_wrongly),
		cmocka_unit_test(groups_are_ports_and_lcores),
		cmocka_unit_test(entries_that_are_made_are_charged),
		cmocka_unit_test(a_perf_readers_rings_are_charged),
		cmocka_unit_test(locks_are_never_copied),
		cmocka_unit_test(only_mappable_maps_have_memory_to_map),
	};

	return cmocka_run_group_tests(tests, make_env, drop_env);
}
