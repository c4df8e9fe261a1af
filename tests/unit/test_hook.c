/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../asm.h"
#include "hook/hook.h"
#include "mem/rcu.h"
#include "stats/stats.h"

#define SLOT 1
#define FRAME 64

/* What a program does instead of running instructions. */
struct script {
	s64 code;
	s32 set_classid; /* -1: leaves it */
	s32 set_index;	 /* tc_index; -1: leaves it */
	u32 redirect;	 /* bpf_redirect() to it; 0: not called */
	bool fault;
	/* what it saw */
	u32 saw_classid;
	u32 saw_tail_calls;
	u32 runs;
	u32 order; /* of its last run among all programs' */
};

static struct mem *mem;
static u32 clock_ticks;
static struct prog *last_stopped;

static void stopped(struct world *w, const struct fault *fault)
{
	assert_ptr_equal(w->ops->stopped, stopped);
	last_stopped = (struct prog *)fault->prog;
}

static const struct world_ops ops = { .stopped = stopped };
static struct world world = { .ops = &ops };

static u64 play(const struct prog *prog, struct run *run)
{
	struct script *s = prog->image;
	struct pkt *p = run->pkt;

	s->runs++;
	s->order = ++clock_ticks;
	s->saw_classid = p->tc_classid;
	s->saw_tail_calls = run->tail_calls;
	run->tail_calls = 5;
	if (s->set_classid >= 0)
		p->tc_classid = (u16)s->set_classid;
	if (s->set_index >= 0)
		p->tc_index = (u16)s->set_index;
	if (s->redirect) {
		run->redirect.ifindex = s->redirect;
		run->redirect.flags = BPF_F_INGRESS;
		run->redirect.set = true;
	}
	if (s->fault) {
		run->fault.code = -EACCES;
		run->fault.prog = prog;
	}
	return (u64)s->code;
}

static struct prog *make_typed(struct script *s, u32 type, u32 attach_type)
{
	const struct bpf_insn insns[] = { ALU64_K(MOV, R0, 0), EXIT() };
	const struct prog_attr attr = {
		.type = type,
		.expected_attach_type = attach_type,
		.name = "played",
		.license = "GPL",
		.insns = insns,
		.insn_cnt = ARRAY_LEN(insns),
	};
	struct prog *prog;

	assert_int_equal(prog_create(mem, &attr, NULL, &prog), 0);
	prog->run = play;
	prog->image = s;
	return prog;
}

static struct script returns(s64 code)
{
	return (struct script){ .code = code,
				.set_classid = -1,
				.set_index = -1 };
}

/* A hook with up to PROGS programs, each a script. */
#define PROGS 6

struct rig {
	enum hook_kind kind;
	struct script scripts[PROGS];
	struct chain_entry entries[PROGS];
	u32 n;
	struct chain *chain;
	struct pkt pkt;
	struct verdict v;
	u8 buf[PKT_HEADROOM + FRAME];
};

static void rig_open(struct rig *rig, enum hook_kind kind)
{
	static const u8 frame[FRAME];

	memset(rig, 0, sizeof(*rig));
	rig->kind = kind;
	assert_int_equal(pkt_init(&rig->pkt, rig->buf, sizeof(rig->buf), frame,
				  FRAME),
			 0);
}

static struct chain_entry *add(struct rig *rig, enum chain_style style,
			       s64 code)
{
	u32 type = style == CHAIN_XDP ? BPF_PROG_TYPE_XDP
				      : BPF_PROG_TYPE_SCHED_CLS;
	struct chain_entry *e = &rig->entries[rig->n];

	rig->scripts[rig->n] = returns(code);
	*e = (struct chain_entry){
		.prog = make_typed(&rig->scripts[rig->n], type, 0),
		.style = style,
		.priority = 50,
		.chain_actions = 1 << XDP_PASS,
		.direct_action = style == CHAIN_CLS_BPF,
	};
	rig->n++;
	return e;
}

static struct verdict *rig_run(struct rig *rig)
{
	struct run run = { .world = &world, .slot = SLOT };
	struct pkt *p = &rig->pkt;

	if (!rig->chain)
		assert_int_equal(chain_create(mem_rcu(mem), rig->kind,
					      rig->entries, rig->n, NULL,
					      &rig->chain),
				 0);
	chain_run_burst(rig->chain, &run, &p, 1, &rig->v);
	return &rig->v;
}

