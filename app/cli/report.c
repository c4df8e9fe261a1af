/* SPDX-License-Identifier: BSD-3-Clause */
/* report.c - how a command says that it failed */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/json.h"
#include "cli/command.h"

static void error_as_json(const struct cli *cli, const struct err *err)
{
	const char *name = strerrorname_np(-err->code);
	struct json j;

	json_init_file(&j, stdout, cli->pretty);
	json_begin_object(&j);
	json_key(&j, "error");
	json_begin_object(&j);
	json_kstr(&j, "code", name ? name : "EIO");
	json_kstr(&j, "message", err->reason);
	if (err->place[0])
		json_kstr(&j, "place", err->place);
	if (err->hint[0])
		json_kstr(&j, "hint", err->hint);
	if (err->rejected)
		json_kbool(&j, "rejected", true);
	json_end_object(&j);
	json_end_object(&j);
	json_flush(&j);
	putchar('\n');
}

/* Also when it stands among the words that nobody got to. */
static bool wants_json(const struct cli *cli)
{
	static const char *const words[] = { "-j", "--json", "-p", "--pretty" };

	if (cli->json)
		return true;
	for (int i = cli->next; i < cli->argc; i++)
		for (u32 k = 0; k < ARRAY_LEN(words); k++)
			if (strcmp(cli->argv[i], words[k]) == 0)
				return true;
	return false;
}

int cli_usage(const struct cli *cli, const char *fmt, ...)
{
	struct err err;
	char text[sizeof(err.reason)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_fail(&err, -EINVAL, "%s", text);
	fprintf(stderr, "weir: %s\n", text);
	if (cli->command)
		fprintf(stderr, "usage: weir %s%s%s\n", cli->command->name,
			cli->command->usage[0] ? " " : "", cli->command->usage);
	else
		fputs("usage: weir [<options>] <command> (see `weir help`)\n",
		      stderr);
	if (wants_json(cli))
		error_as_json(cli, &err);
	return EXIT_USAGE;
}

int cli_fail_as(const struct cli *cli, enum exit_code code,
		const struct err *err)
{
	char text[sizeof(*err) + 8];

	fprintf(stderr, "weir: %s\n", err_text(err, text, sizeof(text)));
	if (wants_json(cli))
		error_as_json(cli, err);
	return code;
}

int cli_fail(const struct cli *cli, const struct err *err)
{
	enum exit_code code = EXIT_FAILED;

	if (err->code == -ENOENT)
		code = EXIT_NOT_FOUND;
	else if (err->code == -ENOTUNIQ)
		code = EXIT_USAGE;
	else if (err->code == -ECONNRESET || err->code == -EPIPE)
		code = EXIT_UNREACHABLE;
	else if (err->rejected)
		code = EXIT_REJECTED;
	return cli_fail_as(cli, code, err);
}
