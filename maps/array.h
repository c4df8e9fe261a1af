/* SPDX-License-Identifier: BSD-3-Clause */
/* array.h - what array.c and percpu_array.c share; inside maps/ only */
#ifndef WEIR_MAPS_ARRAY_H
#define WEIR_MAPS_ARRAY_H

#include <string.h>

#include "maps/array_fast.h"
#include "maps/family.h"

struct array {
	struct map map;
	struct arena arena;
	struct array_fast fast;
};

extern const struct map_fast array_map_fast;

static inline struct array *array_of(struct map *map)
{
	return container_of(map, struct array, map);
}

static inline u32 array_index(const void *key)
{
	u32 index;

	memcpy(&index, key, sizeof(index));
	return index;
}

int array_check_sizes(const struct map_attr *attr, u32 flags, struct err *err);
/* A program's update, of either family: -EINVAL, -E2BIG, -EEXIST. */
int array_check_update(const struct map *map, const void *key, u64 flags);
/* The index is a u32. */
int array_check_btf(const struct map_attr *attr, struct err *err);
void array_destroy(struct map *map);
int array_delete(struct map *map, const void *key);
u32 array_for_each(struct map *map, map_reach *fn, void *arg);
int array_next_key(struct map *map, const void *key, void *next);
u64 array_count(const struct map *map);
u64 array_bytes(const struct map *map);

#endif
