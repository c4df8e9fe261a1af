/* SPDX-License-Identifier: BSD-3-Clause */
/* The texts are those of Linux 6.18's verifier log; tests/kernel/insns.c
 * compares random programs with it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../asm.h"
#include "bpf/disasm.h"
#include "bpf/opcode.h"

static const char *helper_one(void *arg, u32 id)
{
	(void)arg;
	return id == 1 ? "map_lookup_elem" : NULL;
}

static bool map_five(void *arg, const struct bpf_insn *insn, char *buf,
		     size_t size)
{
	(void)arg;
	if (insn->src_reg != BPF_PSEUDO_MAP_FD)
		return false;
	snprintf(buf, size, "map[id:5]");
	return true;
}

static void texts_are_the_kernels(void **state)
{
	static const struct {
		struct bpf_insn insn;
		const char *text;
	} rows[] = {
		{ ALU64_K(MOV, R0, -1), "(b7) r0 = -1" },
		{ ALU32_X(ADD, R2, R3), "(0c) w2 += w3" },
		{ RAW(BPF_ALU64 | BPF_DIV, R1, 0, 1, 2), "(37) r1 s/= 2" },
		{ RAW(BPF_ALU | BPF_MOD | BPF_X, R1, R2, 1, 0),
		  "(9c) w1 s%= w2" },
		{ ALU64_K(ARSH, R1, 3), "(c7) r1 s>>= 3" },
		{ NEG32(R4), "(84) w4 = -w4" },
		{ MOVSX64(R1, R2, 16), "(bf) r1 = (s16)r2" },
		{ TO_BE(R1, 16), "(dc) r1 = be16 r1" },
		{ BSWAP(R1, 64), "(d7) r1 = bswap64 r1" },
		{ LDX(W, R2, R1, 4), "(61) r2 = *(u32 *)(r1 +4)" },
		{ LDSX(B, R2, R10, -8), "(91) r2 = *(s8 *)(r10 -8)" },
		{ ST(H, R10, -2, 7), "(6a) *(u16 *)(r10 -2) = 7" },
		{ STX(DW, R10, -8, R1), "(7b) *(u64 *)(r10 -8) = r1" },
		{ ATOMIC(W, R1, 0, R2, BPF_ADD),
		  "(c3) lock *(u32 *)(r1 +0) += r2" },
		{ ATOMIC(DW, R1, 8, R2, BPF_OR | BPF_FETCH),
		  "(db) r2 = atomic64_fetch_or((u64 *)(r1 +8), r2)" },
		{ ATOMIC(W, R1, 0, R2, BPF_XCHG),
		  "(c3) r2 = atomic_xchg((u32 *)(r1 +0), r2)" },
		{ ATOMIC(DW, R1, 0, R2, BPF_CMPXCHG),
		  "(db) r0 = atomic64_cmpxchg((u64 *)(r1 +0), r0, r2)" },
		{ ATOMIC(B, R1, 0, R2, BPF_LOAD_ACQ),
		  "(d3) r1 = load_acquire((u8 *)(r2 +0))" },
		{ ATOMIC(H, R1, 0, R2, BPF_STORE_REL),
		  "(cb) store_release((u16 *)(r1 +0), r2)" },
		{ LD_ABS(H, 12), "(28) r0 = *(u16 *)skb[12]" },
		{ LD_IND(B, R7, -1), "(50) r0 = *(u8 *)skb[r7 + -1]" },
		{ JMP64_K(JEQ, R0, 0, 1), "(15) if r0 == 0x0 goto pc+1" },
		{ JMP32_X(JSLE, R1, R2, -3), "(de) if w1 s<= w2 goto pc-3" },
		{ JMP64_K(JSET, R1, -1, 2),
		  "(45) if r1 & 0xffffffff goto pc+2" },
		{ JA(-5), "(05) goto pc-5" },
		{ JAL(70000), "(06) gotol pc+70000" },
		{ MAY_GOTO(3), "(e5) may_goto pc+3" },
		{ CALL(1), "(85) call bpf_map_lookup_elem#1" },
		{ CALL(9999), "(85) call unknown#9999" },
		{ CALL_LOCAL(-7), "(85) call pc-7" },
		{ EXIT(), "(95) exit" },
		{ RAW(0xff, 0, 0, 0, 0), "(ff) BUG_ff" },
	};
	const struct disasm_names names = { .helper = helper_one };
	char text[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(disasm_insn(&rows[i].insn, 1, 0, &names,
						text, sizeof(text)),
				    rows[i].text);
}

static void constants_span_two_slots(void **state)
{
	const struct bpf_insn code[] = { LD64(R1, 0x123456789abcdef0),
					 LD_MAP(R2, 7) };
	const struct disasm_names names = { .imm64 = map_five };
	char text[128];

	(void)state;
	assert_string_equal(disasm_insn(code, 4, 0, NULL, text, sizeof(text)),
			    "(18) r1 = 0x123456789abcdef0");
	assert_string_equal(disasm_insn(code, 4, 2, NULL, text, sizeof(text)),
			    "(18) r2 = 0x7");
	assert_string_equal(disasm_insn(code, 4, 2, &names, text, sizeof(text)),
			    "(18) r2 = map[id:5]");
	/* the second slot is missing */
	assert_string_equal(disasm_insn(code, 1, 0, NULL, text, sizeof(text)),
			    "(18) r1 = 0x9abcdef0");
}

