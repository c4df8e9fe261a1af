/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * duo.h - calls of helpers on the live kernel and on every engine, and what
 * differs
 *
 * A duo_case is up to DUO_CALLS calls made one after the other by a program of
 * the harness, which keeps what each returns and then what the context shows.
 * Arguments that are memory lie in a map value, DUO_MEM bytes.
 */
#ifndef WEIR_TESTS_KERNEL_DUO_H
#define WEIR_TESTS_KERNEL_DUO_H

#include "../engine.h"

#define DUO_CALLS 8
#define DUO_MEM 1024
#define DUO_FRAME 17000 /* bytes of the longest packet out */

enum duo_kind {
	DUO_NONE,
	DUO_NUMBER, /* value */
	DUO_CTX,
	DUO_MEMORY, /* at the offset value */
	DUO_MAP,    /* a hash of u32 to u64 */
	DUO_PACKET, /* data + value, proven for 64 bytes */
	DUO_STACK,  /* fp + value; what lies there is 0 */
	DUO_STRING, /* at the offset value of a read-only "text" */
	DUO_THAWED, /* the same, but others may write to it */
	DUO_JUMPS,  /* a prog array */
	DUO_UNSET,
};

struct duo_arg {
	enum duo_kind kind;
	u64 value;
};

#define K(v)                         \
	{                            \
		DUO_NUMBER, (u64)(v) \
	}
#define CTX                \
	{                  \
		DUO_CTX, 0 \
	}
#define MEM(off)                       \
	{                              \
		DUO_MEMORY, (u64)(off) \
	}
#define MAP                \
	{                  \
		DUO_MAP, 0 \
	}
#define PACKET(off)                    \
	{                              \
		DUO_PACKET, (u64)(off) \
	}

struct duo_call {
	u32 helper;
	struct duo_arg arg[5];
};

struct duo_case {
	const char *name;
	u32 type; /* BPF_PROG_TYPE_* */
	struct duo_call call[DUO_CALLS];
	const void *frame;
	u32 len;
	bool complete; /* tc: the packet has a COMPLETE checksum */
	bool no_hash;  /* do not compare the hash */
	u16 gso_size;  /* tc: the packet is many in one */
};

struct duo;

/* Opens a duo, runs the tests, prints what came out; an exit code. */
int duo_main(void (*const tests[])(struct duo *d), u32 cnt);

/* Memory that both sides start with. */
u8 *duo_memory(struct duo *d);

/* The network that our side's helpers ask. */
void duo_set_net(struct duo *d, const struct net *net);
struct mem *duo_mem(struct duo *d);

/* The last line that our side has traced in the last case, "": none. */
const char *duo_trace(const struct duo *d);

/* What differs is printed and counted. */
void duo_compare(struct duo *d, const struct duo_case *c);
/* Runs a case, checked, and compares nothing: what each call has returned.
 * False: it did not run, which is printed and counted. */
struct duo_results {
	u64 kernel[DUO_CALLS];
	u64 ours[DUO_CALLS];
};
bool duo_results(struct duo *d, const struct duo_case *c,
		 struct duo_results *results);
/* A difference that a test has found itself. */
void duo_differs(struct duo *d, const char *fmt, ...) PRINTF(2, 3);

/* Does the kernel load a program that makes the call?  Else *reason is its
 * last word. */
bool duo_kernel_takes(struct duo *d, u32 type, const char *license,
		      const struct duo_call *call, const char **reason);
/* Does ours run to its end in checked mode?  Else *reason is why not. */
bool duo_ours_takes(struct duo *d, u32 type, const char *license,
		    const struct duo_call *call, const char **reason);

#endif
