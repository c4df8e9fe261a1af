/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../asm.h"
#include "mem/rcu.h"
#include "prog/prog.h"

static struct map_env env = { .progs = &prog_refs };

static int make_env(void **state)
{
	const struct mem_config config = { .budget = 64ull << 20, .slots = 2 };

	(void)state;
	return mem_create(&config, &env.mem);
}

/* What is freed may hold something that is freed then. */
static void settle(void)
{
	for (u32 i = 0; i < 3; i++)
		rcu_barrier(mem_rcu(env.mem));
}

static int drop_env(void **state)
{
	(void)state;
	settle();
	assert_int_equal(mem_used(env.mem), 0);
	mem_destroy(env.mem);
	return 0;
}

static struct prog *make(const struct prog_attr *attr)
{
	struct prog *prog;

	assert_int_equal(prog_create(env.mem, attr, NULL, &prog), 0);
	return prog;
}

static const struct bpf_insn pass[] = { ALU64_K(MOV, R0, XDP_PASS), EXIT() };

static struct prog_attr plain(void)
{
	return (struct prog_attr){
		.type = BPF_PROG_TYPE_XDP,
		.name = "a_name_longer_than_fifteen",
		.license = "GPL",
		.insns = pass,
		.insn_cnt = ARRAY_LEN(pass),
	};
}

static void names_are_cut_where_linux_cuts_them(void **state)
{
	const struct prog_attr attr = plain();
	struct prog *prog = make(&attr);

	(void)state;
	assert_string_equal(prog->full_name, "a_name_longer_than_fifteen");
	assert_string_equal(prog->name, "a_name_longer_t");
	assert_int_equal(prog->slots, 2);
	assert_int_equal((uintptr_t)prog->stats % CACHE_LINE, 0);
	prog_put(prog);
}

static void licenses_are_linuxs(void **state)
{
	static const struct {
		const char *license;
		bool gpl;
	} rows[] = {
		{ "GPL", true },	  { "GPL v2", true },
		{ "Dual BSD/GPL", true }, { "Dual MIT/GPL", true },
		{ "Dual MPL/GPL", true }, { "GPL and additional rights", true },
		{ "gpl", false },	  { "GPL ", false },
		{ "MIT", false },	  { "", false },
		{ NULL, false },
	};
	struct prog_attr attr = plain();

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		struct prog *prog;

		attr.license = rows[i].license;
		prog = make(&attr);
		assert_int_equal(prog->gpl, rows[i].gpl);
		prog_put(prog);
	}
}

static struct map *make_map(u32 type)
{
	const struct map_attr attr = {
		.type = type, .key_size = 4, .value_size = 4, .max_entries = 2
	};
	struct map *map;

	assert_int_equal(map_create(&env, &attr, NULL, &map), 0);
	return map;
}

static void its_maps_stay_while_it_does(void **state)
{
	struct map *map = make_map(BPF_MAP_TYPE_ARRAY);
	struct prog_attr attr = plain();
	struct prog *prog;

	(void)state;
	attr.maps = &map;
	attr.map_cnt = 1;
	prog = make(&attr);
	map_put(map);
	settle();
	assert_true(mem_used(env.mem) > 0);
	assert_ptr_equal(prog->maps[0], map);
	prog_put(prog);
	settle();
	assert_int_equal(mem_used(env.mem), 0);
}

/* The array goes with its last user, so the two do not keep each other. */
static void a_program_in_its_own_prog_array_can_go(void **state)
{
	struct map *jumps = make_map(BPF_MAP_TYPE_PROG_ARRAY);
	struct prog_attr attr = plain();
	const u32 slot = 1;
	struct prog *prog;

	(void)state;
	attr.maps = &jumps;
	attr.map_cnt = 1;
	prog = make(&attr);
	assert_int_equal(jumps->ops->write_object(jumps, &slot, prog, 0), 0);
	prog_put(prog);
	settle();
	assert_ptr_equal(prog_try_get(prog), prog);
	prog_put(prog);
	map_put(jumps);
	settle();
	assert_int_equal(mem_used(env.mem), 0);
}

