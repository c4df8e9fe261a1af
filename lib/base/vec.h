/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vec.h - growable arrays
 *
 *	struct { struct item *items; u32 len, cap; } v = { 0 };
 *	struct item *it = vec_add(&v);	// zeroed; NULL when out of memory
 */
#ifndef WEIR_BASE_VEC_H
#define WEIR_BASE_VEC_H

#include "base/types.h"

#define VEC(type)            \
	struct {             \
		type *items; \
		u32 len;     \
		u32 cap;     \
	}

/* The address of one more zeroed item, or NULL with the vector unchanged. */
#define vec_add(v)                                                       \
	((__typeof__((v)->items))vec_add_((void **)&(v)->items, &(v)->len, \
					  &(v)->cap, sizeof(*(v)->items)))

#define vec_each(it, v) \
	for (it = (v)->items; it && it < (v)->items + (v)->len; it++)

#define vec_free(v)                  \
	do {                         \
		free((v)->items);    \
		(v)->items = NULL;   \
		(v)->len = (v)->cap = 0; \
	} while (0)

void *vec_add_(void **items, u32 *len, u32 *cap, size_t size);

#endif
