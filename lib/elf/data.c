/* SPDX-License-Identifier: BSD-3-Clause */
/* data.c - sections of global variables as maps of one entry */
#include "elf/object.h"

#include <ctype.h>
#include <errno.h>
#include <libelf.h>
#include <string.h>

struct data_kind {
	const char *name;
	bool read_only;
	u32 section_type;
};

static const struct data_kind kinds[] = {
	{ ".data", false, SHT_PROGBITS },
	{ ".rodata", true, SHT_PROGBITS },
	{ ".bss", false, SHT_NOBITS },
};

/* ".data" and ".data.anything" */
static const struct data_kind *kind_of(const struct section *s)
{
	for (u32 i = 0; i < ARRAY_LEN(kinds); i++) {
		const struct data_kind *k = &kinds[i];
		size_t len = strlen(k->name);

		if (strncmp(s->name, k->name, len) == 0 &&
		    (s->name[len] == '\0' || s->name[len] == '.'))
			return s->type == k->section_type && s->size &&
					       !(s->flags & SHF_EXECINSTR)
				       ? k
				       : NULL;
	}
	return NULL;
}

/* The object's name up to its first dot. */
static void object_name(const struct load *l, char name[BPF_OBJ_NAME_LEN])
{
	const char *slash = strrchr(l->path, '/');

	snprintf(name, BPF_OBJ_NAME_LEN, "%s", slash ? slash + 1 : l->path);
	name[strcspn(name, ".")] = '\0';
}

/* "object.rodata": as much of the object's name as there is room for, but
 * seven characters are the section's; ".rodata.mine" stays itself. */
const char *data_map_name(struct load *l, const char *section)
{
	char object[BPF_OBJ_NAME_LEN], name[BPF_OBJ_NAME_LEN];
	size_t suffix = strlen(section), prefix;

	if (strchr(section + 1, '.'))
		return section;
	object_name(l, object);
	suffix = MIN(MAX(suffix, 7u), BPF_OBJ_NAME_LEN - 1u);
	prefix = MIN(BPF_OBJ_NAME_LEN - 1u - suffix, strlen(object));
	snprintf(name, sizeof(name), "%.*s%.*s", (int)prefix, object,
		 (int)suffix, section);
	for (char *p = name; *p; p++) {
		if (!isalnum((unsigned char)*p) && *p != '_' && *p != '.')
			*p = '_';
	}
	return load_fmt(l, "%s", name);
}

/* What user space may see is worth mapping. */
static bool has_public_var(const struct load *l, u32 datasec)
{
	const struct btf_type *t = btf_type(l->btf, datasec);

	for (u32 i = 0; i < type_vlen(t); i++) {
		u32 id = type_vars(t)[i].type;
		const struct btf_type *var = btf_type(l->btf, id);

		if (type_kind(var) == BTF_KIND_VAR &&
		    type_var_linkage(var) != BTF_VAR_STATIC)
			return true;
	}
	return false;
}

static int add_data(struct load *l, const struct section *s,
		    const struct data_kind *k)
{
	struct map_place *place;
	struct elf_map *m;
	const char *name;
	u32 datasec;

	if (s->size > INT32_MAX)
		return section_fail(l, s, 0, -E2BIG, "%llu bytes of variables",
				    (unsigned long long)s->size);
	name = data_map_name(l, s->name);
	if (!name)
		return load_nomem(l);
	m = map_add(l, name, &place);
	if (!m)
		return l->err->code;
	m->attr.type = BPF_MAP_TYPE_ARRAY;
	m->attr.key_size = 4;
	m->attr.value_size = (u32)s->size;
	m->attr.max_entries = 1;
	m->attr.flags = k->read_only ? BPF_F_RDONLY_PROG : 0;
	datasec = btf_datasec(l, s->name);
	m->attr.btf_value = datasec;
	if (datasec && has_public_var(l, datasec))
		m->attr.flags |= BPF_F_MMAPABLE;
	m->freeze = k->read_only;
	m->contents = s->data;
	place->section = s->index;
	place->size = s->size;
	place->data = true;
	return 0;
}

int data_read(struct load *l)
{
	const struct section *s;
	int ret = 0;

	vec_each (s, &l->sections) {
		const struct data_kind *k = kind_of(s);

		if (k)
			ret = add_data(l, s, k);
		if (ret)
			return ret;
	}
	return 0;
}

u32 map_at(const struct load *l, u32 section, u64 offset)
{
	for (u32 i = 0; i < l->places.len; i++) {
		const struct map_place *p = &l->places.items[i];

		if (p->section != section || !section)
			continue;
		if (p->data || p->offset == offset)
			return i;
	}
	return NONE;
}
