/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * htab_write.h - writes to hash maps, up to where they have to look for room;
 * compiled to bitcode too
 *
 * Rules and reasons are htab.c's.  f is always the map's own h->fast: where a
 * program is compiled for the map it is a constant, and own what the thread's
 * slot has.
 */
#ifndef WEIR_MAPS_HTAB_WRITE_H
#define WEIR_MAPS_HTAB_WRITE_H

#include <errno.h>

#include "maps/htab.h"

/* ---- a bucket's places; under its lock ---- */

HTAB_INLINE void htab_set_tag(struct htab_bucket *b, u32 way, u16 tag)
{
	u64 *word = &b->tags[way / 4];
	u32 shift = 16 * (way % 4);

	__atomic_store_n(word,
			 (*word & ~(0xffffull << shift)) | (u64)tag << shift,
			 __ATOMIC_RELEASE);
}

HTAB_INLINE void htab_set_index(u32 *at, u32 index)
{
	__atomic_store_n(at, index, __ATOMIC_RELEASE);
}

HTAB_INLINE void htab_count_removal(struct htab_bucket *b)
{
	__atomic_store_n(&b->seq, b->seq + 1, __ATOMIC_RELEASE);
}

/* The link of an element in a way is never read. */
HTAB_INLINE void htab_replace(const struct htab_fast *f, struct htab_bucket *b,
			      struct htab_hit old, u32 new)
{
	if (unlikely(!htab_is_way(b, old.at)))
		htab_set_index(htab_link(f, new), *htab_link(f, old.index));
	htab_set_index(old.at, new);
	htab_count_removal(b);
	if (f->heat)
		htab_set_heat(f, b, (struct htab_hit){ new, old.at }, HTAB_HOT);
}

/* Unlinks the element that stands there.  The caller owns it then and gives it
 * to pool_retire(). */
HTAB_INLINE u32 htab_unlink(const struct htab_fast *f, struct htab_bucket *b,
			    u32 *at)
{
	u32 index = *at;

	if (likely(htab_is_way(b, at))) {
		htab_set_tag(b, (u32)(at - b->elem), 0);
		htab_set_index(at, 0);
	} else {
		htab_set_index(at, *htab_link(f, index));
	}
	htab_count_removal(b);
	return index;
}

/* ---- writing ---- */

/* What is to be written and how. */
struct htab_source {
	const void *key;
	const void *value;
	u64 flags;
	bool all_slots; /* control: a value for each slot, padding included */
	bool in_place;	/* into the old value under its lock (BPF_F_LOCK) */
};

/* htab.c */
void htab_fill_percpu(struct htab *h, u32 index, const struct htab_source *from,
		      bool new);
/* The bucket is locked, the key was found or not; filled is an element with the
 * new key and value, or 0. */
int htab_put_slowly(struct htab *h, const struct htab_source *from, u64 hash,
		    struct htab_bucket *b, u32 filled, struct htab_hit old);

/* Of a key and a value: plain is the value's size, 0: it may hold more than
 * data. */
HTAB_INLINE void htab_fill(struct htab *h, const struct htab_fast *f, u32 index,
			   const struct htab_source *from, u32 size, u32 plain)
{
	/* H5: whoever sees one of the stores below sees seq changed. */
	atomic_thread_fence(memory_order_release);
	words_in(htab_elem(f, index), from->key, size);
	if (f->planes)
		htab_fill_percpu(h, index, from, true);
	else if (plain)
		words_in(htab_value(f, index), from->value, plain);
	else
		value_new(&h->map, htab_value(f, index), from->value);
}

/* What another element was taken for. */
HTAB_INLINE void htab_give_back(struct htab *h, const struct htab_fast *f,
				struct pool_list *own, u32 index, u32 plain)
{
	if (!f->planes && !plain)
		value_gone(&h->map, htab_value(f, index));
	pool_retire(&h->pool, own, index);
	if (f->heat && pool_can_give(own))
		lru_has_room(h->lru);
}

/* What was deleted: there is room for another key now. */
HTAB_INLINE void htab_drop(struct htab *h, const struct htab_fast *f,
			   struct pool_list *own, u32 index, u32 plain)
{
	if (!f->planes && !plain)
		value_gone(&h->map, htab_value(f, index));
	pool_drop(&h->pool, own, index);
	if (f->heat)
		lru_has_room(h->lru);
}

/* Only more threads without a slot than spares can make it wait, for one of
 * them to give back what it replaced. */
HTAB_INLINE u32 htab_borrow(struct htab *h, struct pool_list *own)
{
	u32 index;

	while (unlikely((index = pool_swap(&h->pool, own)) == 0))
		sched_yield();
	return index;
}

/* While the bucket comes from memory the element that will probably be linked
 * is filled. */
HTAB_INLINE int htab_put(struct htab *h, const struct htab_fast *f,
			 struct pool_list *own, const struct htab_source *from,
			 u32 size, u32 plain)
{
	u64 hash = htab_hash_sized(f, from->key, size);
	struct htab_bucket *b = htab_bucket_of(f, hash);
	struct htab_hit old;
	u32 filled = 0;

	__builtin_prefetch(b, 1);
	if (!f->planes && !from->in_place) {
		filled = htab_borrow(h, own);
		htab_fill(h, f, filled, from, size, plain);
	}
	spin_lock(htab_lock_of(b));
	old = htab_probe(f, b, from->key, size, htab_tag(hash), b->seq);
	if (unlikely(!old.index || !filled || from->flags == BPF_NOEXIST))
		return htab_put_slowly(h, from, hash, b, filled, old);
	htab_replace(f, b, old, filled);
	spin_unlock(htab_lock_of(b));
	htab_give_back(h, f, own, old.index, plain);
	return 0;
}

/* value: where to leave a copy of what is deleted, or NULL. */
HTAB_INLINE int htab_remove(struct htab *h, const struct htab_fast *f,
			    struct pool_list *own, const void *key, u32 size,
			    u32 plain, void *value, u64 flags)
{
	u64 hash = htab_hash_sized(f, key, size);
	struct htab_bucket *b = htab_bucket_of(f, hash);
	struct htab_hit hit;

	__builtin_prefetch(b, 1);
	spin_lock(htab_lock_of(b));
	hit = htab_probe(f, b, key, size, htab_tag(hash), b->seq);
	__builtin_prefetch(htab_link(f, hit.index), 1);
	if (hit.index && value)
		htab_copy_value(h, hit.index, value, flags & BPF_F_LOCK);
	if (hit.index)
		htab_unlink(f, b, hit.at);
	spin_unlock(htab_lock_of(b));
	if (!hit.index)
		return -ENOENT;
	htab_drop(h, f, own, hit.index, plain);
	return 0;
}

#endif
