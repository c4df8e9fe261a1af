/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/bench_lane.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "prog/environ.h"

#define SLOT 0
#define CLOCK_LOOKS 101

static u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return (x > y) - (x < y);
}

static double clock_cost(void)
{
	u64 took[CLOCK_LOOKS];

	for (u32 i = 0; i < CLOCK_LOOKS; i++) {
		u64 start = now();

		took[i] = now() - start;
	}
	qsort(took, CLOCK_LOOKS, sizeof(took[0]), by_size);
	return (double)took[CLOCK_LOOKS / 2];
}

#define HEADERS 128 /* bytes of a packet that programs read */

static enum chain_style style_of(const struct prog *prog)
{
	if (prog->type == BPF_PROG_TYPE_XDP)
		return CHAIN_XDP;
	return prog->expected_attach_type == BPF_TCX_INGRESS ||
			       prog->expected_attach_type == BPF_TCX_EGRESS
		       ? CHAIN_TCX
		       : CHAIN_CLS_BPF;
}

int bench_lane_open(struct bench_lane *lane, const struct test *test,
		    struct err *err)
{
	const struct chain_entry entry = {
		.prog = test->so->progs[test->elf_prog - test->obj->progs],
		.style = style_of(test->prog),
		.direct_action = true,
	};
	int res;

	if (test->hook == TEST_SOCKET)
		return err_fail(err, -EOPNOTSUPP,
				"socket filters are not timed: no port runs "
				"them");
	lane->test = test;
	lane->run = (struct run){ .world = &world_host, .slot = SLOT };
	lane->clock = clock_cost();
	lane->buffers = malloc((size_t)BENCH_BURST * ENVIRON_BUFFER);
	if (!lane->buffers)
		return err_fail(err, -ENOMEM, "out of memory");
	for (u32 i = 0; i < BENCH_BURST; i++)
		lane->burst[i] = &lane->pkts[i];
	res = chain_create(mem_rcu(test->mem), test->hook, &entry, 1, err,
			   &lane->chain);
	if (res)
		return res;
	res = rcu_online(mem_rcu(test->mem), SLOT);
	if (res)
		return err_fail(err, res, "no slot to run on");
	lane->online = true;
	return 0;
}

void bench_lane_close(struct bench_lane *lane)
{
	if (lane->online)
		rcu_offline(mem_rcu(lane->test->mem), SLOT);
	if (lane->chain)
		chain_put(lane->chain);
	free(lane->buffers);
}

int bench_lane_lay(struct bench_lane *lane, u32 i, const void *bytes, u32 len)
{
	return environ_lay(lane->test->prog->type, &lane->pkts[i],
			   lane->buffers + (size_t)i * ENVIRON_BUFFER, bytes,
			   len, NULL);
}

/* Headers are where the processor has them at once, as in Linux's loop, which
 * has just written them; to lay the packets after them took them away. */
static void warm(const struct bench_lane *lane)
{
	for (u32 i = 0; i < BENCH_BURST; i++) {
		const struct pkt *p = lane->burst[i];

		for (u32 at = 0; at < HEADERS; at += CACHE_LINE) {
			__builtin_prefetch((const u8 *)p + at);
			__builtin_prefetch(p->data + at);
		}
	}
}

double bench_lane_run(struct bench_lane *lane)
{
	u64 start, end;

	warm(lane);
	start = now();
	chain_run_burst(lane->chain, &lane->run, lane->burst, BENCH_BURST,
			lane->verdicts);
	end = now();
	rcu_quiescent(mem_rcu(lane->test->mem), SLOT);
	return MAX((double)(end - start) - lane->clock, 0.0);
}
