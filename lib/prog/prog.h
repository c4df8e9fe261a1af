/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * prog.h - programs: immutable once made, holding references to their maps
 *
 * The instructions are as in BPF_PROG_LOAD, but ld_imm64 of a map
 * (BPF_PSEUDO_MAP_FD, BPF_PSEUDO_MAP_VALUE) carries the index into maps[].
 */
#ifndef WEIR_PROG_PROG_H
#define WEIR_PROG_PROG_H

#include <linux/bpf.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/err.h"
#include "base/slot.h"
#include "maps/map.h"
#include "prog/run.h"

struct btf_blob;

/* A source line: it covers the instructions from insn on. */
struct prog_line {
	u32 insn;
	u32 line;
	u32 column;
	const char *file; /* strings live in the program's btf */
	const char *text;
};

/* A function inside the program. */
struct prog_func {
	u32 insn;
	u32 type_id; /* BTF FUNC, 0: none */
	const char *name;
};

#define PROG_ARGS 5   /* r1 to r5 */
#define PROG_BURST 64 /* packets that a program is given at once, at most */

struct prog_attr {
	u32 type;
	u32 expected_attach_type;
	u32 flags;	  /* BPF_F_XDP_HAS_FRAGS, ... */
	const char *name; /* whole; cut to 15 characters where Linux does */
	const char *license;
	const struct bpf_insn *insns;
	u32 insn_cnt;
	struct map *const *maps;
	u32 map_cnt;
	struct btf_blob *btf; /* may be NULL */
	const struct prog_line *lines;
	u32 line_cnt;
	const struct prog_func *funcs;
	u32 func_cnt;
};

/* Whether to look ahead pays, as measured (hook/ahead.h). */
struct prog_ahead {
	u32 bursts; /* since the last trial began */
	u32 wins;   /* of its pairs: looking ahead was faster */
	u64 cycles; /* a packet, of the first of a pair */
	bool looks; /* what came of it */
	bool first; /* of the pair looks */
};

/* One writer each: the slot's lcore. */
struct prog_stats {
	_Alignas(CACHE_LINE) atomic_ullong runs;
	atomic_ullong stopped; /* by the checked interpreter */
	struct prog_ahead ahead;
};

#define PROG_CTX_ALL (1ull << 63)

struct prog {
	/* constant after creation */
	u32 type;
	u32 expected_attach_type;
	u32 flags;
	u32 id; /* given by sys, 0: none */
	bool gpl;
	u8 tag[BPF_TAG_SIZE];
	char name[BPF_OBJ_NAME_LEN];
	char *full_name;
	struct bpf_insn *insns;
	u32 insn_cnt;
	struct map **maps;
	u32 map_cnt;
	struct btf_blob *btf;
	struct prog_line *lines; /* by insn, ascending */
	u32 line_cnt;
	struct prog_func *funcs;
	u32 func_cnt;
	u64 loaded_ns; /* CLOCK_BOOTTIME */

	/* given by who verified it, before an engine gets it; NULL: nobody */
	u8 *facts;     /* enum verify_insn_fact, of each instruction */
	u64 ctx_reads; /* words of the context that it, and what it jumps to,
			  may read: bit n is the word at 4 * n; or PROG_CTX_ALL
			  if it writes some or gives it to a helper */

	/* given by the engine (vm, jit) before the program can run */
	u64 (*run)(const struct prog *prog, struct run *run);
	/*
	 * Runs packets one after the other, from run_begin() on, until one that
	 * was stopped or wants to be redirected; codes has what they returned.
	 * Returns how many were run, of n that is from 1 to PROG_BURST: of the
	 * last of them run has the rest.  NULL: the engine has no such thing.
	 */
	u32 (*run_burst)(const struct prog *prog, struct run *run,
			 struct pkt **pkts, u32 n, s32 *codes);
	/*
	 * Asks for the memory that n packets, at most PROG_BURST, are going to
	 * need and writes nothing.  NULL: the program needs no such thing.
	 */
	void (*look_ahead)(const struct prog *prog, struct run *run,
			   struct pkt **pkts, u32 n);
	/*
	 * Calls a function of the program back: func is what the program's
	 * ld_imm64 of it (BPF_PSEUDO_FUNC) yields, which is the engine's to
	 * say; r1 to r5 are arg.  Returns r0; check run->fault.  While the
	 * program runs its helpers do so, in a frame above the caller's; a
	 * timer does so when nothing runs.
	 */
	u64 (*call)(const struct prog *prog, struct run *run, u64 func,
		    const u64 arg[PROG_ARGS]);
	void *image;
	void (*free_image)(void *image);

	/* Maps that were bound later: only kept. */
	pthread_mutex_t bind_lock;
	struct map **bound;
	u32 bound_cnt;

	struct rcu *rcu;
	u32 slots;
	struct prog_stats *stats; /* [slots] */
	atomic_uint refs;
	struct rcu_head free_head;

	/* Set by sys before anyone else sees the program, may be NULL: the
	 * last reference has gone and prog_try_get() fails from now on. */
	void (*gone)(struct prog *prog, void *arg);
	void *gone_arg;
};

/* Copies everything and takes references to maps and btf.  One reference, the
 * caller's.  Does not make it runnable: vm_prepare() does. */
int prog_create(struct mem *mem, const struct prog_attr *attr, struct err *err,
		struct prog **out);
struct prog *prog_get(struct prog *prog);
/* From an id table: NULL if the last reference has gone already. */
struct prog *prog_try_get(struct prog *prog);
/* Usable anywhere; freed after a grace period. */
void prog_put(struct prog *prog);

/* The program keeps map too, once: 0 or -ENOMEM. */
int prog_bind(struct prog *prog, struct map *map);
/* The maps it keeps: first those it uses, then those bound.  They stay as long
 * as the program. */
u32 prog_map_count(struct prog *prog);
struct map *prog_map_at(struct prog *prog, u32 i); /* NULL: not so many */

/* For maps whose entries are programs. */
extern const struct prog_ref_ops prog_refs;

/* The line that covers an instruction, or NULL. */
const struct prog_line *prog_line_at(const struct prog *prog, u32 insn);
/* May a program under it call GPL-only helpers? */
bool prog_license_is_gpl(const char *license);
const char *prog_type_name(u32 type); /* as bpftool: "xdp", "sched_cls" */

/* Run from the start on run->pkt.  Returns r0; check run->fault. */
static inline u64 prog_run(const struct prog *prog, struct run *run)
{
	return prog->run(prog, run);
}

/* For helpers: a function of the program that runs. */
static inline u64 prog_call(struct run *run, u64 func, const u64 arg[PROG_ARGS])
{
	return run->prog->call(run->prog, run, func, arg);
}

#endif
