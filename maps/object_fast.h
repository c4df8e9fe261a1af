/* SPDX-License-Identifier: BSD-3-Clause */
/* object_fast.h - where an array's objects are; compiled to bitcode too */
#ifndef WEIR_MAPS_OBJECT_FAST_H
#define WEIR_MAPS_OBJECT_FAST_H

#include <stdatomic.h>

#include "base/types.h"

struct object_fast {
	_Atomic(void *) *entries; /* constant while the map lives */
};

static inline void *object_fast_at(const struct object_fast *f, u32 index)
{
	return atomic_load_explicit(&f->entries[index], memory_order_acquire);
}

#endif
