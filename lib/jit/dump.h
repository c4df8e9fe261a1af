/* SPDX-License-Identifier: BSD-3-Clause */
/* dump.h - what a program became, to be read */
#ifndef WEIR_JIT_DUMP_H
#define WEIR_JIT_DUMP_H

#include "base/err.h"

struct jit_opts;
struct prog;

/* An instruction of the machine. */
struct jit_asm {
	u64 address;
	u32 off;  /* in the program's code */
	u32 insn; /* that it comes from, JIT_NO_INSN */
	const char *text;
};

/* In order.  -ENOENT: the program is not compiled. */
int jit_dump_asm(const struct prog *prog,
		 void (*line)(void *arg, const struct jit_asm *line), void *arg,
		 struct err *err);

/* LLVM's representation of it, optimised; to be freed.  Compiles the program
 * anew. */
int jit_dump_llvm(const struct prog *prog, const struct jit_opts *opts,
		  struct err *err, char **text);

#endif
