/* SPDX-License-Identifier: BSD-3-Clause */
/* What checked mode allows and stops; contexts, maps, helpers, tail calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "helper/helper.h"
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

struct row {
	const char *name;
	const struct bpf_insn *insns;
	u32 cnt;
	u64 r0;
	const char *stopped;
};

#define CODE(...)                                          \
	.insns = (const struct bpf_insn[]){ __VA_ARGS__ }, \
	.cnt = sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / \
	       sizeof(struct bpf_insn)

static u64 run_mode(const struct row *row, u32 type, enum vm_mode mode)
{
	struct err err = { 0 };
	struct prog prog;
	u64 r0;

	if (rig_prog(&rig, row->insns, row->cnt, type, mode, &prog, &err))
		fail_msg("%s: refused: %s", row->name, err.reason);
	rig_packet(&rig);
	r0 = prog_run(&prog, &rig.run);
	prog.free_image(prog.image);
	return r0;
}

static void check_row(const struct row *row, u32 type)
{
	u64 r0 = run_mode(row, type, VM_CHECKED);

	if (row->stopped) {
		if (!rig.run.fault.code)
			fail_msg("%s: not stopped", row->name);
		if (strcmp(rig.run.fault.text, row->stopped) != 0)
			fail_msg("%s: stopped with: %s", row->name,
				 rig.run.fault.text);
		return;
	}
	if (rig.run.fault.code)
		fail_msg("%s: stopped: %s", row->name, rig.run.fault.text);
	if (r0 != row->r0)
		fail_msg("%s: %#llx", row->name, (unsigned long long)r0);
	r0 = run_mode(row, type, VM_PLAIN);
	if (r0 != row->r0)
		fail_msg("%s: plain: %#llx", row->name, (unsigned long long)r0);
}

static void check_rows(const struct row *rows, size_t n, u32 type)
{
	for (size_t i = 0; i < n; i++)
		check_row(&rows[i], type);
}

#define XDP(field) offsetof(struct xdp_md, field)
#define DATA(reg) LDX(W, reg, R1, XDP(data))
#define END_(reg) LDX(W, reg, R1, XDP(data_end))
#define RET(v) ALU64_K(MOV, R0, v), EXIT()

static void packet_accesses_stay_in_the_packet(void **state)
{
	const struct row rows[] = {
		{ "first byte", CODE(DATA(R2), LDX(B, R0, R2, 0), EXIT()) },
		{ "last bytes", CODE(DATA(R2), LDX(H, R0, R2, 58), EXIT()),
		  .r0 = 0x3b3a },
		{ "through a number added",
		  CODE(DATA(R2), ALU64_K(MOV, R3, 7), ALU64_X(ADD, R3, R2),
		       LDX(B, R0, R3, 1), EXIT()), .r0 = 8 },
		{ "back and forth",
		  CODE(DATA(R2), ALU64_K(ADD, R2, 100), ALU64_K(SUB, R2, 50),
		       LDX(B, R0, R2, 0), EXIT()), .r0 = 50 },
		{ "its length",
		  CODE(DATA(R2), END_(R0), ALU64_X(SUB, R0, R2), EXIT()),
		  .r0 = 60 },
		{ "written", CODE(DATA(R2), ST(B, R2, 3, 77),
				  LDX(B, R0, R2, 3), EXIT()), .r0 = 77 },
		{ "past the end", CODE(DATA(R2), LDX(W, R0, R2, 58), EXIT()),
		  .stopped = "packet access at offset 58, 4 bytes: the packet "
			     "ends at 60" },
		{ "far past the end", CODE(DATA(R2), ALU64_K(ADD, R2, 1 << 30),
					   ST(B, R2, 0, 0), RET(0)),
		  .stopped = "packet access at offset 1073741824, 1 bytes: the "
			     "packet ends at 60" },
		{ "before it", CODE(DATA(R2), LDX(B, R0, R2, -1), EXIT()),
		  .stopped = "packet access at offset -1, 1 bytes: the packet "
			     "ends at 60" },
		{ "through data_end", CODE(END_(R2), LDX(B, R0, R2, -1), EXIT()),
		  .stopped = "R2 is the packet's end: only for comparing" },
		{ "atomically", CODE(DATA(R2), ALU64_K(MOV, R3, 1),
				     ATOMIC(W, R2, 0, R3, BPF_ADD), RET(0)),
		  .stopped = "BPF_ATOMIC on the packet is not allowed" },
		{ "metadata there is none of",
		  CODE(LDX(W, R2, R1, XDP(data_meta)), LDX(B, R0, R2, 0),
		       EXIT()),
		  .stopped = "metadata access at offset 0, 1 bytes: the "
			     "metadata ends at 0" },
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows), BPF_PROG_TYPE_XDP);
}

#define ADJUST(n) \
	ALU64_X(MOV, R6, R1), ALU64_K(MOV, R2, n), \
		CALL(BPF_FUNC_xdp_adjust_head), ALU64_X(MOV, R1, R6)

static void packet_pointers_die_when_it_moves(void **state)
{
	const struct row rows[] = {
		{ "read again", CODE(ADJUST(4), DATA(R2), LDX(B, R0, R2, 0),
				     EXIT()), .r0 = 4 },
		{ "pushed", CODE(ADJUST(-4), DATA(R2), ST(B, R2, 0, 9),
				 LDX(B, R0, R2, 4), EXIT()), .r0 = 0 },
		{ "kept", CODE(DATA(R7), ADJUST(4), LDX(B, R0, R7, 4), EXIT()),
		  .stopped = "R7 points into the packet as it was before a "
			     "helper moved it: read data and data_end again" },
		{ "kept in the stack",
		  CODE(DATA(R7), STX(DW, R10, -8, R7), ADJUST(4),
		       LDX(DW, R3, R10, -8), LDX(B, R0, R3, 4), EXIT()),
		  .stopped = "R3 points into the packet as it was before a "
			     "helper moved it: read data and data_end again" },
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows), BPF_PROG_TYPE_XDP);
}

static void contexts_follow_their_table(void **state)
{
	const struct row xdp[] = {
		{ "a field", CODE(LDX(W, R0, R1, XDP(rx_queue_index)), EXIT()),
		  .r0 = 0 },
		{ "past the fields", CODE(LDX(W, R0, R1, 24), EXIT()),
		  .stopped = "invalid bpf_context access off=24 size=4" },
		{ "before the fields", CODE(LDX(W, R0, R1, -4), EXIT()),
		  .stopped = "invalid bpf_context access off=-4 size=4" },
		{ "a write", CODE(ST(W, R1, XDP(data), 0), RET(0)),
		  .stopped = "invalid bpf_context access off=0 size=4, a "
			     "write" },
	};
	const struct row skb[] = {
		{ "mark", CODE(ST(W, R1, offsetof(struct __sk_buff, mark), 42),
			       LDX(W, R0, R1, offsetof(struct __sk_buff, mark)),
			       EXIT()), .r0 = 42 },
		{ "len", CODE(LDX(W, R0, R1, offsetof(struct __sk_buff, len)),
			      EXIT()), .r0 = 60 },
	};

	(void)state;
	check_rows(xdp, ARRAY_LEN(xdp), BPF_PROG_TYPE_XDP);
	check_rows(skb, ARRAY_LEN(skb), BPF_PROG_TYPE_SCHED_CLS);
}

#define KEY(n) ST(W, R10, -4, n), ALU64_X(MOV, R2, R10), ALU64_K(ADD, R2, -4)
#define LOOKUP(map, n) LD_MAP(R1, map), KEY(n), CALL(BPF_FUNC_map_lookup_elem)

static void map_values_have_their_size(void **state)
{
	const struct row rows[] = {
		{ "written and read",
		  CODE(LOOKUP(RIG_ARRAY, 1), JMP64_K(JEQ, R0, 0, 3),
		       ST(DW, R0, 8, 5), LDX(DW, R0, R0, 8), EXIT(), RET(9)),
		  .r0 = 5 },
		{ "not there", CODE(LOOKUP(RIG_ARRAY, 2), EXIT()), .r0 = 0 },
		{ "not tested", CODE(LOOKUP(RIG_ARRAY, 2), LDX(B, R0, R0, 0),
				     EXIT()),
		  .stopped = "R0 is NULL: test what a lookup returns before "
			     "using it" },
		{ "past the value", CODE(LOOKUP(RIG_ARRAY, 0),
					 LDX(DW, R0, R0, 9), EXIT()),
		  .stopped = "map value access at offset 9, 8 bytes: values of "
			     "'array' have 16" },
		{ "before the value", CODE(LOOKUP(RIG_ARRAY, 1),
					   LDX(B, R0, R0, -1), EXIT()),
		  .stopped = "map value access at offset -1, 1 bytes: values "
			     "of 'array' have 16" },
		{ "read-only", CODE(LOOKUP(RIG_RDONLY, 0), ST(B, R0, 0, 1),
				    RET(0)),
		  .stopped = "write into map forbidden: 'rdonly' is read-only "
			     "for programs" },
		{ "read-only, by address",
		  CODE(LD_VALUE(R1, RIG_RDONLY, 0), ST(B, R1, 0, 1), RET(0)),
		  .stopped = "write into map forbidden: 'rdonly' is read-only "
			     "for programs" },
		{ "read-only is readable",
		  CODE(LD_VALUE(R1, RIG_RDONLY, 8), LDX(DW, R0, R1, 0),
		       EXIT()), .r0 = 0 },
		{ "write-only", CODE(LOOKUP(RIG_WRONLY, 0), LDX(B, R0, R0, 0),
				     EXIT()),
		  .stopped = "read from map forbidden: 'wronly' is write-only "
			     "for programs" },
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows), BPF_PROG_TYPE_XDP);
}

#define UPDATE(map, value) \
	LD_MAP(R1, map), KEY(0), value, ALU64_K(MOV, R4, 0), \
		CALL(BPF_FUNC_map_update_elem)
#define FP(off) ALU64_X(MOV, R3, R10), ALU64_K(ADD, R3, off)

static void helper_arguments_fit_the_prototype(void **state)
{
	const struct row rows[] = {
		{ "an update", CODE(UPDATE(RIG_ARRAY, FP(-24)), EXIT()),
		  .r0 = 0 },
		{ "a value that is too short",
		  CODE(UPDATE(RIG_ARRAY, FP(-8)), EXIT()),
		  .stopped = "stack access at fp-8, 16 bytes: a frame goes "
			     "from fp-512 to fp" },
		{ "a key that is too short",
		  CODE(LD_MAP(R1, 0), ALU64_X(MOV, R2, R10),
		       ALU64_K(ADD, R2, -2), CALL(BPF_FUNC_map_lookup_elem),
		       EXIT()),
		  .stopped = "stack access at fp-2, 4 bytes: a frame goes from "
			     "fp-512 to fp" },
		{ "a key from the packet",
		  CODE(DATA(R2), LD_MAP(R1, 0), ALU64_K(ADD, R2, 58),
		       CALL(BPF_FUNC_map_lookup_elem), EXIT()),
		  .stopped = "packet access at offset 58, 4 bytes: the packet "
			     "ends at 60" },
		{ "no map", CODE(KEY(0), CALL(BPF_FUNC_map_lookup_elem),
				 EXIT()),
		  .stopped = "R1 of bpf_map_lookup_elem is not what it must "
			     "be: a map" },
		{ "a map's address as a number",
		  CODE(LD_MAP(R1, 0), ALU64_K(MUL, R1, 1), KEY(0),
		       CALL(BPF_FUNC_map_lookup_elem), EXIT()),
		  .stopped = "R1 of bpf_map_lookup_elem is not what it must "
			     "be: a map" },
		{ "a prog array", CODE(LOOKUP(RIG_JUMPS, 0), EXIT()),
		  .stopped = "cannot pass map_type 3 into func "
			     "bpf_map_lookup_elem#1" },
		{ "a read-only map", CODE(UPDATE(RIG_RDONLY, FP(-24)), EXIT()),
		  .stopped = "write into map forbidden: 'rdonly' is read-only "
			     "for programs" },
		{ "an argument that is missing",
		  CODE(LD_MAP(R1, 0), CALL(BPF_FUNC_map_lookup_elem), EXIT()),
		  .stopped = "R2 !read_ok: it has no value here" },
		{ "not the context",
		  CODE(ALU64_K(ADD, R1, 4), ALU64_K(MOV, R2, 0),
		       CALL(BPF_FUNC_xdp_adjust_head), EXIT()),
		  .stopped = "R1 of bpf_xdp_adjust_head is not what it must "
			     "be: the context" },
		{ "registers after it",
		  CODE(LOOKUP(RIG_ARRAY, 0), ALU64_X(MOV, R0, R2), EXIT()),
		  .stopped = "R2 !read_ok: it has no value here" },
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows), BPF_PROG_TYPE_XDP);
}

/* ---- tail calls ---- */

