/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vectors.c - every operation against values written down beforehand, in both
 * modes of the interpreter
 *
 * argv[1] is the folder of alu.txt and jump.txt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../asm.h"
#include "bpf/opcode.h"
#include "programs.h"
#include "../engine.h"

static const char *folder;
static bool covered[OP_COUNT];

/* ---- one program ---- */

static u8 one_value[PROGRAM_VALUE];

static void *one_lookup(struct map *map, const void *key)
{
	(void)map;
	return *(const u32 *)key ? NULL : one_value;
}

static const struct map_ops one_ops = { .name = "array",
					.lookup = one_lookup };
static struct map one = {
	.ops = &one_ops,
	.type = BPF_MAP_TYPE_ARRAY,
	.key_size = 4,
	.value_size = PROGRAM_VALUE,
	.max_entries = 1,
	.name = "one",
};

static void cover(const struct bpf_insn *insns, u32 cnt)
{
	for (u32 i = 0; i < cnt; i++) {
		const struct opcode *op = opcode_find(&insns[i]);

		if (op)
			covered[opcode_op(op)] = true;
		if (insn_is_wide(&insns[i]))
			i++;
	}
}

struct outcome {
	int prepared;
	u64 r0;
	struct err err;
	struct fault fault;
};

static void run_one(const struct bpf_insn *insns, u32 cnt, bool packet,
		    bool maps, enum engine engine, struct outcome *out)
{
	struct bpf_insn *copy = malloc(cnt * sizeof(*insns));
	struct map *table[] = { &one };
	struct prog prog = {
		.type = packet ? BPF_PROG_TYPE_SOCKET_FILTER :
				 BPF_PROG_TYPE_XDP,
		.insns = copy,
		.insn_cnt = cnt,
		.maps = table,
		.map_cnt = maps ? 1 : 0,
	};
	struct run run = { .world = &world_host };
	u8 *mem = malloc(PROGRAM_MEM);
	struct pkt pkt = {
		.head = mem,
		.data = mem,
		.data_meta = mem,
		.data_end = mem + PROGRAM_MEM,
		.end = mem + PROGRAM_MEM,
		.network_header = 14,
	};

	memcpy(copy, insns, cnt * sizeof(*insns));
	for (u32 i = 0; i < PROGRAM_MEM; i++)
		mem[i] = i + 1;
	for (u32 i = 0; i < PROGRAM_VALUE; i++)
		one_value[i] = 0xa0 + i;
	memset(out, 0, sizeof(*out));
	out->prepared = packet ? engine_prepare(&prog, engine, &out->err) :
				 engine_prepare_mem(&prog, engine, &out->err);
	if (!out->prepared) {
		run_begin(&run, packet ? &pkt : NULL);
		out->r0 = packet ? prog_run(&prog, &run) :
				   engine_run_mem(&prog, engine, &run, mem,
						  PROGRAM_MEM);
		out->fault = run.fault;
		prog.free_image(prog.image);
	}
	free(mem);
	free(copy);
}

static void gives(const char *name, const struct bpf_insn *insns, u32 cnt,
		  bool packet, bool maps, u64 r0)
{
	static u32 number;

	number++;
	for (enum engine e = 0; e < ENGINES; e++) {
		struct outcome got;

		if (!engine_there(e) || !engine_takes(e, number))
			continue;
		run_one(insns, cnt, packet, maps, e, &got);
		if (got.prepared)
			fail_msg("%s: refused: %s", name, got.err.reason);
		if (got.fault.code)
			fail_msg("%s: stopped: %s", name, got.fault.text);
		if (got.r0 != r0)
			fail_msg("%s, %s: %#llx instead of %#llx", name,
				 engine_names[e], (unsigned long long)got.r0,
				 (unsigned long long)r0);
	}
	cover(insns, cnt);
}

/* ---- the text tables ---- */

static const struct {
	const char *name;
	u8 op;
	s16 off;
} names[] = {
	{ "ADD", BPF_ADD, 0 },	 { "SUB", BPF_SUB, 0 },
	{ "MUL", BPF_MUL, 0 },	 { "DIV", BPF_DIV, 0 },
	{ "SDIV", BPF_DIV, 1 },	 { "MOD", BPF_MOD, 0 },
	{ "SMOD", BPF_MOD, 1 },	 { "OR", BPF_OR, 0 },
	{ "AND", BPF_AND, 0 },	 { "XOR", BPF_XOR, 0 },
	{ "LSH", BPF_LSH, 0 },	 { "RSH", BPF_RSH, 0 },
	{ "ARSH", BPF_ARSH, 0 }, { "MOV", BPF_MOV, 0 },
	{ "JEQ", BPF_JEQ, 0 },	 { "JNE", BPF_JNE, 0 },
	{ "JGT", BPF_JGT, 0 },	 { "JGE", BPF_JGE, 0 },
	{ "JLT", BPF_JLT, 0 },	 { "JLE", BPF_JLE, 0 },
	{ "JSGT", BPF_JSGT, 0 }, { "JSGE", BPF_JSGE, 0 },
	{ "JSLT", BPF_JSLT, 0 }, { "JSLE", BPF_JSLE, 0 },
	{ "JSET", BPF_JSET, 0 },
};

struct row {
	char line[160];
	u8 op;
	s16 off;
	u32 width;
	u64 dst, src, want;
};

