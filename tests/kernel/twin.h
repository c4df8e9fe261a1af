/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * twin.h - maps of the live kernel and Weir's, in pairs, and programs that run
 * on both sides
 *
 * A program names a pair by its number (LD_MAP, LD_VALUE).  Pair 0 is an array
 * of one value, TWIN_VALUE bytes, where it leaves what it found out.
 */
#ifndef WEIR_TESTS_KERNEL_TWIN_H
#define WEIR_TESTS_KERNEL_TWIN_H

#include "../asm.h"
#include "kmap.h"
#include "kprog.h"
#include "../engine.h"

#define TWIN_MAPS 8
#define TWIN_INSNS 1024
#define TWIN_VALUE 1024

struct twin {
	struct mem *mem;
	struct map_env env;
	int fds[TWIN_MAPS];
	struct map *maps[TWIN_MAPS];
	u32 map_cnt;
	int btf; /* functions are ints without arguments */
	u8 *kernel_value;
	u8 *our_value;
	struct bpf_insn insns[TWIN_INSNS];
	u32 cnt;
	/* of the last run */
	struct run run;
	u64 seed;
	u64 compared;
	u64 different;
	char log[1 << 16];
};

/* False: said why. */
bool twin_open(struct twin *t, u64 seed);
void twin_close(struct twin *t);
/* The pair's number, or -1. */
int twin_map(struct twin *t, const struct map_attr *attr);

u32 twin_random(struct twin *t, u32 below);

#define TWIN_ADD(t, ...)                                            \
	twin_add(t, (const struct bpf_insn[]){ __VA_ARGS__ },       \
		 sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / \
			 sizeof(struct bpf_insn))
void twin_add(struct twin *t, const struct bpf_insn *insns, u32 cnt);
/* Keeps a register in the value; clobbers r1. */
void twin_keep(struct twin *t, u32 reg, u32 off);

/* Run what was added on a frame of 64 bytes, on both sides, and compare what
 * they returned and the values.  False: it was refused. */
/* One at random; to compile takes its time. */
enum engine twin_engine(struct twin *t);
bool twin_run(struct twin *t, u32 type, enum engine engine);

void twin_compare(struct twin *t, const char *what, s64 kernel, s64 ours);

#endif
