/* SPDX-License-Identifier: BSD-3-Clause */
/* gen_stack.c - idioms: spills, fills, and bytes of the stack */
#include "gen.h"

/* What is in use, and what a byte too far may read. */
void gen_zero_stack(struct gen *g)
{
	for (s16 off = -GEN_STACK_USED; off; off += 8)
		GEN(g, ST(DW, R10, off, 0));
}

s32 gen_slot_off(u32 slot)
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
	insn = gen_store(size, R10, reg, gen_slot_off(slot));
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
	insn = gen_load(size, dst, R10, gen_slot_off(slot) + (s32)inner,
			!g->avoid && size < 3 && !gen_below(g, 3));
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

	if (g->in_loop)
		return;
	g->regs[by].kept = true;
	ptr = gen_free(g);
	gen_set(g, ptr, GEN_NOTHING, 0);
	g->regs[ptr].kept = true;
	gen_bound(g, by, room);
	GEN(g, ALU64_X(MOV, ptr, R10), ALU64_K(ADD, ptr, -64),
	    ALU64_X(ADD, ptr, by));
	for (u32 i = 0; i < GEN_SLOTS; i++)
		g->slots[i] = (struct gen_reg){ 0 };
	gen_access_at(g, ptr, 0, 1);
	g->regs[by].kept = g->regs[ptr].kept = false;
	gen_set(g, ptr, GEN_NOTHING, 0);
}

/* What was learnt of a number after it was spilled holds when it is back. */
void gen_spill_bound(struct gen *g)
{
	u32 base = gen_find(g, GEN_VALUE), number, to,
	    size = 2 + gen_below(g, 2);
	u32 slot = gen_below(g, GEN_SLOTS), room;

	if (base == GEN_NONE || g->regs[base].bytes < 2 || g->in_loop ||
	    g->held)
		return;
	room = g->regs[base].bytes;
	g->regs[base].kept = true;
	number = gen_number_free(g);
	if (size == 2)
		GEN(g, ALU32_X(MOV, number, number));
	g->regs[number].kept = true;
	to = gen_take(g);
	g->regs[number].kept = g->regs[base].kept = false;
	g->insns[g->cnt++] = gen_store(size, R10, number, gen_slot_off(slot));
	g->slots[slot] = (struct gen_reg){ 0 };
	gen_bound(g, number, room + gen_wrong(g));
	g->insns[g->cnt++] = gen_load(gen_wrong(g) ? 3 : size, to, R10,
				      gen_slot_off(slot), false);
	GEN(g, ALU64_X(ADD, to, base), LDX(B, to, to, 0));
	gen_set(g, to, GEN_NUMBER, 0);
}

/* Zeros stay zeros where only zeros were written, wherever that was. */
void gen_zeros(struct gen *g)
{
	u32 base = gen_find(g, GEN_VALUE), by, ptr, to;
	s32 off = -64 + (s32)gen_below(g, 7) * 8;

	if (base == GEN_NONE || g->in_loop || g->held)
		return;
	g->regs[base].kept = true;
	by = gen_number_free(g);
	g->regs[by].kept = true;
	ptr = gen_take(g);
	g->regs[ptr].kept = true;
	to = gen_take(g);
	g->regs[base].kept = g->regs[by].kept = g->regs[ptr].kept = false;
	for (u32 i = 0; i < GEN_SLOTS; i++)
		g->slots[i] = (struct gen_reg){ 0 };
	GEN(g, ST(DW, R10, (s16)off, 0), ST(DW, R10, (s16)off + 8, 0));
	gen_bound(g, by, 8);
	GEN(g, ALU64_X(MOV, ptr, R10), ALU64_K(ADD, ptr, off),
	    ALU64_X(ADD, ptr, by), ST(B, ptr, 0, gen_wrong(g)),
	    LDX(B, to, R10, (s16)(off + (s32)gen_below(g, 9))),
	    ALU64_X(ADD, to, base), LDX(B, to, to, 0));
	gen_set(g, to, GEN_NUMBER, 0);
	gen_set(g, ptr, GEN_NOTHING, 0);
}
