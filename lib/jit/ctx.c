/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ctx.c - accesses of the context: of the packet view, by the table of fields
 *
 * A field that is in the view is a load or a store there; one that is computed
 * is a call of what the table says.
 */
#include "jit/ir.h"
#include "prog/ctx.h"

/* The view's field at off. */
static LLVMValueRef view(struct fn *f, u32 reg, size_t off)
{
	return fn_address(f, reg, (s32)off);
}

static LLVMValueRef load_view(struct fn *f, const struct ctx_access *a)
{
	LLVMValueRef v;

	if (!a->size)
		return ir_const(f->ir, 8, 0);
	v = LLVMBuildLoad2(f->ir->b, ir_int(f->ir, a->size),
			   view(f, f->in->src_reg, a->off), "");
	LLVMSetAlignment(v, 1);
	return LLVMBuildZExt(f->ir->b, v, f->ir->i64, "");
}

static LLVMValueRef load_call(struct fn *f, const struct ctx_access *a)
{
	LLVMBuilderRef ir = f->ir->b;
	LLVMTypeRef type = LLVMFunctionType(f->ir->i64, &f->ir->ptr, 1, false);
	LLVMValueRef at = view(f, f->in->src_reg, 0), v;
	char name[32];

	snprintf(name, sizeof(name), "ctx.read.%u.%u", (u32)f->in->off,
		 f->op->bytes);
	v = LLVMBuildCall2(ir, type, ir_callee(f->ir, name, type), &at, 1, "");
	v = LLVMBuildLShr(ir, v, ir_const(f->ir, 8, a->shift), "");
	return LLVMBuildAnd(ir, v,
			    ir_const(f->ir, 8,
				     UINT64_MAX >> (64 - a->size * 8)),
			    "");
}

/* What the access is in the view; false: there is no such field, which the
 * verifier has seen to. */
static bool access_of(const struct fn *f, bool write, struct ctx_access *a)
{
	const struct jit_job *job = f->ir->job;
	const struct ctx_field *field =
		ctx_find(job->type, job->attach_type, (u32)(s32)f->in->off,
			 f->op->bytes, write);

	if (field)
		*a = ctx_rewrite(field, (u32)(s32)f->in->off, f->op->bytes);
	return field;
}

LLVMValueRef ir_ctx_load(struct fn *f)
{
	struct ctx_access a;

	if (!access_of(f, false, &a))
		return ir_const(f->ir, 8, 0);
	return a.call ? load_call(f, &a) : load_view(f, &a);
}

static void store_call(struct fn *f, LLVMValueRef value)
{
	LLVMTypeRef types[] = { f->ir->ptr, f->ir->i64 };
	LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(f->ir->ctx),
					    types, 2, false);
	LLVMValueRef args[] = { view(f, f->in->dst_reg, 0), value };
	char name[32];

	snprintf(name, sizeof(name), "ctx.write.%u.%u", (u32)f->in->off,
		 f->op->bytes);
	LLVMBuildCall2(f->ir->b, type, ir_callee(f->ir, name, type), args, 2,
		       "");
}

void ir_ctx_store(struct fn *f, LLVMValueRef value)
{
	LLVMValueRef store;
	struct ctx_access a;

	if (!access_of(f, true, &a))
		return;
	if (a.call) {
		store_call(f, value);
		return;
	}
	value = LLVMBuildTrunc(f->ir->b, value, ir_int(f->ir, a.size), "");
	store = LLVMBuildStore(f->ir->b, value, view(f, f->in->dst_reg, a.off));
	LLVMSetAlignment(store, 1);
}
