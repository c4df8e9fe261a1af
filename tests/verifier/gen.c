/* SPDX-License-Identifier: BSD-3-Clause */
/* gen.c - programs: arithmetic, jumps, loops, calls, and how it all begins */
#include "gen.h"

#include <string.h>

#define NONE 0xffu

const struct gen_map_shape gen_maps[GEN_MAPS] = {
	[GEN_ARRAY] = { "array", BPF_MAP_TYPE_ARRAY, 4, 16, 2 },
	[GEN_HASH] = { "hash", BPF_MAP_TYPE_HASH, 4, 24, 8 },
	[GEN_BLOCK] = { "block", BPF_MAP_TYPE_ARRAY, 4, 64, 1 },
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
	return NONE;
}

static s32 some_imm(struct gen *g)
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

	if (reg != NONE)
		return reg;
	reg = gen_free(g);
	GEN(g, ALU64_K(MOV, reg, some_imm(g)));
	gen_set(g, reg, GEN_NUMBER, 0);
	return reg;
}

/* A number that may be written. */
static u32 number_free(struct gen *g)
{
	u32 reg = gen_number(g), to;

	if (may_write(g, reg))
		return reg;
	to = gen_free(g);
	GEN(g, ALU64_X(MOV, to, reg));
	gen_set(g, to, GEN_NUMBER, 0);
	return to;
}

void gen_out(struct gen *g)
{
	if (g->out_cnt < GEN_JUMPS)
		g->outs[g->out_cnt++] = g->cnt - 1;
}

void gen_clobber(struct gen *g)
{
	for (u32 i = R1; i <= R5; i++)
		gen_set(g, i, GEN_NOTHING, 0);
}

/* ---- arithmetic ---- */

static void two_operands(struct gen *g)
{
	static const u8 ops[] = { BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV,
				  BPF_OR,  BPF_AND, BPF_LSH, BPF_RSH,
				  BPF_MOD, BPF_XOR, BPF_MOV, BPF_ARSH };
	u8 op = ops[gen_below(g, ARRAY_LEN(ops))];
	u8 class = gen_below(g, 2) ? BPF_ALU64 : BPF_ALU;
	bool by_register = gen_below(g, 2);
	u32 src = by_register ? gen_number(g) : 0, dst = number_free(g);
	s32 imm = some_imm(g);
	s16 off = 0;

	if (op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH)
		imm &= class == BPF_ALU ? 31 : 63;
	if (op == BPF_DIV || op == BPF_MOD) {
		imm |= 1;
		off = (s16)gen_below(g, 2);
	}
	if (op == BPF_MOV && by_register && !gen_below(g, 3))
		off = gen_below(g, 2) ? 8 : 16;
	GEN(g, RAW(class | op | (by_register ? BPF_X : BPF_K), dst, src, off,
		   by_register ? 0 : imm));
}

static void one_operand(struct gen *g)
{
	static const u8 bits[] = { 16, 32, 64 };
	u32 dst = number_free(g), width = bits[gen_below(g, 3)];

	switch (gen_below(g, 4)) {
	case 0: GEN(g, NEG64(dst)); break;
	case 1: GEN(g, NEG32(dst)); break;
	case 2: GEN(g, TO_BE(dst, width)); break;
	default: GEN(g, BSWAP(dst, width)); break;
	}
}

static void load_number(struct gen *g)
{
	static const s16 xdp[] = { 12, 16 }, tc[] = { 0, 8, 40, 48 };
	u32 dst = gen_free(g);

	if (!g->in_func && gen_below(g, 2) && g->regs[R6].kind == GEN_CTX)
		GEN(g, LDX(W, dst, R6,
			   g->type == BPF_PROG_TYPE_XDP ? xdp[gen_below(g, 2)]
							: tc[gen_below(g, 4)]));
	else if (gen_below(g, 4))
		GEN(g, ALU64_K(MOV, dst, some_imm(g)));
	else
		GEN(g, LD64(dst, g->random));
	gen_set(g, dst, GEN_NUMBER, 0);
}

/* ---- jumps ---- */

static struct bpf_insn some_jump(struct gen *g, s16 off)
{
	static const u8 ops[] = { BPF_JEQ,  BPF_JNE,  BPF_JGT,	BPF_JGE,
				  BPF_JLT,  BPF_JLE,  BPF_JSGT, BPF_JSGE,
				  BPF_JSLT, BPF_JSLE, BPF_JSET };
	u8 code = ops[gen_below(g, ARRAY_LEN(ops))] |
		  (gen_below(g, 2) ? BPF_JMP : BPF_JMP32);
	u32 a = gen_number(g), b = gen_number(g);

	if (gen_below(g, 2))
		return (struct bpf_insn)RAW(code | BPF_X, a, b, off, 0);
	return (struct bpf_insn)RAW(code | BPF_K, a, 0, off, some_imm(g));
}

static void leave_if(struct gen *g)
{
	struct bpf_insn jump = some_jump(g, 0);

	gen_add(g, &jump, 1);
	gen_out(g);
}

