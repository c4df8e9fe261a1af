/* SPDX-License-Identifier: BSD-3-Clause */
/* rules.h - the programs of rules.c, by what they are about */
#ifndef WEIR_TESTS_VERIFIER_RULES_H
#define WEIR_TESTS_VERIFIER_RULES_H

#include "gen.h"

#define RULE_INSNS 48

enum rule_answer { RULE_REFUSED = 1, RULE_TAKEN };

struct rule {
	const char *what;
	enum rule_answer answer;
	struct bpf_insn insns[RULE_INSNS];
	bool tc;		     /* else XDP */
	bool global;		     /* its functions are */
	enum rule_answer linux_says; /* if it is not the answer */
};

#define RULES(name)                      \
	extern const struct rule name[]; \
	extern const u32 name##_cnt
RULES(rules_number);
RULES(rules_memory);
RULES(rules_call);
RULES(rules_state);
#undef RULES

enum rule_kfunc { ITER_NEW, ITER_NEXT, ITER_DESTROY, RULE_KFUNCS };
extern const char *const rule_kfuncs[RULE_KFUNCS];

#define KFUNC(n) RAW(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, n)
#define RETURN(n) ALU64_K(MOV, R0, n), EXIT()
#define STACK(reg, off) ALU64_X(MOV, reg, R10), ALU64_K(ADD, reg, off)
/* r6: the context, r7: a value of 16 bytes, r8: a number nobody knows. */
#define BEGIN                                                          \
	ALU64_X(MOV, R6, R1), ST(W, R10, -4, 0), STACK(R2, -4),        \
		LD_MAP(R1, GEN_ARRAY), CALL(BPF_FUNC_map_lookup_elem), \
		JMP64_K(JNE, R0, 0, 1), EXIT(), ALU64_X(MOV, R7, R0),  \
		LDX(DW, R8, R7, 0)
/* A byte of the value at a number. */
#define USE(reg) ALU64_X(ADD, R7, reg), LDX(B, R0, R7, 0), RETURN(0)
/* r9 is 0, and 100 if r8 is 7; that is looked at later. */
#define SAFE_FIRST                                                          \
	ALU64_K(MOV, R9, 100), JMP64_K(JEQ, R8, 7, 1), ALU64_K(MOV, R9, 0), \
		JMP64_K(JEQ, R8, 9, 0)
/* r2: data, r3: data_end, r4: so many bytes from there. */
#define PACKET(n)                                                   \
	LDX(W, R2, R1, 0), LDX(W, R3, R1, 4), ALU64_X(MOV, R4, R2), \
		ALU64_K(ADD, R4, n)
#define RESERVE(n)                                                      \
	LD_MAP(R1, GEN_RING), ALU64_K(MOV, R2, n), ALU64_K(MOV, R3, 0), \
		CALL(BPF_FUNC_ringbuf_reserve)

#endif
