/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * map_load.h - what a benchmark does to a map, the same on all sides
 *
 * Included by the BPF program and by the native sides.  A key is made from a
 * number below 2 * entries: those below entries are in the map, the others not.
 */
#ifndef WEIR_TESTS_BENCH_MAP_LOAD_H
#define WEIR_TESTS_BENCH_MAP_LOAD_H

#include <linux/types.h>

#define MAP_KEY_MAX 64
#define MAP_VALUE_MAX 64
#define MAP_LOAD_UNROLL 16

enum map_load_op {
	LOAD_LOOKUP_HIT,
	LOAD_LOOKUP_MISS,
	LOAD_LOOKUP_BURST,  /* hits, together where a side has that */
	LOAD_LOOKUP_INLINE, /* hits, inlined where a side has that */
	LOAD_UPDATE,	    /* of elements that are there */
	LOAD_INSERT_DELETE, /* a map half full; the pair is one operation */
	LOAD_CHURN,	    /* look up, insert what is missing: twice as many
			       keys as an LRU has room for */
	LOAD_OPS,
};

struct map_load {
	__u32 op;
	__u32 type;
	__u32 entries;
	__u32 key_size;
	__u32 value_size;
	__u32 threads;
	__u32 rounds; /* the program's: of so many operations a run */
};

static inline __attribute__((always_inline)) __u32 load_random(__u64 *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (__u32)(*state >> 32);
}

/* Uniform, below n. */
static inline __attribute__((always_inline)) __u32 load_below(__u64 *state,
							      __u32 n)
{
	return (__u32)(((__u64)load_random(state) * n) >> 32);
}

/* The number of the key that an operation is about. */
static inline __attribute__((always_inline)) __u32
load_number(const struct map_load *load, __u32 op, __u64 *state)
{
	__u32 n = load->entries;

	switch (op) {
	case LOAD_LOOKUP_MISS:
		return n + load_below(state, n);
	case LOAD_INSERT_DELETE:
		return n / 2 + load_below(state, n);
	case LOAD_CHURN:
		return load_below(state, 2 * n);
	default:
		return load_below(state, n);
	}
}

/* Distinct numbers make distinct keys. */
static inline __attribute__((always_inline)) void
load_key(const struct map_load *load, __u32 number, __u64 *key)
{
	__u32 scattered = number * 2654435761u;

	switch (load->type) {
	case 2: /* BPF_MAP_TYPE_ARRAY */
	case 6: /* BPF_MAP_TYPE_PERCPU_ARRAY */
		key[0] = number;
		return;
	case 11: /* BPF_MAP_TYPE_LPM_TRIE: an IPv4 address after its length */
		key[0] = 32 | (__u64)scattered << 32;
		return;
	}
	key[0] = scattered;
	if (load->key_size > 8)
		key[1] = scattered ^ 0x5bd1e995u;
	if (load->key_size > 16) {
		key[2] = scattered + 2;
		key[3] = scattered + 3;
		key[4] = scattered + 4;
		key[5] = scattered + 5;
		key[6] = scattered + 6;
		key[7] = scattered + 7;
	}
}

#endif
