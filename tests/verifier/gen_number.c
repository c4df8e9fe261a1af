/* SPDX-License-Identifier: BSD-3-Clause */
/* gen_number.c - idioms: arithmetic */
#include "gen.h"

void gen_two_operands(struct gen *g)
{
	static const u8 ops[] = { BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV,
				  BPF_OR,  BPF_AND, BPF_LSH, BPF_RSH,
				  BPF_MOD, BPF_XOR, BPF_MOV, BPF_ARSH };
	u8 op = ops[gen_below(g, ARRAY_LEN(ops))];
	u8 class = gen_below(g, 2) ? BPF_ALU64 : BPF_ALU;
	bool by_register = gen_below(g, 2);
	u32 src = by_register ? gen_number(g) : 0, dst = gen_number_free(g);
	s32 imm = gen_imm(g);
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

void gen_one_operand(struct gen *g)
{
	static const u8 bits[] = { 16, 32, 64 };
	u32 dst = gen_number_free(g), width = bits[gen_below(g, 3)];

	switch (gen_below(g, 4)) {
	case 0: GEN(g, NEG64(dst)); break;
	case 1: GEN(g, NEG32(dst)); break;
	case 2: GEN(g, TO_BE(dst, width)); break;
	default: GEN(g, BSWAP(dst, width)); break;
	}
}

void gen_load_number(struct gen *g)
{
	static const s16 xdp[] = { 12, 16 }, tc[] = { 0, 8, 40, 48 };
	u32 dst = gen_free(g);

	if (!g->in_func && gen_below(g, 2) && g->regs[R6].kind == GEN_CTX)
		GEN(g, LDX(W, dst, R6,
			   g->type == BPF_PROG_TYPE_XDP ? xdp[gen_below(g, 2)]
							: tc[gen_below(g, 4)]));
	else if (gen_below(g, 4))
		GEN(g, ALU64_K(MOV, dst, gen_imm(g)));
	else
		GEN(g, LD64(dst, g->random));
	gen_set(g, dst, GEN_NUMBER, 0);
}

/* One half of a number, by the ways that compilers take. */
void gen_halves(struct gen *g)
{
	u32 reg = gen_number_free(g), to = gen_number_free(g);

	switch (gen_below(g, 5)) {
	case 0: GEN(g, ALU64_K(LSH, reg, 32), ALU64_K(RSH, reg, 32)); break;
	case 1: GEN(g, ALU64_K(LSH, reg, 32), ALU64_K(ARSH, reg, 32)); break;
	case 2: GEN(g, ALU32_X(MOV, to, reg)); break;
	case 3: GEN(g, ALU64_K(RSH, reg, 32)); break;
	default:
		GEN(g, ALU32_X(MOV, to, reg), ALU32_K(ADD, to, gen_imm(g)),
		    ALU32_X(MOV, to, to));
		break;
	}
}
