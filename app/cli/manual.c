/* SPDX-License-Identifier: BSD-3-Clause */
/* manual.c - the manual page, from the command tables */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/exit_code.h"
#include "ctl/ctl.h"

/* Text as troff takes it: no line may start with a control character, and
 * dashes and backslashes are themselves. */
static void put_text(const char *text)
{
	bool line_start = true;

	for (; *text; text++) {
		if (line_start && (*text == '.' || *text == '\''))
			fputs("\\&", stdout);
		if (*text == '-')
			fputs("\\-", stdout);
		else if (*text == '\\')
			fputs("\\e", stdout);
		else
			putchar(*text);
		line_start = *text == '\n';
	}
}

static void put_options(const struct cli_option *options)
{
	for (const struct cli_option *o = options; o && o->id; o++) {
		fputs(".TP\n", stdout);
		if (o->id < 256)
			printf("\\fB\\-%c\\fR%s", o->id, o->name ? ", " : "");
		if (o->name) {
			fputs("\\fB\\-\\-", stdout);
			put_text(o->name);
			fputs("\\fR", stdout);
		}
		if (o->value)
			printf(" \\fI%s\\fR", o->value);
		putchar('\n');
		put_text(o->help);
		putchar('\n');
	}
}

static void put_command(const struct command *c)
{
	printf(".SS weir %s\n.B weir %s\n", c->name, c->name);
	put_text(c->usage);
	fputs(c->usage[0] ? "\n.PP\n" : ".PP\n", stdout);
	put_text(c->help);
	putchar('\n');
	if (c->details) {
		fputs(".PP\n", stdout);
		put_text(c->details);
		putchar('\n');
	}
	put_options(c->options);
}

static void put_exit_codes(void)
{
#define EXIT_ROW(symbol, number, about) \
	printf(".TP\n.B %d\n%s\n", number, about);
	EXIT_CODES(EXIT_ROW)
#undef EXIT_ROW
}

static int manual_run(struct cli *cli)
{
	int what = cli_next(cli);

	if (what != CLI_END)
		return what == CLI_BAD ? EXIT_USAGE :
					 cli_usage(cli, "takes no arguments");
	fputs(".TH WEIR 1 \"\" \"weir " WEIR_VERSION "\" \"User Commands\"\n"
	      ".SH NAME\n"
	      "weir \\- run tc and XDP programs on polling lcores in user "
	      "space\n"
	      ".SH SYNOPSIS\n"
	      ".B weir\n[\\fIoptions\\fR] \\fIcommand\\fR "
	      "[\\fIarguments\\fR]\n"
	      ".SH DESCRIPTION\n"
	      "Weir runs eBPF objects made for Linux tc and XDP, unmodified, "
	      "on DPDK ports\nor captures.\n"
	      ".B weir run\nstarts the dataplane; the other commands speak "
	      "to it over its control socket,\nin the words of\n"
	      ".BR bpftool (8)\nwhere that has any.\n",
	      stdout);
	fputs(".SH OPTIONS\nBefore or after the command:\n", stdout);
	put_options(global_options);
	fputs(".SH COMMANDS\n", stdout);
	for (const struct command *const *t = commands; *t; t++)
		for (const struct command *c = *t; c->name; c++)
			put_command(c);
	fputs(".SH EXIT STATUS\n", stdout);
	put_exit_codes();
	fputs(".SH FILES\n.TP\n.I " CTL_DEFAULT_SOCKET "\n"
	      "the control socket, unless\n.B \\-s\nnames another\n"
	      ".SH SEE ALSO\n"
	      ".BR bpftool (8),\n.BR bpf (2),\n.BR tc\\-bpf (8)\n",
	      stdout);
	return EXIT_OK;
}

const struct command manual_commands[] = {
	{ "manual", "", "Print the manual page: weir manual | man -l -",
	  manual_run },
	{ 0 },
};
