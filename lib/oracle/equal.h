/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * equal.h - programs for the kernel that see Weir's time, chance and CPU
 *
 * Calls of helpers that ask for one of these become calls of small functions
 * put behind the program, which read and advance a struct replay_state (the
 * only value of an array) as replay.c does.  To the program they are the same:
 * r0 is set, r1 to r5 are lost, and no stack is used.
 */
#ifndef WEIR_ORACLE_EQUAL_H
#define WEIR_ORACLE_EQUAL_H

#include "elf/elf_obj.h"

/* The object's BTF with a type for these functions, as bytes to be freed;
 * *func is the type's id. */
int equal_btf(const struct btf_blob *btf, u8 **bytes, u32 *size, u32 *func);

/* A program to be loaded.  All of it is the caller's. */
struct equal_prog {
	struct bpf_insn *insns;
	u32 insn_cnt;
	u8 *func_info; /* records as long as the elf_prog's */
	u32 func_info_cnt;
	u8 *line_info;
	u32 line_info_cnt;
};

/* state is the array's file descriptor, -1 for a program as it is; cpus what the kernel has, func from
 * equal_btf().  -ENOMEM. */
int equal_make(const struct elf_prog *ep, int state, u32 cpus, u32 func,
	       struct equal_prog *out);
void equal_free(struct equal_prog *p);

#endif