/* A program in slot n of the prog array, to be given back. */
static void place(u32 slot, const struct row *row, enum vm_mode mode,
		  struct prog *prog)
{
	struct map *jumps = rig.maps[RIG_JUMPS];
	struct err err = { 0 };

	if (rig_prog(&rig, row->insns, row->cnt, BPF_PROG_TYPE_XDP, mode, prog,
		     &err))
		fail_msg("%s: refused: %s", row->name, err.reason);
	assert_int_equal(jumps->ops->write_object(jumps, &slot, prog, 0), 0);
}

static void displace(u32 slot, struct prog *prog)
{
	struct map *jumps = rig.maps[RIG_JUMPS];

	assert_int_equal(jumps->ops->erase(jumps, &slot), 0);
	rcu_barrier(mem_rcu(rig.mem));
	prog->free_image(prog->image);
}

#define TAIL(n) LD_MAP(R2, RIG_JUMPS), ALU64_K(MOV, R3, n), \
		CALL(BPF_FUNC_tail_call)

static void tail_calls_replace_the_program(void **state)
{
	const struct row target = {
		"target", CODE(LDX(W, R0, R1, XDP(data)), RET(7))
	};
	const struct row rows[] = {
		{ "taken", CODE(TAIL(5), RET(1)), .r0 = 7 },
		{ "empty slot", CODE(TAIL(6), RET(1)), .r0 = 1 },
		{ "out of range", CODE(TAIL(40), RET(1)), .r0 = 1 },
		{ "the index is 32 bits",
		  CODE(LD_MAP(R2, RIG_JUMPS), LD64(R3, 0x100000005),
		       CALL(BPF_FUNC_tail_call), RET(1)), .r0 = 7 },
		{ "from a function: returns to its caller",
		  CODE(CALL_LOCAL(2), ALU64_K(ADD, R0, 100), EXIT(), TAIL(5),
		       RET(1)), .r0 = 107 },
		{ "r6 survives it there",
		  CODE(ALU64_K(MOV, R6, 30), CALL_LOCAL(2),
		       ALU64_X(ADD, R0, R6), EXIT(), TAIL(5), RET(1)),
		  .r0 = 37 },
		{ "not a prog array",
		  CODE(LD_MAP(R2, RIG_ARRAY), ALU64_K(MOV, R3, 0),
		       CALL(BPF_FUNC_tail_call), RET(1)),
		  .stopped = "cannot pass map_type 2 into func "
			     "bpf_tail_call#12" },
		{ "r1 is not the context", CODE(ALU64_K(MOV, R1, 0), TAIL(5),
						RET(1)),
		  .stopped = "R1 of bpf_tail_call is not what it must be: the "
			     "context" },
		{ "registers after a miss", CODE(TAIL(6), EXIT()),
		  .stopped = "R0 !read_ok: it has no value here" },
	};
	struct prog prog;

	(void)state;
	/* an engine calls the other where modes meet */
	for (int mode = VM_PLAIN; mode <= VM_CHECKED; mode++) {
		place(5, &target, mode, &prog);
		check_rows(rows, ARRAY_LEN(rows), BPF_PROG_TYPE_XDP);
		displace(5, &prog);
	}
}

