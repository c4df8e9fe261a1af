/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hostile.c - whatever it is given, the verifier ends, in bounded memory
 *
 * Under a limit of the address space: programs of random bytes, programs as
 * long as may be, and those that have the most to look at.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "bench.h"
#include "verify/verify.h"

#define INSNS_MAX 1000000u
#define MEMORY_MAX (3ull << 30)
#define RANDOM_PROGRAMS 20000

static struct bench b;

static int ask(const struct bpf_insn *insns, u32 cnt, u32 flags, u32 *processed)
{
	const struct bench_prog p = { .type = BPF_PROG_TYPE_XDP,
				      .insns = insns,
				      .cnt = cnt };
	struct verify_attr attr = bench_attr(&b, &p);
	struct verify_result result;
	struct err err = { 0 };
	int ret;

	attr.flags = flags;
	ret = verify(&attr, &result, &err);

	*processed = result.processed;
	if (ret)
		assert_true(err.reason[0]);
	verify_result_free(&result);
	return ret;
}

static void random_bytes_are_refused_or_fit(void **state)
{
	struct bpf_insn insns[32];
	u64 random = 88172645463325252ull;
	u32 processed;

	(void)state;
	for (u32 n = 0; n < RANDOM_PROGRAMS; n++) {
		for (u32 i = 0; i < sizeof(insns) / 8; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			((u64 *)(void *)insns)[i] = random;
		}
		ask(insns, 1 + n % 32, 0, &processed);
		assert_true(processed <= INSNS_MAX + 1);
	}
}

static void a_million_instructions_are_looked_at_once(void **state)
{
	struct bpf_insn *insns = calloc(INSNS_MAX + 1, sizeof(*insns));
	u32 processed;

	(void)state;
	assert_non_null(insns);
	for (u32 i = 0; i < INSNS_MAX - 1; i++)
		insns[i] = (struct bpf_insn)ALU64_K(MOV, R0, 1);
	insns[INSNS_MAX - 1] = (struct bpf_insn)EXIT();
	assert_int_equal(ask(insns, INSNS_MAX, 0, &processed), 0);
	assert_int_equal(processed, INSNS_MAX);
	insns[INSNS_MAX] = (struct bpf_insn)EXIT();
	assert_int_equal(ask(insns, INSNS_MAX + 1, 0, &processed), -E2BIG);
	assert_int_equal(processed, 0);
	free(insns);
}

/* Each branch doubles the paths, and as the sum decides in the end, nothing
 * makes them one again. */
static void paths_beyond_number_end_at_the_limit(void **state)
{
	struct bpf_insn insns[256];
	u32 processed, n = 0;

	(void)state;
	insns[n++] = (struct bpf_insn)LDX(W, R2, R1, 12);
	insns[n++] = (struct bpf_insn)ALU64_K(MOV, R0, 0);
	for (u32 i = 0; i < 31; i++) {
		insns[n++] = (struct bpf_insn)RAW(BPF_JMP | BPF_JSET | BPF_K,
						  R2, 0, 1, (s32)(1u << i));
		insns[n++] = (struct bpf_insn)ALU64_K(ADD, R0, (s32)(1u << i));
	}
	insns[n++] = (struct bpf_insn)JMP64_K(JEQ, R0, 77, 0);
	insns[n++] = (struct bpf_insn)ALU64_K(MOV, R0, 0);
	insns[n++] = (struct bpf_insn)EXIT();
	assert_int_equal(ask(insns, n, 0, &processed), -E2BIG);
	assert_int_equal(processed, INSNS_MAX + 1);
}

/* A state at every instruction, and all of the stack in it. */
static void states_beyond_memory_end_at_the_limit(void **state)
{
	struct bpf_insn *insns = calloc(INSNS_MAX, sizeof(*insns));
	u32 processed, n = 0;

	(void)state;
	assert_non_null(insns);
	insns[n++] = (struct bpf_insn)LDX(W, R2, R1, 12);
	for (s16 off = -512; off; off += 8)
		insns[n++] = (struct bpf_insn)STX(DW, R10, off, R2);
	insns[n++] = (struct bpf_insn)ALU64_K(MOV, R0, 0);
	while (n < INSNS_MAX - 1)
		insns[n++] = (struct bpf_insn)JMP64_K(JNE, R0, 0, 0);
	insns[n++] = (struct bpf_insn)EXIT();
	assert_int_equal(ask(insns, n, BPF_F_TEST_STATE_FREQ, &processed),
			 -E2BIG);
	assert_true(processed < INSNS_MAX);
	free(insns);
}

static int open_bench(void **state)
{
	const struct rlimit limit = { MEMORY_MAX, MEMORY_MAX };

	(void)state;
#ifdef LIMIT_MEMORY
	/* sanitizers reserve more than there is */
	if (setrlimit(RLIMIT_AS, &limit))
		return -1;
#endif
	(void)limit;
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
		cmocka_unit_test(random_bytes_are_refused_or_fit),
		cmocka_unit_test(a_million_instructions_are_looked_at_once),
		cmocka_unit_test(paths_beyond_number_end_at_the_limit),
		cmocka_unit_test(states_beyond_memory_end_at_the_limit),
	};

	return cmocka_run_group_tests_name("verify_hostile", tests, open_bench,
					   close_bench);
}
