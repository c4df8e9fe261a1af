/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lpm_fast.h - the longest prefix of a key; compiled to bitcode too
 *
 * A trie of nibbles.  A node stands for all keys that begin with the nibbles
 * on the way to it, its own `skip` included, and looks at one nibble more.
 * That makes 15 prefixes of 0 to 3 further bits, numbered as in a heap
 * (1: none, 2: 0, 3: 1, 4: 00 .. 15: 111), and up to 16 children.
 *
 * The first prefix is in the node.  Children, in order, and then the elements
 * of the other prefixes, in order, are in its block.  So a lookup reads one
 * line a level, and levels at which all keys agree are skipped.  An element is
 * a block too: its key, then its value.
 *
 * What a reader finds is immutable, but for the words said to be swapped
 * below, each of which is replaced by one store.
 */
#ifndef WEIR_MAPS_LPM_FAST_H
#define WEIR_MAPS_LPM_FAST_H

#include <string.h>

#include "base/types.h"

#define LPM_UNIT 16 /* bytes; a block's first unit is its header */
#define LPM_SKIP_MAX 7

struct lpm_node {
	u32 block; /* in units, 0: none; swapped */
	u32 elem;  /* of prefix 1, 0: none; swapped */
	u32 skip;  /* nibbles from the top, their number in the lowest four */
	u16 children; /* bit n: of nibble n */
	u16 prefixes; /* bit p: prefix p has a place in the block; swapped,
			 0: none */
};

/* Constant while the map lives. */
struct lpm_fast {
	struct lpm_node *top; /* its one child is the root */
	u8 *units;
	u32 value_off; /* from a block's start */
	u32 data_size; /* bytes of a key after its prefixlen */
};

#define LPM_INLINE static inline __attribute__((always_inline))

LPM_INLINE u32 lpm_load(const u32 *at)
{
	return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

/* The bits of a key, without its prefixlen. */
struct lpm_bits {
	const u8 *data;
	u32 size;
	u64 head; /* all of them, if they are 8 bytes or less */
};

LPM_INLINE struct lpm_bits lpm_bits_of(const void *key, u32 size)
{
	struct lpm_bits b = { (const u8 *)key + sizeof(u32), size, 0 };

	if (size > 8)
		return b;
	memcpy(&b.head, b.data, size);
	b.head = __builtin_bswap64(b.head);
	return b;
}

/* At least 15 nibbles from one on, from the top; zeros after the last. */
LPM_INLINE u64 lpm_window(const struct lpm_bits *b, u32 nibble)
{
	u32 byte = nibble / 2, from;
	u64 v;

	if (nibble >= 2 * b->size)
		return 0;
	if (b->size <= 8)
		return b->head << 4 * nibble;
	from = MIN(byte, b->size - 8);
	memcpy(&v, b->data + from, 8);
	return __builtin_bswap64(v) << (8 * (byte - from) + 4 * (nibble & 1));
}

LPM_INLINE struct lpm_node *lpm_children(const struct lpm_fast *f, u32 block)
{
	return (struct lpm_node *)(f->units + (u64)block * LPM_UNIT + LPM_UNIT);
}

LPM_INLINE struct lpm_node *lpm_child(const struct lpm_fast *f,
				      const struct lpm_node *node, u32 nibble)
{
	u32 before = node->children & ((1u << nibble) - 1);

	return lpm_children(f, lpm_load(&node->block)) +
	       __builtin_popcount(before);
}

/* Where the element of a prefix that has a place in the block stands. */
LPM_INLINE u32 *lpm_slot(const struct lpm_fast *f, const struct lpm_node *node,
			 u32 prefix)
{
	u32 before = node->prefixes & ((1u << prefix) - 1);

	return (u32 *)(lpm_children(f, lpm_load(&node->block)) +
		       __builtin_popcount(node->children)) +
	       __builtin_popcount(before);
}

/* The prefixes 2 to 15 that a nibble has when so many bits count. */
LPM_INLINE u32 lpm_covering(u32 nibble, u32 bits)
{
	u32 all = 1u << (2 | nibble >> 3) | 1u << (4 | nibble >> 2) |
		  1u << (8 | nibble >> 1);

	return bits >= 3 ? all : all & ((1u << (2u << bits)) - 1);
}

/* The place of the node's longest prefix, or best.  sure: of the longest that
 * has an element; otherwise it may have lost it, which is rare, and to look is
 * to wait for a line that a longer prefix further down makes superfluous. */
LPM_INLINE const u32 *lpm_match(const struct lpm_fast *f,
				const struct lpm_node *node, u32 nibble,
				u32 bits, bool sure, const u32 *best)
{
	u32 fit = node->prefixes & lpm_covering(nibble, bits), prefix;
	const u32 *place;

	while (unlikely(fit)) {
		prefix = 31 - (u32)__builtin_clz(fit);
		place = lpm_slot(f, node, prefix);
		if (!sure || lpm_load(place))
			return place;
		fit &= ~(1u << prefix);
	}
	return lpm_load(&node->elem) ? &node->elem : best;
}

LPM_INLINE const u32 *lpm_descend(const struct lpm_fast *f, const void *key,
				  u32 size, bool sure)
{
	const struct lpm_bits bits = lpm_bits_of(key, size);
	const struct lpm_node *node = lpm_child(f, f->top, 0);
	u32 at = 0, left, n, nibble;
	const u32 *best = NULL;
	u64 window;

	memcpy(&left, key, sizeof(left));
	if (left > 8 * size)
		return NULL;
	for (;;) {
		window = lpm_window(&bits, at);
		n = node->skip & 15;
		if (n) {
			if (left < 4 * n ||
			    ((u32)(window >> 32) ^ node->skip) >> (32 - 4 * n))
				return best;
			window <<= 4 * n;
			at += n;
			left -= 4 * n;
		}
		nibble = (u32)(window >> 60);
		best = lpm_match(f, node, nibble, left, sure, best);
		if (left < 4 || !(node->children >> nibble & 1))
			return best;
		node = lpm_child(f, node, nibble);
		at++;
		left -= 4;
	}
}

/* A deletion may empty the place that was found, then the way is gone again. */
static inline u32 lpm_find_surely(const struct lpm_fast *f, const void *key)
{
	const u32 *place;
	u32 elem;

	do {
		place = lpm_descend(f, key, f->data_size, true);
		elem = place ? lpm_load(place) : 0;
	} while (place && !elem);
	return elem;
}

LPM_INLINE u32 lpm_find_sized(const struct lpm_fast *f, const void *key,
			      u32 size)
{
	const u32 *place = lpm_descend(f, key, size, false);
	u32 elem;

	if (!place)
		return 0;
	elem = lpm_load(place);
	return likely(elem) ? elem : lpm_find_surely(f, key);
}

/* The block of the element, 0: none.  By a reader, or under the map's lock. */
static inline u32 lpm_find(const struct lpm_fast *f, const void *key)
{
	switch (f->data_size) {
	case 4: return lpm_find_sized(f, key, 4);
	case 8: return lpm_find_sized(f, key, 8);
	case 16: return lpm_find_sized(f, key, 16);
	default: return lpm_find_sized(f, key, f->data_size);
	}
}

LPM_INLINE void *lpm_value(const struct lpm_fast *f, u32 elem)
{
	return f->units + (u64)elem * LPM_UNIT + f->value_off;
}

#endif
