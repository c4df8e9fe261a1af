/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ahead.c - the slice: what of a program leads to its lookups in large maps
 *
 * A copy of the main function that runs before the packets of a burst do, for
 * each of them up to one lookup, whose memory it asks for and ends.  What it
 * computes is a guess: those before it in the burst have not written yet.
 *
 * A1  It writes nothing but its own frame.  Other stores are left out, and
 *     there is no slice of a program whose stores may reach the frame through a
 *     pointer of which that is not known.  What is looked up is not made hot.
 * A2  Every way it takes is one the verifier took: what is left out yields
 *     what it might have, 0 of a helper or what was there of memory.  So every
 *     access is inside of its object.  A helper that moves the packet, or
 *     yields what 0 does not stand for, ends the slice.
 * A3  It ends soon: after SLICE_ROUNDS jumps back.
 */
#include "jit/ir.h"

#include <errno.h>

#include "bpf/insn.h"

#define SLICE_ROUNDS 64
#define SLICE_INSNS 4096 /* a program of more is not looked ahead in */
#define SLICE_LOOKUPS 4	 /* that a packet's slice leads to, at most */

/* They only read, and write to the frame. */
static const u32 called[] = {
	BPF_FUNC_skb_load_bytes,
	BPF_FUNC_skb_load_bytes_relative,
	BPF_FUNC_xdp_load_bytes,
	BPF_FUNC_get_smp_processor_id,
};

/* They return a number, and the packet stays where it is. */
static const u32 skipped[] = {
	BPF_FUNC_map_update_elem,   BPF_FUNC_map_delete_elem,
	BPF_FUNC_map_push_elem,	    BPF_FUNC_ktime_get_ns,
	BPF_FUNC_ktime_get_boot_ns, BPF_FUNC_ktime_get_coarse_ns,
	BPF_FUNC_ktime_get_tai_ns,  BPF_FUNC_jiffies64,
	BPF_FUNC_get_prandom_u32,   BPF_FUNC_trace_printk,
	BPF_FUNC_perf_event_output, BPF_FUNC_ringbuf_output,
	BPF_FUNC_ringbuf_query,	    BPF_FUNC_csum_diff,
	BPF_FUNC_csum_update,	    BPF_FUNC_get_hash_recalc,
	BPF_FUNC_set_hash,	    BPF_FUNC_set_hash_invalid,
	BPF_FUNC_get_socket_cookie, BPF_FUNC_redirect,
	BPF_FUNC_redirect_map,
};

static bool is_one_of(const u32 *helpers, size_t cnt, s32 id)
{
	for (size_t i = 0; i < cnt; i++)
		if (helpers[i] == (u32)id)
			return true;
	return false;
}

/* ---- instructions ---- */

static bool in_frame(const struct fn *f)
{
	s32 off;

	return flow_place(&f->flow, f->at, f->in->dst_reg, &off);
}

static void end(struct fn *f)
{
	fn_return(f, ir_const(f->ir, 8, 0));
	fn_continue(f, fn_new_block(f));
}

/* Where it goes on if the number at that place was not 0, and is one less now;
 * what follows is put where it was 0, and has to end. */
static LLVMBasicBlockRef count_down(struct fn *f, LLVMValueRef at)
{
	LLVMBuilderRef ir = f->ir->b;
	LLVMBasicBlockRef go = fn_new_block(f), none = fn_new_block(f);
	LLVMValueRef left = LLVMBuildLoad2(ir, f->ir->i32, at, "");

	LLVMBuildCondBr(ir,
			LLVMBuildICmp(ir, LLVMIntEQ, left,
				      ir_const(f->ir, 4, 0), ""),
			none, go);
	fn_continue(f, go);
	LLVMBuildStore(ir, LLVMBuildSub(ir, left, ir_const(f->ir, 4, 1), ""),
		       at);
	fn_continue(f, none);
	return go;
}

/* A3 */
static void count_round(struct fn *f)
{
	LLVMBasicBlockRef go;

	if (insn_jump_off(f->in) >= 0)
		return;
	go = count_down(f, f->slice->rounds);
	fn_return(f, ir_const(f->ir, 8, 0));
	fn_continue(f, go);
}

/* In a large map the one that the slice was asked for is its end. */
static void lookup(struct fn *f)
{
	LLVMBasicBlockRef go;

	if (!ir_map_can_peek(f)) {
		end(f);
		return;
	}
	if (ir_map_is_large(f)) {
		go = count_down(f, f->slice->lookups);
		ir_map_fetch(f, f->slice->fetch);
		fn_return(f, ir_const(f->ir, 8, 0));
		fn_continue(f, go);
	}
	fn_set(f, BPF_REG_0, ir_map_peek(f));
}

