/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../asm.h"
#include "../plane_rig.h"

#define PORTS RIG_PORTS

static struct mem *mem;
static struct plane *plane;

static struct prog *make_prog(u32 type)
{
	const struct bpf_insn insns[] = { ALU64_K(MOV, R0, 0), EXIT() };
	const struct prog_attr attr = { .type = type,
					.name = "p",
					.license = "GPL",
					.insns = insns,
					.insn_cnt = ARRAY_LEN(insns) };
	struct prog *prog;

	assert_int_equal(prog_create(mem, &attr, NULL, &prog), 0);
	return prog;
}

static int setup(void **state)
{
	const struct mem_config config = { .slots = 1 };

	(void)state;
	if (mem_create(&config, &mem))
		return -1;
	plane = rig_plane(mem);
	return plane ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	rig_plane_free(plane);
	for (int i = 0; i < 4; i++) /* plan, chains, programs, their memory */
		rcu_barrier(mem_rcu(mem));
	mem_destroy(mem);
	return 0;
}

static const struct plan *plan(void)
{
	return atomic_load(&plane->plan);
}

static struct chain_entry xdp_entry(struct prog *prog, u32 priority)
{
	return (struct chain_entry){ .prog = prog,
				     .style = CHAIN_XDP,
				     .priority = priority,
				     .chain_actions = 1u << XDP_PASS };
}

static int attach(u32 port, enum hook_kind hook, struct chain_entry entry)
{
	return plane_attach(plane, port, hook, &entry, NULL);
}

static void a_plan_is_there_from_the_start(void **state)
{
	(void)state;
	assert_int_equal(plan()->port_cnt, PORTS);
	for (u32 i = 0; i < PORTS; i++)
		for (u32 hook = 0; hook < HOOK_KINDS; hook++)
			assert_null(plan()->port[i].chain[hook]);
	assert_int_equal(plan()->port[0].out, 1);
	assert_int_equal(plan()->port[2].out, 2);
}

static void attachments_run_in_their_order(void **state)
{
	struct prog *prog = make_prog(BPF_PROG_TYPE_XDP);
	static const u32 priorities[] = { 50, 10, 50, 70, 10 };
	static const u32 order[] = { 1, 4, 0, 2, 3 };
	struct attachment list[8];
	int ids[ARRAY_LEN(priorities)];

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(priorities); i++) {
		ids[i] = attach(1, HOOK_XDP, xdp_entry(prog, priorities[i]));
		assert_true(ids[i] > 0);
		assert_int_equal(chain_len(plan()->port[1].chain[HOOK_XDP]),
				 i + 1);
	}
	assert_null(plan()->port[0].chain[HOOK_XDP]);
	assert_int_equal(plane_attachments(plane, list, 2), 5);
	prog_put(list[0].entry.prog);
	prog_put(list[1].entry.prog);
	assert_int_equal(plane_attachments(plane, list, 8), 5);
	for (u32 i = 0; i < 5; i++) {
		assert_int_equal(list[i].id, ids[order[i]]);
		assert_int_equal(
			chain_at(plan()->port[1].chain[HOOK_XDP], i)->priority,
			priorities[order[i]]);
		prog_put(list[i].entry.prog);
	}
	for (u32 i = 0; i < 5; i++)
		assert_int_equal(plane_detach(plane, (u32)ids[i], NULL), 0);
	assert_null(plan()->port[1].chain[HOOK_XDP]);
	assert_int_equal(plane_detach(plane, (u32)ids[0], NULL), -ENOENT);
	prog_put(prog);
}

static void ids_are_never_used_twice(void **state)
{
	struct prog *prog = make_prog(BPF_PROG_TYPE_XDP);
	int first = attach(0, HOOK_XDP, xdp_entry(prog, 50)), second;

	(void)state;
	assert_int_equal(plane_detach(plane, (u32)first, NULL), 0);
	second = attach(0, HOOK_XDP, xdp_entry(prog, 50));
	assert_true(second > first);
	assert_int_equal(plane_detach(plane, (u32)second, NULL), 0);
	prog_put(prog);
}

static void a_replacement_keeps_id_and_order(void **state)
{
	struct prog *one = make_prog(BPF_PROG_TYPE_XDP);
	struct prog *two = make_prog(BPF_PROG_TYPE_XDP);
	int id = attach(0, HOOK_XDP, xdp_entry(one, 20));
	const struct plan *before = plan();
	struct attachment a;

	(void)state;
	assert_int_equal(plane_replace(plane, (u32)id, two, NULL), 0);
	assert_ptr_not_equal(plan(), before);
	assert_int_equal(plane_attachments(plane, &a, 1), 1);
	assert_ptr_equal(a.entry.prog, two);
	assert_int_equal(a.id, id);
	assert_int_equal(a.entry.priority, 20);
	prog_put(a.entry.prog);
	assert_int_equal(plane_replace(plane, 9999, two, NULL), -ENOENT);
	assert_int_equal(plane_detach(plane, (u32)id, NULL), 0);
	prog_put(two);
	prog_put(one);
}