static void rig_close(struct rig *rig)
{
	if (rig->chain)
		chain_put(rig->chain);
	for (u32 i = 0; i < rig->n; i++)
		prog_put(rig->entries[i].prog);
	rcu_barrier(mem_rcu(mem));
	rcu_barrier(mem_rcu(mem));
}

static u32 order_of(const struct rig *rig, u32 i)
{
	return rig->scripts[i].order;
}

/* ---- names, and who may sit where ---- */

static void hooks_have_names(void **state)
{
	enum hook_kind kind;

	(void)state;
	for (u32 i = 0; i < HOOK_KINDS; i++) {
		assert_int_equal(hook_parse(hook_name((enum hook_kind)i),
					    &kind),
				 0);
		assert_int_equal(kind, i);
	}
	assert_string_equal(hook_name(HOOK_TC_EGRESS), "tc-egress");
	assert_int_equal(hook_parse("tc", &kind), -EINVAL);
	assert_string_equal(verdict_code_name(HOOK_XDP, XDP_TX), "XDP_TX");
	assert_null(verdict_code_name(HOOK_XDP, 5));
	assert_null(verdict_code_name(HOOK_XDP, -1));
	assert_string_equal(verdict_code_name(HOOK_TC_INGRESS, -1),
			    "TC_ACT_UNSPEC");
	assert_string_equal(verdict_code_name(HOOK_TC_EGRESS, TC_ACT_TRAP),
			    "TC_ACT_TRAP");
	assert_null(verdict_code_name(HOOK_TC_EGRESS, 9));
	assert_null(verdict_code_name(HOOK_TC_EGRESS, INT32_MAX));
	assert_null(verdict_code_name(HOOK_TC_EGRESS, INT32_MIN));
}

static void hooks_take_programs_of_their_type(void **state)
{
	static const struct {
		enum hook_kind kind;
		u32 type;
		u32 attach_type;
		int ret;
	} rows[] = {
		{ HOOK_XDP, BPF_PROG_TYPE_XDP, 0, 0 },
		{ HOOK_XDP, BPF_PROG_TYPE_XDP, BPF_XDP, 0 },
		{ HOOK_XDP, BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP, -EINVAL },
		{ HOOK_XDP, BPF_PROG_TYPE_XDP, BPF_XDP_CPUMAP, -EINVAL },
		{ HOOK_XDP, BPF_PROG_TYPE_SCHED_CLS, 0, -EINVAL },
		{ HOOK_TC_INGRESS, BPF_PROG_TYPE_SCHED_CLS, 0, 0 },
		{ HOOK_TC_INGRESS, BPF_PROG_TYPE_SCHED_CLS, BPF_TCX_EGRESS, 0 },
		{ HOOK_TC_EGRESS, BPF_PROG_TYPE_SCHED_CLS, 0, 0 },
		{ HOOK_TC_EGRESS, BPF_PROG_TYPE_SCHED_ACT, 0, -EINVAL },
		{ HOOK_TC_EGRESS, BPF_PROG_TYPE_XDP, 0, -EINVAL },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		struct script s = returns(0);
		struct prog *prog =
			make_typed(&s, rows[i].type, rows[i].attach_type);
		struct err err = { 0 };

		assert_int_equal(hook_accepts(rows[i].kind, prog, &err),
				 rows[i].ret);
		assert_int_equal(err.code, rows[i].ret);
		assert_int_equal(!err.hint[0], !rows[i].ret);
		prog_put(prog);
	}
}

static void entries_of_another_hook_are_refused(void **state)
{
	struct chain *chain;
	struct rig rig;

	(void)state;
	rig_open(&rig, HOOK_XDP);
	add(&rig, CHAIN_XDP, XDP_PASS);
	add(&rig, CHAIN_TCX, 0);
	assert_int_equal(chain_create(mem_rcu(mem), HOOK_XDP, rig.entries, 2,
				      NULL, &chain),
			 -EINVAL);
	assert_int_equal(chain_create(mem_rcu(mem), HOOK_TC_EGRESS, rig.entries,
				      2, NULL, &chain),
			 -EINVAL);
	rig_close(&rig);
}

/* ---- order ---- */

