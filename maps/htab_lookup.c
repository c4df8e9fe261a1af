/* SPDX-License-Identifier: BSD-3-Clause */
/* htab_lookup.c - what programs find in hash maps */
#include "maps/htab.h"

void *htab_lookup(struct map *map, const void *key)
{
	const struct htab_fast *f = &htab_of(map)->fast;
	u32 index = htab_find(f, key);

	return index ? htab_value(f, index) : NULL;
}

void *percpu_htab_lookup(struct map *map, const void *key)
{
	const struct htab_fast *f = &htab_of(map)->fast;
	u32 index = htab_find(f, key);

	return index ? htab_percpu_value(f, index, map_slot()) : NULL;
}

void *lru_htab_lookup(struct map *map, const void *key)
{
	const struct htab_fast *f = &htab_of(map)->fast;
	u32 index = htab_find(f, key);

	if (!index)
		return NULL;
	htab_touch(f, index);
	return htab_value(f, index);
}

/* Linux counts no use for it. */
void *htab_lookup_slot(struct map *map, const void *key, u32 slot)
{
	const struct htab_fast *f = &htab_of(map)->fast;
	u32 index = htab_find(f, key);

	return index ? htab_percpu_value(f, index, slot) : NULL;
}

void *lru_percpu_htab_lookup(struct map *map, const void *key)
{
	const struct htab_fast *f = &htab_of(map)->fast;
	u32 index = htab_find(f, key);

	if (!index)
		return NULL;
	htab_touch(f, index);
	return htab_percpu_value(f, index, map_slot());
}

/* The values of up to HTAB_BURST elements that programs look up. */
static void values_of(const struct htab_fast *f, const u32 *found, u32 n,
		      void **values)
{
	for (u32 i = 0; i < n; i++) {
		if (!found[i]) {
			values[i] = NULL;
			continue;
		}
		if (f->heat)
			htab_touch(f, found[i]);
		values[i] = f->planes
				    ? htab_percpu_value(f, found[i], map_slot())
				    : htab_value(f, found[i]);
	}
}

void htab_lookup_burst(struct map *map, const void *const *keys, u32 n,
		       void **values)
{
	const struct htab_fast *f = &htab_of(map)->fast;
	u32 found[HTAB_BURST], part;

	for (u32 i = 0; i < n; i += part) {
		part = MIN(n - i, (u32)HTAB_BURST);
		htab_find_burst(f, keys + i, part, found);
		values_of(f, found, part, values + i);
	}
}
