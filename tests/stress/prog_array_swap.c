/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * prog_array_swap.c - attacks P1, P2 and P4 of maps/prog_array.c
 *
 * lcores jump through entries that control threads set, replace and erase.
 * Programs are counted: each is freed once, after the last burst that found
 * it, and none is left at the end.
 */
#include <errno.h>

#include "maps/prog_array.h"
#include "stress.h"

#define ENTRIES 8
#define ALIVE 0xa11feu

struct prog {
	atomic_uint refs;
	u32 id;
	u32 alive;
};

static atomic_uint programs;

static struct prog *new_prog(u32 id)
{
	struct prog *p = malloc(sizeof(*p));

	require(p);
	atomic_init(&p->refs, 1);
	p->id = id;
	p->alive = ALIVE;
	atomic_fetch_add(&programs, 1);
	return p;
}

static void get(struct prog *prog)
{
	atomic_fetch_add_explicit(&prog->refs, 1, memory_order_relaxed);
}

static void put(struct prog *prog)
{
	if (atomic_fetch_sub_explicit(&prog->refs, 1, memory_order_acq_rel) !=
	    1)
		return;
	require(prog->alive == ALIVE);
	prog->alive = 0;
	free(prog);
	atomic_fetch_sub(&programs, 1);
}

static u32 id_of(const struct prog *prog)
{
	return prog->id;
}

static u64 kind_of(const struct prog *prog)
{
	return prog->id & 1 ? 11 : 22;
}

static const struct prog_ref_ops progs = {
	.get = get,
	.put = put,
	.id = id_of,
	.kind = kind_of,
};

static void jump(struct worker *w)
{
	const struct prog *found[BURST];

	while (!worker_stopped(w)) {
		for (u32 i = 0; i < BURST; i++) {
			found[i] = prog_array_at(w->map,
						 worker_random(w, ENTRIES + 1));
			require(!found[i] || found[i]->alive == ALIVE);
		}
		for (u32 i = 0; i < BURST; i++)
			require(!found[i] || found[i]->alive == ALIVE);
		worker_quiescent(w);
	}
}

static void rewire(struct worker *w)
{
	for (u32 i = 0; i < w->ops; i++) {
		u32 key = worker_random(w, ENTRIES), id;
		struct prog *p;
		int err;

		switch (worker_random(w, 4)) {
		case 0:
			err = w->map->ops->erase(w->map, &key);
			require(err == 0 || err == -ENOENT);
			break;
		case 1:
			err = w->map->ops->read(w->map, &key, &id, 0);
			require(err == -ENOENT || (err == 0 && (id & 1)));
			break;
		default:
			p = new_prog(2 * i + 1);
			require(w->map->ops->write_object(w->map, &key, p, 0) ==
				0);
			put(p);
		}
		rcu_reclaim(worker_rcu(w));
	}
}

/* Nothing but the entry's reference, and the lock, keeps what is read. */
static void ask(struct worker *w)
{
	while (!worker_stopped(w)) {
		u32 key = worker_random(w, ENTRIES), id;

		if (w->map->ops->read(w->map, &key, &id, 0) == 0)
			require(id & 1);
	}
}

static struct map *new_array(struct map_env *env)
{
	const struct map_attr attr = { .type = BPF_MAP_TYPE_PROG_ARRAY,
				       .key_size = 4,
				       .value_size = 4,
				       .max_entries = ENTRIES,
				       .name = "jumps" };
	struct map *map;

	stress_env(env, 2, &progs);
	require(map_create(env, &attr, NULL, &map) == 0);
	return map;
}

static void swapped_programs_live_until_the_burst_ends(void)
{
	struct map_env env;
	struct map *map = new_array(&env);
	struct worker w[] = {
		{ &env, map, 0, 0, .fn = jump },
		{ &env, map, 1, 0, .fn = jump },
		{ &env, map, SLOT_NONE, 10000, .fn = rewire },
		{ &env, map, SLOT_NONE, 10000, .fn = rewire },
		{ &env, map, SLOT_NONE, 0, .fn = ask },
	};

	workers_run(w, ARRAY_LEN(w));
	map_put(map);
	mem_destroy(env.mem);
	require(atomic_load(&programs) == 0);
}

/* A program that jumps through an array that holds it: the two do not keep
 * each other once the user is gone, and the program may still look. */
static void the_last_user_empties_the_array(void)
{
	struct map_env env;
	struct map *map = new_array(&env);
	struct prog *p = new_prog(1);
	u32 key = 3;

	map_hold(map);
	require(map->ops->write_object(map, &key, p, 0) == 0);
	require(prog_array_at(map, key) == p);
	map_put(map);
	require(prog_array_at(map, key) == NULL);
	require(map->ops->count(map) == 0);
	rcu_barrier(mem_rcu(env.mem));
	require(atomic_load(&p->refs) == 1);
	put(p);
	map_release(map);
	mem_destroy(env.mem);
	require(atomic_load(&programs) == 0);
}

int main(void)
{
	swapped_programs_live_until_the_burst_ends();
	the_last_user_empties_the_array();
	return 0;
}
