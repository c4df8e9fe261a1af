/* SPDX-License-Identifier: BSD-3-Clause */
/* ksym.c - instructions that refer to what the object only declares */
#include "elf/object.h"

#include <errno.h>
#include <string.h>

#include "bpf/insn.h"

const struct ext *ext_find(const struct load *l, const char *name)
{
	const struct ext *ext;

	vec_each (ext, &l->exts) {
		if (strcmp(ext->name, name) == 0)
			return ext;
	}
	return NULL;
}

static int unresolved(struct load *l, const struct code *c, u32 insn,
		      const char *name, bool declared)
{
	section_fail(l, c->section, insn * 8ull, -ENOENT,
		     declared ? "instruction %u needs '%s', which Weir has not"
			      : "instruction %u needs '%s', which is defined "
				"nowhere",
		     insn, name);
	if (declared)
		err_hint(l->err, "declare it __weak and test it before use");
	return -ENOENT;
}

/* Weir has no kernel's symbols: weak ones are zero. */
int ksym_patch(struct load *l, const struct code *c, u32 insn,
	       const struct symbol *sym)
{
	const struct ext *ext = ext_find(l, sym->name);
	struct bpf_insn *in = &c->insns[insn];

	if (!ext)
		return unresolved(l, c, insn, sym->name, false);
	if (ext->kconfig && insn_is_wide(in)) {
		in[0].src_reg = BPF_PSEUDO_MAP_VALUE;
		in[0].imm = (s32)l->kconfig_map;
		in[1].imm = (s32)ext->offset;
		return 0;
	}
	if (ext->kconfig || !ext->weak)
		return unresolved(l, c, insn, sym->name, true);
	if (insn_is_wide(in)) {
		in[0].src_reg = 0;
		in[0].imm = 0;
		in[1].imm = 0;
	} else {
		in->src_reg = BPF_PSEUDO_KFUNC_CALL;
		in->imm = 0;
		in->off = 0;
	}
	return 0;
}
