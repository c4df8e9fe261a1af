/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * maps_legacy.c - maps defined by their bytes in a "maps" section
 *
 * Each is a struct of 32-bit numbers that begins with type, key size, value
 * size, entries and flags.  What follows depends on who read the section; the
 * size tells them apart.
 */
#include "elf/object.h"

#include <errno.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

enum { TYPE, KEY_SIZE, VALUE_SIZE, MAX_ENTRIES, FLAGS, COMMON };

/* what follows the common numbers, as indices */
struct layout {
	const char *what;
	u32 size;
	s8 id, pinning, inner_id, inner_idx, inner_map, numa_node;
	bool text; /* the rest may hold anything */
};

static const struct layout layouts[] = {
	{ "iproute2's struct bpf_elf_map", 36, 5, 6, 7, 8, -1, -1, false },
	{ "the kernel samples' struct bpf_map_def", 28, -1, -1, -1, -1, 5, 6,
	  false },
	{ "gobpf's struct bpf_map_def", 280, -1, 5, -1, -1, -1, -1, true },
	{ "struct bpf_map_def", 0, -1, -1, -1, -1, -1, -1, false },
};

static const struct layout *layout_of(u64 size)
{
	const struct layout *y = layouts;

	while (y->size && y->size != size)
		y++;
	return y;
}

struct def {
	const struct section *s;
	const char *name;
	u64 offset;
	u64 size;
};

static u32 word(const struct def *d, s8 index)
{
	u32 value = 0;

	if (index >= 0 && ((u64)index + 1) * 4 <= d->size)
		memcpy(&value, d->s->data + d->offset + (u64)index * 4, 4);
	return value;
}

/* Bytes that no layout explains must be zero. */
static int check_rest(struct load *l, const struct def *d,
		      const struct layout *y)
{
	u64 from = y->size ? y->size : COMMON * 4;

	for (u64 i = from; i < d->size; i++) {
		if (d->s->data[d->offset + i])
			return section_fail(l, d->s, d->offset + i, -EOPNOTSUPP,
					    "map '%s': its %llu bytes are no "
					    "known struct, and byte %llu is "
					    "not 0",
					    d->name,
					    (unsigned long long)d->size,
					    (unsigned long long)i);
	}
	return 0;
}

static int read_def(struct load *l, const struct def *d)
{
	const struct layout *y = layout_of(d->size);
	struct map_place *place;
	struct elf_map *m;
	u32 inner_map;
	int ret;

	if (d->size < FLAGS * 4 || !d->s->data)
		return section_fail(l, d->s, d->offset, -EINVAL,
				    "map '%s': %llu bytes are no definition",
				    d->name, (unsigned long long)d->size);
	ret = y->text ? 0 : check_rest(l, d, y);
	if (ret)
		return ret;
	m = map_add(l, d->name, &place);
	if (!m)
		return l->err->code;
	m->attr.type = word(d, TYPE);
	m->attr.key_size = word(d, KEY_SIZE);
	m->attr.value_size = word(d, VALUE_SIZE);
	m->attr.max_entries = word(d, MAX_ENTRIES);
	m->attr.flags = word(d, FLAGS);
	if (m->attr.flags & BPF_F_NUMA_NODE)
		m->attr.numa_node = word(d, y->numa_node);
	m->pin_by_name = word(d, y->pinning) != 0;
	inner_map = word(d, y->inner_map);
	if (m->attr.type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
	    m->attr.type == BPF_MAP_TYPE_HASH_OF_MAPS)
		m->inner =
			y->inner_map >= 0 ? (s32)MIN(inner_map, INT32_MAX) : -1;
	place->section = d->s->index;
	place->offset = d->offset;
	place->size = d->size;
	place->id = word(d, y->id);
	place->inner_id = word(d, y->inner_id);
	place->inner_idx = y->inner_idx < 0 ? -1 : (s32)word(d, y->inner_idx);
	return 0;
}

static int by_value(const void *a, const void *b)
{
	const struct symbol *x = *(const struct symbol *const *)a;
	const struct symbol *y = *(const struct symbol *const *)b;

	return (x->value > y->value) - (x->value < y->value);
}

static bool is_map(const struct symbol *sym, const struct section *s)
{
	return sym->section == s->index && sym->name[0] &&
	       (sym->type == STT_OBJECT || sym->type == STT_NOTYPE);
}

