/* SPDX-License-Identifier: BSD-3-Clause */
/* emit.c - a job compiled to an object file */
#include "jit/emit.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <llvm-c/BitReader.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>
#include <llvm-c/Transforms/PassBuilder.h>

#include "jit/ir.h"

static void start_llvm(void)
{
	LLVMInitializeNativeTarget();
	LLVMInitializeNativeAsmPrinter();
}

/* Code and data may be anywhere: whole addresses. */
static LLVMTargetMachineRef machine(u32 level, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	char *triple, *cpu, *features, *why = NULL;
	LLVMTargetMachineRef tm = NULL;
	LLVMTargetRef target;

	pthread_once(&once, start_llvm);
	triple = LLVMGetDefaultTargetTriple();
	cpu = LLVMGetHostCPUName();
	features = LLVMGetHostCPUFeatures();
	if (LLVMGetTargetFromTriple(triple, &target, &why) == 0)
		tm = LLVMCreateTargetMachine(target, triple, cpu, features,
					     level == JIT_O0
						     ? LLVMCodeGenLevelNone
						     : LLVMCodeGenLevelDefault,
					     LLVMRelocStatic,
					     LLVMCodeModelLarge);
	if (!tm)
		err_fail(err, -EOPNOTSUPP, "no machine code for %s: %s", triple,
			 why ? why : "unknown");
	LLVMDisposeMessage(why);
	LLVMDisposeMessage(features);
	LLVMDisposeMessage(cpu);
	LLVMDisposeMessage(triple);
	return tm;
}

/* First what is not needed goes, and programs become small: most of what the
 * rest costs is of code that would not stay. */
static const char *const passes[] = {
	[JIT_O0] = "globaldce",
	[JIT_O2] = "globaldce,always-inline,globaldce,"
		   "function(sroa,sccp,simplifycfg),default<O2>",
};

static int optimise(const struct ir *ir, LLVMTargetMachineRef tm)
{
	LLVMPassBuilderOptionsRef options;
	LLVMErrorRef error;
	char *text;
	int ret = 0;

	options = LLVMCreatePassBuilderOptions();
	LLVMPassBuilderOptionsSetLoopVectorization(options, false);
	LLVMPassBuilderOptionsSetSLPVectorization(options, false);
	error = LLVMRunPasses(ir->mod, passes[ir->job->level], tm, options);
	LLVMDisposePassBuilderOptions(options);
	if (error) {
		text = LLVMGetErrorMessage(error);
		ret = err_fail(ir->err, -EOPNOTSUPP, "LLVM: %s", text);
		LLVMDisposeErrorMessage(text);
	}
	return ret;
}

static int write_object(const struct ir *ir, LLVMTargetMachineRef tm,
			u8 **object, size_t *size)
{
	LLVMMemoryBufferRef buffer;
	char *why = NULL;

	if (LLVMTargetMachineEmitToMemoryBuffer(tm, ir->mod, LLVMObjectFile,
						&why, &buffer)) {
		err_fail(ir->err, -EOPNOTSUPP, "LLVM: %s", why);
		LLVMDisposeMessage(why);
		return -EOPNOTSUPP;
	}
	*size = LLVMGetBufferSize(buffer);
	*object = malloc(*size);
	if (*object)
		memcpy(*object, LLVMGetBufferStart(buffer), *size);
	LLVMDisposeMemoryBuffer(buffer);
	return *object ? 0 : err_fail(ir->err, -ENOMEM, "out of memory");
}

static int write_text(const struct ir *ir, u8 **bytes, size_t *size)
{
	char *text = LLVMPrintModuleToString(ir->mod);

	*size = strlen(text) + 1;
	*bytes = malloc(*size);
	if (*bytes)
		memcpy(*bytes, text, *size);
	LLVMDisposeMessage(text);
	return *bytes ? 0 : err_fail(ir->err, -ENOMEM, "out of memory");
}

/* The functions of inline.c, for whatever machine this is. */
static const u8 inlined[] = {
#include "inline_bitcode.inc"
};

/* Functions that are found by their name in the object. */
static bool is_found(const char *name)
{
	return !strcmp(name, IR_BURST) || !strcmp(name, IR_AHEAD);
}

static void adapt(LLVMValueRef fn)
{
	size_t len;

	static const char *const machine_only[] = { "target-cpu", "tune-cpu",
						    "target-features" };

	for (size_t i = 0; i < ARRAY_LEN(machine_only); i++)
		LLVMRemoveStringAttributeAtIndex(fn, LLVMAttributeFunctionIndex,
						 machine_only[i],
						 (unsigned)strlen(
							 machine_only[i]));
	if (!LLVMIsDeclaration(fn) && !is_found(LLVMGetValueName2(fn, &len)))
		LLVMSetLinkage(fn, LLVMInternalLinkage);
}

static int begin_module(struct ir *ir)
{
	LLVMMemoryBufferRef bytes =
		LLVMCreateMemoryBufferWithMemoryRange((const char *)inlined,
						      sizeof(inlined), "inline",
						      false);
	int ret = LLVMParseBitcodeInContext2(ir->ctx, bytes, &ir->mod);

	LLVMDisposeMemoryBuffer(bytes);
	if (ret)
		return err_fail(ir->err, -EOPNOTSUPP, "LLVM: no bitcode");
	for (LLVMValueRef fn = LLVMGetFirstFunction(ir->mod); fn;
	     fn = LLVMGetNextFunction(fn))
		adapt(fn);
	return 0;
}

static void describe_module(const struct ir *ir, LLVMTargetMachineRef tm)
{
	LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(tm);
	char *triple = LLVMGetTargetMachineTriple(tm);

	LLVMSetModuleDataLayout(ir->mod, layout);
	LLVMSetTarget(ir->mod, triple);
	LLVMDisposeMessage(triple);
	LLVMDisposeTargetData(layout);
}

int jit_emit(const struct jit_job *job, struct err *err, u8 **object,
	     size_t *size)
{
	LLVMTargetMachineRef tm = machine(job->level, err);
	struct ir ir = { .job = job, .err = err };
	int ret;

	if (!tm)
		return -EOPNOTSUPP;
	ir.ctx = LLVMContextCreate();
	ir.b = LLVMCreateBuilderInContext(ir.ctx);
	ret = begin_module(&ir);
	if (ret)
		goto out;
	describe_module(&ir, tm);
	ret = ir_translate(&ir);
	if (!ret)
		ret = optimise(&ir, tm);
	if (!ret)
		ret = job->text ? write_text(&ir, object, size)
				: write_object(&ir, tm, object, size);
	LLVMDisposeModule(ir.mod);
out:
	LLVMDisposeBuilder(ir.b);
	LLVMContextDispose(ir.ctx);
	LLVMDisposeTargetMachine(tm);
	return ret;
}
