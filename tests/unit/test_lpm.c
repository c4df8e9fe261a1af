/* SPDX-License-Identifier: BSD-3-Clause */
/* test_lpm.c - prefix tries, compared with a list of all prefixes */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/slot.h"
#include "bpf/btf.h"
#include "maps/lpm_trie.h"

#define SLOTS 3
#define DATA_MAX 256

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

static struct map *make(u32 data_size, u32 value_size, u32 entries)
{
	const struct map_attr attr = { .type = BPF_MAP_TYPE_LPM_TRIE,
				       .key_size = 4 + data_size,
				       .value_size = value_size,
				       .max_entries = entries,
				       .flags = BPF_F_NO_PREALLOC,
				       .name = "unit" };
	struct err err = { 0 };
	struct map *map;

	if (map_create(&env, &attr, &err, &map) != 0)
		fail_msg("%s", err.reason);
	return map;
}

static void drop(struct map *map)
{
	assert_int_equal(lpm_verify(map), 0);
	map_put(map);
	rcu_barrier(mem_rcu(env.mem));
}

/* No node is left but the root. */
static bool is_bare(const struct map *map)
{
	const struct lpm_fast *f = &lpm_of(map)->fast;
	const struct lpm_node *root = lpm_child(f, f->top, 0);

	return !root->children && !root->prefixes && !root->elem;
}

struct key {
	u32 len;
	u8 data[DATA_MAX];
};

static u32 random_below(u64 *seed, u32 n)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(*seed >> 33) % n;
}

static bool covers(const struct key *prefix, const struct key *key)
{
	u32 whole = prefix->len / 8, rest = prefix->len % 8;

	if (prefix->len > key->len ||
	    memcmp(prefix->data, key->data, whole) != 0)
		return false;
	return !rest ||
	       !((prefix->data[whole] ^ key->data[whole]) >> (8 - rest));
}

/* ---- the list ---- */

#define LIST_MAX 512

struct list {
	u32 len;
	struct key key[LIST_MAX];
	u32 value[LIST_MAX];
};

static u32 list_find(const struct list *l, const struct key *key)
{
	u32 i;

	for (i = 0; i < l->len; i++) {
		if (l->key[i].len == key->len && covers(&l->key[i], key))
			break;
	}
	return i;
}

static u32 list_match(const struct list *l, const struct key *key)
{
	u32 best = LIST_MAX;

	for (u32 i = 0; i < l->len; i++) {
		if (covers(&l->key[i], key) &&
		    (best == LIST_MAX || l->key[i].len > l->key[best].len))
			best = i;
	}
	return best;
}

static int list_update(struct list *l, const struct key *key, u32 value,
		       u64 flags, u32 max)
{
	u32 i = list_find(l, key);

	if (i == l->len && flags == BPF_EXIST)
		return -ENOENT;
	if (i < l->len && flags == BPF_NOEXIST)
		return -EEXIST;
	if (i == l->len && l->len == max)
		return -ENOSPC;
	l->len += i == l->len;
	l->key[i] = *key;
	l->value[i] = value;
	return 0;
}

static int list_delete(struct list *l, const struct key *key)
{
	u32 i = list_find(l, key);

	if (i == l->len)
		return -ENOENT;
	l->len--;
	l->key[i] = l->key[l->len];
	l->value[i] = l->value[l->len];
	return 0;
}

/* Keys that share much: few values a byte, lengths at and off the nibbles. */
static void random_key(u64 *seed, u32 data_size, struct key *key)
{
	static const u8 bytes[] = { 0, 0, 0, 0, 1, 0x80, 0xff, 0x7e };

	memset(key, 0, sizeof(*key));
	for (u32 i = 0; i < data_size; i++)
		key->data[i] = bytes[random_below(seed, ARRAY_LEN(bytes))];
	if (random_below(seed, 2))
		memset(key->data, 0, random_below(seed, data_size + 1));
	key->len = random_below(seed, 8 * data_size + 1);
}

