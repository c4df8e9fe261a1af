/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/indent.h"

int cli_connect(struct cli *cli)
{
	struct err err = { 0 };

	if (cli->client)
		return EXIT_OK;
	if (ctl_connect(cli->socket, &err, &cli->client) == 0)
		return EXIT_OK;
	return cli_fail_as(cli, EXIT_UNREACHABLE, &err);
}

int cli_call_quiet(struct cli *cli, const char *method, json_t *args,
		   json_t **result, struct err *err)
{
	memset(err, 0, sizeof(*err));
	return ctl_call(cli->client, method, args, result, err);
}

int cli_call_text(struct cli *cli, const char *method, json_t *args,
		  char **text, struct err *err)
{
	memset(err, 0, sizeof(*err));
	return ctl_call_text(cli->client, method, args, text, err);
}

int cli_call(struct cli *cli, const char *method, json_t *args,
	     json_t **result)
{
	struct err err;
	int code = cli_connect(cli);

	if (code) {
		json_decref(args);
		return code;
	}
	if (cli_call_quiet(cli, method, args, result, &err) == 0)
		return EXIT_OK;
	return cli_fail(cli, &err);
}

void cli_print(const struct cli *cli, const json_t *value)
{
	json_dumpf(value, stdout,
		   JSON_ENCODE_ANY |
			   (cli->pretty ? JSON_INDENT(4) : JSON_COMPACT));
	putchar('\n');
}

void cli_print_text(const struct cli *cli, const char *text)
{
	if (cli->pretty)
		print_indented(stdout, text, strlen(text), 0);
	else
		fputs(text, stdout);
	putchar('\n');
}

int cli_done(const struct cli *cli)
{
	if (cli->json)
		puts("null");
	return EXIT_OK;
}

/* The word after id, name or pinned. */
static json_t *reference_by(struct cli *cli, const char *by)
{
	const char *word = cli_word(cli);
	u64 id;

	if (!word) {
		cli_usage(cli, "%s needs a word after it", by);
		return NULL;
	}
	if (strcmp(by, "id") != 0)
		return json_pack("{s:s}", by, word);
	if (cli_number(word, UINT32_MAX, &id) < 0 || !id) {
		cli_usage(cli, "'%s' is no id", word);
		return NULL;
	}
	return json_pack("{s:I}", "id", (json_int_t)id);
}

/* The reference that starts with cli->value. */
static json_t *reference(struct cli *cli)
{
	u64 id;

	if (strcmp(cli->value, "id") == 0 ||
	    strcmp(cli->value, "name") == 0 ||
	    strcmp(cli->value, "pinned") == 0)
		return reference_by(cli, cli->value);
	if (cli_number(cli->value, UINT32_MAX, &id) == 0)
		return json_pack("{s:I}", "id", (json_int_t)id);
	return json_pack("{s:s}", cli->value[0] == '/' ? "pinned" : "name",
			 cli->value);
}

json_t *cli_reference(struct cli *cli, const char *what)
{
	int got = cli_next(cli);

	if (got == CLI_ARG)
		return reference(cli);
	if (got != CLI_BAD)
		cli_usage(cli, got == CLI_END ? "which %s?" :
						"name the %s first",
			  what);
	return NULL;
}

int cli_only_reference(struct cli *cli, json_t **ref)
{
	int got = cli_next(cli);

	*ref = NULL;
	if (got == CLI_END)
		return EXIT_OK;
	if (got == CLI_ARG)
		*ref = reference(cli);
	if (!*ref)
		return EXIT_USAGE;
	if (cli_at_end(cli))
		return EXIT_OK;
	json_decref(*ref);
	return EXIT_USAGE;
}

bool cli_at_end(struct cli *cli)
{
	int what = cli_next(cli);

	if (what == CLI_ARG)
		cli_usage(cli, "'%s' is one word too many", cli->value);
	return what == CLI_END;
}

u64 get_u64(const json_t *object, const char *name)
{
	return (u64)json_integer_value(json_object_get(object, name));
}

const char *get_str(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* "map.pin" */
static int pin_call(struct cli *cli, const char *kind, const char *verb,
		    json_t *args)
{
	char method[32];
	int code;

	snprintf(method, sizeof(method), "%s.%s", kind, verb);
	code = cli_call(cli, method, args, NULL);
	return code ? code : cli_done(cli);
}

int cli_pin(struct cli *cli, const char *kind)
{
	json_t *ref = cli_reference(cli, kind);
	const char *path;

	if (!ref)
		return EXIT_USAGE;
	path = cli_word(cli);
	if (!path || !cli_at_end(cli)) {
		json_decref(ref);
		return path ? EXIT_USAGE : cli_usage(cli, "pinned as what?");
	}
	return pin_call(cli, kind, "pin",
			json_pack("{s:o, s:s}", kind, ref, "path", path));
}

int cli_unpin(struct cli *cli, const char *kind)
{
	const char *path = cli_word(cli);

	if (!path)
		return cli_usage(cli, "which pin?");
	if (!cli_at_end(cli))
		return EXIT_USAGE;
	return pin_call(cli, kind, "unpin", json_pack("{s:s}", "path", path));
}
