/* SPDX-License-Identifier: BSD-3-Clause */
/* test_vm_locks.c - programs that hold the lock of a value, checked */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../btf_make.h"
#include "maps/fields.h"
#include "vm_rig.h"

#define LOCK_AT 8
#define VALUE 24

static struct rig rig;

static struct map *locked_map(void)
{
	static struct btf_make m;
	struct map_attr attr = { .type = BPF_MAP_TYPE_ARRAY,
				 .key_size = 4,
				 .value_size = VALUE,
				 .max_entries = 2,
				 .btf_key = 1,
				 .name = "locked" };
	u32 word, wide, lock, size;
	struct btf_blob *btf;
	struct map *map;

	make_init(&m);
	word = make_int(&m, "u32", 4, 0);
	wide = make_int(&m, "u64", 8, 0);
	lock = make_type(&m, "bpf_spin_lock", BTF_KIND_STRUCT, 1, 4);
	make_member(&m, "val", word, 0);
	attr.btf_value = make_type(&m, "value", BTF_KIND_STRUCT, 3, VALUE);
	make_member(&m, "first", wide, 0);
	make_member(&m, "lock", lock, LOCK_AT * 8);
	make_member(&m, "last", wide, 128);
	size = make_end(&m);
	assert_int_equal(btf_parse(m.out, size, NULL, &btf), 0);
	attr.btf = btf;
	assert_int_equal(map_create(&rig.env, &attr, NULL, &map), 0);
	btf_put(btf);
	return map;
}

/* r6 is the value of key 0, r7 that of key 1. */
#define FIND(reg, key)                                                    \
	ST(W, R10, -4, key), ALU64_X(MOV, R2, R10), ALU64_K(ADD, R2, -4), \
		LD_MAP(R1, 0), CALL(BPF_FUNC_map_lookup_elem),            \
		ALU64_X(MOV, reg, R0)
#define START() FIND(R6, 0), FIND(R7, 1)
#define LOCK(reg)                                         \
	ALU64_X(MOV, R1, reg), ALU64_K(ADD, R1, LOCK_AT), \
		CALL(BPF_FUNC_spin_lock)
#define UNLOCK(reg)                                       \
	ALU64_X(MOV, R1, reg), ALU64_K(ADD, R1, LOCK_AT), \
		CALL(BPF_FUNC_spin_unlock)

struct row {
	const char *name;
	struct bpf_insn insns[40];
	int code; /* of the fault, 0: none */
	const char *says;
};

static const struct row rows[] = {
	{ "lock and unlock",
	  { START(), LOCK(R6), UNLOCK(R6), LOCK(R7), UNLOCK(R7),
	    ALU64_K(MOV, R0, 2), EXIT() } },
	{ "two locks",
	  { START(), LOCK(R6), LOCK(R7), ALU64_K(MOV, R0, 2), EXIT() },
	  -EINVAL,
	  "Locking two bpf_spin_locks are not allowed" },
	{ "another lock",
	  { START(), LOCK(R6), UNLOCK(R7), ALU64_K(MOV, R0, 2), EXIT() },
	  -EINVAL,
	  "bpf_spin_unlock of different lock" },
	{ "no lock",
	  { START(), UNLOCK(R6), ALU64_K(MOV, R0, 2), EXIT() },
	  -EINVAL,
	  "bpf_spin_unlock without taking a lock" },
	{ "a call",
	  { START(), LOCK(R6), CALL(BPF_FUNC_ktime_get_ns), UNLOCK(R6),
	    ALU64_K(MOV, R0, 2), EXIT() },
	  -EINVAL,
	  "a helper is called while a bpf_spin_lock is held" },
	{ "the end",
	  { START(), LOCK(R6), ALU64_K(MOV, R0, 2), EXIT() },
	  -EINVAL,
	  "the program ends while a bpf_spin_lock is held" },
	{ "no end", { START(), LOCK(R6), JA(-1), EXIT() }, -E2BIG, NULL },
	{ "NULL",
	  { START(), LOCK(R6), ALU64_K(MOV, R1, 0), LDX(W, R0, R1, 0), EXIT() },
	  -EACCES,
	  "R1 is NULL: test what a lookup returns before using it" },
	{ "the lock's bytes",
	  { START(), LDX(W, R0, R6, LOCK_AT), EXIT() },
	  -EACCES,
	  "bpf_spin_lock cannot be accessed directly by load/store" },
	{ "what is beside it",
	  { START(), LDX(W, R0, R6, LOCK_AT + 4), EXIT() } },
};

/* Whatever a program does, its locks are free when it is over. */
static void locks_are_given_back(void **state)
{
	struct map *map = locked_map(), *other = rig.maps[0];

	(void)state;
	rig.maps[0] = map;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		struct err err = { 0 };
		struct prog prog;
		u32 cnt = ARRAY_LEN(row->insns);

		while (!row->insns[cnt - 1].code && !row->insns[cnt - 1].imm)
			cnt--;
		rig_packet(&rig);
		if (rig_prog(&rig, row->insns, cnt, BPF_PROG_TYPE_XDP,
			     VM_CHECKED, &prog, &err) != 0)
			fail_msg("%s: %s", row->name, err.reason);
		prog_run(&prog, &rig.run);
		prog.free_image(prog.image);
		if (rig.run.fault.code != row->code)
			fail_msg("%s: %d %s", row->name, rig.run.fault.code,
				 rig.run.fault.text);
		if (row->says)
			assert_string_equal(rig.run.fault.text, row->says);
		for (u32 key = 0; key < 2; key++) {
			void *value = map->ops->lookup(map, &key);

			assert_true(spin_trylock(value_lock(map, value)));
			spin_unlock(value_lock(map, value));
		}
	}
	rig.maps[0] = other;
	map_put(map);
}

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(locks_are_given_back),
	};

	return cmocka_run_group_tests(tests, open_rig, close_rig);
}
