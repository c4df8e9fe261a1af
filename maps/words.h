/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * words.h - copies of keys and values that others may be writing
 *
 * Inside a map keys and values start on multiples of 8 and are padded to them.
 * They are copied word by word, so an aligned u64 (or less) in them is never
 * seen half written; the value as a whole may be, as on Linux.
 */
#ifndef WEIR_MAPS_WORDS_H
#define WEIR_MAPS_WORDS_H

#include <string.h>

#include "base/types.h"

static inline u64 word_load(const u64 *at)
{
	return __atomic_load_n(at, __ATOMIC_RELAXED);
}

static inline void word_store(u64 *at, u64 v)
{
	__atomic_store_n(at, v, __ATOMIC_RELAXED);
}

/* Into a map: size bytes from anywhere; the rest of the last word is zeroed. */
static inline void words_in(void *to, const void *from, u32 size)
{
	u64 *w = to;
	const u8 *p = from;
	u64 v;

	for (; size >= 8; size -= 8, p += 8) {
		memcpy(&v, p, 8);
		word_store(w++, v);
	}
	if (size) {
		v = 0;
		memcpy(&v, p, size);
		word_store(w, v);
	}
}

/* Out of a map: size bytes to anywhere, not one more. */
static inline void words_out(void *to, const void *from, u32 size)
{
	const u64 *w = from;
	u8 *p = to;
	u64 v;

	for (; size >= 8; size -= 8, p += 8) {
		v = word_load(w++);
		memcpy(p, &v, 8);
	}
	if (size) {
		v = word_load(w);
		memcpy(p, &v, size);
	}
}

static inline void words_zero(void *to, u32 size)
{
	u64 *w = to;

	for (u32 i = 0; i < (size + 7) / 8; i++)
		word_store(w + i, 0);
}

#endif
