/* SPDX-License-Identifier: BSD-3-Clause */
/* atomic.c - operations that other lcores see whole, and in order */
#include "jit/ir.h"

static LLVMValueRef operand(struct fn *f)
{
	LLVMValueRef v = fn_get(f, f->in->src_reg);

	return LLVMBuildTrunc(f->ir->b, v, ir_int(f->ir, f->op->bytes), "");
}

static LLVMValueRef widened(struct fn *f, LLVMValueRef v)
{
	return LLVMBuildZExt(f->ir->b, v, f->ir->i64, "");
}

static LLVMAtomicRMWBinOp rmw_op(s32 key)
{
	switch (key & ~BPF_FETCH) {
	case BPF_ADD: return LLVMAtomicRMWBinOpAdd;
	case BPF_OR: return LLVMAtomicRMWBinOpOr;
	case BPF_AND: return LLVMAtomicRMWBinOpAnd;
	case BPF_XOR: return LLVMAtomicRMWBinOpXor;
	default: return LLVMAtomicRMWBinOpXchg;
	}
}

static void compare_exchange(struct fn *f, LLVMValueRef at)
{
	LLVMBuilderRef ir = f->ir->b;
	LLVMValueRef old = LLVMBuildTrunc(ir, fn_get(f, BPF_REG_0),
					  ir_int(f->ir, f->op->bytes), "");
	LLVMValueRef v =
		LLVMBuildAtomicCmpXchg(ir, at, old, operand(f),
				       LLVMAtomicOrderingSequentiallyConsistent,
				       LLVMAtomicOrderingSequentiallyConsistent,
				       false);

	LLVMSetAlignment(v, f->op->bytes);
	fn_set(f, BPF_REG_0, widened(f, LLVMBuildExtractValue(ir, v, 0, "")));
}

void ir_atomic(struct fn *f)
{
	LLVMValueRef at = fn_address(f, f->in->dst_reg, f->in->off), v;

	if (f->op->form == FORM_CMPXCHG) {
		compare_exchange(f, at);
		return;
	}
	v = LLVMBuildAtomicRMW(f->ir->b, rmw_op(f->op->key), at, operand(f),
			       LLVMAtomicOrderingSequentiallyConsistent, false);
	LLVMSetAlignment(v, f->op->bytes);
	if (f->op->form == FORM_FETCH)
		fn_set(f, f->in->src_reg, widened(f, v));
}

void ir_load_acquire(struct fn *f)
{
	LLVMValueRef v =
		LLVMBuildLoad2(f->ir->b, ir_int(f->ir, f->op->bytes),
			       fn_address(f, f->in->src_reg, f->in->off), "");

	LLVMSetAlignment(v, f->op->bytes);
	LLVMSetOrdering(v, LLVMAtomicOrderingAcquire);
	fn_set(f, f->in->dst_reg, widened(f, v));
}

void ir_store_release(struct fn *f)
{
	LLVMValueRef store =
		LLVMBuildStore(f->ir->b, operand(f),
			       fn_address(f, f->in->dst_reg, f->in->off));

	LLVMSetAlignment(store, f->op->bytes);
	LLVMSetOrdering(store, LLVMAtomicOrderingRelease);
}
