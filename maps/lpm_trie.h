/* SPDX-License-Identifier: BSD-3-Clause */
/* lpm_trie.h - what the files of prefix tries share; inside maps/ only */
#ifndef WEIR_MAPS_LPM_TRIE_H
#define WEIR_MAPS_LPM_TRIE_H

#include "maps/family.h"
#include "maps/lpm_fast.h"
#include "mem/spin.h"

#define LPM_DATA_MAX 256
/* The top, then a node for each nibble at most, and one at the end. */
#define LPM_DEPTH (2 * LPM_DATA_MAX + 2)
/* Blocks of nodes have five sizes, those of elements one of their own. */
#define LPM_NODE_GRADES 5
#define LPM_ELEM LPM_NODE_GRADES
#define LPM_GRADES (LPM_NODE_GRADES + 1)

/* The first unit of a block. */
struct lpm_block {
	u32 next; /* free: in its list; of an element in use: its key's number
		   */
	u32 grade;
	u64 stamp; /* retired: usable when it has passed */
};

/* Blocks of nodes and elements, from the start of the map's arena; under the
 * map's lock. */
struct lpm_blocks {
	/* constant */
	u8 *units;
	u32 capacity;	/* units */
	u32 elem_units; /* of an element's block */
	struct arena *arena;
	struct rcu *rcu;

	u32 fresh; /* the first unit never used */
	struct arena_part part;
	struct {
		u32 ready;  /* a stack */
		u32 oldest; /* of the retired: a queue */
		u32 newest;
		u32 retired;
	} lists[LPM_GRADES];
};

/* A change of the trie: blocks made for it and those it makes superfluous. */
struct lpm_edit {
	struct lpm_blocks *blocks;
	u32 made_len;
	u32 dropped_len;
	u32 made[LPM_DEPTH + 4];
	u32 dropped[LPM_DEPTH + 4];
};

struct lpm_trie {
	struct map map;
	struct arena arena;
	struct lpm_fast fast;
	u32 *ids; /* constant; ids[i]: element of the key with number i */

	_Alignas(CACHE_LINE) struct spin lock; /* all that follows */
	_Atomic u32 used;		       /* elements; others read it */
	u32 ids_free;			       /* first of a list through ids */
	u32 ids_len;			       /* numbers ever given out */
	struct arena_part ids_part;
	struct lpm_blocks blocks;
	struct lpm_edit edit;
};

static inline struct lpm_trie *lpm_of(const struct map *map)
{
	return container_of(map, struct lpm_trie, map);
}

/* In ids: no element, the rest is the next free number. */
#define LPM_ID_FREE (1u << 31)

/* ---- lpm_block.c ---- */

static inline struct lpm_block *lpm_block_at(const struct lpm_blocks *b,
					     u32 block)
{
	return (struct lpm_block *)(b->units + (u64)block * LPM_UNIT);
}

static inline u8 *lpm_key(const struct lpm_blocks *b, u32 elem)
{
	return (u8 *)(lpm_block_at(b, elem) + 1);
}

/* 0: no memory, or all there is has its grace period still to pass. */
u32 lpm_elem_take(struct lpm_blocks *b);
/* Nobody has seen it. */
void lpm_elem_return(struct lpm_blocks *b, u32 elem);
/* Readers may still have it, new ones do not find it. */
void lpm_elem_retire(struct lpm_blocks *b, u32 elem);

void lpm_edit_begin(struct lpm_edit *e);
/* Room for so many bytes: the block, 0: no memory. */
u32 lpm_edit_make(struct lpm_edit *e, u32 bytes);
void lpm_edit_drop(struct lpm_edit *e, u32 block);
/* What was made is reachable, what was dropped is not. */
void lpm_edit_commit(struct lpm_edit *e);
void lpm_edit_abort(struct lpm_edit *e);

/* -EUCLEAN unless so many blocks of each grade are used, and all other units
 * are free or in their grace period. */
int lpm_blocks_check(const struct lpm_blocks *b, const u64 *used);

/* ---- lpm_node.c: changes of the trie; under the map's lock ---- */

/* Where the way of a key ends. */
struct lpm_way {
	u32 prefixlen;
	struct lpm_bits bits;
	u32 depth;
	u32 at;	    /* the nibble at which the last node's skip begins */
	u32 common; /* nibbles of it that the key has */
	struct lpm_node *node[LPM_DEPTH]; /* from the top */
	u8 nibble[LPM_DEPTH]; /* of node[i] among node[i - 1]'s children */
};

void lpm_walk(const struct lpm_trie *t, const void *key, struct lpm_way *w);
/* The prefix number of the key in the node where it belongs. */
u32 lpm_prefix(const struct lpm_way *w);
/* The place of the key's element if the trie has one for it, or NULL. */
u32 *lpm_place(const struct lpm_trie *t, const struct lpm_way *w);
/* The element of a prefix of a node, 0: none. */
u32 lpm_elem_at(const struct lpm_trie *t, const struct lpm_node *node,
		u32 prefix);

/* A key that has no element gets one.  -ENOMEM: nothing has changed. */
int lpm_insert(struct lpm_trie *t, struct lpm_way *w, u32 elem);
/* The key's element was taken from its place: without memory for less nodes
 * they stay as they are. */
void lpm_tidy(struct lpm_trie *t, struct lpm_way *w);

/* ---- lpm_walk.c: the control side, which takes copies ---- */

int lpm_next_key(struct map *map, const void *key, void *next);
int lpm_scan(struct map *map, u64 *cursor, u32 n, map_visit *fn, void *arg);
/* While nobody uses the map: -EUCLEAN unless every element is free or in its
 * place, and every block as well. */
int lpm_verify(struct map *map);

#endif
