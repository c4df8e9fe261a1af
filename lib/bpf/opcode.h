/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * opcode.h - the instruction set, versions 1 to 4, as one table
 *
 * A row is an operation.  Most are told apart by the code byte alone; where
 * they share one, the form says which field is the key.  The checks of unused
 * fields, the interpreter's dispatch and the disassembler follow these rows.
 */
#ifndef WEIR_BPF_OPCODE_H
#define WEIR_BPF_OPCODE_H

#include "base/err.h"
#include "bpf/insn.h"

/* Which fields an operation has and how it is written down. */
enum opcode_form {
	FORM_ALU_K,	/* dst op= imm */
	FORM_ALU_X,	/* dst op= src */
	FORM_ALU_OFF_K, /* the same, off is the key: div and mod, signed or not */
	FORM_ALU_OFF_X,
	FORM_MOV_K,
	FORM_MOV_X, /* off is the key: bits to extend from */
	FORM_NEG,
	FORM_END, /* imm is the key: width */
	FORM_LDX,
	FORM_LDSX,
	FORM_ST,
	FORM_STX,
	FORM_ATOMIC, /* imm is the key */
	FORM_FETCH,  /* src gets the old value */
	FORM_CMPXCHG,
	FORM_LOAD_ACQ,
	FORM_STORE_REL,
	FORM_LD_ABS,
	FORM_LD_IND,
	FORM_LD_IMM64, /* src is the key: what the constant is */
	FORM_JA,       /* to off */
	FORM_JAL,      /* to imm */
	FORM_MAY_GOTO, /* src is the key */
	FORM_JMP_K,
	FORM_JMP_X,
	FORM_CALL, /* src is the key: helper, function or kfunc */
	FORM_KFUNC,
	FORM_EXIT,
};

/* What an operation does with a field. */
enum opcode_field {
	FIELD_ZERO, /* reserved */
	FIELD_USED,
	FIELD_KEY,  /* fixed by the row */
	FIELD_FREE, /* ignored, as Linux does */
	FIELD_READ, /* a register that is read */
	FIELD_WRITTEN,
	FIELD_BOTH,
};

struct opcode_shape {
	u8 dst, src, off, imm; /* enum opcode_field */
	const char *what;      /* the kernel's name when fields are misused */
};

struct opcode {
	const char *name; /* "ADD64_K" */
	u8 code;
	u8 form;
	u8 bytes; /* of the access or the operands */
	s32 key;
	const char *sym; /* "+=", "s>", "add" */
};

/* Code bytes of the ALU and jump classes, both widths, imm and register:
 * FIRST opens a code byte, MORE shares the one before it. */
