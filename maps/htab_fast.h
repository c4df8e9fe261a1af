/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * htab_fast.h - finding an element of a hash map; compiled to bitcode too
 *
 * A bucket is a cache line: 16-bit tags of eight elements, their indices, and
 * a chain of elements for the ninth and on.  An element stays in its place
 * from insertion to removal; its replacement takes the same place.
 *
 * A lookup takes no lock.  It may read an element that is being reused for
 * another key; removal counts up the bucket's seq before that can happen, so a
 * lookup whose seq did not change has read elements of this bucket only, and
 * otherwise starts over.
 */
#ifndef WEIR_MAPS_HTAB_FAST_H
#define WEIR_MAPS_HTAB_FAST_H

#include <string.h>

#include "base/types.h"

#define HTAB_WAYS 8
#define HTAB_BURST 32 /* keys that are looked up together, at most */

struct htab_bucket {
	_Alignas(CACHE_LINE) u64 tags[2]; /* four a word, 0: no element */
	u32 elem[HTAB_WAYS];
	u32 chain; /* the ninth element */
	u32 seq;   /* removals and replacements */
	u32 lock;  /* struct spin: of writers */
};

#define HTAB_LINK_OFF 4 /* next in the chain, in struct pool_elem */
#define HTAB_KEY_OFF 8	/* the key follows struct pool_elem */

/* Constant while the map lives. */
struct htab_fast {
	struct htab_bucket *buckets;
	u64 buckets_len; /* any number below 2^32 */
	u8 *elems;	 /* element i is at elems + i * elem_size */
	u64 elem_size;
	u64 seed[2];
	u32 key_size;
	u32 value_off;	/* in the element; per CPU: not there */
	u8 *planes;	/* per CPU: value of element i at slot s is at */
	u64 plane_size; /* planes + s * plane_size + i * value_stride */
	u64 value_stride;
	u8 *heat; /* LRU maps: heat[i] is that of element i; NULL: no LRU */
};

/* Of an element of an LRU map: lookups make it hot, the hand of lru.c makes it
 * cooler by one.  A new one is warm. */
enum htab_heat { HTAB_UNLINKED, HTAB_COLD, HTAB_WARM, HTAB_HOT = 4 };

#define HTAB_INLINE static inline __attribute__((always_inline))

