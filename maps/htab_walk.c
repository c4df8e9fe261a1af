/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * htab_walk.c - the control side of hash maps: copies, order, dumps
 *
 * These threads are no readers, and must not make lcores wait while they lose
 * their CPU.  So they copy without the bucket's lock and start over when seq
 * says that something was removed meanwhile; only after several attempts do
 * they take the lock.
 *
 * An element keeps its place while it is present (htab_fast.h), so a copy of a
 * whole bucket whose seq did not change has every element that was present
 * throughout, once.
 */
#include "maps/htab.h"

#include <errno.h>
#include <stdlib.h>

#define ATTEMPTS 16

/* A try at reading a bucket: repeat while reading_failed(). */
struct reading {
	struct htab_bucket *bucket;
	u32 seq;
	u32 attempts;
	bool locked;
};

static void reading_begin(struct reading *r, struct htab_bucket *b)
{
	*r = (struct reading){ .bucket = b, .seq = htab_load32(&b->seq) };
}

static bool reading_failed(struct reading *r)
{
	if (r->locked) {
		spin_unlock(htab_lock_of(r->bucket));
		return false;
	}
	atomic_thread_fence(memory_order_acquire);
	if (htab_load32(&r->bucket->seq) == r->seq)
		return false;
	if (++r->attempts == ATTEMPTS) {
		spin_lock(htab_lock_of(r->bucket));
		r->locked = true;
	}
	r->seq = htab_load32(&r->bucket->seq);
	return true;
}

static void reading_abort(struct reading *r)
{
	if (r->locked)
		spin_unlock(htab_lock_of(r->bucket));
}

u32 htab_next_place(const struct htab *h, const struct htab_bucket *b, u32 *at,
		    u32 index)
{
	while (*at < HTAB_WAYS) {
		u32 found = htab_load32(&b->elem[(*at)++]);

		if (found)
			return found;
	}
	if (*at == HTAB_WAYS) {
		(*at)++;
		return htab_load32(&b->chain);
	}
	return htab_load32(htab_link(&h->fast, index));
}

void htab_copy_value(const struct htab *h, u32 index, void *to, bool locked)
{
	const struct htab_fast *f = &h->fast;
	u8 *out = to;

	if (locked) {
		value_out_locked(&h->map, to, htab_value(f, index));
		return;
	}
	if (!f->planes) {
		value_out(&h->map, to, htab_value(f, index));
		return;
	}
	for (u32 slot = 0; slot < h->map.slots; slot++)
		words_out(out + slot * f->value_stride,
			  htab_percpu_value(f, index, slot),
			  (u32)f->value_stride);
}

static void copy_key(const struct htab *h, u32 index, void *to)
{
	words_out(to, htab_elem(&h->fast, index), h->map.key_size);
}

int htab_read(struct map *map, const void *key, void *value, u64 flags)
{
	struct htab *h = htab_of(map);
	u64 hash = htab_hash_sized(&h->fast, key, map->key_size);
	struct reading r;
	u32 index;

	if (flags & ~(u64)BPF_F_LOCK || (flags && !map_has_lock(map)))
		return -EINVAL;
	reading_begin(&r, htab_bucket_of(&h->fast, hash));
	do {
		index = htab_probe(&h->fast, r.bucket, key, map->key_size,
				   htab_tag(hash), r.seq)
				.index;
		if (index)
			htab_copy_value(h, index, value, flags);
	} while (reading_failed(&r));
	return index ? 0 : -ENOENT;
}

/* The key after that of element `after` (0: the first) in a bucket. */
static u32 key_after(struct htab *h, const struct reading *r, u32 after,
		     void *next)
{
	u32 at = 0, index = 0;
	bool due = after == 0;

	while ((index = htab_next_place(h, r->bucket, &at, index)) != 0) {
		if (due) {
			copy_key(h, index, next);
			return index;
		}
		due = index == after;
		if (!r->locked && htab_load32(&r->bucket->seq) != r->seq)
			break;
	}
	return 0;
}

