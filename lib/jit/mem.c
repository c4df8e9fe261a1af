/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mem.c - loads and stores
 *
 * M1  What another lcore may write - values of maps - is read and written as
 *     often as the program says and not once more: such accesses are volatile.
 *     A number that was compared and is used is one number.
 * M2  The frame and the packet are this lcore's alone.
 */
#include "jit/ir.h"
#include "verify/verify.h"

static bool is_own(struct fn *f, u32 base)
{
	s32 off;

	return flow_place(&f->flow, f->at, base, &off) ||
	       f->ir->job->facts[f->at] & VERIFY_INSN_PACKET;
}

static bool is_ctx(struct fn *f)
{
	return f->ir->job->facts[f->at] & VERIFY_INSN_CTX;
}

static LLVMValueRef load(struct fn *f)
{
	LLVMValueRef at = fn_address(f, f->in->src_reg, f->in->off), v;

	v = LLVMBuildLoad2(f->ir->b, ir_int(f->ir, f->op->bytes), at, "");
	LLVMSetAlignment(v, 1);
	LLVMSetVolatile(v, !is_own(f, f->in->src_reg));
	return v;
}

/* A field may give more bits than the access has: a pointer. */
static LLVMValueRef load_ctx(struct fn *f)
{
	LLVMValueRef v = ir_ctx_load(f);

	if (f->op->form != FORM_LDSX)
		return v;
	return LLVMBuildTrunc(f->ir->b, v, ir_int(f->ir, f->op->bytes), "");
}

void ir_load(struct fn *f)
{
	LLVMValueRef v = is_ctx(f) ? load_ctx(f) : load(f);
	LLVMBuilderRef ir = f->ir->b;

	if (f->op->form == FORM_LDSX)
		v = LLVMBuildSExt(ir, v, f->ir->i64, "");
	else
		v = LLVMBuildZExt(ir, v, f->ir->i64, "");
	fn_set(f, f->in->dst_reg, v);
}

void ir_store(struct fn *f)
{
	LLVMBuilderRef ir = f->ir->b;
	LLVMValueRef v, store;

	if (f->op->form == FORM_ST)
		v = ir_const(f->ir, 8, (u64)(s64)f->in->imm);
	else
		v = fn_get(f, f->in->src_reg);
	if (is_ctx(f)) {
		ir_ctx_store(f, v);
		return;
	}
	v = LLVMBuildTrunc(ir, v, ir_int(f->ir, f->op->bytes), "");
	store = LLVMBuildStore(ir, v,
			       fn_address(f, f->in->dst_reg, f->in->off));
	LLVMSetAlignment(store, 1);
	LLVMSetVolatile(store, !is_own(f, f->in->dst_reg));
}

/* LD_ABS and LD_IND: outside of the packet the function returns 0. */
void ir_skb_load(struct fn *f)
{
	LLVMBuilderRef ir = f->ir->b;
	LLVMTypeRef types[] = { f->ir->ptr, f->ir->i32, f->ir->i32 };
	LLVMTypeRef type = LLVMFunctionType(f->ir->i64, types, 3, false);
	LLVMValueRef args[3], v, outside;
	LLVMBasicBlockRef out = fn_new_block(f), in = fn_new_block(f);

	args[0] = f->run;
	args[1] = ir_const(f->ir, 4, (u64)(s64)f->in->imm);
	args[2] = ir_const(f->ir, 4, f->op->bytes);
	if (f->op->form == FORM_LD_IND) {
		v = LLVMBuildTrunc(ir, fn_get(f, f->in->src_reg), f->ir->i32,
				   "");
		args[1] = LLVMBuildAdd(ir, v, args[1], "");
	}
	v = LLVMBuildCall2(ir, type, ir_callee(f->ir, "jit.skb_load", type),
			   args, 3, "");
	outside = LLVMBuildICmp(ir, LLVMIntSLT, v, ir_const(f->ir, 8, 0), "");
	LLVMBuildCondBr(ir, outside, out, in);
	fn_continue(f, out);
	fn_return(f, ir_const(f->ir, 8, 0));
	fn_continue(f, in);
	fn_set(f, BPF_REG_0, v);
}

/* The address of a map, or inside the value of one. */
static LLVMValueRef map_symbol(struct fn *f, const char *what, u64 off)
{
	LLVMValueRef symbol;
	char name[32];

	snprintf(name, sizeof(name), "%s.%d", what, f->in->imm);
	symbol = ir_symbol(f->ir, name);
	if (off)
		symbol = fn_offset(f, symbol, (s64)off);
	return LLVMBuildPtrToInt(f->ir->b, symbol, f->ir->i64, "");
}

void ir_imm64(struct fn *f)
{
	LLVMValueRef v;

	switch (f->in->src_reg) {
	case BPF_PSEUDO_MAP_FD:
	case BPF_PSEUDO_MAP_IDX: v = map_symbol(f, "map", 0); break;
	case BPF_PSEUDO_MAP_VALUE:
	case BPF_PSEUDO_MAP_IDX_VALUE:
		v = map_symbol(f, "value", (u32)f->in[1].imm);
		break;
	case BPF_PSEUDO_FUNC: v = ir_func_ref(f); break;
	default: v = ir_const(f->ir, 8, insn_imm64(f->in));
	}
	fn_set(f, f->in->dst_reg, v);
}
