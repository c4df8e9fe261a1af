/* SPDX-License-Identifier: BSD-3-Clause */
/* Contexts as the interpreter sees them; code that nobody may write; objects
 * that are damaged. */
#include <errno.h>
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "../engine.h"
#include "helper/helper.h"
#include "jit/emit.h"
#include "jit/object.h"
#include "jit/symbol.h"
#include "vm_rig.h"

static struct rig rig;

static int open_rig(void **state)
{
	(void)state;
	return rig_open(&rig) ? 0 : -1;
}

static int close_rig(void **state)
{
	(void)state;
	rig_close(&rig);
	return 0;
}

static void rig_program(const struct bpf_insn *insns, u32 cnt, u32 type,
			struct prog *prog)
{
	*prog = (struct prog){ .type = type,
			       .gpl = true,
			       .insns = (struct bpf_insn *)insns,
			       .insn_cnt = cnt,
			       .maps = rig.maps,
			       .map_cnt = RIG_MAPS };
}

/* ---- contexts ---- */

static const u32 types[] = { BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_SCHED_CLS,
			     BPF_PROG_TYPE_SOCKET_FILTER };

/* Every field of the view has a value of its own. */
static void fill_packet(void)
{
	struct pkt *p = &rig.pkt;

	rig_packet(&rig);
	p->ingress_ifindex = 0x11223344;
	p->ifindex = 0x21324354;
	p->egress_ifindex = 0x31425364;
	p->rx_queue = 0x41526374;
	p->mark = 0x51627384;
	p->priority = 0x61728394;
	p->hash = 0x718293a4;
	p->queue_mapping = 0x8192;
	p->tc_index = 0x91a2;
	p->tc_classid = 0xa1b2;
	for (u32 i = 0; i < PKT_CB_WORDS; i++)
		p->cb[i] = 0xb1c2d3e4 + i;
	p->napi_id = 0xc1d2e3f4;
	p->gso_size = 0xd1e2;
	p->gso_segs = 0xe1f2;
	p->wire_len = 0xf1021324;
	p->tstamp = 0x0112233445566778;
	p->hwtstamp = 0x1122334455667788;
	p->protocol = 0x2132;
	p->vlan_proto = 0x3142;
	p->vlan_tci = 0x4152;
	p->vlan_present = true;
	p->tstamp_type = 1;
	p->pkt_type = 3;
}

/* What the program leaves in the packet view, too. */
static u64 run_on(const struct bpf_insn *insns, u32 cnt, u32 type,
		  const u8 *facts, enum engine e, struct pkt *after)
{
	const struct jit_opts opts = {
		.level = e == ENGINE_O0 ? JIT_O0 : JIT_O2,
	};
	struct err err = { 0 };
	struct prog prog;
	u64 r0;

	rig_program(insns, cnt, type, &prog);
	prog.facts = (u8 *)facts;
	assert_int_equal(vm_prepare(&prog, VM_PLAIN, &err), 0);
	if (engine_is_jit(e) && jit_prepare(&prog, &opts, &err))
		fail_msg("not compiled: %s", err.reason);
	fill_packet();
	r0 = prog_run(&prog, &rig.run);
	engine_free(&prog);
	*after = rig.pkt;
	return r0;
}

static void same_on_all(const struct bpf_insn *insns, u32 cnt, u32 type,
			const u8 *facts, const char *field)
{
	struct pkt plain, compiled;
	u64 r0 = run_on(insns, cnt, type, facts, ENGINE_PLAIN, &plain), got;
	static u32 number;

	number++;
	for (enum engine e = ENGINE_O0; e < ENGINES; e++) {
		if (!engine_takes(e, number))
			continue;
		got = run_on(insns, cnt, type, facts, e, &compiled);
		if (got != r0)
			fail_msg("%s at %d, %s: %#llx instead of %#llx", field,
				 insns[0].off, engine_names[e],
				 (unsigned long long)got,
				 (unsigned long long)r0);
		if (memcmp(&plain, &compiled, sizeof(plain)) != 0)
			fail_msg("%s at %d, %s: another packet view", field,
				 insns[0].off, engine_names[e]);
	}
}

