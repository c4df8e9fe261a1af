/* SPDX-License-Identifier: BSD-3-Clause */
/* test_verify.c - what the verifier takes and what it says of the rest */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../verifier/reasons.h"
#include "bpf/kfunc.h"
#include "verify/verifier.h"

static void every_case_has_its_answer(void **state)
{
	u32 wrong = 0;

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
		struct verify_attr attr = attr_of(cases[i].insns, cases[i].cnt);
		struct verify_result result;
		struct err err = { 0 };

		verify(&attr, &result, &err);
		if (result.code != cases[i].code ||
		    (cases[i].reason &&
		     strcmp(cases[i].reason, err.reason) != 0)) {
			print_error("%s: %s: %s\n", cases[i].name,
				    verify_code_name(result.code), err.reason);
			wrong++;
		}
		verify_result_free(&result);
	}
	assert_int_equal(wrong, 0);
}

/* Walking every path to its end comes to the same. */
static void pruning_changes_no_answer(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
		struct verify_attr attr = attr_of(cases[i].insns, cases[i].cnt);
		struct verify_result result;
		struct err err = { 0 };

		attr.no_prune = true;
		verify(&attr, &result, &err);
		if (result.code != VERIFY_COMPLEX)
			assert_int_equal(result.code, cases[i].code);
		verify_result_free(&result);
	}
}

static void a_rejection_says_where_and_what_to_do(void **state)
{
	const struct bpf_insn insns[] = { LOOKUP(HASH), LDX(DW, R1, R0, 0),
					  RETURN(0) };
	const struct prog_line lines[] = { { 0, 10, 1, "a.c", "" },
					   { 6, 12, 1, "a.c", "" } };
	struct verify_attr attr = attr_of(insns, ARRAY_LEN(insns));
	struct verify_result result;
	struct err err = { 0 };

	(void)state;
	attr.lines = lines;
	attr.line_cnt = ARRAY_LEN(lines);
	assert_int_equal(verify(&attr, &result, &err), -EACCES);
	assert_int_equal(result.insn, 6);
	assert_string_equal(err.place,
			    "a.c:12: insn 6: (79) r1 = *(u64 *)(r0 +0)");
	assert_non_null(strstr(err.hint, "if (!ptr)"));
	assert_string_equal(verify_class_name(result.class),
			    "unproven");
	verify_result_free(&result);
}

static void what_nobody_reaches_is_taken_out(void **state)
{
	struct bpf_insn insns[] = { ALU64_K(MOV, R0, 0), JMP64_K(JEQ, R0, 0, 2),
				    CALL(9999), CALL(9998), EXIT() };
	struct verify_attr attr = attr_of(insns, ARRAY_LEN(insns));
	struct prog prog = { .insns = insns, .insn_cnt = ARRAY_LEN(insns) };
	struct verify_result result;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(verify(&attr, &result, &err), 0);
	verify_fix(&result, &prog);
	assert_int_equal(insns[1].code, BPF_JMP | BPF_JEQ);
	for (u32 i = 2; i < 4; i++) {
		assert_int_equal(insns[i].code, BPF_JMP | BPF_JA);
		assert_int_equal(insns[i].off, -1);
	}
	assert_int_equal(insns[4].code, BPF_JMP | BPF_EXIT);
	free(prog.facts);
	verify_result_free(&result);
}

