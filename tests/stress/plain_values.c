/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plain_values.c - attacks families whose values nobody replaces: B1 and B2 of
 * maps/bloom_filter.c, the slots of maps/percpu_array.c, the entries of
 * maps/cgroup_array.c
 *
 * A value that was added is found by all from then on, what an lcore counts is
 * all there and never less than it was, and an entry is always one of those
 * that were put there.
 */
#include <errno.h>

#include "maps/group.h"
#include "stress.h"

#define OPS 30000
#define THREADS 4
#define ENTRIES 7

static struct map *make(struct map_env *env, u32 type, u32 key, u32 value,
			u32 entries)
{
	const struct map_attr attr = { .type = type,
				       .key_size = key,
				       .value_size = value,
				       .max_entries = entries,
				       .name = "plain" };
	struct map *map;

	require(map_create(env, &attr, NULL, &map) == 0);
	return map;
}

/* ---- sets: all threads fill a small one at once, then the next ---- */

#define SETS 300
#define VALUES 20 /* of each thread in a set */

static struct map *sets[SETS];
static atomic_uint arrived[SETS];
static atomic_uint added[SETS][THREADS];

static u64 number(u32 thread, u32 i)
{
	return (u64)thread << 32 | i;
}

static void wait_for_all(u32 set)
{
	atomic_fetch_add(&arrived[set], 1);
	while (atomic_load(&arrived[set]) < THREADS)
		sched_yield();
}

static void add_and_ask(struct worker *w)
{
	u32 me = (u32)(uintptr_t)w->arg;

	for (u32 i = 0; i < SETS * VALUES; i++) {
		struct map *map = sets[i / VALUES];
		u32 other = worker_random(w, THREADS), there;
		u64 value = number(me, i);

		if (i % VALUES == 0)
			wait_for_all(i / VALUES);
		there = atomic_load(&added[i / VALUES][other]);
		require((w->slot == SLOT_NONE
				 ? map->ops->write(map, NULL, &value, 0)
				 : map->ops->push(map, &value, 0)) == 0);
		atomic_fetch_add(&added[i / VALUES][me], 1);
		worker_quiescent(w);
		if (!there)
			continue;
		value = number(other, i / VALUES * VALUES +
					      worker_random(w, there));
		require(map->ops->peek(map, &value) == 0);
	}
}

static void all_are_found(u32 set)
{
	for (u32 t = 0; t < THREADS; t++)
		for (u32 i = 0; i < VALUES; i++) {
			u64 value = number(t, set * VALUES + i);

			require(sets[set]->ops->peek(sets[set], &value) == 0);
		}
}

static void what_was_added_is_found(void)
{
	struct map_env env;

	stress_env(&env, 2, NULL);
	for (u32 i = 0; i < SETS; i++)
		sets[i] = make(&env, BPF_MAP_TYPE_BLOOM_FILTER, 0, 8,
			       THREADS * VALUES);
	{
		struct worker w[THREADS] = {
			{ &env, NULL, 0, 1, .fn = add_and_ask,
			  .arg = (void *)0ul },
			{ &env, NULL, 1, 1, .fn = add_and_ask,
			  .arg = (void *)1ul },
			{ &env, NULL, SLOT_NONE, 1, .fn = add_and_ask,
			  .arg = (void *)2ul },
			{ &env, NULL, SLOT_NONE, 1, .fn = add_and_ask,
			  .arg = (void *)3ul },
		};

		workers_run(w, THREADS);
	}
	for (u32 i = 0; i < SETS; i++) {
		all_are_found(i);
		map_put(sets[i]);
	}
	mem_destroy(env.mem);
}

/* ---- slots ---- */

#define SLOTS 2

/* result: counted */
static void count(struct worker *w)
{
	for (u32 i = 0; i < w->ops; i++) {
		u32 key = worker_random(w, ENTRIES);
		u64 *n = w->map->ops->lookup(w->map, &key);

		require(n);
		__atomic_store_n(n, *n + 1, __ATOMIC_RELAXED);
		w->result++;
		key = ENTRIES;
		require(!w->map->ops->lookup(w->map, &key));
		worker_quiescent(w);
	}
}

static void watch(struct worker *w)
{
	u64 before[ENTRIES][SLOTS] = { 0 }, now[SLOTS];

	while (!worker_stopped(w))
		for (u32 key = 0; key < ENTRIES; key++) {
			require(w->map->ops->read(w->map, &key, now, 0) == 0);
			for (u32 s = 0; s < SLOTS; s++) {
				require(now[s] >= before[key][s]);
				require(now[s] <= OPS);
				before[key][s] = now[s];
			}
		}
}

static void each_slot_counts_for_itself(void)
{
	u64 total[SLOTS] = { 0 }, now[SLOTS];
	struct map_env env;
	struct map *map;

	stress_env(&env, SLOTS, NULL);
	map = make(&env, BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, ENTRIES);
	{
		struct worker w[] = {
			{ &env, map, 0, OPS, .fn = count },
			{ &env, map, 1, OPS / 2, .fn = count },
			{ &env, map, SLOT_NONE, 0, .fn = watch },
			{ &env, map, SLOT_NONE, 0, .fn = watch },
		};

		workers_run(w, ARRAY_LEN(w));
		for (u32 key = 0; key < ENTRIES; key++) {
			require(map->ops->read(map, &key, now, 0) == 0);
			for (u32 s = 0; s < SLOTS; s++)
				total[s] += now[s];
		}
		require(total[0] == w[0].result && total[0] == OPS);
		require(total[1] == w[1].result && total[1] == OPS / 2);
	}
	map_put(map);
	mem_destroy(env.mem);
}

/* ---- groups ---- */

#define PORTS 300

static u32 port_group(u32 i)
{
	return (u32)GROUP_PORT << GROUP_KIND_SHIFT | i;
}

static void set_groups(struct worker *w)
{
	for (u32 i = 0; i < w->ops; i++) {
		u32 key = worker_random(w, ENTRIES);
		u32 group = port_group(1 + key * PORTS + i % PORTS);
		int err;

		if (worker_random(w, 4)) {
			require(w->map->ops->write(w->map, &key, &group, 0) ==
				0);
			continue;
		}
		err = w->map->ops->erase(w->map, &key);
		require(err == 0 || err == -ENOENT);
	}
}

static void ask_groups(struct worker *w)
{
	while (!worker_stopped(w)) {
		u32 key = worker_random(w, ENTRIES);
		u32 group = cgroup_array_at(w->map, key);
		u32 first = port_group(1 + key * PORTS);

		require(group == GROUP_NONE ||
			(group >= first && group < first + PORTS));
		require(cgroup_array_holds(w->map, key, GROUP_NONE) <= 0);
		require(cgroup_array_holds(w->map, ENTRIES, group) == -E2BIG);
		worker_quiescent(w);
	}
}

static void an_entry_is_one_that_was_put_there(void)
{
	struct map_env env;
	struct map *map;

	stress_env(&env, 2, NULL);
	map = make(&env, BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, ENTRIES);
	{
		struct worker w[] = {
			{ &env, map, 0, 0, .fn = ask_groups },
			{ &env, map, 1, 0, .fn = ask_groups },
			{ &env, map, SLOT_NONE, OPS, .fn = set_groups },
			{ &env, map, SLOT_NONE, OPS, .fn = set_groups },
		};

		workers_run(w, ARRAY_LEN(w));
	}
	map_put(map);
	mem_destroy(env.mem);
}

int main(void)
{
	what_was_added_is_found();
	each_slot_counts_for_itself();
	an_entry_is_one_that_was_put_there();
	return 0;
}
