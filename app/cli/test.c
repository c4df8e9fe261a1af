/* SPDX-License-Identifier: BSD-3-Clause */
/* test.c - `weir test`: a program on the packets of a capture */
#include "cli/test.h"

#include <stdlib.h>
#include <string.h>

enum {
	OPT_PROG = 256,
	OPT_HOOK,
	OPT_ALL,
	OPT_DUMP_MAPS,
	OPT_VS,
	OPT_BTF,
	OPT_SET,
	OPT_UPDATE,
	OPT_ENGINE,
};

static const struct cli_option options[] = {
	{ OPT_PROG, "prog", "NAME", "the program; by default the hook's only" },
	{ OPT_HOOK, "hook", "HOOK",
	  "xdp, tc-ingress or tc-egress; by default the program's" },
	{ 'r', "read", "IN.pcap", "the packets, from a pcap or pcapng file" },
	{ 'w', "write", "OUT.pcap", "write what was not dropped" },
	{ OPT_ALL, "all", NULL, "write what was dropped as well" },
	{ OPT_DUMP_MAPS, "dump-maps", NULL, "print the maps afterwards" },
	{ OPT_VS, "vs", "kernel", "run on Linux too and compare" },
	{ OPT_ENGINE, "engine", "ENGINE",
	  "what it runs on: jit (the default) or interp" },
	{ OPT_BTF, "btf", "FILE",
	  "relocate against the types in this file, not Weir's" },
	{ OPT_SET, "set", "MAP.FIELD=N",
	  "change a map of the object: max_entries, key_size, value_size, "
	  "map_flags" },
	{ OPT_UPDATE, "update", "ENTRY",
	  "put an entry into a map first: \"<map> key <key> value <value>\"" },
	{ 0 },
};

static int take_override(struct test *t, const char *text)
{
	struct sys_override *o = vec_add(&t->opts.overrides);
	struct err err;

	if (!o)
		return EXIT_FAILED;
	if (sys_override_parse((char *)text, o, &err) == 0)
		return EXIT_OK;
	cli_fail_as(t->cli, EXIT_USAGE, &err);
	return EXIT_USAGE;
}

static int take_update(struct test *t, const char *text)
{
	char **update = vec_add(&t->opts.updates);

	if (!update)
		return EXIT_FAILED;
	*update = (char *)text;
	return EXIT_OK;
}

static int take_engine(struct test *t, const char *text)
{
	struct err err;

	if (sys_engine_parse(text, &t->opts.engine, &err) == 0)
		return EXIT_OK;
	err_place(&err, "--engine %.64s", text);
	return cli_fail_as(t->cli, EXIT_USAGE, &err);
}

static int take_option(struct test *t, int what)
{
	const char *value = t->cli->value;
	struct test_opts *o = &t->opts;

	switch (what) {
	case OPT_PROG: o->prog = value; return EXIT_OK;
	case OPT_HOOK: o->hook = value; return EXIT_OK;
	case 'r': o->input = value; return EXIT_OK;
	case 'w': o->output = value; return EXIT_OK;
	case OPT_ALL: o->all = true; return EXIT_OK;
	case OPT_DUMP_MAPS: o->dump_maps = true; return EXIT_OK;
	case OPT_VS:
		o->vs_kernel = true;
		if (strcmp(value, "kernel") == 0)
			return EXIT_OK;
		return cli_usage(t->cli, "--vs takes 'kernel', not '%s'",
				 value);
	case OPT_ENGINE: return take_engine(t, value);
	case OPT_BTF: o->btf = value; return EXIT_OK;
	case OPT_SET: return take_override(t, value);
	case OPT_UPDATE: return take_update(t, value);
	case CLI_ARG:
		if (o->object)
			return cli_usage(t->cli, "'%s' is one word too many",
					 value);
		o->object = value;
		return EXIT_OK;
	default: return EXIT_USAGE;
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
	vec_free(&t.opts.overrides);
	vec_free(&t.opts.updates);
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
