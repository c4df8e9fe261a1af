/* SPDX-License-Identifier: BSD-3-Clause */
/* help.c - help and shell completion, from the command tables */
#include <string.h>

#include "cli/command.h"

#define HELP_COLUMN 30

static void print_options(FILE *f, const struct cli_option *options)
{
	for (const struct cli_option *o = options; o && o->id; o++) {
		char left[96];
		bool letter = o->id < 256;

		snprintf(left, sizeof(left), "%c%c%s%s%s%s%s",
			 letter ? '-' : ' ', letter ? o->id : ' ',
			 o->name ? (letter ? ", " : "  ") : "",
			 o->name ? "--" : "", o->name ? o->name : "",
			 o->value ? " " : "", o->value ? o->value : "");
		if (strlen(left) < HELP_COLUMN - 2)
			fprintf(f, "  %-*s%s\n", HELP_COLUMN - 2, left,
				o->help);
		else
			fprintf(f, "  %s\n%*s%s\n", left, HELP_COLUMN, "",
				o->help);
	}
}

static void print_row(FILE *f, const struct command *c)
{
	fprintf(f, "  %-*s%s\n", HELP_COLUMN - 2, c->name, c->help);
}

void help_all(FILE *f)
{
	fputs("usage: weir [<options>] <command> [<arguments>]\n\n"
	      "Runs tc and XDP programs on polling lcores in user space.\n",
	      f);
	for (const struct command *const *t = commands; *t; t++) {
		fputc('\n', f);
		for (const struct command *c = *t; c->name; c++)
			print_row(f, c);
	}
	fputs("\nOptions, before or after the command:\n", f);
	print_options(f, global_options);
	fputs("\n`weir help <command>` says more about one.\n", f);
}

void help_group(FILE *f, const char *group)
{
	size_t len = strlen(group);

	for (const struct command *const *t = commands; *t; t++)
		for (const struct command *c = *t; c->name; c++)
			if (strncmp(c->name, group, len) == 0 &&
			    c->name[len] == ' ')
				fprintf(f, "weir %s %s\n    %s\n", c->name,
					c->usage, c->help);
}

void help_command(FILE *f, const struct command *c)
{
	fprintf(f, "usage: weir %s%s%s\n\n%s\n", c->name,
		c->usage[0] ? " " : "", c->usage, c->help);
	if (c->details)
		fprintf(f, "\n%s\n", c->details);
	if (c->options) {
		fputs("\nOptions:\n", f);
		print_options(f, c->options);
	}
	fputs("\nOptions of every command:\n", f);
	print_options(f, global_options);
}

static bool is_group(const char *word)
{
	size_t len = strlen(word);

	for (const struct command *const *t = commands; *t; t++)
		for (const struct command *c = *t; c->name; c++)
			if (strncmp(c->name, word, len) == 0 &&
			    c->name[len] == ' ')
				return true;
	return false;
}

/* The words after `help` may name a command or a group. */
static int help_run(struct cli *cli)
{
	struct cli named = { .socket = cli->socket, .json = cli->json };
	int what = cli_next(cli);

	if (what == CLI_END)
		help_all(stdout);
	if (what != CLI_ARG)
		return what == CLI_END ? EXIT_OK : EXIT_USAGE;
	if (cli->next == cli->argc && is_group(cli->value)) {
		help_group(stdout, cli->value);
		return EXIT_OK;
	}
	what = cli_find(&named, cli->argc - cli->next + 1,
			cli->argv + cli->next - 1);
	if (what == 0)
		help_command(stdout, named.command);
	return what == CLI_BAD ? EXIT_USAGE : EXIT_OK;
}

static void complete_options(const struct cli_option *options)
{
	for (const struct cli_option *o = options; o && o->id; o++)
		if (o->name)
			printf(" --%s", o->name);
}

/* The verbs of the group that starts at c, once for each group. */
static void complete_group(const struct command *c)
{
	size_t len = strcspn(c->name, " ");

	printf("\t'%.*s') words='help", (int)len, c->name);
	for (; c->name && c->name[len] == ' '; c++)
		printf(" %s", c->name + len + 1);
	fputs("' ;;\n", stdout);
}

static int completion_run(struct cli *cli)
{
	int what = cli_next(cli);

	if (what != CLI_END)
		return what == CLI_BAD ? EXIT_USAGE :
					 cli_usage(cli, "takes no arguments");
	fputs("# bash completion for weir: source <(weir completion)\n"
	      "_weir()\n{\n\tlocal words\n"
	      "\tcase \"${COMP_WORDS[*]:1:COMP_CWORD-1}\" in\n\t'') words='",
	      stdout);
	for (const struct command *const *t = commands; *t; t++) {
		const char *last = "";

		for (const struct command *c = *t; c->name; c++) {
			size_t len = strcspn(c->name, " ");

			if (strncmp(c->name, last, len) != 0 ||
			    last[len] != ' ')
				printf("%.*s ", (int)len, c->name);
			last = c->name;
		}
	}
	fputs("' ;;\n", stdout);
	for (const struct command *const *t = commands; *t; t++)
		if ((*t)->name && strchr((*t)->name, ' '))
			complete_group(*t);
	for (const struct command *const *t = commands; *t; t++) {
		for (const struct command *c = *t; c->name; c++) {
			printf("\t'%s'*) words='", c->name);
			complete_options(c->options);
			complete_options(global_options);
			fputs("' ;;\n", stdout);
		}
	}
	fputs("\tesac\n"
	      "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -f -- "
	      "\"${COMP_WORDS[COMP_CWORD]}\")\n"
	      "}\ncomplete -o filenames -F _weir weir\n",
	      stdout);
	return EXIT_OK;
}

const struct command help_commands[] = {
	{ "help", "[<command>]", "Say what there is, or more about a command.",
	  help_run },
	{ "completion", "", "Print a completion script for bash.",
	  completion_run },
	{ 0 },
};
