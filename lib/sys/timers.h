/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * timers.h - the thread that runs the callbacks of bpf_timers; inside sys/
 *
 * It is there from the first map that has timers on, and reads as the guest
 * (mem/rcu.h) while it runs callbacks.
 */
#ifndef WEIR_SYS_TIMERS_H
#define WEIR_SYS_TIMERS_H

#include "maps/timer.h"

struct timer_thread;
struct world;

int timer_thread_create(struct rcu *rcu, struct world *world,
			struct timer_thread **out);
/* No callback runs any more. */
void timer_thread_stop(struct timer_thread *thread);
/* There are no maps any more. */
void timer_thread_destroy(struct timer_thread *thread);

struct timers *timer_thread_timers(struct timer_thread *thread);
/* If it does not run yet.  -errno. */
int timer_thread_start(struct timer_thread *thread);

#endif
