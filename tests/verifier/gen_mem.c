/* SPDX-License-Identifier: BSD-3-Clause */
/* gen_mem.c - idioms: the packet, maps, the stack */
#include "gen.h"

#define NONE 0xffu

static const u8 sizes[] = { BPF_B, BPF_H, BPF_W, BPF_DW };

static struct bpf_insn load(u32 size, u32 dst, u32 src, s32 off, bool sign)
{
	return (struct bpf_insn)RAW(BPF_LDX | (sign ? BPF_MEMSX : BPF_MEM) |
					    sizes[size],
				    dst, src, (s16)off, 0);
}

static struct bpf_insn store(u32 size, u32 dst, u32 src, s32 off)
{
	return (struct bpf_insn)RAW(BPF_STX | BPF_MEM | sizes[size], dst, src,
				    (s16)off, 0);
}

/* Reads or writes what a register points to, at an offset below room. */
static void access_at(struct gen *g, u32 ptr, u32 base, u32 room)
{
	u32 size = gen_below(g, 4), bytes = 1u << size, reg;
	struct bpf_insn insn;
	s32 off;

	if (bytes > room)
		bytes = 1u << (size = 0);
	off = (s32)(base + gen_below(g, room - bytes + 1));
	if (gen_wrong(g))
		off += gen_below(g, 2) ? 1 : -1;
	if (gen_below(g, 3) == 0) {
		reg = gen_number(g);
		insn = store(size, ptr, reg, off);
	} else {
		reg = gen_free(g);
		insn = load(size, reg, ptr, off, size < 3 && gen_below(g, 2));
		gen_set(g, reg, GEN_NUMBER, 0);
	}
	gen_add(g, &insn, 1);
}

/* ---- the packet ---- */

/* One of the comparisons that say that `end` is not passed, else leave. */
static void check_end(struct gen *g, u32 ptr, u32 end)
{
	switch (gen_below(g, 5)) {
	case 0: GEN(g, JMP64_X(JGE, ptr, end, 0)); break;
	case 1: GEN(g, JMP64_X(JLT, end, ptr, 0)); break;
	case 2: GEN(g, JMP64_X(JLE, ptr, end, 1), JA(0)); break;
	default: GEN(g, JMP64_X(JGT, ptr, end, 0)); break;
	}
	gen_out(g);
}

static u32 load_end(struct gen *g)
{
	u32 end = gen_find(g, GEN_END);
	bool xdp = g->type == BPF_PROG_TYPE_XDP;

	if (end != NONE)
		return end;
	end = gen_free(g);
	GEN(g, LDX(W, end, R6, xdp ? 4 : 80));
	gen_set(g, end, GEN_END, 0);
	return end;
}

void gen_packet(struct gen *g)
{
	u32 bytes = 1 + gen_below(g, 64), end, ptr, tmp;

	if (g->in_func || g->in_loop)
		return;
	end = load_end(g);
	g->regs[end].kept = true;
	ptr = gen_free(g);
	GEN(g, LDX(W, ptr, R6, g->type == BPF_PROG_TYPE_XDP ? 0 : 76));
	gen_set(g, ptr, GEN_PACKET, 0);
	g->regs[ptr].kept = true;
	tmp = gen_free(g);
	GEN(g, ALU64_X(MOV, tmp, ptr), ALU64_K(ADD, tmp, (s32)bytes));
	gen_set(g, tmp, GEN_NOTHING, 0);
	if (!gen_wrong(g))
		check_end(g, tmp, end);
	g->regs[ptr].bytes = bytes;
	g->regs[ptr].kept = g->regs[end].kept = false;
}

void gen_packet_variable(struct gen *g)
{
	u32 base = gen_find(g, GEN_PACKET), end, ptr, tmp, by;
	u32 bytes = 1 + gen_below(g, 8);

	if (base == NONE || g->in_func)
		return;
	end = load_end(g);
	by = gen_number(g);
	g->regs[by].kept = g->regs[base].kept = g->regs[end].kept = true;
	ptr = gen_free(g);
	gen_set(g, ptr, GEN_NOTHING, 0);
	g->regs[ptr].kept = true;
	tmp = gen_free(g);
	gen_set(g, tmp, GEN_NOTHING, 0);
	if (!gen_wrong(g))
		gen_bound(g, by, 1 + gen_below(g, 64));
	GEN(g, ALU64_X(MOV, ptr, base), ALU64_X(ADD, ptr, by),
	    ALU64_X(MOV, tmp, ptr), ALU64_K(ADD, tmp, (s32)bytes));
	if (!gen_wrong(g))
		check_end(g, tmp, end);
	gen_set(g, ptr, GEN_PACKET, bytes);
	g->regs[by].kept = g->regs[base].kept = g->regs[end].kept = false;
}

