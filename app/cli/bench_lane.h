/* SPDX-License-Identifier: BSD-3-Clause */
/* bench_lane.h - Weir's side of a bench: a chain of one program and a burst */
#ifndef WEIR_APP_CLI_BENCH_LANE_H
#define WEIR_APP_CLI_BENCH_LANE_H

#include "cli/bench.h"

struct bench_lane {
	const struct test *test;
	struct chain *chain;
	struct run run;
	bool online;
	double clock; /* what looking at the clock twice takes, in ns */
	u8 *buffers;
	struct pkt pkts[BENCH_BURST];
	struct pkt *burst[BENCH_BURST];
	struct verdict verdicts[BENCH_BURST];
};

/* -errno with the reason: the program runs at no hook. */
int bench_lane_open(struct bench_lane *lane, const struct test *test,
		    struct err *err);
void bench_lane_close(struct bench_lane *lane);

/* Lay a packet into the i-th place; -errno: it runs on no such packet. */
int bench_lane_lay(struct bench_lane *lane, u32 i, const void *bytes, u32 len);
/* Run the burst; nanoseconds, altogether. */
double bench_lane_run(struct bench_lane *lane);

#endif
