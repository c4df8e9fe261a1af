/* SPDX-License-Identifier: BSD-3-Clause */
/* htab.h - what the files of hash maps share; inside maps/ only */
#ifndef WEIR_MAPS_HTAB_H
#define WEIR_MAPS_HTAB_H

#include "maps/family.h"
#include "maps/fields.h"
#include "maps/htab_fast.h"
#include "maps/lru.h"
#include "mem/pool.h"

struct htab {
	struct map map;
	struct arena arena;
	struct htab_fast fast;
	struct pool pool;
	struct lru *lru; /* NULL: a full map refuses new keys */
};

extern const struct map_fast htab_map_fast;

static inline struct htab *htab_of(const struct map *map)
{
	return container_of(map, struct htab, map);
}

static inline struct spin *htab_lock_of(struct htab_bucket *b)
{
	return (struct spin *)&b->lock;
}

/* The elements of a bucket in the order of their places: the one after place
 * *at (start with 0), or 0.  Without the lock: trust it if seq is unchanged. */
u32 htab_next_place(const struct htab *h, const struct htab_bucket *b, u32 *at,
		    u32 index);

/* htab.c: writes, by programs and by the control side */
int htab_update(struct map *map, const void *key, const void *value, u64 flags);
int htab_write(struct map *map, const void *key, const void *value, u64 flags);
int htab_delete(struct map *map, const void *key);
int htab_take(struct map *map, const void *key, void *value, u64 flags);

/* htab_lookup.c: for programs */
void *htab_lookup(struct map *map, const void *key);
void *percpu_htab_lookup(struct map *map, const void *key);
void *lru_htab_lookup(struct map *map, const void *key);
void *lru_percpu_htab_lookup(struct map *map, const void *key);
void *htab_lookup_slot(struct map *map, const void *key, u32 slot);
void htab_lookup_burst(struct map *map, const void *const *keys, u32 n,
		       void **values);

u32 htab_for_each(struct map *map, map_reach *fn, void *arg);

/* htab_walk.c: the control side, which takes copies */
void htab_copy_value(const struct htab *h, u32 index, void *to, bool locked);
int htab_read(struct map *map, const void *key, void *value, u64 flags);
int htab_next_key(struct map *map, const void *key, void *next);
int htab_scan(struct map *map, u64 *cursor, u32 n, map_visit *fn, void *arg);

/* Every element is in one place or one free list, and found by its key; an LRU
 * map that takes itself for full is.  While nobody uses the map; -EUCLEAN. */
int htab_verify(struct map *map);

#endif