/* Definitions lie side by side: each ends where the next begins. */
static int read_defs(struct load *l, const struct section *s,
		     const struct symbol **syms, u32 n, const char *name)
{
	int ret = 0;

	qsort(syms, n, sizeof(*syms), by_value);
	for (u32 i = 0; i < n && !ret; i++) {
		struct def d = {
			.s = s,
			.name = name ? name : syms[i]->name,
			.offset = syms[i]->value,
		};
		u64 end = i + 1 < n ? syms[i + 1]->value : s->size;

		if (d.offset > s->size || end > s->size)
			return section_fail(l, s, d.offset, -EINVAL,
					    "map '%s' is not inside", d.name);
		d.size = end - d.offset;
		if (syms[i]->size && syms[i]->size < d.size)
			d.size = syms[i]->size;
		ret = read_def(l, &d);
	}
	return ret;
}

static int read_section(struct load *l, const struct section *s,
			const char *name)
{
	const struct symbol **syms, *sym;
	u32 n = 0, first = l->maps.len;
	int ret;

	syms = calloc(l->symbols.len + 1, sizeof(*syms));
	if (!syms)
		return load_nomem(l);
	vec_each (sym, &l->symbols) {
		if (is_map(sym, s))
			syms[n++] = sym;
	}
	if (n)
		ret = read_defs(l, s, syms, n, name);
	else
		ret = section_fail(l, s, 0, -EINVAL,
				   "no symbol names its maps");
	free(syms);
	/* the samples count templates within the section */
	for (u32 i = first; i < l->maps.len && !ret; i++) {
		struct elf_map *m = &l->maps.items[i];

		if (m->inner < 0)
			continue;
		if ((u32)m->inner >= l->maps.len - first)
			return section_fail(l, s, l->places.items[i].offset,
					    -EINVAL,
					    "map '%s': its template "
					    "is map %d, there are %u",
					    m->name, m->inner,
					    l->maps.len - first);
		m->inner += (s32)first;
	}
	return ret;
}

/* iproute2: the map whose id is this, or NONE. */
static u32 by_id(const struct load *l, u32 id)
{
	for (u32 i = 0; i < l->places.len; i++) {
		if (l->places.items[i].id == id)
			return i;
	}
	return NONE;
}

/* iproute2: templates are found by id, and put where inner_idx says. */
static int link_by_id(struct load *l, u32 outer)
{
	u32 id = l->places.items[outer].inner_id, first;
	int ret;

	if (!id ||
	    (l->maps.items[outer].attr.type != BPF_MAP_TYPE_ARRAY_OF_MAPS &&
	     l->maps.items[outer].attr.type != BPF_MAP_TYPE_HASH_OF_MAPS))
		return 0;
	first = by_id(l, id);
	if (first == NONE)
		return load_fail(l, -EINVAL,
				 "map '%s': there is no map with "
				 "its template's id %u",
				 l->maps.items[outer].name, id);
	l->maps.items[outer].inner = (s32)first;
	for (u32 i = first; i < l->places.len; i++) {
		const struct map_place *p = &l->places.items[i];

		if (p->id != id || p->inner_id || p->inner_idx < 0)
			continue;
		ret = map_slot_add(l, outer, (u32)p->inner_idx, i);
		if (ret)
			return ret;
	}
	return 0;
}

static int check_template(struct load *l, const struct elf_map *m)
{
	u32 type;

	if (m->inner < 0)
		return 0;
	type = l->maps.items[m->inner].attr.type;
	if (type != BPF_MAP_TYPE_ARRAY_OF_MAPS &&
	    type != BPF_MAP_TYPE_HASH_OF_MAPS)
		return 0;
	return load_fail(l, -EOPNOTSUPP,
			 "map '%s': its template '%s' is a map of maps",
			 m->name, l->maps.items[m->inner].name);
}

int maps_legacy_read(struct load *l)
{
	const struct section *s;
	u32 first = l->maps.len;
	int ret = 0;

	vec_each (s, &l->sections) {
		if (s->type != SHT_PROGBITS || !s->size)
			continue;
		if (strcmp(s->name, "maps") == 0)
			ret = read_section(l, s, NULL);
		else if (strncmp(s->name, "maps/", 5) == 0)
			ret = read_section(l, s, s->name + 5);
		if (ret)
			return ret;
	}
	for (u32 i = first; i < l->maps.len && !ret; i++)
		ret = link_by_id(l, i);
	for (u32 i = first; i < l->maps.len && !ret; i++)
		ret = check_template(l, &l->maps.items[i]);
	return ret;
}
