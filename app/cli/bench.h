/* SPDX-License-Identifier: BSD-3-Clause */
/* bench.h - one `weir bench`: programs, packets, and how long they took */
#ifndef WEIR_APP_CLI_BENCH_H
#define WEIR_APP_CLI_BENCH_H

#include "cli/test.h"
#include "oracle/timing.h"

#define BENCH_BURST 32
#define BENCH_PACKETS 256 /* of a longer capture, spread evenly over it */
#define BENCH_ROUNDS 11

/* Nanoseconds a packet. */
struct bench_ns {
	double p50;
	double p99;
};

/* What was found out about one program. */
struct bench_result {
	const char *name; /* the object's */
	char *skipped;	  /* why it could not run, or NULL */
	struct bench_ns ns;
	u64 samples;
	u64 refused; /* packets that one side does not take */
	/* --vs kernel */
	bool compared;
	char *no_kernel;  /* why Linux could not run it, or NULL */
	struct bench_ns kernel;
	double loop;	  /* of that, what a program that returns costs */
	u64 different;	  /* packets with another verdict there */
};

struct bench {
	struct cli *cli;
	struct test_opts opts; /* what is run, as for `weir test` */
	u32 flows;	       /* 0: the packets as they are */
	u32 rounds;
	struct elf_obj *obj; /* for the names of its programs */
	VEC(struct timing_packet) packets; /* their bytes are malloc()ed */
	u32 flow_sum; /* of the only packet, if there are flows */
	VEC(struct bench_result) results; /* one a program */
};

/* All return an exit code, after having said what is wrong. */

/* The capture's, or the packet whose flows they are (bench_packets.c). */
int bench_read_packets(struct bench *b);
void bench_free_packets(struct bench *b);
/* One program, on both sides (bench_run.c).  What is wrong with the program
 * goes into the result. */
int bench_program(struct bench *b, const char *name, struct bench_result *out);
/* As text or JSON (bench_report.c). */
void bench_report(const struct bench *b);

#endif
