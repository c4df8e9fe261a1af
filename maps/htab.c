/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * htab.c - writes to BPF_MAP_TYPE_HASH, PERCPU_HASH, LRU_HASH, LRU_PERCPU_HASH
 *
 * An array of buckets over elements from a pool sized at creation.  Lookups
 * take no lock (htab_fast.h).  Updates and deletes hold the bucket's lock and
 * never wait for readers.  What makes room in a full LRU map is in lru.c.
 *
 * Two lcores that write to the same keys need each other's lines, and a line
 * takes longer to come than everything else here.  So what will be written is
 * fetched for that, early; and what depends on what such a line holds is
 * computed without branches where that can be, so that the processor goes on
 * to the next write meanwhile.
 *
 * H1  A reachable element's key never changes.
 * H2  A replacement takes the old element's place with one store: a lookup
 *     finds old or new, never neither.
 * H3  An unlinked element returns to the pool after a grace period; when
 *     only such elements are left, the oldest is reused at once, so that
 *     an update never fails where the kernel's would succeed.
 * H4  Programs write values in place; tearing is theirs to prevent.
 * H5  seq counts up after an element was unlinked and before it goes to the
 *     pool; what is written into an element from the pool, or into its link by
 *     the pool, is ordered after it.  So a lookup that read anything of a
 *     reused element sees seq changed.
 * H6  Never more than max_entries elements: the pool has no more, but for the
 *     spares that are only lent for the time of a replacement.
 *
 * tests/stress/htab_replace.c attacks H2 and H3.
 */
#include "maps/htab_write.h"

/* ---- a bucket's places; under its lock ---- */

static void link_new(struct htab *h, struct htab_bucket *b, u32 index, u16 tag)
{
	u64 ways = htab_ways(b, 0);
	u32 *at = &b->chain;

	if (likely(ways)) {
		at = &b->elem[htab_way(ways)];
		htab_set_index(at, index);
		htab_set_tag(b, htab_way(ways), tag);
	} else {
		htab_set_index(htab_link(&h->fast, index), *at);
		htab_set_index(at, index);
	}
	if (h->lru)
		htab_set_heat(&h->fast, b, (struct htab_hit){ index, at },
			      HTAB_WARM);
}

/* ---- writing ---- */

void htab_fill_percpu(struct htab *h, u32 index, const struct htab_source *from,
		      bool new)
{
	const struct htab_fast *f = &h->fast;
	const u8 *value = from->value;
	u32 own = map_slot();

	for (u32 slot = 0; slot < h->map.slots; slot++) {
		void *to = htab_percpu_value(f, index, slot);

		if (from->all_slots)
			words_in(to, value + slot * f->value_stride,
				 (u32)f->value_stride);
		else if (slot == own && new)
			words_in(to, value, h->map.value_size);
		else if (slot == own)
			words_over(to, value, h->map.value_size);
		else if (new)
			words_zero(to, h->map.value_size);
	}
}

/* A write that is not over yet, and what it has in hand. */
struct write {
	const struct htab_source *from;
	u64 hash;
	struct htab_bucket *bucket;
	struct pool_list *own; /* the thread's */

	u32 filled;    /* borrowed, with the new key and value in it; 0: none */
	u32 victim;    /* evicted, may be lent for; 0: none */
	u32 old;       /* what was replaced or evicted on the way */
	bool ask_pool; /* although the map is said to be full */
};

/* A place for one more: among the pool's entries or in place of one that is
 * evicted.  -E2BIG: there is none yet. */
static int make_place(struct htab *h, struct write *w, u32 *index)
{
	u32 *cold;
	int err;

	if (h->lru && !w->victim && !w->ask_pool && lru_is_full(h->lru)) {
		cold = lru_cold_place(h, w->bucket);
		if (!cold)
			return -E2BIG;
		w->old = htab_unlink(&h->fast, w->bucket, cold);
	}
	*index = w->filled;
	if (w->victim || w->old) {
		if (!*index)
			*index = htab_borrow(h, w->own);
		return 0;
	}
	err = *index ? pool_keep(&h->pool) : pool_take(&h->pool, index);
	if (!err && h->lru)
		lru_has_room(h->lru);
	return err;
}

static int insert(struct htab *h, struct write *w)
{
	u32 index;
	int err = make_place(h, w, &index);

	if (err)
		return err;
	if (!w->filled)
		htab_fill(h, &h->fast, index, w->from, h->map.key_size, 0);
	w->filled = 0;
	link_new(h, w->bucket, index, htab_tag(w->hash));
	return 0;
}