static void compare(struct map *map, struct list *l, u64 *seed, u32 data_size)
{
	struct key key;
	u32 value = random_below(seed, 1u << 30), best, out;
	u64 flags = random_below(seed, 3);
	u32 *found;

	random_key(seed, data_size, &key);
	if (l->len && random_below(seed, 2))
		key = l->key[random_below(seed, l->len)];
	switch (random_below(seed, 4)) {
	case 0:
		assert_int_equal(map->ops->delete (map, &key),
				 list_delete(l, &key));
		break;
	case 1:
		best = list_match(l, &key);
		found = map->ops->lookup(map, &key);
		assert_int_equal(found != NULL, best != LIST_MAX);
		if (found)
			assert_int_equal(*found, l->value[best]);
		assert_int_equal(map->ops->read(map, &key, &out, 0),
				 found ? 0 : -ENOENT);
		break;
	default:
		assert_int_equal(map->ops->update(map, &key, &value, flags),
				 list_update(l, &key, value, flags,
					     map->max_entries));
	}
	assert_int_equal(map->ops->count(map), l->len);
}

static void answers_are_those_of_a_list(void **state)
{
	static const u32 sizes[] = { 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 33, 256 };
	static struct list list;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		for (u32 max = 3; max <= 300; max *= 10) {
			struct map *map = make(sizes[i], 4, max);
			u64 seed = max + i;

			list.len = 0;
			for (u32 n = 0; n < 6000; n++) {
				compare(map, &list, &seed, sizes[i]);
				if (n % 500 == 0)
					assert_int_equal(lpm_verify(map), 0);
			}
			while (list.len) {
				struct key key = list.key[0];

				assert_int_equal(map->ops->erase(map, &key), 0);
				list_delete(&list, &key);
			}
			assert_int_equal(map->ops->count(map), 0);
			assert_true(is_bare(map));
			drop(map);
		}
	}
}

/* More specific ones first, 0 before 1: what Linux says in its post-order. */
static int order_of(const struct key *a, const struct key *b)
{
	for (u32 i = 0; i < a->len && i < b->len; i++) {
		int x = a->data[i / 8] >> (7 - i % 8) & 1;
		int y = b->data[i / 8] >> (7 - i % 8) & 1;

		if (x != y)
			return x - y;
	}
	return (int)b->len - (int)a->len;
}

static void keys_follow_in_linuxs_order(void **state)
{
	struct map *map = make(5, 4, 400);
	struct key key, next, *from = NULL;
	u64 seed = 1;
	u32 n = 0;

	(void)state;
	assert_int_equal(map->ops->next_key(map, NULL, &next), -ENOENT);
	for (u32 i = 0; i < 400; i++) {
		random_key(&seed, 5, &key);
		map->ops->update(map, &key, &i, 0);
	}
	while (map->ops->next_key(map, from, &next) == 0) {
		if (from)
			assert_true(order_of(&key, &next) < 0);
		key = next;
		from = &key;
		n++;
	}
	assert_int_equal(n, map->ops->count(map));
	key.len = 41;
	assert_int_equal(map->ops->next_key(map, &key, &next), 0);
	drop(map);
}

static struct key ip(u8 a, u8 b, u8 c, u8 d, u32 len)
{
	return (struct key){ len, { a, b, c, d } };
}

static void a_key_keeps_the_bits_after_its_prefix(void **state)
{
	struct map *map = make(4, 4, 4);
	struct key key = ip(10, 1, 2, 3, 8), next;
	u32 value = 1;

	(void)state;
	assert_int_equal(map->ops->update(map, &key, &value, 0), 0);
	assert_int_equal(map->ops->next_key(map, NULL, &next), 0);
	assert_memory_equal(&next, &key, 8);
	key = ip(10, 9, 9, 9, 8);
	assert_int_equal(map->ops->update(map, &key, &value, BPF_EXIST), 0);
	assert_int_equal(map->ops->next_key(map, NULL, &next), 0);
	assert_memory_equal(&next, &key, 8);
	drop(map);
}

