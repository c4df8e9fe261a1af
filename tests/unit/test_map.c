/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/slot.h"
#include "maps/array.h"
#include "maps/htab.h"
#include "maps/prog_array.h"

#define SLOTS 3

static struct map_env env;

static int make_env(void **state)
{
	const struct mem_config config = { .budget = 64ull << 20,
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

static struct map *make(u32 type, u32 key, u32 value, u32 entries, u32 flags)
{
	const struct map_attr attr = { .type = type,
				       .key_size = key,
				       .value_size = value,
				       .max_entries = entries,
				       .flags = flags,
				       .name = "unit" };
	struct err err = { 0 };
	struct map *map;

	if (map_create(&env, &attr, &err, &map) != 0)
		fail_msg("%s", err.reason);
	return map;
}

static void types_have_bpftools_names(void **state)
{
	(void)state;
	assert_string_equal(map_type_name(BPF_MAP_TYPE_LPM_TRIE), "lpm_trie");
	assert_string_equal(map_type_name(BPF_MAP_TYPE_ARENA), "arena");
	assert_null(map_type_name(0));
	assert_null(map_type_name(UINT32_MAX));
	assert_int_equal(map_type_parse("percpu_hash"),
			 BPF_MAP_TYPE_PERCPU_HASH);
	assert_int_equal(map_type_parse("no such"), 0);
	for (u32 type = 1; type < __MAX_BPF_MAP_TYPE; type++) {
		assert_non_null(map_type_name(type));
		assert_int_equal(map_type_parse(map_type_name(type)), type);
	}
}

static void refusals_say_which_attribute(void **state)
{
	static const struct {
		struct map_attr attr;
		int code;
		const char *says;
	} rows[] = {
		{ { BPF_MAP_TYPE_SOCKHASH, 4, 4, 1 },
		  -EINVAL,
		  "map type sockhash is not supported by this version" },
		{ { 77, 4, 4, 1 }, -EINVAL, "there is no map type 77" },
		{ { BPF_MAP_TYPE_ARRAY, 8, 4, 1 },
		  -EINVAL,
		  "the key of an array is 4 bytes, not 8" },
		{ { BPF_MAP_TYPE_HASH, 4, 4, 1, BPF_F_MMAPABLE },
		  -EINVAL,
		  "hash maps have no flag 0x400" },
		{ { BPF_MAP_TYPE_HASH, 4, 4, 1, .name = "a b" },
		  -EINVAL,
		  "character 0x20 in the map's name" },
		{ { BPF_MAP_TYPE_ARRAY, 4, 1u << 20, 1000 },
		  -ENOMEM,
		  "no memory for 1000 entries of 4 + 1048576 bytes: 0 of a "
		  "budget of 64 MB are in use" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = { 0 };
		struct map *map;

		assert_int_equal(map_create(&env, &rows[i].attr, &err, &map),
				 rows[i].code);
		assert_int_equal(err.code, rows[i].code);
		assert_string_equal(err.reason, rows[i].says);
		assert_int_equal(map_create(&env, &rows[i].attr, NULL, &map),
				 rows[i].code);
	}
}

static void note_gone(struct map *map, void *arg)
{
	assert_null(map_try_get(map));
	++*(int *)arg;
}

static void a_map_goes_with_its_last_reference(void **state)
{
	struct map *map = make(BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0);
	struct rcu *rcu = mem_rcu(env.mem);
	int gone = 0;

	(void)state;
	map->gone = note_gone;
	map->gone_arg = &gone;
	map_hold(map);
	map_put(map);
	assert_int_equal(gone, 0);
	assert_ptr_equal(map_try_get(map), map);
	map_release(map);
	assert_int_equal(rcu_online(rcu, 0), 0);
	map_put(map);
	assert_int_equal(gone, 1);
	rcu_reclaim(rcu);
	assert_int_not_equal(mem_used(env.mem), 0);
	rcu_quiescent(rcu, 0);
	rcu_reclaim(rcu);
	assert_int_equal(mem_used(env.mem), 0);
	rcu_offline(rcu, 0);
}

/* Buffers of the exact size: a byte too much is the sanitizer's to find. */
static void odd_sizes_stay_within_the_callers_buffers(void **state)
{
	static const u32 types[] = { BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_ARRAY,
				     BPF_MAP_TYPE_PERCPU_HASH,
				     BPF_MAP_TYPE_PERCPU_ARRAY };

	(void)state;
	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		for (u32 size = 1; size <= 41; size++) {
			bool array = types[t] == BPF_MAP_TYPE_ARRAY ||
				     types[t] == BPF_MAP_TYPE_PERCPU_ARRAY;
			u32 key_size = array ? 4 : size;
			struct map *map = make(types[t], key_size, size, 2, 0);
			u64 all = map_value_bytes(map);
			u8 *key = calloc(1, key_size);
			u8 *next = calloc(1, key_size);
			u8 *value = malloc(size), *outside = malloc(all);

			memset(value, 0x5a, size);
			assert_int_equal(map->ops->update(map, key, value, 0),
					 0);
			assert_memory_equal(map->ops->lookup(map, key), value,
					    size);
			assert_int_equal(map->ops->read(map, key, outside, 0),
					 0);
			assert_memory_equal(outside, value, size);
			assert_int_equal(map->ops->write(map, key, outside, 0),
					 0);
			assert_int_equal(map->ops->next_key(map, NULL, next),
					 0);
			assert_memory_equal(next, key, key_size);
			free(outside);
			free(value);
			free(next);
			free(key);
			map_put(map);
		}
	}
}

static void mmapable_arrays_show_their_values_from_offset_0(void **state)
{
	struct map *map = make(BPF_MAP_TYPE_ARRAY, 4, 12, 1000, BPF_F_MMAPABLE);
	const struct array *a = array_of(map);
	u64 bytes = round_up(16 * 1000, 4096);
	u32 key = 999;
	u8 value[12] = "hello", *seen;

	(void)state;
	seen = mmap(NULL, bytes, PROT_READ, MAP_SHARED, a->arena.fd, 0);
	assert_ptr_not_equal(seen, MAP_FAILED);
	assert_int_equal(map->ops->update(map, &key, value, 0), 0);
	assert_memory_equal(seen + 999 * 16, value, sizeof(value));
	assert_int_equal(map_bytes(map), bytes);
	munmap(seen, bytes);
	map_put(map);
}

static void programs_see_the_values_of_their_slot(void **state)
{
	static const u32 types[] = { BPF_MAP_TYPE_PERCPU_HASH,
				     BPF_MAP_TYPE_PERCPU_ARRAY };
	struct rcu *rcu = mem_rcu(env.mem);

	(void)state;
	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		struct map *map = make(types[t], 4, 4, 4, 0);
		u64 all[SLOTS] = { 7, 8, 9 };
		u32 key = 0, value = 50;

		assert_int_equal(map->ops->write(map, &key, all, 0), 0);
		assert_int_equal(rcu_online(rcu, 1), 0);
		assert_int_equal(*(u32 *)map->ops->lookup(map, &key), 8);
		assert_int_equal(map->ops->update(map, &key, &value, 0), 0);
		key = 1;
		assert_int_equal(map->ops->update(map, &key, &value, 0), 0);
		rcu_offline(rcu, 1);
		assert_int_equal(map->ops->read(map, &key, all, 0), 0);
		assert_int_equal(all[0], 0);
		assert_int_equal(all[1], 50);
		assert_int_equal(all[2], 0);
		key = 0;
		assert_int_equal(map->ops->read(map, &key, all, 0), 0);
		assert_int_equal(all[0], 7);
		assert_int_equal(all[1], 50);
		assert_int_equal(all[2], 9);
		map_put(map);
	}
}

/* Buckets of a small table overflow into chains. */
static void every_key_of_a_full_hash_is_found(void **state)
{
	static const u32 entries[] = { 1, 4, 9, 100, 5000 };
	static const u32 flags[] = { 0, BPF_F_NO_PREALLOC };

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(entries); i++) {
		u32 n = entries[i / 2];
		struct map *map =
			make(BPF_MAP_TYPE_HASH, 4, 8, n, flags[i % 2]);
		u64 value;

		for (u32 k = 0; k < n; k++) {
			value = k * 3ull;
			assert_int_equal(map->ops->update(map, &k, &value, 0),
					 0);
		}
		assert_int_equal(map->ops->update(map, &n, &value, 0), -E2BIG);
		assert_int_equal(htab_verify(map), 0);
		for (u32 k = 0; k < n; k++) {
			assert_int_equal(*(u64 *)map->ops->lookup(map, &k),
					 k * 3ull);
			if (k & 1)
				assert_int_equal(map->ops->delete (map, &k), 0);
		}
		for (u32 k = 0; k < n; k++)
			assert_int_equal(map->ops->lookup(map, &k) == NULL,
					 k & 1);
		assert_int_equal(map->ops->count(map), (n + 1) / 2);
		assert_int_equal(htab_verify(map), 0);
		map_put(map);
	}
}