/* What both ways know. */
static void join(struct gen *g, const struct gen *other)
{
	for (u32 i = 0; i < 10; i++) {
		const struct gen_reg *o = &other->regs[i];

		if (o->kind != g->regs[i].kind || o->map != g->regs[i].map)
			gen_set(g, i, GEN_NOTHING, 0);
		else if (o->bytes < g->regs[i].bytes)
			g->regs[i].bytes = o->bytes;
	}
	for (u32 i = 0; i < GEN_SLOTS; i++)
		if (memcmp(&other->slots[i], &g->slots[i], sizeof(g->slots[i])))
			g->slots[i] = (struct gen_reg){ 0 };
}

static void skip_if(struct gen *g)
{
	struct bpf_insn jump = some_jump(g, 0);
	struct gen before = *g;
	u32 at = g->cnt;

	gen_add(g, &jump, 1);
	for (u32 n = 1 + gen_below(g, 3); n; n--)
		gen_idiom(g);
	g->insns[at].off = (s16)(g->cnt - at - 1);
	join(g, &before);
}

void gen_bound(struct gen *g, u32 reg, u32 n)
{
	switch (gen_below(g, n & (n - 1) ? 3 : 5)) {
	case 0:
		GEN(g, JMP64_K(JGE, reg, (s32)n, 0));
		gen_out(g);
		break;
	case 1:
		GEN(g, JMP64_K(JSGT, reg, (s32)n - 1, 0));
		gen_out(g);
		GEN(g, JMP64_K(JSLT, reg, 0, 0));
		gen_out(g);
		break;
	case 2:
		GEN(g, ALU32_X(MOV, reg, reg),
		    JMP32_K(JGT, reg, (s32)n - 1, 0));
		gen_out(g);
		break;
	case 3: GEN(g, ALU64_K(AND, reg, (s32)n - 1)); break;
	default: GEN(g, ALU32_K(AND, reg, (s32)n - 1)); break;
	}
}

/* ---- loops and calls ---- */

static void loop(struct gen *g)
{
	u32 counter = R7 + gen_below(g, 3), start;
	bool endless = !gen_below(g, 6);

	if (g->in_loop || g->regs[counter].kept)
		return;
	GEN(g, ALU64_K(MOV, counter, 0));
	gen_set(g, counter, GEN_NUMBER, 0);
	g->regs[counter].kept = true;
	gen_number(g);
	g->in_loop = true;
	start = g->cnt;
	if (endless)
		GEN(g, MAY_GOTO(0));
	for (u32 n = 1 + gen_below(g, 3); n; n--)
		gen_idiom(g);
	if (!gen_wrong(g))
		GEN(g, ALU64_K(ADD, counter, 1 + (s32)gen_below(g, 3)));
	if (endless) {
		GEN(g, JA((s16)(start - g->cnt - 1)));
		g->insns[start].off = (s16)(g->cnt - start - 1);
	} else {
		GEN(g, JMP64_K(JLT, counter, 1 + (s32)gen_below(g, 12),
			       (s16)(start - g->cnt - 1)));
	}
	g->in_loop = false;
	g->regs[counter].kept = false;
}

static void call(struct gen *g)
{
	u32 number = gen_number(g), packet = gen_find(g, GEN_PACKET);

	if (g->in_func || g->in_loop || g->call_cnt == ARRAY_LEN(g->calls) ||
	    g->regs[R0].kept)
		return;
	GEN(g, ALU64_X(MOV, R1, number), ALU64_X(MOV, R2, R10));
	if (packet != NONE && packet > R2 && g->regs[packet].bytes >= 8)
		GEN(g, ALU64_X(MOV, R3, packet));
	else
		GEN(g, ALU64_X(MOV, R3, R10), ALU64_K(ADD, R3, -64));
	GEN(g, ALU64_K(ADD, R2, -64));
	g->calls[g->call_cnt++] = g->cnt;
	GEN(g, CALL_LOCAL(0));
	gen_clobber(g);
	gen_set(g, R0, GEN_NUMBER, 0);
	memset(g->slots, 0, sizeof(g->slots));
}

/* Moves the packet. */
static void adjust(struct gen *g)
{
	u32 number = gen_number(g);

	if (g->in_func || g->in_loop || g->type != BPF_PROG_TYPE_XDP)
		return;
	GEN(g, ALU64_X(MOV, R2, number), ALU64_X(MOV, R1, R6),
	    CALL(gen_below(g, 2) ? BPF_FUNC_xdp_adjust_head
				 : BPF_FUNC_xdp_adjust_tail));
	gen_clobber(g);
	gen_set(g, R0, GEN_NUMBER, 0);
	for (u32 i = 0; i < 10; i++)
		if ((g->regs[i].kind == GEN_PACKET ||
		     g->regs[i].kind == GEN_END) &&
		    !gen_wrong(g))
			gen_set(g, i, GEN_NOTHING, 0);
	for (u32 i = 0; i < GEN_SLOTS; i++)
		if (g->slots[i].kind == GEN_PACKET)
			g->slots[i].kind = GEN_NOTHING;
}