static void tail_calls_end_after_33(void **state)
{
	/* counts its runs in map 0 and jumps to itself */
	const struct row again = {
		"again",
		CODE(ALU64_X(MOV, R6, R1), LOOKUP(RIG_ARRAY, 0),
		     JMP64_K(JEQ, R0, 0, 3), LDX(DW, R1, R0, 0),
		     ALU64_K(ADD, R1, 1), STX(DW, R0, 0, R1),
		     ALU64_X(MOV, R1, R6), TAIL(0), RET(3))
	};
	/* misses do not count */
	const struct row misses = {
		"misses",
		CODE(ALU64_X(MOV, R6, R1), ALU64_K(MOV, R7, 50),
		     ALU64_X(MOV, R1, R6), TAIL(1), ALU64_K(SUB, R7, 1),
		     JMP64_K(JNE, R7, 0, -7), ALU64_X(MOV, R1, R6), TAIL(0),
		     RET(4))
	};
	u64 *count = rig.maps[RIG_ARRAY]->ops->lookup(rig.maps[RIG_ARRAY],
						      &(u32){ 0 });
	struct prog prog;

	(void)state;
	for (int mode = VM_PLAIN; mode <= VM_CHECKED; mode++) {
		place(0, &again, mode, &prog);
		*count = 0;
		assert_int_equal(run_mode(&misses, BPF_PROG_TYPE_XDP,
					  VM_CHECKED), 3);
		assert_int_equal(rig.run.fault.code, 0);
		assert_int_equal(*count, 33);
		assert_int_equal(rig.run.tail_calls, 33);
		displace(0, &prog);
	}
}

