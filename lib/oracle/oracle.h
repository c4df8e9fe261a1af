/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * oracle.h - the live kernel through raw bpf(2)
 *
 * Loads the object that Weir has loaded into Linux too, runs the same packets
 * by BPF_PROG_TEST_RUN and compares verdict, bytes, length and maps
 * (architecture decision 2).  Serves `weir test --vs kernel` and the kernel
 * tests.
 */
#ifndef WEIR_ORACLE_ORACLE_H
#define WEIR_ORACLE_ORACLE_H

#include "elf/elf_obj.h"
#include "sys/sys.h"

struct oracle;

/* 0, or -EPERM/-ENOSYS with the reason in err: tests then skip. */
int oracle_available(struct err *err);

struct oracle_opts {
	const struct elf_obj *obj; /* a file's; read again for the kernel */
	const struct sys_obj *so;  /* what Weir made of it */
	const struct prog *prog;   /* of so, the one to run */
	/* the name of a verdict, or NULL */
	const char *(*verdict_name)(u32 prog_type, u32 verdict);
	u32 max_shown; /* packets kept that differ, 0: 10 */
};

/*
 * The maps in the kernel start with what Weir's hold now; programs in the
 * kernel see the time, random numbers and CPU number that Weir's see.  The
 * target of the kernel's CO-RE relocations is the kernel's own BTF.  The
 * calling thread stays on one CPU until oracle_close().  What opts points to
 * outlives the oracle.
 */
int oracle_open(const struct oracle_opts *opts, struct err *err,
		struct oracle **out);
void oracle_close(struct oracle *o);

/* What became of a packet. */
struct oracle_run {
	bool compared;	/* false: it ran on neither side */
	bool different; /* found now; maps are compared at the end */
	/* Weir's side */
	struct fault fault; /* code != 0: it was stopped, nothing else is set */
	u32 retval;
	bool redirected; /* somewhere: a helper said where to */
	const u8 *bytes; /* as BPF_PROG_TEST_RUN gives them; until the next */
	u32 len;
	u32 meta_len; /* XDP: of the bytes, what stands before the packet */
};

struct oracle_packet {
	const void *bytes;
	u32 len;
	u64 ns;	    /* when it was captured */
	u64 number; /* from 1 */
};

/* 0, or a negative errno when there is no telling. */
int oracle_run(struct oracle *o, const struct oracle_packet *packet,
	       struct oracle_run *out, struct err *err);

struct oracle_reason {
	const char *text;
	u64 count;
};

struct oracle_result {
	u64 compared;
	/* packets whose run differed, and maps whose contents do */
	u64 different;
	u64 not_compared; /* packets */
	u32 reason_cnt;
	struct oracle_reason reasons[16];
	u32 maps_unread; /* only programs may read them: not compared */
	u32 shown;
	char **differences; /* in full, several lines each; all maps' */
};

/* Compare the maps, once, after the last packet.  *result is the oracle's. */
int oracle_finish(struct oracle *o, const struct oracle_result **result,
		  struct err *err);

#endif
