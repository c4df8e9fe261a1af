/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * htab_fast.h - finding an element of a hash map; compiled to bitcode too
 *
 * A bucket is a cache line: 16-bit tags of eight elements, their indices, and
 * a chain of elements for the ninth and on.  An element stays in its place
 * from insertion to removal; its replacement takes the same place.  An element
 * is its key and its value; the links of chains are beside the elements.
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
	u32 heat;  /* LRU maps: HTAB_HEAT_BITS a way */
};

/* How long ago an element of an LRU map was used: lookups make it hot, the hand
 * of lru.c makes it cooler by one.  A new one is warm. */
enum htab_heat { HTAB_COLD = 0, HTAB_WARM = 2, HTAB_HOT = 4 };
#define HTAB_HEAT_BITS 3

/* Constant while the map lives. */
struct htab_fast {
	struct htab_bucket *buckets;
	u64 buckets_len; /* any number below 2^32 */
	u8 *elems;	 /* element i is at elems + i * elem_size */
	u64 elem_size;
	u32 *links; /* of element i: the next in its chain */
	u64 seed[4];
	u32 key_size;
	u32 value_off;	/* in the element; per CPU: not there */
	u8 *planes;	/* per CPU: value of element i at slot s is at */
	u64 plane_size; /* planes + s * plane_size + i * value_stride */
	u64 value_stride;
	u8 *heat; /* LRU maps: of element i while it is in a chain; or NULL */
};

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
	u64 v = h->seed[0] ^ size, w = h->seed[2];
	u32 i = 0;

	/* Of a long key two pairs at a time, which do not wait for each other.
	 */
	for (; i + 3 < size / 8; i += 4) {
		v = htab_hash_pair(h, v, htab_key_word(key, i),
				   htab_key_word(key, i + 1));
		w = htab_mix(htab_key_word(key, i + 2) ^ h->seed[3],
			     htab_key_word(key, i + 3) ^ w);
	}
	if (size >= 32)
		v ^= w;
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

