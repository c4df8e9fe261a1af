/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pool.h - elements of one size in an arena, on free lists per slot
 *
 * Elements are named by index, from 1; 0 is none.  Each begins with a struct
 * pool_elem; what follows is the owner's and the pool never touches it, so an
 * element given back by pool_retire() stays readable for a grace period.
 *
 * E1  At most `entries` elements are given out by pool_take(), and that many:
 *     it fails when no list has one left, or memory for more is lacking.
 * E2  pool_swap(), of which each thread is expected to give back one element,
 *     or to keep this, before it takes the next, never fails: every list has spare elements
 *     beyond `entries` for it.  A slot's own take no lock.
 * E3  A retired element is given out again after a grace period; when nothing
 *     but such elements is left, the oldest is, at once.
 * E4  At rest, free + used = capacity.
 */
#ifndef WEIR_MEM_POOL_H
#define WEIR_MEM_POOL_H

#include "mem/mem.h"
#include "mem/rcu.h"
#include "mem/spares.h"
#include "mem/spin.h"

struct pool_elem {
	u32 next;	  /* the pool's: next in a list, POOL_USED: in none */
	_Atomic u32 link; /* the owner's */
};

#define POOL_USED UINT32_MAX
#define POOL_BATCH 64 /* elements that change lists at a time, at most */
#define POOL_GROUP 32 /* retired elements that wait together, at least */
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
	u64 size;
	u32 entries;
	u32 spares; /* every list has so many */
	u32 capacity;
	u32 lists_len; /* slots, then one for threads that are no lcore */
	u64 unit;      /* bytes to charge an element, 0: all charged */
	struct arena *arena;
	struct rcu *rcu;
	struct pool_list *lists;
	struct spare *rings; /* of all lists */

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
	u64 size;	/* of an element with its header, a multiple of 8 */
	u64 elem_bytes; /* memory an element takes in all, for the spares */
	u32 entries;
	bool sparse; /* charge elem_bytes as elements come into use */
};

/* pool_capacity() must be below UINT32_MAX.  -ENOMEM. */
int pool_init(struct pool *pool, const struct pool_config *config);
void pool_fini(struct pool *pool);

static inline struct pool_elem *pool_at(const struct pool *pool, u32 index)
{
	return (struct pool_elem *)(pool->elems + index * pool->size);
}

/* A free element: -E2BIG: entries are in use, -ENOMEM. */
int pool_take(struct pool *pool, u32 *index);
/* One in place of an element that is given back next. */
u32 pool_swap(struct pool *pool);
/* That one is not given back: it counts as taken.  As pool_take(). */
int pool_keep(struct pool *pool);
/* Nobody has seen it. */
void pool_return(struct pool *pool, u32 index);
/* Readers may still have it, new ones do not find it. */
void pool_retire(struct pool *pool, u32 index);

/* Has the caller's list one for pool_take()? */
bool pool_can_give(const struct pool *pool);

/* Elements given out, as exact as others let it be. */
u32 pool_used(const struct pool *pool);

/* Walk all lists, while nobody uses the pool.  -EUCLEAN: an element is in two
 * lists, or counts do not agree. */
int pool_check(struct pool *pool, u32 *free_elems);

#endif
