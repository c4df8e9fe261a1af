/* SPDX-License-Identifier: BSD-3-Clause */
/* gen_packet.c - idioms: the packet and what lies before it */
#include "gen.h"

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

	if (end != GEN_NONE)
		return end;
	end = gen_free(g);
	GEN(g, LDX(W, end, R6, xdp ? 4 : 80));
	gen_set(g, end, GEN_END, 0);
	return end;
}

void gen_packet(struct gen *g)
{
	u32 bytes = 1 + gen_below(g, 64), end, ptr, tmp;

	if (g->in_func || g->in_loop || g->held)
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

	if (base == GEN_NONE || g->in_func || g->held || g->in_loop)
		return;
	g->regs[base].kept = true;
	end = load_end(g);
	by = gen_number(g);
	g->regs[by].kept = g->regs[end].kept = true;
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

/* The length that a header says, in words, moves the pointer. */
void gen_packet_header(struct gen *g)
{
	u32 base = gen_find(g, GEN_PACKET), end, ptr, by;
	u32 bytes = 1 + gen_below(g, 8);

	if (base == GEN_NONE || !g->regs[base].bytes || g->in_func ||
	    g->in_loop || g->held)
		return;
	g->regs[base].kept = true;
	end = load_end(g);
	g->regs[end].kept = true;
	by = gen_take(g);
	ptr = gen_take(g);
	g->regs[base].kept = g->regs[end].kept = false;
	GEN(g, LDX(B, by, base, (s16)gen_below(g, g->regs[base].bytes)));
	if (!gen_wrong(g))
		GEN(g, ALU64_K(AND, by, 15));
	GEN(g, ALU64_K(LSH, by, 2), ALU64_X(MOV, ptr, base),
	    ALU64_X(ADD, ptr, by), ALU64_X(MOV, by, ptr),
	    ALU64_K(ADD, by, (s32)bytes));
	if (!gen_wrong(g))
		check_end(g, by, end);
	gen_set(g, by, GEN_NOTHING, 0);
	gen_set(g, ptr, GEN_PACKET, bytes);
}

void gen_meta(struct gen *g)
{
	bool xdp = g->type == BPF_PROG_TYPE_XDP;
	u32 bytes = 4 * (1 + gen_below(g, 8)), meta, data, tmp;

	if (g->in_func || g->in_loop || g->held)
		return;
	meta = gen_take(g);
	g->regs[meta].kept = true;
	data = gen_take(g);
	g->regs[data].kept = true;
	tmp = gen_take(g);
	g->regs[meta].kept = g->regs[data].kept = false;
	GEN(g, LDX(W, meta, R6, xdp ? 8 : 140), LDX(W, data, R6, xdp ? 0 : 76),
	    ALU64_X(MOV, tmp, meta), ALU64_K(ADD, tmp, (s32)bytes));
	if (!gen_wrong(g))
		check_end(g, tmp, data);
	gen_access_at(g, meta, 0, bytes);
	gen_set(g, meta, GEN_NOTHING, 0);
	gen_set(g, data, GEN_NOTHING, 0);
	gen_set(g, tmp, GEN_NOTHING, 0);
}

/* What was in the packet is not to be used. */
void gen_packet_moved(struct gen *g)
{
	for (u32 i = 0; i < 10; i++)
		if ((g->regs[i].kind == GEN_PACKET ||
		     g->regs[i].kind == GEN_END) &&
		    !gen_wrong(g))
			gen_set(g, i, GEN_NOTHING, 0);
	for (u32 i = 0; i < GEN_SLOTS; i++)
		if (g->slots[i].kind == GEN_PACKET)
			g->slots[i].kind = GEN_NOTHING;
}

void gen_adjust(struct gen *g)
{
	static const u32 xdp[] = { BPF_FUNC_xdp_adjust_head,
				   BPF_FUNC_xdp_adjust_tail,
				   BPF_FUNC_xdp_adjust_meta };
	u32 number = gen_number(g);

	if (g->in_func || g->in_loop || g->held)
		return;
	GEN(g, ALU64_X(MOV, R2, number), ALU64_X(MOV, R1, R6));
	if (g->type == BPF_PROG_TYPE_XDP)
		GEN(g, CALL(xdp[gen_below(g, 3)]));
	else
		GEN(g, CALL(BPF_FUNC_skb_pull_data));
	gen_called(g);
	gen_packet_moved(g);
}
