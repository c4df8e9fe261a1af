/* SPDX-License-Identifier: BSD-3-Clause */
/* fixup.c - what becomes of a program that is accepted */
#include "bpf/insn.h"
#include "verify/verify.h"

void verify_fix(const struct verify_result *result, struct bpf_insn *insns,
		u32 cnt)
{
	const struct bpf_insn stay = { .code = BPF_JMP | BPF_JA, .off = -1 };

	for (u32 i = 0; i < cnt; i++) {
		u32 slots = insn_is_wide(&insns[i]) ? 2 : 1;

		if (!(result->facts[i] & VERIFY_INSN_REACHED))
			for (u32 k = 0; k < slots; k++)
				insns[i + k] = stay;
		i += slots - 1;
	}
}
