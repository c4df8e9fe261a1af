/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cve.c - programs that once deceived Linux's verifier
 *
 * Each is refused, or runs inside what was said of it: on packets and maps at
 * random, verified with pruning, with every state, and without pruning.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "bench.h"

#define RUNS 60
#define MAX_INSNS 40

enum answer { REFUSED, TAKEN, EITHER };

struct deceit {
	const char *what;
	enum answer answer;
	struct bpf_insn insns[MAX_INSNS];
};

/* r7: a value of 16 bytes, r8: a number nobody knows. */
#define BEGIN                                                          \
	ALU64_X(MOV, R6, R1), ST(W, R10, -4, 0), ALU64_X(MOV, R2, R10), \
		ALU64_K(ADD, R2, -4), LD_MAP(R1, GEN_ARRAY),           \
		CALL(BPF_FUNC_map_lookup_elem), JMP64_K(JNE, R0, 0, 1), \
		EXIT(), ALU64_X(MOV, R7, R0), LDX(DW, R8, R7, 0)
/* A byte of the value at r8. */
#define END                                                           \
	ALU64_X(ADD, R7, R8), LDX(B, R0, R7, 0), ALU64_K(MOV, R0, 0), \
		EXIT()

static const struct deceit deceits[] = {
	{ "the sign of a 32-bit immediate (2017-16995)", EITHER,
	  { BEGIN, ALU32_K(MOV, R8, -1), JMP64_K(JNE, R8, -1, 2),
	    ALU64_K(MOV, R0, 0), EXIT(), ALU64_K(RSH, R8, 28), END } },
	{ "32-bit or of halves that are known (2021-3490)", TAKEN,
	  { BEGIN, LD64(R1, 0xfffffffe00000001ull), ALU64_X(AND, R8, R1),
	    JMP32_K(JNE, R8, 1, 1), JA(1), ALU64_K(MOV, R8, 1),
	    ALU32_K(OR, R8, 0), END } },
	{ "32-bit xor with an unknown upper half", REFUSED,
	  { BEGIN, JMP32_K(JGT, R8, 7, 5), ALU64_K(XOR, R8, 0), END } },
	{ "32-bit comparison says nothing of the upper half", REFUSED,
	  { BEGIN, JMP32_K(JLT, R8, 8, 2), ALU64_K(MOV, R0, 0), EXIT(),
	    END } },
	{ "32-bit comparison of a number that has no upper half", TAKEN,
	  { BEGIN, ALU32_X(MOV, R8, R8), JMP32_K(JLT, R8, 8, 2),
	    ALU64_K(MOV, R0, 0), EXIT(), END } },
	{ "signed comparison alone", REFUSED,
	  { BEGIN, JMP64_K(JSLT, R8, 8, 2), ALU64_K(MOV, R0, 0), EXIT(),
	    END } },
	{ "a right shift of the sign", REFUSED,
	  { BEGIN, JMP64_K(JSLT, R8, 8, 2), ALU64_K(MOV, R0, 0), EXIT(),
	    ALU64_K(ARSH, R8, 1), END } },
	{ "a product of numbers that wrap", REFUSED,
	  { BEGIN, ALU64_K(AND, R8, 0xf), LD64(R1, 0x1000000000000001ull),
	    ALU64_X(MUL, R8, R1), END } },
	{ "a shift by a register that may be as wide as the number", EITHER,
	  { BEGIN, ALU64_X(MOV, R1, R8), ALU64_K(AND, R8, 1),
	    ALU64_X(RSH, R8, R1), END } },
	{ "a fill with sign is another number than was spilled", REFUSED,
	  { BEGIN, ALU64_K(AND, R8, 0xff), STX(DW, R10, -16, R8),
	    LDSX(B, R1, R10, -16), JMP64_K(JGT, R8, 7, 2),
	    ALU64_K(MOV, R0, 0), EXIT(), JMP64_K(JLT, R8, 240, 2),
	    ALU64_K(MOV, R0, 0), EXIT(), ALU64_X(MOV, R8, R1),
	    ALU64_K(SUB, R8, 8), ALU64_K(RSH, R8, 4), END } },
	{ "a number linked with one that was narrowed", REFUSED,
	  { BEGIN, ALU64_X(MOV, R1, R8), ALU32_X(MOV, R1, R1),
	    JMP64_K(JLT, R1, 8, 2), ALU64_K(MOV, R0, 0), EXIT(), END } },
	{ "a difference that is kept through a 32-bit sum", REFUSED,
	  { BEGIN, ALU32_X(MOV, R8, R8), ALU64_X(MOV, R1, R8),
	    ALU32_K(ADD, R8, 1), JMP64_K(JLT, R1, 15, 2),
	    ALU64_K(MOV, R0, 0), EXIT(), ALU64_K(ADD, R8, 1), END } },
	{ "a difference beyond 31 bits", TAKEN,
	  { BEGIN, ALU64_K(AND, R8, 0xf), ALU64_X(MOV, R1, R8),
	    ALU32_K(MOV, R2, INT32_MIN), ALU64_X(ADD, R1, R2),
	    ALU64_K(ADD, R2, 8), JMP64_X(JLT, R1, R2, 2),
	    ALU64_K(MOV, R0, 0), EXIT(), END } },
	{ "a 32-bit sum that wraps is no difference", EITHER,
	  { BEGIN, ALU64_K(AND, R8, 0xf), ALU32_K(OR, R8, -16),
	    ALU64_X(MOV, R1, R8), ALU32_K(ADD, R1, 8),
	    JMP64_K(JLT, R1, 8, 2), ALU64_K(MOV, R0, 0), EXIT(),
	    ALU64_K(AND, R8, 7), END } },
	{ "a move with sign is another number", REFUSED,
	  { BEGIN, ALU64_K(AND, R8, 0xff), ALU64_X(MOV, R2, R8),
	    MOVSX64(R1, R8, 8), JMP64_K(JGT, R8, 7, 2),
	    ALU64_K(MOV, R0, 0), EXIT(), JMP64_K(JLT, R8, 240, 2),
	    ALU64_K(MOV, R0, 0), EXIT(), ALU64_X(MOV, R8, R1),
	    ALU64_K(SUB, R8, 8), ALU64_K(RSH, R8, 4), END } },
	{ "the safe way first: an offset", REFUSED,
	  { BEGIN, ALU64_K(MOV, R9, 100), JMP64_K(JEQ, R8, 7, 1),
	    ALU64_K(MOV, R9, 0), JMP64_K(JEQ, R8, 9, 0),
	    ALU64_X(MOV, R8, R9), END } },
	{ "the safe way first: a spill", REFUSED,
	  { BEGIN, ALU64_K(MOV, R9, 100), JMP64_K(JEQ, R8, 7, 1),
	    ALU64_K(MOV, R9, 0), STX(DW, R10, -16, R9),
	    JMP64_K(JEQ, R8, 9, 0), LDX(DW, R8, R10, -16), END } },
	{ "the safe way first: a comparison", REFUSED,
	  { BEGIN, ALU64_K(MOV, R9, 100), JMP64_K(JEQ, R8, 7, 1),
	    ALU64_K(MOV, R9, 0), JMP64_K(JEQ, R8, 9, 0),
	    ALU64_K(MOV, R8, 0), JMP64_K(JEQ, R9, 0, 1),
	    ALU64_K(MOV, R8, 64), END } },
	{ "the safe way first: an atomic fetch", REFUSED,
	  { BEGIN, ALU64_K(MOV, R9, 100), JMP64_K(JEQ, R8, 7, 1),
	    ALU64_K(MOV, R9, 0), STX(DW, R10, -16, R9),
	    JMP64_K(JEQ, R8, 9, 0), ALU64_K(MOV, R1, 0),
	    ATOMIC(DW, R10, -16, R1, BPF_ADD | BPF_FETCH),
	    ALU64_X(MOV, R8, R1), END } },
	{ "the safe way first: a packet checked for less", REFUSED,
	  { LDX(W, R2, R1, 0), LDX(W, R3, R1, 4), LDX(W, R5, R1, 12),
	    ALU64_X(MOV, R4, R2), ALU64_K(ADD, R4, 30),
	    JMP64_K(JEQ, R5, 7, 1), ALU64_K(ADD, R4, 30),
	    JMP64_X(JGT, R4, R3, 3), JMP64_K(JEQ, R5, 9, 0),
	    JMP64_K(JEQ, R5, 11, 0), LDX(DW, R0, R2, 50),
	    ALU64_K(MOV, R0, 0), EXIT() } },
	{ "what an atomic fetch brings decides later", REFUSED,
	  { BEGIN, ST(DW, R10, -16, 0), JMP64_K(JEQ, R8, 0, 1),
	    ST(DW, R10, -16, 64), ALU64_K(MOV, R1, 0),
	    ATOMIC(DW, R10, -16, R1, BPF_ADD | BPF_FETCH),
	    ALU64_X(MOV, R8, R1), END } },
	{ "a spill that one way has overwritten", REFUSED,
	  { BEGIN, ST(DW, R10, -16, 4), JMP64_K(JEQ, R8, 0, 1),
	    ST(B, R10, -9, 1), LDX(DW, R8, R10, -16), END } },
	{ "a way that is longer, with the same registers", REFUSED,
	  { BEGIN, ALU64_K(MOV, R9, 0), JMP64_K(JEQ, R8, 7, 2),
	    ALU64_K(MOV, R9, 100), JA(0), JMP64_K(JEQ, R8, 9, 0),
	    ALU64_X(MOV, R8, R9), END } },
	{ "a part of a spilled pointer", REFUSED,
	  { BEGIN, STX(DW, R10, -16, R7), ST(W, R10, -16, 0),
	    LDX(DW, R7, R10, -16), ALU64_K(MOV, R8, 0), END } },
	{ "a packet one byte short", REFUSED,
	  { LDX(W, R2, R1, 0), LDX(W, R3, R1, 4), ALU64_X(MOV, R4, R2),
	    ALU64_K(ADD, R4, 8), JMP64_X(JGT, R4, R3, 1),
	    LDX(DW, R0, R2, 1), ALU64_K(MOV, R0, 0), EXIT() } },
	{ "a packet that ends where the pointer is", REFUSED,
	  { LDX(W, R2, R1, 0), LDX(W, R3, R1, 4), ALU64_X(MOV, R4, R2),
	    ALU64_K(ADD, R4, 8), JMP64_X(JLT, R4, R3, 1), JA(1),
	    LDX(W, R0, R2, 6), ALU64_K(MOV, R0, 0), EXIT() } },
	{ "a pointer that is known to be beyond the end", REFUSED,
	  { LDX(W, R2, R1, 0), LDX(W, R3, R1, 4), ALU64_X(MOV, R4, R2),
	    ALU64_K(ADD, R4, 100), JMP64_X(JGT, R4, R3, 2),
	    ALU64_K(MOV, R0, 0), EXIT(), LDX(B, R0, R4, 0),
	    ALU64_K(MOV, R0, 0), EXIT() } },
	{ "a pointer beyond the end that comes back", EITHER,
	  { LDX(W, R2, R1, 0), LDX(W, R3, R1, 4), ALU64_X(MOV, R4, R2),
	    ALU64_K(ADD, R4, 100), JMP64_X(JGT, R4, R3, 2),
	    ALU64_K(MOV, R0, 0), EXIT(), ALU64_K(SUB, R4, 100),
	    JMP64_X(JGT, R4, R3, 2), ALU64_K(MOV, R0, 1), EXIT(),
	    ALU64_K(MOV, R0, 2), EXIT() } },
	{ "packet pointers after the packet has moved", REFUSED,
	  { ALU64_X(MOV, R6, R1), LDX(W, R7, R1, 0), LDX(W, R8, R1, 4),
	    ALU64_X(MOV, R4, R7), ALU64_K(ADD, R4, 8),
	    JMP64_X(JGT, R4, R8, 3), ALU64_K(MOV, R2, 4),
	    CALL(BPF_FUNC_xdp_adjust_head), LDX(B, R0, R7, 0),
	    ALU64_K(MOV, R0, 0), EXIT() } },
	{ "an offset that overflows", REFUSED,
	  { BEGIN, ALU64_K(MOV, R8, 0x1fffffff), ALU64_X(ADD, R7, R8),
	    ALU64_X(ADD, R7, R8), ALU64_X(ADD, R7, R8),
	    ALU64_X(ADD, R7, R8), ALU64_X(ADD, R7, R8),
	    ALU64_K(MOV, R8, 0), END } },
	{ "arithmetic before the test for NULL", REFUSED,
	  { ST(W, R10, -4, 0), ALU64_X(MOV, R2, R10),
	    ALU64_K(ADD, R2, -4), LD_MAP(R1, GEN_HASH),
	    CALL(BPF_FUNC_map_lookup_elem), ALU64_K(ADD, R0, 8),
	    JMP64_K(JEQ, R0, 0, 1), LDX(B, R0, R0, 0),
	    ALU64_K(MOV, R0, 0), EXIT() } },
	{ "a loop of may_goto that moves a pointer", REFUSED,
	  { BEGIN, ALU64_K(MOV, R8, 0), MAY_GOTO(3), ALU64_X(ADD, R7, R8),
	    ALU64_K(ADD, R8, 1), JA(-4), END } },
	{ "a stack that was left is another's", REFUSED,
	  { CALL_LOCAL(4), LDX(DW, R1, R0, -8), ALU64_K(MOV, R0, 0), EXIT(),
	    EXIT(), ST(DW, R10, -8, 0), ALU64_X(MOV, R0, R10), EXIT() } },
};

