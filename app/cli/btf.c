/* SPDX-License-Identifier: BSD-3-Clause */
/* btf.c - weir btf ... : the type information of programs and maps */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/btf_c.h"
#include "cli/btf_raw.h"
#include "cli/call.h"
#include "ctl/base64.h"

static void print_btf(const json_t *btf)
{
	printf("%llu: size %lluB\n", (unsigned long long)get_u64(btf, "id"),
	       (unsigned long long)get_u64(btf, "size"));
}

static int btf_list(struct cli *cli)
{
	json_t *ref, *result, *btf;
	size_t i;
	int code = cli_only_reference(cli, &ref);

	if (code)
		return code;
	code = ref ? cli_call(cli, "btf.show", json_pack("{s:o}", "btf", ref),
			      &result)
		   : cli_call(cli, "btf.list", NULL, &result);
	if (code)
		return code;
	if (cli->json)
		cli_print(cli, result);
	else if (ref)
		print_btf(result);
	else
		json_array_foreach(result, i, btf) print_btf(btf);
	json_decref(result);
	return EXIT_OK;
}

/* Checked again here: this side of the socket has its own mind. */
static int parse(const json_t *text, struct err *err, struct btf_blob **out)
{
	size_t size;
	u8 *raw = base64_decode(json_string_value(text),
				json_string_length(text), &size);
	int res;

	if (!raw)
		return err_fail(err, -errno, "the answer is no base64");
	res = btf_parse(raw, (u32)size, err, out);
	free(raw);
	return res;
}

static int dump(struct cli *cli, json_t *ref, bool c)
{
	struct btf_blob *btf;
	struct err err;
	json_t *text;
	int code = cli_call(cli, "btf.dump", json_pack("{s:o}", "btf", ref),
			    &text),
	    res;

	if (code)
		return code;
	res = parse(text, &err, &btf);
	json_decref(text);
	if (res)
		return cli_fail(cli, &err);
	if (!c) {
		btf_raw_print(cli, btf);
	} else {
		res = btf_print_c(stdout, btf);
		if (res) {
			err_fail(&err, res, "not all types are C: %s",
				 strerror(-res));
			code = cli_fail(cli, &err);
		}
	}
	btf_put(btf);
	return code;
}

/* id N [format raw|c] */
static int btf_dump(struct cli *cli)
{
	json_t *ref = cli_reference(cli, "BTF");
	const char *format = "raw", *word;

	if (!ref)
		return EXIT_USAGE;
	word = cli_word(cli);
	if (word) {
		format = strcmp(word, "format") == 0 ? cli_word(cli) : NULL;
		if (!format || !cli_at_end(cli) ||
		    (strcmp(format, "raw") != 0 && strcmp(format, "c") != 0)) {
			json_decref(ref);
			return cli_usage(cli, "format raw or format c");
		}
	}
	return dump(cli, ref, strcmp(format, "c") == 0);
}

#define BTF_WORDS "<btf> is `id N`, or just the number."

const struct command btf_commands[] = {
	{ "btf list", "[<btf>]", "List type information.", btf_list, NULL,
	  BTF_WORDS },
	{ "btf show", "[<btf>]", "The same.", btf_list, NULL, BTF_WORDS },
	{ "btf dump", "<btf> [format raw|c]",
	  "Print every type, as BTF has it or as C.", btf_dump, NULL,
	  BTF_WORDS },
	{ 0 },
};
