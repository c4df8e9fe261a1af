/* SPDX-License-Identifier: BSD-3-Clause */
/* htab_lookup.c - what programs find in hash maps */
#include "maps/htab.h"

#define WORD(field) (1u << offsetof(struct htab_fast, field) / 8)

const struct map_fast htab_map_fast = {
	.off = offsetof(struct htab, fast),
	.words = sizeof(struct htab_fast) / 8,
	.moving = WORD(buckets) | WORD(elems) | WORD(links) | WORD(planes) |
		  WORD(heat) | WORD(seed[0]) | WORD(seed[1]) | WORD(seed[2]) |
		  WORD(seed[3]),
};
#undef WORD

void *htab_lookup(struct map *map, const void *key)
{
	const struct htab_fast *f = &htab_of(map)->fast;
	u32 index = htab_find(f, key, false);

	return index ? htab_value(f, index) : NULL;
}

void *percpu_htab_lookup(struct map *map, const void *key)
{
	const struct htab_fast *f = &htab_of(map)->fast;
	u32 index = htab_find(f, key, false);

	return index ? htab_percpu_value(f, index, map_slot()) : NULL;
}

void *lru_htab_lookup(struct map *map, const void *key)
{
	const struct htab_fast *f = &htab_of(map)->fast;
	u32 index = htab_find(f, key, true);

	return index ? htab_value(f, index) : NULL;
}

void *lru_percpu_htab_lookup(struct map *map, const void *key)
{
	const struct htab_fast *f = &htab_of(map)->fast;
	u32 index = htab_find(f, key, true);

	return index ? htab_percpu_value(f, index, map_slot()) : NULL;
}

/* Linux counts no use for it. */
void *htab_lookup_slot(struct map *map, const void *key, u32 slot)
{
	const struct htab_fast *f = &htab_of(map)->fast;
	u32 index = htab_find(f, key, false);

	return index ? htab_percpu_value(f, index, slot) : NULL;
}

static void *value_of(const struct htab_fast *f, u32 index)
{
	if (!index)
		return NULL;
	return f->planes ? htab_percpu_value(f, index, map_slot())
			 : htab_value(f, index);
}

void htab_lookup_burst(struct map *map, const void *const *keys, u32 n,
		       void **values)
{
	const struct htab_fast *f = &htab_of(map)->fast;
	u32 found[HTAB_BURST], part;

	for (u32 i = 0; i < n; i += part) {
		part = MIN(n - i, (u32)HTAB_BURST);
		htab_find_burst(f, keys + i, part, found, f->heat != NULL);
		for (u32 j = 0; j < part; j++)
			values[i + j] = value_of(f, found[j]);
	}
}