int htab_next_key(struct map *map, const void *key, void *next)
{
	struct htab *h = htab_of(map);
	u32 index = 0, following;
	struct reading r;
	u64 hash, bucket = 0;

	if (key) {
		hash = htab_hash_sized(&h->fast, key, map->key_size);
		bucket = htab_bucket_number(&h->fast, hash);
		reading_begin(&r, &h->fast.buckets[bucket]);
		do {
			following = 0;
			index = htab_probe(&h->fast, r.bucket, key,
					   map->key_size, htab_tag(hash), r.seq)
					.index;
			if (index)
				following = key_after(h, &r, index, next);
		} while (reading_failed(&r));
		if (following)
			return 0;
		bucket = index ? bucket + 1 : 0;
	}
	for (; bucket < h->fast.buckets_len; bucket++) {
		reading_begin(&r, &h->fast.buckets[bucket]);
		do {
			following = key_after(h, &r, 0, next);
		} while (reading_failed(&r));
		if (following)
			return 0;
	}
	return -ENOENT;
}

/* Keys and values of one bucket. */
struct copies {
	u64 key_size; /* padded */
	u64 size;     /* of both */
	u8 *bytes;
	u32 len;
	u32 room;
};

static int grow(struct copies *c)
{
	u32 room = c->room ? 2 * c->room : HTAB_WAYS;
	u8 *bytes = realloc(c->bytes, room * c->size);

	if (!bytes)
		return -ENOMEM;
	c->bytes = bytes;
	c->room = room;
	return 0;
}

/* 0, -ENOSPC: no room, -EAGAIN: what is read may be of another bucket. */
static int copy_elems(const struct htab *h, const struct reading *r,
		      struct copies *c)
{
	u32 at = 0, index = 0;
	u8 *to;

	c->len = 0;
	while ((index = htab_next_place(h, r->bucket, &at, index)) != 0) {
		if (!r->locked && htab_load32(&r->bucket->seq) != r->seq)
			return -EAGAIN;
		if (c->len == c->room)
			return -ENOSPC;
		to = c->bytes + c->len++ * c->size;
		copy_key(h, index, to);
		htab_copy_value(h, index, to + c->key_size,
				map_has_lock(&h->map));
	}
	return 0;
}

static int copy_bucket(const struct htab *h, struct htab_bucket *b,
		       struct copies *c)
{
	struct reading r;
	int err;

	reading_begin(&r, b);
	for (;;) {
		err = copy_elems(h, &r, c);
		if (err == -ENOSPC) {
			reading_abort(&r);
			err = grow(c);
			if (err)
				return err;
			reading_begin(&r, b);
			continue;
		}
		if (!reading_failed(&r))
			return 0;
	}
}

int htab_scan(struct map *map, u64 *cursor, u32 n, map_visit *fn, void *arg)
{
	struct htab *h = htab_of(map);
	struct copies c = { .key_size = round_up(map->key_size, 8) };
	u32 seen = 0;
	int err = 0;

	c.size = c.key_size + round_up(map_value_bytes(map), 8);
	while (!err && seen < n) {
		if (*cursor >= h->fast.buckets_len) {
			err = -ENOENT;
			break;
		}
		err = copy_bucket(h, &h->fast.buckets[*cursor], &c);
		if (err)
			break;
		++*cursor;
		seen += c.len;
		for (u32 i = 0; i < c.len && !err; i++)
			err = fn(arg, c.bytes + i * c.size,
				 c.bytes + i * c.size + c.key_size);
	}
	free(c.bytes);
	return err;
}

/* Linked elements, or -EUCLEAN: one is free, in two places, or not found. */
static s64 verify_buckets(struct htab *h, u8 *seen)
{
	u64 key[64];
	s64 used = 0;

	for (u64 i = 0; i < h->fast.buckets_len; i++) {
		struct htab_bucket *b = &h->fast.buckets[i];
		u32 at = 0, index = 0;

		while ((index = htab_next_place(h, b, &at, index)) != 0) {
			used++;
			if (seen[index])
				return -EUCLEAN;
			seen[index] = 1;
			if (h->map.key_size > sizeof(key))
				continue;
			copy_key(h, index, key);
			if (htab_find(&h->fast, key, false) != index)
				return -EUCLEAN;
		}
	}
	return used;
}

int htab_verify(struct map *map)
{
	struct htab *h = htab_of(map);
	u8 *seen = calloc(1, h->pool.capacity + 1ull);
	u32 unused;
	s64 used;
	int err;

	if (!seen)
		return -ENOMEM;
	err = pool_check(&h->pool, seen, &unused);
	used = err ? err : verify_buckets(h, seen);
	free(seen);
	if (used < 0)
		return (int)used;
	if (h->lru && lru_is_full(h->lru) && used < h->pool.entries)
		return -EUCLEAN;
	return used + unused == h->pool.capacity ? 0 : -EUCLEAN;
}
