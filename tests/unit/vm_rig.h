/* SPDX-License-Identifier: BSD-3-Clause */
/* vm_rig.h - programs, maps and a packet for tests of the interpreter */
#ifndef WEIR_TESTS_VM_RIG_H
#define WEIR_TESTS_VM_RIG_H

#include <stdlib.h>
#include <string.h>

#include "../asm.h"
#include "../verified.h"

#define RIG_PACKET 60
#define RIG_MAPS 4

/* Map 0 is an array of two values of 16 bytes, map 1 the same but read-only
 * for programs, map 2 write-only, map 3 a prog array of 40. */
enum { RIG_ARRAY, RIG_RDONLY, RIG_WRONLY, RIG_JUMPS };

struct rig {
	struct mem *mem;
	struct map_env env;
	struct map *maps[RIG_MAPS];
	u8 *buf; /* the packet's, of exactly the size it needs */
	struct pkt pkt;
	struct run run;
};

static void rig_no_ref(struct prog *prog)
{
	(void)prog;
}

static u32 rig_id(const struct prog *prog)
{
	return prog->id;
}

static u64 rig_kind(const struct prog *prog)
{
	return prog->type;
}

static const struct prog_ref_ops rig_refs = {
	.get = rig_no_ref,
	.put = rig_no_ref,
	.id = rig_id,
	.kind = rig_kind,
};

/* A fresh packet: bytes 0, 1, 2 ... with room before it. */
static inline void rig_packet(struct rig *rig)
{
	u8 *buf = rig->buf;

	memset(&rig->pkt, 0, sizeof(rig->pkt));
	rig->pkt.head = buf;
	rig->pkt.data = rig->pkt.data_meta = buf + PKT_HEADROOM;
	rig->pkt.data_end = rig->pkt.end = rig->pkt.data + RIG_PACKET;
	rig->pkt.generation = 1;
	rig->pkt.network_header = 14;
	for (u32 i = 0; i < RIG_PACKET; i++)
		rig->pkt.data[i] = (u8)i;
	run_begin(&rig->run, &rig->pkt);
}

static inline bool rig_open(struct rig *rig)
{
	static const struct map_attr attrs[RIG_MAPS] = {
		{ .type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 16,
		  .max_entries = 2, .name = "array" },
		{ .type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 16,
		  .max_entries = 1, .flags = BPF_F_RDONLY_PROG,
		  .name = "rdonly" },
		{ .type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 16,
		  .max_entries = 1, .flags = BPF_F_WRONLY_PROG,
		  .name = "wronly" },
		{ .type = BPF_MAP_TYPE_PROG_ARRAY, .key_size = 4,
		  .value_size = 4, .max_entries = 40, .name = "jumps" },
	};
	const struct mem_config config = { .slots = 1 };

	memset(rig, 0, sizeof(*rig));
	if (mem_create(&config, &rig->mem))
		return false;
	rig->env.mem = rig->mem;
	rig->env.progs = &rig_refs;
	for (u32 i = 0; i < RIG_MAPS; i++)
		if (map_create(&rig->env, &attrs[i], NULL, &rig->maps[i]))
			return false;
	rig->buf = malloc(PKT_HEADROOM + RIG_PACKET);
	rig->run.world = &world_host;
	return rig->buf;
}

static inline void rig_close(struct rig *rig)
{
	for (u32 i = 0; i < RIG_MAPS; i++)
		map_put(rig->maps[i]);
	mem_destroy(rig->mem);
	free(rig->buf);
}

/* insns stay the caller's. */
static inline int rig_prog(struct rig *rig, const struct bpf_insn *insns,
			   u32 cnt, u32 type, enum vm_mode mode,
			   struct prog *prog, struct err *err)
{
	memset(prog, 0, sizeof(*prog));
	prog->type = type;
	prog->insns = (struct bpf_insn *)insns;
	prog->insn_cnt = cnt;
	prog->maps = rig->maps;
	prog->map_cnt = RIG_MAPS;
	return verified_prepare(prog, mode, err);
}

#endif
