/* SPDX-License-Identifier: BSD-3-Clause */
/* prog_array.h - jump tables, as tail calls see them */
#ifndef WEIR_MAPS_PROG_ARRAY_H
#define WEIR_MAPS_PROG_ARRAY_H

#include "maps/map.h"

/* The program in a slot, valid until the lcore's burst ends; NULL if the slot
 * is empty or index is out of range. */
const struct prog *prog_array_at(const struct map *map, u32 index);

/* Called when a program that uses the array is loaded: the first one sets what
 * all others and all entries must agree with.  -EINVAL if they do not. */
int prog_array_adopt(struct map *map, const struct prog *prog);

#endif
