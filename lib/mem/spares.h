/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * spares.h - the elements a slot keeps for replacements, by age; inside mem/
 *
 * One thread at a time uses it: the slot's own needs no lock.  Positions count
 * up: oldest <= ready <= stamped <= end.
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
	/* constant */
	struct spare *ring;
	u32 mask; /* of a position: the place in the ring */
	u32 size; /* at most so many */

	_Atomic u32 oldest; /* others read both */
	_Atomic u32 end;
	u32 ready;   /* the grace periods of those below are over */
	u32 stamped; /* those below have a stamp */
};

/* Entries of a ring for so many spares: whole cache lines. */
static inline u32 spares_ring(u32 size)
{
	return size <= 4 ? 4 : 1u << (32 - __builtin_clz(size - 1));
}

static inline u32 spares_oldest(const struct spares *s)
{
	return atomic_load_explicit(&s->oldest, memory_order_relaxed);
}

static inline u32 spares_end(const struct spares *s)
{
	return atomic_load_explicit(&s->end, memory_order_relaxed);
}

static inline u32 spares_len(const struct spares *s)
{
	return spares_end(s) - spares_oldest(s);
}

static inline struct spare *spares_at(const struct spares *s, u32 position)
{
	return &s->ring[position & s->mask];
}

/* The one that will be taken after i others, or one that was before. */
static inline u32 spares_ahead(const struct spares *s, u32 i)
{
	return spares_at(s, spares_oldest(s) + i)->index;
}

/* Finds out whether the grace period of the oldest is over. */
bool spares_ready(struct spares *s, struct rcu *rcu);

/* 0: none whose grace period is over. */
static inline u32 spares_take(struct spares *s, struct rcu *rcu)
{
	u32 oldest = spares_oldest(s);

	if (unlikely(oldest == s->ready) && !spares_ready(s, rcu))
		return 0;
	atomic_store_explicit(&s->oldest, oldest + 1, memory_order_relaxed);
	return spares_at(s, oldest)->index;
}

/* Whatever its grace period; 0: there is none. */
u32 spares_take_oldest(struct spares *s);
/* When the oldest may be had; UINT64_MAX: there is none, or it has no stamp. */
u64 spares_stamp(const struct spares *s);
/* Those that have no stamp get theirs. */
void spares_stamp_youngest(struct spares *s, struct rcu *rcu);

/* false: it is full. */
static inline bool spares_put(struct spares *s, struct rcu *rcu, u32 index)
{
	u32 end = spares_end(s);

	if (unlikely(end - spares_oldest(s) == s->size))
		return false;
	spares_at(s, end)->index = index;
	atomic_store_explicit(&s->end, end + 1, memory_order_relaxed);
	if (unlikely((end + 1 - s->stamped) * 4 >= s->size))
		spares_stamp_youngest(s, rcu);
	return true;
}

/* One that has a stamp, into a ring that has room. */
void spares_put_aged(struct spares *s, struct rcu *rcu, u32 index, u64 stamp);

#endif