static void entries_run_by_priority_and_then_as_they_came(void **state)
{
	static const u32 priorities[PROGS] = { 50, 10, 50, 60, 10, 0 };
	static const u32 expected[PROGS] = { 5, 1, 4, 0, 2, 3 };
	struct rig rig;

	(void)state;
	rig_open(&rig, HOOK_XDP);
	for (u32 i = 0; i < PROGS; i++)
		add(&rig, CHAIN_XDP, XDP_PASS)->priority = priorities[i];
	rig_run(&rig);
	assert_int_equal(chain_len(rig.chain), PROGS);
	for (u32 i = 0; i < PROGS; i++) {
		assert_ptr_equal(chain_at(rig.chain, i)->prog,
				 rig.entries[expected[i]].prog);
		if (i)
			assert_true(order_of(&rig, expected[i]) >
				    order_of(&rig, expected[i - 1]));
	}
	assert_null(chain_at(rig.chain, PROGS));
	rig_close(&rig);
}

static void tcx_runs_before_classifiers(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, HOOK_TC_INGRESS);
	add(&rig, CHAIN_CLS_BPF, TC_ACT_UNSPEC)->priority = 1;
	add(&rig, CHAIN_TCX, TCX_NEXT)->priority = 99;
	add(&rig, CHAIN_CLS_BPF, TC_ACT_UNSPEC)->priority = 0;
	add(&rig, CHAIN_TCX, TCX_NEXT)->priority = 98;
	assert_int_equal(rig_run(&rig)->kind, VERDICT_PASS);
	assert_int_equal(rig.v.code, TC_ACT_UNSPEC);
	assert_true(order_of(&rig, 3) < order_of(&rig, 1));
	assert_true(order_of(&rig, 1) < order_of(&rig, 2));
	assert_true(order_of(&rig, 2) < order_of(&rig, 0));
	rig_close(&rig);
}

static void an_empty_chain_passes(void **state)
{
	(void)state;
	for (u32 kind = 0; kind < HOOK_KINDS; kind++) {
		struct rig rig;

		rig_open(&rig, (enum hook_kind)kind);
		assert_int_equal(rig_run(&rig)->kind, VERDICT_PASS);
		assert_int_equal(chain_len(rig.chain), 0);
		rig_close(&rig);
	}
}

/* ---- XDP ---- */

static void xdp_codes_end_as_linux_has_it(void **state)
{
	static const struct {
		s64 code;
		enum verdict_kind kind;
		u8 drop;
	} rows[] = {
		{ XDP_ABORTED, VERDICT_DROP, DROP_XDP_ABORTED },
		{ XDP_DROP, VERDICT_DROP, DROP_XDP_DROP },
		{ XDP_PASS, VERDICT_PASS, 0 },
		{ XDP_TX, VERDICT_TX, 0 },
		{ XDP_REDIRECT, VERDICT_DROP, DROP_REDIRECT },
		{ 5, VERDICT_DROP, DROP_XDP_BAD_CODE },
		{ 31, VERDICT_DROP, DROP_XDP_BAD_CODE },
		{ 34, VERDICT_DROP, DROP_XDP_BAD_CODE },
		{ -1, VERDICT_DROP, DROP_XDP_BAD_CODE },
		/* 32 bits count */
		{ 0x100000002, VERDICT_PASS, 0 },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig rig;

		rig_open(&rig, HOOK_XDP);
		add(&rig, CHAIN_XDP, rows[i].code);
		assert_int_equal(rig_run(&rig)->kind, rows[i].kind);
		if (rows[i].kind == VERDICT_DROP)
			assert_int_equal(rig.v.drop, rows[i].drop);
		assert_int_equal(rig.v.code, (s32)rows[i].code);
		rig_close(&rig);
	}
}

static void xdp_goes_on_where_the_entry_says(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, HOOK_XDP);
	add(&rig, CHAIN_XDP, XDP_DROP)->chain_actions = 1 << XDP_DROP;
	add(&rig, CHAIN_XDP, XDP_PASS)->chain_actions = 1 << XDP_TX;
	add(&rig, CHAIN_XDP, XDP_TX);
	assert_int_equal(rig_run(&rig)->kind, VERDICT_PASS);
	assert_int_equal(rig.scripts[1].runs, 1);
	assert_int_equal(rig.scripts[2].runs, 0);
	rig_close(&rig);
}