#define MANY (2 * HTAB_BURST + 3)

/* More keys than fit into one burst, every third in no map. */
static void a_burst_finds_what_single_lookups_find(void **state)
{
	static const u32 types[] = { BPF_MAP_TYPE_HASH,
				     BPF_MAP_TYPE_PERCPU_HASH,
				     BPF_MAP_TYPE_LRU_HASH,
				     BPF_MAP_TYPE_LRU_PERCPU_HASH };
	static const u32 sizes[] = { 1, 4, 8, 12, 16, 23, 40 };
	u8 keys[MANY][40] = { 0 };
	const void *at[MANY];
	void *values[MANY];
	u64 value[SLOTS] = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(types) * ARRAY_LEN(sizes); i++) {
		u32 size = sizes[i / ARRAY_LEN(types)];
		struct map *map =
			make(types[i % ARRAY_LEN(types)], size, 8, MANY, 0);

		for (u32 k = 0; k < MANY; k++) {
			memset(keys[k], (int)k, size);
			at[k] = keys[k];
			if (k % 3)
				assert_int_equal(map->ops->update(map, keys[k],
								  value, 0),
						 0);
		}
		for (u32 n = 1; n <= MANY; n += HTAB_BURST / 2) {
			map->ops->lookup_burst(map, at, n, values);
			for (u32 k = 0; k < n; k++) {
				assert_int_equal(!values[k], k % 3 == 0);
				assert_ptr_equal(values[k],
						 map->ops->lookup(map,
								  keys[k]));
			}
		}
		map_put(map);
	}
}

