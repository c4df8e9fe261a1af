/* SPDX-License-Identifier: BSD-3-Clause */
/* inner.h - what the maps in a map of maps are like; inside maps/ only */
#ifndef WEIR_MAPS_INNER_H
#define WEIR_MAPS_INNER_H

#include "maps/map.h"

/* Linux's rules for attr->inner; the last of a family's check(). */
int inner_check(const struct map_attr *attr, struct err *err);

/* The constants of a map, for struct map's inner.  NULL: out of memory. */
struct map *inner_like(const struct map *map);
void inner_free(const struct map *like);

/* May the map be put into a map of maps?  0 or -EINVAL. */
int inner_fits(const struct map *outer, const struct map *map);

#endif
