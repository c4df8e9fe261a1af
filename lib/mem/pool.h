/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pool.h - elements of one size in an arena, on free lists per slot
 *
 * Elements are named by index, from 1; 0 is none.  The pool does not touch
 * them: its lists go through links beside them, a word an element, which is the
 * owner's while it has the element.  So an element given back by pool_retire()
 * stays readable for a grace period; its link changes at once, with release.
 *
 * E1  At most `entries` elements are given out by pool_take(), and that many:
 *     it fails when no list has one left, or memory for more is lacking.
 * E2  pool_swap(), of which each thread is expected to give back one element,
 *     or to keep this, before it takes the next, never fails: every list has
 * spare elements beyond `entries` for it.  A slot's own take no lock. E3  A
 * retired element is given out again after a grace period; when nothing but
 * such elements is left, the oldest is, at once. E4  At rest, free + used =
 * capacity.
 */
#ifndef WEIR_MEM_POOL_H
#define WEIR_MEM_POOL_H

#include "base/slot.h"
#include "mem/mem.h"
#include "mem/rcu.h"
#include "mem/spares.h"
#include "mem/spin.h"

#define POOL_BATCH 64 /* elements that change lists at a time, at most */
#define POOL_GROUP 64 /* retired elements that wait together, at least */
#define POOL_GROUPS 8
#define POOL_NO_STAMP UINT64_MAX /* more elements come to the group */

/* Retired elements that follow each other in a list. */
struct pool_group {
	u64 stamp; /* they are usable when it has passed; POOL_NO_STAMP */
	u32 len;
};

struct pool_list {
	/* The slot's thread alone; of the last list, under the lock. */
	_Alignas(CACHE_LINE) struct spares spares;

	_Alignas(CACHE_LINE) struct spin lock;
	u32 ready;  /* a stack */
	u32 oldest; /* of the retired: a queue */
	u32 newest;
	u32 ready_len;
	_Atomic u32 len; /* of both; written under the lock */
	/* the retired by age: a ring */
	u32 group; /* the oldest */
	u32 groups_len;
	struct pool_group groups[POOL_GROUPS];
};

struct pool {
	/* constant */
	u8 *elems; /* element i is at elems + i * size */
	u32 *links;
	u64 size;
	u32 entries;
	u32 spares; /* every list has so many */
	u32 capacity;
	u32 lists_len; /* slots, then one for threads that are no lcore */
	u64 unit;      /* bytes to charge an element, 0: all charged */
	struct arena *arena;
	struct rcu *rcu;
	struct pool_list *lists;
	struct pool_list *common; /* the last */
	struct spare *rings;	  /* of all lists */

	/* Elements change lists under this lock; it is taken before a list's.
	 */
	_Alignas(CACHE_LINE) struct spin lock;
	u32 ready;	    /* of all: a stack */
	u32 charged;	    /* elements that are paid for */
	_Atomic u32 shared; /* elements in that stack or never used */
	_Atomic u32 fresh;  /* the first never used */
	_Atomic u32 moves;  /* odd: elements are between lists */
};

/* What a pool for so many entries will hold, with spares for each list. */
u32 pool_spares(u32 entries, u64 elem_bytes);
u64 pool_capacity(u32 entries, u32 slots, u64 elem_bytes);

struct pool_config {
	struct mem *mem;
	struct arena *arena;
	u64 offset;	/* of the first element, a multiple of 8 */
	u64 links;	/* offset of capacity + 1 words */
	u64 size;	/* of an element, a multiple of 8 */
	u64 elem_bytes; /* memory an element takes in all, for the spares */
	u32 entries;
	bool sparse; /* charge elem_bytes as elements come into use */
};

/* pool_capacity() must be below UINT32_MAX.  -ENOMEM. */
int pool_init(struct pool *pool, const struct pool_config *config);
void pool_fini(struct pool *pool);

/* A free element: -E2BIG: entries are in use, -ENOMEM. */
int pool_take(struct pool *pool, u32 *index);
/* That one which was had by pool_swap() is not given back: it counts as taken.
 * As pool_take(). */
int pool_keep(struct pool *pool);
/* Nobody has seen it. */
void pool_return(struct pool *pool, u32 index);

/* Has the list one for pool_take()? */
static inline bool pool_can_give(const struct pool_list *l)
{
	return atomic_load_explicit(&l->len, memory_order_relaxed) != 0;
}

/* Retires one that nothing was taken for, so that it can be had by pool_take()
 * and does not make up for what another thread of the list has borrowed. */
void pool_drop(struct pool *pool, struct pool_list *own, u32 index);

/* Elements given out, as exact as others let it be. */
u32 pool_used(const struct pool *pool);

/* Walk all lists, while nobody uses the pool.  -EUCLEAN: an element is in two
 * lists, or counts do not agree.  seen has capacity + 1 zeros, and then a 1 for
 * every free element. */
int pool_check(struct pool *pool, u8 *seen, u32 *free_elems);

/* ---- for every write of a map, so without a call if nothing is in the way
 * ---- */

u32 pool_swap_slowly(struct pool *pool, struct pool_list *own);
void pool_retire_slowly(struct pool *pool, struct pool_list *own, u32 index);

/* The calling thread's.  Threads that are no lcore have one together. */
static inline struct pool_list *pool_own_list(const struct pool *pool)
{
	u32 last = pool->lists_len - 1, slot = lcore_slot;

	return &pool->lists[slot < last ? slot : last];
}

static inline bool pool_is_common(const struct pool *pool,
				  const struct pool_list *l)
{
	return l == pool->common;
}

/* Others wrote to a spare's line last, perhaps: have it when it is needed. */
#define POOL_AHEAD 2

static inline void pool_fetch_ahead(const struct pool *pool,
				    const struct pool_list *own)
{
	const u8 *elem = pool->elems +
			 spares_ahead(&own->spares, POOL_AHEAD) * pool->size;

	__builtin_prefetch(elem, 1);
	if (pool->size > CACHE_LINE / 2)
		__builtin_prefetch(elem + pool->size - 1, 1);
}

/* One in place of an element that is given back next.  own: the caller's. */
static inline u32 pool_swap(struct pool *pool, struct pool_list *own)
{
	u32 index;

	if (unlikely(pool_is_common(pool, own)))
		return pool_swap_slowly(pool, own);
	index = spares_take(&own->spares, pool->rcu);
	if (unlikely(!index))
		return pool_swap_slowly(pool, own);
	pool_fetch_ahead(pool, own);
	return index;
}

/* Readers may still have it, new ones do not find it. */
static inline void pool_retire(struct pool *pool, struct pool_list *own,
			       u32 index)
{
	if (unlikely(pool_is_common(pool, own)) ||
	    !spares_put(&own->spares, pool->rcu, index))
		pool_retire_slowly(pool, own, index);
}

#endif