static void kinds_differ_where_linux_tells_programs_apart(void **state)
{
	struct prog_attr attrs[5];
	struct prog *progs[5];

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(attrs); i++)
		attrs[i] = plain();
	attrs[1].type = BPF_PROG_TYPE_SCHED_CLS;
	attrs[2].expected_attach_type = BPF_XDP_DEVMAP;
	attrs[3].flags = BPF_F_XDP_HAS_FRAGS;
	attrs[4].flags = BPF_F_STRICT_ALIGNMENT;
	for (u32 i = 0; i < ARRAY_LEN(attrs); i++)
		progs[i] = make(&attrs[i]);
	for (u32 i = 0; i < 4; i++)
		for (u32 j = 0; j < i; j++)
			assert_int_not_equal(prog_refs.kind(progs[i]),
					     prog_refs.kind(progs[j]));
	assert_int_equal(prog_refs.kind(progs[4]), prog_refs.kind(progs[0]));
	assert_int_not_equal(prog_refs.kind(progs[0]), 0);
	for (u32 i = 0; i < ARRAY_LEN(attrs); i++)
		prog_put(progs[i]);
}

static u32 freed, gone;

static void free_image(void *image)
{
	assert_ptr_equal(image, &freed);
	freed++;
}

static void count_gone(struct prog *prog, void *arg)
{
	assert_null(prog_try_get(prog));
	assert_ptr_equal(arg, &gone);
	gone++;
}

static void a_program_is_freed_after_a_grace_period(void **state)
{
	const struct prog_attr attr = plain();
	struct prog *prog = make(&attr);
	struct rcu *rcu = mem_rcu(env.mem);
	u32 early;

	(void)state;
	prog->image = &freed;
	prog->free_image = free_image;
	prog->gone = count_gone;
	prog->gone_arg = &gone;
	assert_int_equal(rcu_online(rcu, 0), 0);
	assert_ptr_equal(prog_get(prog), prog);
	prog_put(prog);
	early = gone;
	prog_put(prog);
	rcu_reclaim(rcu);
	early += freed; /* this slot may still run it */
	rcu_offline(rcu, 0);
	rcu_barrier(rcu);
	assert_int_equal(early, 0);
	assert_int_equal(gone, 1);
	assert_int_equal(freed, 1);
}

static void lines_cover_up_to_the_next(void **state)
{
	static const struct prog_line lines[] = {
		{ .insn = 1, .line = 10 },
		{ .insn = 2, .line = 20 },
		{ .insn = 7, .line = 30 },
	};
	struct prog_attr attr = plain();
	struct prog *prog;

	(void)state;
	attr.lines = lines;
	attr.line_cnt = ARRAY_LEN(lines);
	prog = make(&attr);
	assert_null(prog_line_at(prog, 0));
	assert_int_equal(prog_line_at(prog, 1)->line, 10);
	assert_int_equal(prog_line_at(prog, 6)->line, 20);
	assert_int_equal(prog_line_at(prog, 7)->line, 30);
	assert_int_equal(prog_line_at(prog, UINT32_MAX)->line, 30);
	prog_put(prog);
	attr.line_cnt = 0;
	prog = make(&attr);
	assert_null(prog_line_at(prog, 0));
	prog_put(prog);
}

static void types_have_bpftools_names(void **state)
{
	(void)state;
	assert_string_equal(prog_type_name(BPF_PROG_TYPE_XDP), "xdp");
	assert_string_equal(prog_type_name(BPF_PROG_TYPE_NETFILTER),
			    "netfilter");
	assert_string_equal(prog_type_name(UINT32_MAX), "unknown");
	for (u32 i = 0; i <= BPF_PROG_TYPE_NETFILTER; i++)
		assert_non_null(prog_type_name(i));
}

static void the_plain_world_is_the_hosts(void **state)
{
	const struct world_ops *ops = world_host.ops;
	u32 seen = 0;

	(void)state;
	for (u32 i = 0; i < 32; i++)
		seen |= ops->random(&world_host, 0) ^
			ops->random(&world_host, 0);
	assert_int_equal(seen, UINT32_MAX);
	assert_int_equal(ops->cpu(&world_host, 5), 5);
	assert_int_equal(ops->cpu(&world_host, SLOT_NONE), 0);
	assert_true(ops->ktime_ns(&world_host, CLOCK_MONOTONIC) <=
		    ops->ktime_ns(&world_host, CLOCK_MONOTONIC));
	assert_true(ops->ktime_ns(&world_host, CLOCK_BOOTTIME) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_cut_where_linux_cuts_them),
		cmocka_unit_test(licenses_are_linuxs),
		cmocka_unit_test(its_maps_stay_while_it_does),
		cmocka_unit_test(a_program_in_its_own_prog_array_can_go),
		cmocka_unit_test(kinds_differ_where_linux_tells_programs_apart),
		cmocka_unit_test(a_program_is_freed_after_a_grace_period),
		cmocka_unit_test(lines_cover_up_to_the_next),
		cmocka_unit_test(types_have_bpftools_names),
		cmocka_unit_test(the_plain_world_is_the_hosts),
	};

	return cmocka_run_group_tests(tests, make_env, drop_env);
}