#define FLOOD 64

static u32 fullest_bucket(const struct map *map)
{
	const struct htab *h = htab_of(map);
	u32 most = 0;

	for (u64 i = 0; i < h->fast.buckets_len; i++) {
		u32 at = 0, index = 0, n = 0;

		while ((index = htab_next_place(h, &h->fast.buckets[i], &at,
						index)) != 0)
			n++;
		most = MAX(most, n);
	}
	return most;
}

/* Keys that all fall into one bucket of a hash whose seed is known are
 * scattered by one whose seed is not. */
static void a_flood_of_collisions_does_not_reach_a_keyed_hash(void **state)
{
	struct map *known =
		make(BPF_MAP_TYPE_HASH, 16, 8, 4096, BPF_F_ZERO_SEED);
	struct map *keyed = make(BPF_MAP_TYPE_HASH, 16, 8, 4096, 0);
	const struct htab_fast *f = &htab_of(known)->fast;
	u64 key[2] = { 0 }, value = 0;
	u32 n = 0;

	(void)state;
	for (; n < FLOOD; key[0]++) {
		u64 hash = htab_hash_sized(f, (const u8 *)key, 16);

		if (htab_bucket_number(f, hash) != 0)
			continue;
		n++;
		assert_int_equal(known->ops->update(known, key, &value, 0), 0);
		assert_int_equal(keyed->ops->update(keyed, key, &value, 0), 0);
	}
	assert_int_equal(fullest_bucket(known), FLOOD);
	assert_true(fullest_bucket(keyed) <= HTAB_WAYS);
	map_put(known);
	map_put(keyed);
}

static void a_deleted_value_stays_until_the_burst_ends(void **state)
{
	struct map *map = make(BPF_MAP_TYPE_HASH, 4, 8, 64, 0);
	struct rcu *rcu = mem_rcu(env.mem);
	u32 key = 1, other;
	u64 value = 0x1234, *found;

	(void)state;
	assert_int_equal(rcu_online(rcu, 0), 0);
	assert_int_equal(map->ops->update(map, &key, &value, 0), 0);
	found = map->ops->lookup(map, &key);
	assert_int_equal(map->ops->delete (map, &key), 0);
	value = 0;
	for (other = 100; other < 164; other++)
		assert_int_equal(map->ops->update(map, &other, &value, 0), 0);
	assert_int_equal(*found, 0x1234);
	rcu_offline(rcu, 0);
	map_put(map);
}

struct seen {
	u32 n;
	u64 sum;
	u32 stop_at;
};

static int add_up(void *arg, const void *key, const void *value)
{
	struct seen *s = arg;
	u64 v;

	(void)key;
	memcpy(&v, value, sizeof(v));
	s->n++;
	s->sum += v;
	return s->n == s->stop_at ? -EINTR : 0;
}

static void scans_go_on_where_they_stopped(void **state)
{
	struct map *map = make(BPF_MAP_TYPE_HASH, 4, 8, 1000, 0);
	struct seen seen = { 0 };
	u64 cursor = 0, value;
	int err;

	(void)state;
	for (u32 k = 1; k <= 1000; k++) {
		value = k;
		assert_int_equal(map->ops->write(map, &k, &value, 0), 0);
	}
	do {
		u32 before = seen.n;

		err = map->ops->scan(map, &cursor, 10, add_up, &seen);
		assert_true(err || seen.n >= before + 10);
	} while (!err);
	assert_int_equal(err, -ENOENT);
	assert_int_equal(seen.n, 1000);
	assert_int_equal(seen.sum, 1000 * 1001 / 2);
	seen = (struct seen){ .stop_at = 3 };
	assert_int_equal(map_each(map, add_up, &seen), -EINTR);
	assert_int_equal(seen.n, 3);
	map_put(map);
}

