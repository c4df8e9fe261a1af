/* SPDX-License-Identifier: BSD-3-Clause */
/* maps_btf.c - maps defined by the types of variables in .maps */
#include "elf/object.h"

#include <errno.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAPS_MAX 1024

struct elf_map *map_add(struct load *l, const char *name,
			struct map_place **place)
{
	struct elf_map *m;

	if (l->maps.len == MAPS_MAX) {
		load_fail(l, -E2BIG, "more than %u maps", MAPS_MAX);
		return NULL;
	}
	m = vec_add(&l->maps);
	*place = m ? vec_add(&l->places) : NULL;
	if (!*place) {
		load_nomem(l);
		return NULL;
	}
	m->name = name;
	m->inner = -1;
	snprintf(m->attr.name, sizeof(m->attr.name), "%s", name);
	return m;
}

int map_slot_add(struct load *l, u32 map, u32 index, u32 target)
{
	struct elf_map *m = &l->maps.items[map];
	struct elf_slot *slots;
	u32 cap = 4;

	/* full at each power of two from 4 on */
	if (m->slot_cnt == 0 ||
	    (m->slot_cnt >= cap && (m->slot_cnt & (m->slot_cnt - 1)) == 0)) {
		slots = load_alloc(l, MAX(cap, m->slot_cnt * 2ull),
				   sizeof(*slots));
		if (!slots)
			return load_nomem(l);
		if (m->slot_cnt)
			memcpy(slots, m->slots, m->slot_cnt * sizeof(*slots));
		m->slots = slots;
	}
	slots = (struct elf_slot *)m->slots;
	slots[m->slot_cnt++] = (struct elf_slot){ index, target };
	return 0;
}

int field_int(const struct btf_blob *btf, u32 type, u32 *value)
{
	const struct btf_type *t = btf_type(btf, btf_skip(btf, type));

	if (!t || type_kind(t) != BTF_KIND_PTR)
		return -EINVAL;
	t = btf_type(btf, btf_skip(btf, t->type));
	if (!t || type_kind(t) != BTF_KIND_ARRAY)
		return -EINVAL;
	*value = type_array(t)->nelems;
	return 0;
}

/* A map's definition while its members are read. */
struct def {
	struct load *l;
	const struct section *s;
	u64 offset; /* of the variable */
	const char *name;
	u32 map;
	bool inner;
	u32 values_at; /* bytes from the variable's start, 0: none */
	u32 values;    /* type of the elements of .values, 0: none */
	u32 key_known, value_known; /* size said already, or NONE */
};

static int def_fail(struct def *d, int code, const char *what,
		    const char *member)
{
	return section_fail(d->l, d->s, d->offset, code, "map '%s': %s%s%s",
			    d->name, what, member ? " " : "",
			    member ? member : "");
}

static struct map_attr *attr(struct def *d)
{
	return &d->l->maps.items[d->map].attr;
}

static int set_size(struct def *d, const char *member, u32 *known, u32 *field,
		    u64 size)
{
	if (*known != NONE && *known != size)
		return def_fail(d, -EINVAL,
				"two different sizes, the second by", member);
	*known = *field = (u32)size;
	return 0;
}

/* key or value: a pointer to the type. */
static int set_type(struct def *d, const char *member, u32 type, u32 *known,
		    u32 *field, u32 *id)
{
	const struct btf_blob *btf = d->l->btf;
	const struct btf_type *t = btf_type(btf, type);
	s64 size;

	if (!t || type_kind(t) != BTF_KIND_PTR)
		return def_fail(d, -EINVAL, "no pointer to a type:", member);
	size = btf_size(btf, t->type);
	if (size < 0 || size > INT32_MAX)
		return def_fail(d, -EINVAL, "a type without a size:", member);
	*id = t->type;
	return set_size(d, member, known, field, (u64)size);
}

