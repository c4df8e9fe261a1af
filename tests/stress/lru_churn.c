/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lru_churn.c - attacks L1, L3 and L4 of maps/lru.c, and H3 of maps/htab.c in a
 * map that is always full
 */
#include <errno.h>

#include "maps/htab.h"
#include "sealed.h"
#include "stress.h"

#define SLOTS 3

static struct map *new_map(struct map_env *env, u32 type, u32 entries,
			   u32 flags)
{
	const struct map_attr attr = { .type = type,
				       .key_size = 4,
				       .value_size = sizeof(struct sealed),
				       .max_entries = entries,
				       .flags = flags,
				       .name = "stress" };
	struct map *map;

	stress_env(env, SLOTS, NULL);
	require(map_create(env, &attr, NULL, &map) == 0);
	return map;
}

static int counting(void *arg, const void *key, const void *value)
{
	(void)key;
	(void)value;
	++*(u32 *)arg;
	return 0;
}

static u32 entries_in(struct map *map)
{
	u32 n = 0;

	require(map_each(map, counting, &n) == 0);
	require(n == map->ops->count(map));
	return n;
}

static void end_map(struct map_env *env, struct map *map)
{
	require(htab_verify(map) == 0);
	map_put(map);
	mem_destroy(env->mem);
}

static void put_sealed(struct map *map, u32 key, u32 version, u64 flags)
{
	const struct sealed v = seal(key, version);

	require(map->ops->update(map, &key, &v, flags) == 0);
}

/* ---- L1, L4: while the keys of all fit, none of them ever goes, however near
 * the limit and however often elements change hands ---- */

#define SHARE 33
#define ENTRIES (4 * SHARE)

static void keep_own(struct worker *w)
{
	u32 base = (w->slot & 0xff) << 24, n = 0;

	for (u32 i = 0; i < w->ops; i++) {
		u32 key = base + worker_random(w, SHARE);
		u32 other = base + worker_random(w, SHARE);
		struct sealed v;
		int err;

		if (worker_random(w, 4) == 0) {
			err = w->map->ops->delete (w->map, &key);
			require(err == 0 || err == -ENOENT);
			n -= err == 0;
		} else {
			v = seal(key, i);
			err = w->map->ops->update(w->map, &key, &v,
						  BPF_NOEXIST);
			require(err == 0 || err == -EEXIST);
			n += err == 0;
			put_sealed(w->map, key, i, BPF_EXIST);
		}
		if (w->map->ops->read(w->map, &other, &v, 0) == 0)
			require(intact(&v, other));
		if (i % BURST == 0)
			worker_quiescent(w);
	}
	for (u32 key = base; key < base + SHARE; key++)
		n -= w->map->ops->lookup(w->map, &key) != NULL;
	require(n == 0);
}

static void nothing_goes_that_fits(void)
{
	struct map_env env;
	struct map *map = new_map(&env, BPF_MAP_TYPE_LRU_HASH, ENTRIES, 0);
	struct worker w[] = {
		{ &env, map, 0, 40000, .fn = keep_own },
		{ &env, map, 1, 40000, .fn = keep_own },
		{ &env, map, 2, 40000, .fn = keep_own },
		{ &env, map, SLOT_NONE, 40000, .fn = keep_own },
	};
	u32 key = 0x7fffff, n;

	workers_run(w, ARRAY_LEN(w));
	/* What is left of the limit can be had before anything goes. */
	for (n = entries_in(map); n < ENTRIES; n++, key++)
		put_sealed(map, key, 0, BPF_NOEXIST);
	require(entries_in(map) == ENTRIES);
	end_map(&env, map);
}

/* ---- L1, L3: a full map stays full, and not more than full; every insertion
 * finds an element that may go ---- */

static void insert_new(struct worker *w)
{
	u32 base = (w->slot & 0xff) << 24;

	for (u32 i = 0; i < w->ops; i++) {
		put_sealed(w->map, base + i, i, i & 1 ? BPF_ANY : BPF_NOEXIST);
		if (i % 64 == 63) {
			u32 key = base + i - worker_random(w, 64);
			int err = w->map->ops->delete (w->map, &key);

			require(err == 0 || err == -ENOENT);
		}
		if (i % BURST == 0)
			worker_quiescent(w);
	}
}

static void a_full_map_stays_full(u32 type, u32 entries, u32 flags)
{
	struct map_env env;
	struct map *map = new_map(&env, type, entries, flags);
	struct worker w[] = {
		{ &env, map, 0, 40000, .fn = insert_new },
		{ &env, map, 1, 40000, .fn = insert_new },
		{ &env, map, SLOT_NONE, 40000, .fn = insert_new },
	};
	u32 key = 0;

	workers_run(w, ARRAY_LEN(w));
	require(entries_in(map) <= map->max_entries);
	require(htab_verify(map) == 0);
	for (key = 0; key < 2 * map->max_entries; key++)
		put_sealed(map, key + 0xf0000000, key, BPF_NOEXIST);
	require(entries_in(map) == map->max_entries);
	end_map(&env, map);
}

/* ---- H3: what was found stays whole until the burst ends, although it is
 * evicted; and lookups find the key's value or nothing ---- */

#define CROWD 256

static void come_and_go(struct worker *w)
{
	for (u32 i = 0; i < w->ops; i++) {
		put_sealed(w->map, worker_random(w, 3 * CROWD), i, BPF_ANY);
		if (i % BURST == BURST - 1) /* spares last: pool.h, E3 */
			worker_grace(w);
	}
}

static void find(struct worker *w)
{
	const struct sealed *found[BURST];
	u32 keys[BURST];

	while (!worker_stopped(w)) {
		for (u32 i = 0; i < BURST; i++) {
			keys[i] = worker_random(w, 3 * CROWD);
			found[i] = w->map->ops->lookup(w->map, &keys[i]);
		}
		for (u32 i = 0; i < BURST; i++)
			require(!found[i] || intact(found[i], keys[i]));
		worker_quiescent(w);
	}
}

static void read_outside(struct worker *w)
{
	struct sealed v;

	while (!worker_stopped(w)) {
		u32 key = worker_random(w, 3 * CROWD);
		int err = w->map->ops->read(w->map, &key, &v, 0);

		require(err == -ENOENT || (!err && intact(&v, key)));
	}
}

static void evicted_values_stay_whole(void)
{
	struct map_env env;
	struct map *map = new_map(&env, BPF_MAP_TYPE_LRU_HASH, CROWD, 0);
	struct worker w[] = {
		{ &env, map, 0, 8000, .fn = come_and_go },
		{ &env, map, 1, 8000, .fn = come_and_go },
		{ &env, map, 2, 0, .fn = find },
		{ &env, map, SLOT_NONE, 0, .fn = read_outside },
	};

	workers_run(w, ARRAY_LEN(w));
	require(entries_in(map) == CROWD);
	end_map(&env, map);
}

int main(void)
{
	static const u32 entries[] = { 1, 2, 7, 100, 3000 };

	nothing_goes_that_fits();
	for (size_t i = 0; i < ARRAY_LEN(entries); i++)
		a_full_map_stays_full(BPF_MAP_TYPE_LRU_HASH, entries[i], 0);
	a_full_map_stays_full(BPF_MAP_TYPE_LRU_HASH, 100, BPF_F_NO_COMMON_LRU);
	a_full_map_stays_full(BPF_MAP_TYPE_LRU_PERCPU_HASH, 100, 0);
	evicted_values_stay_whole();
	return 0;
}
