/* SPDX-License-Identifier: BSD-3-Clause */
/* report.c - how a command says that it failed */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/json.h"
#include "cli/command.h"

int cli_usage(const struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	fputs("weir: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	if (cli->command)
		fprintf(stderr, "usage: weir %s%s%s\n", cli->command->name,
			cli->command->usage[0] ? " " : "",
			cli->command->usage);
	else
		fputs("usage: weir [<options>] <command> (see `weir help`)\n",
		      stderr);
	return EXIT_USAGE;
}

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
	json_end_object(&j);
	json_end_object(&j);
	json_flush(&j);
	putchar('\n');
}

int cli_fail_as(const struct cli *cli, enum exit_code code,
		const struct err *err)
{
	char text[sizeof(*err) + 8];

	fprintf(stderr, "weir: %s\n", err_text(err, text, sizeof(text)));
	if (cli->json)
		error_as_json(cli, err);
	return code;
}

int cli_fail(const struct cli *cli, const struct err *err)
{
	enum exit_code code = EXIT_FAILED;

	if (err->code == -ENOENT)
		code = EXIT_NOT_FOUND;
	else if (err->code == -ECONNRESET || err->code == -EPIPE)
		code = EXIT_UNREACHABLE;
	return cli_fail_as(cli, code, err);
}