/* As libxdp's dispatcher: the end of the chain is XDP_PASS. */
static void xdp_that_goes_on_to_the_end_passes(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, HOOK_XDP);
	add(&rig, CHAIN_XDP, XDP_DROP)->chain_actions = 1 << XDP_DROP;
	assert_int_equal(rig_run(&rig)->kind, VERDICT_PASS);
	assert_int_equal(rig.v.code, XDP_PASS);
	rig_close(&rig);
}

static void a_redirect_goes_where_the_helper_said(void **state)
{
	static const struct {
		enum hook_kind kind;
		enum chain_style style;
		s64 code;
	} rows[] = {
		{ HOOK_XDP, CHAIN_XDP, XDP_REDIRECT },
		{ HOOK_TC_INGRESS, CHAIN_TCX, TCX_REDIRECT },
		{ HOOK_TC_EGRESS, CHAIN_CLS_BPF, TC_ACT_REDIRECT },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig rig;

		rig_open(&rig, rows[i].kind);
		add(&rig, rows[i].style, rows[i].code);
		assert_int_equal(rig_run(&rig)->kind, VERDICT_DROP);
		assert_int_equal(rig.v.drop, DROP_REDIRECT);
		rig.scripts[0].redirect = 42;
		assert_int_equal(rig_run(&rig)->kind, VERDICT_REDIRECT);
		assert_int_equal(rig.v.ifindex, 42);
		assert_int_equal(rig.v.flags, BPF_F_INGRESS);
		assert_int_equal(rig.v.code, rows[i].code);
		/* a packet does not inherit it */
		rig.scripts[0].redirect = 0;
		assert_int_equal(rig_run(&rig)->kind, VERDICT_DROP);
		rig_close(&rig);
	}
}

/* ---- tc ---- */

#define TC_CODES                                                          \
	{                                                                 \
		-2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x10003, INT32_MAX, \
			INT32_MIN                                         \
	}

/* tests/kernel/verdicts.c has the whole table from the kernel. */
static void direct_action_ends_with_its_opcodes(void **state)
{
	static const s32 codes[] = TC_CODES;

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(codes); i++) {
		bool ends = codes[i] == TC_ACT_OK || codes[i] == TC_ACT_SHOT ||
			    codes[i] == TC_ACT_STOLEN ||
			    codes[i] == TC_ACT_TRAP ||
			    codes[i] == TC_ACT_REDIRECT;
		struct rig rig;

		rig_open(&rig, HOOK_TC_INGRESS);
		add(&rig, CHAIN_CLS_BPF, codes[i]);
		add(&rig, CHAIN_CLS_BPF, TC_ACT_OK);
		rig_run(&rig);
		assert_int_equal(rig.scripts[1].runs, !ends);
		assert_int_equal(rig.v.code, ends ? codes[i] : TC_ACT_OK);
		rig_close(&rig);
	}
}

static void tcx_leaves_what_it_does_not_know_to_classifiers(void **state)
{
	static const s32 codes[] = TC_CODES;

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(codes); i++) {
		bool ends = codes[i] == TCX_PASS || codes[i] == TCX_DROP ||
			    codes[i] == TCX_REDIRECT;
		struct rig rig;

		rig_open(&rig, HOOK_TC_EGRESS);
		add(&rig, CHAIN_TCX, codes[i]);
		add(&rig, CHAIN_TCX, TCX_NEXT);
		add(&rig, CHAIN_CLS_BPF, TC_ACT_STOLEN);
		rig_run(&rig);
		assert_int_equal(rig.scripts[1].runs, codes[i] == TCX_NEXT);
		assert_int_equal(rig.scripts[2].runs, !ends);
		assert_int_equal(rig.v.code, ends ? codes[i] : TC_ACT_STOLEN);
		rig_close(&rig);
	}
}

static void tc_codes_drop_under_a_reason(void **state)
{
	static const struct {
		s32 code;
		u8 drop;
	} rows[] = {
		{ TC_ACT_SHOT, DROP_TC_SHOT },
		{ TC_ACT_STOLEN, DROP_TC_STOLEN },
		{ TC_ACT_TRAP, DROP_TC_STOLEN },
		{ TC_ACT_REDIRECT, DROP_REDIRECT },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig rig;

		rig_open(&rig, HOOK_TC_EGRESS);
		add(&rig, CHAIN_CLS_BPF, rows[i].code);
		assert_int_equal(rig_run(&rig)->kind, VERDICT_DROP);
		assert_int_equal(rig.v.drop, rows[i].drop);
		rig_close(&rig);
	}
}

