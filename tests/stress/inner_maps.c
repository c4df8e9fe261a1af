/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * inner_maps.c - attacks M1, M2 and M4 of maps/array_of_maps.c and
 * maps/hash_of_maps.c
 *
 * lcores go through entries into inner maps that control threads make, put in,
 * replace and take out.  Nothing but the entry keeps an inner map, and its
 * memory is unmapped when it is freed.
 */
#include <errno.h>

#include "stress.h"

#define ENTRIES 4
#define STAYS 0u /* this key is replaced, and never erased */
#define ALIVE 0xa11fea11feull

static const struct map_attr inner_attr = { .type = BPF_MAP_TYPE_ARRAY,
					    .key_size = 4,
					    .value_size = 8,
					    .max_entries = 1,
					    .name = "inner" };

static struct map *new_inner(struct map_env *env)
{
	const u64 alive = ALIVE;
	const u32 zero = 0;
	struct map *map;

	require(map_create(env, &inner_attr, NULL, &map) == 0);
	require(map->ops->write(map, &zero, &alive, 0) == 0);
	return map;
}

static bool is_alive(struct map *inner)
{
	const u32 zero = 0;
	const u64 *value = inner->ops->lookup(inner, &zero);

	return value && __atomic_load_n(value, __ATOMIC_RELAXED) == ALIVE;
}

static void go_in(struct worker *w)
{
	struct map *found[BURST];

	while (!worker_stopped(w)) {
		for (u32 i = 0; i < BURST; i++) {
			u32 key = worker_random(w, ENTRIES);

			found[i] = w->map->ops->lookup(w->map, &key);
			require(found[i] || key != STAYS);
			require(!found[i] || is_alive(found[i]));
		}
		for (u32 i = 0; i < BURST; i++)
			require(!found[i] || is_alive(found[i]));
		worker_quiescent(w);
	}
}

static void rewire(struct worker *w)
{
	for (u32 i = 0; i < w->ops; i++) {
		u32 key = worker_random(w, ENTRIES), id;
		struct map *inner;
		int err;

		switch (worker_random(w, 4)) {
		case 0:
			err = key == STAYS ? 0
					   : w->map->ops->erase(w->map, &key);
			require(err == 0 || err == -ENOENT);
			break;
		case 1:
			err = w->map->ops->read(w->map, &key, &id, 0);
			require(err == 0 || err == -ENOENT);
			break;
		default:
			inner = new_inner(w->env);
			require(w->map->ops->write_object(w->map, &key, inner,
							  0) == 0);
			map_put(inner);
		}
		rcu_reclaim(worker_rcu(w));
	}
}

static int count_entry(void *arg, const void *key, const void *value)
{
	(void)key;
	(void)value;
	++*(u32 *)arg;
	return 0;
}

static void walk(struct worker *w)
{
	while (!worker_stopped(w)) {
		u32 n = 0;

		require(map_each(w->map, count_entry, &n) == 0);
		require(n >= 1 && n <= ENTRIES);
	}
}

static void inner_maps_live_until_the_burst_ends(u32 type)
{
	struct map_env env;
	struct map_attr attr = { .type = type,
				 .key_size = 4,
				 .value_size = 4,
				 .max_entries = ENTRIES,
				 .name = "outer" };
	struct map *map, *first;
	u32 key = STAYS;

	stress_env(&env, 2, NULL);
	first = new_inner(&env);
	attr.inner = first;
	require(map_create(&env, &attr, NULL, &map) == 0);
	require(map->ops->write_object(map, &key, first, 0) == 0);
	map_put(first);
	{
		struct worker w[] = {
			{ &env, map, 0, 0, .fn = go_in },
			{ &env, map, 1, 0, .fn = go_in },
			{ &env, map, SLOT_NONE, 1500, .fn = rewire },
			{ &env, map, SLOT_NONE, 1500, .fn = rewire },
			{ &env, map, SLOT_NONE, 0, .fn = walk },
		};

		workers_run(w, ARRAY_LEN(w));
	}
	map_put(map);
	/* the outer map, then what it held */
	for (u32 i = 0; i < 3; i++)
		rcu_barrier(mem_rcu(env.mem));
	require(mem_used(env.mem) == 0);
	mem_destroy(env.mem);
}

int main(void)
{
	inner_maps_live_until_the_burst_ends(BPF_MAP_TYPE_ARRAY_OF_MAPS);
	inner_maps_live_until_the_burst_ends(BPF_MAP_TYPE_HASH_OF_MAPS);
	return 0;
}
