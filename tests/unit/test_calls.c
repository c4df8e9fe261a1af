/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Callbacks, dynptrs, iterators, text and timers: compiled programs do the same in both modes
 * of the interpreter, and what nobody verified is stopped.
 */
#include <errno.h>
#include <stdio.h>

#include "bpf/kfunc.h"
#include "elf/elf_obj.h"
#include "prog/environ.h"
#include "sys_rig.h"
#include "vm_rig.h"

#define PACKETS 200

/* ---- both modes ---- */

struct side {
	struct sys_obj *so;
	struct run run;
	struct pkt pkt;
	u8 buffer[ENVIRON_BUFFER];
};

static u32 seed = 1;

static u32 some(u32 below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static u64 run_side(struct side *s, const struct prog *prog, const u8 *frame,
		    u32 len)
{
	u64 ret;

	assert_int_equal(environ_lay(prog->type, &s->pkt, s->buffer, frame, len,
				     NULL),
			 0);
	s->run.world = &world_host;
	run_begin(&s->run, &s->pkt);
	ret = prog_run(prog, &s->run);
	if (s->run.fault.code)
		fail_msg("%s: %s", prog->full_name, s->run.fault.text);
	assert_null(s->run.machine);
	return ret;
}

static void same_results(const struct side *a, const struct side *b, u32 map,
			 u32 cnt)
{
	static u8 values[2][4096];
	u32 found = 0;

	for (u32 key = 0; key < cnt; key++) {
		if (sys_map_read(sys, a->so->maps[map], &key, values[0], 0))
			continue;
		assert_int_equal(sys_map_read(sys, b->so->maps[map], &key,
					      values[1], 0),
				 0);
		assert_memory_equal(values[0], values[1],
				    a->so->maps[map]->value_size);
		found++;
	}
	assert_int_equal(found, cnt);
}

static void run_both(struct side *plain, struct side *checked, u32 at)
{
	struct prog *progs[] = { plain->so->progs[at], checked->so->progs[at] };
	struct err err = { 0 };
	u8 frame[256];

	progs[1]->free_image(progs[1]->image);
	if (vm_prepare(progs[1], VM_CHECKED, &err))
		fail_msg("%s", err.reason);
	for (u32 n = 0; n < PACKETS; n++) {
		u32 len = 60 + some(sizeof(frame) - 60);

		for (u32 i = 0; i < len; i++)
			frame[i] = (u8)some(256);
		assert_int_equal(run_side(plain, progs[0], frame, len),
				 run_side(checked, progs[1], frame, len));
		assert_int_equal(pkt_len(&plain->pkt), pkt_len(&checked->pkt));
		assert_memory_equal(plain->pkt.data, checked->pkt.data,
				    pkt_len(&plain->pkt));
	}
}

static void both_modes(const char *name)
{
	static struct side plain, checked;
	struct err err = { 0 };
	struct elf_obj *obj;
	char path[512];
	u32 runs = 0;

	snprintf(path, sizeof(path), "%s/%s.o", ELF_OBJECTS, name);
	if (elf_open(path, NULL, &err, &obj) ||
	    sys_load(sys, obj, NULL, &err, &plain.so) ||
	    sys_load(sys, obj, NULL, &err, &checked.so))
		fail_msg("%s: %s", err.place, err.reason);
	for (u32 i = 0; i < obj->prog_cnt; i++, runs += PACKETS)
		run_both(&plain, &checked, i);
	for (u32 i = 0; i < obj->map_cnt; i++)
		if (strcmp(obj->maps[i].name, "results") == 0)
			same_results(&plain, &checked, i, runs);
	sys_obj_put(plain.so);
	sys_obj_put(checked.so);
	elf_close(obj);
	assert_empty();
}

static void callbacks_in_both_modes(void **state)
{
	(void)state;
	both_modes("callbacks");
}

static void dynptrs_in_both_modes(void **state)
{
	(void)state;
	both_modes("dynptrs");
}

static void text_in_both_modes(void **state)
{
	(void)state;
	both_modes("text");
}

static void timers_in_both_modes(void **state)
{
	(void)state;
	both_modes("timers");
}

/* ---- what is stopped ---- */

#define KFUNC_CALL(name) \
	RAW(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, KFUNC_##name)
#define STACK(reg, off) ALU64_X(MOV, reg, R10), ALU64_K(ADD, reg, off)
/* a dynptr of 16 bytes at fp-16; an iterator at fp-8; a record's at fp-16 */
#define FROM_MEM                                                       \
	LD_VALUE(R1, 0, 0), ALU64_K(MOV, R2, 16), ALU64_K(MOV, R3, 0), \
		STACK(R4, -16), CALL(BPF_FUNC_dynptr_from_mem)
#define NEW_ITER                                                 \
	STACK(R1, -8), ALU64_K(MOV, R2, 0), ALU64_K(MOV, R3, 9), \
		KFUNC_CALL(iter_num_new)
#define RESERVE                                                   \
	LD_MAP(R1, 1), ALU64_K(MOV, R2, 16), ALU64_K(MOV, R3, 0), \
		STACK(R4, -16), CALL(BPF_FUNC_ringbuf_reserve_dynptr)
#define DISCARD                              \
	STACK(R1, -16), ALU64_K(MOV, R2, 0), \
		CALL(BPF_FUNC_ringbuf_discard_dynptr)
#define END ALU64_K(MOV, R0, 0), EXIT()

#define CODE(...)                                                  \
	(const struct bpf_insn[]){ __VA_ARGS__ },                  \
		sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / \
			sizeof(struct bpf_insn)

static const struct {
	const struct bpf_insn *insns;
	u32 cnt;
	const char *why; /* NULL: it ends */
} rows[] = {
	{ CODE(FROM_MEM, LDX(DW, R1, R10, -16), END), "a dynptr on the stack" },
	{ CODE(FROM_MEM, LDX(B, R1, R10, -1), END), "a dynptr on the stack" },
	{ CODE(FROM_MEM, ST(B, R10, -1, 0), STACK(R1, -16),
	       KFUNC_CALL(dynptr_size), END),
	  "Expected an initialized dynptr" },
	{ CODE(ST(DW, R10, -8, 8), ST(DW, R10, -16, 8), STACK(R1, -16),
	       KFUNC_CALL(dynptr_size), END),
	  "Expected an initialized dynptr" },
	{ CODE(FROM_MEM, STACK(R1, -8), KFUNC_CALL(dynptr_size), END),
	  "16 aligned bytes" },
	{ CODE(FROM_MEM, STACK(R1, -12), KFUNC_CALL(dynptr_size), END),
	  "16 aligned bytes" },
	{ CODE(STACK(R1, -8), ST(DW, R1, 0, 0), ALU64_K(MOV, R2, 8),
	       ALU64_K(MOV, R3, 0), STACK(R4, -24),
	       CALL(BPF_FUNC_dynptr_from_mem), END),
	  "inside a map's value" },
	{ CODE(FROM_MEM, STACK(R1, -16), ALU64_K(MOV, R2, 8),
	       ALU64_K(MOV, R3, 8), CALL(BPF_FUNC_dynptr_data),
	       STX(DW, R0, 0, R10), END),
	  NULL },
	{ CODE(FROM_MEM, STACK(R1, -16), ALU64_K(MOV, R2, 8),
	       ALU64_K(MOV, R3, 8), CALL(BPF_FUNC_dynptr_data),
	       STX(DW, R0, 1, R10), END),
	  "memory access at offset 1" },
	{ CODE(FROM_MEM, STACK(R1, -16), ALU64_K(MOV, R2, 0),
	       ALU64_K(MOV, R3, 0), ALU64_K(MOV, R4, 8),
	       KFUNC_CALL(dynptr_slice), ST(DW, R0, 0, 1), END),
	  "only to be read" },
	{ CODE(RESERVE, END), "reference leak" },
	{ CODE(RESERVE, ST(DW, R10, -16, 0), END),
	  "cannot overwrite referenced dynptr" },
	{ CODE(RESERVE, DISCARD, END), NULL },
	{ CODE(RESERVE, DISCARD, DISCARD, END),
	  "Expected an initialized dynptr" },
	{ CODE(FROM_MEM, DISCARD, END), "unacquired reference" },
	{ CODE(RESERVE, STACK(R1, -16), STACK(R2, -32),
	       KFUNC_CALL(dynptr_clone), DISCARD, STACK(R1, -32),
	       KFUNC_CALL(dynptr_size), END),
	  "Expected an initialized dynptr" },
	{ CODE(RESERVE, STACK(R1, -16), ALU64_K(MOV, R2, 0),
	       ALU64_K(MOV, R3, 8), CALL(BPF_FUNC_dynptr_data),
	       ALU64_X(MOV, R6, R0), DISCARD, ST(DW, R6, 0, 1), END),
	  "given back" },
	{ CODE(NEW_ITER, STACK(R1, -8), KFUNC_CALL(iter_num_next),
	       LDX(W, R0, R0, 0), STACK(R1, -8), KFUNC_CALL(iter_num_destroy),
	       END),
	  NULL },
	{ CODE(NEW_ITER, LDX(W, R1, R10, -8), END),
	  "an iterator on the stack" },
	{ CODE(NEW_ITER, NEW_ITER, END), "expected uninitialized iter_num" },
	{ CODE(STACK(R1, -8), KFUNC_CALL(iter_num_next), END),
	  "expected an initialized iter_num" },
	{ CODE(NEW_ITER, STACK(R1, -8), KFUNC_CALL(iter_num_next),
	       ST(W, R0, 0, 1), END),
	  "only to be read" },
	/* callbacks */
	{ CODE(LD_MAP(R1, 0), LD_FUNC(R2, 5), ALU64_K(MOV, R3, 0),
	       ALU64_K(MOV, R4, 0), CALL(BPF_FUNC_for_each_map_elem), EXIT(),
	       LDX(W, R0, R2, 0), LDX(DW, R0, R3, 8), ALU64_K(MOV, R0, 0),
	       EXIT()),
	  NULL },
	{ CODE(LD_MAP(R1, 0), LD_FUNC(R2, 5), ALU64_K(MOV, R3, 0),
	       ALU64_K(MOV, R4, 0), CALL(BPF_FUNC_for_each_map_elem), EXIT(),
	       ST(W, R2, 0, 1), ALU64_K(MOV, R0, 0), EXIT()),
	  "only to be read" },
	{ CODE(LD_MAP(R1, 0), LD_FUNC(R2, 5), ALU64_K(MOV, R3, 0),
	       ALU64_K(MOV, R4, 0), CALL(BPF_FUNC_for_each_map_elem), EXIT(),
	       LDX(DW, R0, R3, 9), ALU64_K(MOV, R0, 0), EXIT()),
	  "map value access at offset 9" },
	/* r6 of the caller is the caller's; a number is no place in its stack
	 */
	{ CODE(ALU64_K(MOV, R1, 2), LD_FUNC(R2, 6), STACK(R3, -8),
	       ALU64_K(MOV, R4, 0), CALL(BPF_FUNC_loop), EXIT(),
	       ALU64_X(MOV, R0, R6), EXIT()),
	  "R6 !read_ok" },
	{ CODE(ALU64_K(MOV, R6, 7), ALU64_K(MOV, R1, 2), LD_FUNC(R2, 8),
	       STACK(R3, -8), ALU64_K(MOV, R4, 0), CALL(BPF_FUNC_loop),
	       ALU64_X(MOV, R0, R6), LDX(DW, R1, R10, -8), EXIT(),
	       STX(DW, R2, 0, R1), ALU64_K(MOV, R6, 1), ALU64_K(MOV, R0, 0),
	       EXIT()),
	  NULL },
	{ CODE(ALU64_K(MOV, R1, 2), LD_FUNC(R2, 6), STACK(R3, -8),
	       ALU64_K(MOV, R4, 0), CALL(BPF_FUNC_loop), EXIT(),
	       STX(DW, R2, 8, R1), ALU64_K(MOV, R0, 0), EXIT()),
	  "stack access at fp+0" },
	{ CODE(ALU64_K(MOV, R1, 2), ALU64_K(MOV, R2, 6), ALU64_K(MOV, R3, 0),
	       ALU64_K(MOV, R4, 0), CALL(BPF_FUNC_loop), EXIT()),
	  "a function" },
};

static void what_nobody_verified_is_stopped(void **state)
{
	const struct map_attr attrs[] = {
		{ .type = BPF_MAP_TYPE_ARRAY,
		  .key_size = 4,
		  .value_size = 16,
		  .max_entries = 1,
		  .name = "array" },
		{ .type = BPF_MAP_TYPE_RINGBUF,
		  .max_entries = 4096,
		  .name = "ring" },
	};
	struct rig rig;
	struct map *maps[2];

	(void)state;
	assert_true(rig_open(&rig));
	for (u32 i = 0; i < 2; i++)
		assert_int_equal(map_create(&rig.env, &attrs[i], NULL,
					    &maps[i]),
				 0);
	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		struct prog prog = { .type = BPF_PROG_TYPE_SCHED_CLS,
				     .insns = (void *)(uintptr_t)rows[i].insns,
				     .insn_cnt = rows[i].cnt,
				     .maps = maps,
				     .map_cnt = 2 };
		struct err err = { 0 };

		if (vm_prepare(&prog, VM_CHECKED, &err))
			fail_msg("row %u: %s", i, err.reason);
		rig_packet(&rig);
		prog_run(&prog, &rig.run);
		prog.free_image(prog.image);
		if (!rows[i].why && rig.run.fault.code)
			fail_msg("row %u: %s", i, rig.run.fault.text);
		if (rows[i].why && (!rig.run.fault.code ||
				    !strstr(rig.run.fault.text, rows[i].why)))
			fail_msg("row %u: '%s', not '%s'", i,
				 rig.run.fault.text, rows[i].why);
	}
	map_put(maps[0]);
	map_put(maps[1]);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(callbacks_in_both_modes),
		TEST(dynptrs_in_both_modes),
		TEST(text_in_both_modes),
		TEST(timers_in_both_modes),
		cmocka_unit_test(what_nobody_verified_is_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