static void a_classid_match_ends_with_its_minor(void **state)
{
	static const struct {
		s32 result;
		s32 code;
		u16 tc_index;
	} rows[] = {
		{ 0, TC_ACT_UNSPEC, 0x99 },
		{ -1, TC_ACT_OK, 0x5678 }, /* of the configured 1234:5678 */
		{ 0x00010002, TC_ACT_OK, 2 },
		{ 2, TC_ACT_OK, 2 }, /* no TC_ACT_SHOT here */
		{ (s32)0xffff0000, TC_ACT_OK, 0 },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig rig;
		struct chain_entry *e;

		rig_open(&rig, HOOK_TC_INGRESS);
		e = add(&rig, CHAIN_CLS_BPF, rows[i].result);
		e->direct_action = false;
		e->classid = 0x12345678;
		rig.pkt.tc_index = 0x99;
		assert_int_equal(rig_run(&rig)->kind, VERDICT_PASS);
		assert_int_equal(rig.v.code, rows[i].code);
		assert_int_equal(rig.pkt.tc_index, rows[i].tc_index);
		assert_int_equal(rig.scripts[0].saw_classid, 0x5678);
		rig_close(&rig);
	}
}

static void direct_action_gives_tc_classid_on_ok_alone(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, HOOK_TC_INGRESS);
	add(&rig, CHAIN_CLS_BPF, TC_ACT_SHOT)->classid = 0x10007;
	rig_run(&rig);
	assert_int_equal(rig.scripts[0].saw_classid, 7);
	assert_int_equal(rig.pkt.tc_index, 0);
	rig.scripts[0].code = TC_ACT_OK;
	rig_run(&rig);
	assert_int_equal(rig.pkt.tc_index, 7);
	rig.scripts[0].set_classid = 9;
	rig.scripts[0].set_index = 3;
	rig_run(&rig);
	assert_int_equal(rig.pkt.tc_index, 9);
	rig_close(&rig);
}

static void tcx_pass_gives_tc_classid(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, HOOK_TC_INGRESS);
	add(&rig, CHAIN_TCX, TCX_NEXT);
	add(&rig, CHAIN_TCX, TCX_PASS);
	rig.scripts[0].set_classid = 6;
	rig.pkt.tc_index = 1;
	rig_run(&rig);
	assert_int_equal(rig.scripts[1].saw_classid, 6);
	assert_int_equal(rig.pkt.tc_index, 6);
	rig_close(&rig);
}

static void a_tc_hook_sets_what_belongs_to_it(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, HOOK_TC_EGRESS);
	add(&rig, CHAIN_CLS_BPF, TC_ACT_OK);
	rig.pkt.at_ingress = true;
	rig.pkt.wire_len = 3;
	rig.pkt.tstamp_type = 2;
	rig_run(&rig);
	assert_false(rig.pkt.at_ingress);
	assert_int_equal(rig.pkt.wire_len, FRAME);
	assert_int_equal(rig.pkt.tstamp_type, 0); /* of no tstamp */
	rig_close(&rig);
}

/* ---- bursts, counters, lifetimes ---- */

static void a_stopped_program_is_named_and_its_packet_dropped(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, HOOK_TC_INGRESS);
	add(&rig, CHAIN_TCX, TCX_NEXT);
	add(&rig, CHAIN_CLS_BPF, TC_ACT_OK);
	rig.scripts[0].fault = true;
	assert_int_equal(rig_run(&rig)->kind, VERDICT_DROP);
	assert_int_equal(rig.v.drop, DROP_STOPPED);
	assert_int_equal(rig.scripts[1].runs, 0);
	assert_ptr_equal(last_stopped, rig.entries[0].prog);
	assert_int_equal(stat_read(&rig.entries[0].prog->stats[SLOT].stopped),
			 1);
	assert_int_equal(stat_read(&rig.entries[0].prog->stats[SLOT].runs), 1);
	/* the next packet starts afresh */
	rig.scripts[0].fault = false;
	assert_int_equal(rig_run(&rig)->kind, VERDICT_PASS);
	rig_close(&rig);
}

/* On an entry of a devmap or cpumap it is as alone in a chain, redirects and
 * stops included. */
