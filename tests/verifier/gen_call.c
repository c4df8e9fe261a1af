/* SPDX-License-Identifier: BSD-3-Clause */
/* gen_call.c - idioms: functions of the program, and what calls them */
#include "gen.h"

#include <string.h>

void gen_called(struct gen *g)
{
	gen_clobber(g);
	gen_set(g, R0, GEN_NUMBER, 0);
}

void gen_call_kernel(struct gen *g, const char *name)
{
	g->kfuncs[g->kfunc_cnt].at = g->cnt;
	g->kfuncs[g->kfunc_cnt++].name = name;
	GEN(g, RAW(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, 0));
	gen_called(g);
}

static bool may_call(const struct gen *g)
{
	return !g->in_func && !g->in_loop && !g->held &&
	       g->call_cnt < GEN_CALLS && !g->regs[R0].kept;
}

/* The next instruction names a function of this kind. */
static void name_function(struct gen *g, enum gen_func func, u32 map)
{
	g->calls[g->call_cnt++] = (struct gen_call){
		.at = g->cnt,
		.func = (u8)func,
		.map = (u8)map,
	};
}

/* The stack may have been written. */
static void returned(struct gen *g)
{
	gen_called(g);
	memset(g->slots, 0, sizeof(g->slots));
}

void gen_call(struct gen *g)
{
	u32 number = gen_number(g), packet = gen_find(g, GEN_PACKET);
	bool global = !gen_below(g, 3);

	if (!may_call(g))
		return;
	GEN(g, ALU64_X(MOV, R1, number), ALU64_X(MOV, R2, R10),
	    ALU64_K(ADD, R2, -64));
	if (packet != GEN_NONE && packet > R2 && g->regs[packet].bytes >= 8)
		GEN(g, ALU64_X(MOV, R3, packet));
	else
		GEN(g, ALU64_X(MOV, R3, R10), ALU64_K(ADD, R3, -64));
	if (global && gen_wrong(g))
		GEN(g, ALU64_K(ADD, R2, 56));
	name_function(g, global ? GEN_GLOBAL : GEN_STATIC, 0);
	GEN(g, CALL_LOCAL(0));
	returned(g);
}

void gen_call_back(struct gen *g)
{
	u32 number = gen_number_free(g);

	if (!may_call(g))
		return;
	if (gen_below(g, 3))
		GEN(g, ALU64_K(AND, number, 7), ALU64_X(MOV, R1, number));
	else
		GEN(g, ALU64_K(MOV, R1, (s32)gen_below(g, 20)));
	name_function(g, GEN_ROUND, 0);
	GEN(g, LD_FUNC(R2, 0), ALU64_X(MOV, R3, R10), ALU64_K(ADD, R3, -64),
	    ALU64_K(MOV, R4, gen_wrong(g)), CALL(BPF_FUNC_loop));
	returned(g);
}

void gen_each(struct gen *g)
{
	u32 map = gen_below(g, GEN_BYTES);

	if (!may_call(g))
		return;
	GEN(g, LD_MAP(R1, map));
	name_function(g, GEN_EACH, map);
	GEN(g, LD_FUNC(R2, 0), ALU64_X(MOV, R3, R10), ALU64_K(ADD, R3, -64),
	    ALU64_K(MOV, R4, 0), CALL(BPF_FUNC_for_each_map_elem));
	returned(g);
}

/* There is nothing to go to. */
void gen_tail_call(struct gen *g)
{
	u32 number = gen_number(g);
	u32 progs = g->type == BPF_PROG_TYPE_XDP ? GEN_PROGS_XDP : GEN_PROGS_TC;

	if (g->in_func || g->in_loop || g->held)
		return;
	GEN(g, ALU64_X(MOV, R3, number), LD_MAP(R2, progs),
	    ALU64_X(MOV, R1, R6), CALL(BPF_FUNC_tail_call));
	gen_called(g);
}

/* ---- what is called ---- */

static void begin(struct gen *g, const struct gen_call *call)
{
	memset(g->regs, 0, sizeof(g->regs));
	memset(g->slots, 0, sizeof(g->slots));
	g->in_func = true;
	g->func = call->func;
	gen_set(g, R1, GEN_NUMBER, 0);
	switch (call->func) {
	case GEN_STATIC:
		gen_set(g, R2, GEN_VALUE, 64);
		gen_set(g, R3, GEN_VALUE, 8);
		break;
	case GEN_GLOBAL:
		if (!gen_wrong(g)) {
			GEN(g, JMP64_K(JEQ, R2, 0, 0));
			gen_out(g);
		}
		gen_set(g, R2, GEN_VALUE, 16);
		break;
	case GEN_ROUND: gen_set(g, R2, GEN_VALUE, 64); break;
	default:
		gen_set(g, R1, GEN_NOTHING, 0);
		GEN(g, LDX(W, R2, R2, 0));
		gen_set(g, R2, GEN_NUMBER, 0);
		gen_set(g, R3, GEN_VALUE, gen_maps[call->map].value_size);
		gen_set(g, R4, GEN_VALUE, 64);
		break;
	}
	gen_zero_stack(g);
}

static void function(struct gen *g, const struct gen_call *first)
{
	struct gen_call call = *first;

	for (u32 i = 0; i < g->call_cnt; i++) {
		struct gen_call *c = &g->calls[i];

		if (c->made || c->func != call.func || c->map != call.map ||
		    (c != first && gen_below(g, 2)))
			continue;
		g->insns[c->at].imm = (s32)(g->cnt - c->at - 1);
		c->made = true;
	}
	g->starts[g->func_cnt] = g->cnt;
	g->types[g->func_cnt++] =
		call.func == GEN_GLOBAL ? GEN_BTF_GLOBAL : GEN_BTF_STATIC;
	begin(g, &call);
	for (u32 n = 1 + gen_below(g, 4); n; n--)
		gen_idiom(g);
	gen_end(g);
}

void gen_functions(struct gen *g)
{
	for (u32 i = 0; i < g->call_cnt; i++)
		if (!g->calls[i].made)
			function(g, &g->calls[i]);
}