/* ---- maps ---- */

static void found(struct gen *g, u32 map)
{
	gen_clobber(g);
	if (!gen_wrong(g)) {
		GEN(g, JMP64_K(JEQ, R0, 0, 0));
		gen_out(g);
	}
	gen_set(g, R0, GEN_VALUE, gen_maps[map].value_size);
	g->regs[R0].map = (u8)map;
}

void gen_lookup(struct gen *g)
{
	u32 map = gen_below(g, GEN_RING), key = gen_number(g);
	bool update = !gen_below(g, 4);

	if (g->in_loop || g->regs[R0].kept)
		return;
	if (gen_below(g, 2))
		GEN(g, STX(W, R10, -8, key));
	else
		GEN(g, ST(W, R10, -8, (s32)gen_below(g, 3)));
	g->slots[0] = (struct gen_reg){ 0 };
	GEN(g, ALU64_X(MOV, R2, R10), ALU64_K(ADD, R2, -8), LD_MAP(R1, map));
	if (update) {
		GEN(g, ALU64_X(MOV, R3, R10), ALU64_K(ADD, R3, -64),
		    ALU64_K(MOV, R4, 0), CALL(BPF_FUNC_map_update_elem));
		gen_clobber(g);
		gen_set(g, R0, GEN_NUMBER, 0);
		return;
	}
	GEN(g, CALL(BPF_FUNC_map_lookup_elem));
	found(g, map);
	if (gen_below(g, 2)) {
		GEN(g, ALU64_X(MOV, R8, R0));
		g->regs[R8] = g->regs[R0];
	}
}

void gen_direct(struct gen *g)
{
	u32 dst = gen_free(g), off = gen_below(g, 60);

	if (g->in_loop)
		return;
	GEN(g, LD_VALUE(dst, GEN_BLOCK, off));
	gen_set(g, dst, GEN_VALUE, gen_maps[GEN_BLOCK].value_size - off);
	g->regs[dst].map = GEN_BLOCK;
}

static u32 find_memory(struct gen *g)
{
	u32 ptr = gen_find(g, gen_below(g, 2) ? GEN_VALUE : GEN_PACKET);

	if (ptr == NONE)
		ptr = gen_find(g, GEN_VALUE);
	if (ptr == NONE)
		ptr = gen_find(g, GEN_PACKET);
	return ptr;
}

void gen_access(struct gen *g)
{
	u32 ptr = find_memory(g), bytes;

	if (ptr == NONE || !g->regs[ptr].bytes)
		return;
	bytes = g->regs[ptr].bytes;
	g->regs[ptr].kept = true;
	access_at(g, ptr, 0, bytes);
	g->regs[ptr].kept = false;
}

void gen_access_variable(struct gen *g)
{
	u32 base = gen_find(g, GEN_VALUE), by, ptr, bytes, room;

	if (base == NONE || g->regs[base].bytes < 2 || g->in_loop)
		return;
	bytes = g->regs[base].bytes;
	room = 1 + gen_below(g, bytes - 1);
	by = gen_number(g);
	g->regs[by].kept = g->regs[base].kept = true;
	ptr = gen_free(g);
	gen_set(g, ptr, GEN_NOTHING, 0);
	g->regs[ptr].kept = true;
	gen_bound(g, by, gen_wrong(g) ? room + 1 : room);
	GEN(g, ALU64_X(MOV, ptr, base));
	if (gen_below(g, 4))
		GEN(g, ALU64_X(ADD, ptr, by));
	else
		GEN(g, ALU64_X(SUB, ptr, by), ALU64_K(ADD, ptr, (s32)room - 1));
	access_at(g, ptr, 0, bytes - room + 1);
	g->regs[by].kept = g->regs[base].kept = g->regs[ptr].kept = false;
	gen_set(g, ptr, GEN_VALUE, bytes - room + 1);
	g->regs[ptr].map = g->regs[base].map;
}

