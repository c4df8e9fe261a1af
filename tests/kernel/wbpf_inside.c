/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wbpf_inside.c - what programs see of maps of maps, locks in values and other
 * CPUs' values, on Linux and through wbpf()
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "asm.h"
#include "btf_make.h"
#include "wbpf.h"

#define PTR(p) ((u64)(uintptr_t)(p))
#define NO_ENTRY 1000 /* what programs return then */
#define NO_VALUE 1001

static int entry(struct side *s, int cmd, int map, const void *key,
		 const void *value, u64 flags)
{
	union bpf_attr attr = { .map_fd = (u32)map,
				.key = PTR(key),
				.value = PTR(value),
				.flags = flags };

	return side_call(s, cmd, &attr);
}

/* Loads, runs, and says what came back.  What must not be is refused on Linux
 * when it is loaded, and here perhaps when it happens. */
static void run(struct side *s, const struct bpf_insn *insns, u32 cnt)
{
	static const u8 packet[64];
	union bpf_attr load = { .prog_type = BPF_PROG_TYPE_XDP,
				.insns = PTR(insns),
				.insn_cnt = cnt,
				.license = PTR("GPL") };
	int fd = side_call(s, BPF_PROG_LOAD, &load), res;
	union bpf_attr test = { .test = { .prog_fd = (u32)fd,
					  .data_in = PTR(packet),
					  .data_size_in = sizeof(packet) } };

	res = fd < 0 ? fd : side_call(s, BPF_PROG_TEST_RUN, &test);
	say(s, "%d %d\n", res, res ? 0 : (int)test.test.retval);
	side_close(s, fd);
}

#define RUN(s, ...)                                            \
	run(s, (const struct bpf_insn[]){ __VA_ARGS__ },       \
	    sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / \
		    sizeof(struct bpf_insn))

#define KEY_AT(off, key) \
	ST(W, R10, off, key), ALU64_X(MOV, R2, R10), ALU64_K(ADD, R2, off)
#define OR_RETURN(what) JMP64_K(JNE, R0, 0, 2), ALU64_K(MOV, R0, what), EXIT()

/* ---- maps of maps ---- */

static void count_inside(struct side *s, int outer, u32 key, u32 index)
{
	RUN(s, KEY_AT(-4, (s32)key), LD_MAP(R1, outer),
	    CALL(BPF_FUNC_map_lookup_elem), OR_RETURN(NO_ENTRY),
	    ALU64_X(MOV, R1, R0), KEY_AT(-8, (s32)index),
	    CALL(BPF_FUNC_map_lookup_elem), OR_RETURN(NO_VALUE),
	    LDX(DW, R1, R0, 0), ALU64_K(ADD, R1, 1), STX(DW, R0, 0, R1),
	    ALU64_X(MOV, R0, R1), EXIT());
}

static u32 random_below(u64 *seed, u32 n)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(*seed >> 33) % n;
}

#define INNER 3

static void inside(struct side *s, u32 outer_type, u32 type, u32 flags)
{
	int maps[INNER], outer;
	union bpf_attr attr = { .map_type = outer_type,
				.key_size = 4,
				.value_size = 4,
				.max_entries = 3 };
	u64 seed = outer_type * 100 + type, value;

	for (u32 i = 0; i < INNER; i++) {
		u32 entries = flags & BPF_F_INNER_MAP ? 1 + i * 2 : 4;

		maps[i] = side_map(s, type, 4, 8, entries, flags);
		for (u32 key = 0; key < 3; key++) {
			value = i * 100 + key * 10;
			say(s, "%d ",
			    entry(s, BPF_MAP_UPDATE_ELEM, maps[i], &key, &value,
				  0));
		}
	}
	attr.inner_map_fd = (u32)maps[0];
	outer = side_call(s, BPF_MAP_CREATE, &attr);
	say(s, "type %u in %u\n", type, outer_type);
	for (u32 n = 0; n < 120; n++) {
		u32 key = random_below(&seed, 4);
		int *map = &maps[random_below(&seed, INNER)];

		switch (random_below(&seed, 4)) {
		case 0:
			say(s, "x%d\n",
			    entry(s, BPF_MAP_DELETE_ELEM, outer, &key, NULL,
				  0));
			break;
		case 1:
			say(s, "w%d\n",
			    entry(s, BPF_MAP_UPDATE_ELEM, outer, &key, map, 0));
			break;
		default: count_inside(s, outer, key, random_below(&seed, 6));
		}
	}
	side_close(s, outer);
	for (u32 i = 0; i < INNER; i++)
		side_close(s, maps[i]);
}