HTAB_INLINE u32 htab_load32(const u32 *at)
{
	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

HTAB_INLINE u64 htab_load64(const u64 *at)
{
	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

/* The last size % 8 bytes of a key as a word padded with zeros. */
HTAB_INLINE u64 htab_key_tail(const u8 *key, u32 size)
{
	u32 n = size & 7, at = size - n;
	u64 v = 0;
	u32 half;
	u16 two;

	if (size > 8) {
		memcpy(&v, key + size - 8, 8);
		return v >> (64 - 8 * n);
	}
	if (n & 4) {
		memcpy(&half, key + at, 4);
		v = half;
	}
	if (n & 2) {
		memcpy(&two, key + at + (n & 4), 2);
		v |= (u64)two << (8 * (n & 4));
	}
	if (n & 1)
		v |= (u64)key[at + (n & 6)] << (8 * (n & 6));
	return v;
}

HTAB_INLINE u64 htab_key_word(const u8 *key, u32 i)
{
	u64 v;

	memcpy(&v, key + 8ull * i, 8);
	return v;
}

HTAB_INLINE u64 htab_mix(u64 a, u64 b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (u64)product ^ (u64)(product >> 64);
}

/* Two words of a key, and what came before them. */
HTAB_INLINE u64 htab_hash_pair(const struct htab_fast *h, u64 v, u64 a, u64 b)
{
	return htab_mix(a ^ h->seed[1], b ^ v);
}

HTAB_INLINE u64 htab_hash_sized(const struct htab_fast *h, const u8 *key,
				u32 size)
{
	u64 v = h->seed[0] ^ size;
	u32 i = 0;

	for (; i + 1 < size / 8; i += 2)
		v = htab_hash_pair(h, v, htab_key_word(key, i),
				   htab_key_word(key, i + 1));
	if (i < size / 8 && size & 7)
		v = htab_hash_pair(h, v, htab_key_word(key, i),
				   htab_key_tail(key, size));
	else if (i < size / 8)
		v = htab_hash_pair(h, v, htab_key_word(key, i), 0);
	else if (size & 7)
		v = htab_hash_pair(h, v, htab_key_tail(key, size), 0);
	return htab_mix(v, 0x9e3779b97f4a7c15ull);
}

/* The same of the key of an element that others may be writing. */
HTAB_INLINE u64 htab_hash_elem(const struct htab_fast *h, u32 index)
{
	const u64 *key =
		(const u64 *)(h->elems + index * h->elem_size + HTAB_KEY_OFF);
	u32 words = (h->key_size + 7) / 8;
	u64 v = h->seed[0] ^ h->key_size;

	for (u32 i = 0; i < words; i += 2)
		v = htab_hash_pair(h, v, htab_load64(key + i),
				   i + 1 < words ? htab_load64(key + i + 1)
						 : 0);
	return htab_mix(v, 0x9e3779b97f4a7c15ull);
}

/* The upper half of the hash, as a fraction of all buckets. */
HTAB_INLINE u64 htab_bucket_number(const struct htab_fast *h, u64 hash)
{
	return ((hash >> 32) * h->buckets_len) >> 32;
}

HTAB_INLINE struct htab_bucket *htab_bucket_of(const struct htab_fast *h,
					       u64 hash)
{
	return &h->buckets[htab_bucket_number(h, hash)];
}

/* Of the lower half, never 0. */
HTAB_INLINE u16 htab_tag(u64 hash)
{
	u16 tag = (u16)hash;

	return tag ? tag : 1;
}

HTAB_INLINE u8 *htab_elem(const struct htab_fast *h, u32 index)
{
	return h->elems + index * h->elem_size;
}

HTAB_INLINE bool htab_key_is(const struct htab_fast *h, u32 index,
			     const u8 *key, u32 size)
{
	const u64 *have = (const u64 *)(htab_elem(h, index) + HTAB_KEY_OFF);
	u64 differ = 0;

	for (u32 i = 0; i < size / 8; i++)
		differ |= htab_load64(have + i) ^ htab_key_word(key, i);
	if (size & 7)
		differ |=
			htab_load64(have + size / 8) ^ htab_key_tail(key, size);
	return differ == 0;
}

/* One bit, its highest, of every 16-bit lane that equals tag (and perhaps of
 * one above such a lane). */
HTAB_INLINE u64 htab_match(u64 tags, u16 tag)
{
	const u64 ones = 0x0001000100010001ull;
	u64 x = tags ^ (ones * tag);

	return (x - ones) & ~x & (ones << 15);
}

/* The ways whose tag it is (and perhaps others), as bits: see htab_way(). */
HTAB_INLINE u64 htab_ways(const struct htab_bucket *b, u16 tag)
{
	return htab_match(htab_load64(&b->tags[0]), tag) >> 1 |
	       htab_match(htab_load64(&b->tags[1]), tag);
}

/* The way of the lowest bit. */
HTAB_INLINE u32 htab_way(u64 ways)
{
	u32 bit = (u32)__builtin_ctzll(ways);

	return bit / 16 + (bit & 1) * 4;
}

/* The element in its bucket, 0: none.  A chain is left when seq changes. */
HTAB_INLINE u32 htab_probe(const struct htab_fast *h,
			   const struct htab_bucket *b, const u8 *key, u32 size,
			   u16 tag, u32 seq)
{
	u64 ways = htab_ways(b, tag);
	u32 index;

	for (; ways; ways &= ways - 1) {
		index = htab_load32(&b->elem[htab_way(ways)]);
		if (likely(index && htab_key_is(h, index, key, size)))
			return index;
	}
	for (index = htab_load32(&b->chain);
	     unlikely(index) && htab_load32(&b->seq) == seq;
	     index = htab_load32(
		     (const u32 *)(htab_elem(h, index) + HTAB_LINK_OFF))) {
		if (htab_key_is(h, index, key, size))
			return index;
	}
	return 0;
}

/* For writers, whose probe is under the lock. */
static inline u64 htab_hash(const struct htab_fast *h, const void *key)
{
	switch (h->key_size) {
	case 4: return htab_hash_sized(h, key, 4);
	case 8: return htab_hash_sized(h, key, 8);
	case 16: return htab_hash_sized(h, key, 16);
	default: return htab_hash_sized(h, key, h->key_size);
	}
}

static inline u32 htab_probe_any(const struct htab_fast *h,
				 const struct htab_bucket *b, const void *key,
				 u64 hash)
{
	u16 tag = htab_tag(hash);

	switch (h->key_size) {
	case 4: return htab_probe(h, b, key, 4, tag, b->seq);
	case 8: return htab_probe(h, b, key, 8, tag, b->seq);
	case 16: return htab_probe(h, b, key, 16, tag, b->seq);
	default: return htab_probe(h, b, key, h->key_size, tag, b->seq);
	}
}

HTAB_INLINE u32 htab_find_hashed(const struct htab_fast *h, const u8 *key,
				 u32 size, u64 hash)
{
	const struct htab_bucket *b = htab_bucket_of(h, hash);
	u16 tag = htab_tag(hash);
	u32 seq, index;

	do {
		seq = htab_load32(&b->seq);
		index = htab_probe(h, b, key, size, tag, seq);
	} while (unlikely(htab_load32(&b->seq) != seq));
	return index;
}

HTAB_INLINE u32 htab_find_sized(const struct htab_fast *h, const u8 *key,
				u32 size)
{
	return htab_find_hashed(h, key, size, htab_hash_sized(h, key, size));
}

/* The index of the element, 0: none.  Common sizes are compared and hashed
 * without loops. */
static inline u32 htab_find(const struct htab_fast *h, const void *key)
{
	switch (h->key_size) {
	case 4: return htab_find_sized(h, key, 4);
	case 8: return htab_find_sized(h, key, 8);
	case 12: return htab_find_sized(h, key, 12);
	case 16: return htab_find_sized(h, key, 16);
	case 20: return htab_find_sized(h, key, 20);
	case 40: return htab_find_sized(h, key, 40);
	default: return htab_find_sized(h, key, h->key_size);
	}
}

/* Most lookups need the element of the first tag that matches. */
HTAB_INLINE void htab_fetch_elem(const struct htab_fast *h,
				 const struct htab_bucket *b, u16 tag)
{
	u64 ways = htab_ways(b, tag);
	u8 *elem;

	if (!ways)
		return;
	elem = htab_elem(h, htab_load32(&b->elem[htab_way(ways)]));
	__builtin_prefetch(elem + HTAB_KEY_OFF);
	__builtin_prefetch(elem + h->elem_size - 1);
}

HTAB_INLINE void htab_find_burst_sized(const struct htab_fast *h,
				       const void *const *keys, u32 n, u32 size,
				       u32 *found)
{
	u64 hash[HTAB_BURST];

	for (u32 i = 0; i < n; i++) {
		hash[i] = htab_hash_sized(h, keys[i], size);
		__builtin_prefetch(htab_bucket_of(h, hash[i]));
	}
	for (u32 i = 0; i < n; i++)
		htab_fetch_elem(h, htab_bucket_of(h, hash[i]),
				htab_tag(hash[i]));
	for (u32 i = 0; i < n; i++)
		found[i] = htab_find_hashed(h, keys[i], size, hash[i]);
}

/* htab_find() of up to HTAB_BURST keys.  First all buckets are on their way,
 * then all elements: the burst waits for memory twice, not each key. */
static inline void htab_find_burst(const struct htab_fast *h,
				   const void *const *keys, u32 n, u32 *found)
{
	switch (h->key_size) {
	case 4: htab_find_burst_sized(h, keys, n, 4, found); break;
	case 8: htab_find_burst_sized(h, keys, n, 8, found); break;
	case 16: htab_find_burst_sized(h, keys, n, 16, found); break;
	default: htab_find_burst_sized(h, keys, n, h->key_size, found);
	}
}

/* A program looked it up.  Lcores share the line while they only read it. */
HTAB_INLINE void htab_touch(const struct htab_fast *h, u32 index)
{
	u8 *at = &h->heat[index];
	u8 heat = __atomic_load_n(at, __ATOMIC_RELAXED);

	if (heat != HTAB_HOT && heat != HTAB_UNLINKED)
		__atomic_store_n(at, HTAB_HOT, __ATOMIC_RELAXED);
}

HTAB_INLINE void *htab_value(const struct htab_fast *h, u32 index)
{
	return htab_elem(h, index) + h->value_off;
}

HTAB_INLINE void *htab_percpu_value(const struct htab_fast *h, u32 index,
				    u32 slot)
{
	return h->planes + slot * h->plane_size + index * h->value_stride;
}

#endif
