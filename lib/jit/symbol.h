/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * symbol.h - what the names in a compiled object stand for
 *
 *	helper.ID	a helper's function
 *	kfunc.N		a kernel function's
 *	map.I		the address of the program's map I
 *	value.I		that of the value of map I, an array of one
 *	word.I.N	constant N of map I (struct map_fast)
 *	lookup.I, update.I, delete.I
 *			what does so to map I
 *	ctx.read.OFF.SIZE, ctx.write.OFF.SIZE
 *			what computes a field of the context
 *	jit.NAME	a function here
 *
 * and the few functions of the C library that LLVM may call.
 */
#ifndef WEIR_JIT_SYMBOL_H
#define WEIR_JIT_SYMBOL_H

#include "prog/prog.h"

/* A jit_resolve of object.h; arg is the program. */
bool jit_symbol(void *prog, const char *name, u64 *value);

#endif
