/* SPDX-License-Identifier: BSD-3-Clause */
/* func.c - one function of a program: its frame, its blocks, its instructions
 */
#include "jit/ir.h"

#include <errno.h>
#include <stdlib.h>

#include "prog/run.h"

#define MAY_GOTO_ROUNDS (8u << 20) /* of a function, as in Linux */

LLVMValueRef fn_offset(struct fn *f, LLVMValueRef ptr, s64 off)
{
	LLVMValueRef index = ir_const(f->ir, 8, (u64)off);

	return LLVMBuildGEP2(f->ir->b, f->ir->i8, ptr, &index, 1, "");
}

static LLVMValueRef stack_at(struct fn *f, s32 off)
{
	return fn_offset(f, f->stack, (s64)f->flow.frame + off);
}

LLVMValueRef fn_get(struct fn *f, u32 reg)
{
	s32 off;

	if (f->stack && flow_place(&f->flow, f->at, reg, &off))
		return LLVMBuildPtrToInt(f->ir->b, stack_at(f, off), f->ir->i64,
					 "");
	if (reg == BPF_REG_10)
		return ir_const(f->ir, 8, 0); /* nothing is below it */
	return LLVMBuildLoad2(f->ir->b, f->ir->i64, f->regs[reg], "");
}

void fn_set(struct fn *f, u32 reg, LLVMValueRef value)
{
	LLVMBuildStore(f->ir->b, value, f->regs[reg]);
}

LLVMValueRef fn_address(struct fn *f, u32 reg, s32 off)
{
	LLVMValueRef at;
	s32 place;

	if (f->stack && flow_place(&f->flow, f->at, reg, &place))
		return stack_at(f, place + off);
	at = LLVMBuildIntToPtr(f->ir->b, fn_get(f, reg), f->ir->ptr, "");
	return off ? fn_offset(f, at, off) : at;
}

LLVMValueRef fn_run_field(struct fn *f, size_t off)
{
	return fn_offset(f, f->run, (s64)off);
}

LLVMBasicBlockRef fn_block(struct fn *f, u32 insn)
{
	LLVMBasicBlockRef *block = &f->blocks[insn - f->func->start];

	if (!*block)
		*block = fn_new_block(f);
	return *block;
}

LLVMBasicBlockRef fn_new_block(struct fn *f)
{
	return LLVMAppendBasicBlockInContext(f->ir->ctx, f->func->value, "");
}

void fn_continue(struct fn *f, LLVMBasicBlockRef block)
{
	LLVMPositionBuilderAtEnd(f->ir->b, block);
}

void fn_return(struct fn *f, LLVMValueRef value)
{
	LLVMBuildRet(f->ir->b, value);
}

LLVMValueRef fn_variable(struct fn *f, LLVMTypeRef type)
{
	LLVMBasicBlockRef first = LLVMGetEntryBasicBlock(f->func->value);
	LLVMBasicBlockRef here = LLVMGetInsertBlock(f->ir->b);
	LLVMValueRef v;

	LLVMPositionBuilderBefore(f->ir->b, LLVMGetFirstInstruction(first));
	v = LLVMBuildAlloca(f->ir->b, type, "");
	fn_continue(f, here);
	return v;
}

/* ---- the beginning ---- */

static bool has_may_goto(const struct fn *f)
{
	for (u32 i = f->func->start; i < f->func->end; i++) {
		const struct bpf_insn *in = &f->ir->job->insns[i];

		if (f->flow.reached[i - f->func->start] &&
		    in->code == (BPF_JMP | BPF_JCOND))
			return true;
	}
	return false;
}

/* What nobody has written yet is zero, in registers and frame. */
static void make_variables(struct fn *f)
{
	LLVMBuilderRef ir = f->ir->b;
	LLVMTypeRef frame;

	for (u32 i = 0; i < FLOW_REGS; i++) {
		f->regs[i] = LLVMBuildAlloca(ir, f->ir->i64, "");
		LLVMBuildStore(ir, ir_const(f->ir, 8, 0), f->regs[i]);
	}
	if (has_may_goto(f)) {
		f->rounds = LLVMBuildAlloca(ir, f->ir->i32, "");
		LLVMBuildStore(ir, ir_const(f->ir, 4, MAY_GOTO_ROUNDS),
			       f->rounds);
	}
	if (!f->flow.frame)
		return;
	frame = LLVMArrayType2(f->ir->i8, f->flow.frame);
	f->stack = LLVMBuildAlloca(ir, frame, "");
	LLVMSetAlignment(f->stack, 16);
	LLVMBuildMemSet(ir, f->stack, ir_const(f->ir, 1, 0),
			ir_const(f->ir, 8, f->flow.frame), 16);
}

static void take_packet(struct fn *f)
{
	fn_set(f, BPF_REG_1,
	       LLVMBuildLoad2(f->ir->b, f->ir->i64,
			      fn_run_field(f, offsetof(struct run, pkt)), ""));
}

