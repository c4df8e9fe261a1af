/* SPDX-License-Identifier: BSD-3-Clause */
/* sealed.h - a value that shows whether all of it belongs together */
#ifndef WEIR_TESTS_SEALED_H
#define WEIR_TESTS_SEALED_H

#include "base/types.h"

struct sealed {
	u32 key;
	u32 version;
	u64 fill[5];
	u64 sum;
};

static inline u64 sum_of(const struct sealed *v)
{
	u64 sum = 0x9e3779b97f4a7c15ull + v->key * 31ull + v->version;

	for (size_t i = 0; i < ARRAY_LEN(v->fill); i++)
		sum = sum * 31 + v->fill[i];
	return sum;
}

static inline struct sealed seal(u32 key, u32 version)
{
	struct sealed v = { .key = key, .version = version };

	for (size_t i = 0; i < ARRAY_LEN(v.fill); i++)
		v.fill[i] = version * (i + 1ull);
	v.sum = sum_of(&v);
	return v;
}

static inline bool intact(const struct sealed *v, u32 key)
{
	return v->key == key && v->sum == sum_of(v);
}

#endif