static void the_program_of_an_entry_gives_a_verdict(void **state)
{
	struct run run = { .world = &world, .slot = SLOT };
	struct script s = returns(XDP_PASS);
	struct prog *prog = make_typed(&s, BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP);
	struct rig rig;

	(void)state;
	rig_open(&rig, HOOK_XDP);
	entry_run(prog, &run, &rig.pkt, &rig.v);
	assert_int_equal(rig.v.kind, VERDICT_PASS);
	s.code = XDP_DROP;
	entry_run(prog, &run, &rig.pkt, &rig.v);
	assert_int_equal(rig.v.kind, VERDICT_DROP);
	assert_int_equal(rig.v.drop, DROP_XDP_DROP);
	s.code = XDP_REDIRECT;
	s.redirect = 3;
	entry_run(prog, &run, &rig.pkt, &rig.v);
	assert_int_equal(rig.v.kind, VERDICT_REDIRECT);
	assert_int_equal(rig.v.ifindex, 3);
	s.fault = true;
	entry_run(prog, &run, &rig.pkt, &rig.v);
	assert_int_equal(rig.v.drop, DROP_STOPPED);
	assert_int_equal(stat_read(&prog->stats[SLOT].runs), 4);
	assert_int_equal(stat_read(&prog->stats[SLOT].stopped), 1);
	prog_put(prog);
}

static void every_run_counts_once_in_its_slot(void **state)
{
	enum { BURST = 32 };
	struct run run = { .world = &world, .slot = SLOT };
	struct pkt *pkts[BURST];
	struct verdict verdicts[BURST];
	struct rig rig;

	(void)state;
	rig_open(&rig, HOOK_XDP);
	add(&rig, CHAIN_XDP, XDP_PASS);
	add(&rig, CHAIN_XDP, XDP_DROP);
	add(&rig, CHAIN_XDP, XDP_PASS);
	rig_run(&rig);
	for (u32 i = 0; i < BURST; i++)
		pkts[i] = &rig.pkt;
	chain_run_burst(rig.chain, &run, pkts, BURST, verdicts);
	for (u32 i = 0; i < BURST; i++)
		assert_int_equal(verdicts[i].drop, DROP_XDP_DROP);
	for (u32 i = 0; i < 3; i++) {
		const struct prog_stats *s = rig.entries[i].prog->stats;

		assert_int_equal(stat_read(&s[SLOT].runs),
				 i < 2 ? BURST + 1 : 0);
		assert_int_equal(stat_read(&s[0].runs), 0);
		assert_int_equal(stat_read(&s[SLOT].stopped), 0);
	}
	/* each program has all its tail calls, whoever ran before */
	assert_int_equal(rig.scripts[1].saw_tail_calls, 0);
	rig_close(&rig);
}

/* As an engine that loops itself: each packet's number says what it is. */
static u32 play_burst(const struct prog *prog, struct run *run,
		      struct pkt **pkts, u32 n, s32 *codes)
{
	for (u32 i = 0; i < n; i++) {
		run_begin(run, pkts[i]);
		codes[i] = (s32)(pkts[i]->number % 7);
		if (codes[i] == XDP_REDIRECT) {
			run->redirect.set = pkts[i]->number >= 7;
			run->redirect.ifindex = (u32)pkts[i]->number;
			return i + 1;
		}
		if (codes[i] == 6) {
			run->fault.code = -EACCES;
			run->fault.prog = prog;
			return i + 1;
		}
	}
	return n;
}

static void a_program_that_loops_itself_gives_the_same_verdicts(void **state)
{
	enum { BURST = 200 };
	static struct pkt packets[BURST];
	static struct verdict verdicts[BURST];
	struct run run = { .world = &world, .slot = SLOT };
	struct pkt *pkts[BURST];
	const struct prog_stats *s;
	struct chain_entry *e;
	struct rig rig;
	u32 stopped = 0;

	(void)state;
	rig_open(&rig, HOOK_XDP);
	e = add(&rig, CHAIN_XDP, XDP_PASS);
	e->prog->run_burst = play_burst;
	e->chain_actions |= 1 << XDP_TX;
	rig_run(&rig);
	for (u32 i = 0; i < BURST; i++) {
		packets[i] = rig.pkt;
		packets[i].number = i;
		pkts[i] = &packets[i];
	}
	chain_run_burst(rig.chain, &run, pkts, BURST, verdicts);
	for (u32 i = 0; i < BURST; i++) {
		const struct verdict *v = &verdicts[i];

		switch (i % 7) {
		case XDP_TX: /* goes on to the end: has passed */
		case XDP_PASS:
			assert_int_equal(v->kind, VERDICT_PASS);
			break;
		case XDP_REDIRECT:
			if (i < 7) {
				assert_int_equal(v->drop, DROP_REDIRECT);
				break;
			}
			assert_int_equal(v->kind, VERDICT_REDIRECT);
			assert_int_equal(v->ifindex, i);
			break;
		case 6:
			assert_int_equal(v->drop, DROP_STOPPED);
			stopped++;
			break;
		default: assert_int_equal(v->kind, VERDICT_DROP); break;
		}
	}
	s = e->prog->stats;
	/* and the one packet of rig_run() */
	assert_int_equal(stat_read(&s[SLOT].runs), BURST + 1);
	assert_int_equal(stat_read(&s[SLOT].stopped), stopped);
	rig_close(&rig);
}

