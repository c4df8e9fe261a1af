/* SPDX-License-Identifier: BSD-3-Clause */
/* array_fast.h - where an array's values are; compiled to bitcode too */
#ifndef WEIR_MAPS_ARRAY_FAST_H
#define WEIR_MAPS_ARRAY_FAST_H

#include <errno.h>
#include <linux/bpf.h>

#include "base/types.h"

/* Constant while the map lives. */
struct array_fast {
	u8 *base;
	u32 max_entries;
	u32 stride;	 /* from one index to the next */
	u64 slot_stride; /* from one slot to the next; 0: not per CPU */
};

/* May an element be updated so?  0 or Linux's errno; lock: values have one. */
static inline int array_refuses(u32 max_entries, u32 index, u64 flags,
				bool lock)
{
	if ((flags & ~(u64)BPF_F_LOCK) > BPF_EXIST)
		return -EINVAL;
	if (index >= max_entries)
		return -E2BIG;
	if (flags & BPF_NOEXIST)
		return -EEXIST;
	return flags & BPF_F_LOCK && !lock ? -EINVAL : 0;
}

static inline void *array_at(const struct array_fast *a, u32 index, u32 slot)
{
	if (unlikely(index >= a->max_entries))
		return NULL;
	return a->base + slot * a->slot_stride + (u64)index * a->stride;
}

#endif
