/* SPDX-License-Identifier: BSD-3-Clause */
/* bench_report.c - what came of a bench, as text or JSON */
#include <math.h>
#include <stdlib.h>

#include "base/json.h"
#include "cli/bench.h"

/* How many times as long Linux takes; net: without what running anything
 * costs there. */
static double ratio(const struct bench_result *r)
{
	return r->kernel.p50 / MAX(r->ns.p50, 0.01);
}

static double ratio_net(const struct bench_result *r)
{
	return MAX(r->kernel.p50 - r->loop, 0.0) / MAX(r->ns.p50, 0.01);
}

/* Of all that ran on both sides; 0: none did. */
static double mean(const struct bench *b,
		   double (*of)(const struct bench_result *))
{
	double logs = 0;
	u32 n = 0;

	for (u32 i = 0; i < b->results.len; i++) {
		const struct bench_result *r = &b->results.items[i];

		if (!r->compared)
			continue;
		logs += log(MAX(of(r), 0.001));
		n++;
	}
	return n ? exp(logs / n) : 0;
}

/* ---- JSON ---- */

static void json_ns(struct json *j, const char *key, const struct bench_ns *ns)
{
	json_key(j, key);
	json_begin_object(j);
	json_key(j, "p50");
	json_double(j, ns->p50);
	json_key(j, "p99");
	json_double(j, ns->p99);
	json_end_object(j);
}

static void json_number(struct json *j, const char *key, double value)
{
	json_key(j, key);
	json_double(j, value);
}

static void json_result(struct json *j, const struct bench_result *r)
{
	json_begin_object(j);
	json_kstr(j, "name", r->name);
	if (r->skipped) {
		json_kstr(j, "skipped", r->skipped);
	} else {
		json_ns(j, "ns", &r->ns);
		json_ku64(j, "samples", r->samples);
		json_ku64(j, "refused", r->refused);
	}
	if (r->no_kernel)
		json_kstr(j, "kernel_refuses", r->no_kernel);
	if (r->compared) {
		json_ns(j, "kernel_ns", &r->kernel);
		json_number(j, "kernel_loop_ns", r->loop);
		json_number(j, "ratio", ratio(r));
		json_number(j, "ratio_net", ratio_net(r));
		json_ku64(j, "different", r->different);
	}
	json_end_object(j);
}

static void report_json(const struct bench *b)
{
	struct json j;

	json_init_file(&j, stdout, b->cli->pretty);
	json_begin_object(&j);
	json_ku64(&j, "schema", 1);
	json_ku64(&j, "packets", b->packets.len);
	json_ku64(&j, "flows", b->flows);
	json_ku64(&j, "rounds", b->rounds);
	json_key(&j, "programs");
	json_begin_array(&j);
	for (u32 i = 0; i < b->results.len; i++)
		json_result(&j, &b->results.items[i]);
	json_end_array(&j);
	if (b->opts.vs_kernel) {
		json_number(&j, "ratio", mean(b, ratio));
		json_number(&j, "ratio_net", mean(b, ratio_net));
	}
	json_end_object(&j);
	json_flush(&j);
	putchar('\n');
}

/* ---- text ---- */

static void print_result(const struct bench_result *r)
{
	if (r->skipped) {
		printf("%-24s not timed: %s\n", r->name, r->skipped);
		return;
	}
	printf("%-24s %9.1f %9.1f", r->name, r->ns.p50, r->ns.p99);
	if (r->compared)
		printf(" %9.1f %9.1f %9.1f %8.2f %8.2f", r->kernel.p50,
		       r->kernel.p99, r->loop, ratio(r), ratio_net(r));
	putchar('\n');
	if (r->refused)
		printf("  %llu packet%s not taken\n",
		       (unsigned long long)r->refused,
		       r->refused == 1 ? " was" : "s were");
	if (r->different)
		printf("  %llu packet%s another verdict in Linux: `weir test "
		       "--vs kernel` says more\n",
		       (unsigned long long)r->different,
		       r->different == 1 ? " has" : "s have");
	if (r->no_kernel)
		printf("  Linux does not run it: %s\n", r->no_kernel);
}

static void report_text(const struct bench *b)
{
	if (b->flows)
		printf("%u flows, %u rounds; nanoseconds a packet\n", b->flows,
		       b->rounds);
	else
		printf("%u packet%s, %u rounds; nanoseconds a packet\n",
		       b->packets.len, b->packets.len == 1 ? "" : "s",
		       b->rounds);
	printf("%-24s %9s %9s", "", "median", "p99");
	if (b->opts.vs_kernel)
		printf(" %9s %9s %9s %8s %8s", "Linux", "p99", "its loop",
		       "ratio", "net");
	putchar('\n');
	for (u32 i = 0; i < b->results.len; i++)
		print_result(&b->results.items[i]);
	if (b->opts.vs_kernel && mean(b, ratio) > 0)
		printf("geometric mean %*s %8.2f %8.2f\n", 59, "",
		       mean(b, ratio), mean(b, ratio_net));
}

void bench_report(const struct bench *b)
{
	if (b->cli->json)
		report_json(b);
	else
		report_text(b);
}
