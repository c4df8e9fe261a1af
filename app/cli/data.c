/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/data.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_flag(const char *word)
{
	return strcmp(word, "any") == 0 || strcmp(word, "exist") == 0 ||
	       strcmp(word, "noexist") == 0;
}

int data_split(struct cli *cli, struct entry_words *out)
{
	struct words *in = NULL;
	int what;

	memset(out, 0, sizeof(*out));
	while ((what = cli_next(cli)) == CLI_ARG) {
		char **at = &cli->argv[cli->next - 1];

		if (out->flags)
			return cli_usage(cli, "'%s' after '%s'", cli->value,
					 out->flags);
		if (strcmp(cli->value, "key") == 0 && !out->key.at) {
			in = &out->key;
			in->at = at + 1;
		} else if (strcmp(cli->value, "value") == 0 &&
			   !out->value.at) {
			in = &out->value;
			in->at = at + 1;
		} else if (is_flag(cli->value)) {
			out->flags = cli->value;
		} else if (!in) {
			return cli_usage(cli,
					 "'%s' where 'key' or 'value' should "
					 "stand",
					 cli->value);
		} else {
			/* options may stand between words */
			in->at[in->n++] = *at;
		}
	}
	return what == CLI_END ? EXIT_OK : EXIT_USAGE;
}

/* What is being put together. */
struct data {
	struct cli *cli;
	const json_t *map;
	const char *name; /* "key", "value" */
	u64 size;
	bool typed;
};

static int wrong_size(const struct data *d, u64 n)
{
	struct err err;

	err_fail(&err, -EINVAL, "%s has %llu byte%s, map %s has %llu-byte %ss",
		 d->name, (unsigned long long)n, n == 1 ? "" : "s",
		 get_str(d->map, "name"), (unsigned long long)d->size,
		 d->name);
	err_hint(&err, "give %llu, as in `%s hex%.*s`%s",
		 (unsigned long long)d->size, d->name,
		 (int)MIN(d->size, 16) * 3,
		 " 0a 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00",
		 d->typed ? ", or JSON by its type" : "");
	return cli_fail(d->cli, &err);
}

static int no_byte(const struct data *d, const char *word, const char *kind)
{
	struct err err;

	err_fail(&err, -EINVAL, "'%s' is no %s", word, kind);
	err_place(&err, "%s", d->name);
	if (d->typed)
		err_hint(&err, "JSON by the map's type is one word: quote it");
	return cli_fail(d->cli, &err);
}

static int put_hex(const struct data *d, const char *text, json_t *args)
{
	char name[16];

	snprintf(name, sizeof(name), "%s_hex", d->name);
	json_object_set_new(args, name, json_string(text));
	return EXIT_OK;
}

/* Words after "hex": one byte each, or several without spaces. */
static int from_hex(const struct data *d, const struct words *w, json_t *args)
{
	size_t room = 1;
	char *text, *end;
	int res = EXIT_OK;

	for (int i = 0; i < w->n; i++)
		room += strlen(w->at[i]) + 1;
	text = malloc(room);
	if (!text)
		return EXIT_FAILED;
	end = text;
	for (int i = 0; i < w->n && !res; i++) {
		const char *word = w->at[i];

		if (word[0] == '0' && (word[1] == 'x' || word[1] == 'X'))
			word += 2;
		if (!word[0] ||
		    strspn(word, "0123456789abcdefABCDEF") != strlen(word) ||
		    (strlen(word) > 1 && strlen(word) % 2))
			res = no_byte(d, w->at[i], "hexadecimal byte");
		if (strlen(word) == 1)
			*end++ = '0';
		end = stpcpy(end, word);
	}
	if (!res && (u64)(end - text) != d->size * 2)
		res = wrong_size(d, (u64)(end - text) / 2);
	if (!res)
		res = put_hex(d, text, args);
	free(text);
	return res;
}

static bool all_bytes(const struct words *w)
{
	u64 byte;

	for (int i = 0; i < w->n; i++)
		if (cli_number(w->at[i], 255, &byte) < 0)
			return false;
	return true;
}

static int from_bytes(const struct data *d, const struct words *w,
		      json_t *args)
{
	char *text = malloc((size_t)w->n * 2 + 1), *end = text;
	u64 byte;

	if (!text)
		return EXIT_FAILED;
	*end = '\0';
	for (int i = 0; i < w->n; i++) {
		cli_number(w->at[i], 255, &byte);
		end += sprintf(end, "%02x", (unsigned int)byte);
	}
	put_hex(d, text, args);
	free(text);
	return EXIT_OK;
}

static int from_typed(const struct data *d, const char *word, json_t *args)
{
	json_error_t where;
	json_t *value = json_loads(word, JSON_DECODE_ANY, &where);

	if (!value && strchr("{[\"", word[0])) {
		struct err err;

		err_fail(&err, -EINVAL, "this is no JSON: %s", where.text);
		err_place(&err, "%s, character %d", d->name, where.position);
		return cli_fail(d->cli, &err);
	}
	if (!value)
		value = json_string(word);
	if (!value)
		return no_byte(d, word, "text in UTF-8");
	json_object_set_new(args, d->name, value);
	return EXIT_OK;
}

static int put_data(const struct data *d, const struct words *w, json_t *args)
{
	if (!w->at)
		return EXIT_OK; /* the daemon knows whether it needs one */
	if (w->n && strcmp(w->at[0], "hex") == 0) {
		struct words rest = { w->at + 1, w->n - 1 };

		return from_hex(d, &rest, args);
	}
	if (all_bytes(w) && (u64)w->n == d->size)
		return from_bytes(d, w, args);
	if (d->typed && w->n == 1)
		return from_typed(d, w->at[0], args);
	for (int i = 0; i < w->n; i++) {
		u64 byte;

		if (cli_number(w->at[i], 255, &byte) < 0)
			return no_byte(d, w->at[i], "byte");
	}
	return wrong_size(d, (u64)w->n);
}

int data_key(struct cli *cli, const json_t *map, const struct words *words,
	     json_t *args)
{
	struct data d = { cli, map, "key", get_u64(map, "bytes_key"),
			  json_object_get(map, "key_type") != NULL };

	return put_data(&d, words, args);
}

/* What an update of the map names as its value: "prog", "inner" (a map),
 * "queue", or NULL: it holds values. */
static const char *object_arg(const json_t *map)
{
	const char *type = get_str(map, "type");

	if (strcmp(type, "prog_array") == 0)
		return "prog";
	if (strcmp(type, "xskmap") == 0)
		return "queue";
	return strcmp(type, "array_of_maps") == 0 ||
			       strcmp(type, "hash_of_maps") == 0 ?
		       "inner" :
		       NULL;
}

/* id N, name NAME, N or NAME: a program or map that is a value. */
static int put_object(struct cli *cli, const char *arg, const struct words *w,
		      json_t *args)
{
	struct cli words = { .command = cli->command,
			     .argc = w->n, .argv = w->at };
	json_t *ref = cli_reference(&words, strcmp(arg, "inner") == 0 ? "map" :
									arg);

	if (!ref)
		return EXIT_USAGE;
	json_object_set_new(args, arg, ref);
	return cli_at_end(&words) ? EXIT_OK : EXIT_USAGE;
}

int data_value(struct cli *cli, const json_t *map, const struct words *words,
	       json_t *args)
{
	struct data d = { cli, map, "value", get_u64(map, "bytes_value"),
			  json_object_get(map, "value_type") != NULL };

	if (object_arg(map))
		return put_object(cli, object_arg(map), words, args);
	return put_data(&d, words, args);
}
