/* SPDX-License-Identifier: BSD-3-Clause */
/* reloc.c - relocations of code, and of the .values of maps */
#include "elf/object.h"

#include <errno.h>
#include <libelf.h>
#include <string.h>

#include "bpf/insn.h"

static int insn_fail(struct load *l, const struct section *of,
		     const struct reloc *r, const char *what)
{
	return section_fail(l, of, r->offset, -ENOEXEC,
			    "a relocation of '%s' %s", r->sym->name, what);
}

/* A ld_imm64 of a function's address: bytes from the section's start. */
static int patch_func_ref(struct load *l, struct code *c, u32 insn,
			  const struct reloc *r, u32 code)
{
	struct bpf_insn *in = &c->insns[insn];
	u64 at = r->sym->value + (u64)(s64)in->imm;

	if (at % sizeof(*in) ||
	    at / sizeof(*in) >= l->codes.items[code].insn_cnt)
		return insn_fail(l, c->section, r,
				 "does not lead to a function");
	in[0].src_reg = BPF_PSEUDO_FUNC;
	in[0].imm = 0;
	in[1].imm = 0;
	c->target[insn] = CODE_TARGET(code, (u32)(at / sizeof(*in)));
	return 0;
}

static int patch_map_ref(struct load *l, struct code *c, u32 insn,
			 const struct reloc *r)
{
	struct bpf_insn *in = &c->insns[insn];
	u64 at = r->sym->value + (u64)(s64)in->imm;
	u32 map = map_at(l, r->sym->section, at);

	if (map == NONE)
		return insn_fail(l, c->section, r,
				 "leads to no map and no variable");
	in[0].imm = (s32)map;
	in[0].src_reg = BPF_PSEUDO_MAP_FD;
	in[1].imm = 0;
	if (l->places.items[map].data) {
		if (at > UINT32_MAX)
			return insn_fail(l, c->section, r, "is too far");
		in[0].src_reg = BPF_PSEUDO_MAP_VALUE;
		in[1].imm = (s32)(u32)at;
	}
	return 0;
}

static int patch_wide(struct load *l, struct code *c, u32 insn,
		      const struct reloc *r)
{
	u32 code;

	if (insn + 1 >= c->insn_cnt)
		return insn_fail(l, c->section, r,
				 "is at an instruction that is cut off");
	if (!r->sym->section)
		return ksym_patch(l, c, insn, r->sym);
	if (r->sym->section == NONE)
		return insn_fail(l, c->section, r, "is in no section");
	code = l->code_of[r->sym->section];
	return code == NONE ? patch_map_ref(l, c, insn, r)
			    : patch_func_ref(l, c, insn, r, code);
}

/* Named: imm is -1.  By section: imm counts from the section's start, less
 * one.  Both count from the instruction after the call. */
static int patch_call(struct load *l, struct code *c, u32 insn,
		      const struct reloc *r)
{
	u64 to;
	u32 code;

	if (!r->sym->section)
		return ksym_patch(l, c, insn, r->sym);
	code = r->sym->section == NONE ? NONE : l->code_of[r->sym->section];
	to = r->sym->value / sizeof(struct bpf_insn) +
	     (u64)(s64)c->insns[insn].imm + 1;
	if (code == NONE || r->sym->value % sizeof(struct bpf_insn) ||
	    to >= l->codes.items[code].insn_cnt)
		return insn_fail(l, c->section, r, "calls no function");
	c->target[insn] = CODE_TARGET(code, (u32)to);
	return 0;
}

static int patch(struct load *l, const struct section *of,
		 const struct reloc *r)
{
	struct code *c = &l->codes.items[l->code_of[of->index]];
	u64 insn = r->offset / sizeof(struct bpf_insn);
	const struct bpf_insn *in;

	if (r->offset % sizeof(struct bpf_insn) || insn >= c->insn_cnt)
		return insn_fail(l, of, r, "is at no instruction");
	in = &c->insns[insn];
	c->target[insn] = CODE_TARGET_NONE;
	if (insn_is_wide(in))
		return patch_wide(l, c, (u32)insn, r);
	if (insn_is_local_call(in))
		return patch_call(l, c, (u32)insn, r);
	if (in->code == (BPF_JMP | BPF_CALL) && !r->sym->section)
		return ksym_patch(l, c, (u32)insn, r->sym);
	return section_fail(l, of, r->offset, -ENOEXEC,
			    "a relocation of '%s', type %u, at an instruction "
			    "(code %#x) that refers to nothing",
			    r->sym->name, r->type, in->code);
}

int reloc_code(struct load *l)
{
	const struct code *c;
	int ret = 0;

	vec_each (c, &l->codes) {
		ret = reloc_each(l, c->section, patch);
		if (ret)
			return ret;
	}
	return 0;
}

/* The map whose variable a place in .maps belongs to, or NONE. */
static u32 values_map(const struct load *l, const struct section *of, u64 at)
{
	for (u32 i = 0; i < l->places.len; i++) {
		const struct map_place *p = &l->places.items[i];

		if (p->section == of->index && at >= p->offset &&
		    at - p->offset < p->size)
			return i;
	}
	return NONE;
}

/* Index into maps or programs, or NONE. */
static u32 slot_target(const struct load *l, const struct reloc *r, u64 addend,
		       bool prog)
{
	u64 at = r->sym->value + addend;
	const struct func *f;
	u32 code;

	if (!r->sym->section || r->sym->section == NONE)
		return NONE;
	if (!prog)
		return map_at(l, r->sym->section, at);
	code = l->code_of[r->sym->section];
	if (code == NONE || at % sizeof(struct bpf_insn) ||
	    at / sizeof(struct bpf_insn) >= l->codes.items[code].insn_cnt)
		return NONE;
	f = func_at(l, CODE_TARGET(code, (u32)(at / sizeof(struct bpf_insn))));
	return f ? l->prog_of[f - l->funcs.items] : NONE;
}

static int set_slot(struct load *l, const struct section *of,
		    const struct reloc *r)
{
	const struct map_place *p;
	u64 addend = 0, at;
	u32 map, target;
	bool prog;

	if (of->size < 8 || r->offset > of->size - 8)
		return insn_fail(l, of, r, "is not inside");
	map = values_map(l, of, r->offset);
	if (map == NONE)
		return insn_fail(l, of, r, "is in no map");
	p = &l->places.items[map];
	at = r->offset - p->offset;
	if (!p->values || at < p->values || (at - p->values) % 8)
		return insn_fail(l, of, r,
				 "is in a map, but not in its values");
	if (of->data)
		memcpy(&addend, of->data + r->offset, sizeof(addend));
	prog = l->maps.items[map].attr.type == BPF_MAP_TYPE_PROG_ARRAY;
	if (l->maps.items[map].attr.key_size != sizeof(u32))
		return insn_fail(l, of, r,
				 "is a value of a map whose keys "
				 "are no 4-byte numbers");
	target = slot_target(l, r, addend, prog);
	if (target == NONE)
		return insn_fail(l, of, r,
				 prog ? "is no program, but a value "
					"of a prog array"
				      : "is no map, but a value of a "
					"map of maps");
	return map_slot_add(l, map, (u32)((at - p->values) / 8), target);
}

int reloc_values(struct load *l)
{
	const struct section *s = section_find(l, ".maps");

	return s ? reloc_each(l, s, set_slot) : 0;
}
