/* SPDX-License-Identifier: BSD-3-Clause */
/* lines.h - which instruction a place in the code comes from (debug.c) */
#ifndef WEIR_JIT_LINES_H
#define WEIR_JIT_LINES_H

#include "base/types.h"

struct jit_line {
	u32 off;  /* in the code: from there on, to the next one */
	u32 insn; /* of the program; JIT_NO_INSN: behind its end */
};

#define JIT_NO_INSN UINT32_MAX

/*
 * Reads a .debug_line section of DWARF 4 about code at base.  It need not be
 * whole: what makes no sense ends it.  Sorted by offset; the caller's, to be
 * freed.  -ENOMEM.
 */
int jit_lines_read(const u8 *bytes, size_t size, u64 base,
		   struct jit_line **lines, u32 *cnt);
/* The instruction that the code at off comes from, or JIT_NO_INSN. */
u32 jit_lines_find(const struct jit_line *lines, u32 cnt, u32 off);

#endif
