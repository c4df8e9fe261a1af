/* SPDX-License-Identifier: BSD-3-Clause */
/* gen.c - a program: what is in its registers, its idioms, its ends */
#include "gen.h"

#include <string.h>

const struct gen_map_shape gen_maps[GEN_MAPS] = {
	[GEN_ARRAY] = { "array", BPF_MAP_TYPE_ARRAY, 4, 16, 2 },
	[GEN_HASH] = { "hash", BPF_MAP_TYPE_HASH, 4, 24, 8 },
	[GEN_BLOCK] = { "block", BPF_MAP_TYPE_ARRAY, 4, 64, 1 },
	[GEN_INNER] = { "inner", BPF_MAP_TYPE_ARRAY, 4, 32, 1 },
	[GEN_LOCK] = { "lock", BPF_MAP_TYPE_ARRAY, 4, 16, 1, 1, 5 },
	[GEN_OUTER] = { "outer", BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 1, 0, 0,
			true },
	[GEN_PROGS_XDP] = { "progs_xdp", BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2 },
	[GEN_PROGS_TC] = { "progs_tc", BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2 },
	[GEN_RING] = { "ring", BPF_MAP_TYPE_RINGBUF, 0, 0, 4096 },
};

/* ---- tools ---- */

u32 gen_below(struct gen *g, u32 n)
{
	g->random ^= g->random << 13;
	g->random ^= g->random >> 7;
	g->random ^= g->random << 17;
	return (u32)(g->random >> 32) % n;
}

bool gen_wrong(struct gen *g)
{
	return g->wrong && !gen_below(g, g->wrong);
}

void gen_add(struct gen *g, const struct bpf_insn *insns, u32 cnt)
{
	memcpy(&g->insns[g->cnt], insns, cnt * sizeof(*insns));
	g->cnt += cnt;
}

void gen_set(struct gen *g, u32 reg, enum gen_kind kind, u32 bytes)
{
	g->regs[reg] = (struct gen_reg){ .kind = (u8)kind, .bytes = bytes };
}

static bool may_write(const struct gen *g, u32 reg)
{
	return reg != R6 && !g->regs[reg].kept &&
	       (!g->in_loop || g->regs[reg].kind == GEN_NUMBER);
}

u32 gen_free(struct gen *g)
{
	u32 at = gen_below(g, 10);

	for (u32 i = 0; i < 10; i++)
		if (may_write(g, (at + i) % 10))
			return (at + i) % 10;
	return R0;
}

u32 gen_find(struct gen *g, enum gen_kind kind)
{
	u32 at = gen_below(g, 10);

	for (u32 i = 0; i < 10; i++)
		if (g->regs[(at + i) % 10].kind == kind)
			return (at + i) % 10;
	return GEN_NONE;
}

s32 gen_imm(struct gen *g)
{
	static const s32 edges[] = { 0,		1,	-1,	 2,
				     7,		8,	63,	 64,
				     127,	128,	255,	 256,
				     0x7fff,	0xffff, 0x10000, INT32_MAX,
				     INT32_MIN, -8,	-64 };

	switch (gen_below(g, 3)) {
	case 0: return edges[gen_below(g, ARRAY_LEN(edges))];
	case 1: return (s32)gen_below(g, 64);
	default: return (s32)(g->random >> gen_below(g, 33));
	}
}

u32 gen_number(struct gen *g)
{
	u32 reg = gen_find(g, GEN_NUMBER);

	if (reg != GEN_NONE)
		return reg;
	reg = gen_free(g);
	GEN(g, ALU64_K(MOV, reg, gen_imm(g)));
	gen_set(g, reg, GEN_NUMBER, 0);
	return reg;
}

u32 gen_number_free(struct gen *g)
{
	u32 reg = gen_number(g), to;

	if (may_write(g, reg))
		return reg;
	to = gen_free(g);
	GEN(g, ALU64_X(MOV, to, reg));
	gen_set(g, to, GEN_NUMBER, 0);
	return to;
}

u32 gen_take(struct gen *g)
{
	u32 reg = gen_free(g);

	gen_set(g, reg, GEN_NOTHING, 0);
	return reg;
}

