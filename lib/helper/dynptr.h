/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dynptr.h - what lies in a program's struct bpf_dynptr
 *
 * Programs neither read nor write it: the verifier and the engine see to that.
 */
#ifndef WEIR_HELPER_DYNPTR_H
#define WEIR_HELPER_DYNPTR_H

#include <linux/bpf.h>

#include "base/types.h"

#define DYNPTR_SIZE_MAX ((1u << 24) - 1)

enum dynptr_of {
	DYNPTR_OF_MEMORY,
	DYNPTR_OF_RECORD, /* of a ring buffer */
	DYNPTR_OF_SKB,
	DYNPTR_OF_XDP,
};

struct dynptr {
	u8 *data; /* a struct pkt of a packet; NULL: of nothing */
	u32 size : 24;
	u32 of : 7;
	u32 rdonly : 1;
	u32 offset;
};

_Static_assert(sizeof(struct dynptr) == sizeof(struct bpf_dynptr),
	       "one is the other");

static inline void dynptr_set(struct dynptr *d, enum dynptr_of of, void *data,
			      u32 size)
{
	*d = (struct dynptr){ .data = data, .size = size, .of = of };
}

static inline bool dynptr_holds(const struct dynptr *d, u32 off, u32 len)
{
	return len <= d->size && off <= d->size - len;
}

#endif
