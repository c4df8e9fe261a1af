/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * spin.h - a lock of four bytes, zero is free
 *
 * For sections of a few dozen instructions; it lives inside arenas.  A waiter
 * whose holder has lost its CPU gives up its own after a while.
 */
#ifndef WEIR_MEM_SPIN_H
#define WEIR_MEM_SPIN_H

#include <sched.h>
#include <stdatomic.h>

#include "base/types.h"

struct spin {
	atomic_uint held;
};

#define SPIN_PATIENCE 1024

static inline bool spin_trylock(struct spin *s)
{
	return !atomic_exchange_explicit(&s->held, 1, memory_order_acquire);
}

static inline void spin_wait(struct spin *s)
{
	u32 waited = 0;

	while (atomic_load_explicit(&s->held, memory_order_relaxed)) {
		if (++waited % SPIN_PATIENCE == 0)
			sched_yield();
		else
			__builtin_ia32_pause();
	}
}

/* A lock is free most of the time: its line is fetched once, for writing. */
static inline void spin_lock(struct spin *s)
{
	while (unlikely(!spin_trylock(s)))
		spin_wait(s);
}

static inline void spin_unlock(struct spin *s)
{
	atomic_store_explicit(&s->held, 0, memory_order_release);
}

#endif
