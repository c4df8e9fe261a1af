/* SPDX-License-Identifier: BSD-3-Clause */
/* lru.h - which element of a full LRU map goes; inside maps/ only */
#ifndef WEIR_MAPS_LRU_H
#define WEIR_MAPS_LRU_H

#include <stdatomic.h>

#include "mem/spin.h"

struct htab;
struct htab_bucket;

struct lru_hand {
	_Alignas(CACHE_LINE) struct spin lock; /* of the last hand */
	u64 at;				       /* the bucket to look at next */
	u64 end;
};

struct lru {
	/* constant */
	u64 groups;    /* of buckets, which a hand takes on at a time */
	u32 hands_len; /* slots, then one for threads that are no lcore */

	_Alignas(CACHE_LINE) atomic_bool full;
	_Alignas(CACHE_LINE) _Atomic u64 clock; /* groups taken so far */
	struct lru_hand hands[];
};

struct lru *lru_create(u64 buckets, u32 hands);
void lru_destroy(struct lru *lru);

/* No element was to be had.  False if that is known already; else it is worth
 * another try: one may have been given back meanwhile. */
bool lru_fill_up(struct lru *lru);
/* An element was given back, or may be had although full is said. */
void lru_has_room(struct lru *lru);

static inline bool lru_is_full(struct lru *lru)
{
	return atomic_load_explicit(&lru->full, memory_order_relaxed);
}

/* Where a cold element of the bucket stands, NULL: none is.  Under its lock. */
u32 *lru_cold_place(const struct htab *h, struct htab_bucket *b);
/* The element of a cold entry, unlinked and the caller's; 0: none was found,
 * because others unlink and link them all the time. */
u32 lru_evict(struct htab *h);

#endif