static void no_prealloc_is_charged_as_it_fills(void **state)
{
	struct map *map =
		make(BPF_MAP_TYPE_HASH, 4, 1024, 1000000, BPF_F_NO_PREALLOC);
	u8 value[1024] = { 0 };
	u64 empty = map_bytes(map);
	u32 k = 0;
	int err;

	(void)state;
	assert_true(empty < 32ull << 20);
	while ((err = map->ops->update(map, &k, value, 0)) == 0)
		k++;
	assert_int_equal(err, -ENOMEM);
	assert_true(k > 30000 && map_bytes(map) > empty);
	/* Out of memory is not out of elements that are there. */
	assert_int_equal(map->ops->update(map, &(u32){ 5 }, value, 0), 0);
	assert_int_equal(map->ops->delete (map, &(u32){ 5 }), 0);
	assert_int_equal(map->ops->update(map, &k, value, 0), 0);
	assert_int_equal(htab_verify(map), 0);
	map_put(map);
}

/* ---- prog arrays ---- */

struct prog {
	u32 id;
	u64 kind;
	int refs;
};

static void prog_ref(struct prog *prog)
{
	prog->refs++;
}

static void prog_unref(struct prog *prog)
{
	prog->refs--;
}

static u32 prog_id(const struct prog *prog)
{
	return prog->id;
}

static u64 prog_kind(const struct prog *prog)
{
	return prog->kind;
}

static const struct prog_ref_ops progs = {
	.get = prog_ref,
	.put = prog_unref,
	.id = prog_id,
	.kind = prog_kind,
};

static void prog_arrays_take_programs_of_one_kind(void **state)
{
	struct prog a = { 10, 1, 1 }, b = { 11, 1, 1 }, c = { 12, 2, 1 };
	u32 key = 1, id = 0, out = 2;
	struct map *map;

	(void)state;
	env.progs = &progs;
	map = make(BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2, 0);
	assert_int_equal(prog_array_adopt(map, &a), 0);
	assert_int_equal(prog_array_adopt(map, &c), -EINVAL);
	assert_int_equal(map->ops->write_object(map, &key, &c, 0), -EINVAL);
	assert_int_equal(map->ops->write_object(map, &key, &b, BPF_NOEXIST),
			 -EINVAL);
	assert_int_equal(map->ops->write_object(map, &out, &b, 0), -E2BIG);
	assert_int_equal(map->ops->write_object(map, &key, &b, 0), 0);
	assert_int_equal(map->ops->write(map, &key, &id, 0), -EOPNOTSUPP);
	assert_int_equal(b.refs, 2);
	assert_ptr_equal(prog_array_at(map, 1), &b);
	assert_null(prog_array_at(map, 0));
	assert_null(prog_array_at(map, 2));
	assert_int_equal(map->ops->read(map, &key, &id, 0), 0);
	assert_int_equal(id, 11);
	assert_int_equal(map->ops->erase(map, &key), 0);
	assert_int_equal(map->ops->erase(map, &key), -ENOENT);
	assert_int_equal(map->ops->read(map, &key, &id, 0), -ENOENT);
	rcu_barrier(mem_rcu(env.mem));
	assert_int_equal(b.refs, 1);
	map_put(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_have_bpftools_names),
		cmocka_unit_test(refusals_say_which_attribute),
		cmocka_unit_test(a_map_goes_with_its_last_reference),
		cmocka_unit_test(odd_sizes_stay_within_the_callers_buffers),
		cmocka_unit_test(
			mmapable_arrays_show_their_values_from_offset_0),
		cmocka_unit_test(programs_see_the_values_of_their_slot),
		cmocka_unit_test(every_key_of_a_full_hash_is_found),
		cmocka_unit_test(a_burst_finds_what_single_lookups_find),
		cmocka_unit_test(
			a_flood_of_collisions_does_not_reach_a_keyed_hash),
		cmocka_unit_test(a_deleted_value_stays_until_the_burst_ends),
		cmocka_unit_test(scans_go_on_where_they_stopped),
		cmocka_unit_test(no_prealloc_is_charged_as_it_fills),
		cmocka_unit_test(prog_arrays_take_programs_of_one_kind),
	};

	return cmocka_run_group_tests(tests, make_env, drop_env);
}