static void refusals_are_linuxs(void **state)
{
	struct map *map = make(4, 4, 1);
	struct key key = ip(1, 2, 3, 4, 33), other = ip(1, 2, 3, 4, 32);
	u32 value = 1;

	(void)state;
	assert_int_equal(map->ops->update(map, &key, &value, 0), -EINVAL);
	assert_int_equal(map->ops->delete (map, &key), -EINVAL);
	assert_null(map->ops->lookup(map, &key));
	assert_int_equal(map->ops->update(map, &other, &value, 3), -EINVAL);
	assert_int_equal(map->ops->update(map, &other, &value, BPF_EXIST),
			 -ENOENT);
	assert_int_equal(map->ops->update(map, &other, &value, 0), 0);
	assert_int_equal(map->ops->update(map, &other, &value, BPF_NOEXIST),
			 -EEXIST);
	key.len = 0;
	assert_int_equal(map->ops->update(map, &key, &value, 0), -ENOSPC);
	assert_int_equal(map->ops->update(map, &key, &value, BPF_EXIST),
			 -ENOENT);
	assert_int_equal(map->ops->update(map, &other, &value, 0), 0);
	assert_int_equal(map->ops->read(map, &other, &value, BPF_F_LOCK),
			 -EINVAL);
	drop(map);
}

