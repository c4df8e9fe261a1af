/* SPDX-License-Identifier: BSD-3-Clause */
/* prog_dump.c - weir prog dump: a program's instructions and code, as text */
#include "cli/prog_dump.h"

#include <string.h>

static void print_source(const json_t *row, bool linum)
{
	if (!json_object_get(row, "source"))
		return;
	if (linum)
		printf("; %s [file:%s line_num:%llu line_col:%llu]\n",
		       get_str(row, "source"), get_str(row, "file"),
		       (unsigned long long)get_u64(row, "line"),
		       (unsigned long long)get_u64(row, "column"));
	else
		printf("; %s\n", get_str(row, "source"));
}

static void print_row(const json_t *row, bool linum)
{
	const json_t *off = json_object_get(row, "off");

	print_source(row, linum);
	if (off)
		printf("%4llx:\t%s\n",
		       (unsigned long long)json_integer_value(off),
		       get_str(row, "text"));
	else if (json_object_get(row, "insn"))
		printf("%4llu: %s\n", (unsigned long long)get_u64(row, "insn"),
		       get_str(row, "text"));
	else
		puts(get_str(row, "text"));
}

static int take_words(struct cli *cli, const char **what, bool *linum)
{
	const char *word = cli_word(cli);

	if (!word)
		return cli_usage(cli, "what of it? (insns, llvm or asm)");
	*what = word;
	word = cli_word(cli);
	*linum = word && strcmp(word, "linum") == 0;
	if (word && !*linum)
		return cli_usage(cli, "'%s' is one word too many", word);
	return cli_at_end(cli) ? EXIT_OK : EXIT_USAGE;
}

int dump_prog(struct cli *cli)
{
	json_t *ref = cli_reference(cli, "program"), *rows;
	const char *what = NULL;
	size_t i;
	json_t *row;
	bool linum;
	int code;

	if (!ref)
		return EXIT_USAGE;
	code = take_words(cli, &what, &linum);
	if (code) {
		json_decref(ref);
		return code;
	}
	code = cli_call(cli, "prog.dump",
			json_pack("{s:o, s:s}", "prog", ref, "what", what),
			&rows);
	if (code)
		return code;
	if (cli->json)
		cli_print(cli, rows);
	else
		json_array_foreach (rows, i, row)
			print_row(row, linum);
	json_decref(rows);
	return EXIT_OK;
}