static struct bench b;

static u32 length(const struct deceit *d)
{
	u32 n = MAX_INSNS;

	while (!d->insns[n - 1].code)
		n--;
	return n;
}

static void deceived_once_safe_now(void **state)
{
	static const struct bench_how hows[] = {
		{ .runs = RUNS },
		{ .runs = RUNS, .every_state = true },
		{ .runs = RUNS, .no_prune = true },
	};
	bool right = true;

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(deceits); i++) {
		const struct deceit *d = &deceits[i];
		const struct bench_prog p = { .type = BPF_PROG_TYPE_XDP,
					      .insns = d->insns,
					      .cnt = length(d) };

		for (u32 k = 0; k < ARRAY_LEN(hows); k++) {
			int ret = bench_embed(&b, &p, &hows[k]);

			if (ret >= 0 && (d->answer == EITHER || k == 2 ||
					 d->answer == (ret ? REFUSED : TAKEN)))
				continue;
			fprintf(stderr, "%s: way %u, %d\n", d->what, k, ret);
			right = false;
		}
	}
	assert_true(right);
}

static int open_bench(void **state)
{
	(void)state;
	return bench_open(&b) ? 0 : -1;
}

static int close_bench(void **state)
{
	(void)state;
	bench_close(&b);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deceived_once_safe_now),
	};

	return cmocka_run_group_tests_name("verify_cve", tests, open_bench,
					   close_bench);
}
