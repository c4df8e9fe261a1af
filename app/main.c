/* SPDX-License-Identifier: BSD-3-Clause */
/* main.c - the command table: weir is one program */
#include <string.h>

#include "cli/command.h"
#include "ctl/ctl.h"
#include "jit/jit.h"

enum { OPT_LOG_LEVEL = 256 };

const struct cli_option global_options[] = {
	{ 's', "socket", "SOCK",
	  "control socket of the daemon (" CTL_DEFAULT_SOCKET ")" },
	{ 'j', "json", NULL, "print JSON" },
	{ 'p', "pretty", NULL, "print JSON with line breaks" },
	{ OPT_LOG_LEVEL, "log-level", "LEVEL", "error, warn, info or debug" },
	{ 'h', "help", NULL, "say what there is and exit" },
	{ 0 },
};

/* A table a line; each ends with a zero row. */
const struct command *const commands[] = {
	run_commands,
	map_commands,
	prog_commands,
	link_commands,
	btf_commands,
	queue_commands,
	port_commands,
	net_commands,
	stats_commands,
	test_commands,
	bench_commands,
	verify_commands,
	help_commands,
	manual_commands,
	NULL,
};

/* Words after "--" are the command's alone. */
static void split_rest(struct cli *cli, int *argc, char **argv)
{
	for (int i = 0; i < *argc; i++) {
		if (strcmp(argv[i], "--") != 0)
			continue;
		cli->rest_argc = *argc - i - 1;
		cli->rest_argv = argv + i + 1;
		*argc = i;
		return;
	}
}

int main(int argc, char **argv)
{
	struct cli cli = { .socket = CTL_DEFAULT_SOCKET };
	int what;

	if (argc == 2 && strcmp(argv[1], JIT_COMPILER_ARG) == 0)
		return jit_compiler();
	argc--;
	argv++;
	split_rest(&cli, &argc, argv);

	/* Global options may stand before the command. */
	cli.argc = argc;
	cli.argv = argv;
	what = cli_next(&cli);
	if (what == CLI_BAD)
		return EXIT_USAGE;
	if (what == CLI_ARG)
		cli.next--;
	argc -= cli.next;
	argv += cli.next;
	cli.next = 0;

	what = cli_find(&cli, argc, argv);
	if (what)
		return what == CLI_BAD ? EXIT_USAGE : EXIT_OK;
	if (cli_take_globals(&cli))
		return EXIT_USAGE;
	what = cli.command->run(&cli);
	if (cli.client)
		ctl_disconnect(cli.client);
	return what;
}
