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

/* The whole words of size bytes from anywhere; the address after them. */
static inline u64 *words_in_whole(u64 *w, const u8 *p, u32 size)
{
	u64 v;

	for (; size >= 8; size -= 8, p += 8) {
		memcpy(&v, p, 8);
		word_store(w++, v);
	}
	return w;
}

/* Into a map: size bytes from anywhere; the rest of the last word is zeroed. */
static inline void words_in(void *to, const void *from, u32 size)
{
	u64 *w = words_in_whole(to, from, size), v = 0;

	if (size & 7) {
		memcpy(&v, (const u8 *)from + (size & ~7u), size & 7);
		word_store(w, v);
	}
}

/* The same over what is there; the rest of the last word is kept. */
static inline void words_over(void *to, const void *from, u32 size)
{
	u64 *w = words_in_whole(to, from, size), v;

	if (size & 7) {
		v = word_load(w);
		memcpy(&v, (const u8 *)from + (size & ~7u), size & 7);
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
