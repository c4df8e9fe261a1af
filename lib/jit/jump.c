/* SPDX-License-Identifier: BSD-3-Clause */
/* jump.c - jumps inside a function */
#include "jit/ir.h"

static LLVMBasicBlockRef target(struct fn *f)
{
	return fn_block(f, (u32)((s32)f->at + 1 + insn_jump_off(f->in)));
}

void ir_jump(struct fn *f)
{
	LLVMBuildBr(f->ir->b, target(f));
}

static LLVMValueRef operand(struct fn *f, u32 reg)
{
	LLVMValueRef v = fn_get(f, reg);

	if (f->op->bytes == 8)
		return v;
	return LLVMBuildTrunc(f->ir->b, v, f->ir->i32, "");
}

static LLVMIntPredicate predicate(u8 code)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ: return LLVMIntEQ;
	case BPF_JGT: return LLVMIntUGT;
	case BPF_JGE: return LLVMIntUGE;
	case BPF_JLT: return LLVMIntULT;
	case BPF_JLE: return LLVMIntULE;
	case BPF_JSGT: return LLVMIntSGT;
	case BPF_JSGE: return LLVMIntSGE;
	case BPF_JSLT: return LLVMIntSLT;
	case BPF_JSLE: return LLVMIntSLE;
	default: return LLVMIntNE; /* JNE, and JSET of the bits */
	}
}

void ir_jump_if(struct fn *f)
{
	LLVMBuilderRef ir = f->ir->b;
	u8 code = f->in->code;
	LLVMValueRef a = operand(f, f->in->dst_reg), b;

	if (BPF_SRC(code) == BPF_X)
		b = operand(f, f->in->src_reg);
	else
		b = ir_const(f->ir, f->op->bytes, (u64)(s64)f->in->imm);
	if (BPF_OP(code) == BPF_JSET) {
		a = LLVMBuildAnd(ir, a, b, "");
		b = ir_const(f->ir, f->op->bytes, 0);
	}
	LLVMBuildCondBr(ir, LLVMBuildICmp(ir, predicate(code), a, b, ""),
			target(f), fn_block(f, f->at + 1));
}

/* The jump is taken when the rounds are used up. */
void ir_may_goto(struct fn *f)
{
	LLVMBuilderRef ir = f->ir->b;
	LLVMValueRef left = LLVMBuildLoad2(ir, f->ir->i32, f->rounds, "");
	LLVMValueRef none =
		LLVMBuildICmp(ir, LLVMIntEQ, left, ir_const(f->ir, 4, 0), "");

	left = LLVMBuildSub(ir, left, ir_const(f->ir, 4, 1), "");
	LLVMBuildStore(ir, left, f->rounds);
	LLVMBuildCondBr(ir, none, target(f), fn_block(f, f->at + 1));
}