static void maps_of_maps(struct side *s)
{
	static const u32 of[] = { BPF_MAP_TYPE_ARRAY_OF_MAPS,
				  BPF_MAP_TYPE_HASH_OF_MAPS };

	for (size_t o = 0; o < ARRAY_LEN(of); o++) {
		inside(s, of[o], BPF_MAP_TYPE_ARRAY, 0);
		inside(s, of[o], BPF_MAP_TYPE_ARRAY, BPF_F_INNER_MAP);
		inside(s, of[o], BPF_MAP_TYPE_HASH, 0);
		inside(s, of[o], BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC);
	}
}

/* ---- locks ---- */

#define VALUE 24
#define LOCK_AT 12

static int locked_map(struct side *s, u32 type)
{
	static struct btf_make m;
	union bpf_attr load = { 0 }, attr = { .map_type = type,
					      .key_size = 4,
					      .value_size = VALUE,
					      .max_entries = 3 };
	u32 word, wide, lock;
	int map;

	make_init(&m);
	word = make_int(&m, "u32", 4, 0);
	wide = make_int(&m, "u64", 8, 0);
	lock = make_type(&m, "bpf_spin_lock", BTF_KIND_STRUCT, 1, 4);
	make_member(&m, "val", word, 0);
	attr.btf_key_type_id = word;
	attr.btf_value_type_id =
		make_type(&m, "value", BTF_KIND_STRUCT, 3, VALUE);
	make_member(&m, "count", wide, 0);
	make_member(&m, "lock", lock, LOCK_AT * 8);
	make_member(&m, "rest", wide, 128);
	load.btf_size = make_end(&m);
	load.btf = PTR(m.out);
	attr.btf_fd = (u32)side_call(s, BPF_BTF_LOAD, &load);
	map = side_call(s, BPF_MAP_CREATE, &attr);
	side_close(s, (int)attr.btf_fd);
	return map;
}

#define LOCK_OF(reg) ALU64_X(MOV, R1, reg), ALU64_K(ADD, R1, LOCK_AT)

static void count_locked(struct side *s, int map, u32 key)
{
	RUN(s, KEY_AT(-4, (s32)key), LD_MAP(R1, map),
	    CALL(BPF_FUNC_map_lookup_elem), OR_RETURN(NO_ENTRY),
	    ALU64_X(MOV, R6, R0), LOCK_OF(R6), CALL(BPF_FUNC_spin_lock),
	    LDX(DW, R7, R6, 0), ALU64_K(ADD, R7, 1), STX(DW, R6, 0, R7),
	    LOCK_OF(R6), CALL(BPF_FUNC_spin_unlock), ALU64_X(MOV, R0, R7),
	    EXIT());
}

/* From a program, with 0x2a in the lock's place too. */
static void update_locked(struct side *s, int map, u32 key, u64 flags)
{
	RUN(s, LD64(R3, 0x2a2a2a2a2a2a2a2a), STX(DW, R10, -24, R3),
	    STX(DW, R10, -16, R3), STX(DW, R10, -8, R3), KEY_AT(-28, (s32)key),
	    LD_MAP(R1, map), ALU64_X(MOV, R3, R10), ALU64_K(ADD, R3, -24),
	    LD64(R4, flags), CALL(BPF_FUNC_map_update_elem), EXIT());
}

static void locks(struct side *s)
{
	static const u32 of[] = { BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_HASH };
	static const u64 flags[] = { 0,
				     1,
				     2,
				     3,
				     BPF_F_LOCK,
				     BPF_F_LOCK | 1,
				     BPF_F_LOCK | 2,
				     BPF_F_LOCK | 3,
				     8 };

	for (size_t t = 0; t < ARRAY_LEN(of); t++) {
		int map = locked_map(s, of[t]);

		for (u32 n = 0; n < 4 * ARRAY_LEN(flags); n++) {
			u32 key = n % 4;
			u8 value[VALUE] = { 0 };

			say(s, "type %u key %u flags %llu\n", of[t], key,
			    (unsigned long long)flags[n / 4]);
			update_locked(s, map, key, flags[n / 4]);
			count_locked(s, map, key);
			say(s, "%d ",
			    entry(s, BPF_MAP_LOOKUP_ELEM, map, &key, value,
				  n & 1 ? BPF_F_LOCK : 0));
			for (u32 i = 0; i < VALUE; i++)
				say(s, "%02x", value[i]);
			say(s, "\n");
		}
		side_close(s, map);
	}
}

