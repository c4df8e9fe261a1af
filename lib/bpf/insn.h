/* SPDX-License-Identifier: BSD-3-Clause */
/* insn.h - reading instruction words */
#ifndef WEIR_BPF_INSN_H
#define WEIR_BPF_INSN_H

#include "base/types.h"
#include "bpf/uapi.h"

/* The instruction that takes two slots: ld_imm64. */
#define INSN_LD_IMM64 (BPF_LD | BPF_DW | BPF_IMM)

static inline bool insn_is_wide(const struct bpf_insn *insn)
{
	return insn->code == INSN_LD_IMM64;
}

/* The constant of a ld_imm64, from both of its slots. */
static inline u64 insn_imm64(const struct bpf_insn *insn)
{
	return (u32)insn[0].imm | (u64)(u32)insn[1].imm << 32;
}

static inline bool insn_is_jump(const struct bpf_insn *insn)
{
	u8 class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);

	return (class == BPF_JMP || class == BPF_JMP32) && op != BPF_CALL &&
	       op != BPF_EXIT;
}

/* Slots from the one after the jump to its target. */
static inline s32 insn_jump_off(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP32 | BPF_JA) ? insn->imm : insn->off;
}

static inline bool insn_is_local_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) &&
	       insn->src_reg == BPF_PSEUDO_CALL;
}

/* A ld_imm64 of a function of the program: imm counts from the next slot. */
static inline bool insn_is_func_ref(const struct bpf_insn *insn)
{
	return insn_is_wide(insn) && insn->src_reg == BPF_PSEUDO_FUNC;
}

#endif
