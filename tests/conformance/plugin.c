/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plugin.c - build/conformance-plugin, for the public bpf_conformance suite
 *
 *	conformance-plugin [MEMORY] [--elf] [--jit] [--program HEX]
 *
 * MEMORY is the program's memory in hex (r1, its length in r2); the program
 * comes in hex on standard input, as instructions or, with --elf, as an object
 * file whose first program runs.  Prints r0 in hex.  The program is not
 * verified, so it runs checked; with --jit it is compiled, and trusted.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elf/elf_obj.h"
#include "jit/jit.h"
#include "vm/vm.h"

enum { EXIT_USAGE = 2 };

struct bytes {
	u8 *at;
	size_t len;
};

struct options {
	const char *memory;
	const char *program;
	bool elf;
	bool jit;
};

static int usage(void)
{
	fprintf(stderr, "usage: conformance-plugin [MEMORY] [--elf] [--jit] "
			"[--program HEX]\n"
			"MEMORY and the program (on standard input) in hex\n");
	return EXIT_USAGE;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* White space may stand anywhere. */
static int parse_hex(const char *what, const char *text, struct bytes *out)
{
	size_t digits = 0;

	out->len = 0;
	out->at = calloc(1, strlen(text) / 2 + 1);
	if (!out->at)
		return -ENOMEM;
	for (const char *c = text; *c; c++) {
		int digit = hex_digit(*c);

		if (strchr(" \t\r\n", *c))
			continue;
		if (digit < 0) {
			fprintf(stderr, "%s: '%c' is no hex digit\n", what, *c);
			return -EINVAL;
		}
		out->at[digits / 2] |= digit << (digits % 2 ? 0 : 4);
		digits++;
	}
	if (digits % 2) {
		fprintf(stderr, "%s: an odd number of hex digits\n", what);
		return -EINVAL;
	}
	out->len = digits / 2;
	return 0;
}

static char *read_all(FILE *f)
{
	size_t len = 0, cap = 0;
	char *text = NULL;

	do {
		if (len + 1 >= cap) {
			char *more = realloc(text, cap = cap ? cap * 2 : 4096);

			if (!more)
				break;
			text = more;
		}
		len += fread(text + len, 1, cap - len - 1, f);
		text[len] = '\0';
	} while (!feof(f) && !ferror(f));
	return text;
}

static int prepare(struct prog *prog, bool jit, struct err *err)
{
	const struct jit_opts opts = { .level = JIT_O2, .memory = true };
	int ret = vm_prepare(prog, jit ? VM_PLAIN : VM_CHECKED, err);

	if (ret || !jit)
		return ret;
	ret = jit_prepare(prog, &opts, err);
	if (ret)
		prog->free_image(prog->image);
	return ret;
}

static int run(const struct bpf_insn *insns, size_t cnt, struct bytes *memory,
	       bool jit)
{
	struct run r = { .world = &world_host };
	struct prog prog = {
		.type = BPF_PROG_TYPE_XDP,
		.gpl = true,
		.insns = (struct bpf_insn *)insns,
		.insn_cnt = (u32)cnt,
	};
	void *mem = memory->len ? memory->at : NULL;
	struct err err = { 0 };
	char text[1024];
	u64 r0;

	if (prepare(&prog, jit, &err)) {
		fprintf(stderr, "%s\n", err_text(&err, text, sizeof(text)));
		return EXIT_FAILURE;
	}
	run_begin(&r, NULL);
	r0 = jit ? jit_run_mem(&prog, &r, mem, memory->len)
		 : vm_run_mem(&prog, &r, mem, memory->len);
	prog.free_image(prog.image);
	if (r.fault.code) {
		fprintf(stderr, "insn %u: %s\n", r.fault.insn, r.fault.text);
		return EXIT_FAILURE;
	}
	printf("%llx\n", (unsigned long long)r0);
	return EXIT_SUCCESS;
}

static int run_object(const struct bytes *file, struct bytes *memory, bool jit)
{
	struct elf_obj *obj = NULL;
	struct err err = { 0 };
	char text[1024];
	int ret = EXIT_FAILURE;

	if (elf_open_mem("standard input", file->at, file->len, NULL, &err,
			 &obj)) {
		fprintf(stderr, "%s\n", err_text(&err, text, sizeof(text)));
		return EXIT_FAILURE;
	}
	if (obj->prog_cnt)
		ret = run(obj->progs[0].insns, obj->progs[0].insn_cnt, memory,
			  jit);
	else
		fprintf(stderr, "the object has no program\n");
	elf_close(obj);
	return ret;
}

static bool parse_options(int argc, char **argv, struct options *o)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--elf") == 0)
			o->elf = true;
		else if (strcmp(argv[i], "--jit") == 0)
			o->jit = true;
		else if (strcmp(argv[i], "--program") == 0 && i + 1 < argc)
			o->program = argv[++i];
		else if (argv[i][0] == '-' || o->memory)
			return false;
		else
			o->memory = argv[i];
	}
	return true;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	struct bytes memory = { 0 }, program = { 0 };
	char *text = NULL;
	int ret = EXIT_FAILURE;

	if (!parse_options(argc, argv, &o))
		return usage();
	if (!o.program)
		o.program = text = read_all(stdin);
	if (!o.program || parse_hex("memory", o.memory ? o.memory : "",
				    &memory) ||
	    parse_hex("program", o.program, &program))
		goto out;
	if (o.elf)
		ret = run_object(&program, &memory, o.jit);
	else if (!program.len || program.len % sizeof(struct bpf_insn))
		fprintf(stderr,
			"program: %zu bytes are not a number of instructions\n",
			program.len);
	else
		ret = run((const struct bpf_insn *)program.at,
			  program.len / sizeof(struct bpf_insn), &memory, o.jit);
out:
	free(text);
	free(memory.at);
	free(program.at);
	return ret;
}
