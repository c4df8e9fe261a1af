/* SPDX-License-Identifier: BSD-3-Clause */
/* test_verify.c - what the verifier takes and what it says of the rest */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../asm.h"
#include "verify/verifier.h"

static struct verify_map maps[] = {
	{ .name = "array",
	  .type = BPF_MAP_TYPE_ARRAY,
	  .key_size = 4,
	  .value_size = 16,
	  .max_entries = 4 },
	{ .name = "hash",
	  .type = BPF_MAP_TYPE_HASH,
	  .key_size = 4,
	  .value_size = 16,
	  .max_entries = 4 },
	{ .name = "ring", .type = BPF_MAP_TYPE_RINGBUF, .max_entries = 4096 },
	{ .name = "constant",
	  .type = BPF_MAP_TYPE_ARRAY,
	  .key_size = 4,
	  .value_size = 4,
	  .max_entries = 1,
	  .flags = BPF_F_RDONLY_PROG,
	  .contents = "\7\0\0" },
	{ .name = "jumps",
	  .type = BPF_MAP_TYPE_PROG_ARRAY,
	  .key_size = 4,
	  .value_size = 4,
	  .max_entries = 4 },
	{ .name = "lock",
	  .type = BPF_MAP_TYPE_ARRAY,
	  .key_size = 4,
	  .value_size = 8,
	  .max_entries = 1,
	  .fields_known = true,
	  .fields = { { .kind = BTF_FIELD_SPIN_LOCK } },
	  .field_cnt = 1 },
};

enum { ARRAY, HASH, RING, CONSTANT, JUMPS, LOCK };

#define PRANDOM CALL(BPF_FUNC_get_prandom_u32)
#define PACKET(start, stop)                               \
	LDX(W, start, R1, offsetof(struct xdp_md, data)), \
		LDX(W, stop, R1, offsetof(struct xdp_md, data_end))
#define LOOKUP(map)                                                     \
	ST(W, R10, -8, 1), ALU64_X(MOV, R2, R10), ALU64_K(ADD, R2, -8), \
		LD_MAP(R1, map), CALL(BPF_FUNC_map_lookup_elem)
#define RETURN(n) ALU64_K(MOV, R0, n), EXIT()

/* Linux forgets to follow a number into the stack slot that an atomic
 * operation fetched it from: the second path, where it is 600, would then be
 * taken for the first. */
#define FETCH_DECIDES                                             \
	ALU64_K(MOV, R7, 0), PRANDOM, ALU64_X(MOV, R6, R0),       \
		JMP64_K(JEQ, R6, 1, 0), JMP64_K(JEQ, R6, 2, 0),   \
		JMP64_K(JEQ, R6, 3, 0), ALU64_K(MOV, R1, 0),      \
		JMP64_K(JNE, R6, 4, 1), ALU64_K(MOV, R1, 600),    \
		STX(DW, R10, -8, R1), ALU64_K(MOV, R2, 0), JA(0), \
		ATOMIC(DW, R10, -8, R2, BPF_ADD | BPF_FETCH),     \
		ALU64_X(MOV, R3, R10), ALU64_X(ADD, R3, R2),      \
		ST(B, R3, -16, 1), RETURN(0)

#define CASE(name, why, code, ...)                                         \
	{                                                                  \
		name, why, VERIFY_##code,                                  \
			(const struct bpf_insn[]){ __VA_ARGS__ },          \
			sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / \
				sizeof(struct bpf_insn)                    \
	}
#define TAKEN(name, ...) CASE(name, NULL, OK, __VA_ARGS__)