/* What a program may not do with a lock. */
static void misused_locks(struct side *s)
{
	int map = locked_map(s, BPF_MAP_TYPE_ARRAY);
	int plain = side_map(s, BPF_MAP_TYPE_ARRAY, 4, VALUE, 3, 0);

	for (s32 off = 8; off < 20; off += 4) {
		say(s, "load at %d ", off);
		RUN(s, KEY_AT(-4, 0), LD_MAP(R1, map),
		    CALL(BPF_FUNC_map_lookup_elem), OR_RETURN(NO_ENTRY),
		    LDX(W, R0, R0, (s16)off), EXIT());
		say(s, "lock at %d ", off);
		RUN(s, KEY_AT(-4, 0), LD_MAP(R1, map),
		    CALL(BPF_FUNC_map_lookup_elem), OR_RETURN(NO_ENTRY),
		    ALU64_X(MOV, R6, R0), ALU64_X(MOV, R1, R6),
		    ALU64_K(ADD, R1, off), CALL(BPF_FUNC_spin_lock),
		    LOCK_OF(R6), CALL(BPF_FUNC_spin_unlock),
		    ALU64_K(MOV, R0, 1), EXIT());
	}
	say(s, "without a lock ");
	RUN(s, KEY_AT(-4, 0), LD_MAP(R1, plain), CALL(BPF_FUNC_map_lookup_elem),
	    OR_RETURN(NO_ENTRY), ALU64_X(MOV, R6, R0), LOCK_OF(R6),
	    CALL(BPF_FUNC_spin_lock), LOCK_OF(R6), CALL(BPF_FUNC_spin_unlock),
	    ALU64_K(MOV, R0, 1), EXIT());
	side_close(s, plain);
	side_close(s, map);
}

/* ---- other CPUs' values ---- */

static void look_at(struct side *s, int map, u32 key, u32 cpu)
{
	say(s, "key %u CPU %u ", key, cpu);
	RUN(s, KEY_AT(-4, (s32)key), LD_MAP(R1, map),
	    ALU32_K(MOV, R3, (s32)cpu), CALL(BPF_FUNC_map_lookup_percpu_elem),
	    OR_RETURN(NO_VALUE), LDX(DW, R0, R0, 0), EXIT());
}

static void other_values(struct side *s)
{
	static const u32 of[] = { BPF_MAP_TYPE_PERCPU_ARRAY,
				  BPF_MAP_TYPE_PERCPU_HASH,
				  BPF_MAP_TYPE_LRU_PERCPU_HASH };
	u64 *values = calloc(s->cpus, sizeof(*values));

	for (size_t t = 0; values && t < ARRAY_LEN(of); t++) {
		int map = side_map(s, of[t], 4, 8, 40, 0);

		for (u32 key = 0; key < 2; key++) {
			for (u32 cpu = 0; cpu < s->cpus; cpu++)
				values[cpu] = key * 100 + cpu;
			say(s, "%d\n",
			    entry(s, BPF_MAP_UPDATE_ELEM, map, &key, values,
				  0));
		}
		for (u32 key = 0; key < 100; key += key ? 50 : 1) {
			look_at(s, map, key, s->cpus);
			look_at(s, map, key, UINT32_MAX);
			for (u32 cpu = 0; cpu < s->cpus; cpu++)
				look_at(s, map, key, cpu);
		}
		side_close(s, map);
	}
	free(values);
}

int main(void)
{
	static const struct wcase cases[] = {
		{ "maps of maps", maps_of_maps },
		{ "locks", locks },
		{ "misused locks", misused_locks },
		{ "other values", other_values },
	};

	return wbpf_compare(cases, ARRAY_LEN(cases));
}
