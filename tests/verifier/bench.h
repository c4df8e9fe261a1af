/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench.h - generated programs verified and run, each step compared with the
 * states of the verification
 */
#ifndef WEIR_TESTS_VERIFIER_BENCH_H
#define WEIR_TESTS_VERIFIER_BENCH_H

#include "gen.h"
#include "verify/embed.h"
#include "vm/vm.h"
#include "vm/watch.h"

#define BENCH_PACKET_MAX 256

struct bench {
	struct mem *mem;
	struct map_env env;
	struct map *maps[GEN_MAPS];
	struct verify_map shapes[GEN_MAPS];
	struct btf_blob *btf;
	u8 *buf;
	struct pkt pkt;
	struct run run;
	u32 packet_len;
	u8 packet[BENCH_PACKET_MAX];

	/* of the program that is being looked at */
	struct vm_watch watch;
	const struct verify_states *states;
	u32 at[BPF_MAX_FRAMES]; /* the last instruction of each frame */
	u64 random;		/* of packets and contents */
	u64 runs, steps;
	char wrong[256]; /* what was, or "" */
};

/* What is verified and run. */
struct bench_prog {
	u32 type;
	const struct bpf_insn *insns;
	u32 cnt;
	struct prog_func funcs[GEN_CALLS + 1];
	u32 func_cnt;
	struct verify_kfunc kfuncs[GEN_KFUNCS];
	u32 kfunc_cnt;
};

/* g is to stay as it is. */
struct bench_prog bench_prog_of(const struct gen *g);

/* False: said why. */
bool bench_open(struct bench *b);
void bench_close(struct bench *b);
/* The attributes of a verification. */
struct verify_attr bench_attr(struct bench *b, const struct bench_prog *p);
/* A program for checked mode; its image is to be freed.  -EOPNOTSUPP: it calls
 * what Weir verifies and does not run. */
int bench_prepare(struct bench *b, const struct bench_prog *p,
		  struct prog *prog, struct err *err);
/* The maps are as they were made; a packet of len bytes, 14 or more. */
void bench_reset(struct bench *b, const u8 *packet, u32 len);
/* Contents and packets at random. */
void bench_shuffle(struct bench *b);
/* Runs the program: false with the reason in wrong, if it left its states or
 * an object. */
bool bench_run(struct bench *b, const struct prog *prog,
	       const struct verify_states *states, u64 *ret);

/* The program as text, to stderr. */
void bench_print(const struct bpf_insn *insns, u32 cnt);

/* Verifies; where that accepts, runs so many packets against the states.
 * Pruning changes no verdict.  1: rejected, 0: right, below: wrong, and said
 * so. */
struct bench_how {
	u32 runs;
	bool no_prune;
	bool every_state; /* BPF_F_TEST_STATE_FREQ */
};
int bench_embed(struct bench *b, const struct bench_prog *p,
		const struct bench_how *how);

#endif