static void faults_name_the_program_and_the_place(void **state)
{
	const struct row bad = {
		"bad", CODE(ALU64_K(MOV, R2, 0), LDX(B, R0, R2, 0), EXIT())
	};
	const struct row rows[] = {
		{ "replaced", CODE(TAIL(5), RET(1)) },
		{ "from a function", CODE(CALL_LOCAL(1), EXIT(), TAIL(5),
					  RET(1)) },
	};
	struct prog prog;

	(void)state;
	place(5, &bad, VM_CHECKED, &prog);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(run_mode(&rows[i], BPF_PROG_TYPE_XDP,
					  VM_CHECKED), 0);
		assert_true(rig.run.fault.code < 0);
		assert_ptr_equal(rig.run.fault.prog, &prog);
		assert_int_equal(rig.run.fault.insn, 1);
	}
	displace(5, &prog);
}

static void instructions_are_counted_per_packet(void **state)
{
	const struct row forever = { "forever", CODE(TAIL(0), JA(-1),
							    EXIT()) };
	struct prog prog;

	(void)state;
	place(0, &forever, VM_CHECKED, &prog);
	rig.run.insn_limit = 5000;
	rig_packet(&rig);
	assert_int_equal(prog_run(&prog, &rig.run), 0);
	assert_string_equal(rig.run.fault.text,
			    "program exceeded 5000 instructions");
	assert_int_equal(rig.run.insns, 5000);
	/* what is left after one program is what the next one has */
	rig.run.fault.code = 0;
	prog_run(&prog, &rig.run);
	assert_true(rig.run.fault.code < 0);
	assert_int_equal(rig.run.insns, 5000);
	rig.run.insn_limit = 0;
	displace(0, &prog);
}

