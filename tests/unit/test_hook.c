/* SPDX-License-Identifier: BSD-3-Clause */
#include "hook_rig.h"

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
		cmocka_unit_test(drops_have_names_and_meanings),
	};

	return cmocka_run_group_tests(tests, make_mem, drop_mem);
}
