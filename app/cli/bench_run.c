/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_run.c - one program on both sides, by turns
 *
 * A sample is some thousand runs, so that entering the kernel is none of what
 * is measured.  Runs see the packets of the capture in turn, or one packet as
 * one of many flows, the same on both sides: before a burst Weir lays its
 * packets, and in the kernel a program in front makes each (oracle/front.h).
 * Neither is counted: the burst alone is timed here, and in the kernel the
 * program in front is timed before a program that does nothing, too.
 *
 * What the kernel makes of a packet it does not look at again is what the
 * protocol of an sk_buff is: at tc, packets of one protocol are one turn.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench_lane.h"
#include "oracle/flows.h"

#define BURSTS 128 /* of a sample */
#define RUNS (BURSTS * BENCH_BURST)
#define SAMPLES 3 /* a round */

struct samples {
	VEC(double) ns;
};

struct duel {
	struct bench *bench;
	struct bench_result *result;
	struct test *test;
	struct bench_lane lane;
	struct timing *kernel; /* NULL: Weir alone */
	struct flows flows;
	/* the packets that both sides take, those of a turn side by side */
	struct timing_packet packets[BENCH_PACKETS];
	u32 cnt;
	u8 *frame; /* that becomes one of a flow */
	struct samples mine, theirs, nothing, loop;
};

static int note(struct samples *t, double ns)
{
	double *place = vec_add(&t->ns);

	if (!place)
		return -ENOMEM;
	*place = ns;
	return 0;
}

/* ---- the packets ---- */

static bool can_run(struct duel *d, const struct timing_packet *p)
{
	u32 verdict;

	for (u32 i = 0; i < BENCH_BURST; i++)
		if (bench_lane_lay(&d->lane, i, p->bytes, p->len) != 0)
			return false;
	bench_lane_run(&d->lane);
	if (!d->kernel)
		return true;
	if (timing_try(d->kernel, p, &verdict) != 0)
		return false;
	d->result->different += verdict != (u32)d->lane.verdicts[0].code;
	return true;
}

static u32 turn_of(const struct duel *d, const struct timing_packet *p)
{
	if (d->test->hook == HOOK_XDP)
		return 0;
	return (u32)p->bytes[12] << 8 | p->bytes[13];
}

/* In the capture's order, behind those of its turn. */
static void insert(struct duel *d, const struct timing_packet *p)
{
	u32 at = d->cnt++;

	for (; at && turn_of(d, &d->packets[at - 1]) > turn_of(d, p); at--)
		d->packets[at] = d->packets[at - 1];
	d->packets[at] = *p;
}

static void choose_packets(struct duel *d)
{
	const struct bench *b = d->bench;

	for (u32 i = 0; i < b->packets.len; i++) {
		if (can_run(d, &b->packets.items[i]))
			insert(d, &b->packets.items[i]);
		else
			d->result->refused++;
	}
}

static u32 turn_end(const struct duel *d, u32 first)
{
	u32 end = first + 1;

	while (end < d->cnt && turn_of(d, &d->packets[end]) ==
				       turn_of(d, &d->packets[first]))
		end++;
	return end;
}

/* ---- samples ---- */

/* A packet, or what it is as one of the next flow. */
static int lay(struct duel *d, u32 place, const struct timing_packet *p)
{
	if (!d->bench->flows)
		return bench_lane_lay(&d->lane, place, p->bytes, p->len);
	flows_write(d->frame, d->bench->flow_sum, flows_next(&d->flows));
	return bench_lane_lay(&d->lane, place, d->frame, p->len);
}

/* Adds up what all the runs take. */
static int run_mine(struct duel *d, u32 first, u32 end, u32 bursts, double *ns)
{
	u32 next = first;

	for (u32 i = 0; i < bursts; i++) {
		for (u32 at = 0; at < BENCH_BURST; at++) {
			int res = lay(d, at, &d->packets[next]);

			if (res)
				return res;
			next = next + 1 < end ? next + 1 : first;
		}
		*ns += bench_lane_run(&d->lane);
	}
	return 0;
}

/* As many runs for a packet in a short turn as in a long one. */
static u32 bursts_for(const struct duel *d, u32 first, u32 end)
{
	return BURSTS * (end - first) / d->cnt + 1;
}

static int sample_mine(struct duel *d)
{
	u32 end, bursts = 0;
	double ns = 0;
	int res = 0;

	for (u32 first = 0; !res && first < d->cnt; first = end) {
		u32 n;

		end = turn_end(d, first);
		n = bursts_for(d, first, end);
		res = run_mine(d, first, end, n, &ns);
		bursts += n;
	}
	return res ? res : note(&d->mine, ns / (bursts * BENCH_BURST));
}

static int sample_theirs(struct duel *d, enum timed what, struct samples *into)
{
	u32 end, bursts = 0;
	double all = 0, ns;
	int res = 0;

	for (u32 first = 0; !res && first < d->cnt; first = end) {
		u32 n;

		end = turn_end(d, first);
		n = bursts_for(d, first, end);
		res = timing_run(d->kernel, what, first, end, n * BENCH_BURST,
				 &ns);
		all += ns * n;
		bursts += n;
	}
	return res ? res : note(into, all / bursts);
}

