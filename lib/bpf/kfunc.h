/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kfunc.h - kernel functions, which programs reach by name
 *
 * In Weir's programs the call of one (BPF_PSEUDO_KFUNC_CALL) has its number
 * here as imm, where Linux's have the id of a type in the kernel's BTF; 0 is a
 * weak one that there is not.
 */
#ifndef WEIR_BPF_KFUNC_H
#define WEIR_BPF_KFUNC_H

#include <linux/bpf.h>

#include "base/err.h"
#include "base/types.h"

#define KFUNCS(X)          \
	X(iter_num_new)    \
	X(iter_num_next)   \
	X(iter_num_destroy)\
	X(dynptr_from_skb) \
	X(dynptr_from_xdp) \
	X(dynptr_slice)    \
	X(dynptr_slice_rdwr) \
	X(dynptr_adjust)   \
	X(dynptr_is_null)  \
	X(dynptr_is_rdonly)\
	X(dynptr_size)     \
	X(dynptr_clone)

enum kfunc {
	KFUNC_NONE,
#define KFUNC_NUMBER(name) KFUNC_##name,
	KFUNCS(KFUNC_NUMBER)
#undef KFUNC_NUMBER
	KFUNC_COUNT,
};

/* "bpf_dynptr_slice"; KFUNC_NONE: Weir has it not. */
enum kfunc kfunc_find(const char *name);
const char *kfunc_name(u32 number); /* NULL: no such one */

/* The running kernel's numbers, from its BTF, for Weir's and back; a kfunc
 * that the other side lacks: -ENOENT and why. */
int kfunc_to_kernel(struct bpf_insn *insns, u32 cnt, struct err *err);
int kfunc_from_kernel(struct bpf_insn *insns, u32 cnt, struct err *err);

#endif
