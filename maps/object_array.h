/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * object_array.h - an array whose entries are objects; inside maps/ only
 *
 * O1  An entry holds a reference to its object.  Entries change under the lock;
 *     whoever takes a pointer out owns that reference.
 * O2  Programs load entries without the lock.  What they find lives until
 *     their burst ends: the kind's put() frees nothing before.
 */
#ifndef WEIR_MAPS_OBJECT_ARRAY_H
#define WEIR_MAPS_OBJECT_ARRAY_H

#include <string.h>

#include "maps/family.h"
#include "maps/object_fast.h"
#include "mem/spin.h"

struct object_kind {
	void (*get)(const struct map_env *env, void *object);
	void (*put)(const struct map_env *env, void *object);
	u32 (*id)(const struct map_env *env, const void *object);
};

struct object_array {
	struct map map;
	const struct object_kind *kind;
	struct arena arena;
	struct spin lock;
	struct object_fast fast;
};

static inline struct object_array *object_array_of(const struct map *map)
{
	return container_of(map, struct object_array, map);
}

static inline u32 object_index(const void *key)
{
	u32 index;

	memcpy(&index, key, sizeof(index));
	return index;
}

static inline void *object_at(const struct map *map, u32 index)
{
	if (unlikely(index >= map->max_entries))
		return NULL;
	return object_fast_at(&object_array_of(map)->fast, index);
}

/* Sizes and flags: what Linux checks of all such arrays. */
int object_array_check(const struct map_attr *attr, struct err *err);
/* Of calloc()ed memory that begins with a struct object_array; freed on
 * failure. */
int object_array_init(struct object_array *a, const struct map_env *env,
		      const struct map_attr *attr,
		      const struct object_kind *kind);
void object_array_destroy(struct map *map);
/* Gives up every entry. */
void object_array_clear(struct map *map);

/* Takes a reference to the object. */
void object_array_set(struct map *map, u32 index, void *object);
/* Empties the entry if the object is there. */
void object_array_unset(struct map *map, u32 index, const void *object);
int object_array_check_write(const struct map *map, const void *key, u64 flags);
int object_array_read(struct map *map, const void *key, void *value, u64 flags);
int object_array_write(struct map *map, const void *key, const void *value,
		       u64 flags);
int object_array_erase(struct map *map, const void *key);
/* Programs change no entry. */
int object_array_delete(struct map *map, const void *key);
u64 object_array_count(const struct map *map);
u64 object_array_bytes(const struct map *map);

#endif