static void changes_are_made_as_a_whole_or_not_at_all(void **state)
{
	struct prog *xdp = make_prog(BPF_PROG_TYPE_XDP);
	struct prog *tc = make_prog(BPF_PROG_TYPE_SCHED_CLS);
	int id = attach(0, HOOK_XDP, xdp_entry(xdp, 50));
	const struct plane_change last[] = {
		{ .kind = CHANGE_DETACH, .id = 9999 },
		{ .kind = CHANGE_REPLACE, .id = (u32)id, .entry.prog = tc },
		{ .kind = CHANGE_REPLACE, .id = 9999, .entry.prog = xdp },
		{ .kind = CHANGE_ATTACH, .port = PORTS, .entry.prog = xdp },
		{ .kind = CHANGE_ATTACH,
		  .hook = HOOK_TC_INGRESS,
		  .entry = xdp_entry(xdp, 1) },
		{ .kind = CHANGE_FORWARD, .port = PORTS },
		{ .kind = CHANGE_FORWARD,
		  .forward = { FORWARD_PORT, "nowhere" } },
		{ .kind = (enum plane_change_kind)77 },
	};
	const struct plan *before = plan();
	struct attachment a;

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(last); i++) {
		struct plane_change changes[] = {
			{ .kind = CHANGE_ATTACH,
			  .port = 1,
			  .hook = HOOK_XDP,
			  .entry = xdp_entry(xdp, 5) },
			{ .kind = CHANGE_FORWARD,
			  .port = 1,
			  .forward = { .kind = FORWARD_DROP } },
			last[i],
		};
		struct err err = { 0 };

		assert_true(plane_apply(plane, changes, ARRAY_LEN(changes),
					&err) < 0);
		assert_true(err.reason[0]);
		assert_ptr_equal(plan(), before);
		assert_int_equal(plane_attachments(plane, &a, 1), 1);
		assert_int_equal(a.id, id);
		assert_ptr_equal(a.entry.prog, xdp);
		prog_put(a.entry.prog);
	}
	assert_int_equal(plan()->port[1].out, 0);
	assert_int_equal(plane_detach(plane, (u32)id, NULL), 0);
	prog_put(tc);
	prog_put(xdp);
}

static void many_changes_are_one_plan(void **state)
{
	struct prog *xdp = make_prog(BPF_PROG_TYPE_XDP);
	struct prog *tc = make_prog(BPF_PROG_TYPE_SCHED_CLS);
	struct plane_change changes[] = {
		{ .kind = CHANGE_ATTACH,
		  .port = 0,
		  .hook = HOOK_XDP,
		  .entry = xdp_entry(xdp, 5) },
		{ .kind = CHANGE_ATTACH,
		  .port = 2,
		  .hook = HOOK_TC_EGRESS,
		  .entry = { .prog = tc, .style = CHAIN_TCX } },
		{ .kind = CHANGE_FORWARD,
		  .port = 0,
		  .forward = { FORWARD_PORT, "c" } },
	};
	struct plane_change back[] = { { .kind = CHANGE_DETACH },
				       { .kind = CHANGE_DETACH },
				       { .kind = CHANGE_FORWARD } };
	struct forward f;

	(void)state;
	assert_int_equal(plane_apply(plane, changes, 3, NULL), 0);
	assert_int_equal(chain_len(plan()->port[0].chain[HOOK_XDP]), 1);
	assert_int_equal(chain_len(plan()->port[2].chain[HOOK_TC_EGRESS]), 1);
	assert_int_equal(plan()->port[0].out, 2);
	plane_forward(plane, 0, &f);
	assert_string_equal(f.port, "c");
	back[0].id = changes[0].id;
	back[1].id = changes[1].id;
	assert_int_equal(plane_apply(plane, back, 3, NULL), 0);
	assert_null(plan()->port[0].chain[HOOK_XDP]);
	assert_null(plan()->port[2].chain[HOOK_TC_EGRESS]);
	assert_int_equal(plan()->port[0].out, 1);
	prog_put(tc);
	prog_put(xdp);
}

static void what_is_attached_is_held(void **state)
{
	struct prog *prog = make_prog(BPF_PROG_TYPE_XDP);
	int id = attach(0, HOOK_XDP, xdp_entry(prog, 50));

	(void)state;
	/* in the list and in the chain */
	assert_int_equal(atomic_load(&prog->refs), 3);
	assert_int_equal(plane_detach(plane, (u32)id, NULL), 0);
	rcu_barrier(mem_rcu(mem));
	assert_int_equal(atomic_load(&prog->refs), 1);
	prog_put(prog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plan_is_there_from_the_start),
		cmocka_unit_test(attachments_run_in_their_order),
		cmocka_unit_test(ids_are_never_used_twice),
		cmocka_unit_test(a_replacement_keeps_id_and_order),
		cmocka_unit_test(changes_are_made_as_a_whole_or_not_at_all),
		cmocka_unit_test(many_changes_are_one_plan),
		cmocka_unit_test(what_is_attached_is_held),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