static void text_is_cut_to_the_buffer(void **state)
{
	const struct bpf_insn insn = LDX(W, R2, R1, 4);
	char text[8];

	(void)state;
	assert_string_equal(disasm_insn(&insn, 1, 0, NULL, text, sizeof(text)),
			    "(61) r2");
	assert_string_equal(disasm_insn(&insn, 1, 0, NULL, text, 3), "(6");
}

static void rows_are_found_by_code_and_key(void **state)
{
	(void)state;
	for (u32 i = 0; i < OP_COUNT; i++) {
		const struct opcode *op = &opcode_table[i];
		const struct opcode_shape *shape = opcode_shape(op);
		struct bpf_insn insn[2] = { { .code = op->code } };
		const struct opcode *found = NULL;
		struct err err = { 0 };

		if (shape->src == FIELD_KEY)
			insn[0].src_reg = (u8)op->key;
		if (shape->off == FIELD_KEY)
			insn[0].off = (s16)op->key;
		if (shape->imm == FIELD_KEY)
			insn[0].imm = op->key;
		assert_ptr_equal(opcode_find(insn), op);
		assert_int_equal(opcode_check(insn, &err, &found), 0);
		assert_ptr_equal(found, op);
	}
}

static void misuse_is_named_as_linux_does(void **state)
{
	static const struct {
		struct bpf_insn insn[2];
		int code;
		const char *reason;
	} rows[] = {
		{ { RAW(0x8d, 0, 0, 0, 0) }, -EINVAL, "unknown opcode 8d" },
		{ { RAW(0x07, 0, 1, 0, 0) }, -EINVAL,
		  "BPF_ALU uses reserved fields" },
		{ { RAW(0xbf, 0, 1, 7, 0) }, -EINVAL,
		  "BPF_MOV uses reserved fields" },
		{ { RAW(0x61, 0, 1, 0, 1) }, -EINVAL,
		  "BPF_LDX uses reserved fields" },
		{ { RAW(0x95, 0, 0, 0, 1) }, -EINVAL,
		  "BPF_EXIT uses reserved fields" },
		{ { RAW(0x85, 0, 3, 0, 1) }, -EINVAL,
		  "BPF_CALL uses reserved fields" },
		{ { RAW(0xdb, 0, 1, 0, 0x77) }, -EINVAL,
		  "BPF_ATOMIC uses invalid atomic opcode 77" },
		{ { RAW(0xd3, 0, 1, 0, 0) }, -EINVAL,
		  "invalid atomic operand size" },
		{ { RAW(0xb7, 10, 0, 0, 0) }, -EACCES,
		  "frame pointer is read only" },
		{ { RAW(0xbf, 0, 11, 0, 0) }, -EINVAL, "R11 is invalid" },
		{ { RAW(0x18, 0, 9, 0, 0) }, -EINVAL,
		  "unrecognized bpf_ld_imm64 insn" },
		{ { RAW(0x18, 0, 0, 0, 0), EXIT() }, -EINVAL,
		  "invalid bpf_ld_imm64 insn" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct opcode *op;
		struct err err = { 0 };

		assert_int_equal(opcode_check(rows[i].insn, &err, &op),
				 rows[i].code);
		assert_string_equal(err.reason, rows[i].reason);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_the_kernels),
		cmocka_unit_test(constants_span_two_slots),
		cmocka_unit_test(text_is_cut_to_the_buffer),
		cmocka_unit_test(rows_are_found_by_code_and_key),
		cmocka_unit_test(misuse_is_named_as_linux_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
