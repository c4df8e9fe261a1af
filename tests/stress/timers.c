/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * timers.c - attacks T1 to T4 of maps/timer.h
 *
 * Programs make, start and cancel timers, replace and delete what they are in,
 * and so do control threads and the callbacks.  A callback's program is held
 * while it runs; what was cancelled does not run; in the end nobody holds a
 * program.
 */
#include <errno.h>
#include <time.h>

#include "../btf_make.h"
#include "bpf/btf.h"
#include "maps/fields.h"
#include "maps/timer.h"
#include "stress.h"

#define OWN 4		   /* keys that only one lcore, and callbacks, touch */
#define KEYS (2 * OWN + 6) /* and those that all do */
#define ENTRIES 24
#define PROGS 3

struct prog {
	atomic_int refs;
};

struct value {
	u64 fired;
	struct bpf_timer timer;
};

struct shared {
	struct prog progs[PROGS];
	struct timers *timers;
	atomic_uint running[KEYS]; /* callbacks */
	atomic_ullong ran;
};

static struct shared shared;

static void get(struct prog *prog)
{
	require(atomic_fetch_add(&prog->refs, 1) > 0);
}

static void put(struct prog *prog)
{
	require(atomic_fetch_sub(&prog->refs, 1) > 1);
}

static const struct prog_ref_ops refs = { .get = get, .put = put };

static u64 now(void *arg, int clock)
{
	struct timespec ts;

	(void)arg;
	clock_gettime(clock, &ts);
	return (u64)ts.tv_sec * 1000000000 + (u64)ts.tv_nsec;
}

static void wake(void *arg)
{
	(void)arg;
}

static const struct timers_ops ops = { now, wake };

static struct btf_blob *types(u32 *value)
{
	static struct btf_make m;
	struct btf_blob *btf;
	u32 wide, timer;

	make_init(&m);
	make_int(&m, "u32", 4, 0); /* the key: 1 */
	wide = make_int(&m, "u64", 8, 0);
	timer = make_type(&m, "bpf_timer", BTF_KIND_STRUCT, 2, 16);
	make_member(&m, "a", wide, 0);
	make_member(&m, "b", wide, 64);
	*value = make_type(&m, "value", BTF_KIND_STRUCT, 2,
			   sizeof(struct value));
	make_member(&m, "fired", wide, 0);
	make_member(&m, "timer", timer, 64);
	require(btf_parse(m.out, make_end(&m), NULL, &btf) == 0);
	return btf;
}

/* ---- what is done ---- */

static struct bpf_timer *timer_of(struct worker *w, u32 key)
{
	struct value *v = w->map->ops->lookup(w->map, &key);

	return v ? &v->timer : NULL;
}

static void write_key(struct worker *w, u32 key, bool new)
{
	const struct value v = { .fired = key };

	if (!new)
		w->map->ops->delete (w->map, &key);
	else
		w->map->ops->update(w->map, &key, &v, 0);
}

static void start(struct worker *w, struct bpf_timer *timer)
{
	int err = timer_start(shared.timers, timer, worker_random(w, 2000), 0);

	require(err == 0 || err == -EINVAL);
}

static void one(struct worker *w, u32 key, const void *who)
{
	struct bpf_timer *timer = timer_of(w, key);
	u32 what = worker_random(w, 10);
	int err;

	/* those of one lcore stay: their timers are the same throughout */
	if (!timer || (what < 2 && key >= 2 * OWN)) {
		write_key(w, key, !timer || what);
		return;
	}
	switch (what) {
	case 2:
		err = timer_cancel(shared.timers, timer, who);
		require(err >= 0 || err == -EINVAL || (who && err == -EDEADLK));
		break;
	case 3:
	case 4:
		err = timer_init(w->map, timer, 1);
		require(err == 0 || err == -EBUSY || err == -EPERM);
		break;
	case 5:
	case 6:
		timer_set_callback(shared.timers, timer,
				   &shared.progs[worker_random(w, PROGS)], key);
		break;
	default: start(w, timer);
	}
}

/* Nobody else starts it again but its callback, which does not run now. */
static void cancel_own(struct worker *w, u32 key)
{
	struct bpf_timer *timer = timer_of(w, key);

	if (!timer || timer_cancel(shared.timers, timer, NULL) < 0)
		return;
	for (u32 i = 0; i < 20; i++)
		require(!atomic_load(&shared.running[key]));
}