/* The key is there. */
static void overwrite(struct htab *h, struct write *w, struct htab_hit old)
{
	if (h->fast.planes) {
		htab_fill_percpu(h, old.index, w->from, false);
		if (h->lru)
			htab_set_heat(&h->fast, w->bucket, old, HTAB_HOT);
	} else if (w->from->in_place) {
		value_over_locked(&h->map, htab_value(&h->fast, old.index),
				  w->from->value);
	} else {
		htab_replace(&h->fast, w->bucket, old, w->filled);
		w->filled = 0;
		w->old = old.index;
	}
}

static int put_locked(struct htab *h, struct write *w, struct htab_hit old)
{
	if (!old.index)
		return w->from->flags == BPF_EXIST ? -ENOENT : insert(h, w);
	if (w->from->flags == BPF_NOEXIST)
		return -EEXIST;
	overwrite(h, w, old);
	return 0;
}

/* A full LRU map has nothing cold in the key's bucket.  No thread holds two
 * buckets' locks.  There is no victim while all elements are on their way
 * between other threads' evictions and insertions: these will be done. */
static void make_room(struct htab *h, struct write *w)
{
	w->ask_pool = lru_fill_up(h->lru);
	if (w->ask_pool)
		return;
	w->victim = lru_evict(h);
	w->ask_pool = !w->victim;
	if (w->ask_pool)
		sched_yield();
}

int htab_put_slowly(struct htab *h, const struct htab_source *from, u64 hash,
		    struct htab_bucket *b, u32 filled, struct htab_hit old)
{
	struct write w = { .from = from,
			   .hash = hash,
			   .bucket = b,
			   .own = pool_own_list(&h->pool),
			   .filled = filled };
	int err = put_locked(h, &w, old);

	spin_unlock(htab_lock_of(b));
	while (err == -E2BIG && h->lru) {
		make_room(h, &w);
		spin_lock(htab_lock_of(b));
		old = htab_probe(&h->fast, b, from->key, h->fast.key_size,
				 htab_tag(hash), b->seq);
		err = put_locked(h, &w, old);
		spin_unlock(htab_lock_of(b));
	}
	if (w.filled)
		pool_return(&h->pool, w.filled);
	if (w.old)
		htab_give_back(h, &h->fast, w.own, w.old, 0);
	if (w.victim)
		htab_give_back(h, &h->fast, w.own, w.victim, 0);
	return err;
}

/* size: the key's. */
HTAB_INLINE int put_sized(struct htab *h, const struct htab_source *from, u32 size)
{
	return htab_put(h, &h->fast, pool_own_list(&h->pool), from, size, 0);
}

static inline int put(struct htab *h, struct htab_source *from)
{
	from->in_place = from->flags & BPF_F_LOCK;
	from->flags &= ~(u64)BPF_F_LOCK;
	if (from->flags > BPF_EXIST ||
	    (from->in_place && !map_has_lock(&h->map)))
		return -EINVAL;
	switch (h->fast.key_size) {
	case 4: return put_sized(h, from, 4);
	case 8: return put_sized(h, from, 8);
	case 16: return put_sized(h, from, 16);
	default: return put_sized(h, from, h->fast.key_size);
	}
}

int htab_update(struct map *map, const void *key, const void *value, u64 flags)
{
	struct htab_source from = { .key = key, .value = value, .flags = flags };

	return put(htab_of(map), &from);
}

int htab_write(struct map *map, const void *key, const void *value, u64 flags)
{
	struct htab *h = htab_of(map);
	struct htab_source from = { .key = key,
			       .value = value,
			       .flags = flags,
			       .all_slots = h->fast.planes != NULL };

	return put(h, &from);
}

HTAB_INLINE int remove_sized(struct htab *h, const void *key, u32 size,
			     void *value, u64 flags)
{
	return htab_remove(h, &h->fast, pool_own_list(&h->pool), key, size, 0,
			   value, flags);
}

static int remove_key(struct map *map, const void *key, void *value, u64 flags)
{
	struct htab *h = htab_of(map);

	switch (map->key_size) {
	case 4: return remove_sized(h, key, 4, value, flags);
	case 8: return remove_sized(h, key, 8, value, flags);
	case 16: return remove_sized(h, key, 16, value, flags);
	default: return remove_sized(h, key, map->key_size, value, flags);
	}
}

int htab_delete(struct map *map, const void *key)
{
	return remove_key(map, key, NULL, 0);
}

int htab_take(struct map *map, const void *key, void *value, u64 flags)
{
	return remove_key(map, key, value, flags);
}
