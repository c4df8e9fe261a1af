/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * spares.h - the elements a slot keeps for replacements, by age; inside mem/
 *
 * One thread at a time uses it: the slot's own needs no lock.
 *
 * S1  An element is given out by spares_take() after a grace period that
 *     started when it was put in, or later: the youngest get their stamps
 *     together, so that one barrier serves for many.
 */
#ifndef WEIR_MEM_SPARES_H
#define WEIR_MEM_SPARES_H

#include <stdatomic.h>

#include "mem/rcu.h"

struct spare {
	u64 stamp; /* usable when it has passed */
	u32 index;
};

struct spares {
	struct spare *ring;
	u32 size;
	u32 oldest;
	u32 unstamped;	 /* so many, the youngest */
	_Atomic u32 len; /* others read it */
};

static inline u32 spares_len(const struct spares *s)
{
	return atomic_load_explicit(&s->len, memory_order_relaxed);
}

/* 0: none whose grace period is over. */
u32 spares_take(struct spares *s, struct rcu *rcu);
/* Whatever its grace period; 0: there is none. */
u32 spares_take_oldest(struct spares *s);
/* When the oldest may be had; UINT64_MAX: there is none. */
u64 spares_stamp(const struct spares *s);
/* false: it is full. */
bool spares_put(struct spares *s, struct rcu *rcu, u32 index);
/* One that has a stamp, into a ring that has room. */
void spares_put_aged(struct spares *s, struct rcu *rcu, u32 index, u64 stamp);

#endif