static void take_arguments(struct fn *f)
{
	LLVMBuilderRef ir = f->ir->b;
	LLVMValueRef fn = f->func->value;
	const struct jit_job *job = f->ir->job;

	if (!f->main) {
		f->run = LLVMGetParam(fn, 0);
		make_variables(f);
		for (u32 i = BPF_REG_1; i <= BPF_REG_5; i++)
			fn_set(f, i, LLVMGetParam(fn, i));
		return;
	}
	if (f->slice) {
		ir_slice_begin(f);
		make_variables(f);
		take_packet(f);
		return;
	}
	f->prog = LLVMGetParam(fn, 0);
	f->run = LLVMGetParam(fn, 1);
	make_variables(f);
	LLVMBuildStore(ir, f->prog,
		       fn_run_field(f, offsetof(struct run, prog)));
	if (job->memory) {
		fn_set(f, BPF_REG_1,
		       LLVMBuildPtrToInt(ir, LLVMGetParam(fn, 2), f->ir->i64,
					 ""));
		fn_set(f, BPF_REG_2, LLVMGetParam(fn, 3));
	} else {
		take_packet(f);
	}
}

/* ---- instructions ---- */

/* Where it goes on is its own to say. */
static bool ends_block(u8 form)
{
	switch (form) {
	case FORM_JA:
	case FORM_JAL:
	case FORM_MAY_GOTO:
	case FORM_JMP_K:
	case FORM_JMP_X:
	case FORM_EXIT: return true;
	default: return false;
	}
}

static int instruction(struct fn *f)
{
	if (f->slice && ir_slice_insn(f))
		return 0;
	switch (f->op->form) {
	case FORM_ALU_K:
	case FORM_ALU_X:
	case FORM_ALU_OFF_K:
	case FORM_ALU_OFF_X: ir_alu(f); return 0;
	case FORM_MOV_K:
	case FORM_MOV_X: ir_mov(f); return 0;
	case FORM_NEG: ir_neg(f); return 0;
	case FORM_END: ir_end(f); return 0;
	case FORM_LDX:
	case FORM_LDSX: ir_load(f); return 0;
	case FORM_ST:
	case FORM_STX: ir_store(f); return 0;
	case FORM_ATOMIC:
	case FORM_FETCH:
	case FORM_CMPXCHG: ir_atomic(f); return 0;
	case FORM_LOAD_ACQ: ir_load_acquire(f); return 0;
	case FORM_STORE_REL: ir_store_release(f); return 0;
	case FORM_LD_ABS:
	case FORM_LD_IND: ir_skb_load(f); return 0;
	case FORM_LD_IMM64: ir_imm64(f); return 0;
	case FORM_JA:
	case FORM_JAL: ir_jump(f); return 0;
	case FORM_MAY_GOTO: ir_may_goto(f); return 0;
	case FORM_JMP_K:
	case FORM_JMP_X: ir_jump_if(f); return 0;
	case FORM_CALL:
	case FORM_KFUNC: return ir_call(f);
	case FORM_EXIT: fn_return(f, fn_get(f, BPF_REG_0)); return 0;
	default:
		return err_fail(f->ir->err, -EOPNOTSUPP, "%s is not compiled",
				f->op->name);
	}
}

static void find_blocks(struct fn *f)
{
	for (u32 i = f->func->start; i < f->func->end; i++) {
		const struct bpf_insn *in = &f->ir->job->insns[i];

		if (f->flow.reached[i - f->func->start] && insn_is_jump(in)) {
			fn_block(f, (u32)((s32)i + 1 + insn_jump_off(in)));
			if (in->code != (BPF_JMP | BPF_JA) &&
			    in->code != (BPF_JMP32 | BPF_JA))
				fn_block(f, i + 1);
		}
		if (insn_is_wide(in))
			i++;
	}
}

static int instructions(struct fn *f)
{
	bool open = true; /* the block goes on here */
	int ret;

	for (u32 i = f->func->start; i < f->func->end; i++) {
		LLVMBasicBlockRef block = f->blocks[i - f->func->start];

		f->at = i;
		f->in = &f->ir->job->insns[i];
		f->op = opcode_find(f->in);
		if (!f->flow.reached[i - f->func->start])
			continue;
		if (block) {
			if (open)
				LLVMBuildBr(f->ir->b, block);
			fn_continue(f, block);
		}
		ir_debug_insn(f, i);
		ret = instruction(f);
		if (ret)
			return err_place(f->ir->err, "insn %u", i);
		open = !ends_block(f->op->form);
	}
	return 0;
}

int fn_translate(struct fn *f)
{
	u32 start = f->func->start;
	int ret;

	f->blocks = calloc(f->func->end - start + 1ul, sizeof(*f->blocks));
	if (!f->blocks)
		return err_fail(f->ir->err, -ENOMEM, "out of memory");
	fn_continue(f, fn_new_block(f));
	f->at = start;
	ir_debug_function(f);
	ir_debug_insn(f, start);
	take_arguments(f);
	find_blocks(f);
	ret = instructions(f);
	free(f->blocks);
	return ret;
}

int ir_function(struct ir *ir, const struct ir_func *func, bool main)
{
	struct fn f = { .ir = ir, .func = func, .main = main };
	int ret = flow_of(ir->job, func->start, func->end, &f.flow);

	ret = ret ? err_fail(ir->err, -ENOMEM, "out of memory")
		  : fn_translate(&f);
	flow_free(&f.flow);
	return ret;
}