#define KFUNC_CALL(name) \
	RAW(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, KFUNC_##name)
#define AT(reg, off) ALU64_X(MOV, reg, R10), ALU64_K(ADD, reg, off)

/* An sk_buff's data may move, its slices die; an XDP packet's does not. */
static void a_slice_outlives_what_moves_nothing(void **state)
{
	static const struct {
		u32 type;
		u32 from;
		int ret;
	} rows[] = {
		{ BPF_PROG_TYPE_XDP, KFUNC_dynptr_from_xdp, 0 },
		{ BPF_PROG_TYPE_SCHED_CLS, KFUNC_dynptr_from_skb, -EACCES },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		struct bpf_insn insns[] = {
			ALU64_K(MOV, R2, 0), AT(R3, -16),
			KFUNC_CALL(dynptr_from_xdp), ST(DW, R10, -24, 0),
			AT(R1, -16), ALU64_K(MOV, R2, 0), AT(R3, -24),
			ALU64_K(MOV, R4, 8), KFUNC_CALL(dynptr_slice),
			JMP64_K(JNE, R0, 0, 2), RETURN(0),
			ALU64_X(MOV, R7, R0), AT(R1, -16), ALU64_K(MOV, R2, 0),
			AT(R3, -24), ALU64_K(MOV, R4, 8), ALU64_K(MOV, R5, 0),
			CALL(BPF_FUNC_dynptr_write), LDX(B, R0, R7, 0),
			RETURN(0)
		};
		struct verify_attr attr = attr_of(insns, ARRAY_LEN(insns));
		struct verify_result result;
		struct err err = { 0 };

		insns[3].imm = (s32)rows[i].from;
		attr.type = rows[i].type;
		if (verify(&attr, &result, &err) != rows[i].ret)
			fail_msg("type %u: %s", rows[i].type, err.reason);
		verify_result_free(&result);
	}
}

#define SKB_BIT(field) (1ull << offsetof(struct __sk_buff, field) / 4)

/* Words that are read on some path; by helpers, too; all of them by what a
 * program jumps to.  One is written, and a helper gets the whole. */
static void what_is_read_of_the_context_is_known(void **state)
{
	const struct bpf_insn insns[] = {
		LDX(W, R2, R1, offsetof(struct __sk_buff, mark)),
		LDX(DW, R3, R1, offsetof(struct __sk_buff, tstamp)),
		ALU64_K(MOV, R4, 0),
		JMP64_K(JEQ, R4, 0, 1),
		LDX(W, R2, R1, offsetof(struct __sk_buff, hash)),
		STX(W, R1, offsetof(struct __sk_buff, priority), R2),
		ALU64_K(MOV, R2, 0),
		CALL(BPF_FUNC_skb_change_type),
		RETURN(0)
	};
	struct verify_attr attr = attr_of(insns, ARRAY_LEN(insns));
	struct verify_result result;
	struct err err = { 0 };

	(void)state;
	attr.type = BPF_PROG_TYPE_SCHED_CLS;
	assert_int_equal(verify(&attr, &result, &err), 0);
	assert_int_equal(result.ctx_reads,
			 SKB_BIT(mark) | SKB_BIT(tstamp) |
				 SKB_BIT(tstamp) << 1 | SKB_BIT(pkt_type) |
				 PROG_CTX_ALL);
	verify_result_free(&result);
}

static u64 next(u64 *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return *seed >> 33;
}

/* Codes that exist with fields that may be anything. */
static struct bpf_insn any_insn(u64 *seed, u32 cnt)
{
	const struct opcode *op = &opcode_table[next(seed) % OP_COUNT];
	struct bpf_insn insn = {
		.code = op->code,
		.dst_reg = (u8)(next(seed) % 11),
		.src_reg = (u8)(next(seed) % 3 ? 0 : next(seed) % 11),
		.off = (s16)(next(seed) % (2 * cnt) - cnt),
		.imm = (s32)(next(seed) % 64),
	};

	if (next(seed) % 32 == 0)
		insn.code = (u8)next(seed);
	if (next(seed) % 32 == 0)
		insn.imm = (s32)next(seed);
	return insn;
}

/* Whatever it is, there is an answer, and not after long. */
static void anything_gets_an_answer(void **state)
{
	u64 seed = 1;

	(void)state;
	for (u32 n = 0; n < 20000; n++) {
		struct bpf_insn insns[48];
		u32 cnt = 2 + (u32)(next(&seed) % 46);
		struct verify_attr attr = attr_of(insns, cnt);
		struct verify_result result;
		struct err err = { 0 };

		for (u32 i = 0; i < cnt; i++)
			insns[i] = any_insn(&seed, cnt);
		insns[cnt - 1] = (struct bpf_insn)EXIT();
		if (verify(&attr, &result, &err))
			assert_true(err.reason[0] && result.code);
		assert_true(result.processed <= PROCESSED_MAX + 1);
		verify_result_free(&result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case_has_its_answer),
		cmocka_unit_test(pruning_changes_no_answer),
		cmocka_unit_test(a_rejection_says_where_and_what_to_do),
		cmocka_unit_test(what_nobody_reaches_is_taken_out),
		cmocka_unit_test(what_is_read_of_the_context_is_known),
		cmocka_unit_test(a_slice_outlives_what_moves_nothing),
		cmocka_unit_test(anything_gets_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