static int run_round(struct duel *d)
{
	int res = 0;

	for (u32 i = 0; !res && d->kernel && i < SAMPLES; i++) {
		res = sample_theirs(d, TIMED_PROG, &d->theirs);
		if (!res)
			res = sample_theirs(d, TIMED_NOTHING, &d->nothing);
		if (!res)
			res = sample_theirs(d, TIMED_LOOP, &d->loop);
	}
	for (u32 i = 0; !res && i < SAMPLES; i++)
		res = sample_mine(d);
	return res;
}

/* Each flow once: maps are as full as they get. */
static int first_flows(struct duel *d)
{
	const struct timing_packet *p = d->packets;
	u32 bursts = d->bench->flows / BENCH_BURST + 1;
	double ns = 0;
	int res;

	d->frame = malloc(p->len);
	if (!d->frame)
		return -ENOMEM;
	memcpy(d->frame, p->bytes, p->len);
	flows_init(&d->flows, d->bench->flows);
	res = run_mine(d, 0, 1, bursts, &ns);
	if (!res && d->kernel)
		res = timing_run(d->kernel, TIMED_PROG, 0, 1,
				 bursts * BENCH_BURST, &ns);
	return res;
}

static int feed_kernel(struct duel *d, struct err *err)
{
	const struct timing_feed feed = { .packets = d->packets,
					  .cnt = d->cnt,
					  .flows = d->bench->flows,
					  .flow_sum = d->bench->flow_sum };

	return d->kernel ? timing_feed(d->kernel, &feed, err) : 0;
}

static int run_all(struct duel *d, struct err *err)
{
	int res;

	choose_packets(d);
	if (!d->cnt)
		return 0;
	res = feed_kernel(d, err);
	if (res)
		return res;
	if (d->bench->flows)
		res = first_flows(d);
	for (u32 i = 0; !res && i < d->bench->rounds; i++)
		res = run_round(d);
	return res ? err_fail(err, res, "%s", strerror(-res)) : 0;
}

/* ---- what comes of it ---- */

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct bench_ns summary(struct samples *t)
{
	u32 n = t->ns.len;

	if (!n)
		return (struct bench_ns){ 0 };
	qsort(t->ns.items, n, sizeof(*t->ns.items), by_size);
	return (struct bench_ns){ t->ns.items[n / 2],
				  t->ns.items[(u64)n * 99 / 100] };
}

static void conclude(struct duel *d)
{
	struct bench_result *r = d->result;
	double way;

	r->ns = summary(&d->mine);
	r->samples = d->mine.ns.len;
	r->compared = d->theirs.ns.len != 0;
	if (!r->compared)
		return;
	r->kernel = summary(&d->theirs);
	r->loop = summary(&d->loop).p50;
	way = summary(&d->nothing).p50 - r->loop;
	/* both are measured: the way may have taken longer than the program */
	r->kernel.p50 = MAX(r->kernel.p50 - way, 0.0);
	r->kernel.p99 = MAX(r->kernel.p99 - way, 0.0);
}

/* ---- one program ---- */

/* The reason of err, for the result: one program is not the whole bench. */
static char *reason(const struct err *err)
{
	char text[1024];

	return strdup(err_text(err, text, sizeof(text)));
}

static void open_kernel(struct duel *d)
{
	const struct timing_opts opts = { .obj = d->test->obj,
					  .so = d->test->so,
					  .prog = d->test->prog };
	struct err err = { 0 };

	if (!d->bench->opts.vs_kernel)
		return;
	if (timing_open(&opts, &err, &d->kernel) != 0) {
		d->kernel = NULL;
		d->result->no_kernel = reason(&err);
	}
}

static int run_duel(struct duel *d)
{
	struct err err = { 0 };
	int res;

	open_kernel(d);
	if (bench_lane_open(&d->lane, d->test, &err) != 0) {
		d->result->skipped = reason(&err);
		return EXIT_OK;
	}
	res = run_all(d, &err);
	if (!res) {
		conclude(d);
		if (!d->result->samples)
			d->result->skipped =
				strdup("no packet that both sides take");
		return EXIT_OK;
	}
	err_place(&err, "%s", d->result->name);
	return cli_fail(d->bench->cli, &err);
}

static void close_duel(struct duel *d)
{
	bench_lane_close(&d->lane);
	if (d->kernel)
		timing_close(d->kernel);
	vec_free(&d->mine.ns);
	vec_free(&d->theirs.ns);
	vec_free(&d->nothing.ns);
	vec_free(&d->loop.ns);
	free(d->frame);
}

int bench_program(struct bench *b, const char *name, struct bench_result *out)
{
	struct test test = { .cli = b->cli, .opts = b->opts };
	struct duel *d = calloc(1, sizeof(*d));
	int code = d ? EXIT_OK : EXIT_FAILED;

	test.opts.prog = name;
	out->name = name;
	if (!code)
		code = test_open(&test);
	if (!code)
		code = test_update(&test);
	if (!code) {
		d->bench = b;
		d->result = out;
		d->test = &test;
		code = run_duel(d);
		close_duel(d);
	}
	free(d);
	test_close(&test);
	return code;
}
