/* SPDX-License-Identifier: BSD-3-Clause */
/* lru.h - which element of a full LRU map goes; inside maps/ only */
#ifndef WEIR_MAPS_LRU_H
#define WEIR_MAPS_LRU_H

#include <stdatomic.h>

#include "mem/spin.h"

struct htab;

/* Elements that a thread takes on at a time: those of a line of heat. */
#define LRU_LINE CACHE_LINE

struct lru_hand {
	_Alignas(CACHE_LINE) struct spin lock; /* of the last hand */
	u32 at;				       /* the element to look at next */
	u32 end;
};

struct lru {
	/* constant */
	u32 lines;
	u32 hands_len; /* slots, then one for threads that are no lcore */

	_Alignas(CACHE_LINE) atomic_bool full;
	_Alignas(CACHE_LINE) _Atomic u64 clock; /* lines taken so far */
	struct lru_hand hands[];
};

u64 lru_heat_bytes(u64 capacity);
struct lru *lru_create(u32 capacity, u32 hands);
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

/* The element of a cold entry, unlinked and the caller's; 0: none was found,
 * because others unlink and link them all the time. */
u32 lru_evict(struct htab *h);

#endif
