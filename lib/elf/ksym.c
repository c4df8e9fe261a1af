/* SPDX-License-Identifier: BSD-3-Clause */
/* ksym.c - instructions that refer to what the object only declares */
#include "elf/object.h"

#include <errno.h>
#include <string.h>

#include "bpf/insn.h"
#include "bpf/kfunc.h"

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

/* Calls have the number, and so have addresses, which are only compared with
 * 0. */
static void patch_ksym(struct bpf_insn *in, enum kfunc number)
{
	in[0].imm = (s32)number;
	if (insn_is_wide(in)) {
		in[0].src_reg = 0;
		in[1].imm = 0;
	} else {
		in->src_reg = BPF_PSEUDO_KFUNC_CALL;
		in->off = 0;
	}
}

/* Of the kernel's symbols Weir has kernel functions: others, if weak, are
 * zero. */
int ksym_patch(struct load *l, const struct code *c, u32 insn,
	       const struct symbol *sym)
{
	const struct ext *ext = ext_find(l, sym->name);
	struct bpf_insn *in = &c->insns[insn];
	enum kfunc number;

	if (!ext)
		return unresolved(l, c, insn, sym->name, false);
	if (ext->kconfig && insn_is_wide(in)) {
		in[0].src_reg = BPF_PSEUDO_MAP_VALUE;
		in[0].imm = (s32)l->kconfig_map;
		in[1].imm = (s32)ext->offset;
		return 0;
	}
	number = kfunc_find(sym->name);
	if (ext->kconfig || (!ext->weak && !number && insn_is_wide(in)))
		return unresolved(l, c, insn, sym->name, true);
	patch_ksym(in, number);
	if (ext->weak || number)
		return 0;
	return lack_add(l, c, insn, ext->name,
			load_fmt(l, "kernel function %s", ext->name));
}
