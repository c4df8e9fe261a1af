/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * queue_pass.c - attacks Q1, Q2 and Q4 of maps/queue_stack.c
 *
 * Threads push numbers that nobody else pushes and pop what is there.  Each
 * number comes out once and whole; what was pushed is what was popped and what
 * is left.
 */
#include <errno.h>

#include "sealed.h"
#include "stress.h"

#define ENTRIES 50
#define OPS 20000
#define THREADS 4

static atomic_uchar popped[THREADS * OPS];

static void take_note(const struct sealed *v)
{
	require(v->key < THREADS * OPS && intact(v, v->key));
	require(atomic_fetch_add(&popped[v->key], 1) == 0);
}

/* result: pushed, less popped */
static void pass(struct worker *w)
{
	u32 next = (u32)(uintptr_t)w->arg * OPS;
	struct sealed v;
	int err;

	for (u32 i = 0; i < w->ops; i++) {
		if (worker_random(w, 2)) {
			v = seal(next, i);
			err = w->slot == SLOT_NONE
				      ? w->map->ops->write(w->map, NULL, &v, 0)
				      : w->map->ops->push(w->map, &v, 0);
			require(err == 0 || err == -E2BIG);
			next += !err;
			w->result += !err;
		} else {
			err = w->slot == SLOT_NONE
				      ? w->map->ops->take(w->map, NULL, &v, 0)
				      : w->map->ops->pop(w->map, &v);
			require(err == 0 || err == -ENOENT);
			if (!err)
				take_note(&v);
			w->result -= !err;
		}
		require(w->map->ops->count(w->map) <= ENTRIES);
		worker_quiescent(w);
	}
}

static int whole(void *arg, const void *key, const void *value)
{
	const struct sealed *v = value;
	u32 *last = arg, thread = v->key / OPS;

	(void)key;
	require(intact(v, v->key));
	/* Of one thread the oldest comes first, and none twice. */
	require(last[thread] < v->key + 1);
	last[thread] = v->key + 1;
	return 0;
}

static void walk(struct worker *w)
{
	while (!worker_stopped(w)) {
		u32 last[THREADS] = { 0 };

		require(map_each(w->map, whole, last) == 0);
	}
}

static void each_comes_out_once(u32 type)
{
	const struct map_attr attr = { .type = type,
				       .value_size = sizeof(struct sealed),
				       .max_entries = ENTRIES,
				       .name = "pass" };
	struct map_env env;
	struct map *map;
	struct sealed v;
	u64 left = 0;

	stress_env(&env, 2, NULL);
	memset(popped, 0, sizeof(popped));
	require(map_create(&env, &attr, NULL, &map) == 0);
	{
		struct worker w[] = {
			{ &env, map, 0, OPS, .fn = pass, .arg = (void *)0ul },
			{ &env, map, 1, OPS, .fn = pass, .arg = (void *)1ul },
			{ &env, map, SLOT_NONE, OPS, .fn = pass,
			  .arg = (void *)2ul },
			{ &env, map, SLOT_NONE, OPS, .fn = pass,
			  .arg = (void *)3ul },
			{ &env, map, SLOT_NONE, 0, .fn = walk },
		};

		workers_run(w, ARRAY_LEN(w));
		for (u32 i = 0; i < THREADS; i++)
			left += w[i].result;
	}
	require(left == map->ops->count(map));
	for (; map->ops->pop(map, &v) == 0; left--)
		take_note(&v);
	require(left == 0);
	map_put(map);
	mem_destroy(env.mem);
}

int main(void)
{
	each_comes_out_once(BPF_MAP_TYPE_QUEUE);
	each_comes_out_once(BPF_MAP_TYPE_STACK);
	return 0;
}
