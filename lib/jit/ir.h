/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ir.h - a program on its way to LLVM's representation; inside jit/ only
 *
 * Every function of the program is one of LLVM's.  The main one has the
 * signature of prog->run, the others take struct run and r1 to r5.
 *
 * Registers are variables of 64 bits, which LLVM makes values of.  All
 * arithmetic wraps, shifts are masked, divisions are guarded, what was never
 * written is zero: there is no program that means nothing to LLVM.
 */
#ifndef WEIR_JIT_IR_H
#define WEIR_JIT_IR_H

#include <llvm-c/Core.h>

#include "bpf/insn.h"
#include "bpf/opcode.h"
#include "jit/flow.h"
#include "jit/job.h"

#define IR_ENTRY "entry"      /* the main function's symbol */
#define IR_BURST "burst"      /* inline.c's loop over it */
#define IR_AHEAD "look_ahead" /* inline.c's loop over the slice */
#define IR_SLICE "slice"      /* ahead.c */

struct ir_func {
	u32 start;
	u32 end;
	LLVMValueRef value;
};

struct ir {
	const struct jit_job *job;
	LLVMContextRef ctx;
	LLVMModuleRef mod;
	LLVMBuilderRef b;
	LLVMTypeRef i1, i8, i32, i64, ptr;
	struct ir_func *funcs;
	u32 func_cnt;
	LLVMDIBuilderRef debug;
	LLVMMetadataRef file;
	struct err *err;
};

/* The main function's slice (ahead.c). */
struct slice {
	LLVMValueRef lookups; /* variable: that it passes by */
	LLVMValueRef rounds;  /* variable: jumps back that are left */
	LLVMValueRef fetch;   /* struct fetch *, of the one it ends at */
};

/* A function on its way. */
struct fn {
	struct ir *ir;
	const struct ir_func *func;
	bool main;
	struct slice *slice; /* NULL: it is the program itself */
	struct flow flow;
	LLVMValueRef run;	      /* struct run * */
	LLVMValueRef prog;	      /* of the main one: const struct prog * */
	LLVMValueRef regs[FLOW_REGS]; /* variables */
	LLVMValueRef stack;	      /* flow.frame bytes, NULL: none */
	LLVMValueRef rounds;	      /* of may_goto, NULL: there is none */
	LLVMBasicBlockRef *blocks;    /* of instructions that one begins with */

	LLVMMetadataRef scope;

	/* the instruction */
	u32 at;
	const struct bpf_insn *in;
	const struct opcode *op;
};

/* translate.c: the whole program into ir->mod; 0 or why not. */
int ir_translate(struct ir *ir);
LLVMTypeRef ir_int(const struct ir *ir, u32 bytes);
LLVMValueRef ir_const(const struct ir *ir, u32 bytes, u64 value);
/* A symbol that the loader knows: code, or an address or number. */
LLVMValueRef ir_callee(struct ir *ir, const char *name, LLVMTypeRef type);
LLVMValueRef ir_symbol(struct ir *ir, const char *name);
/* What inline.c has as an extern const u32. */
void ir_set(struct ir *ir, const char *name, u32 value);
LLVMTypeRef ir_run_type(const struct ir *ir);

/* func.c: one function */
int ir_function(struct ir *ir, const struct ir_func *func, bool main);
/* Whose flow is known. */
int fn_translate(struct fn *f);
LLVMValueRef fn_get(struct fn *f, u32 reg);
void fn_set(struct fn *f, u32 reg, LLVMValueRef value);
/* The block that begins with an instruction. */
LLVMBasicBlockRef fn_block(struct fn *f, u32 insn);
LLVMBasicBlockRef fn_new_block(struct fn *f);
/* Goes on there; what follows is put at its end. */
void fn_continue(struct fn *f, LLVMBasicBlockRef block);
void fn_return(struct fn *f, LLVMValueRef value);
/* One more of the function's, of any type: its address. */
LLVMValueRef fn_variable(struct fn *f, LLVMTypeRef type);
/* A field of struct run: its address. */
LLVMValueRef fn_run_field(struct fn *f, size_t off);
/* The address of reg + off. */
LLVMValueRef fn_address(struct fn *f, u32 reg, s32 off);
LLVMValueRef fn_offset(struct fn *f, LLVMValueRef ptr, s64 off);

/* debug.c: machine code tells the instruction it comes from */
void ir_debug_start(struct ir *ir);
void ir_debug_end(struct ir *ir);
void ir_debug_loop(struct ir *ir, const char *name); /* of inline.c */
void ir_debug_function(struct fn *f);
void ir_debug_insn(struct fn *f, u32 insn);

/* alu.c, jump.c, mem.c, atomic.c, ctx.c, call.c: instructions by form */
void ir_alu(struct fn *f);
void ir_mov(struct fn *f);
void ir_neg(struct fn *f);
void ir_end(struct fn *f);
void ir_jump(struct fn *f);
void ir_jump_if(struct fn *f);
void ir_may_goto(struct fn *f);
void ir_load(struct fn *f);
void ir_store(struct fn *f);
void ir_skb_load(struct fn *f);
void ir_imm64(struct fn *f);
void ir_atomic(struct fn *f);
void ir_load_acquire(struct fn *f);
void ir_store_release(struct fn *f);
LLVMValueRef ir_ctx_load(struct fn *f);
void ir_ctx_store(struct fn *f, LLVMValueRef value);
int ir_call(struct fn *f);
/* map.c: a helper's work on a map that is known; NULL: it is not */
LLVMValueRef ir_map_lookup(struct fn *f);
LLVMValueRef ir_map_update(struct fn *f);
LLVMValueRef ir_map_delete(struct fn *f);
LLVMValueRef ir_tail_target(struct fn *f);
/* map.c, of a lookup: can it be done without a trace? in a map that no cache
 * holds?  The lookup, and its memory asked for instead. */
bool ir_map_can_peek(const struct fn *f);
bool ir_map_is_large(const struct fn *f);
LLVMValueRef ir_map_peek(struct fn *f);
void ir_map_fetch(struct fn *f, LLVMValueRef fetch);
LLVMValueRef ir_func_ref(struct fn *f);

/* ahead.c: the slice and the loop over it, or neither; 0 or why not */
int ir_slice(struct ir *ir);
void ir_slice_begin(struct fn *f);
/* False: the instruction is translated as it is. */
bool ir_slice_insn(struct fn *f);

#endif
