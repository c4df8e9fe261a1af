/* SPDX-License-Identifier: BSD-3-Clause */
/* load_select.c - which programs and maps of an object are meant */
#include <errno.h>
#include <string.h>

#include "bpf/insn.h"
#include "sys/sys_priv.h"

s64 load_map_of(const struct bpf_insn *insn)
{
	if (!insn_is_wide(insn) || (insn->src_reg != BPF_PSEUDO_MAP_FD &&
				    insn->src_reg != BPF_PSEUDO_MAP_VALUE))
		return -1;
	return (u32)insn->imm;
}

static void want_prog(struct load *l, u32 i);

/* With what its entries name. */
static void want_map(struct load *l, u32 i)
{
	const struct elf_map *em = &l->obj->maps[i];

	if (i >= l->obj->map_cnt || l->want_map[i])
		return;
	l->want_map[i] = true;
	for (u32 s = 0; s < em->slot_cnt; s++) {
		if (em->attr.type == BPF_MAP_TYPE_PROG_ARRAY)
			want_prog(l, em->slots[s].target);
		else
			want_map(l, em->slots[s].target);
	}
}

/* With the maps it uses. */
static void want_prog(struct load *l, u32 i)
{
	const struct elf_prog *ep = &l->obj->progs[i];

	if (i >= l->obj->prog_cnt || l->want_prog[i])
		return;
	l->want_prog[i] = true;
	for (u32 k = 0; k < ep->insn_cnt; k++) {
		s64 map = load_map_of(&ep->insns[k]);

		if (map >= 0)
			want_map(l, (u32)map);
		if (insn_is_wide(&ep->insns[k]))
			k++;
	}
}

static int no_such_program(const struct load *l, const char *name)
{
	char names[200] = "";
	size_t len = 0;

	for (u32 i = 0; i < l->obj->prog_cnt && len < sizeof(names); i++)
		len += (size_t)snprintf(names + len, sizeof(names) - len,
					"%s%s", i ? ", " : "",
					l->obj->progs[i].name);
	err_fail(l->err, -ENOENT, "there is no program %.128s in %s", name,
		 l->obj->path ? l->obj->path : "the object");
	err_hint(l->err, "it has %s", names);
	return -ENOENT;
}

static int check_overrides(const struct load *l)
{
	for (u32 i = 0; i < l->opts->override_cnt; i++) {
		const char *map = l->opts->overrides[i].map;
		u32 k = 0;

		while (k < l->obj->map_cnt &&
		       strcmp(l->obj->maps[k].name, map) != 0)
			k++;
		if (k == l->obj->map_cnt)
			return err_fail(l->err, -ENOENT,
					"there is no map %.128s to override",
					map);
	}
	return 0;
}

static int select_one(struct load *l)
{
	for (u32 i = 0; i < l->obj->prog_cnt; i++) {
		if (strcmp(l->obj->progs[i].name, l->opts->only) == 0) {
			want_prog(l, i);
			return 0;
		}
	}
	return no_such_program(l, l->opts->only);
}

int load_select(struct load *l)
{
	int res = check_overrides(l);

	if (res)
		return res;
	if (l->opts->only)
		return select_one(l);
	for (u32 i = 0; i < l->obj->prog_cnt; i++)
		l->want_prog[i] = l->obj->progs[i].autoload;
	for (u32 i = 0; i < l->obj->map_cnt; i++)
		l->want_map[i] = !l->obj->maps[i].is_template;
	return 0;
}
