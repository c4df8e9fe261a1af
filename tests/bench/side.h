/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * side.h - one side of a map benchmark, as runner.py drives it
 *
 *	map-SIDE OP TYPE ENTRIES KEY_SIZE VALUE_SIZE THREADS
 *
 * For each line with a number of seconds on standard input it runs its load
 * so long on every thread and prints the nanoseconds of an operation: what a
 * thread had of its CPU by the operations it did.  So what else the machine
 * runs meanwhile counts little.
 */
#ifndef WEIR_TESTS_BENCH_SIDE_H
#define WEIR_TESTS_BENCH_SIDE_H

#include "base/types.h"
#include "map_load.h"

#define SIDE_THREADS_MAX 64

struct side {
	struct map_load load;
	void *arg; /* of the side that is measured */
};

struct side_ops {
	/* Make the map and fill it. */
	void (*setup)(struct side *side);
	/* The thread's own preparation, on its CPU; may be NULL. */
	void (*enter)(struct side *side, u32 thread);
	void (*leave)(struct side *side, u32 thread);
	/* Some thousand operations; returns how many. */
	u64 (*run)(struct side *side, u32 thread, __u64 *random);
	/* Bytes of memory the map takes, for "memory" on a line. */
	u64 (*memory)(struct side *side);
};

int side_main(int argc, char **argv, const struct side_ops *ops);

/* Give up with a message. */
void side_fail(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));

extern const char *const load_op_names[LOAD_OPS];

/* Which numbers are in the map at the start: those below this. */
static inline u32 side_filled(const struct map_load *load)
{
	return load->op == LOAD_INSERT_DELETE ? load->entries / 2
					      : load->entries;
}

/* Prefix i of an LPM table: an address and 8 to 32 bits of it. */
static inline void side_prefix(u32 i, u32 key[2])
{
	__u64 random = i;
	u32 bits = 8 + load_random(&random) % 17 + load_random(&random) % 9;
	u32 address = (load_random(&random)) & (u32)(~0ull << (32 - bits));

	key[0] = bits;
	key[1] = __builtin_bswap32(address);
}

#endif