static void a_burst_ends_with_the_chain_it_found(void **state)
{
	struct rcu *rcu = mem_rcu(mem);
	struct rig rig;

	(void)state;
	rig_open(&rig, HOOK_XDP);
	add(&rig, CHAIN_XDP, XDP_DROP);
	assert_int_equal(rcu_online(rcu, SLOT), 0);
	rig_run(&rig);
	chain_put(rig.chain);
	prog_put(rig.entries[0].prog);
	rcu_reclaim(rcu);
	rig_run(&rig);
	rcu_offline(rcu, SLOT);
	assert_int_equal(rig.v.drop, DROP_XDP_DROP);
	assert_int_equal(rig.scripts[0].runs, 2);
	rcu_barrier(rcu);
	rcu_barrier(rcu);
}

static void drops_have_names_and_meanings(void **state)
{
	(void)state;
	for (u32 i = 0; i < DROP_REASON_COUNT; i++) {
		assert_non_null(drop_about((enum drop_reason)i));
		for (u32 j = 0; j < i; j++)
			assert_string_not_equal(drop_name((enum drop_reason)i),
						drop_name((enum drop_reason)j));
	}
	assert_string_equal(drop_name(DROP_STOPPED), "program_stopped");
	assert_string_equal(drop_name(DROP_REASON_COUNT), "unknown");
}

static int make_mem(void **state)
{
	const struct mem_config config = { .budget = 1 << 20, .slots = 2 };

	(void)state;
	return mem_create(&config, &mem);
}

static int drop_mem(void **state)
{
	(void)state;
	mem_destroy(mem);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hooks_have_names),
		cmocka_unit_test(hooks_take_programs_of_their_type),
		cmocka_unit_test(entries_of_another_hook_are_refused),
		cmocka_unit_test(entries_run_by_priority_and_then_as_they_came),
		cmocka_unit_test(tcx_runs_before_classifiers),
		cmocka_unit_test(an_empty_chain_passes),
		cmocka_unit_test(xdp_codes_end_as_linux_has_it),
		cmocka_unit_test(xdp_goes_on_where_the_entry_says),
		cmocka_unit_test(xdp_that_goes_on_to_the_end_passes),
		cmocka_unit_test(a_redirect_goes_where_the_helper_said),
		cmocka_unit_test(direct_action_ends_with_its_opcodes),
		cmocka_unit_test(
			tcx_leaves_what_it_does_not_know_to_classifiers),
		cmocka_unit_test(tc_codes_drop_under_a_reason),
		cmocka_unit_test(a_classid_match_ends_with_its_minor),
		cmocka_unit_test(direct_action_gives_tc_classid_on_ok_alone),
		cmocka_unit_test(tcx_pass_gives_tc_classid),
		cmocka_unit_test(a_tc_hook_sets_what_belongs_to_it),
		cmocka_unit_test(
			a_stopped_program_is_named_and_its_packet_dropped),
		cmocka_unit_test(the_program_of_an_entry_gives_a_verdict),
		cmocka_unit_test(every_run_counts_once_in_its_slot),
		cmocka_unit_test(
			a_program_that_loops_itself_gives_the_same_verdicts),
		cmocka_unit_test(a_burst_ends_with_the_chain_it_found),
		cmocka_unit_test(drops_have_names_and_meanings),
	};

	return cmocka_run_group_tests(tests, make_mem, drop_mem);
}
