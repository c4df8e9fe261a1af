/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * command.h - the command line: rows of commands and the options they take
 *
 * A command is a row.  Help, usage, completion and the man page's synopsis
 * come from it.  A handler walks its words with cli_next(), which also takes
 * the global options wherever they stand, and returns an exit code:
 *
 *	while ((what = cli_next(cli)) != CLI_END) {
 *		switch (what) {
 *		case 'r':
 *			input = cli->value;
 *			break;
 *		case CLI_ARG:
 *			object = cli->value;
 *			break;
 *		default:
 *			return EXIT_USAGE;
 *		}
 *	}
 */
#ifndef WEIR_APP_CLI_COMMAND_H
#define WEIR_APP_CLI_COMMAND_H

#include "base/err.h"
#include "base/types.h"
#include "cli/exit_code.h"

struct cli;
struct ctl_client;

struct cli_option {
	int id;		   /* a letter is the short form too; else > 255 */
	const char *name;  /* without dashes; NULL: only the short form */
	const char *value; /* what help calls its value; NULL: takes none */
	const char *help;
};

struct command {
	const char *name;  /* "map list"; the first word is its group */
	const char *usage; /* its words: "<map> key <key>" */
	const char *help;  /* one sentence */
	int (*run)(struct cli *cli);
	const struct cli_option *options; /* ends with a zero row; may be NULL */
	const char *details; /* more paragraphs for `weir help`; may be NULL */
};

/* All tables, in the order help lists them; ends with NULL (main.c). */
extern const struct command *const commands[];
extern const struct cli_option global_options[];

/* One invocation. */
struct cli {
	/* the global options */
	const char *socket;
	bool socket_given;
	bool log_level_given;
	bool json;
	bool pretty;

	const struct command *command;
	int argc; /* the words after the command's name, up to "--" */
	char **argv;
	int next;	   /* of argv, for cli_next() */
	int rest_argc;	   /* the words after "--" */
	char **rest_argv;
	const char *value; /* of what cli_next() returned */

	struct ctl_client *client; /* connected when first needed; main's */
};

enum { CLI_END = 0, CLI_ARG = 1, CLI_BAD = -1 };

/* The id of the next option, CLI_ARG for an argument (both with cli->value),
 * CLI_END, or CLI_BAD after having said what is wrong with it.  Words like -1
 * are arguments. */
int cli_next(struct cli *cli);
/* Take the global options out of the command's words: they may stand behind
 * what a handler needs the daemon for.  0 or CLI_BAD. */
int cli_take_globals(struct cli *cli);
/* The next word whatever it looks like, NULL at the end. */
const char *cli_word(struct cli *cli);

/* Say why the command line is no good, and its usage; with -j, wherever it
 * stands, as cli_fail() too.  EXIT_USAGE. */
int cli_usage(const struct cli *cli, const char *fmt, ...) PRINTF(2, 3);
/* Report a failure, on standard error and with -j as {"error":{...}} on
 * standard output.  Returns the exit code that fits err's code. */
int cli_fail(const struct cli *cli, const struct err *err);
/* The same with this exit code. */
int cli_fail_as(const struct cli *cli, enum exit_code code,
		const struct err *err);

/* A whole number in any of C's notations.  0 or -EINVAL, -ERANGE. */
int cli_number(const char *text, u64 max, u64 *out);
/* Of the names, the one that was probably meant, or NULL. */
const char *cli_nearest(const char *word, const char *const *names, u32 n);

/* Find the command named by the first words; 1: it is help that was asked for
 * and given, else 0 or CLI_BAD after having said what is wrong. */
int cli_find(struct cli *cli, int argc, char **argv);

/* help.c */
void help_all(FILE *f);
void help_group(FILE *f, const char *group);
void help_command(FILE *f, const struct command *command);

/* The tables, one a file. */
extern const struct command map_commands[];
extern const struct command prog_commands[];
extern const struct command link_commands[];
extern const struct command btf_commands[];
extern const struct command net_commands[];
extern const struct command queue_commands[];
extern const struct command port_commands[];
extern const struct command stats_commands[];
extern const struct command test_commands[];
extern const struct command bench_commands[];
extern const struct command verify_commands[];
extern const struct command run_commands[];
extern const struct command help_commands[];
extern const struct command manual_commands[];

#endif
