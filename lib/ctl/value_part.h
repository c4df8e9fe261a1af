/* SPDX-License-Identifier: BSD-3-Clause */
/* value_part.h - one of the two things a map's entry is made of */
#ifndef WEIR_CTL_VALUE_PART_H
#define WEIR_CTL_VALUE_PART_H

#include "ctl/value.h"

struct part {
	const struct map *map;
	const char *name; /* "key", "value" */
	u32 size;
	u32 type; /* in the map's BTF, 0: unknown */
};

static inline struct part key_part(const struct map *map)
{
	return (struct part){ map, "key", map->key_size,
			      map->btf ? map->btf_key : 0 };
}

static inline struct part value_part(const struct map *map)
{
	return (struct part){ map, "value", map->value_size,
			      map->btf ? map->btf_value : 0 };
}

#endif