static u8 size_code(u32 size)
{
	return size == 1   ? BPF_B
	       : size == 2 ? BPF_H
	       : size == 4 ? BPF_W
			   : BPF_DW;
}

static void contexts_read_as_interpreted(void **state)
{
	const u8 facts[] = { VERIFY_INSN_CTX, 0 };
	u32 tried = 0;

	(void)state;
	for (size_t t = 0; t < ARRAY_LEN(types); t++)
		for (u32 off = 0; off < ctx_size(types[t]); off++)
			for (u32 size = 1; size <= 8; size *= 2) {
				const struct ctx_field *f =
					ctx_find(types[t], 0, off, size, false);
				const struct bpf_insn insns[] = {
					RAW(BPF_LDX | BPF_MEM | size_code(size),
					    R0, R1, (s16)off, 0),
					EXIT(),
				};

				if (!f)
					continue;
				same_on_all(insns, 2, types[t], facts, f->name);
				tried++;
			}
	assert_true(tried > 200);
}

static void contexts_are_written_as_interpreted(void **state)
{
	const u8 facts[] = { 0, 0, VERIFY_INSN_CTX, VERIFY_INSN_CTX, 0, 0 };
	u32 tried = 0;

	(void)state;
	for (size_t t = 0; t < ARRAY_LEN(types); t++)
		for (u32 off = 0; off < ctx_size(types[t]); off++)
			for (u32 size = 1; size <= 8; size *= 2) {
				const struct ctx_field *f =
					ctx_find(types[t], 0, off, size, true);
				u8 code = BPF_MEM | size_code(size);
				const struct bpf_insn insns[] = {
					LD64(R2, 0x8877665544332211),
					RAW(BPF_STX | code, R1, R2, (s16)off,
					    0),
					RAW(BPF_ST | code, R1, 0, (s16)off,
					    (s32)(0x80000000 | off)),
					ALU64_K(MOV, R0, 0),
					EXIT(),
				};

				if (!f)
					continue;
				same_on_all(insns, 6, types[t], facts, f->name);
				tried++;
			}
	assert_true(tried > 30);
}

/* ---- bursts ---- */

/* Returns the packet's mark, and counts in it; asks for a port if that is a
 * redirect. */
static const struct bpf_insn by_mark[] = {
	ALU64_X(MOV, R6, R1),
	LDX(W, R7, R6, offsetof(struct __sk_buff, mark)),
	ALU64_X(MOV, R1, R7),
	ALU64_K(ADD, R1, 100),
	STX(W, R6, offsetof(struct __sk_buff, mark), R1),
	ALU64_X(MOV, R0, R7),
	JMP64_K(JNE, R7, TC_ACT_REDIRECT, 3),
	ALU64_K(MOV, R1, 9),
	ALU64_K(MOV, R2, 0),
	CALL(BPF_FUNC_redirect),
	EXIT(),
};

