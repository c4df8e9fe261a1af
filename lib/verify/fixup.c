/* SPDX-License-Identifier: BSD-3-Clause */
/* fixup.c - what becomes of a program that is accepted */
#include "bpf/insn.h"
#include "verify/verify.h"

void verify_fix(struct verify_result *result, struct prog *prog)
{
	const struct bpf_insn stay = { .code = BPF_JMP | BPF_JA, .off = -1 };

	for (u32 i = 0; i < prog->insn_cnt; i++) {
		u32 slots = insn_is_wide(&prog->insns[i]) ? 2 : 1;

		if (!(result->facts[i] & VERIFY_INSN_REACHED))
			for (u32 k = 0; k < slots; k++)
				prog->insns[i + k] = stay;
		i += slots - 1;
	}
	prog->facts = result->facts;
	prog->ctx_reads = result->ctx_reads;
	result->facts = NULL;
}
