/* SPDX-License-Identifier: BSD-3-Clause */
/* disasm.h - instructions as text, in the syntax of Linux's verifier log */
#ifndef WEIR_BPF_DISASM_H
#define WEIR_BPF_DISASM_H

#include "bpf/insn.h"

/* What the text cannot say without knowing more than bpf/ does.  Members may
 * be NULL. */
struct disasm_names {
	/* "map_lookup_elem" for 1; NULL: "unknown" */
	const char *(*helper)(void *arg, u32 id);
	/* What a ld_imm64 with a pseudo source loads, into buf; false: print
	 * the number. */
	bool (*imm64)(void *arg, const struct bpf_insn *insn, char *buf,
		      size_t size);
	void *arg;
};

/* The instruction at insns[at] of cnt, as "(b7) r0 = 1".  names may be NULL.
 * Returns buf. */
const char *disasm_insn(const struct bpf_insn *insns, u32 cnt, u32 at,
			const struct disasm_names *names, char *buf,
			size_t size);

#endif
