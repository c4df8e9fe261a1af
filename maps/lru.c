/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lru.c - which element of a full LRU map goes: a clock
 *
 * Every element has a heat, which is in its bucket's line unless it is in the
 * chain.  A program's lookup makes it hot, as does an update of its key; a new
 * element is warm.  An insertion takes a cold place of its own bucket if there
 * is one. Otherwise the hand goes round over the buckets, makes what it passes
 * cooler by one, and takes the first that is cold: a new one after a whole
 * round at the earliest, one that was looked up after three.  Lcores do not
 * share the hand: each takes the next group of buckets with one addition and
 * goes through it alone, so that they neither wait for each other nor write to
 * one line.
 *
 * L1  An element is evicted only by an insertion that found the pool empty:
 *     `entries` elements were in use (pool.h, E1).
 * L2  An insertion passes at most PATIENCE buckets in which nothing is cold;
 *     if it sees no other, the first of the coolest elements in the last
 *     WATCHED of them goes.
 * L3  Heat is a hint.  It is stored without a lock, all of a bucket's together,
 *     so what another does to it at the same moment may be lost.  What is
 *     linked and what is not stands in the places, under the bucket's lock.
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

#include "maps/htab_write.h"

#define GROUP 16
#define PATIENCE 256
#define WATCHED 64
/* How far ahead buckets are fetched. */
#define AHEAD 2

#define ONES 011111111u /* the lowest bit of each heat of a bucket */

struct lru *lru_create(u64 buckets, u32 hands)
{
	size_t size = sizeof(struct lru) + hands * sizeof(struct lru_hand);
	struct lru *lru = aligned_alloc(CACHE_LINE, size);

	if (!lru)
		return NULL;
	memset(lru, 0, size);
	lru->groups = (buckets + GROUP - 1) / GROUP;
	lru->hands_len = hands;
	return lru;
}

void lru_destroy(struct lru *lru)
{
	free(lru);
}

