/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * embed.c - generated programs stay inside the states of their verification
 *
 *	verify-embed [PROGRAMS [SEED [RUNS]]]
 *
 * Each program is verified without pruning, with a state at every point where
 * one may be, and as usual, and run on packets and maps at random: before each
 * instruction some state has in it where the run is, and no access leaves its
 * object.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

static const struct bench_how hows[] = {
	{ .no_prune = true },
	{ .every_state = true },
	{ 0 },
};

static bool try(struct bench *b, struct gen *g, u64 seed, u32 runs,
		u32 accepted[ARRAY_LEN(hows)])
{
	struct bench_prog p;

	gen_program(g, seed, false);
	p = bench_prog_of(g);
	for (u32 i = 0; i < ARRAY_LEN(hows); i++) {
		struct bench_how how = hows[i];
		int ret;

		how.runs = runs;
		ret = bench_embed(b, &p, &how);
		if (ret < 0) {
			fprintf(stderr, "seed %llu, way %u\n",
				(unsigned long long)seed, i);
			return false;
		}
		accepted[i] += !ret;
	}
	return true;
}

int main(int argc, char **argv)
{
	static struct bench b;
	static struct gen g;
	u32 programs = argc > 1 ? (u32)atoi(argv[1]) : 200;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	u32 runs = argc > 3 ? (u32)atoi(argv[3]) : 8;
	u32 accepted[ARRAY_LEN(hows)] = { 0 }, wrong = 0;

	/* memory of one program serves the next */
	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	if (!bench_open(&b))
		return 1;
	for (u32 i = 0; i < programs; i++)
		wrong += !try(&b, &g, seed + i, runs, accepted);
	printf("%u programs, %u accepted, %llu runs, %llu steps, %u wrong\n",
	       programs, accepted[2], (unsigned long long)b.runs,
	       (unsigned long long)b.steps, wrong);
	bench_close(&b);
	return wrong || !accepted[0] || !accepted[1] || !accepted[2];
}