/* ---- the stack ---- */

static s32 slot_off(u32 slot)
{
	return -8 * (s32)(slot + 1);
}

void gen_spill(struct gen *g)
{
	u32 slot = gen_below(g, GEN_SLOTS), size = 3, reg = gen_below(g, 10);
	struct bpf_insn insn;

	if (g->regs[reg].kind == GEN_NOTHING || gen_below(g, 2))
		reg = gen_number(g);
	if (g->regs[reg].kind == GEN_NUMBER || gen_wrong(g))
		size = gen_below(g, 4);
	if (g->in_loop && g->slots[slot].kind != GEN_NUMBER &&
	    g->slots[slot].kind != GEN_NOTHING)
		return;
	if (g->in_loop)
		reg = gen_number(g);
	insn = store(size, R10, reg, slot_off(slot));
	if (size < 3 && !gen_below(g, 4))
		insn.off += (s16)(1 << size);
	gen_add(g, &insn, 1);
	g->slots[slot] = g->regs[reg];
	g->slots[slot].kept = false;
	if (size < 3)
		g->slots[slot] = (struct gen_reg){ 0 };
}

void gen_fill(struct gen *g)
{
	u32 slot = gen_below(g, GEN_SLOTS), size = 3, dst = gen_free(g);
	u32 kind = g->slots[slot].kind, inner = 0;
	struct bpf_insn insn;

	if (kind <= GEN_NUMBER || gen_wrong(g))
		size = gen_below(g, 4);
	if (size < 3 && gen_below(g, 2))
		inner = gen_below(g, 8u >> size) << size;
	if (g->in_loop && kind > GEN_NUMBER)
		return;
	insn = load(size, dst, R10, slot_off(slot) + (s32)inner,
		    size < 3 && !gen_below(g, 3));
	gen_add(g, &insn, 1);
	if (size == 3 && kind != GEN_NOTHING)
		g->regs[dst] = g->slots[slot];
	else
		gen_set(g, dst, GEN_NUMBER, 0);
}

void gen_stack_variable(struct gen *g)
{
	u32 by = gen_number(g), ptr;
	u32 room = 1u << gen_below(g, 6);

	g->regs[by].kept = true;
	ptr = gen_free(g);
	gen_set(g, ptr, GEN_NOTHING, 0);
	g->regs[ptr].kept = true;
	gen_bound(g, by, room);
	GEN(g, ALU64_X(MOV, ptr, R10), ALU64_K(ADD, ptr, -64),
	    ALU64_X(ADD, ptr, by));
	for (u32 i = 0; i < GEN_SLOTS; i++)
		g->slots[i] = (struct gen_reg){ 0 };
	access_at(g, ptr, 0, 1);
	g->regs[by].kept = g->regs[ptr].kept = false;
	gen_set(g, ptr, GEN_NOTHING, 0);
}

/* ---- atomic operations ---- */

void gen_atomic(struct gen *g)
{
	static const s32 ops[] = { BPF_ADD,
				   BPF_OR,
				   BPF_AND,
				   BPF_XOR,
				   BPF_ADD | BPF_FETCH,
				   BPF_XOR | BPF_FETCH,
				   BPF_XCHG,
				   BPF_CMPXCHG };
	s32 op = ops[gen_below(g, ARRAY_LEN(ops))];
	bool wide = gen_below(g, 2);
	u32 reg = gen_number(g), ptr = gen_find(g, GEN_VALUE);
	u32 slot = gen_below(g, GEN_SLOTS);
	s32 off = slot_off(slot);

	if ((op & BPF_FETCH) && g->regs[reg].kept)
		return;
	if (op == BPF_CMPXCHG && g->regs[R0].kind != GEN_NUMBER)
		return;
	if (ptr != NONE && gen_below(g, 2) && g->regs[ptr].bytes >= 8 &&
	    !g->in_func) {
		off = g->regs[ptr].bytes % 8 ? 4 * wide : 0;
	} else {
		ptr = R10;
		if (g->slots[slot].kind > GEN_NUMBER && !gen_wrong(g))
			return;
		g->slots[slot] = (struct gen_reg){ 0 };
	}
	if (wide)
		GEN(g, ATOMIC(DW, ptr, (s16)off, reg, op));
	else
		GEN(g, ATOMIC(W, ptr, (s16)off, reg, op));
}
