/* SPDX-License-Identifier: BSD-3-Clause */
/* translate.c - a program to LLVM's representation: its functions, its symbols
 */
#include "jit/calls.h"
#include "jit/ir.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A program of more is not part of the loop over a burst, which calls it then:
 * a call is little to it, and to compile it twice takes long. */
#define INLINED_INSNS 512

LLVMTypeRef ir_int(const struct ir *ir, u32 bytes)
{
	return LLVMIntTypeInContext(ir->ctx, bytes * 8);
}

LLVMValueRef ir_const(const struct ir *ir, u32 bytes, u64 value)
{
	if (bytes < 8)
		value &= (1ull << bytes * 8) - 1;
	return LLVMConstInt(ir_int(ir, bytes), value, false);
}

static void add_attribute(struct ir *ir, LLVMValueRef fn, const char *name)
{
	unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));

	LLVMAddAttributeAtIndex(fn, LLVMAttributeFunctionIndex,
				LLVMCreateEnumAttribute(ir->ctx, kind, 0));
}

LLVMValueRef ir_callee(struct ir *ir, const char *name, LLVMTypeRef type)
{
	LLVMValueRef fn = LLVMGetNamedFunction(ir->mod, name);

	if (fn)
		return fn;
	fn = LLVMAddFunction(ir->mod, name, type);
	add_attribute(ir, fn, "nounwind");
	return fn;
}

LLVMValueRef ir_symbol(struct ir *ir, const char *name)
{
	LLVMValueRef symbol = LLVMGetNamedGlobal(ir->mod, name);

	return symbol ? symbol : LLVMAddGlobal(ir->mod, ir->i8, name);
}

LLVMTypeRef ir_run_type(const struct ir *ir)
{
	LLVMTypeRef types[] = { ir->ptr, ir->ptr, ir->ptr, ir->i64 };

	return LLVMFunctionType(ir->i64, types, 2, false);
}

void ir_set(struct ir *ir, const char *name, u32 value)
{
	LLVMValueRef global = LLVMGetNamedGlobal(ir->mod, name);

	LLVMSetInitializer(global, ir_const(ir, 4, value));
	LLVMSetLinkage(global, LLVMInternalLinkage);
	LLVMSetGlobalConstant(global, true);
}

static u32 calls_of(const struct bpf_insn *in)
{
	if (in->code != (BPF_JMP | BPF_CALL))
		return 0;
	if (in->src_reg != 0) /* of functions: of the program, or Linux's */
		return IR_CALLS_OTHER;
	switch (in->imm) {
	case BPF_FUNC_map_lookup_elem:
	case BPF_FUNC_map_update_elem:
	case BPF_FUNC_map_delete_elem: return 0;
	case BPF_FUNC_tail_call: return IR_CALLS_TAIL | IR_CALLS_REDIRECT;
	case BPF_FUNC_redirect:
	case BPF_FUNC_redirect_map:
	case BPF_FUNC_redirect_neigh:
	case BPF_FUNC_redirect_peer: return IR_CALLS_REDIRECT;
	default: return IR_CALLS_OTHER;
	}
}

/* enum ir_calls */
static u32 find_calls(const struct jit_job *job)
{
	u32 calls = 0;

	for (u32 i = 0; i < job->insn_cnt; i++) {
		calls |= calls_of(&job->insns[i]);
		if (insn_is_wide(&job->insns[i]))
			i++;
	}
	return calls;
}

/* ---- functions ---- */

/* Where functions begin, as a mark on each instruction. */
static u8 *find_starts(const struct jit_job *job)
{
	u8 *marks = calloc(job->insn_cnt + 1ul, 1);

	if (!marks)
		return NULL;
	marks[0] = marks[job->insn_cnt] = 1;
	for (u32 i = 0; i < job->insn_cnt; i++) {
		const struct bpf_insn *in = &job->insns[i];

		if (insn_is_local_call(in) || insn_is_func_ref(in))
			marks[(s32)i + 1 + in->imm] = 1;
		if (insn_is_wide(in))
			i++;
	}
	return marks;
}

/* A program of memory has no packets to loop over.  The loop has declared the
 * function it calls. */
static LLVMValueRef declare_main(struct ir *ir)
{
	LLVMTypeRef types[] = { ir->ptr, ir->ptr, ir->ptr, ir->i64 };
	LLVMValueRef fn = LLVMGetNamedFunction(ir->mod, IR_ENTRY);

	if (!ir->job->memory) {
		if (ir->job->insn_cnt <= INLINED_INSNS)
			add_attribute(ir, fn, "alwaysinline");
		return fn;
	}
	LLVMDeleteFunction(LLVMGetNamedFunction(ir->mod, IR_BURST));
	LLVMDeleteFunction(fn);
	return LLVMAddFunction(ir->mod, IR_ENTRY,
			       LLVMFunctionType(ir->i64, types, 4, false));
}

static LLVMValueRef declare(struct ir *ir, u32 number)
{
	LLVMTypeRef types[] = { ir->ptr, ir->i64, ir->i64,
				ir->i64, ir->i64, ir->i64 };
	LLVMValueRef fn;
	char name[32];

	if (number == 0)
		return declare_main(ir);
	snprintf(name, sizeof(name), "function.%u", number);
	fn = LLVMAddFunction(ir->mod, name,
			     LLVMFunctionType(ir->i64, types, 6, false));
	LLVMSetLinkage(fn, LLVMInternalLinkage);
	add_attribute(ir, fn, "nounwind");
	return fn;
}

static int find_functions(struct ir *ir)
{
	u8 *marks = find_starts(ir->job);
	u32 cnt = 0;

	for (u32 i = 0; marks && i < ir->job->insn_cnt; i++)
		cnt += marks[i];
	ir->funcs = calloc(cnt, sizeof(*ir->funcs));
	if (!marks || !ir->funcs) {
		free(marks);
		return err_fail(ir->err, -ENOMEM, "out of memory");
	}
	for (u32 i = 0; i < ir->job->insn_cnt; i++) {
		if (!marks[i])
			continue;
		if (ir->func_cnt)
			ir->funcs[ir->func_cnt - 1].end = i;
		ir->funcs[ir->func_cnt] = (struct ir_func){
			.start = i,
			.end = ir->job->insn_cnt,
			.value = declare(ir, ir->func_cnt),
		};
		ir->func_cnt++;
	}
	free(marks);
	return 0;
}

static void describe_loops(struct ir *ir)
{
	static const char *const loops[] = { IR_BURST, IR_AHEAD };

	for (size_t i = 0; i < ARRAY_LEN(loops); i++)
		if (LLVMGetNamedFunction(ir->mod, loops[i]))
			ir_debug_loop(ir, loops[i]);
}

int ir_translate(struct ir *ir)
{
	int ret;

	ir->i1 = LLVMInt1TypeInContext(ir->ctx);
	ir->i8 = LLVMInt8TypeInContext(ir->ctx);
	ir->i32 = LLVMInt32TypeInContext(ir->ctx);
	ir->i64 = LLVMInt64TypeInContext(ir->ctx);
	ir->ptr = LLVMPointerTypeInContext(ir->ctx, 0);
	ir_set(ir, "program_type", ir->job->type);
	ir_set(ir, "program_calls", find_calls(ir->job));
	ir_debug_start(ir);
	ret = find_functions(ir);
	for (u32 i = 0; !ret && i < ir->func_cnt; i++)
		ret = ir_function(ir, &ir->funcs[i], i == 0);
	if (!ret)
		ret = ir_slice(ir);
	if (!ret)
		describe_loops(ir);
	ir_debug_end(ir);
	free(ir->funcs);
	return ret;
}