static void bursts_run_in_order_up_to_a_redirect(void **state)
{
	enum { BURST = 8 };
	static const u32 marks[BURST] = {
		0, 1, 2, TC_ACT_REDIRECT, 3, 5, 6, 2
	};
	u8 facts[ARRAY_LEN(by_mark)] = {
		[1] = VERIFY_INSN_CTX, [4] = VERIFY_INSN_CTX
	};
	struct pkt packets[BURST], *pkts[BURST];
	s32 codes[BURST];

	(void)state;
	for (enum jit_level level = JIT_O0; level <= JIT_O2; level++) {
		const struct jit_opts opts = { .level = level };
		struct err err = { 0 };
		struct prog prog;

		rig_program(by_mark, ARRAY_LEN(by_mark),
			    BPF_PROG_TYPE_SCHED_CLS, &prog);
		prog.facts = facts;
		assert_int_equal(vm_prepare(&prog, VM_PLAIN, &err), 0);
		assert_null(prog.run_burst);
		assert_int_equal(jit_prepare(&prog, &opts, &err), 0);
		rig_packet(&rig);
		for (u32 i = 0; i < BURST; i++) {
			packets[i] = rig.pkt;
			packets[i].mark = marks[i];
			pkts[i] = &packets[i];
		}
		rig.run.redirect.set = true;
		rig.run.tail_calls = 7;
		assert_int_equal(prog.run_burst(&prog, &rig.run, pkts, 3,
						codes),
				 3);
		assert_false(rig.run.redirect.set);
		assert_int_equal(rig.run.tail_calls, 0);
		assert_int_equal(prog.run_burst(&prog, &rig.run, pkts + 3, 5,
						codes + 3),
				 1);
		assert_true(rig.run.redirect.set);
		assert_int_equal(rig.run.redirect.ifindex, 9);
		assert_int_equal(prog.run_burst(&prog, &rig.run, pkts + 4, 4,
						codes + 4),
				 4);
		for (u32 i = 0; i < BURST; i++) {
			assert_int_equal(codes[i], marks[i]);
			assert_int_equal(packets[i].mark, marks[i] + 100);
		}
		engine_free(&prog);
	}
}

/* ---- code ---- */

/* The protection of the mapping that holds an address, as in "r-xp". */
static void protection_of(const void *at, char *out)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long long from, to;
	char line[512], access[8];

	strcpy(out, "");
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%llx-%llx %7s", &from, &to, access) == 3 &&
		    (uintptr_t)at >= from && (uintptr_t)at < to)
			strcpy(out, access);
	fclose(maps);
}

/* With a table of jumps among its constants. */
static const struct bpf_insn with_constants[] = {
	LDX(W, R2, R1, 0),
	ALU64_K(AND, R2, 7),
	JMP64_K(JEQ, R2, 0, 7),
	JMP64_K(JEQ, R2, 1, 8),
	JMP64_K(JEQ, R2, 2, 9),
	JMP64_K(JEQ, R2, 3, 10),
	JMP64_K(JEQ, R2, 4, 11),
	JMP64_K(JEQ, R2, 5, 12),
	ALU64_K(MOV, R0, 1),
	EXIT(),
	CALL(BPF_FUNC_ktime_get_ns),
	EXIT(),
	CALL(BPF_FUNC_jiffies64),
	EXIT(),
	CALL(BPF_FUNC_get_prandom_u32),
	EXIT(),
	CALL(BPF_FUNC_get_smp_processor_id),
	EXIT(),
	CALL(BPF_FUNC_ktime_get_boot_ns),
	EXIT(),
	CALL(BPF_FUNC_ktime_get_tai_ns),
	EXIT(),
};

static void emit(const struct prog *prog, u8 **object, size_t *size)
{
	u8 *facts = calloc(prog->insn_cnt, 1);
	const struct jit_job job = { .type = prog->type,
				     .level = JIT_O2,
				     .memory = true,
				     .insns = prog->insns,
				     .insn_cnt = prog->insn_cnt,
				     .facts = facts };
	struct err err = { 0 };

	if (jit_emit(&job, &err, object, size))
		fail_msg("not compiled: %s", err.reason);
	free(facts);
}

static void nothing_is_writable_and_executable(void **state)
{
	struct jit_code code;
	struct err err = { 0 };
	struct prog prog;
	char access[8];
	size_t size;
	u8 *object;

	(void)state;
	rig_program(with_constants, ARRAY_LEN(with_constants),
		    BPF_PROG_TYPE_XDP, &prog);
	emit(&prog, &object, &size);
	assert_int_equal(jit_object_load(object, size, 1 << 20, jit_symbol,
					 &prog, &err, &code),
			 0);
	free(object);
	protection_of(code.base, access);
	assert_string_equal(access, "r-xp");
	assert_true(code.size > code.text_size);
	protection_of(code.base + code.text_size, access);
	assert_string_equal(access, "r--p");
	jit_code_free(&code);
}