/* False: the call is made. */
static bool call(struct fn *f)
{
	s32 id = f->in->imm;

	if (f->op->form == FORM_KFUNC || insn_is_local_call(f->in))
		end(f);
	else if (id == BPF_FUNC_map_lookup_elem)
		lookup(f);
	else if (is_one_of(called, ARRAY_LEN(called), id))
		return false;
	else if (is_one_of(skipped, ARRAY_LEN(skipped), id))
		fn_set(f, BPF_REG_0, ir_const(f->ir, 8, 0));
	else
		end(f);
	return true;
}

bool ir_slice_insn(struct fn *f)
{
	switch (f->op->form) {
	case FORM_ST:
	case FORM_STX:
	case FORM_STORE_REL:
	case FORM_ATOMIC: return !in_frame(f);
	case FORM_FETCH:
	case FORM_CMPXCHG:
		if (in_frame(f))
			return false;
		end(f);
		return true;
	case FORM_JA:
	case FORM_JAL:
	case FORM_JMP_K:
	case FORM_JMP_X:
	case FORM_MAY_GOTO: count_round(f); return false;
	case FORM_CALL:
	case FORM_KFUNC: return call(f);
	default: return false;
	}
}

/* ---- the slice ---- */

void ir_slice_begin(struct fn *f)
{
	LLVMValueRef fn = f->func->value;
	struct slice *s = f->slice;

	f->run = LLVMGetParam(fn, 0);
	s->fetch = LLVMGetParam(fn, 2);
	s->lookups = LLVMBuildAlloca(f->ir->b, f->ir->i32, "");
	LLVMBuildStore(f->ir->b, LLVMGetParam(fn, 1), s->lookups);
	s->rounds = LLVMBuildAlloca(f->ir->b, f->ir->i32, "");
	LLVMBuildStore(f->ir->b, ir_const(f->ir, 4, SLICE_ROUNDS), s->rounds);
}

static bool is_lookup(const struct bpf_insn *in)
{
	return in->code == (BPF_JMP | BPF_CALL) && !in->src_reg &&
	       in->imm == BPF_FUNC_map_lookup_elem;
}

/* Lookups in large maps, as instructions. */
static u32 count_lookups(struct fn *f)
{
	u32 cnt = 0;

	for (u32 i = f->func->start; i < f->func->end; i++) {
		f->at = i;
		f->in = &f->ir->job->insns[i];
		if (f->flow.reached[i - f->func->start] && is_lookup(f->in) &&
		    ir_map_is_large(f))
			cnt++;
		if (insn_is_wide(f->in))
			i++;
	}
	return MIN(cnt, (u32)SLICE_LOOKUPS);
}

static bool has_large_map(const struct jit_job *job)
{
	for (u32 i = 0; i < job->map_cnt; i++)
		if (job->maps[i].large)
			return true;
	return false;
}

/* -ENOENT: there is nothing to look ahead for. */
static int translate(struct ir *ir)
{
	struct slice slice = { 0 };
	struct ir_func func = ir->funcs[0];
	struct fn f = {
		.ir = ir, .func = &func, .main = true, .slice = &slice
	};
	int ret = -ENOENT;
	u32 lookups;

	func.value = LLVMGetNamedFunction(ir->mod, IR_SLICE);
	if (flow_of(ir->job, func.start, func.end, &f.flow)) {
		ret = err_fail(ir->err, -ENOMEM, "out of memory");
	} else if (!f.flow.lost) {
		lookups = count_lookups(&f);
		ir_set(ir, "slice_lookups", lookups);
		if (lookups)
			ret = fn_translate(&f);
	}
	flow_free(&f.flow);
	return ret;
}

int ir_slice(struct ir *ir)
{
	const struct jit_job *job = ir->job;
	int ret = -ENOENT;

	if (!job->memory && job->level != JIT_O0 &&
	    job->insn_cnt <= SLICE_INSNS && has_large_map(job))
		ret = translate(ir);
	if (ret == -ENOENT) {
		LLVMDeleteFunction(LLVMGetNamedFunction(ir->mod, IR_AHEAD));
		LLVMDeleteFunction(LLVMGetNamedFunction(ir->mod, IR_SLICE));
		return 0;
	}
	LLVMSetLinkage(LLVMGetNamedFunction(ir->mod, IR_SLICE),
		       LLVMInternalLinkage);
	return ret;
}
