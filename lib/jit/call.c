/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * call.c - calls of helpers and functions, and tail calls
 *
 * A tail call of the main function is a jump: the target has the same
 * signature, whichever engine runs it.  One in another function is a call that
 * returns to who called that function, as on Linux.
 */
#include "jit/ir.h"

#include <errno.h>

#include "helper/helper.h"
#include "prog/prog.h"

#define ARGS 5

static LLVMTypeRef helper_type(struct ir *ir)
{
	LLVMTypeRef types[] = { ir->ptr, ir->i64, ir->i64,
				ir->i64, ir->i64, ir->i64 };

	return LLVMFunctionType(ir->i64, types, 1 + ARGS, false);
}

/* What it does not look at may be anything; trace_printk looks at all. */
static bool takes(const struct helper *helper, u32 arg)
{
	return helper->arg[arg] != ARG_NONE ||
	       helper->id == BPF_FUNC_trace_printk;
}

static LLVMValueRef call_helper(struct fn *f, const struct helper *helper,
				const char *kind)
{
	LLVMTypeRef type = helper_type(f->ir);
	LLVMValueRef args[1 + ARGS] = { f->run };
	char name[32];

	for (u32 i = 0; i < ARGS; i++)
		args[1 + i] = takes(helper, i) ? fn_get(f, BPF_REG_1 + i)
					       : LLVMGetPoison(f->ir->i64);
	snprintf(name, sizeof(name), "%s.%u", kind, (u32)f->in->imm);
	return LLVMBuildCall2(f->ir->b, type, ir_callee(f->ir, name, type),
			      args, 1 + ARGS, "");
}

static LLVMValueRef call_function(struct fn *f, LLVMValueRef callee)
{
	LLVMValueRef args[1 + ARGS] = { f->run };

	for (u32 i = 0; i < ARGS; i++)
		args[1 + i] = fn_get(f, BPF_REG_1 + i);
	return LLVMBuildCall2(f->ir->b, helper_type(f->ir), callee, args,
			      1 + ARGS, "");
}

/* Runs the target, which is there, and returns what it returns. */
static void jump_to(struct fn *f, LLVMValueRef target)
{
	LLVMBuilderRef ir = f->ir->b;
	LLVMValueRef mine = fn_run_field(f, offsetof(struct run, prog));
	LLVMValueRef args[] = { target, f->run }, fn, before, v;
	LLVMTypeRef type = ir_run_type(f->ir);

	before = LLVMBuildLoad2(ir, f->ir->ptr, mine, "");
	fn = LLVMBuildLoad2(ir, f->ir->ptr,
			    fn_offset(f, target, offsetof(struct prog, run)),
			    "");
	v = LLVMBuildCall2(ir, type, fn, args, 2, "");
	if (f->main && !f->ir->job->memory)
		LLVMSetTailCallKind(v, LLVMTailCallKindMustTail);
	else
		LLVMBuildStore(ir, before, mine);
	fn_return(f, v);
}

static void tail_call(struct fn *f)
{
	LLVMBuilderRef ir = f->ir->b;
	LLVMTypeRef types[] = { f->ir->ptr, f->ir->i64, f->ir->i64 };
	LLVMTypeRef type = LLVMFunctionType(f->ir->ptr, types, 3, false);
	LLVMValueRef args[] = { f->run, fn_get(f, BPF_REG_2),
				fn_get(f, BPF_REG_3) };
	LLVMBasicBlockRef go = fn_new_block(f), miss = fn_new_block(f);
	LLVMValueRef target = ir_tail_target(f);

	if (!target)
		target = LLVMBuildCall2(ir, type,
					ir_callee(f->ir, "jit.tail_target",
						  type),
					args, 3, "");
	LLVMBuildCondBr(ir, LLVMBuildIsNull(ir, target, ""), miss, go);
	fn_continue(f, go);
	jump_to(f, target);
	fn_continue(f, miss);
}

/* Of the program, where the instruction says; NULL: the main one. */
static LLVMValueRef find_function(const struct fn *f)
{
	u32 to = (u32)((s32)f->at + 1 + f->in->imm);

	for (u32 i = 1; i < f->ir->func_cnt; i++)
		if (f->ir->funcs[i].start == to)
			return f->ir->funcs[i].value;
	return NULL;
}

static int call_local(struct fn *f)
{
	LLVMValueRef function = find_function(f);

	if (!function)
		return err_fail(f->ir->err, -EOPNOTSUPP,
				"a call of the main function is not compiled");
	fn_set(f, BPF_REG_0, call_function(f, function));
	return 0;
}

/* The address of a function that a helper may call back. */
LLVMValueRef ir_func_ref(struct fn *f)
{
	LLVMValueRef function = find_function(f);

	return function ? LLVMBuildPtrToInt(f->ir->b, function, f->ir->i64, "")
			: ir_const(f->ir, 8, 0);
}

/* Without the helper; NULL: it has to be called. */
static LLVMValueRef call_inlined(struct fn *f)
{
	switch (f->in->imm) {
	case BPF_FUNC_map_lookup_elem: return ir_map_lookup(f);
	case BPF_FUNC_map_update_elem: return ir_map_update(f);
	case BPF_FUNC_map_delete_elem: return ir_map_delete(f);
	default: return NULL;
	}
}

int ir_call(struct fn *f)
{
	bool is_kfunc = f->op->form == FORM_KFUNC;
	const struct helper *helper;
	LLVMValueRef v;

	if (insn_is_local_call(f->in))
		return call_local(f);
	if (!is_kfunc && f->in->imm == BPF_FUNC_tail_call) {
		tail_call(f);
		return 0;
	}
	helper = is_kfunc ? helper_kfunc((u32)f->in->imm)
			  : helper_find((u32)f->in->imm);
	if (!helper || !helper->fn)
		return err_fail(f->ir->err, -EOPNOTSUPP,
				"%s %d is not compiled",
				is_kfunc ? "kfunc" : "helper", f->in->imm);
	v = is_kfunc ? NULL : call_inlined(f);
	if (!v)
		v = call_helper(f, helper, is_kfunc ? "kfunc" : "helper");
	fn_set(f, BPF_REG_0, v);
	return 0;
}