static void big_code_is_refused(void **state)
{
	struct jit_code code;
	struct err err = { 0 };
	struct prog prog;
	size_t size;
	u8 *object;

	(void)state;
	rig_program(with_constants, ARRAY_LEN(with_constants),
		    BPF_PROG_TYPE_XDP, &prog);
	emit(&prog, &object, &size);
	assert_int_equal(jit_object_load(object, size, 64, jit_symbol, &prog,
					 &err, &code),
			 -E2BIG);
	assert_null(code.base);
	free(object);
}

static bool no_symbol(void *arg, const char *name, u64 *value)
{
	(void)arg;
	(void)name;
	(void)value;
	return false;
}

static void unknown_symbols_are_refused(void **state)
{
	struct jit_code code;
	struct err err = { 0 };
	struct prog prog;
	size_t size;
	u8 *object;

	(void)state;
	rig_program(with_constants, ARRAY_LEN(with_constants),
		    BPF_PROG_TYPE_XDP, &prog);
	emit(&prog, &object, &size);
	assert_int_equal(jit_object_load(object, size, 1 << 20, no_symbol, NULL,
					 &err, &code),
			 -EUCLEAN);
	assert_non_null(strstr(err.reason, "helper."));
	free(object);
}

static void names_mean_what_there_is(void **state)
{
	struct prog prog;
	u64 value;

	(void)state;
	rig_program(with_constants, ARRAY_LEN(with_constants),
		    BPF_PROG_TYPE_XDP, &prog);
	assert_true(jit_symbol(&prog, "map.1", &value));
	assert_int_equal(value, (u64)(uintptr_t)rig.maps[1]);
	assert_true(jit_symbol(&prog, "helper.1", &value));
	assert_int_equal(value, (u64)(uintptr_t)helper_find(1)->fn);
	assert_false(jit_symbol(&prog, "map.4", &value));
	assert_false(jit_symbol(&prog, "value.0", &value));   /* has two */
	assert_false(jit_symbol(&prog, "helper.12", &value)); /* tail_call */
	assert_false(jit_symbol(&prog, "helper.100000", &value));
	assert_false(jit_symbol(&prog, "ctx.read.0.4", &value));
	assert_false(jit_symbol(&prog, "system", &value));
	assert_false(jit_symbol(&prog, "", &value));
}

/* Whatever is wrong, it is refused or loaded; the sanitizers watch. */
static void damaged_objects_do_no_harm(void **state)
{
	u64 random = 0x9e3779b97f4a7c15;
	struct prog prog;
	u8 *object, *bad;
	size_t size;
	u32 refused = 0;

	(void)state;
	rig_program(with_constants, ARRAY_LEN(with_constants),
		    BPF_PROG_TYPE_XDP, &prog);
	emit(&prog, &object, &size);
	for (u32 i = 0; i < 20000; i++) {
		struct jit_code code;
		struct err err = { 0 };
		size_t len = size;

		random = random * 6364136223846793005 + 1442695040888963407;
		if (i % 4 == 0)
			len = (random >> 33) % size;
		bad = malloc(len + 1);
		memcpy(bad, object, len);
		for (u32 k = 0; len && k < i % 3; k++)
			bad[(random >> (20 + k)) % len] ^=
				(u8)(1 << (random >> 50) % 8);
		if (jit_object_load(bad, len, 1 << 20, jit_symbol, &prog, &err,
				    &code))
			refused++;
		else
			jit_code_free(&code);
		free(bad);
	}
	assert_true(refused > 5000);
	free(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contexts_read_as_interpreted),
		cmocka_unit_test(contexts_are_written_as_interpreted),
		cmocka_unit_test(bursts_run_in_order_up_to_a_redirect),
		cmocka_unit_test(nothing_is_writable_and_executable),
		cmocka_unit_test(big_code_is_refused),
		cmocka_unit_test(unknown_symbols_are_refused),
		cmocka_unit_test(names_mean_what_there_is),
		cmocka_unit_test(damaged_objects_do_no_harm),
	};

	return cmocka_run_group_tests(tests, open_rig, close_rig);
}