void gen_clobber(struct gen *g)
{
	for (u32 i = R1; i <= R5; i++)
		gen_set(g, i, GEN_NOTHING, 0);
}

/* ---- the whole ---- */

typedef void idiom_fn(struct gen *g);

void gen_inside(struct gen *g)
{
	static idiom_fn *const idioms[] = {
		gen_two_operands, gen_one_operand, gen_access,
		gen_access,	  gen_spill,	   gen_fill,
	};

	idioms[gen_below(g, ARRAY_LEN(idioms))](g);
}

void gen_idiom(struct gen *g)
{
	static idiom_fn *const idioms[] = {
		gen_two_operands,
		gen_two_operands,
		gen_two_operands,
		gen_one_operand,
		gen_load_number,
		gen_halves,
		gen_leave_if,
		gen_packet,
		gen_packet_variable,
		gen_packet_header,
		gen_meta,
		gen_access,
		gen_access,
		gen_access_variable,
		gen_access_variable,
		gen_access_linked,
		gen_spill,
		gen_spill,
		gen_fill,
		gen_fill,
		gen_spill_bound,
		gen_stack_variable,
		gen_zeros,
		gen_atomic,
		gen_direct,
		gen_lookup,
		gen_lookup_inner,
		gen_skip_if,
		gen_loop,
		gen_iterate,
		gen_call,
		gen_call_back,
		gen_each,
		gen_tail_call,
		gen_adjust,
		gen_record,
		gen_record_kept,
		gen_dynptr_memory,
		gen_dynptr_record,
		gen_dynptr_packet,
		gen_locked,
	};
	static idiom_fn *const inside[] = {
		gen_two_operands, gen_one_operand, gen_leave_if, gen_access,
		gen_spill,	  gen_fill,	   gen_atomic,
	};

	if (g->cnt > GEN_INSNS - 200 || g->out_cnt > GEN_JUMPS - 8)
		return;
	if (g->held)
		gen_inside(g);
	else if (g->in_loop)
		inside[gen_below(g, ARRAY_LEN(inside))](g);
	else
		idioms[gen_below(g, ARRAY_LEN(idioms))](g);
}

/* A callback goes on or stops: 0 or 1. */
void gen_end(struct gen *g)
{
	u32 result = gen_find(g, GEN_NUMBER);
	bool calls_back = g->in_func && g->func >= GEN_ROUND;

	if (result != GEN_NONE)
		GEN(g, ALU64_X(MOV, R0, result));
	if (result != GEN_NONE && calls_back && !gen_wrong(g))
		GEN(g, ALU64_K(AND, R0, 1));
	if (result != GEN_NONE)
		GEN(g, EXIT());
	for (u32 i = 0; i < g->out_cnt; i++)
		g->insns[g->outs[i]].off = (s16)(g->cnt - g->outs[i] - 1);
	if (g->out_cnt || result == GEN_NONE)
		GEN(g, ALU64_K(MOV, R0, 1), EXIT());
	g->out_cnt = 0;
}

void gen_program(struct gen *g, u64 seed, bool avoid)
{
	static const u32 types[] = { BPF_PROG_TYPE_XDP,
				     BPF_PROG_TYPE_SCHED_CLS };
	static const u32 wrongs[] = { 16, 12, 8, 6 };

	*g = (struct gen){ .random = seed * 0x9e3779b97f4a7c15 + 1 };
	gen_below(g, 2);
	g->avoid = avoid;
	g->type = types[gen_below(g, 2)];
	g->wrong = wrongs[gen_below(g, ARRAY_LEN(wrongs))];
	g->types[g->func_cnt++] = GEN_BTF_STATIC;
	GEN(g, ALU64_X(MOV, R6, R1));
	gen_set(g, R6, GEN_CTX, 0);
	gen_set(g, R1, GEN_CTX, 0);
	gen_zero_stack(g);
	if (gen_below(g, 4))
		gen_packet(g);
	for (u32 n = 3 + gen_below(g, 14); n; n--)
		gen_idiom(g);
	gen_end(g);
	gen_functions(g);
}