static void parse_row(struct row *row)
{
	char name[8];
	unsigned long long dst, src, want;

	if (sscanf(row->line, "%7s %u %llx %llx %llx", name, &row->width, &dst,
		   &src, &want) != 5)
		fail_msg("cannot read: %s", row->line);
	row->dst = dst;
	row->src = src;
	row->want = want;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(names[i].name, name) == 0) {
			row->op = names[i].op;
			row->off = names[i].off;
			return;
		}
	}
	fail_msg("no operation: %s", row->line);
}

static u32 each_row(const char *file, void (*fn)(const struct row *row))
{
	char path[512];
	struct row row;
	u32 rows = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	f = fopen(path, "r");
	if (!f)
		fail_msg("cannot open %s", path);
	while (fgets(row.line, sizeof(row.line), f)) {
		if (row.line[0] == '#')
			continue;
		row.line[strcspn(row.line, "\n")] = '\0';
		parse_row(&row);
		fn(&row);
		rows++;
	}
	fclose(f);
	return rows;
}

/* The constant the row's src stands for, if an instruction can hold it. */
static bool as_constant(const struct row *row, s32 *imm)
{
	*imm = (s32)row->src;
	return row->width == 32 ? row->src <= UINT32_MAX :
				  (u64)(s64)*imm == row->src;
}

static void alu_row(const struct row *row)
{
	u8 class = row->width == 64 ? BPF_ALU64 : BPF_ALU;
	const struct bpf_insn by_register[] = {
		LD64(R0, row->dst),
		LD64(R1, row->src),
		RAW(class | row->op | BPF_X, R0, R1, row->off, 0),
		EXIT(),
	};
	s32 imm;

	gives(row->line, by_register, ARRAY_LEN(by_register), false, false,
	      row->want);
	if (as_constant(row, &imm)) {
		const struct bpf_insn by_constant[] = {
			LD64(R0, row->dst),
			RAW(class | row->op | BPF_K, R0, 0, row->off, imm),
			EXIT(),
		};

		gives(row->line, by_constant, ARRAY_LEN(by_constant), false,
		      false, row->want);
	}
}

static void jump_row(const struct row *row)
{
	u8 class = row->width == 64 ? BPF_JMP : BPF_JMP32;
	const struct bpf_insn by_register[] = {
		LD64(R1, row->dst),
		LD64(R2, row->src),
		ALU64_K(MOV, R0, 1),
		RAW(class | row->op | BPF_X, R1, R2, 1, 0),
		ALU64_K(MOV, R0, 0),
		EXIT(),
	};
	s32 imm;

	gives(row->line, by_register, ARRAY_LEN(by_register), false, false,
	      row->want);
	if (as_constant(row, &imm)) {
		const struct bpf_insn by_constant[] = {
			LD64(R1, row->dst),
			ALU64_K(MOV, R0, 1),
			RAW(class | row->op | BPF_K, R1, 0, 1, imm),
			ALU64_K(MOV, R0, 0),
			EXIT(),
		};

		gives(row->line, by_constant, ARRAY_LEN(by_constant), false,
		      false, row->want);
	}
}

static void arithmetic_is_as_written_down(void **state)
{
	(void)state;
	assert_true(each_row("alu.txt", alu_row) > 150);
}

static void comparisons_are_as_written_down(void **state)
{
	(void)state;
	assert_true(each_row("jump.txt", jump_row) > 250);
}

/* ---- the programs ---- */

static void check_program(const struct program *p)
{
	struct outcome got;

	cover(p->insns, p->cnt);
	if (!p->refused && !p->stopped) {
		gives(p->name, p->insns, p->cnt, p->packet, p->maps, p->r0);
		return;
	}
	run_one(p->insns, p->cnt, p->packet, p->maps, ENGINE_CHECKED, &got);
	if (p->refused) {
		if (!got.prepared)
			fail_msg("%s: not refused", p->name);
		if (strcmp(got.err.reason, p->refused) != 0)
			fail_msg("%s: refused with: %s", p->name,
				 got.err.reason);
		return;
	}
	if (got.prepared)
		fail_msg("%s: refused: %s", p->name, got.err.reason);
	if (!got.fault.code)
		fail_msg("%s: not stopped, r0 = %#llx", p->name,
			 (unsigned long long)got.r0);
	if (strcmp(got.fault.text, p->stopped) != 0)
		fail_msg("%s: stopped with: %s", p->name, got.fault.text);
	assert_int_equal(got.r0, 0);
}

static void programs_do_what_they_should(void **state)
{
	(void)state;
	for (const struct program_set *set = program_sets; set->programs; set++)
		for (u32 i = 0; i < set->cnt; i++)
			check_program(&set->programs[i]);
}

/* After all others. */
static void every_operation_is_covered(void **state)
{
	u32 missing = 0;

	(void)state;
	for (u32 i = 0; i < OP_COUNT; i++) {
		if (!covered[i]) {
			print_message("no vector for %s\n",
				      opcode_table[i].name);
			missing++;
		}
	}
	assert_int_equal(missing, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arithmetic_is_as_written_down),
		cmocka_unit_test(comparisons_are_as_written_down),
		cmocka_unit_test(programs_do_what_they_should),
		cmocka_unit_test(every_operation_is_covered),
	};

	folder = argc > 1 ? argv[1] : ".";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
