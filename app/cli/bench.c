/* SPDX-License-Identifier: BSD-3-Clause */
/* bench.c - `weir bench`: how long programs take, here and in Linux */
#include "cli/bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "oracle/flows.h"

enum { OPT_VS = 256, OPT_FLOWS, OPT_ROUNDS };

#define ROUNDS_MAX 10001

static const struct cli_option options[] = {
	{ TEST_OPT_PROG, "prog", "NAME", "this program alone" },
	TEST_OPTIONS,
	{ OPT_FLOWS, "flows", "N",
	  "packets of so many flows, made of the first; without -r, of UDP" },
	{ OPT_ROUNDS, "rounds", "N", "how often each side takes its turn (11)" },
	{ OPT_VS, "vs", "kernel", "time it in Linux too, by turns" },
	{ 0 },
};

static int take_number(struct bench *b, const char *what, u64 max, u32 *out)
{
	u64 n;

	if (cli_number(b->cli->value, max, &n) || !n)
		return cli_usage(b->cli, "--%s takes a number from 1 to %llu",
				 what, (unsigned long long)max);
	*out = (u32)n;
	return EXIT_OK;
}

static int take_option(struct bench *b, int what)
{
	switch (what) {
	case OPT_FLOWS: return take_number(b, "flows", FLOWS_MAX, &b->flows);
	case OPT_ROUNDS:
		return take_number(b, "rounds", ROUNDS_MAX, &b->rounds);
	case OPT_VS:
		b->opts.vs_kernel = true;
		if (strcmp(b->cli->value, "kernel") == 0)
			return EXIT_OK;
		return cli_usage(b->cli, "--vs takes 'kernel', not '%s'",
				 b->cli->value);
	default: return test_take(b->cli, &b->opts, what);
	}
}

static int take_options(struct bench *b)
{
	int what, code;

	while ((what = cli_next(b->cli)) != CLI_END) {
		code = take_option(b, what);
		if (code)
			return code;
	}
	if (!b->opts.object)
		return cli_usage(b->cli, "which object?");
	if (!b->opts.input && !b->flows)
		return cli_usage(b->cli,
				 "which packets? (-r IN.pcap or --flows N)");
	return EXIT_OK;
}

static int open_object(struct bench *b)
{
	struct err err = { 0 };
	int res = elf_open(b->opts.object, NULL, &err, &b->obj);

	if (!res)
		return EXIT_OK;
	return access(b->opts.object, R_OK) == 0
		       ? cli_fail_as(b->cli, EXIT_REJECTED, &err)
		       : cli_fail(b->cli, &err);
}

static int run_one(struct bench *b, const char *name)
{
	struct bench_result *result = vec_add(&b->results);

	return result ? bench_program(b, name, result) : EXIT_FAILED;
}

/* All that packets of a hook can be given to, one after the other. */
static int run_all(struct bench *b)
{
	int code = EXIT_OK;

	if (b->opts.prog)
		return run_one(b, b->opts.prog);
	for (u32 i = 0; !code && i < b->obj->prog_cnt; i++) {
		const struct elf_prog *ep = &b->obj->progs[i];

		if (ep->autoload && test_runs(&b->opts, ep))
			code = run_one(b, ep->name);
	}
	if (code || b->results.len)
		return code;
	return cli_usage(b->cli, "%s has no program to time%s%s",
			 b->opts.object, b->opts.hook ? " for " : "",
			 b->opts.hook ? b->opts.hook : "");
}

static void bench_free(struct bench *b)
{
	for (u32 i = 0; i < b->results.len; i++) {
		free(b->results.items[i].skipped);
		free(b->results.items[i].no_kernel);
	}
	vec_free(&b->results);
	bench_free_packets(b);
	if (b->obj)
		elf_close(b->obj);
	test_opts_free(&b->opts);
}

static int bench_command(struct cli *cli)
{
	struct bench b = { .cli = cli,
			   .opts = { .engine = sys_engine_default(),
				     .huge = true },
			   .rounds = BENCH_ROUNDS };
	int code = take_options(&b);

	if (!code)
		code = open_object(&b);
	if (!code)
		code = bench_read_packets(&b);
	if (!code)
		code = run_all(&b);
	if (!code)
		bench_report(&b);
	bench_free(&b);
	return code;
}

const struct command bench_commands[] = {
	{ "bench",
	  "<object> {-r IN.pcap | --flows N} [--prog NAME] [--hook HOOK] "
	  "[--vs kernel]",
	  "Say how long programs take for a packet.", bench_command, options,
	  "Needs no daemon, no privilege and no device.  The packets of "
	  "the capture (of a\nlong one, 256 of them) go through the program "
	  "in turn, some ten thousand a round.  With `--flows`\nall packets come from different "
	  "sources, first each once and then at random.\nWith `--vs kernel`, "
	  "as root, Linux takes turns with the same packets\n"
	  "(BPF_PROG_TEST_RUN); \"its loop\" is what it takes there to run a "
	  "program that does\nnothing, and \"net\" the ratio without that." },
	{ 0 },
};
