/* SPDX-License-Identifier: BSD-3-Clause */
/* asm.h - instructions for the kernel, written down */
#ifndef WEIR_ORACLE_ASM_H
#define WEIR_ORACLE_ASM_H

#include "bpf/insn.h"

#define INSN(c, d, s, o, i)                 \
	((struct bpf_insn){ .code = (c),    \
			    .dst_reg = (d), \
			    .src_reg = (s), \
			    .off = (o),     \
			    .imm = (i) })
#define IMM64(d, s, low, high)                         \
	INSN(INSN_LD_IMM64, d, s, 0, (s32)(u32)(low)), \
		INSN(0, 0, 0, 0, (s32)(u32)(high))
#define LOAD(size, d, s, off) INSN(BPF_LDX | BPF_MEM | (size), d, s, off, 0)
#define STORE(size, d, s, off) INSN(BPF_STX | BPF_MEM | (size), d, s, off, 0)
#define ALU(op, d, s) INSN(BPF_ALU64 | (op) | BPF_X, d, s, 0, 0)
#define ALU_IMM(op, d, i) INSN(BPF_ALU64 | (op) | BPF_K, d, 0, 0, i)
#define RETURN INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define TO_BE(d, bits) INSN(BPF_ALU | BPF_END | BPF_TO_BE, d, 0, 0, bits)
#define JUMP(op, d, s, off) INSN(BPF_JMP | (op) | BPF_X, d, s, off, 0)
#define JUMP_IMM(op, d, i, off) INSN(BPF_JMP | (op) | BPF_K, d, 0, off, i)
#define GO(off) INSN(BPF_JMP | BPF_JA, 0, 0, off, 0)
#define CALL(helper) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, helper)

#endif
