/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * debug.c - which instruction machine code comes from
 *
 * As line numbers of DWARF: line N+1 is the program's instruction N, whichever
 * function it ended up in.  lines.c reads them back.
 */
#include <string.h>

#include <llvm-c/DebugInfo.h>

#include "jit/ir.h"

#define NAME "program"

static void set_flag(struct ir *ir, const char *name, u32 value)
{
	LLVMValueRef number = ir_const(ir, 4, value);

	LLVMAddModuleFlag(ir->mod, LLVMModuleFlagBehaviorOverride, name,
			  strlen(name), LLVMValueAsMetadata(number));
}

void ir_debug_start(struct ir *ir)
{
	set_flag(ir, "Debug Info Version", LLVMDebugMetadataVersion());
	set_flag(ir, "Dwarf Version", 4);
	ir->debug = LLVMCreateDIBuilder(ir->mod);
	ir->file =
		LLVMDIBuilderCreateFile(ir->debug, NAME, strlen(NAME), "", 0);
	LLVMDIBuilderCreateCompileUnit(ir->debug, LLVMDWARFSourceLanguageC99,
				       ir->file, "", 0, true, "", 0, 0, "", 0,
				       LLVMDWARFEmissionLineTablesOnly, 0,
				       false, false, "", 0, "", 0);
}

void ir_debug_end(struct ir *ir)
{
	LLVMDIBuilderFinalize(ir->debug);
	LLVMDisposeDIBuilder(ir->debug);
}

static LLVMMetadataRef scope(struct ir *ir, LLVMValueRef fn, bool local,
			     u32 line)
{
	LLVMMetadataRef type =
		LLVMDIBuilderCreateSubroutineType(ir->debug, ir->file, NULL, 0,
						  LLVMDIFlagZero);
	LLVMMetadataRef scope =
		LLVMDIBuilderCreateFunction(ir->debug, ir->file, NAME,
					    strlen(NAME), "", 0, ir->file, line,
					    type, local, true, line,
					    LLVMDIFlagZero, true);

	LLVMSetSubprogram(fn, scope);
	return scope;
}

void ir_debug_function(struct fn *f)
{
	f->scope = scope(f->ir, f->func->value, !f->main, f->func->start + 1);
}

/* It counts as the first instruction. */
void ir_debug_loop(struct ir *ir, const char *name)
{
	LLVMValueRef fn = LLVMGetNamedFunction(ir->mod, name);
	LLVMMetadataRef place =
		LLVMDIBuilderCreateDebugLocation(ir->ctx, 1, 0,
						 scope(ir, fn, false, 1), NULL);

	for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(fn); block;
	     block = LLVMGetNextBasicBlock(block))
		for (LLVMValueRef in = LLVMGetFirstInstruction(block); in;
		     in = LLVMGetNextInstruction(in))
			LLVMInstructionSetDebugLoc(in, place);
}

void ir_debug_insn(struct fn *f, u32 insn)
{
	LLVMMetadataRef place =
		LLVMDIBuilderCreateDebugLocation(f->ir->ctx, insn + 1, 0,
						 f->scope, NULL);

	LLVMSetCurrentDebugLocation2(f->ir->b, place);
}
