/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Programs that nobody would write: checked mode stops them or lets them end,
 * and touches nothing but what is theirs.  The packet lies in memory of exactly
 * its size, for AddressSanitizer to see.
 *
 *	test-vm_fuzz [SEED [PROGRAMS]]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "bpf/opcode.h"
#include "helper/helper.h"
#include "vm_rig.h"

enum { INSNS = 64, LIMIT = 3000 };

static struct rig rig;
static u64 seed, random_state;
static u32 programs = 300000;

static u64 rnd(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static u32 below(u32 n)
{
	return (u32)(rnd() >> 32) % n;
}

static s32 small(void)
{
	return (s32)below(160) - 80;
}

static u32 some_helper(void)
{
	u32 n = 0;

	while (helper_table[n])
		n++;
	return n ? helper_table[below(n)]->id : below(200);
}

/* Registers and the stack get something of each kind to go wrong with. */
static const struct bpf_insn prologue[] = {
	ALU64_X(MOV, R6, R1),
	LDX(W, R7, R1, 0), /* data, in both contexts or a field */
	LDX(W, R8, R1, 4),
	LD_VALUE(R9, RIG_RDONLY, 4),
	STX(DW, R10, -8, R6),
	STX(DW, R10, -16, R7),
	ST(DW, R10, -24, 1),
	STX(DW, R10, -32, R10),
	LD_MAP(R3, RIG_ARRAY),
	ALU64_K(MOV, R0, 0),
	ALU64_K(MOV, R2, 8),
	ALU64_X(MOV, R4, R10),
	ALU64_K(MOV, R5, 1),
};

/* Mostly what vm_prepare() accepts. */
static void plausible(struct bpf_insn *code, u32 at, u32 cnt)
{
	const struct opcode *op = &opcode_table[below(OP_COUNT)];
	const struct opcode_shape *shape = opcode_shape(op);
	struct bpf_insn *in = &code[at];
	s32 to = (s32)ARRAY_LEN(prologue) +
		 (s32)below(cnt - ARRAY_LEN(prologue));

	if (insn_is_wide(&(struct bpf_insn){ .code = op->code })) {
		*in = (struct bpf_insn)ALU64_K(MOV, below(10), small());
		return;
	}
	*in = (struct bpf_insn){ .code = op->code };
	if (shape->dst != FIELD_ZERO)
		in->dst_reg = below(shape->dst == FIELD_READ ? 11 : 10);
	if (shape->src == FIELD_KEY)
		in->src_reg = (u8)op->key;
	else if (shape->src != FIELD_ZERO)
		in->src_reg = below(shape->src == FIELD_READ ? 11 : 10);
	if (shape->off == FIELD_KEY)
		in->off = (s16)op->key;
	else if (shape->off == FIELD_USED)
		in->off = (s16)small();
	if (shape->imm == FIELD_KEY)
		in->imm = op->key;
	else if (shape->imm == FIELD_USED)
		in->imm = below(4) ? small() : (s32)rnd();
	if (insn_is_jump(in)) {
		if (op->form == FORM_JAL)
			in->imm = to - (s32)at - 1;
		else
			in->off = (s16)(to - (s32)at - 1);
	}
	if (op->form == FORM_CALL && !op->key)
		in->imm = (s32)some_helper();
	if (op->form == FORM_CALL && op->key)
		in->imm = to - (s32)at - 1;
}

static u32 make(struct bpf_insn *code)
{
	u32 cnt = ARRAY_LEN(prologue) + 2 + below(INSNS - 2);

	memcpy(code, prologue, sizeof(prologue));
	for (u32 i = ARRAY_LEN(prologue); i < cnt; i++)
		plausible(code, i, cnt);
	code[cnt - 1] = (struct bpf_insn)EXIT();
	if (!below(8)) /* a byte of anything */
		((u8 *)code)[below(cnt * sizeof(*code))] = (u8)rnd();
	return cnt;
}

static const u32 types[] = {
	BPF_PROG_TYPE_XDP,
	BPF_PROG_TYPE_SCHED_CLS,
	BPF_PROG_TYPE_SOCKET_FILTER,
};

/* True if it ran. */
static bool try(const struct bpf_insn *code, u32 cnt)
{
	struct err err;
	struct prog prog;

	if (rig_prog(&rig, code, cnt, types[below(ARRAY_LEN(types))],
		     VM_CHECKED, &prog, &err))
		return false;
	rig_packet(&rig);
	prog_run(&prog, &rig.run);
	assert_true(rig.run.insns <= LIMIT);
	prog.free_image(prog.image);
	return true;
}

static void plausible_programs_do_no_harm(void **state)
{
	struct bpf_insn code[ARRAY_LEN(prologue) + INSNS];
	u32 ran = 0, ended = 0;

	(void)state;
	for (u32 i = 0; i < programs; i++) {
		if (!try(code, make(code)))
			continue;
		ran++;
		ended += !rig.run.fault.code;
	}
	print_message("seed %llu: %u programs, %u ran, %u to their end\n",
		      (unsigned long long)seed, programs, ran, ended);
	assert_true(ran > programs / 10);
	assert_true(ended > programs / 1000);
}

static void random_bytes_do_no_harm(void **state)
{
	(void)state;
	for (u32 i = 0; i < programs; i++) {
		struct bpf_insn code[6];
		u32 cnt = 1 + below(ARRAY_LEN(code));

		for (size_t b = 0; b < sizeof(code); b++)
			((u8 *)code)[b] = (u8)rnd();
		if (below(2))
			code[cnt - 1] = (struct bpf_insn)EXIT();
		try(code, cnt);
	}
}

static void no_trace(struct world *w, const struct prog *prog,
		     const char *line, u32 len)
{
	(void)w;
	(void)prog;
	(void)line;
	(void)len;
}

static struct world_ops quiet_ops;
static struct world quiet = { &quiet_ops };

static int open_rig(void **state)
{
	(void)state;
	if (!rig_open(&rig))
		return -1;
	quiet_ops = *world_host.ops;
	quiet_ops.trace = no_trace;
	rig.run.world = &quiet;
	rig.run.insn_limit = LIMIT;
	return 0;
}

static int close_rig(void **state)
{
	(void)state;
	rig_close(&rig);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plausible_programs_do_no_harm),
		cmocka_unit_test(random_bytes_do_no_harm),
	};

	seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (u64)time(NULL);
	if (argc > 2)
		programs = (u32)strtoul(argv[2], NULL, 0);
	random_state = seed * 2654435761u | 1;
	return cmocka_run_group_tests(tests, open_rig, close_rig);
}
