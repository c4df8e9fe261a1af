/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * progs.c - which functions are programs
 *
 * Those outside of .text that nobody calls.  Where .text is all there is, its
 * functions that nobody calls are.
 */
#include "elf/object.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool only_library(const struct load *l)
{
	const struct code *c;

	vec_each (c, &l->codes) {
		if (!c->library)
			return false;
	}
	return true;
}

static bool is_prog(const struct load *l, const struct func *f, bool library)
{
	const struct code *c = &l->codes.items[f->code];

	return f->cnt && !f->called && (!c->library || (library && !f->local));
}

static int add_prog(struct load *l, u32 func)
{
	const struct func *f = &l->funcs.items[func];
	struct elf_section_kind kind = { 0 };
	struct elf_prog *p = vec_add(&l->progs);

	if (!p)
		return load_nomem(l);
	p->name = f->name;
	p->section = l->codes.items[f->code].section->name;
	p->autoload = p->section[0] != '?';
	if (!p->autoload)
		p->section++;
	elf_section_parse(p->section, &kind);
	p->type = kind.prog_type;
	p->expected_attach_type = kind.attach_type;
	p->flags = kind.flags;
	l->prog_of[func] = l->progs.len - 1;
	return link_prog(l, func, p);
}

static bool parse_number(const char **text, char end, u32 *out)
{
	unsigned long v;
	char *stop;

	if (!isdigit((unsigned char)**text))
		return false;
	errno = 0;
	v = strtoul(*text, &stop, 0);
	if (errno || v > UINT32_MAX || *stop != end)
		return false;
	*text = stop + (end != '\0');
	*out = (u32)v;
	return true;
}

static bool parse_slot(const char *section, u32 *id, u32 *key)
{
	return parse_number(&section, '/', id) &&
	       parse_number(&section, '\0', key);
}

/* iproute2: section "ID/KEY" is a program for slot KEY of the prog array with
 * this id, of the type of the object's other programs. */
static int slot_by_section(struct load *l, u32 prog, u32 type)
{
	struct elf_prog *p = &l->progs.items[prog];
	u32 id, key;

	if (p->type || !parse_slot(p->section, &id, &key))
		return 0;
	for (u32 i = 0; i < l->maps.len; i++) {
		int ret;

		if (!l->places.items[i].id || l->places.items[i].id != id ||
		    l->maps.items[i].attr.type != BPF_MAP_TYPE_PROG_ARRAY)
			continue;
		ret = map_slot_add(l, i, key, prog);
		if (ret)
			return ret;
		p->type = type;
	}
	return 0;
}

static u32 common_type(const struct load *l)
{
	const struct elf_prog *p;
	u32 type = 0;

	vec_each (p, &l->progs) {
		if (p->type && type && p->type != type)
			return 0;
		if (p->type)
			type = p->type;
	}
	return type;
}

int progs_read(struct load *l)
{
	bool library = only_library(l);
	u32 type;
	int ret = 0;

	l->prog_of = malloc((l->funcs.len + 1) * sizeof(*l->prog_of));
	if (!l->prog_of)
		return load_nomem(l);
	memset(l->prog_of, 0xff, (l->funcs.len + 1) * sizeof(*l->prog_of));
	for (u32 i = 0; i < l->funcs.len && !ret; i++) {
		if (is_prog(l, &l->funcs.items[i], library))
			ret = add_prog(l, i);
	}
	type = common_type(l);
	for (u32 i = 0; i < l->progs.len && !ret; i++)
		ret = slot_by_section(l, i, type);
	return ret;
}
