/* SPDX-License-Identifier: BSD-3-Clause */
/* test.c - `weir test`: a program on the packets of a capture */
#include "cli/test.h"

#include <stdlib.h>
#include <string.h>

enum { OPT_ALL = 256, OPT_DUMP_MAPS, OPT_VS };

static const struct cli_option options[] = {
	{ TEST_OPT_PROG, "prog", "NAME",
	  "the program; by default the hook's only" },
	TEST_OPTIONS,
	{ 'w', "write", "OUT.pcap", "write what was not dropped" },
	{ OPT_ALL, "all", NULL, "write what was dropped as well" },
	{ OPT_DUMP_MAPS, "dump-maps", NULL, "print the maps afterwards" },
	{ OPT_VS, "vs", "kernel", "run on Linux too and compare" },
	{ 0 },
};

static int take_override(struct cli *cli, struct test_opts *opts)
{
	struct sys_override *o = vec_add(&opts->overrides);
	struct err err;

	if (!o)
		return EXIT_FAILED;
	if (sys_override_parse((char *)cli->value, o, &err) == 0)
		return EXIT_OK;
	cli_fail_as(cli, EXIT_USAGE, &err);
	return EXIT_USAGE;
}

static int take_update(struct cli *cli, struct test_opts *opts)
{
	char **update = vec_add(&opts->updates);

	if (!update)
		return EXIT_FAILED;
	*update = (char *)cli->value;
	return EXIT_OK;
}

static int take_engine(struct cli *cli, struct test_opts *opts)
{
	struct err err;

	if (sys_engine_parse(cli->value, &opts->engine, &err) == 0)
		return EXIT_OK;
	err_place(&err, "--engine %.64s", cli->value);
	return cli_fail_as(cli, EXIT_USAGE, &err);
}

static int take_perf(struct cli *cli, struct test_opts *opts)
{
	struct err err = { 0 };

	if (opts->perf)
		return cli_usage(cli, "--perf is given twice");
	if (jit_perf_open(cli->value, &err, &opts->perf) == 0)
		return EXIT_OK;
	return cli_fail(cli, &err);
}

int test_take(struct cli *cli, struct test_opts *opts, int what)
{
	const char *value = cli->value;

	switch (what) {
	case TEST_OPT_PROG: opts->prog = value; return EXIT_OK;
	case TEST_OPT_HOOK: opts->hook = value; return EXIT_OK;
	case 'r': opts->input = value; return EXIT_OK;
	case TEST_OPT_ENGINE: return take_engine(cli, opts);
	case TEST_OPT_PERF: return take_perf(cli, opts);
	case TEST_OPT_BTF: opts->btf = value; return EXIT_OK;
	case TEST_OPT_SET: return take_override(cli, opts);
	case TEST_OPT_UPDATE: return take_update(cli, opts);
	case CLI_ARG:
		if (opts->object)
			return cli_usage(cli, "'%s' is one word too many",
					 value);
		opts->object = value;
		return EXIT_OK;
	default: return EXIT_USAGE;
	}
}

void test_opts_free(struct test_opts *opts)
{
	vec_free(&opts->overrides);
	vec_free(&opts->updates);
	if (opts->perf)
		jit_perf_close(opts->perf);
}

static int take_option(struct test *t, int what)
{
	const char *value = t->cli->value;
	struct test_opts *o = &t->opts;

	switch (what) {
	case 'w': o->output = value; return EXIT_OK;
	case OPT_ALL: o->all = true; return EXIT_OK;
	case OPT_DUMP_MAPS: o->dump_maps = true; return EXIT_OK;
	case OPT_VS:
		o->vs_kernel = true;
		if (strcmp(value, "kernel") == 0)
			return EXIT_OK;
		return cli_usage(t->cli, "--vs takes 'kernel', not '%s'",
				 value);
	default: return test_take(t->cli, o, what);
	}
}

static int take_options(struct test *t)
{
	int what, code;

	while ((what = cli_next(t->cli)) != CLI_END) {
		code = take_option(t, what);
		if (code)
			return code;
	}
	if (!t->opts.object)
		return cli_usage(t->cli, "which object?");
	if (!t->opts.input)
		return cli_usage(t->cli, "which packets? (-r IN.pcap)");
	if (t->opts.all && !t->opts.output)
		return cli_usage(t->cli, "--all says what -w writes");
	return EXIT_OK;
}

/* What the result says about success. */
static int verdict_of(const struct test *t)
{
	if (t->compared && t->compared->different)
		return EXIT_UNEXPECTED;
	return t->tally.stopped ? EXIT_REJECTED : EXIT_OK;
}

static int test_command(struct cli *cli)
{
	struct test t = { .cli = cli, .opts.engine = sys_engine_default() };
	int code = take_options(&t);

	if (!code)
		code = test_open(&t);
	if (!code)
		code = test_update(&t);
	if (!code)
		code = test_run(&t);
	if (!code) {
		test_report(&t);
		code = verdict_of(&t);
	}
	test_close(&t);
	test_opts_free(&t.opts);
	return code;
}

const struct command test_commands[] = {
	{ "test",
	  "<object> -r IN.pcap [-w OUT.pcap [--all]] [--prog NAME] "
	  "[--hook HOOK] [--dump-maps] [--vs kernel]",
	  "Run a program on the packets of a capture.", test_command, options,
	  "Needs no daemon, no privilege and no device.  Programs see the time "
	  "that the\ncapture has.\nWith `--vs kernel` each packet also goes "
	  "through Linux (BPF_PROG_TEST_RUN, as\nroot); verdict, bytes and "
	  "maps are compared, and a difference makes the exit\nstatus 6.  A "
	  "packet that Linux does not take is counted with the reason and not\n"
	  "run at all.  A program that is stopped for what it did makes it "
	  "5." },
	{ 0 },
};
