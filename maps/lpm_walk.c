/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lpm_walk.c - the control side of prefix tries: order, dumps
 *
 * Linux's order is kept: what is more specific comes before what is less, and
 * a prefix with a 0 before one with a 1.  Dumps go by the numbers of the keys
 * (lpm_trie.c, T6) instead, for which a cursor is enough.
 */
#include "maps/lpm_trie.h"

#include <errno.h>
#include <stdlib.h>

#include "maps/words.h"

/* A node's prefixes (1 to 15) and children (16 and up) in that order. */
static const u8 order[31] = { 16, 17, 8,  18, 19, 9,  4,  20, 21, 10, 22,
			      23, 11, 5,  2,  24, 25, 12, 26, 27, 13, 6,
			      28, 29, 14, 30, 31, 15, 7,  3,  1 };
/* and where they stand in it */
static const u8 rank[32] = {
	[16] = 0,  [17] = 1,  [8] = 2,	 [18] = 3,  [19] = 4,  [9] = 5,
	[4] = 6,   [20] = 7,  [21] = 8,	 [10] = 9,  [22] = 10, [23] = 11,
	[11] = 12, [5] = 13,  [2] = 14,	 [24] = 15, [25] = 16, [12] = 17,
	[26] = 18, [27] = 19, [13] = 20, [6] = 21,  [28] = 22, [29] = 23,
	[14] = 24, [30] = 25, [31] = 26, [15] = 27, [7] = 28,  [3] = 29,
	[1] = 30
};

/* Copies under the lock never last longer than looking at so many numbers. */
#define LOOK_MAX 256

/* The first element from a place in the way's last node on. */
static u32 elem_from(const struct lpm_trie *t, struct lpm_way *w, u32 place)
{
	while (w->depth > 0) {
		struct lpm_node *node = w->node[w->depth];
		u32 what = place < ARRAY_LEN(order) ? order[place] : 0, elem;

		if (!what) {
			place = rank[16 + w->nibble[w->depth--]] + 1u;
			continue;
		}
		place++;
		if (what < 16) {
			elem = lpm_elem_at(t, node, what);
			if (elem)
				return elem;
		} else if (node->children >> (what - 16) & 1) {
			w->depth++;
			w->node[w->depth] =
				lpm_child(&t->fast, node, what - 16);
			w->nibble[w->depth] = (u8)(what - 16);
			place = 0;
		}
	}
	return 0;
}

static u32 first_elem(const struct lpm_trie *t, struct lpm_way *w)
{
	w->depth = 1;
	w->nibble[1] = 0;
	w->node[1] = lpm_child(&t->fast, t->fast.top, 0);
	return elem_from(t, w, 0);
}

static void copy_key(const struct lpm_trie *t, u32 elem, void *to)
{
	words_out(to, lpm_key(&t->blocks, elem), t->map.key_size);
}

int lpm_next_key(struct map *map, const void *key, void *next)
{
	struct lpm_trie *t = lpm_of(map);
	u32 len = UINT32_MAX, elem, *place = NULL;
	struct lpm_way w;

	if (key)
		memcpy(&len, key, sizeof(len));
	spin_lock(&t->lock);
	if (len <= 8 * t->fast.data_size) {
		lpm_walk(t, key, &w);
		place = lpm_place(t, &w);
	}
	if (place && *place) {
		elem = elem_from(t, &w, rank[lpm_prefix(&w)] + 1u);
	} else {
		elem = first_elem(t, &w);
	}
	if (elem)
		copy_key(t, elem, next);
	spin_unlock(&t->lock);
	return elem ? 0 : -ENOENT;
}

/* The element of the next key that has one: 0, -EAGAIN: look further,
 * -ENOENT: that was all. */
static int copy_next(struct lpm_trie *t, u64 *cursor, void *key, void *value)
{
	int err = -EAGAIN;
	u32 elem = 0;

	spin_lock(&t->lock);
	for (u32 i = 0; i < LOOK_MAX && !elem; i++) {
		if (*cursor >= t->ids_len) {
			err = -ENOENT;
			break;
		}
		elem = t->ids[(*cursor)++];
		if (elem & LPM_ID_FREE)
			elem = 0;
	}
	if (elem) {
		copy_key(t, elem, key);
		words_out(value, lpm_value(&t->fast, elem), t->map.value_size);
		err = 0;
	}
	spin_unlock(&t->lock);
	return err;
}

int lpm_scan(struct map *map, u64 *cursor, u32 n, map_visit *fn, void *arg)
{
	struct lpm_trie *t = lpm_of(map);
	u64 key_bytes = round_up(map->key_size, 8);
	u8 *copy = malloc(key_bytes + map->value_size);
	u32 seen = 0;
	int err = 0;

	if (!copy)
		return -ENOMEM;
	while (seen < n) {
		err = copy_next(t, cursor, copy, copy + key_bytes);
		if (err == -EAGAIN)
			continue;
		if (!err)
			err = fn(arg, copy, copy + key_bytes);
		if (err)
			break;
		seen++;
	}
	free(copy);
	return err == -EAGAIN ? 0 : err;
}

/* ---- verification ---- */

/* The element is in use, is found by its own key, and its number by it. */
static bool elem_is_whole(const struct lpm_trie *t, u32 elem)
{
	const struct lpm_block *head = lpm_block_at(&t->blocks, elem);
	u8 key[sizeof(u32) + LPM_DATA_MAX];
	u32 id = head->next;

	copy_key(t, elem, key);
	return head->grade == LPM_ELEM && id < t->ids_len &&
	       t->ids[id] == elem && lpm_find(&t->fast, key) == elem;
}

/* The blocks of a node and of those below, by grade; false: broken. */
static bool count_node(const struct lpm_trie *t, const struct lpm_node *node,
		       u64 *blocks)
{
	const struct lpm_block *head;

	if (node->block) {
		head = (const struct lpm_block *)lpm_children(&t->fast,
							      node->block) -
		       1;
		if (head->grade >= LPM_NODE_GRADES)
			return false;
		blocks[head->grade]++;
	}
	for (u32 i = 0; i < 16; i++) {
		if ((node->children >> i & 1) &&
		    !count_node(t, lpm_child(&t->fast, node, i), blocks))
			return false;
	}
	return true;
}

int lpm_verify(struct map *map)
{
	struct lpm_trie *t = lpm_of(map);
	u64 blocks[LPM_GRADES] = { 0 };
	u32 used = 0, elem;
	struct lpm_way w;

	for (elem = first_elem(t, &w); elem; used++) {
		u8 key[sizeof(u32) + LPM_DATA_MAX];

		if (!elem_is_whole(t, elem))
			return -EUCLEAN;
		copy_key(t, elem, key);
		lpm_walk(t, key, &w);
		elem = elem_from(t, &w, rank[lpm_prefix(&w)] + 1u);
	}
	blocks[0] = 1; /* the top's own */
	blocks[LPM_ELEM] = used;
	if (used != t->used || !count_node(t, t->fast.top, blocks))
		return -EUCLEAN;
	return lpm_blocks_check(&t->blocks, blocks);
}