static void reserve(struct gen *g)
{
	u32 bytes = 8 * (1 + gen_below(g, 4));

	if (g->in_loop || g->in_func)
		return;
	GEN(g, LD_MAP(R1, GEN_RING), ALU64_K(MOV, R2, (s32)bytes),
	    ALU64_K(MOV, R3, 0), CALL(BPF_FUNC_ringbuf_reserve));
	gen_clobber(g);
	GEN(g, JMP64_K(JEQ, R0, 0, 0));
	gen_out(g);
	GEN(g, ST(DW, R0, (s16)gen_below(g, bytes - 7 + gen_wrong(g)), 7));
	if (!gen_wrong(g))
		GEN(g, ALU64_X(MOV, R1, R0), ALU64_K(MOV, R2, 0),
		    CALL(gen_below(g, 2) ? BPF_FUNC_ringbuf_submit
					 : BPF_FUNC_ringbuf_discard));
	gen_set(g, R0, GEN_NOTHING, 0);
}

/* ---- the whole ---- */

typedef void idiom_fn(struct gen *g);

void gen_idiom(struct gen *g)
{
	static idiom_fn *const idioms[] = {
		two_operands,
		two_operands,
		two_operands,
		one_operand,
		load_number,
		leave_if,
		gen_packet,
		gen_packet_variable,
		gen_access,
		gen_access,
		gen_access_variable,
		gen_access_variable,
		gen_spill,
		gen_spill,
		gen_fill,
		gen_fill,
		gen_stack_variable,
		gen_atomic,
		gen_direct,
		gen_lookup,
		skip_if,
		loop,
		call,
		adjust,
		reserve,
	};
	static idiom_fn *const inside[] = {
		two_operands, one_operand, leave_if,   gen_access,
		gen_spill,    gen_fill,	   gen_atomic, gen_access_variable,
	};

	if (g->cnt > GEN_INSNS - 200 || g->out_cnt > GEN_JUMPS - 8)
		return;
	if (g->in_loop)
		inside[gen_below(g, ARRAY_LEN(inside))](g);
	else
		idioms[gen_below(g, ARRAY_LEN(idioms))](g);
}

static void end(struct gen *g)
{
	u32 result = gen_find(g, GEN_NUMBER);

	if (result != NONE)
		GEN(g, ALU64_X(MOV, R0, result), EXIT());
	for (u32 i = 0; i < g->out_cnt; i++)
		g->insns[g->outs[i]].off = (s16)(g->cnt - g->outs[i] - 1);
	if (g->out_cnt || result == NONE)
		GEN(g, ALU64_K(MOV, R0, 1), EXIT());
	g->out_cnt = 0;
}

/* What is in use, and what a byte too far may read. */
static void zero_stack(struct gen *g)
{
	for (s16 off = -8 * (GEN_SLOTS + 1); off; off += 8)
		GEN(g, ST(DW, R10, off, 0));
}

static void function(struct gen *g)
{
	u32 start = g->cnt;
	bool used = false;

	for (u32 i = 0; i < g->call_cnt; i++) {
		if (g->insns[g->calls[i]].imm || (used && gen_below(g, 2)))
			continue;
		g->insns[g->calls[i]].imm = (s32)(start - g->calls[i] - 1);
		used = true;
	}
	if (!used)
		return;
	memset(g->regs, 0, sizeof(g->regs));
	memset(g->slots, 0, sizeof(g->slots));
	g->in_func = true;
	gen_set(g, R1, GEN_NUMBER, 0);
	gen_set(g, R2, GEN_VALUE, 64);
	gen_set(g, R3, GEN_VALUE, 8);
	zero_stack(g);
	for (u32 n = 1 + gen_below(g, 4); n; n--)
		gen_idiom(g);
	end(g);
}

static bool call_is_open(const struct gen *g)
{
	for (u32 i = 0; i < g->call_cnt; i++)
		if (!g->insns[g->calls[i]].imm)
			return true;
	return false;
}

void gen_program(struct gen *g, u64 seed)
{
	static const u32 types[] = { BPF_PROG_TYPE_XDP,
				     BPF_PROG_TYPE_SCHED_CLS };
	static const u32 wrongs[] = { 8, 4, 3, 2 };

	*g = (struct gen){ .random = seed * 0x9e3779b97f4a7c15 + 1 };
	gen_below(g, 2);
	g->type = types[gen_below(g, 2)];
	g->wrong = wrongs[gen_below(g, ARRAY_LEN(wrongs))];
	GEN(g, ALU64_X(MOV, R6, R1));
	gen_set(g, R6, GEN_CTX, 0);
	gen_set(g, R1, GEN_CTX, 0);
	zero_stack(g);
	if (gen_below(g, 4))
		gen_packet(g);
	for (u32 n = 3 + gen_below(g, 14); n; n--)
		gen_idiom(g);
	end(g);
	while (call_is_open(g))
		function(g);
}
