/* SPDX-License-Identifier: BSD-3-Clause */
/* gen_value.c - idioms: values of maps, and accesses to memory */
#include "gen.h"

static const u8 sizes[] = { BPF_B, BPF_H, BPF_W, BPF_DW };

struct bpf_insn gen_load(u32 size, u32 dst, u32 src, s32 off, bool sign)
{
	return (struct bpf_insn)RAW(BPF_LDX | (sign ? BPF_MEMSX : BPF_MEM) |
					    sizes[size],
				    dst, src, (s16)off, 0);
}

struct bpf_insn gen_store(u32 size, u32 dst, u32 src, s32 off)
{
	return (struct bpf_insn)RAW(BPF_STX | BPF_MEM | sizes[size], dst, src,
				    (s16)off, 0);
}

void gen_access_at(struct gen *g, u32 ptr, u32 base, u32 room)
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
		insn = gen_store(size, ptr, reg, off);
	} else {
		reg = gen_free(g);
		insn = gen_load(size, reg, ptr, off,
				size < 3 && gen_below(g, 2));
		gen_set(g, reg, GEN_NUMBER, 0);
	}
	gen_add(g, &insn, 1);
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
	u32 map = gen_below(g, GEN_BYTES), key = gen_number(g);
	bool update = !gen_below(g, 4);

	if (g->in_loop || g->held || g->regs[R0].kept)
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

/* A map in a map, and what is in it. */
void gen_lookup_inner(struct gen *g)
{
	if (g->in_loop || g->in_func || g->held || g->regs[R0].kept)
		return;
	GEN(g, ST(W, R10, -8, 0), ALU64_X(MOV, R2, R10), ALU64_K(ADD, R2, -8));
	g->slots[0] = (struct gen_reg){ 0 };
	if (gen_find(g, GEN_MAP) == R9 && gen_below(g, 2)) {
		GEN(g, ALU64_X(MOV, R1, R9));
	} else {
		GEN(g, LD_MAP(R1, GEN_OUTER), CALL(BPF_FUNC_map_lookup_elem));
		if (!gen_wrong(g)) {
			GEN(g, JMP64_K(JEQ, R0, 0, 0));
			gen_out(g);
		}
		if (!g->regs[R9].kept && gen_below(g, 2)) {
			GEN(g, ALU64_X(MOV, R9, R0));
			gen_set(g, R9, GEN_MAP, 0);
		}
		GEN(g, ALU64_X(MOV, R1, R0), ALU64_X(MOV, R2, R10),
		    ALU64_K(ADD, R2, -8));
	}
	GEN(g, CALL(BPF_FUNC_map_lookup_elem));
	found(g, GEN_INNER);
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

	if (ptr == GEN_NONE)
		ptr = gen_find(g, GEN_VALUE);
	if (ptr == GEN_NONE)
		ptr = gen_find(g, GEN_PACKET);
	return ptr;
}

void gen_access(struct gen *g)
{
	u32 ptr = find_memory(g), bytes;

	if (ptr == GEN_NONE || !g->regs[ptr].bytes)
		return;
	bytes = g->regs[ptr].bytes;
	g->regs[ptr].kept = true;
	gen_access_at(g, ptr, 0, bytes);
	g->regs[ptr].kept = false;
}

void gen_access_variable(struct gen *g)
{
	u32 base = gen_find(g, GEN_VALUE), by, ptr, bytes, room;

	if (base == GEN_NONE || g->regs[base].bytes < 2 || g->in_loop ||
	    g->held)
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
	gen_access_at(g, ptr, 0, bytes - room + 1);
	g->regs[by].kept = g->regs[base].kept = g->regs[ptr].kept = false;
	gen_set(g, ptr, GEN_VALUE, bytes - room + 1);
	g->regs[ptr].map = g->regs[base].map;
}

/* A bound of one number is one of all that differ from it by so much. */
void gen_access_linked(struct gen *g)
{
	u32 base = gen_find(g, GEN_VALUE), number, copy, ptr, bytes, room;
	s32 apart = (s32)gen_below(g, 16);

	if (base == GEN_NONE || g->regs[base].bytes < 2 || g->in_loop ||
	    g->held)
		return;
	bytes = g->regs[base].bytes;
	room = 1 + gen_below(g, bytes - 1);
	g->regs[base].kept = true;
	number = gen_number_free(g);
	g->regs[number].kept = true;
	copy = gen_take(g);
	g->regs[copy].kept = true;
	ptr = gen_take(g);
	g->regs[number].kept = g->regs[base].kept = g->regs[copy].kept = false;
	if (gen_below(g, 2))
		GEN(g, ALU64_X(MOV, copy, number));
	else
		GEN(g, ALU32_X(MOV, number, number),
		    ALU32_X(MOV, copy, number));
	if (gen_below(g, 4))
		GEN(g, ALU64_K(ADD, copy, apart));
	else
		GEN(g, ALU64_K(ADD, number, -apart));
	gen_set(g, copy, GEN_NUMBER, 0);
	gen_bound(g, copy, room + gen_wrong(g));
	GEN(g, ALU64_X(MOV, ptr, base), ALU64_K(ADD, ptr, apart),
	    ALU64_X(ADD, ptr, number));
	gen_access_at(g, ptr, 0, bytes - room + 1);
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
	s32 off = gen_slot_off(slot);

	if ((op & BPF_FETCH) && g->regs[reg].kept)
		return;
	if ((op & BPF_FETCH) && g->avoid && (ptr == GEN_NONE || g->in_func))
		return;
	if (op == BPF_CMPXCHG && g->regs[R0].kind != GEN_NUMBER)
		return;
	if (ptr != GEN_NONE && (gen_below(g, 2) || g->avoid) &&
	    g->regs[ptr].bytes >= 8 && !g->in_func) {
		off = g->regs[ptr].bytes % 8 ? 4 * wide : 0;
	} else {
		if ((op & BPF_FETCH) && g->avoid)
			return;
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
