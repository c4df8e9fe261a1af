/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * generate.c - generated programs, asked of the live kernel and of Weir
 *
 *	verify-generate [PROGRAMS [SEED]]
 *	verify-generate show SEED
 *
 * Counts the four cases, prints what only one side takes, and runs what both
 * do on both: what they return, and packet and maps afterwards, are the same.
 * Fails when they differ in a way that docs/differences.md does not list.
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../kernel/kprog.h"
#include "bpf/insn.h"
#include "ours.h"
#include "policy.h"

#define RUNS 4

struct both {
	struct bench ours, again; /* at other addresses */
	struct live live;
	u32 cnt[2][2]; /* [the kernel takes it][Weir does] */
	u32 documented, wrong, left;
	u32 compared, different;
};

/* ---- verdicts ---- */

/* What one side says. */
static void say(const struct both *b, u64 seed, const struct policy_case *c,
		const char *why)
{
	printf("seed %llu: %s; %s%s%s\n", (unsigned long long)seed,
	       c->fd >= 0 ? "the kernel accepts" : "Weir accepts",
	       c->fd >= 0 ? c->err->reason : c->reason, why ? ": " : "",
	       why ? why : "");
	(void)b;
}

static void judge(struct both *b, const struct bench_prog *p, u64 seed, int fd,
		  struct err *err, const struct verify_result *result)
{
	struct policy_case c = {
		.prog = p,
		.fd = fd,
		.err = err,
		.result = result,
	};
	const char *why;

	if (fd < 0) {
		live_load(&b->live, p, 1);
		c.log = b->live.log;
		c.reason = kprog_reason(b->live.log);
	}
	why = policy_why(&b->ours, &c);
	b->documented += why != NULL;
	b->wrong += !why;
	say(b, seed, &c, why);
}

/* ---- runs ---- */

static bool our_run(struct bench *b, const struct bench_prog *p,
		    const u8 *packet, u32 len, struct outcome *o)
{
	struct err err = { 0 };
	struct prog prog;
	bool ended;

	if (bench_prepare(b, p, &prog, &err))
		return false;
	ended = ours_run(b, &prog, packet, len, o);
	prog.free_image(prog.image);
	return ended;
}

/* What depends on addresses is nobody's business. */
static void compare_runs(struct both *b, const struct bench_prog *p, u64 seed,
			 int fd)
{
	static struct outcome ours, again, kernel;

	for (u32 i = 0; i < RUNS; i++) {
		u32 len = 64;

		bench_shuffle(&b->ours);
		if (!our_run(&b->ours, p, b->ours.packet, len, &ours) ||
		    !our_run(&b->again, p, b->ours.packet, len, &again) ||
		    memcmp(&ours, &again, sizeof(ours)) ||
		    !live_run(&b->live, fd, b->ours.packet, len, &kernel))
			continue;
		b->compared++;
		if (!memcmp(&ours, &kernel, sizeof(ours)))
			continue;
		b->different++;
		printf("seed %llu: runs differ: returned %llx, kernel %llx\n",
		       (unsigned long long)seed, (unsigned long long)ours.ret,
		       (unsigned long long)kernel.ret);
		return;
	}
}

/* ---- all of them ---- */

static void try(struct both *b, struct gen *g, u64 seed)
{
	struct err err = { 0 };
	struct verify_result result;
	struct verify_attr attr;
	struct bench_prog p;
	int kernel, weir;

	gen_program(g, seed, true);
	p = bench_prog_of(g);
	kernel = live_load(&b->live, &p, 0);
	if (kernel == -EAGAIN) {
		b->left++;
		return;
	}
	attr = bench_attr(&b->ours, &p);
	weir = verify(&attr, &result, &err);
	b->cnt[kernel >= 0][!weir]++;
	if ((kernel >= 0) != !weir)
		judge(b, &p, seed, kernel, &err, &result);
	else if (kernel >= 0 && !weir)
		compare_runs(b, &p, seed, kernel);
	verify_result_free(&result);
	if (kernel >= 0)
		close(kernel);
}

static int show(struct both *b, struct gen *g, u64 seed)
{
	struct err err = { 0 };
	struct verify_result result;
	struct verify_attr attr;
	struct bench_prog p;
	int fd, weir;

	gen_program(g, seed, true);
	p = bench_prog_of(g);
	bench_print(p.insns, p.cnt);
	fd = live_load(&b->live, &p, 2);
	attr = bench_attr(&b->ours, &p);
	weir = verify(&attr, &result, &err);
	verify_result_free(&result);
	printf("%s\nkernel %d, Weir %d at %u: %s\n", b->live.log, fd, weir,
	       result.insn, err.reason);
	return 0;
}

int main(int argc, char **argv)
{
	static struct both b;
	static struct gen g;
	bool shows = argc > 2 && strcmp(argv[1], "show") == 0;
	u32 programs = argc > 1 ? (u32)atoi(argv[1]) : 200;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	const char *why = kprog_unavailable();

	if (why) {
		printf("skipped: %s\n", why);
		return KPROG_SKIP;
	}
	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	if (!bench_open(&b.ours) || !bench_open(&b.again) ||
	    !live_open(&b.live))
		return 1;
	if (shows)
		return show(&b, &g, seed);
	for (u32 i = 0; i < programs; i++)
		try(&b, &g, seed + i);
	printf("%u programs: both accept %u, both reject %u, only the kernel "
	       "accepts %u, only Weir %u; %u of these documented, %u not; %u "
	       "runs compared, %u differ; %u left, as Linux takes too long\n",
	       programs, b.cnt[1][1], b.cnt[0][0], b.cnt[1][0], b.cnt[0][1],
	       b.documented, b.wrong, b.compared, b.different, b.left);
	live_close(&b.live);
	bench_close(&b.ours);
	bench_close(&b.again);
	return b.wrong || b.different || !b.cnt[1][1] || !b.cnt[0][0];
}