static void play_lcore(struct worker *w)
{
	for (u32 i = 0; i < w->ops; i++) {
		u32 own = w->slot * OWN + worker_random(w, OWN);

		if (worker_random(w, 2))
			one(w, 2 * OWN + worker_random(w, KEYS - 2 * OWN),
			    NULL);
		else if (worker_random(w, 4))
			one(w, own, NULL);
		else
			cancel_own(w, own);
		if (i % BURST)
			continue;
		worker_quiescent(w);
		if (i % (32 * BURST) == 0)
			sched_yield();
	}
}

static void play_control(struct worker *w)
{
	while (!worker_stopped(w)) {
		const struct value v = { 0 };
		u32 key = 2 * OWN + worker_random(w, KEYS - 2 * OWN);

		if (worker_random(w, 2))
			w->map->ops->write(w->map, &key, &v, 0);
		else
			w->map->ops->erase(w->map, &key);
		sched_yield();
	}
}

static void call(struct worker *w, const struct timer_due *due)
{
	u32 index, key = (u32)due->func;
	const struct value *v = due->value;

	require(atomic_load(&due->prog->refs) > 1);
	require(timer_key(due->map, due->value, &index) != NULL);
	atomic_store(&shared.running[key], 1);
	__atomic_load_n(&v->fired, __ATOMIC_RELAXED);
	/* long enough to be cancelled meanwhile */
	for (u32 i = 0; key < 2 * OWN && i < 4; i++)
		sched_yield();
	if (worker_random(w, 2))
		one(w, key, w);
	else if (worker_random(w, 2))
		one(w, 2 * OWN + worker_random(w, KEYS - 2 * OWN), w);
	atomic_store(&shared.running[key], 0);
	atomic_fetch_add(&shared.ran, 1);
}

static void run_timers(struct worker *w)
{
	struct timer_due due;

	while (!worker_stopped(w)) {
		rcu_guest_enter(worker_rcu(w));
		while (timers_take(shared.timers, w, &due)) {
			call(w, &due);
			timers_done(shared.timers, &due);
			rcu_guest_quiescent(worker_rcu(w));
		}
		rcu_guest_leave(worker_rcu(w));
		rcu_reclaim(worker_rcu(w));
		sched_yield();
	}
}

static void attack(struct map_env *env, u32 type, u32 flags)
{
	struct map_attr attr = { .type = type,
				 .key_size = 4,
				 .value_size = sizeof(struct value),
				 .max_entries = ENTRIES,
				 .flags = flags,
				 .name = "timers" };
	struct worker w[] = {
		{ .slot = 0, .ops = 500000, .fn = play_lcore },
		{ .slot = 1, .ops = 500000, .fn = play_lcore },
		{ .slot = SLOT_NONE, .fn = play_control },
		{ .slot = SLOT_NONE, .fn = run_timers },
	};
	struct map *map;

	attr.btf = types(&attr.btf_value);
	attr.btf_key = 1;
	require(map_create(env, &attr, NULL, &map) == 0);
	btf_put(attr.btf);
	for (u32 i = 0; i < ARRAY_LEN(w); i++) {
		w[i].env = env;
		w[i].map = map;
	}
	workers_run(w, ARRAY_LEN(w));
	map_put(map);
	for (u32 i = 0; i < PROGS; i++)
		require(atomic_load(&shared.progs[i].refs) == 1);
	require(timers_next(shared.timers) == TIMERS_NONE);
	rcu_barrier(mem_rcu(env->mem));
}

int main(void)
{
	struct map_env env = { 0 };

	stress_env(&env, 2, &refs);
	require(timers_create(&ops, NULL, &refs, &shared.timers) == 0);
	env.timers = shared.timers;
	for (u32 i = 0; i < PROGS; i++)
		atomic_init(&shared.progs[i].refs, 1);
	attack(&env, BPF_MAP_TYPE_HASH, 0);
	attack(&env, BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC);
	attack(&env, BPF_MAP_TYPE_LRU_HASH, 0);
	printf("%llu callbacks\n", (unsigned long long)shared.ran);
	require(shared.ran > 0);
	timers_destroy(shared.timers);
	mem_destroy(env.mem);
	return 0;
}
