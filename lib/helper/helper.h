/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * helper.h - helpers, each with its prototype: one source for the verifier,
 * the interpreter, the JIT, the disassembler and docs/helpers.md
 */
#ifndef WEIR_HELPER_HELPER_H
#define WEIR_HELPER_HELPER_H

#include "bpf/uapi.h"
#include "maps/map.h"
#include "prog/ctx.h"
#include "prog/prog.h"
#include "prog/run.h"

/* Named after the kernel's bpf_arg_type, one meaning each. */
enum arg_type {
	ARG_NONE,
	ARG_ANY,	    /* any initialised value */
	ARG_CTX,
	ARG_MAP,	    /* a map; sets what KEY and VALUE mean */
	ARG_MAP_KEY,	    /* key_size readable bytes */
	ARG_MAP_VALUE,	    /* value_size readable bytes */
	ARG_MAP_VALUE_OUT,  /* value_size writable bytes */
	ARG_MEM,	    /* readable, as long as the size argument after it */
	ARG_MEM_OR_NULL,
	ARG_MEM_OUT,	    /* writable */
	ARG_SIZE,	    /* of the memory before it, > 0 */
	ARG_SIZE_OR_ZERO,
	ARG_CONST_STR,	    /* NUL-terminated, in a read-only map */
	ARG_SPIN_LOCK,
	ARG_TIMER,
	ARG_FUNC,	    /* a callback in the program */
	ARG_STACK_OR_NULL,
	ARG_RECORD,	    /* what RET_MEM_OR_NULL gave; not the program's any
			       more after the call */
};

enum ret_type {
	RET_INT,
	RET_VOID,
	RET_MAP_VALUE_OR_NULL,
	RET_MEM_OR_NULL, /* as many bytes as the ARG_SIZE constant; the program
			    gives it back, once, before it ends (ARG_RECORD) */
};

typedef u64 helper_fn(struct run *run, u64 a, u64 b, u64 c, u64 d, u64 e);

struct helper {
	u32 id; /* BPF_FUNC_* */
	const char *name;
	helper_fn *fn; /* NULL: an engine does it itself (tail_call) */
	u32 progs; /* PROG_XDP | PROG_TC ...: who may call it */
	bool gpl_only;
	bool moves_packet; /* packet pointers die */
	bool pkt_access;   /* memory may be the packet's */
	enum ret_type ret;
	enum arg_type arg[5];
};

/* jiffies64 counts the ticks of CLOCK_MONOTONIC at Debian's HZ, from five
 * minutes before 32 bits are full. */
#define JIFFIES_HZ 250u
#define JIFFIES_AT_BOOT (-300 * JIFFIES_HZ)
#define JIFFIES_NS (1000000000 / JIFFIES_HZ)

/* NULL: Weir lacks it. */
const struct helper *helper_find(u32 id);
/* The uapi's name of a helper number Weir may lack, NULL if Linux has none. */
const char *helper_name(u32 id);
/* All of them, ending with NULL. */
extern const struct helper *const helper_table[];

#endif
