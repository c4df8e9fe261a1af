/* SPDX-License-Identifier: BSD-3-Clause */
/* command.c - finding the command and walking its words */
#include "cli/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define NAMES_MAX 128

/* How many letters to change, add, drop or swap to make b of a. */
static u32 edits(const char *a, const char *b)
{
	u32 row[3][64];
	size_t n = strlen(b);

	if (n >= ARRAY_LEN(row[0]) || strlen(a) >= ARRAY_LEN(row[0]))
		return UINT32_MAX;
	for (u32 j = 0; j <= n; j++)
		row[0][j] = j;
	for (u32 i = 1; a[i - 1]; i++) {
		u32 *now = row[i % 3], *last = row[(i - 1) % 3];

		now[0] = i;
		for (u32 j = 1; j <= n; j++) {
			u32 swap = last[j - 1] + (a[i - 1] != b[j - 1]);

			now[j] = MIN(swap, MIN(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				now[j] = MIN(now[j],
					     row[(i - 2) % 3][j - 2] + 1);
		}
	}
	return row[strlen(a) % 3][n];
}

const char *cli_nearest(const char *word, const char *const *names, u32 n)
{
	const char *best = NULL;
	u32 least = UINT32_MAX;

	for (u32 i = 0; i < n; i++) {
		size_t len = strlen(names[i]);
		u32 cost = edits(word, names[i]);

		if (strncmp(word, names[i], strlen(word)) == 0)
			cost = 1;
		if (cost < least && cost <= (len < 4 ? 1 : 1 + len / 4)) {
			least = cost;
			best = names[i];
		}
	}
	return best;
}

int cli_number(const char *text, u64 max, u64 *out)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	*out = strtoull(text, &end, 0);
	if (*end)
		return -EINVAL;
	return errno || *out > max ? -ERANGE : 0;
}

static const struct cli_option *find_option(const struct cli_option *options,
					    const char *word, size_t len)
{
	for (const struct cli_option *o = options; o && o->id; o++) {
		if (word[1] != '-' && word[1] == o->id)
			return o;
		if (word[1] == '-' && o->name && strlen(o->name) == len - 2 &&
		    strncmp(word + 2, o->name, len - 2) == 0)
			return o;
	}
	return NULL;
}

static u32 option_names(const struct cli_option *options, const char **names,
			u32 n)
{
	for (const struct cli_option *o = options; o && o->id; o++)
		if (o->name && n < NAMES_MAX)
			names[n++] = o->name;
	return n;
}

static int unknown_option(const struct cli *cli, const char *word, size_t len)
{
	const char *names[NAMES_MAX];
	const char *nearest = NULL;
	char name[64];
	u32 n = option_names(global_options, names, 0);

	if (cli->command)
		n = option_names(cli->command->options, names, n);
	if (word[1] == '-') {
		snprintf(name, sizeof(name), "%.*s", (int)len - 2, word + 2);
		nearest = cli_nearest(name, names, n);
	}
	if (nearest)
		cli_usage(cli, "there is no option %.*s (did you mean --%s?)",
			  (int)len, word, nearest);
	else
		cli_usage(cli, "there is no option %.*s",
			  word[1] == '-' ? (int)len : 2, word);
	return CLI_BAD;
}

/* Take the value of option o, standing in word or after it. */
static int take_value(struct cli *cli, const struct cli_option *o,
		      const char *word, size_t len)
{
	bool is_long = word[1] == '-';
	const char *tail = is_long ? word + len : word + 2;

	cli->value = NULL;
	if (!o->value) {
		if (!*tail)
			return o->id;
		cli_usage(cli, "%.*s takes no value",
			  is_long ? (int)len : 2, word);
		return CLI_BAD;
	}
	if (*tail) {
		cli->value = is_long ? tail + 1 : tail;
		return o->id;
	}
	if (cli->next < cli->argc) {
		cli->value = cli->argv[cli->next++];
		return o->id;
	}
	cli_usage(cli, "%s needs a value: %s", word, o->value);
	return CLI_BAD;
}

static int take_global(struct cli *cli, int id)
{
	enum log_level level;

	switch (id) {
	case 's':
		cli->socket = cli->value;
		cli->socket_given = true;
		return 0;
	case 'p':
		cli->pretty = true;
		cli->json = true;
		return 0;
	case 'j':
		cli->json = true;
		return 0;
	case 'h':
		if (cli->command)
			help_command(stdout, cli->command);
		else
			help_all(stdout);
		exit(EXIT_OK);
	default:
		if (log_level_parse(cli->value, &level) < 0) {
			cli_usage(cli,
				  "no log level is called %s (there are "
				  "error, warn, info and debug)",
				  cli->value);
			return CLI_BAD;
		}
		log_set_level(level);
		cli->log_level_given = true;
		return 0;
	}
}

/* Words like -1 are arguments. */
static bool is_option(const char *word)
{
	return word[0] == '-' && word[1] && (word[1] < '0' || word[1] > '9');
}

/* Of an option, without "=VALUE". */
static size_t option_len(const char *word)
{
	return word[1] == '-' ? strcspn(word, "=") : strlen(word);
}

/* A word that starts with a dash: 0 for a global option, which is taken. */
static int next_option(struct cli *cli, const char *word)
{
	size_t len = option_len(word);
	const struct cli_option *o = NULL;
	int id;

	if (cli->command)
		o = find_option(cli->command->options, word, len);
	if (o)
		return take_value(cli, o, word, len);
	o = find_option(global_options, word, len);
	if (!o)
		return unknown_option(cli, word, len);
	id = take_value(cli, o, word, len);
	return id == CLI_BAD ? CLI_BAD : take_global(cli, id);
}

int cli_next(struct cli *cli)
{
	while (cli->next < cli->argc) {
		const char *word = cli->argv[cli->next++];
		int what;

		if (!is_option(word)) {
			cli->value = word;
			return CLI_ARG;
		}
		what = next_option(cli, word);
		if (what)
			return what;
	}
	return CLI_END;
}

/* The command's own option that word is, or NULL. */
static const struct cli_option *own_option(const struct cli *cli,
					   const char *word)
{
	return find_option(cli->command->options, word, option_len(word));
}

int cli_take_globals(struct cli *cli)
{
	int kept = 0;

	while (cli->next < cli->argc) {
		char *word = cli->argv[cli->next++];
		bool option = is_option(word);
		const struct cli_option *own =
			option ? own_option(cli, word) : NULL;

		if (option && !own &&
		    find_option(global_options, word, option_len(word))) {
			if (next_option(cli, word) == CLI_BAD)
				return CLI_BAD;
			continue;
		}
		cli->argv[kept++] = word;
		/* a value that looks like an option is none */
		if (own && own->value && cli->next < cli->argc &&
		    !(word[1] == '-' ? word[option_len(word)] : word[2]))
			cli->argv[kept++] = cli->argv[cli->next++];
	}
	cli->argc = kept;
	cli->next = 0;
	return 0;
}

const char *cli_word(struct cli *cli)
{
	return cli->next < cli->argc ? cli->argv[cli->next++] : NULL;
}

/* How many words of argv the command's name takes, 0: it is another one. */
static int matches(const struct command *c, int argc, char **argv)
{
	const char *name = c->name;
	int words = 0;

	for (;;) {
		size_t len = strcspn(name, " ");

		if (words == argc || strlen(argv[words]) != len ||
		    strncmp(argv[words], name, len) != 0)
			return 0;
		words++;
		if (!name[len])
			return words;
		name += len + 1;
	}
}

static bool in_group(const struct command *c, const char *group)
{
	size_t len = strlen(group);

	return strncmp(c->name, group, len) == 0 && c->name[len] == ' ';
}

/* The words that could stand at this place: groups, or verbs of a group. */
static u32 words_at(const char *group, char (*words)[32], const char **names)
{
	u32 n = 0;

	for (const struct command *const *t = commands; *t; t++) {
		for (const struct command *c = *t; c->name; c++) {
			const char *word = c->name;

			if (group && !in_group(c, group))
				continue;
			if (group)
				word += strlen(group) + 1;
			if (n == NAMES_MAX)
				return n;
			snprintf(words[n], sizeof(words[n]), "%.*s",
				 (int)strcspn(word, " "), word);
			names[n] = words[n];
			n++;
		}
	}
	return n;
}

static int unknown_command(const struct cli *cli, const char *group,
			   const char *word)
{
	char words[NAMES_MAX][32];
	const char *names[NAMES_MAX];
	const char *nearest, *space = group ? " " : "";
	struct err err;
	u32 n = words_at(group, words, names);

	group = group ? group : "";
	nearest = cli_nearest(word, names, n);
	err_fail(&err, -EINVAL, "there is no command '%s%s%s'", group, space,
		 word);
	if (nearest)
		err_hint(&err, "did you mean '%s%s%s'?", group, space, nearest);
	else
		err_hint(&err, "see `weir help%s%s`", space, group);
	cli_fail_as(cli, EXIT_USAGE, &err);
	return CLI_BAD;
}

static int no_command(const struct cli *cli)
{
	struct err err;

	err_fail(&err, -EINVAL, "no command is named");
	cli_fail_as(cli, EXIT_USAGE, &err);
	return CLI_BAD;
}

static bool is_group(const char *word)
{
	for (const struct command *const *t = commands; *t; t++)
		for (const struct command *c = *t; c->name; c++)
			if (in_group(c, word))
				return true;
	return false;
}

int cli_find(struct cli *cli, int argc, char **argv)
{
	cli->argc = argc;
	cli->argv = argv;
	if (argc == 0) {
		help_all(stderr);
		return no_command(cli);
	}
	for (const struct command *const *t = commands; *t; t++) {
		for (const struct command *c = *t; c->name; c++) {
			int words = matches(c, argc, argv);

			if (!words)
				continue;
			cli->command = c;
			cli->argc = argc - words;
			cli->argv = argv + words;
			return 0;
		}
	}
	if (!is_group(argv[0]))
		return unknown_command(cli, NULL, argv[0]);
	if (argc > 1 &&
	    (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "-h") == 0 ||
	     strcmp(argv[1], "--help") == 0)) {
		help_group(stdout, argv[0]);
		return 1;
	}
	if (argc == 1 || is_option(argv[1])) {
		help_group(stderr, argv[0]);
		return no_command(cli);
	}
	return unknown_command(cli, argv[0], argv[1]);
}
