/* SPDX-License-Identifier: BSD-3-Clause */
/* alu.c - arithmetic, moves, byte order */
#include "jit/ir.h"

/* A register's lower bytes; a 32-bit result clears the upper half. */
static LLVMValueRef get(struct fn *f, u32 reg, u32 bytes)
{
	LLVMValueRef v = fn_get(f, reg);

	if (bytes == 8)
		return v;
	return LLVMBuildTrunc(f->ir->b, v, ir_int(f->ir, bytes), "");
}

static void set(struct fn *f, LLVMValueRef v)
{
	fn_set(f, f->in->dst_reg, LLVMBuildZExt(f->ir->b, v, f->ir->i64, ""));
}

/* Division by zero gives 0, its remainder the dividend; the one signed quotient
 * that does not fit wraps: -a and 0 for -1. */
static LLVMValueRef divide(struct fn *f, LLVMValueRef a, LLVMValueRef b,
			   bool rest)
{
	LLVMBuilderRef ir = f->ir->b;
	u32 bytes = f->op->bytes;
	LLVMValueRef zero = ir_const(f->ir, bytes, 0);
	LLVMValueRef one = ir_const(f->ir, bytes, 1);
	LLVMValueRef is_zero = LLVMBuildICmp(ir, LLVMIntEQ, b, zero, "");
	LLVMValueRef by, v, is_minus;

	if (!f->op->key) {
		by = LLVMBuildSelect(ir, is_zero, one, b, "");
		v = rest ? LLVMBuildURem(ir, a, by, "")
			 : LLVMBuildUDiv(ir, a, by, "");
		return LLVMBuildSelect(ir, is_zero, rest ? a : zero, v, "");
	}
	is_minus = LLVMBuildICmp(ir, LLVMIntEQ, b,
				 ir_const(f->ir, bytes, UINT64_MAX), "");
	by = LLVMBuildSelect(ir, LLVMBuildOr(ir, is_zero, is_minus, ""), one, b,
			     "");
	v = rest ? LLVMBuildSRem(ir, a, by, "") : LLVMBuildSDiv(ir, a, by, "");
	v = LLVMBuildSelect(ir, is_minus, rest ? zero : LLVMBuildNeg(ir, a, ""),
			    v, "");
	return LLVMBuildSelect(ir, is_zero, rest ? a : zero, v, "");
}

static LLVMValueRef shift_by(struct fn *f, LLVMValueRef b)
{
	u32 bytes = f->op->bytes;

	return LLVMBuildAnd(f->ir->b, b, ir_const(f->ir, bytes, bytes * 8 - 1),
			    "");
}

static LLVMValueRef compute(struct fn *f, LLVMValueRef a, LLVMValueRef b)
{
	LLVMBuilderRef ir = f->ir->b;

	switch (BPF_OP(f->in->code)) {
	case BPF_ADD: return LLVMBuildAdd(ir, a, b, "");
	case BPF_SUB: return LLVMBuildSub(ir, a, b, "");
	case BPF_MUL: return LLVMBuildMul(ir, a, b, "");
	case BPF_DIV: return divide(f, a, b, false);
	case BPF_MOD: return divide(f, a, b, true);
	case BPF_OR: return LLVMBuildOr(ir, a, b, "");
	case BPF_AND: return LLVMBuildAnd(ir, a, b, "");
	case BPF_XOR: return LLVMBuildXor(ir, a, b, "");
	case BPF_LSH: return LLVMBuildShl(ir, a, shift_by(f, b), "");
	case BPF_RSH: return LLVMBuildLShr(ir, a, shift_by(f, b), "");
	default: return LLVMBuildAShr(ir, a, shift_by(f, b), "");
	}
}

void ir_alu(struct fn *f)
{
	u32 bytes = f->op->bytes;
	LLVMValueRef a = get(f, f->in->dst_reg, bytes), b;

	if (BPF_SRC(f->in->code) == BPF_X)
		b = get(f, f->in->src_reg, bytes);
	else
		b = ir_const(f->ir, bytes, (u64)(s64)f->in->imm);
	set(f, compute(f, a, b));
}

void ir_mov(struct fn *f)
{
	u32 bytes = f->op->bytes;
	LLVMValueRef v;

	if (f->op->form == FORM_MOV_K) {
		set(f, ir_const(f->ir, bytes, (u64)(s64)f->in->imm));
		return;
	}
	v = get(f, f->in->src_reg, f->op->key ? (u32)f->op->key / 8 : bytes);
	if (f->op->key)
		v = LLVMBuildSExt(f->ir->b, v, ir_int(f->ir, bytes), "");
	set(f, v);
}

void ir_neg(struct fn *f)
{
	set(f,
	    LLVMBuildNeg(f->ir->b, get(f, f->in->dst_reg, f->op->bytes), ""));
}

static LLVMValueRef swap(struct fn *f, LLVMValueRef v, u32 bytes)
{
	LLVMTypeRef type = ir_int(f->ir, bytes);
	unsigned id = LLVMLookupIntrinsicID("llvm.bswap", 10);
	LLVMValueRef fn = LLVMGetIntrinsicDeclaration(f->ir->mod, id, &type, 1);

	return LLVMBuildCall2(f->ir->b,
			      LLVMIntrinsicGetType(f->ir->ctx, id, &type, 1),
			      fn, &v, 1, "");
}

/* This machine is little-endian. */
void ir_end(struct fn *f)
{
	u32 bytes = f->op->bytes;
	LLVMValueRef v = get(f, f->in->dst_reg, bytes);
	bool keeps = BPF_CLASS(f->in->code) == BPF_ALU &&
		     BPF_SRC(f->in->code) == BPF_TO_LE;

	set(f, keeps ? v : swap(f, v, bytes));
}