static int set_values(struct def *d, u32 type, u32 bit_offset)
{
	const struct btf_blob *btf = d->l->btf;
	const struct btf_type *t = btf_type(btf, btf_skip(btf, type));

	if (d->inner)
		return def_fail(d, -EOPNOTSUPP,
				"a map of maps inside a map of maps", NULL);
	if (!t || type_kind(t) != BTF_KIND_ARRAY || type_array(t)->nelems)
		return def_fail(d, -EINVAL, "values is no array without a size",
				NULL);
	if (bit_offset % 8 || !bit_offset)
		return def_fail(d, -EINVAL, "values is not the last member",
				NULL);
	t = btf_type(btf, btf_skip(btf, type_array(t)->type));
	if (!t || type_kind(t) != BTF_KIND_PTR)
		return def_fail(d, -EINVAL, "values does not hold pointers",
				NULL);
	d->values = btf_skip(btf, t->type);
	d->values_at = bit_offset / 8;
	return 0;
}

/* Members that are numbers: __uint(name, value). */
static int set_number(struct def *d, const char *member, u32 value)
{
	struct map_attr *a = attr(d);

	if (strcmp(member, "type") == 0)
		a->type = value;
	else if (strcmp(member, "max_entries") == 0)
		a->max_entries = value;
	else if (strcmp(member, "map_flags") == 0)
		a->flags = value;
	else if (strcmp(member, "numa_node") == 0)
		a->numa_node = value;
	else if (strcmp(member, "map_extra") == 0)
		a->extra = value;
	else if (strcmp(member, "key_size") == 0)
		return set_size(d, member, &d->key_known, &a->key_size, value);
	else if (strcmp(member, "value_size") == 0)
		return set_size(d, member, &d->value_known, &a->value_size,
				value);
	else if (strcmp(member, "pinning") != 0)
		return def_fail(d, -EOPNOTSUPP, "unknown member", member);
	else if (d->inner)
		return def_fail(d, -EINVAL,
				"the template of inner maps cannot be pinned",
				NULL);
	else if (value > 1)
		return def_fail(d, -EINVAL,
				"pinning is neither "
				"LIBBPF_PIN_NONE nor LIBBPF_PIN_BY_NAME",
				NULL);
	else
		d->l->maps.items[d->map].pin_by_name = value;
	return 0;
}

static int read_member(struct def *d, const struct btf_type *t, u32 i)
{
	const struct btf_member *m = &type_members(t)[i];
	const char *name = btf_string(d->l->btf, m->name_off);
	struct map_attr *a = attr(d);
	u32 value;

	if (strcmp(name, "key") == 0)
		return set_type(d, name, m->type, &d->key_known, &a->key_size,
				&a->btf_key);
	if (strcmp(name, "value") == 0)
		return set_type(d, name, m->type, &d->value_known,
				&a->value_size, &a->btf_value);
	if (strcmp(name, "values") == 0) {
		if (i + 1 != type_vlen(t))
			return def_fail(d, -EINVAL,
					"values is not the last member", NULL);
		return set_values(d, m->type, type_member_bit_offset(t, i));
	}
	if (field_int(d->l->btf, m->type, &value))
		return def_fail(d, -EINVAL,
				"not written as __uint() or __type():", name);
	return set_number(d, name, value);
}