bool lru_fill_up(struct lru *lru)
{
	return !lru_is_full(lru) &&
	       !atomic_exchange_explicit(&lru->full, true,
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

/* ---- the heats of a bucket, HTAB_HEAT_BITS each ---- */

static u32 heat_of(const struct htab_bucket *b)
{
	return __atomic_load_n(&b->heat, __ATOMIC_RELAXED);
}

/* ONES where it is not 0 */
static u32 not_cold(u32 heat)
{
	return (heat | heat >> 1 | heat >> 2) & ONES;
}

static u32 cooler(u32 heat)
{
	return heat - not_cold(heat);
}

/* ONES of the four tags of a word that are not 0.  The product moves the bits
 * 0, 16, 32 and 48 to 48, 51, 54 and 57. */
static u32 tagged(u64 tags)
{
	const u64 low = 0x7fff7fff7fff7fffull;
	u64 bits = (((tags & low) + low) | tags) >> 15 & 0x0001000100010001ull;

	return bits * (1ull << 48 | 1ull << 35 | 1ull << 22 | 1ull << 9) >> 48 &
	       ONES;
}

/* The ways of elements that are no hotter than that. */
static inline u32 ways_below(const struct htab_bucket *b, u32 heat)
{
	u32 heats = heat_of(b);

	for (; heat > HTAB_COLD; heat--)
		heats = cooler(heats);
	return ~not_cold(heats) &
	       (tagged(htab_load64(&b->tags[0])) |
		tagged(htab_load64(&b->tags[1])) << 4 * HTAB_HEAT_BITS);
}

/* Under the bucket's lock. */
static u32 *link_below(const struct htab *h, struct htab_bucket *b, u32 heat)
{
	u32 *at = &b->chain;

	while (*at &&
	       __atomic_load_n(&h->fast.heat[*at], __ATOMIC_RELAXED) > heat)
		at = htab_link(&h->fast, *at);
	return *at ? at : NULL;
}

static inline u32 *place_below(const struct htab *h, struct htab_bucket *b,
			       u32 heat)
{
	u32 ways = ways_below(b, heat);

	if (likely(ways))
		return &b->elem[(u32)__builtin_ctz(ways) / HTAB_HEAT_BITS];
	return b->chain ? link_below(h, b, heat) : NULL;
}

u32 *lru_cold_place(const struct htab *h, struct htab_bucket *b)
{
	return place_below(h, b, HTAB_COLD);
}

static u32 evict_below(struct htab *h, struct htab_bucket *b, u32 heat)
{
	u32 index = 0, *at;

	spin_lock(htab_lock_of(b));
	at = place_below(h, b, heat);
	if (at)
		index = htab_unlink(&h->fast, b, at);
	spin_unlock(htab_lock_of(b));
	return index;
}

static void cool_chain(const struct htab *h, struct htab_bucket *b)
{
	u8 *at, heat;

	spin_lock(htab_lock_of(b));
	for (u32 i = b->chain; i; i = *htab_link(&h->fast, i)) {
		at = &h->fast.heat[i];
		heat = __atomic_load_n(at, __ATOMIC_RELAXED);
		if (heat > HTAB_COLD)
			__atomic_store_n(at, heat - 1, __ATOMIC_RELAXED);
	}
	spin_unlock(htab_lock_of(b));
}

/* ---- the hand ---- */

/* What a thread sees on its way to a victim. */
struct sweep {
	u64 groups;
	u32 passed;
	u32 heat;		     /* of the coolest that was watched */
	struct htab_bucket *coolest; /* the first that had one */
};

/* The next group; false after time enough for a hot element to become cold. */
static bool take_group(const struct htab *h, struct lru_hand *hand,
		       struct sweep *sweep)
{
	u64 group;

	if (sweep->groups++ > (HTAB_HOT + 1) * h->lru->groups)
		return false;
	group = atomic_fetch_add_explicit(&h->lru->clock, 1,
					  memory_order_relaxed) %
		h->lru->groups;
	hand->at = group * GROUP;
	hand->end = MIN(hand->at + GROUP, h->fast.buckets_len);
	return true;
}

static void watch(struct htab_bucket *b, struct sweep *sweep)
{
	while (sweep->heat > HTAB_COLD + 1 && ways_below(b, sweep->heat - 1)) {
		sweep->heat--;
		sweep->coolest = b;
	}
}

/* Makes its elements cooler. */
static void pass_by(const struct htab *h, struct htab_bucket *b,
		    struct sweep *sweep)
{
	__atomic_store_n(&b->heat, cooler(heat_of(b)), __ATOMIC_RELAXED);
	if (unlikely(htab_load32(&b->chain)))
		cool_chain(h, b);
	if (unlikely(++sweep->passed > PATIENCE - WATCHED))
		watch(b, sweep);
}

static u32 next_victim(struct htab *h, struct lru_hand *hand)
{
	struct sweep sweep = { .heat = HTAB_HOT + 1 };
	struct htab_bucket *b;
	u32 index;

	while (hand->at < hand->end || take_group(h, hand, &sweep)) {
		b = &h->fast.buckets[hand->at];
		__builtin_prefetch(b + AHEAD, 1);
		if (ways_below(b, HTAB_COLD) || htab_load32(&b->chain)) {
			index = evict_below(h, b, HTAB_COLD);
			if (index)
				return index;
		}
		pass_by(h, b, &sweep);
		hand->at++;
		if (sweep.passed < PATIENCE || !sweep.coolest)
			continue;
		index = evict_below(h, sweep.coolest, sweep.heat);
		if (index)
			return index;
		sweep.passed = 0;
		sweep.heat = HTAB_HOT + 1;
	}
	return 0;
}

u32 lru_evict(struct htab *h)
{
	struct lru_hand *hand = own_hand(h->lru);
	bool shared = hand == &h->lru->hands[h->lru->hands_len - 1];
	u32 index;

	if (shared)
		spin_lock(&hand->lock);
	index = next_victim(h, hand);
	if (shared)
		spin_unlock(&hand->lock);
	return index;
}
