/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * jhash.h - Bob Jenkins' lookup3, as Linux uses it
 *
 * The same key and seed give Linux's number on a little-endian machine.
 */
#ifndef WEIR_MAPS_JHASH_H
#define WEIR_MAPS_JHASH_H

#include <string.h>

#include "base/types.h"

struct jhash {
	u32 a, b, c;
};

static inline u32 jhash_rotate(u32 v, u32 by)
{
	return v << by | v >> (32 - by);
}

static inline void jhash_mix(struct jhash *h)
{
	static const u8 by[] = { 4, 6, 8, 16, 19, 4 };

	/* The three take turns, each twice. */
	for (u32 i = 0; i < 6; i++) {
		u32 a = (h->a - h->c) ^ jhash_rotate(h->c, by[i]);

		*h = (struct jhash){ h->b, h->c + h->b, a };
	}
}

static inline u32 jhash_last(struct jhash *h)
{
	static const u8 by[] = { 14, 11, 25, 16, 4, 14, 24 };

	for (u32 i = 0; i < 7; i++) {
		u32 c = (h->c ^ h->b) - jhash_rotate(h->b, by[i]);

		*h = (struct jhash){ h->b, c, h->a };
	}
	return h->b; /* the seventh */
}

/* Up to 12 bytes, zeros behind them. */
static inline void jhash_add(struct jhash *h, const u8 *key, u32 size)
{
	u32 w[3] = { 0 };

	memcpy(w, key, size);
	h->a += w[0];
	h->b += w[1];
	h->c += w[2];
}

static inline u32 jhash(const void *key, u32 size, u32 seed)
{
	const u8 *at = key;
	u32 start = 0xdeadbeef + size + seed;
	struct jhash h = { start, start, start };

	for (; size > 12; size -= 12, at += 12) {
		jhash_add(&h, at, 12);
		jhash_mix(&h);
	}
	if (!size)
		return h.c;
	jhash_add(&h, at, size);
	return jhash_last(&h);
}

#endif