/* Common sizes are hashed without loops. */
HTAB_INLINE u64 htab_hash(const struct htab_fast *h, const void *key)
{
	switch (h->key_size) {
	case 4: return htab_hash_sized(h, key, 4);
	case 8: return htab_hash_sized(h, key, 8);
	case 12: return htab_hash_sized(h, key, 12);
	case 16: return htab_hash_sized(h, key, 16);
	case 20: return htab_hash_sized(h, key, 20);
	case 40: return htab_hash_sized(h, key, 40);
	default: return htab_hash_sized(h, key, h->key_size);
	}
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

HTAB_INLINE u32 *htab_link(const struct htab_fast *h, u32 index)
{
	return &h->links[index];
}

HTAB_INLINE bool htab_key_is(const struct htab_fast *h, u32 index,
			     const u8 *key, u32 size)
{
	const u64 *have = (const u64 *)htab_elem(h, index);
	u64 differ = 0;

/* A loop whose end is foreseen wrongly costs as much as a lookup. */
#pragma GCC unroll 8
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

/* Where an element was found. */
struct htab_hit {
	u32 index; /* 0: nowhere */
	u32 *at;   /* what says so: a way or a link */
};

/* The element in its bucket.  A chain is left when seq changes. */
HTAB_INLINE struct htab_hit htab_probe(const struct htab_fast *h,
				       struct htab_bucket *b, const u8 *key,
				       u32 size, u16 tag, u32 seq)
{
	u64 ways = htab_ways(b, tag);
	struct htab_hit hit;

	for (; ways; ways &= ways - 1) {
		hit.at = &b->elem[htab_way(ways)];
		hit.index = htab_load32(hit.at);
		if (likely(hit.index && htab_key_is(h, hit.index, key, size)))
			return hit;
	}
	for (hit.at = &b->chain; unlikely(hit.index = htab_load32(hit.at)) &&
				 htab_load32(&b->seq) == seq;
	     hit.at = htab_link(h, hit.index)) {
		if (htab_key_is(h, hit.index, key, size))
			return hit;
	}
	return (struct htab_hit){ 0 };
}

HTAB_INLINE bool htab_is_way(const struct htab_bucket *b, const u32 *at)
{
	return (uintptr_t)at - (uintptr_t)b->elem < sizeof(b->elem);
}

/* Of the element that stands there.  Others may do so to another of the bucket
 * at the same time, and one of the two be lost.  Lcores share the line while
 * they only read it. */
HTAB_INLINE void htab_set_heat(const struct htab_fast *h, struct htab_bucket *b,
			       struct htab_hit hit, u32 heat)
{
	u32 shift, old, new;

	if (unlikely(!htab_is_way(b, hit.at))) {
		__atomic_store_n(&h->heat[hit.index], (u8)heat,
				 __ATOMIC_RELAXED);
		return;
	}
	shift = (u32)(hit.at - b->elem) * HTAB_HEAT_BITS;
	old = __atomic_load_n(&b->heat, __ATOMIC_RELAXED);
	new = (old & ~(7u << shift)) | heat << shift;
	if (old != new)
		__atomic_store_n(&b->heat, new, __ATOMIC_RELAXED);
}

/* touch: a program looks it up in an LRU map. */
HTAB_INLINE u32 htab_find_hashed(const struct htab_fast *h, const u8 *key,
				 u32 size, u64 hash, bool touch)
{
	struct htab_bucket *b = htab_bucket_of(h, hash);
	u16 tag = htab_tag(hash);
	struct htab_hit hit;
	u32 seq;

	do {
		seq = htab_load32(&b->seq);
		hit = htab_probe(h, b, key, size, tag, seq);
	} while (unlikely(htab_load32(&b->seq) != seq));
	if (touch && hit.index)
		htab_set_heat(h, b, hit, HTAB_HOT);
	return hit.index;
}

HTAB_INLINE u32 htab_find_sized(const struct htab_fast *h, const u8 *key,
				u32 size, bool touch)
{
	return htab_find_hashed(h, key, size, htab_hash_sized(h, key, size),
				touch);
}

/* The index of the element, 0: none.  Common sizes are compared and hashed
 * without loops. */
HTAB_INLINE u32 htab_find(const struct htab_fast *h, const void *key,
			  bool touch)
{
	switch (h->key_size) {
	case 4: return htab_find_sized(h, key, 4, touch);
	case 8: return htab_find_sized(h, key, 8, touch);
	case 12: return htab_find_sized(h, key, 12, touch);
	case 16: return htab_find_sized(h, key, 16, touch);
	case 20: return htab_find_sized(h, key, 20, touch);
	case 40: return htab_find_sized(h, key, 40, touch);
	case 64: return htab_find_sized(h, key, 64, touch);
	default: return htab_find_sized(h, key, h->key_size, touch);
	}
}

/* Most lookups need the element of the first tag that matches: its index. */
HTAB_INLINE u32 htab_fetch_elem(const struct htab_fast *h,
				const struct htab_bucket *b, u16 tag)
{
	u64 ways = htab_ways(b, tag);
	u32 index;
	u8 *elem;

	if (!ways)
		return 0;
	index = htab_load32(&b->elem[htab_way(ways)]);
	elem = htab_elem(h, index);
	__builtin_prefetch(elem);
	__builtin_prefetch(elem + h->elem_size - 1);
	return index;
}

HTAB_INLINE void htab_find_burst_sized(const struct htab_fast *h,
				       const void *const *keys, u32 n, u32 size,
				       u32 *found, bool touch)
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
		found[i] = htab_find_hashed(h, keys[i], size, hash[i], touch);
}

/* htab_find() of up to HTAB_BURST keys.  First all buckets are on their way,
 * then all elements: the burst waits for memory twice, not each key. */
HTAB_INLINE void htab_find_burst(const struct htab_fast *h,
				 const void *const *keys, u32 n, u32 *found,
				 bool touch)
{
	u32 size = h->key_size;

	switch (size) {
	case 4: htab_find_burst_sized(h, keys, n, 4, found, touch); break;
	case 8: htab_find_burst_sized(h, keys, n, 8, found, touch); break;
	case 16: htab_find_burst_sized(h, keys, n, 16, found, touch); break;
	default: htab_find_burst_sized(h, keys, n, size, found, touch);
	}
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
