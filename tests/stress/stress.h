/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stress.h - threads that play lcores
 *
 * Each has a slot and reports a quiescent state between bursts.  Work is
 * bounded by counts, so that a run takes seconds under ThreadSanitizer too.
 */
#ifndef WEIR_TESTS_STRESS_H
#define WEIR_TESTS_STRESS_H

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slot.h"
#include "maps/map.h"

#define BURST 32

#define require(what)                                                        \
	do {                                                                 \
		if (!(what)) {                                               \
			fprintf(stderr, "%s:%d: %s: not so: %s\n", __FILE__, \
				__LINE__, __func__, #what);                  \
			_Exit(1);                                            \
		}                                                            \
	} while (0)

struct worker {
	struct map_env *env;
	struct map *map;
	u32 slot; /* SLOT_NONE: a control thread */
	u32 ops;
	u64 seed;
	atomic_bool *stop; /* set when the workers that count are done */
	void (*fn)(struct worker *w);
	void *arg;
	u64 result;
	pthread_t thread;
};

/* Of a long run, another one every time; else 0. */
static inline u64 stress_seed(void)
{
	const char *text = getenv("STRESS_SEED");

	return text ? strtoull(text, NULL, 0) << 8 : 0;
}

static inline u32 worker_random(struct worker *w, u32 below)
{
	w->seed = w->seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(w->seed >> 33) % below;
}

static inline struct rcu *worker_rcu(const struct worker *w)
{
	return mem_rcu(w->env->mem);
}

static inline void worker_quiescent(struct worker *w)
{
	if (w->slot != SLOT_NONE)
		rcu_quiescent(worker_rcu(w), w->slot);
}

/* Until everything retired so far may be used again. */
static inline void worker_grace(struct worker *w)
{
	u64 token = rcu_start(worker_rcu(w));

	while (!rcu_passed(worker_rcu(w), token)) {
		worker_quiescent(w);
		sched_yield();
	}
}

static inline void *worker_main(void *arg)
{
	struct worker *w = arg;

	if (w->slot != SLOT_NONE)
		require(rcu_online(worker_rcu(w), w->slot) == 0);
	w->fn(w);
	if (w->slot != SLOT_NONE)
		rcu_offline(worker_rcu(w), w->slot);
	return NULL;
}

/* Run all; those with ops == 0 go on until the others are done. */
static inline void workers_run(struct worker *w, u32 n)
{
	atomic_bool stop = false;

	for (u32 i = 0; i < n; i++) {
		w[i].stop = &stop;
		w[i].seed = stress_seed() + i + 1;
		require(pthread_create(&w[i].thread, NULL, worker_main,
				       &w[i]) == 0);
	}
	for (u32 i = 0; i < n; i++) {
		if (w[i].ops)
			pthread_join(w[i].thread, NULL);
	}
	atomic_store(&stop, true);
	for (u32 i = 0; i < n; i++) {
		if (!w[i].ops)
			pthread_join(w[i].thread, NULL);
	}
}

static inline bool worker_stopped(const struct worker *w)
{
	return atomic_load_explicit(w->stop, memory_order_relaxed);
}

static inline void stress_env(struct map_env *env, u32 slots,
			      const struct prog_ref_ops *progs)
{
	const struct mem_config config = { .budget = 1ull << 30,
					   .slots = slots };

	require(mem_create(&config, &env->mem) == 0);
	env->progs = progs;
}

#endif