static void types_and_licenses_limit_helpers(void **state)
{
	static const struct bpf_insn packet[] = {
		ALU64_X(MOV, R6, R1), LD_ABS(B, 0), EXIT(),
	};
	static const struct bpf_insn adjust[] = {
		ALU64_K(MOV, R2, 0), CALL(BPF_FUNC_xdp_adjust_head), EXIT(),
	};
	static const struct bpf_insn gpl[] = {
		LD_VALUE(R1, RIG_RDONLY, 0), ALU64_K(MOV, R2, 1),
		CALL(BPF_FUNC_trace_printk), RET(0),
	};
	struct err err = { 0 };
	struct prog prog;

	(void)state;
	assert_true(rig_prog(&rig, packet, 3, BPF_PROG_TYPE_XDP, VM_CHECKED,
			     &prog, &err) < 0);
	assert_string_equal(err.reason, "BPF_LD_[ABS|IND] instructions not "
					"allowed for this program type");
	assert_true(rig_prog(&rig, adjust, 3, BPF_PROG_TYPE_SCHED_CLS,
			     VM_CHECKED, &prog, &err) < 0);
	assert_string_equal(err.reason, "program of this type cannot use "
					"helper bpf_xdp_adjust_head#44");
	assert_string_equal(err.place,
			    "insn 1: (85) call bpf_xdp_adjust_head#44");
	assert_true(rig_prog(&rig, gpl, 6, BPF_PROG_TYPE_XDP, VM_CHECKED, &prog,
			     &err) < 0);
	assert_string_equal(err.reason, "cannot call GPL-restricted function "
					"from non-GPL compatible program");
}

