/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sys_objects.c - attacks M1 and M2 of lib/sys/map.c, and the pins
 *
 * Control threads make, find, pin and let go of maps and whole objects at
 * once.  What is found by id is alive while it is held, and nothing is left at
 * the end.  A map that was frozen while others wrote does not change any more.
 */
#include <errno.h>

#include "stress.h"
#include "sys_object.h"

static struct mem *mem;
static struct sys *sys;

static struct map *new_map(u64 value)
{
	const struct map_attr attr = { .type = BPF_MAP_TYPE_ARRAY,
				       .key_size = 4,
				       .value_size = 8,
				       .max_entries = 1,
				       .name = "stress" };
	const u32 key = 0;
	struct map *map;

	require(sys_map_create(sys, &attr, NULL, &map) == 0);
	require(sys_map_write(sys, map, &key, &value, 0) == 0);
	return map;
}

/* Its id is found as long as it is held, and never again. */
static void come_and_go(struct worker *w)
{
	for (u32 i = 0; i < w->ops; i++) {
		struct map *map = new_map(i), *found;
		u32 id = map->id;

		found = sys_map_by_id(sys, id);
		require(found == map);
		map_put(map);
		require(sys_map_by_id(sys, id) == found);
		map_put(found);
		map_put(found);
		rcu_reclaim(mem_rcu(mem));
	}
}

static void pin_and_unpin(struct worker *w)
{
	for (u32 i = 0; i < w->ops; i++) {
		char path[32];
		struct map *map = new_map(i), *found;

		snprintf(path, sizeof(path), "/%u", worker_random(w, 4));
		if (sys_pin_map(sys, path, map) == -EEXIST)
			sys_unpin(sys, path);
		map_put(map);
		found = sys_pinned_map(sys, path);
		if (found) {
			const u32 key = 0;
			u64 value;

			require(sys_map_read(sys, found, &key, &value, 0) == 0);
			map_put(found);
		}
	}
}

static void load_objects(struct worker *w)
{
	struct object *o = malloc(sizeof(*o));

	object_make(o);
	o->maps[O_SHARED].pin_by_name = false;
	for (u32 i = 0; i < w->ops; i++) {
		struct sys_obj *so;

		o->slot.target = i & 1 ? O_TARGET : O_SPARE;
		if (sys_load(sys, &o->obj, NULL, NULL, &so) == 0) {
			require(i & 1);
			sys_obj_put(so);
		} else {
			require(!(i & 1));
		}
		rcu_reclaim(mem_rcu(mem));
	}
	free(o);
}

static void look_around(struct worker *w)
{
	while (!worker_stopped(w)) {
		for (u32 id = 0; (id = sys_next_map_id(sys, id));) {
			struct map *map = sys_map_by_id(sys, id);

			if (!map)
				continue;
			require(map->id == id);
			require(map_bytes(map) > 0);
			map_put(map);
		}
		for (u32 id = 0; (id = sys_next_prog_id(sys, id));) {
			struct prog *prog = sys_prog_by_id(sys, id);

			if (!prog)
				continue;
			require(prog->id == id && prog->run);
			prog_put(prog);
		}
		sched_yield();
	}
}

static void begin(void)
{
	const struct mem_config config = { .budget = 1ull << 30, .slots = 1 };

	require(mem_create(&config, &mem) == 0);
	require(sys_create(mem, &sys) == 0);
}

static void end(void)
{
	sys_destroy(sys);
	require(mem_used(mem) == 0);
	mem_destroy(mem);
}

static void what_is_found_is_alive(void)
{
	struct map_env env;
	struct worker w[] = {
		{ &env, NULL, SLOT_NONE, 3000, .fn = come_and_go },
		{ &env, NULL, SLOT_NONE, 3000, .fn = come_and_go },
		{ &env, NULL, SLOT_NONE, 1000, .fn = pin_and_unpin },
		{ &env, NULL, SLOT_NONE, 1000, .fn = pin_and_unpin },
		{ &env, NULL, SLOT_NONE, 300, .fn = load_objects },
		{ &env, NULL, SLOT_NONE, 0, .fn = look_around },
	};

	begin();
	env.mem = mem;
	workers_run(w, ARRAY_LEN(w));
	for (char path[] = "/0"; path[1] < '4'; path[1]++)
		sys_unpin(sys, path);
	rcu_barrier(mem_rcu(mem));
	rcu_barrier(mem_rcu(mem));
	rcu_barrier(mem_rcu(mem));
	require(sys_next_map_id(sys, 0) == 0);
	require(sys_next_prog_id(sys, 0) == 0);
	end();
}

static void count_up(struct worker *w)
{
	const u32 key = 0;
	int err = 0;

	for (u64 i = 1; !err; i++)
		err = sys_map_write(sys, w->map, &key, &i, 0);
	require(err == -EPERM);
}

static void freeze(struct worker *w)
{
	const u32 key = 0;
	u64 then, now;

	require(sys_map_freeze(sys, w->map) == 0);
	require(sys_map_read(sys, w->map, &key, &then, 0) == 0);
	for (int i = 0; i < 100; i++) {
		sched_yield();
		require(sys_map_read(sys, w->map, &key, &now, 0) == 0);
		require(now == then);
	}
}

static void a_frozen_map_stays_as_it_is(void)
{
	struct map_env env;

	begin();
	env.mem = mem;
	for (int i = 0; i < 50; i++) {
		struct map *map = new_map(0);
		struct worker w[] = {
			{ &env, map, SLOT_NONE, 1, .fn = count_up },
			{ &env, map, SLOT_NONE, 1, .fn = count_up },
			{ &env, map, SLOT_NONE, 1, .fn = freeze },
		};

		workers_run(w, ARRAY_LEN(w));
		map_put(map);
	}
	end();
}

int main(void)
{
	what_is_found_is_alive();
	a_frozen_map_stays_as_it_is();
	return 0;
}
