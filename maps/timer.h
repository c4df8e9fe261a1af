/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * timer.h - bpf_timers in the values of maps
 *
 * A map_env has the timers of all its maps; whoever made it runs the callbacks
 * that are due, one at a time, as a reader (mem/rcu.h).
 *
 * T1  A field has the address of its timer or NULL; fields and timers change
 *     under one lock, which nobody holds while a program runs.
 * T2  A timer goes with its element (timer_drop()) and with the last user of
 *     its map (timers_forget()); after that no new one comes to a map.
 * T3  A program is held by each timer that has its callback.  So a map whose
 *     timers hold programs that hold the map goes with its last user.
 * T4  A callback that runs while its timer goes ends as if it had not: its
 *     value is memory until the grace period, its program is held.
 *
 * tests/stress/timers.c attacks T1 to T4.
 */
#ifndef WEIR_MAPS_TIMER_H
#define WEIR_MAPS_TIMER_H

#include "maps/map.h"

struct timers;

struct timers_ops {
	u64 (*now)(void *arg, int clock); /* as world_ops.ktime_ns; REALTIME */
	/* The first one that is due has become another; any thread. */
	void (*wake)(void *arg);
};

/* -ENOMEM.  arg is that of ops. */
int timers_create(const struct timers_ops *ops, void *arg,
		  const struct prog_ref_ops *progs, struct timers **out);
/* There are no maps any more. */
void timers_destroy(struct timers *timers);

/* ---- for whoever runs them ---- */

struct timer_due {
	struct prog *prog;
	u64 func;
	struct map *map;
	void *value;
	void *timer; /* timers_done()'s */
};

#define TIMERS_NONE UINT64_MAX

/* When the next one is due, by CLOCK_MONOTONIC. */
u64 timers_next(struct timers *timers);
/* One that is due; then who runs its callback, until timers_done(). */
bool timers_take(struct timers *timers, const void *who, struct timer_due *due);
void timers_done(struct timers *timers, struct timer_due *due);
/* The key of the value's element; index is room for it. */
const void *timer_key(struct map *map, const void *value, u32 *index);

/* ---- for programs; field is in a value of a map of that env ---- */

/* -EINVAL, -EBUSY: there is one, -ENOMEM, -EPERM: the map has no user. */
int timer_init(struct map *map, void *field, u64 flags);
int timer_set_callback(struct timers *timers, void *field, struct prog *prog,
		       u64 func);
int timer_start(struct timers *timers, void *field, u64 nsecs, u64 flags);
/* 1: it would have run, 0, -EINVAL; -EDEADLK: who runs its callback.  Waits for
 * a callback that runs, which then does not count. */
int timer_cancel(struct timers *timers, void *field, const void *who);

/* ---- for maps ---- */

/* The element goes, or is another's now: so does the timer. */
void timer_drop(const struct map *map, void *value);
void timers_forget(struct map *map);

#endif