static bool is_map_of_maps(u32 type)
{
	return type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
	       type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

/* Linux rounds nothing up here, libbpf does: a power of two of pages. */
static u32 ring_bytes(u32 want)
{
	u64 bytes = (u64)sysconf(_SC_PAGESIZE);

	if (!want || want > 1u << 31)
		return want;
	while (bytes < want)
		bytes *= 2;
	return (u32)bytes;
}

/* Families that Linux makes without BTF. */
static bool takes_no_btf(u32 type)
{
	switch (type) {
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
	case BPF_MAP_TYPE_CGROUP_ARRAY:
	case BPF_MAP_TYPE_STACK_TRACE:
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
	case BPF_MAP_TYPE_DEVMAP:
	case BPF_MAP_TYPE_DEVMAP_HASH:
	case BPF_MAP_TYPE_CPUMAP:
	case BPF_MAP_TYPE_XSKMAP:
	case BPF_MAP_TYPE_SOCKMAP:
	case BPF_MAP_TYPE_SOCKHASH:
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK: return true;
	default: return false;
	}
}

static int read_def(struct def *d, u32 type);

static int read_inner(struct def *outer)
{
	struct map_place *place;
	struct def d = {
		.l = outer->l,
		.s = outer->s,
		.offset = outer->offset,
		.name = load_fmt(outer->l, "%s.inner", outer->name),
		.map = outer->l->maps.len,
		.inner = true,
	};

	if (!d.name)
		return load_nomem(d.l);
	if (!map_add(d.l, d.name, &place))
		return d.l->err->code;
	d.l->maps.items[d.map].is_template = true;
	d.l->maps.items[outer->map].inner = (s32)d.map;
	return read_def(&d, outer->values);
}

static int finish(struct def *d)
{
	const struct btf_blob *btf = d->l->btf;
	struct map_attr *a = attr(d);
	u32 kind = d->values ? type_kind(btf_type(btf, d->values)) : 0;
	int ret;

	if (!a->type)
		return def_fail(d, -EINVAL, "it has no type", NULL);
	if (takes_no_btf(a->type))
		a->btf_key = a->btf_value = 0;
	if (a->type == BPF_MAP_TYPE_RINGBUF ||
	    a->type == BPF_MAP_TYPE_USER_RINGBUF)
		a->max_entries = ring_bytes(a->max_entries);
	if (!d->values)
		return 0;
	if (!(is_map_of_maps(a->type) && kind == BTF_KIND_STRUCT) &&
	    !(a->type == BPF_MAP_TYPE_PROG_ARRAY &&
	      kind == BTF_KIND_FUNC_PROTO))
		return def_fail(d, -EINVAL,
				"values of this type are neither "
				"maps nor programs",
				NULL);
	ret = set_size(d, "values", &d->value_known, &a->value_size, 4);
	if (ret || kind == BTF_KIND_FUNC_PROTO)
		return ret;
	return read_inner(d);
}

static int read_def(struct def *d, u32 type)
{
	const struct btf_blob *btf = d->l->btf;
	u32 id = btf_skip(btf, type);
	const struct btf_type *t = btf_type(btf, id);

	d->key_known = d->value_known = NONE;
	if (!t || type_kind(t) != BTF_KIND_STRUCT)
		return def_fail(d, -EINVAL, "it is no struct", NULL);
	for (u32 i = 0; i < type_vlen(t); i++) {
		int ret = read_member(d, t, i);

		if (ret)
			return ret;
	}
	return finish(d);
}

static int read_map(struct load *l, const struct section *s,
		    const struct btf_var_secinfo *info)
{
	const struct btf_type *var = btf_type(l->btf, info->type);
	struct map_place *place;
	struct def d = {
		.l = l,
		.s = s,
		.offset = info->offset,
		.name = btf_name(l->btf, info->type),
		.map = l->maps.len,
	};
	int ret;

	if (!var || type_kind(var) != BTF_KIND_VAR)
		return section_fail(l, s, info->offset, -EINVAL,
				    "a map that is no variable");
	if (info->offset > s->size || info->size > s->size - info->offset)
		return def_fail(&d, -EINVAL, "it is not inside the section",
				NULL);
	if (!map_add(l, d.name, &place))
		return l->err->code;
	place->section = s->index;
	place->offset = info->offset;
	place->size = info->size;
	ret = read_def(&d, var->type);
	l->places.items[d.map].values = d.values_at;
	return ret;
}

int maps_btf_read(struct load *l)
{
	const struct section *s = section_find(l, ".maps");
	const struct btf_type *t;
	u32 id;
	int ret = 0;

	if (!s || !s->size)
		return 0;
	id = btf_datasec(l, ".maps");
	if (!id) {
		section_fail(l, s, 0, -EINVAL,
			     "maps without types: the object "
			     "has no BTF of them");
		err_hint(l->err, "compile it with -g");
		return -EINVAL;
	}
	t = btf_type(l->btf, id);
	for (u32 i = 0; i < type_vlen(t) && !ret; i++)
		ret = read_map(l, s, &type_vars(t)[i]);
	return ret;
}
