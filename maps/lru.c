/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lru.c - which element of a full LRU map goes: a clock
 *
 * Every element has a byte of heat.  A program's lookup makes it hot, as does
 * an update of its key; a new element is warm.  The hand goes round over the
 * bytes, makes what it passes cooler by one, and takes the first that is cold:
 * a new one after a whole round at the earliest, one that was looked up after
 * three.  Lcores do not share the hand: each takes the next line of bytes with
 * one addition and goes through it alone, so that they neither wait for each
 * other nor write to one line.
 *
 * L1  An element is evicted only by an insertion that found the pool empty:
 *     `entries` elements were in use (pool.h, E1).
 * L2  An insertion passes at most PATIENCE elements that are not cold; if it
 *     sees no other, the first of the coolest of them goes.
 * L3  A linked element is not HTAB_UNLINKED: that is stored under the bucket's
 *     lock when it is unlinked, something else before it is linked, and the
 *     hand and lookups store only over something else.  So the hand misses
 *     none.  An element that is not linked may have any heat: whether it is
 *     linked is found out under its bucket's lock.
 * L4  Whoever sets `full` tries the pool once more; whoever gives an element
 *     back and sees that the pool can give one, or takes one, resets it.  So
 *     at rest `full` is not set while the pool has an element.
 * L5  An lcore's hand is its own; the one that threads without a slot share
 *     has a lock, taken before a bucket's.  No thread holds two buckets' locks.
 *
 * tests/stress/lru_churn.c attacks L1, L3 and L4.
 */
#include "maps/lru.h"

#include <stdlib.h>

#include "maps/htab.h"

#define PATIENCE 1024
#define ROUNDS HTAB_HOT
/* How far ahead elements, and then their buckets, are fetched. */
#define AHEAD_ELEM 12
#define AHEAD_BUCKET 6

u64 lru_heat_bytes(u64 capacity)
{
	return round_up(capacity + 1, LRU_LINE);
}

struct lru *lru_create(u32 capacity, u32 hands)
{
	size_t size = sizeof(struct lru) + hands * sizeof(struct lru_hand);
	struct lru *lru = aligned_alloc(CACHE_LINE, size);

	if (!lru)
		return NULL;
	memset(lru, 0, size);
	lru->lines = (u32)(lru_heat_bytes(capacity) / LRU_LINE);
	lru->hands_len = hands;
	return lru;
}

void lru_destroy(struct lru *lru)
{
	free(lru);
}

bool lru_fill_up(struct lru *lru)
{
	return !atomic_exchange_explicit(&lru->full, true,
					 memory_order_seq_cst);
}

void lru_has_room(struct lru *lru)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (lru_is_full(lru))
		atomic_store_explicit(&lru->full, false, memory_order_relaxed);
}

static struct lru_hand *own_hand(struct lru *lru)
{
	u32 last = lru->hands_len - 1;

	return &lru->hands[lcore_slot < last ? lcore_slot : last];
}

static u8 heat_of(const struct htab_fast *f, u32 index)
{
	return __atomic_load_n(&f->heat[index], __ATOMIC_RELAXED);
}

/* What a thread sees on its way to a victim. */
struct sweep {
	u32 lines;
	u32 passed;
	u32 coolest; /* the first of them that had this heat */
	u8 heat;
};

/* The next line; false after ROUNDS rounds, time enough for a hot element. */
static bool take_line(struct lru *lru, struct lru_hand *hand,
		      struct sweep *sweep)
{
	u64 line;

	if (sweep->lines++ > ROUNDS * (u64)lru->lines)
		return false;
	line = atomic_fetch_add_explicit(&lru->clock, 1, memory_order_relaxed) %
	       lru->lines;
	hand->at = (u32)line * LRU_LINE;
	hand->end = hand->at + LRU_LINE;
	return true;
}

/* Of the elements the hand will come to, those that look linked. */
static void fetch_ahead(const struct htab_fast *f, const struct lru_hand *hand)
{
	u32 elem = hand->at + AHEAD_ELEM, bucket = hand->at + AHEAD_BUCKET;

	if (elem < hand->end && heat_of(f, elem) != HTAB_UNLINKED)
		__builtin_prefetch(htab_elem(f, elem) + HTAB_KEY_OFF);
	if (bucket < hand->end && heat_of(f, bucket) != HTAB_UNLINKED &&
	    f->key_size <= CACHE_LINE)
		__builtin_prefetch(
			htab_bucket_of(f, htab_hash_elem(f, bucket)));
}

/* Makes it cooler; that somebody makes it hot meanwhile may be lost. */
static void pass_by(const struct htab_fast *f, u32 index, u8 heat,
		    struct sweep *sweep)
{
	__atomic_store_n(&f->heat[index], heat - 1, __ATOMIC_RELAXED);
	if (!sweep->coolest || heat < sweep->heat) {
		sweep->coolest = index;
		sweep->heat = heat;
	}
	sweep->passed++;
}

static u32 next_victim(struct htab *h, struct lru_hand *hand,
		       struct sweep *sweep)
{
	u32 index;
	u8 heat;

	while (hand->at < hand->end || take_line(h->lru, hand, sweep)) {
		index = hand->at++;
		heat = heat_of(&h->fast, index);
		if (heat == HTAB_COLD)
			return index;
		if (heat == HTAB_UNLINKED)
			continue;
		pass_by(&h->fast, index, heat, sweep);
		if (sweep->passed < PATIENCE)
			continue;
		index = sweep->coolest;
		sweep->coolest = 0;
		sweep->passed = 0;
		return index;
	}
	return 0;
}

u32 lru_evict(struct htab *h)
{
	struct lru_hand *hand = own_hand(h->lru);
	bool shared = hand == &h->lru->hands[h->lru->hands_len - 1];
	struct sweep sweep = { 0 };
	u32 index;

	if (shared)
		spin_lock(&hand->lock);
	do {
		index = next_victim(h, hand, &sweep);
		fetch_ahead(&h->fast, hand);
	} while (index && !htab_evict(h, index));
	if (shared)
		spin_unlock(&hand->lock);
	return index;
}
