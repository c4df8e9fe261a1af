/* SPDX-License-Identifier: BSD-3-Clause */
/* asm.c - the machine code of a program as text */
#include <errno.h>
#include <string.h>

#include <llvm-c/Core.h>
#include <llvm-c/Disassembler.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>

#include "jit/dump.h"
#include "jit/jit.h"
#include "jit/object.h"

static LLVMDisasmContextRef open_disassembler(void)
{
	char *triple = LLVMGetDefaultTargetTriple();
	char *cpu = LLVMGetHostCPUName(), *features = LLVMGetHostCPUFeatures();
	LLVMDisasmContextRef d;

	LLVMInitializeNativeTarget();
	LLVMInitializeNativeDisassembler();
	d = LLVMCreateDisasmCPUFeatures(triple, cpu, features, NULL, 0, NULL,
					NULL);
	LLVMDisposeMessage(features);
	LLVMDisposeMessage(cpu);
	LLVMDisposeMessage(triple);
	return d;
}

/* What is no instruction is passed over by the byte. */
static void dump_function(LLVMDisasmContextRef d, const struct jit_code *code,
			  const struct jit_func *f,
			  void (*line)(void *arg, const struct jit_asm *line),
			  void *arg)
{
	char text[256];

	for (u32 at = f->off, len; at < f->off + f->size; at += len) {
		u64 address = (u64)(uintptr_t)code->base + at;
		struct jit_asm out = { .address = address,
				       .off = at,
				       .insn = jit_lines_find(code->lines,
							      code->line_cnt,
							      at),
				       .text = text };

		len = (u32)LLVMDisasmInstruction(d, code->base + at,
						 f->off + f->size - at,
						 address, text, sizeof(text));
		if (!len) {
			snprintf(text, sizeof(text), "(bad)");
			len = 1;
		}
		out.text += strspn(text, "\t ");
		line(arg, &out);
	}
}

int jit_dump_asm(const struct prog *prog,
		 void (*line)(void *arg, const struct jit_asm *line), void *arg,
		 struct err *err)
{
	const struct jit_code *code = prog->image;
	LLVMDisasmContextRef d;

	if (!jit_runs(prog))
		return err_fail(err, -ENOENT,
				"the program is interpreted: it has no machine "
				"code");
	d = open_disassembler();
	if (!d)
		return err_fail(err, -EOPNOTSUPP, "LLVM: no disassembler");
	for (u32 i = 0; i < code->func_cnt; i++)
		dump_function(d, code, &code->funcs[i], line, arg);
	LLVMDisasmDispose(d);
	return 0;
}
