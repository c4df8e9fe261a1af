/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * load_prog.c - the programs of an object
 *
 * In the object an instruction names a map by its index among the object's
 * maps; in a program by its index among those that the program uses.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/insn.h"
#include "sys/sys_priv.h"

struct linking {
	struct load *l;
	const struct elf_prog *ep;
	struct bpf_insn *insns;
	struct map **maps; /* that the program uses */
	u32 map_cnt;
	u32 *index; /* of the object's maps in it plus 1, 0: not used */
};

static int link_insn(struct linking *k, struct bpf_insn *insn)
{
	const struct elf_obj *obj = k->l->obj;
	s64 map = load_map_of(insn);

	if (map < 0)
		return 0;
	if (map >= obj->map_cnt)
		return err_fail(k->l->err, -EINVAL,
				"insn %td names map %lld of %u",
				insn - k->insns, (long long)map, obj->map_cnt);
	if (!k->l->so->maps[map])
		return err_fail(k->l->err, -EINVAL,
				"insn %td uses map %s, which is only the "
				"template of inner maps",
				insn - k->insns, obj->maps[map].name);
	if (!k->index[map]) {
		k->maps[k->map_cnt] = k->l->so->maps[map];
		k->index[map] = ++k->map_cnt;
	}
	insn->imm = (s32)(k->index[map] - 1);
	return 0;
}

static int link_insns(struct linking *k)
{
	int res = 0;

	memcpy(k->insns, k->ep->insns, k->ep->insn_cnt * sizeof(*k->insns));
	for (u32 i = 0; !res && i < k->ep->insn_cnt; i++) {
		struct bpf_insn *insn = &k->insns[i];

		res = link_insn(k, insn);
		if (insn_is_wide(insn))
			i++;
	}
	return res;
}

/* After link_insns(): it says how many maps there are. */
static int load_linked(struct linking *k, struct prog **out)
{
	const struct elf_prog *ep = k->ep;
	const struct prog_attr attr = {
		.type = ep->type,
		.expected_attach_type = ep->expected_attach_type,
		.flags = ep->flags,
		.name = ep->name,
		.license = k->l->obj->license,
		.insns = k->insns,
		.insn_cnt = ep->insn_cnt,
		.maps = k->maps,
		.map_cnt = k->map_cnt,
		.btf = k->l->obj->btf,
		.lines = ep->lines,
		.line_cnt = ep->line_cnt,
		.funcs = ep->funcs,
		.func_cnt = ep->func_cnt,
	};

	return sys_prog_load(k->l->sys, &attr, NULL, k->l->err, out);
}

static int load_prog(struct load *l, const struct elf_prog *ep,
		     struct prog **out)
{
	struct linking k = { .l = l, .ep = ep };
	int res = -ENOMEM;

	k.insns = calloc(ep->insn_cnt + 1ul, sizeof(*k.insns));
	k.maps = calloc(l->obj->map_cnt + 1ul, sizeof(*k.maps));
	k.index = calloc(l->obj->map_cnt + 1ul, sizeof(*k.index));
	if (k.insns && k.maps && k.index)
		res = link_insns(&k);
	else
		err_fail(l->err, res, "out of memory");
	if (!res)
		res = load_linked(&k, out);
	if (res && ep->invalid_cnt)
		err_hint(l->err,
			 "instruction %u has no meaning here: %s",
			 ep->invalid[0].insn, ep->invalid[0].why);
	free(k.index);
	free(k.maps);
	free(k.insns);
	return res;
}

int load_progs(struct load *l)
{
	for (u32 i = 0; i < l->obj->prog_cnt; i++) {
		const struct elf_prog *ep = &l->obj->progs[i];
		int res;

		if (!l->want_prog[i])
			continue;
		res = load_prog(l, ep, &l->so->progs[i]);
		if (res) {
			load_place(l, "program", ep->name);
			return res;
		}
	}
	return 0;
}