#define OPCODES_ALU(FIRST, NAME, OP, SYM)                                  \
	FIRST(NAME##32_K, BPF_ALU | OP | BPF_K, ALU_K, 0, 4, SYM)          \
	FIRST(NAME##32_X, BPF_ALU | OP | BPF_X, ALU_X, 0, 4, SYM)          \
	FIRST(NAME##64_K, BPF_ALU64 | OP | BPF_K, ALU_K, 0, 8, SYM)        \
	FIRST(NAME##64_X, BPF_ALU64 | OP | BPF_X, ALU_X, 0, 8, SYM)

#define OPCODES_DIV(FIRST, MORE, NAME, OP, SYM)                            \
	FIRST(NAME##32_K, BPF_ALU | OP | BPF_K, ALU_OFF_K, 0, 4, SYM)      \
	MORE(S##NAME##32_K, BPF_ALU | OP | BPF_K, ALU_OFF_K, 1, 4, "s" SYM)\
	FIRST(NAME##32_X, BPF_ALU | OP | BPF_X, ALU_OFF_X, 0, 4, SYM)      \
	MORE(S##NAME##32_X, BPF_ALU | OP | BPF_X, ALU_OFF_X, 1, 4, "s" SYM)\
	FIRST(NAME##64_K, BPF_ALU64 | OP | BPF_K, ALU_OFF_K, 0, 8, SYM)    \
	MORE(S##NAME##64_K, BPF_ALU64 | OP | BPF_K, ALU_OFF_K, 1, 8,       \
	     "s" SYM)                                                      \
	FIRST(NAME##64_X, BPF_ALU64 | OP | BPF_X, ALU_OFF_X, 0, 8, SYM)    \
	MORE(S##NAME##64_X, BPF_ALU64 | OP | BPF_X, ALU_OFF_X, 1, 8, "s" SYM)

#define OPCODES_JMP(FIRST, NAME, OP, SYM)                                  \
	FIRST(NAME##32_K, BPF_JMP32 | OP | BPF_K, JMP_K, 0, 4, SYM)        \
	FIRST(NAME##32_X, BPF_JMP32 | OP | BPF_X, JMP_X, 0, 4, SYM)        \
	FIRST(NAME##64_K, BPF_JMP | OP | BPF_K, JMP_K, 0, 8, SYM)          \
	FIRST(NAME##64_X, BPF_JMP | OP | BPF_X, JMP_X, 0, 8, SYM)

#define OPCODES_END(FIRST, MORE, NAME, CODE, SYM)                          \
	FIRST(NAME##16, CODE, END, 16, 2, SYM)                             \
	MORE(NAME##32, CODE, END, 32, 4, SYM)                              \
	MORE(NAME##64, CODE, END, 64, 8, SYM)

#define OPCODES_MEM(FIRST, NAME, CLASS, FORM)                              \
	FIRST(NAME##_B, CLASS | BPF_MEM | BPF_B, FORM, 0, 1, "u8")         \
	FIRST(NAME##_H, CLASS | BPF_MEM | BPF_H, FORM, 0, 2, "u16")        \
	FIRST(NAME##_W, CLASS | BPF_MEM | BPF_W, FORM, 0, 4, "u32")        \
	FIRST(NAME##_DW, CLASS | BPF_MEM | BPF_DW, FORM, 0, 8, "u64")

#define OPCODES_SKB(FIRST, NAME, MODE, FORM)                               \
	FIRST(NAME##_B, BPF_LD | MODE | BPF_B, FORM, 0, 1, "u8")           \
	FIRST(NAME##_H, BPF_LD | MODE | BPF_H, FORM, 0, 2, "u16")          \
	FIRST(NAME##_W, BPF_LD | MODE | BPF_W, FORM, 0, 4, "u32")

#define OPCODE_ATOMIC(SIZE) (BPF_STX | BPF_ATOMIC | SIZE)

#define OPCODES_ATOMIC(FIRST, MORE, N, SIZE, BYTES)                        \
	FIRST(ATOMIC_ADD##N, OPCODE_ATOMIC(SIZE), ATOMIC, BPF_ADD, BYTES,  \
	      "+=")                                                        \
	MORE(ATOMIC_OR##N, OPCODE_ATOMIC(SIZE), ATOMIC, BPF_OR, BYTES,     \
	     "|=")                                                         \
	MORE(ATOMIC_AND##N, OPCODE_ATOMIC(SIZE), ATOMIC, BPF_AND, BYTES,   \
	     "&=")                                                         \
	MORE(ATOMIC_XOR##N, OPCODE_ATOMIC(SIZE), ATOMIC, BPF_XOR, BYTES,   \
	     "^=")                                                         \
	MORE(FETCH_ADD##N, OPCODE_ATOMIC(SIZE), FETCH,                     \
	     BPF_ADD | BPF_FETCH, BYTES, "fetch_add")                      \
	MORE(FETCH_OR##N, OPCODE_ATOMIC(SIZE), FETCH, BPF_OR | BPF_FETCH,  \
	     BYTES, "fetch_or")                                            \
	MORE(FETCH_AND##N, OPCODE_ATOMIC(SIZE), FETCH,                     \
	     BPF_AND | BPF_FETCH, BYTES, "fetch_and")                      \
	MORE(FETCH_XOR##N, OPCODE_ATOMIC(SIZE), FETCH,                     \
	     BPF_XOR | BPF_FETCH, BYTES, "fetch_xor")                      \
	MORE(XCHG##N, OPCODE_ATOMIC(SIZE), FETCH, BPF_XCHG, BYTES, "xchg") \
	MORE(CMPXCHG##N, OPCODE_ATOMIC(SIZE), CMPXCHG, BPF_CMPXCHG, BYTES, \
	     "cmpxchg")                                                    \
	OPCODES_ORDERED(MORE, MORE, N, SIZE, BYTES)

#define OPCODES_ORDERED(FIRST, MORE, N, SIZE, BYTES)                       \
	FIRST(LOAD_ACQ##N, OPCODE_ATOMIC(SIZE), LOAD_ACQ, BPF_LOAD_ACQ,    \
	      BYTES, "load_acquire")                                       \
	MORE(STORE_REL##N, OPCODE_ATOMIC(SIZE), STORE_REL, BPF_STORE_REL,  \
	     BYTES, "store_release")

/* (name, code, form, key, bytes, sym) */
#define OPCODES(FIRST, MORE)                                               \
	OPCODES_ALU(FIRST, ADD, BPF_ADD, "+=")                             \
	OPCODES_ALU(FIRST, SUB, BPF_SUB, "-=")                             \
	OPCODES_ALU(FIRST, MUL, BPF_MUL, "*=")                             \
	OPCODES_DIV(FIRST, MORE, DIV, BPF_DIV, "/=")                       \
	OPCODES_ALU(FIRST, OR, BPF_OR, "|=")                               \
	OPCODES_ALU(FIRST, AND, BPF_AND, "&=")                             \
	OPCODES_ALU(FIRST, LSH, BPF_LSH, "<<=")                            \
	OPCODES_ALU(FIRST, RSH, BPF_RSH, ">>=")                            \
	OPCODES_DIV(FIRST, MORE, MOD, BPF_MOD, "%=")                       \
	OPCODES_ALU(FIRST, XOR, BPF_XOR, "^=")                             \
	OPCODES_ALU(FIRST, ARSH, BPF_ARSH, "s>>=")                         \
	FIRST(NEG32, BPF_ALU | BPF_NEG, NEG, 0, 4, "-")                    \
	FIRST(NEG64, BPF_ALU64 | BPF_NEG, NEG, 0, 8, "-")                  \
	FIRST(MOV32_K, BPF_ALU | BPF_MOV | BPF_K, MOV_K, 0, 4, "=")        \
	FIRST(MOV64_K, BPF_ALU64 | BPF_MOV | BPF_K, MOV_K, 0, 8, "=")      \
	FIRST(MOV32_X, BPF_ALU | BPF_MOV | BPF_X, MOV_X, 0, 4, "=")        \
	MORE(MOVS8_32, BPF_ALU | BPF_MOV | BPF_X, MOV_X, 8, 4, "= (s8)")   \
	MORE(MOVS16_32, BPF_ALU | BPF_MOV | BPF_X, MOV_X, 16, 4, "= (s16)")\
	FIRST(MOV64_X, BPF_ALU64 | BPF_MOV | BPF_X, MOV_X, 0, 8, "=")      \
	MORE(MOVS8_64, BPF_ALU64 | BPF_MOV | BPF_X, MOV_X, 8, 8, "= (s8)") \
	MORE(MOVS16_64, BPF_ALU64 | BPF_MOV | BPF_X, MOV_X, 16, 8,         \
	     "= (s16)")                                                    \
	MORE(MOVS32_64, BPF_ALU64 | BPF_MOV | BPF_X, MOV_X, 32, 8,         \
	     "= (s32)")                                                    \
	OPCODES_END(FIRST, MORE, LE, BPF_ALU | BPF_END | BPF_TO_LE, "le")  \
	OPCODES_END(FIRST, MORE, BE, BPF_ALU | BPF_END | BPF_TO_BE, "be")  \
	OPCODES_END(FIRST, MORE, BSWAP, BPF_ALU64 | BPF_END | BPF_TO_LE,   \
		    "bswap")                                               \
	OPCODES_MEM(FIRST, LDX, BPF_LDX, LDX)                              \
	FIRST(LDSX_B, BPF_LDX | BPF_MEMSX | BPF_B, LDSX, 0, 1, "s8")       \
	FIRST(LDSX_H, BPF_LDX | BPF_MEMSX | BPF_H, LDSX, 0, 2, "s16")      \
	FIRST(LDSX_W, BPF_LDX | BPF_MEMSX | BPF_W, LDSX, 0, 4, "s32")      \
	OPCODES_MEM(FIRST, ST, BPF_ST, ST)                                 \
	OPCODES_MEM(FIRST, STX, BPF_STX, STX)                              \
	OPCODES_ATOMIC(FIRST, MORE, 32, BPF_W, 4)                          \
	OPCODES_ATOMIC(FIRST, MORE, 64, BPF_DW, 8)                         \
	OPCODES_ORDERED(FIRST, MORE, 8, BPF_B, 1)                          \
	OPCODES_ORDERED(FIRST, MORE, 16, BPF_H, 2)                         \
	OPCODES_SKB(FIRST, LD_ABS, BPF_ABS, LD_ABS)                        \
	OPCODES_SKB(FIRST, LD_IND, BPF_IND, LD_IND)                        \
	FIRST(LD_IMM64, INSN_LD_IMM64, LD_IMM64, 0, 8, "")                 \
	MORE(LD_MAP_FD, INSN_LD_IMM64, LD_IMM64, BPF_PSEUDO_MAP_FD, 8,     \
	     "map")                                                        \
	MORE(LD_MAP_VALUE, INSN_LD_IMM64, LD_IMM64, BPF_PSEUDO_MAP_VALUE,  \
	     8, "map value")                                               \
	MORE(LD_BTF_ID, INSN_LD_IMM64, LD_IMM64, BPF_PSEUDO_BTF_ID, 8,     \
	     "ksym")                                                       \
	MORE(LD_FUNC, INSN_LD_IMM64, LD_IMM64, BPF_PSEUDO_FUNC, 8,         \
	     "subprog")                                                    \
	MORE(LD_MAP_IDX, INSN_LD_IMM64, LD_IMM64, BPF_PSEUDO_MAP_IDX, 8,   \
	     "map")                                                        \
	MORE(LD_MAP_IDX_VALUE, INSN_LD_IMM64, LD_IMM64,                    \
	     BPF_PSEUDO_MAP_IDX_VALUE, 8, "map value")                     \
	OPCODES_JMP(FIRST, JEQ, BPF_JEQ, "==")                             \
	OPCODES_JMP(FIRST, JNE, BPF_JNE, "!=")                             \
	OPCODES_JMP(FIRST, JGT, BPF_JGT, ">")                              \
	OPCODES_JMP(FIRST, JGE, BPF_JGE, ">=")                             \
	OPCODES_JMP(FIRST, JLT, BPF_JLT, "<")                              \
	OPCODES_JMP(FIRST, JLE, BPF_JLE, "<=")                             \
	OPCODES_JMP(FIRST, JSGT, BPF_JSGT, "s>")                           \
	OPCODES_JMP(FIRST, JSGE, BPF_JSGE, "s>=")                          \
	OPCODES_JMP(FIRST, JSLT, BPF_JSLT, "s<")                           \
	OPCODES_JMP(FIRST, JSLE, BPF_JSLE, "s<=")                          \
	OPCODES_JMP(FIRST, JSET, BPF_JSET, "&")                            \
	FIRST(JA, BPF_JMP | BPF_JA, JA, 0, 0, "goto")                      \
	FIRST(JAL, BPF_JMP32 | BPF_JA, JAL, 0, 0, "gotol")                 \
	FIRST(MAY_GOTO, BPF_JMP | BPF_JCOND, MAY_GOTO, BPF_MAY_GOTO, 0,    \
	      "may_goto")                                                  \
	FIRST(CALL, BPF_JMP | BPF_CALL, CALL, 0, 0, "call")                \
	MORE(CALL_LOCAL, BPF_JMP | BPF_CALL, CALL, BPF_PSEUDO_CALL, 0,     \
	     "call")                                                       \
	MORE(CALL_KFUNC, BPF_JMP | BPF_CALL, KFUNC, BPF_PSEUDO_KFUNC_CALL, \
	     0, "call")                                                    \
	FIRST(EXIT, BPF_JMP | BPF_EXIT, EXIT, 0, 0, "exit")

enum op {
#define OPCODE_ENUM(name, ...) OP_##name,
	OPCODES(OPCODE_ENUM, OPCODE_ENUM)
#undef OPCODE_ENUM
	OP_COUNT,
};

extern const struct opcode opcode_table[OP_COUNT];

static inline enum op opcode_op(const struct opcode *opcode)
{
	return (enum op)(opcode - opcode_table);
}

const struct opcode_shape *opcode_shape(const struct opcode *opcode);

/* The row of an instruction, or NULL.  Unused fields are not looked at. */
const struct opcode *opcode_find(const struct bpf_insn *insn);

/*
 * The row of an instruction whose unused fields are zero, whose registers
 * exist and which does not write r10; -EINVAL with Linux's words otherwise.
 * Of a ld_imm64 insn[1] is read too, so the caller has seen that it is there.
 */
int opcode_check(const struct bpf_insn *insn, struct err *err,
		 const struct opcode **out);

#endif
