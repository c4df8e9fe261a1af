/* SPDX-License-Identifier: BSD-3-Clause */
/* array_fast.h - where an array's values are; compiled to bitcode too */
#ifndef WEIR_MAPS_ARRAY_FAST_H
#define WEIR_MAPS_ARRAY_FAST_H

#include "base/types.h"

/* Constant while the map lives. */
struct array_fast {
	u8 *base;
	u32 max_entries;
	u32 stride;	 /* from one index to the next */
	u64 slot_stride; /* from one slot to the next; 0: not per CPU */
};

static inline void *array_at(const struct array_fast *a, u32 index, u32 slot)
{
	if (unlikely(index >= a->max_entries))
		return NULL;
	return a->base + slot * a->slot_stride + (u64)index * a->stride;
}

#endif
