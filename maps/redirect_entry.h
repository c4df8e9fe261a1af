/* SPDX-License-Identifier: BSD-3-Clause */
/* redirect_entry.h - entries of the redirect maps made and kept; inside maps/
 * only */
#ifndef WEIR_MAPS_REDIRECT_ENTRY_H
#define WEIR_MAPS_REDIRECT_ENTRY_H

#include "maps/object_array.h"
#include "maps/redirect.h"

/* What one value asks for. */
struct redirect_want {
	u32 key;
	u8 value[8]; /* zero where the map's values are shorter */
	struct prog *prog;
	u32 attach_type; /* that the program must have been made for */
	struct pkt_queue *queue;
};

/* Sizes and flags. */
int redirect_check(const struct map_attr *attr, u32 flags, struct err *err);

/* With a reference, the caller's.  kind is the map's (D3), NULL: there are no
 * programs.  -EINVAL: the
 * program does not fit, -ENOMEM. */
int redirect_entry_new(const struct map_env *env, _Atomic u64 *kind,
		       const struct redirect_want *want,
		       struct redirect_entry **out);
/* Nobody else has seen it, or others have references, too. */
void redirect_entry_put(struct redirect_entry *entry);
/* The map's: the reference goes after a grace period. */
void redirect_entry_retire(struct redirect_entry *entry);

/* An array of entries. */
struct redirect_array {
	struct object_array objects;
	_Atomic u64 kind; /* 0: no program yet */
};

static inline struct redirect_array *redirect_array_of(const struct map *map)
{
	return container_of(object_array_of(map), struct redirect_array,
			    objects);
}

int redirect_array_create(const struct map_env *env,
			  const struct map_attr *attr, struct map **map);
int redirect_array_adopt(struct map *map, const struct prog *prog);
int redirect_array_read(struct map *map, const void *key, void *value,
			u64 flags);
int redirect_array_erase(struct map *map, const void *key);
u64 redirect_array_bytes(const struct map *map);

/* devmap_hash.c */
struct redirect_entry *devmap_hash_next(const struct map *map,
					const struct redirect_entry *entry);

/* devmap.c: is there such a port? */
bool devmap_has_port(const struct map_env *env, u32 ifindex);
int devmap_check(const struct map_attr *attr, struct err *err);
/* Values come with the program they name, write_linked(). */
int redirect_no_write(struct map *map, const void *key, const void *value,
		      u64 flags);

#endif
