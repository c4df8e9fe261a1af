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
	ARG_SIZE,	    /* of the memory before it, > 0; or, without any, a
			       constant: of what is returned */
	ARG_SIZE_OR_ZERO,
	ARG_CONST_STR,	    /* NUL-terminated, in a read-only map */
	ARG_SPIN_LOCK,
	ARG_TIMER,
	ARG_FUNC,	    /* a callback in the program */
	ARG_STACK_OR_NULL,
	ARG_RECORD,	    /* what RET_MEM_OR_NULL gave; not the program's any
			       more after the call */
	ARG_MEM_WRITE,	    /* readable and writable */
	ARG_MEM_WRITE_OR_NULL,
	ARG_FIXED,	    /* readable, size[] bytes */
	ARG_FIXED_OUT,	    /* writable, size[] bytes, aligned */
	ARG_SOCK_COMMON,    /* any socket */
	ARG_DYNPTR,	    /* initialised */
	ARG_DYNPTR_MEM_OUT, /* to be made: of memory, in a ring buffer */
	ARG_DYNPTR_RINGBUF_OUT,
	ARG_DYNPTR_RINGBUF, /* released */
	ARG_CTX_OR_NULL,
	ARG_TC_CTX,	    /* of tc programs; those of others give nothing */
	ARG_KERNEL,	    /* kernel objects that Weir has not */
	/* kfuncs' */
	ARG_DYNPTR_PACKET_OUT,
	ARG_DYNPTR_CLONE_OUT, /* of the ARG_DYNPTR before it */
	ARG_BUFFER_OR_NULL, /* writable, as long as the size after it; or NULL,
			       whatever the size */
	ARG_ITER_OUT,	    /* to be made: of numbers */
	ARG_ITER,
	ARG_ITER_END, /* no more one after the call */
};

enum ret_type {
	RET_INT,
	RET_VOID,
	RET_MAP_VALUE_OR_NULL,
	RET_MEM_OR_NULL, /* as many bytes as the size constant; the program
			    gives it back, once, before it ends (ARG_RECORD) */
	RET_DYNPTR_MEM_OR_NULL, /* the same, inside a dynptr */
	RET_SOCK_OR_NULL,
	RET_SOCK_COMMON_OR_NULL,
	RET_TCP_SOCK_OR_NULL,
	RET_KERNEL_SOCK_OR_NULL, /* as Linux has it, not as programs see it */
	RET_KERNEL,
	/* kfuncs' */
	RET_SLICE_OR_NULL, /* RET_DYNPTR_MEM_OR_NULL, only to be read */
	RET_NUMBER_OR_NULL, /* where an iterator's number is */
};

typedef u64 helper_fn(struct run *run, u64 a, u64 b, u64 c, u64 d, u64 e);

struct helper {
	u32 id; /* BPF_FUNC_* */
	const char *name;
	const char *why; /* of a prototype without fn; helper_why() */
	helper_fn *fn; /* NULL: an engine does it itself (tail_call) */
	u32 progs; /* PROG_XDP | PROG_TC ...: who may call it */
	bool gpl_only;
	bool moves_packet; /* packet pointers die */
	bool pkt_access;   /* memory may be the packet's */
	enum ret_type ret;
	enum arg_type arg[5];
	u8 size[5];    /* of ARG_FIXED */
	bool acquires; /* a reference, with what it returns */
	bool releases; /* the reference that its first argument holds */
	bool casts;    /* returns its argument as another kind of socket */
};

/* jiffies64 counts the ticks of CLOCK_MONOTONIC at Debian's HZ, from five
 * minutes before 32 bits are full. */
#define JIFFIES_HZ 250u
#define JIFFIES_AT_BOOT (-300 * JIFFIES_HZ)
#define JIFFIES_NS (1000000000 / JIFFIES_HZ)

static inline bool helper_acquires(const struct helper *helper)
{
	return helper->acquires || helper->ret == RET_MEM_OR_NULL;
}

static inline bool helper_releases(const struct helper *helper)
{
	return helper->releases || helper->arg[0] == ARG_RECORD;
}

/* NULL: Weir lacks it. */
const struct helper *helper_find(u32 id);
/* The prototype of a helper Weir may lack; then it has no fn.  NULL: neither
 * Weir nor Linux's tc, XDP and socket filter programs have it. */
const struct helper *helper_proto(u32 id);
/* Why Weir lacks it, NULL: it has it. */
const char *helper_why(u32 id);
/* The uapi's name of a helper number Weir may lack, NULL if Linux has none. */
const char *helper_name(u32 id);
/* Of a kernel function (bpf/kfunc.h): the same without an id.  NULL: no such
 * number. */
const struct helper *helper_kfunc(u32 number);
/* May a map of this type be given to the helper, as in Linux? */
bool helper_takes_map(u32 helper, u32 map_type);
/* Can a format, which ends, be given cnt arguments? */
bool helper_format_ok(const char *fmt, u32 cnt);
/* All of them, ending with NULL. */
extern const struct helper *const helper_table[];

#endif
