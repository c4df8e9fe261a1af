/* SPDX-License-Identifier: BSD-3-Clause */
/* core_patch.c - a relocation's answer put into its instruction */
#include "elf/core.h"

#include <errno.h>

#include "bpf/insn.h"

/* libbpf's helper that does not exist: "bad relo" */
#define BAD_RELO 195896080

static void invalidate_one(struct bpf_insn *in)
{
	*in = (struct bpf_insn){ .code = BPF_JMP | BPF_CALL, .imm = BAD_RELO };
}

void core_invalidate(struct bpf_insn *in, u32 left)
{
	if (insn_is_wide(in) && left > 1)
		invalidate_one(in + 1);
	invalidate_one(in);
}

static const u8 sizes[] = {
	[BPF_B >> 3] = 1, [BPF_H >> 3] = 2, [BPF_W >> 3] = 4, [BPF_DW >> 3] = 8
};

/* -1: no load or store has it */
static int size_code(u64 bytes)
{
	for (u32 i = 0; i < ARRAY_LEN(sizes); i++) {
		if (sizes[i] == bytes)
			return (int)i << 3;
	}
	return -1;
}

static int patch_access(struct bpf_insn *in, const struct core_answer *local,
			const struct core_answer *target, const char **why)
{
	int size = BPF_SIZE(in->code);

	*why = "its offset is not the field's";
	if (local->exact && (u64)(s64)in->off != local->value)
		return -EINVAL;
	*why = "the field is too far inside";
	if (target->value > INT16_MAX)
		return -ERANGE;
	if (local->size != target->size) {
		*why = "its size is not the field's";
		if (sizes[size >> 3] != local->size)
			return -EINVAL;
		*why = "no load or store has the field's size";
		size = size_code(target->size);
		if (size < 0)
			return -EINVAL;
	}
	in->off = (s16)target->value;
	in->code = (u8)(BPF_MODE(in->code) | size | BPF_CLASS(in->code));
	return 0;
}

static int patch_imm64(struct bpf_insn *in, u32 left,
		       const struct core_answer *local,
		       const struct core_answer *target, const char **why)
{
	*why = "it holds no constant";
	if (!insn_is_wide(in) || left < 2 || in->src_reg || in->off ||
	    in[1].code || in[1].dst_reg || in[1].src_reg || in[1].off)
		return -EINVAL;
	*why = "its constant is not the local answer";
	if (local->exact && insn_imm64(in) != local->value)
		return -EINVAL;
	in[0].imm = (s32)(u32)target->value;
	in[1].imm = (s32)(u32)(target->value >> 32);
	return 0;
}

int core_patch(struct bpf_insn *in, u32 left, const struct core_answer *local,
	       const struct core_answer *target, bool unsafe_size,
	       const char **why)
{
	switch (BPF_CLASS(in->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		*why = "it takes no constant";
		if (BPF_SRC(in->code) != BPF_K)
			return -EINVAL;
		*why = "its constant is not the local answer";
		if (local->exact && (u64)(s64)in->imm != local->value)
			return -EINVAL;
		in->imm = (s32)(u32)target->value;
		return 0;
	case BPF_LDX:
	case BPF_ST:
	case BPF_STX:
		if (unsafe_size) {
			core_invalidate(in, left);
			return 0;
		}
		return patch_access(in, local, target, why);
	case BPF_LD: return patch_imm64(in, left, local, target, why);
	default: *why = "it has no place for a number"; return -EINVAL;
	}
}
