/* SPDX-License-Identifier: BSD-3-Clause */
/* prog_run.c - weir prog run: a program run on bytes from files, in bpftool's
 * words */
#include "cli/prog_run.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/base64.h"

#define INPUT_MAX (1u << 20)

/* Data or context: where it comes from and goes to. */
struct side {
	const char *in, *out; /* files, "-" is standard input or output */
};

/* The words after the program; numbers go to args. */
struct run_words {
	struct side data, ctx;
	bool repeated;
};

static int file_failed(const struct cli *cli, const char *what,
		       const char *path)
{
	struct err err;

	err_fail(&err, -errno, "cannot %s it: %s", what, strerror(errno));
	err_place(&err, "%.200s", path);
	return cli_fail(cli, &err);
}

/* All of a file as base64 into args. */
static int put_file(const struct cli *cli, const char *path, const char *name,
		    json_t *args)
{
	bool standard = strcmp(path, "-") == 0;
	FILE *f = standard ? stdin : fopen(path, "rb");
	u8 *bytes = malloc(INPUT_MAX + 1);
	char *text = NULL;
	size_t size = 0;
	int code = EXIT_OK;

	if (f && bytes)
		size = fread(bytes, 1, INPUT_MAX + 1, f);
	if (!f || !bytes || ferror(f)) {
		code = file_failed(cli, "read", path);
	} else if (size > INPUT_MAX) {
		errno = EFBIG;
		code = file_failed(cli, "take", path);
	} else {
		text = malloc(base64_length(size) + 1);
		base64_encode(bytes, size, text);
		json_object_set_new(args, name,
				    json_stringn(text, base64_length(size)));
	}
	if (f && !standard)
		fclose(f);
	free(text);
	free(bytes);
	return code;
}

static void print_hex(FILE *f, const u8 *bytes, size_t size)
{
	for (size_t row = 0; row < size; row += 16) {
		size_t n = MIN(size - row, 16);

		fprintf(f, "%07zx\t", row);
		for (size_t i = 0; i < 16; i++) {
			if (i < n)
				fprintf(f, "%02x", bytes[row + i]);
			else
				fputs("  ", f);
			if (i % 2)
				putc(' ', f);
		}
		fputs("| ", f);
		for (size_t i = 0; i < n; i++)
			fprintf(f, "%c%s",
				isprint(bytes[row + i]) ? bytes[row + i] : '.',
				i == 7 ? " " : "");
		putc('\n', f);
	}
}

static json_t *byte_array(const u8 *bytes, size_t size)
{
	json_t *list = json_array();

	for (size_t i = 0; i < size; i++)
		json_array_append_new(list, json_integer(bytes[i]));
	return list;
}

/* What came out goes to its file, or as "-" to the output. */
static int show_out(const struct cli *cli, const char *path, const char *name,
		    const json_t *result, json_t *shown)
{
	const json_t *text = json_object_get(result, name);
	int code = EXIT_OK;
	size_t size;
	u8 *bytes;
	FILE *f;

	if (!path || !text)
		return EXIT_OK;
	bytes = base64_decode(json_string_value(text), json_string_length(text),
			      &size);
	if (!bytes)
		return file_failed(cli, "decode", path);
	if (strcmp(path, "-") == 0) {
		if (cli->json)
			json_object_set_new(shown, name,
					    byte_array(bytes, size));
		else
			print_hex(stdout, bytes, size);
		free(bytes);
		return EXIT_OK;
	}
	f = fopen(path, "wb");
	if (!f || fwrite(bytes, 1, size, f) != size)
		code = file_failed(cli, "write", path);
	if (f && fclose(f) != 0 && !code)
		code = file_failed(cli, "write", path);
	free(bytes);
	return code;
}

static int show_run(const struct cli *cli, const struct run_words *words,
		    const json_t *result)
{
	json_t *shown = json_object();
	int code = show_out(cli, words->data.out, "data_out", result, shown);

	if (!code)
		code = show_out(cli, words->ctx.out, "ctx_out", result, shown);
	if (!code && cli->json) {
		json_object_set(shown, "retval",
				json_object_get(result, "retval"));
		json_object_set(shown, "duration",
				json_object_get(result, "duration"));
		cli_print(cli, shown);
	} else if (!code) {
		printf("Return value: %llu, duration%s: %lluns\n",
		       (unsigned long long)get_u64(result, "retval"),
		       words->repeated ? " (average)" : "",
		       (unsigned long long)get_u64(result, "duration"));
	}
	json_decref(shown);
	return code;
}

static int take_word(struct cli *cli, struct run_words *words, json_t *args)
{
	const struct {
		const char *word;
		const char **path; /* NULL: a number, goes to args */
	} known[] = {
		{ "data_in", &words->data.in },
		{ "data_out", &words->data.out },
		{ "ctx_in", &words->ctx.in },
		{ "ctx_out", &words->ctx.out },
		{ "data_size_out", NULL },
		{ "ctx_size_out", NULL },
		{ "repeat", NULL },
	};
	const char *word = cli->value, *value = cli_word(cli);
	u64 n;

	for (u32 i = 0; i < ARRAY_LEN(known); i++) {
		if (strcmp(word, known[i].word) != 0)
			continue;
		if (!value)
			return cli_usage(cli, "%s needs a word after it", word);
		if (known[i].path) {
			*known[i].path = value;
			return EXIT_OK;
		}
		if (cli_number(value, UINT32_MAX, &n) < 0)
			return cli_usage(cli, "'%s' is no number", value);
		json_object_set_new(args, word, json_integer((json_int_t)n));
		return EXIT_OK;
	}
	return cli_usage(cli, "'%s' is not understood", word);
}

static int take_words(struct cli *cli, struct run_words *words, json_t *args)
{
	int what, code = EXIT_OK;

	while (!code && (what = cli_next(cli)) != CLI_END)
		code = what == CLI_ARG ? take_word(cli, words, args)
				       : EXIT_USAGE;
	if (!code && words->ctx.out && !words->ctx.in)
		code = cli_usage(cli, "ctx_out needs ctx_in");
	if (!code && !words->data.in && !words->ctx.in)
		code = cli_usage(cli, "on which data? data_in FILE");
	if (!code && words->data.in)
		code = put_file(cli, words->data.in, "data_in", args);
	if (!code && words->ctx.in)
		code = put_file(cli, words->ctx.in, "ctx_in", args);
	return code;
}

int run_prog(struct cli *cli)
{
	json_t *ref = cli_reference(cli, "program"), *args, *result;
	struct run_words words = { 0 };
	int code;

	if (!ref)
		return EXIT_USAGE;
	args = json_pack("{s:o}", "prog", ref);
	code = take_words(cli, &words, args);
	if (code) {
		json_decref(args);
		return code;
	}
	words.repeated = get_u64(args, "repeat") > 1;
	code = cli_call(cli, "prog.run", args, &result);
	if (code)
		return code;
	code = show_run(cli, &words, result);
	json_decref(result);
	return code;
}
