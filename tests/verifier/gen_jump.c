/* SPDX-License-Identifier: BSD-3-Clause */
/* gen_jump.c - idioms: comparisons, joins, loops */
#include "gen.h"

#include <string.h>

/* ---- one way or the other ---- */

void gen_out(struct gen *g)
{
	if (g->out_cnt < GEN_JUMPS)
		g->outs[g->out_cnt++] = g->cnt - 1;
}

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
	return (struct bpf_insn)RAW(code | BPF_K, a, 0, off, gen_imm(g));
}

void gen_leave_if(struct gen *g)
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

void gen_skip_if(struct gen *g)
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

/* Without a way out. */
static void cut_to(struct gen *g, u32 reg, u32 n)
{
	u32 mask = 1;

	while (mask * 2 <= n)
		mask *= 2;
	GEN(g, ALU64_K(AND, reg, (s32)mask - 1));
}

void gen_bound(struct gen *g, u32 reg, u32 n)
{
	if (g->held) {
		cut_to(g, reg, n);
		return;
	}
	switch (gen_below(g, n & (n - 1) ? 4 : 6)) {
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
	case 3:
		GEN(g, ALU64_K(LSH, reg, 32), ALU64_K(ARSH, reg, 32),
		    JMP32_K(JSLT, reg, 0, 0));
		gen_out(g);
		GEN(g, JMP64_K(JSGE, reg, (s32)n, 0));
		gen_out(g);
		break;
	case 4: GEN(g, ALU64_K(AND, reg, (s32)n - 1)); break;
	default: GEN(g, ALU32_K(AND, reg, (s32)n - 1)); break;
	}
}

/* ---- loops ---- */

void gen_loop(struct gen *g)
{
	u32 counter = R7 + gen_below(g, 3), start;
	bool endless = !gen_below(g, 6);

	if (g->in_loop || g->held || g->regs[counter].kept)
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

/* An iterator over numbers, with its end and its destruction. */
void gen_iterate(struct gen *g)
{
	u32 start, jump;

	if (g->in_loop || g->held || g->kfunc_cnt + 3 > ARRAY_LEN(g->kfuncs))
		return;
	GEN(g, ALU64_X(MOV, R1, R10), ALU64_K(ADD, R1, GEN_ITER),
	    ALU64_K(MOV, R2, (s32)gen_below(g, 3)),
	    ALU64_K(MOV, R3, (s32)gen_below(g, 20)));
	gen_call_kernel(g, "bpf_iter_num_new");
	gen_number(g);
	g->in_loop = g->held = true;
	start = g->cnt;
	GEN(g, ALU64_X(MOV, R1, R10), ALU64_K(ADD, R1, GEN_ITER));
	gen_call_kernel(g, "bpf_iter_num_next");
	gen_set(g, R0, GEN_NOTHING, 0);
	jump = g->cnt;
	GEN(g, JMP64_K(JEQ, R0, 0, 0), LDX(W, R0, R0, 0));
	gen_set(g, R0, GEN_NUMBER, 0);
	for (u32 n = 1 + gen_below(g, 3); n; n--)
		gen_idiom(g);
	GEN(g, JA((s16)(start - g->cnt - 1)));
	g->insns[jump].off = (s16)(g->cnt - jump - 1);
	g->in_loop = g->held = false;
	gen_clobber(g);
	gen_set(g, R0, GEN_NOTHING, 0);
	if (gen_wrong(g))
		return;
	GEN(g, ALU64_X(MOV, R1, R10), ALU64_K(ADD, R1, GEN_ITER));
	gen_call_kernel(g, "bpf_iter_num_destroy");
}
