/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rules.c - one program for each rule, that only this rule decides
 *
 * Where bpf(2) is allowed, the live kernel is asked, too.  What is taken runs
 * inside its states.  tests/verifier/mutants.sh breaks the rules one by one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../kernel/kprog.h"
#include "bench.h"
#include "bpf/insn.h"
#include "live.h"
#include "rules.h"

#define RUNS 40

static struct bench b;
static struct live live;
static bool is_live;

/* ---- a row as a program ---- */

static u32 length(const struct rule *r)
{
	u32 n = RULE_INSNS;

	while (!r->insns[n - 1].code && !r->insns[n - 1].imm)
		n--;
	return n;
}

static bool starts_at(const struct bench_prog *p, u32 at)
{
	for (u32 i = 0; i < p->cnt; i++)
		if ((insn_is_local_call(&p->insns[i]) ||
		     insn_is_func_ref(&p->insns[i])) &&
		    (s64)i + 1 + p->insns[i].imm == at)
			return true;
	return !at;
}

static struct bench_prog prog_of(const struct rule *r)
{
	struct bench_prog p = {
		.type = r->tc ? BPF_PROG_TYPE_SCHED_CLS : BPF_PROG_TYPE_XDP,
		.insns = r->insns,
		.cnt = length(r),
	};

	for (u32 i = 0; i < p.cnt; i++) {
		const struct bpf_insn *insn = &p.insns[i];

		if (starts_at(&p, i))
			p.funcs[p.func_cnt++] = (struct prog_func){
				.insn = i,
				.type_id = i && r->global ? GEN_BTF_GLOBAL
							  : GEN_BTF_STATIC,
				.name = "f",
			};
		if (insn->code == (BPF_JMP | BPF_CALL) &&
		    insn->src_reg == BPF_PSEUDO_KFUNC_CALL)
			p.kfuncs[p.kfunc_cnt++] = (struct verify_kfunc){
				.insn = i,
				.name = rule_kfuncs[insn->imm],
			};
	}
	return p;
}

/* ---- what is said of it ---- */

/* What Weir says is a line of Linux's log. */
static bool says_the_same(const struct rule *r, const struct bench_prog *p)
{
	struct verify_attr attr = bench_attr(&b, p);
	struct verify_result result;
	struct err err = { 0 };

	verify(&attr, &result, &err);
	verify_result_free(&result);
	if (strstr(live.log, err.reason))
		return true;
	fprintf(stderr, "%s: '%s', and Linux '%s'\n", r->what, err.reason,
		kprog_reason(live.log));
	return false;
}

static bool kernel_agrees(const struct rule *r, const struct bench_prog *p)
{
	int fd;

	if (!is_live)
		return true;
	fd = live_load(&live, p, 1);
	if (fd >= 0)
		close(fd);
	if ((fd >= 0) == (r->linux_says ? r->linux_says == RULE_TAKEN
					: r->answer == RULE_TAKEN))
		return fd >= 0 || says_the_same(r, p);
	fprintf(stderr, "%s: the kernel %s: %s\n", r->what,
		fd >= 0 ? "takes it" : "refuses it",
		fd >= 0 ? "" : kprog_reason(live.log));
	return false;
}

static bool weir_agrees(const struct rule *r, const struct bench_prog *p)
{
	static const struct bench_how hows[] = {
		{ .runs = RUNS },
		{ .runs = RUNS, .every_state = true },
	};
	bool right = true;

	for (u32 i = 0; i < ARRAY_LEN(hows); i++) {
		struct verify_attr attr = bench_attr(&b, p);
		struct verify_result result;
		struct err err = { 0 };
		int ret;

		if (hows[i].every_state)
			attr.flags |= BPF_F_TEST_STATE_FREQ;
		ret = verify(&attr, &result, &err);
		verify_result_free(&result);
		if (!ret != (r->answer == RULE_TAKEN)) {
			fprintf(stderr, "%s: way %u: %s\n", r->what, i,
				ret ? err.reason : "taken");
			right = false;
		} else if (!ret && bench_embed(&b, p, &hows[i]) < 0) {
			fprintf(stderr, "%s: way %u\n", r->what, i);
			right = false;
		}
	}
	return right;
}

static void check_all(const struct rule *rules, u32 cnt)
{
	bool right = true;

	for (u32 i = 0; i < cnt; i++) {
		const struct bench_prog p = prog_of(&rules[i]);

		right &= weir_agrees(&rules[i], &p);
		right &= kernel_agrees(&rules[i], &p);
	}
	assert_true(right);
}

static void numbers(void **state)
{
	(void)state;
	check_all(rules_number, rules_number_cnt);
}

static void memory(void **state)
{
	(void)state;
	check_all(rules_memory, rules_memory_cnt);
}

static void calls(void **state)
{
	(void)state;
	check_all(rules_call, rules_call_cnt);
}

static void states(void **state)
{
	(void)state;
	check_all(rules_state, rules_state_cnt);
}

static int open_both(void **state)
{
	(void)state;
	is_live = !kprog_unavailable();
	if (is_live && !live_open(&live))
		return -1;
	return bench_open(&b) ? 0 : -1;
}

static int close_both(void **state)
{
	(void)state;
	bench_close(&b);
	if (is_live)
		live_close(&live);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(memory),
		cmocka_unit_test(calls),
		cmocka_unit_test(states),
	};

	return cmocka_run_group_tests_name("verify_rules", tests, open_both,
					   close_both);
}