static const struct {
	const char *name;
	const char *reason; /* NULL: it is taken */
	enum verify_code code;
	const struct bpf_insn *insns;
	size_t cnt;
} cases[] = {
	TAKEN("a constant", RETURN(1)),
	CASE("nothing returned", "R0 !read_ok", UNINIT, EXIT()),
	CASE("over the end", "last insn is not an exit or jmp", FLOW,
	     ALU64_K(MOV, R0, 0)),
	CASE("nobody gets there", "unreachable insn 2", FLOW, RETURN(0),
	     RETURN(1)),
	CASE("out of the program", "jump out of range from insn 0 to 9", FLOW,
	     JA(8), EXIT()),
	CASE("division", "div by zero", INSN, ALU64_K(MOV, R0, 1),
	     ALU64_K(DIV, R0, 0), EXIT()),

	TAKEN("a packet's byte", PACKET(R2, R3), ALU64_X(MOV, R4, R2),
	      ALU64_K(ADD, R4, 14), JMP64_X(JGT, R4, R3, 1), LDX(B, R0, R2, 13),
	      RETURN(0)),
	CASE("the byte after what was compared",
	     "invalid access to packet, off=14 size=1, R2(id=0,off=14,r=14)",
	     PACKET, PACKET(R2, R3), ALU64_X(MOV, R4, R2), ALU64_K(ADD, R4, 14),
	     JMP64_X(JGT, R4, R3, 1), LDX(B, R0, R2, 14), RETURN(0)),
	CASE("a packet that has moved", "R7 invalid mem access 'scalar'",
	     NOT_POINTER, ALU64_X(MOV, R6, R1), PACKET(R7, R8),
	     ALU64_X(MOV, R4, R7), ALU64_K(ADD, R4, 14),
	     JMP64_X(JGT, R4, R8, 4), ALU64_X(MOV, R1, R6), ALU64_K(MOV, R2, 0),
	     CALL(BPF_FUNC_xdp_adjust_head), LDX(B, R0, R7, 0), RETURN(0)),

	TAKEN("a value", LOOKUP(HASH), JMP64_K(JEQ, R0, 0, 1),
	      LDX(DW, R1, R0, 8), RETURN(0)),
	CASE("a value that may be none",
	     "R0 invalid mem access 'map_value_or_null'", NULL_POINTER,
	     LOOKUP(HASH), LDX(DW, R1, R0, 8), RETURN(0)),
	CASE("beyond the value",
	     "invalid access to map value, value_size=16 off=16 size=8", BOUNDS,
	     LOOKUP(HASH), JMP64_K(JEQ, R0, 0, 1), LDX(DW, R1, R0, 16),
	     RETURN(0)),
	TAKEN("an index below the size", LOOKUP(HASH), JMP64_K(JEQ, R0, 0, 5),
	      ALU64_X(MOV, R6, R0), LDX(W, R1, R6, 0), JMP64_K(JGT, R1, 15, 2),
	      ALU64_X(ADD, R6, R1), LDX(B, R0, R6, 0), RETURN(0)),
	CASE("an index at the size",
	     "invalid access to map value, value_size=16 off=16 size=1", BOUNDS,
	     LOOKUP(HASH), JMP64_K(JEQ, R0, 0, 5), ALU64_X(MOV, R6, R0),
	     LDX(W, R1, R6, 0), JMP64_K(JGT, R1, 16, 2), ALU64_X(ADD, R6, R1),
	     LDX(B, R0, R6, 0), RETURN(0)),
	TAKEN("a known index of an array is there", LOOKUP(ARRAY),
	      LDX(DW, R1, R0, 8), RETURN(0)),
	CASE("a constant is not written",
	     "write into map forbidden, value_size=4 off=0 size=1", READ_ONLY,
	     LD_VALUE(R1, CONSTANT, 0), ST(B, R1, 0, 1), RETURN(0)),
	TAKEN("a constant decides", LD_VALUE(R1, CONSTANT, 0),
	      LDX(W, R2, R1, 0), JMP64_K(JEQ, R2, 7, 1), LDX(W, R0, R2, 0),
	      RETURN(0)),

	TAKEN("a variable is one lock, wherever its address is taken",
	      LD_VALUE(R1, LOCK, 0), CALL(BPF_FUNC_spin_lock),
	      LD_VALUE(R1, LOCK, 0), CALL(BPF_FUNC_spin_unlock), RETURN(0)),

	TAKEN("a spill and its copy are one number", PRANDOM,
	      STX(DW, R10, -8, R0), LDX(DW, R1, R10, -8),
	      JMP64_K(JGT, R0, 8, 4), ALU64_X(MOV, R2, R10),
	      ALU64_X(ADD, R2, R1), ST(B, R2, -9, 0), JA(0), RETURN(0)),
	CASE("a pointer in parts", "invalid size of register fill", STACK,
	     STX(DW, R10, -8, R1), LDX(W, R0, R10, -8), EXIT()),
	CASE("above the stack", "invalid write to stack R10 off=0 size=8",
	     STACK, ST(DW, R10, 0, 1), RETURN(0)),
	CASE("below the stack", "invalid write to stack R10 off=-520 size=8",
	     STACK, ST(DW, R10, -520, 1), RETURN(0)),

	TAKEN("a loop of a hundred rounds", ALU64_K(MOV, R0, 0),
	      ALU64_K(ADD, R0, 1), JMP64_K(JLT, R0, 100, -2), RETURN(0)),
	CASE("a loop that never ends", "infinite loop detected at insn 1", LOOP,
	     ALU64_K(MOV, R0, 0), JMP64_K(JEQ, R0, 0, -1), EXIT()),
	CASE("a loop of a million rounds",
	     "BPF program is too large. Processed 1000001 insn", COMPLEX,
	     ALU64_K(MOV, R0, 0), ALU64_K(ADD, R0, 1),
	     JMP64_K(JLT, R0, 1000000, -2), RETURN(0)),
	TAKEN("a loop that may end at any time", MAY_GOTO(1), JA(-2),
	      RETURN(0)),

	CASE("a number fetched from the stack",
	     "invalid write to stack R3 off=584 size=1", STACK, FETCH_DECIDES),

	CASE("a record that is never given back",
	     "BPF_EXIT instruction in main prog would lead to reference leak",
	     REF, LD_MAP(R1, RING), ALU64_K(MOV, R2, 8), ALU64_K(MOV, R3, 0),
	     CALL(BPF_FUNC_ringbuf_reserve), RETURN(0)),
	TAKEN("a record that is given back where there is one",
	      LD_MAP(R1, RING), ALU64_K(MOV, R2, 8), ALU64_K(MOV, R3, 0),
	      CALL(BPF_FUNC_ringbuf_reserve), JMP64_K(JEQ, R0, 0, 4),
	      ST(DW, R0, 0, 1), ALU64_X(MOV, R1, R0), ALU64_K(MOV, R2, 0),
	      CALL(BPF_FUNC_ringbuf_submit), RETURN(0)),
	CASE("a record after it was given back",
	     "R6 invalid mem access 'scalar'", NOT_POINTER, LD_MAP(R1, RING),
	     ALU64_K(MOV, R2, 8), ALU64_K(MOV, R3, 0),
	     CALL(BPF_FUNC_ringbuf_reserve), JMP64_K(JEQ, R0, 0, 5),
	     ALU64_X(MOV, R6, R0), ALU64_X(MOV, R1, R0), ALU64_K(MOV, R2, 0),
	     CALL(BPF_FUNC_ringbuf_submit), ST(DW, R6, 0, 1), RETURN(0)),
	CASE("a record's address plus a number is the record, too",
	     "R6 invalid mem access 'scalar'", NOT_POINTER, LD_MAP(R1, RING),
	     ALU64_K(MOV, R2, 8), ALU64_K(MOV, R3, 0),
	     CALL(BPF_FUNC_ringbuf_reserve), JMP64_K(JEQ, R0, 0, 6),
	     ALU64_K(MOV, R6, 0), ALU64_X(ADD, R6, R0), ALU64_X(MOV, R1, R0),
	     ALU64_K(MOV, R2, 0), CALL(BPF_FUNC_ringbuf_submit),
	     ST(DW, R6, 0, 1), RETURN(0)),

	TAKEN("a packet where a tail call failed", ALU64_X(MOV, R6, R1),
	      PACKET(R7, R8), ALU64_X(MOV, R4, R7), ALU64_K(ADD, R4, 14),
	      JMP64_X(JGT, R4, R8, 5), LD_MAP(R2, JUMPS),
	      ALU64_K(MOV, R3, 0), CALL(BPF_FUNC_tail_call),
	      LDX(B, R0, R7, 0), RETURN(0)),
	TAKEN("a function", CALL_LOCAL(1), EXIT(), RETURN(3)),
	CASE("a function's stack is its own",
	     "cannot return stack pointer to the caller", RETURN, CALL_LOCAL(1),
	     EXIT(), ALU64_X(MOV, R0, R10), EXIT()),
	CASE("functions all the way down",
	     "the call stack of 9 frames is too deep", STACK_DEPTH,
	     CALL_LOCAL(1), EXIT(), CALL_LOCAL(-1), EXIT()),
	CASE("more stack than there is",
	     "combined stack size of 2 calls is 528. Too large", STACK_DEPTH,
	     ST(DW, R10, -264, 0), CALL_LOCAL(1), EXIT(), ST(DW, R10, -256, 0),
	     RETURN(0)),

	CASE("a helper of other programs",
	     "program of this type cannot use helper bpf_skb_load_bytes#26",
	     HELPER, CALL(BPF_FUNC_skb_load_bytes), RETURN(0)),
	CASE("a helper that nobody has", "invalid func unknown#9999", HELPER,
	     CALL(9999), RETURN(0)),
	CASE("no map of that kind",
	     "cannot pass map_type 3 into func bpf_map_lookup_elem#1", MAP,
	     LOOKUP(JUMPS), RETURN(0)),
};

static struct verify_attr attr_of(const struct bpf_insn *insns, size_t cnt)
{
	return (struct verify_attr){
		.type = BPF_PROG_TYPE_XDP,
		.license = "GPL",
		.insns = insns,
		.insn_cnt = (u32)cnt,
		.maps = maps,
		.map_cnt = ARRAY_LEN(maps),
	};
}

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

#define SKB_BIT(field) (1ull << offsetof(struct __sk_buff, field) / 4)

/* Words that are read on some path; by helpers, too; all of them by what a
 * program jumps to. */
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
				 SKB_BIT(tstamp) << 1 | SKB_BIT(pkt_type));
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
		cmocka_unit_test(anything_gets_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