/* The checks of arguments rely on it. */
static void prototypes_are_well_formed(void **state)
{
	(void)state;
	for (u32 i = 0; helper_table[i]; i++) {
		const struct helper *h = helper_table[i];
		bool map = false, size = false;

		for (u32 a = 0; a < 5; a++) {
			enum arg_type type = h->arg[a];

			map |= type == ARG_MAP;
			size |= type == ARG_SIZE || type == ARG_SIZE_OR_ZERO;
			if (type == ARG_MAP_KEY || type == ARG_MAP_VALUE ||
			    type == ARG_MAP_VALUE_OUT)
				assert_true(map);
			if (type == ARG_MEM || type == ARG_MEM_OR_NULL ||
			    type == ARG_MEM_OUT) {
				assert_true(a < 4);
				assert_true(h->arg[a + 1] == ARG_SIZE ||
					    h->arg[a + 1] == ARG_SIZE_OR_ZERO);
			}
		}
		assert_true(map || h->ret != RET_MAP_VALUE_OR_NULL);
		assert_true(size || h->ret != RET_MEM_OR_NULL);
		assert_true(h->fn || h->id == BPF_FUNC_tail_call);
		assert_ptr_equal(helper_find(h->id), h);
		assert_string_equal(helper_name(h->id), h->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prototypes_are_well_formed),
		cmocka_unit_test(packet_accesses_stay_in_the_packet),
		cmocka_unit_test(packet_pointers_die_when_it_moves),
		cmocka_unit_test(contexts_follow_their_table),
		cmocka_unit_test(map_values_have_their_size),
		cmocka_unit_test(helper_arguments_fit_the_prototype),
		cmocka_unit_test(tail_calls_replace_the_program),
		cmocka_unit_test(tail_calls_end_after_33),
		cmocka_unit_test(faults_name_the_program_and_the_place),
		cmocka_unit_test(instructions_are_counted_per_packet),
		cmocka_unit_test(types_and_licenses_limit_helpers),
	};

	return cmocka_run_group_tests(tests, open_rig, close_rig);
}
