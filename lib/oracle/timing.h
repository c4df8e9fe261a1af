/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * timing.h - how long a program takes in Linux: BPF_PROG_TEST_RUN, repeated
 *
 * The object is loaded into the kernel as it is in the file.  A program in
 * front of it makes each run's packet (front.h).  What this and running
 * anything cost, a program says that does nothing and stands in its place.
 */
#ifndef WEIR_ORACLE_TIMING_H
#define WEIR_ORACLE_TIMING_H

#include "elf/elf_obj.h"
#include "sys/sys.h"

struct timing;

struct timing_packet {
	const u8 *bytes;
	u32 len;
};

struct timing_opts {
	const struct elf_obj *obj; /* a file's; read again for the kernel */
	const struct sys_obj *so;  /* what Weir made of it */
	const struct prog *prog;   /* of so, the one to run */
};

/* The maps in the kernel start with what Weir's hold now.  The calling thread
 * stays on one CPU until timing_close().  What opts points to outlives it. */
int timing_open(const struct timing_opts *opts, struct err *err,
		struct timing **out);
void timing_close(struct timing *t);

/* Run the program alone on a packet, once.  -errno: the kernel does not run it
 * on this packet, or not in turn with others. */
int timing_try(struct timing *t, const struct timing_packet *packet,
	       u32 *verdict);

/* Once, before timing_run(): what it runs on.  They outlive it. */
struct timing_feed {
	const struct timing_packet *packets;
	u32 cnt;
	/* 0: runs see the packets in turn.  Else each sees the first one as one
	 * of so many flows (flows.h); flow_sum is that packet's. */
	u32 flows;
	u32 flow_sum;
};
int timing_feed(struct timing *t, const struct timing_feed *feed,
		struct err *err);

enum timed {
	TIMED_PROG,    /* the program behind the one that makes packets */
	TIMED_NOTHING, /* instead of the program one that returns */
	TIMED_LOOP,    /* that one alone */
};

/* Packets first to end-1 in turn, as many runs.  *ns is what one took on
 * average. */
int timing_run(struct timing *t, enum timed what, u32 first, u32 end, u32 runs,
	       double *ns);

#endif
