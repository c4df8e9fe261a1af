/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

void *vec_add_(void **items, u32 *len, u32 *cap, size_t size)
{
	char *item;

	if (*len == *cap) {
		u32 want = *cap ? *cap * 2 : 8;
		void *more;

		if (want <= *cap)
			return NULL;
		more = reallocarray(*items, want, size);
		if (!more)
			return NULL;
		*items = more;
		*cap = want;
	}
	item = (char *)*items + (size_t)*len * size;
	memset(item, 0, size);
	(*len)++;
	return item;
}
