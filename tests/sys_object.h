/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sys_object.h - an object as the loader would give it, written by hand
 *
 *	hits	array of 4
 *	jumps	prog array of 3: entry 1 is the program target
 *	o.rodata	8 bytes, frozen
 *	shared	hash, pinned by name
 *	entry	uses jumps and hits; target	uses o.rodata; spare not loaded
 */
#ifndef WEIR_TESTS_SYS_OBJECT_H
#define WEIR_TESTS_SYS_OBJECT_H

#include <string.h>

#include "asm.h"
#include "sys/sys.h"

enum { O_HITS, O_JUMPS, O_RODATA, O_SHARED, O_MAPS };
enum { O_ENTRY, O_TARGET, O_SPARE, O_PROGS };

struct object {
	struct elf_obj obj;
	struct elf_map maps[O_MAPS];
	struct elf_prog progs[O_PROGS];
	struct elf_slot slot;
	struct bpf_insn entry[12];
	struct bpf_insn target[8];
	struct bpf_insn spare[2];
	u64 contents;
};

static inline struct elf_map object_map(const char *name, u32 type,
					u32 value_size, u32 max_entries)
{
	return (struct elf_map){ .name = name,
				 .attr = { .type = type,
					   .key_size = 4,
					   .value_size = value_size,
					   .max_entries = max_entries },
				 .inner = -1 };
}

static inline struct elf_prog object_prog(const char *name,
					  struct bpf_insn *insns, u32 cnt)
{
	return (struct elf_prog){ .name = name,
				  .section = "xdp",
				  .autoload = true,
				  .type = BPF_PROG_TYPE_XDP,
				  .expected_attach_type = BPF_XDP,
				  .insns = insns,
				  .insn_cnt = cnt };
}

static inline void object_make(struct object *o)
{
	const struct bpf_insn entry[] = {
		LD_MAP(R2, O_JUMPS),
		ALU64_K(MOV, R3, 1),
		CALL(BPF_FUNC_tail_call),
		LD_MAP(R2, O_HITS),
		LD_MAP(R2, O_JUMPS),
		ALU64_K(MOV, R0, XDP_PASS),
		EXIT(),
	};
	const struct bpf_insn target[] = {
		LD_VALUE(R1, O_RODATA, 0),
		LDX(W, R0, R1, 0),
		EXIT(),
	};
	const struct bpf_insn spare[] = { ALU64_K(MOV, R0, XDP_DROP), EXIT() };

	memset(o, 0, sizeof(*o));
	memcpy(o->entry, entry, sizeof(entry));
	memcpy(o->target, target, sizeof(target));
	memcpy(o->spare, spare, sizeof(spare));
	o->contents = XDP_TX;
	o->slot = (struct elf_slot){ 1, O_TARGET };
	o->maps[O_HITS] = object_map("hits", BPF_MAP_TYPE_ARRAY, 8, 4);
	o->maps[O_JUMPS] = object_map("jumps", BPF_MAP_TYPE_PROG_ARRAY, 4, 3);
	o->maps[O_JUMPS].slots = &o->slot;
	o->maps[O_JUMPS].slot_cnt = 1;
	o->maps[O_RODATA] = object_map("o.rodata", BPF_MAP_TYPE_ARRAY, 8, 1);
	o->maps[O_RODATA].attr.flags = BPF_F_RDONLY_PROG;
	o->maps[O_RODATA].contents = &o->contents;
	o->maps[O_RODATA].freeze = true;
	o->maps[O_SHARED] = object_map("shared", BPF_MAP_TYPE_HASH, 8, 16);
	o->maps[O_SHARED].pin_by_name = true;
	o->progs[O_ENTRY] = object_prog("entry", o->entry, ARRAY_LEN(entry));
	o->progs[O_TARGET] =
		object_prog("target", o->target, ARRAY_LEN(target));
	o->progs[O_SPARE] = object_prog("spare", o->spare, ARRAY_LEN(spare));
	o->progs[O_SPARE].autoload = false;
	o->obj = (struct elf_obj){ .path = "o.bpf.o",
				   .license = "GPL",
				   .maps = o->maps,
				   .map_cnt = O_MAPS,
				   .progs = o->progs,
				   .prog_cnt = O_PROGS };
}

#endif
