/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * asm.h - programs written down in C, for tests
 *
 *	const struct bpf_insn code[] = {
 *		ALU64_K(MOV, R0, 1),
 *		JMP64_K(JEQ, R1, 0, 1),
 *		ALU64_X(ADD, R0, R1),
 *		EXIT(),
 *	};
 */
#ifndef WEIR_TESTS_ASM_H
#define WEIR_TESTS_ASM_H

#include "bpf/uapi.h"

enum { R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 };

#define RAW(c, d, s, o, i) \
	{ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }

#define ALU64_K(op, d, i) RAW(BPF_ALU64 | BPF_##op | BPF_K, d, 0, 0, i)
#define ALU64_X(op, d, s) RAW(BPF_ALU64 | BPF_##op | BPF_X, d, s, 0, 0)
#define ALU32_K(op, d, i) RAW(BPF_ALU | BPF_##op | BPF_K, d, 0, 0, i)
#define ALU32_X(op, d, s) RAW(BPF_ALU | BPF_##op | BPF_X, d, s, 0, 0)
#define NEG64(d) RAW(BPF_ALU64 | BPF_NEG, d, 0, 0, 0)
#define NEG32(d) RAW(BPF_ALU | BPF_NEG, d, 0, 0, 0)
#define MOVSX64(d, s, bits) RAW(BPF_ALU64 | BPF_MOV | BPF_X, d, s, bits, 0)
#define MOVSX32(d, s, bits) RAW(BPF_ALU | BPF_MOV | BPF_X, d, s, bits, 0)
#define TO_LE(d, bits) RAW(BPF_ALU | BPF_END | BPF_TO_LE, d, 0, 0, bits)
#define TO_BE(d, bits) RAW(BPF_ALU | BPF_END | BPF_TO_BE, d, 0, 0, bits)
#define BSWAP(d, bits) RAW(BPF_ALU64 | BPF_END, d, 0, 0, bits)

#define JMP64_K(op, d, i, o) RAW(BPF_JMP | BPF_##op | BPF_K, d, 0, o, i)
#define JMP64_X(op, d, s, o) RAW(BPF_JMP | BPF_##op | BPF_X, d, s, o, 0)
#define JMP32_K(op, d, i, o) RAW(BPF_JMP32 | BPF_##op | BPF_K, d, 0, o, i)
#define JMP32_X(op, d, s, o) RAW(BPF_JMP32 | BPF_##op | BPF_X, d, s, o, 0)
#define JA(o) RAW(BPF_JMP | BPF_JA, 0, 0, o, 0)
#define JAL(i) RAW(BPF_JMP32 | BPF_JA, 0, 0, 0, i)
#define MAY_GOTO(o) RAW(BPF_JMP | BPF_JCOND, 0, BPF_MAY_GOTO, o, 0)
#define CALL(id) RAW(BPF_JMP | BPF_CALL, 0, 0, 0, id)
#define CALL_LOCAL(i) RAW(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, i)
#define EXIT() RAW(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

#define LDX(size, d, s, o) RAW(BPF_LDX | BPF_MEM | BPF_##size, d, s, o, 0)
#define LDSX(size, d, s, o) RAW(BPF_LDX | BPF_MEMSX | BPF_##size, d, s, o, 0)
#define ST(size, d, o, i) RAW(BPF_ST | BPF_MEM | BPF_##size, d, 0, o, i)
#define STX(size, d, o, s) RAW(BPF_STX | BPF_MEM | BPF_##size, d, s, o, 0)
#define ATOMIC(size, d, o, s, op) \
	RAW(BPF_STX | BPF_ATOMIC | BPF_##size, d, s, o, op)
#define LD_ABS(size, i) RAW(BPF_LD | BPF_ABS | BPF_##size, 0, 0, 0, i)
#define LD_IND(size, s, i) RAW(BPF_LD | BPF_IND | BPF_##size, 0, s, 0, i)

/* two slots */
#define LD_PSEUDO(d, pseudo, low, high)                          \
	RAW(BPF_LD | BPF_DW | BPF_IMM, d, pseudo, 0, (__s32)(low)), \
		RAW(0, 0, 0, 0, (__s32)(high))
#define LD64(d, v) LD_PSEUDO(d, 0, (__u32)(v), (__u64)(v) >> 32)
#define LD_MAP(d, index) LD_PSEUDO(d, BPF_PSEUDO_MAP_FD, index, 0)
#define LD_VALUE(d, index, off) LD_PSEUDO(d, BPF_PSEUDO_MAP_VALUE, index, off)
#define LD_FUNC(d, rel) LD_PSEUDO(d, BPF_PSEUDO_FUNC, rel, 0)

#endif