static void creation_says_what_is_wrong(void **state)
{
	static const struct {
		u32 key, value, entries, flags;
		const char *says;
	} rows[] = {
		{ 8, 4, 1, 0, "LPM tries need BPF_F_NO_PREALLOC" },
		{ 8, 4, 0, BPF_F_NO_PREALLOC, "max_entries must not be 0" },
		{ 4, 4, 1, BPF_F_NO_PREALLOC,
		  "a key has its prefixlen and 1 to 256 bytes, key_size is 4" },
		{ 261, 4, 1, BPF_F_NO_PREALLOC,
		  "a key has its prefixlen and 1 to 256 bytes, key_size is "
		  "261" },
		{ 8, 0, 1, BPF_F_NO_PREALLOC,
		  "value_size is 1 to 4194024 bytes, not 0" },
		{ 8, 4, 1, BPF_F_NO_PREALLOC | BPF_F_ZERO_SEED,
		  "lpm_trie maps have no flag 0x40" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct map_attr attr = { .type = BPF_MAP_TYPE_LPM_TRIE,
					       .key_size = rows[i].key,
					       .value_size = rows[i].value,
					       .max_entries = rows[i].entries,
					       .flags = rows[i].flags };
		struct err err = { 0 };
		struct map *map;

		assert_int_equal(map_create(&env, &attr, &err, &map), -EINVAL);
		assert_string_equal(err.reason, rows[i].says);
	}
}

/* 1: a number of 8 bytes, 2: a struct of it, 3: the struct by another name. */
static struct btf_blob *make_btf(void)
{
	static const struct {
		struct btf_header header;
		struct btf_type number;
		u32 bits;
		struct btf_type key;
		struct btf_member member;
		struct btf_type name;
		char strings[8];
	} raw = {
		.header = { .magic = BTF_MAGIC,
			    .version = BTF_VERSION,
			    .hdr_len = sizeof(struct btf_header),
			    .type_len = 3 * sizeof(struct btf_type) +
					sizeof(struct btf_member) + 4,
			    .str_off = 3 * sizeof(struct btf_type) +
				       sizeof(struct btf_member) + 4,
			    .str_len = 8 },
		.number = { 1, BTF_KIND_INT << 24, { 8 } },
		.bits = 64,
		.key = { 0, BTF_KIND_STRUCT << 24 | 1, { 8 } },
		.member = { 1, 1, 0 },
		.name = { 3, BTF_KIND_TYPEDEF << 24, { .type = 2 } },
		.strings = "\0n\0key",
	};
	struct btf_blob *btf;
	struct err err = { 0 };

	if (btf_parse(&raw, sizeof(raw), &err, &btf) != 0)
		fail_msg("%s", err.reason);
	return btf;
}

static void a_keys_btf_type_is_a_struct(void **state)
{
	struct btf_blob *btf = make_btf();

	(void)state;
	for (u32 id = 1; id <= 3; id++) {
		const struct map_attr attr = { .type = BPF_MAP_TYPE_LPM_TRIE,
					       .key_size = 8,
					       .value_size = 8,
					       .max_entries = 1,
					       .flags = BPF_F_NO_PREALLOC,
					       .btf = btf,
					       .btf_key = id,
					       .btf_value = 1 };
		struct err err = { 0 };
		struct map *map;
		int code = map_create(&env, &attr, &err, &map);

		assert_int_equal(code, id == 1 ? -EINVAL : 0);
		if (!code)
			drop(map);
		else
			assert_string_equal(err.reason,
					    "the key's BTF type is no struct: "
					    "it begins with struct "
					    "bpf_lpm_trie_key");
	}
	btf_put(btf);
}

/* Buffers of the exact size: a byte too much is the sanitizer's to find. */
static void odd_sizes_stay_within_the_callers_buffers(void **state)
{
	(void)state;
	for (u32 size = 1; size <= 41; size++) {
		struct map *map = make(size, size, 2);
		u8 *key = calloc(1, 4 + size), *next = malloc(4 + size);
		u8 *value = malloc(size), *out = malloc(size);
		u32 len = 8 * size;

		memset(key + 4, 0xa5, size);
		memset(value, 0x5a, size);
		memcpy(key, &len, 4);
		assert_int_equal(map->ops->update(map, key, value, 0), 0);
		assert_memory_equal(map->ops->lookup(map, key), value, size);
		assert_int_equal(map->ops->read(map, key, out, 0), 0);
		assert_memory_equal(out, value, size);
		assert_int_equal(map->ops->next_key(map, NULL, next), 0);
		assert_memory_equal(next, key, 4 + size);
		assert_int_equal(map->ops->delete (map, key), 0);
		free(out);
		free(value);
		free(next);
		free(key);
		drop(map);
	}
}

static void a_deleted_value_stays_until_the_burst_ends(void **state)
{
	struct map *map = make(4, 4, 64);
	struct rcu *rcu = mem_rcu(env.mem);
	struct key key = ip(10, 0, 0, 0, 8);
	u32 value = 7, *found;

	(void)state;
	assert_int_equal(rcu_online(rcu, 0), 0);
	assert_int_equal(map->ops->update(map, &key, &value, 0), 0);
	found = map->ops->lookup(map, &key);
	assert_int_equal(map->ops->delete (map, &key), 0);
	value = 0;
	for (u8 i = 0; i < 64; i++) {
		key = ip(i, 0, 0, 0, 32);
		assert_int_equal(map->ops->update(map, &key, &value, 0), 0);
	}
	assert_int_equal(*found, 7);
	rcu_offline(rcu, 0);
	drop(map);
}

/* However many elements others need meanwhile, in a trie that is full. */
static void what_a_burst_found_outlasts_any_number_of_changes(void **state)
{
	struct map *map = make(4, 4, 2);
	struct rcu *rcu = mem_rcu(env.mem);
	struct key key = ip(10, 0, 0, 0, 8);
	u32 value, *found[100];

	(void)state;
	assert_int_equal(rcu_online(rcu, 0), 0);
	for (u32 i = 0; i < 5000; i++) {
		value = i;
		assert_int_equal(map->ops->update(map, &key, &value, 0), 0);
		if (i < ARRAY_LEN(found))
			found[i] = map->ops->lookup(map, &key);
		if (i % 3 == 0)
			assert_int_equal(map->ops->delete (map, &key), 0);
	}
	for (u32 i = 0; i < ARRAY_LEN(found); i++)
		assert_int_equal(*found[i], i);
	rcu_offline(rcu, 0);
	drop(map);
}

static int counting(void *arg, const void *key, const void *value)
{
	(void)key;
	(void)value;
	++*(u32 *)arg;
	return 0;
}

/* Keys that are replaced between two pieces of a dump are in it once. */
static void scans_see_what_stays_once(void **state)
{
	struct map *map = make(4, 4, 1000);
	u32 value = 0, seen = 0;
	u64 cursor = 0;
	int err;

	(void)state;
	for (u32 i = 0; i < 1000; i++) {
		struct key key = ip(10, (u8)(i >> 8), (u8)i, 0, 24);

		assert_int_equal(map->ops->update(map, &key, &value, 0), 0);
	}
	do {
		err = map->ops->scan(map, &cursor, 100, counting, &seen);
		for (u32 i = 0; i < 1000; i++) {
			struct key key = ip(10, (u8)(i >> 8), (u8)i, 0, 24);

			assert_int_equal(map->ops->update(map, &key, &value,
							  BPF_EXIST),
					 0);
		}
	} while (!err);
	assert_int_equal(err, -ENOENT);
	assert_int_equal(seen, 1000);
	drop(map);
}

/* Memory goes up to the budget and not further, and what is there stays. */
static void memory_is_charged_as_it_fills(void **state)
{
	struct map *map = make(4, 1000, UINT32_MAX);
	u8 value[1000] = { 0 };
	struct key key;
	u32 n = 0;
	int err;

	(void)state;
	assert_true(map_bytes(map) < 1u << 20 << 1);
	do {
		key = ip(10, (u8)(n >> 16), (u8)(n >> 8), (u8)n, 32);
		err = map->ops->update(map, &key, value, 0);
		n++;
	} while (!err);
	assert_int_equal(err, -ENOMEM);
	assert_true(n > 50000);
	for (u32 i = 0; i < n - 1; i++) {
		key = ip(10, (u8)(i >> 16), (u8)(i >> 8), (u8)i, 32);
		assert_non_null(map->ops->lookup(map, &key));
		if (i % 2)
			assert_int_equal(map->ops->delete (map, &key), 0);
	}
	assert_int_equal(map->ops->update(map, &key, value, 0), 0);
	drop(map);
}

/* What 1,000 keys need is enough for any number of changes of 1,000 keys. */
static void memory_does_not_grow_with_changes(void **state)
{
	struct map *map = make(16, 4, 1000);
	u64 seed = 3, filled = 0;
	u32 value = 0;

	(void)state;
	for (u32 round = 0; round < 30; round++) {
		struct key from, *at = NULL, next;

		while (map->ops->count(map) < 1000) {
			random_key(&seed, 16, &next);
			map->ops->update(map, &next, &value, 0);
		}
		if (round == 9)
			filled = map_bytes(map);
		while (map->ops->next_key(map, at, &next) == 0) {
			from = next;
			at = random_below(&seed, 10) ? NULL : &from;
			assert_int_equal(map->ops->delete (map, &next), 0);
		}
	}
	assert_int_equal(map->ops->count(map), 0);
	assert_true(map_bytes(map) <= filled);
	assert_true(is_bare(map));
	drop(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_those_of_a_list),
		cmocka_unit_test(keys_follow_in_linuxs_order),
		cmocka_unit_test(a_key_keeps_the_bits_after_its_prefix),
		cmocka_unit_test(refusals_are_linuxs),
		cmocka_unit_test(creation_says_what_is_wrong),
		cmocka_unit_test(a_keys_btf_type_is_a_struct),
		cmocka_unit_test(odd_sizes_stay_within_the_callers_buffers),
		cmocka_unit_test(a_deleted_value_stays_until_the_burst_ends),
		cmocka_unit_test(
			what_a_burst_found_outlasts_any_number_of_changes),
		cmocka_unit_test(scans_see_what_stays_once),
		cmocka_unit_test(memory_is_charged_as_it_fills),
		cmocka_unit_test(memory_does_not_grow_with_changes),
	};

	return cmocka_run_group_tests(tests, make_env, drop_env);
}
