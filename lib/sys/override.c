/* SPDX-License-Identifier: BSD-3-Clause */
/* override.c - what a user wants of a map other than the object says */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sys/sys_priv.h"

static const char *const fields[] = {
	"max_entries", "key_size",  "value_size",
	"map_flags",   "numa_node", "pinning",
};

static const char *find_field(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (strcmp(fields[i], name) == 0)
			return fields[i];
	}
	return NULL;
}

static int parse_number(const char *text, u64 *value, struct err *err)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	if (!isdigit((unsigned char)*text) || *end) {
		err_fail(err, -EINVAL, "'%.64s' is no number", text);
		return err_hint(err, "decimal, or 0x and hexadecimal");
	}
	if (errno || *value > UINT32_MAX)
		return err_fail(err, -EINVAL, "%.64s does not fit in 32 bits",
				text);
	return 0;
}

/* A map's name may have dots itself: the last one counts. */
int sys_override_parse(char *text, struct sys_override *out, struct err *err)
{
	char *equals = strchr(text, '='), *dot;
	const char *field;
	int res;

	if (equals)
		*equals = '\0';
	dot = strrchr(text, '.');
	if (!equals || !dot || dot == text) {
		err_fail(err, -EINVAL, "'%.64s' overrides nothing", text);
		return err_hint(err, "MAP.max_entries=N");
	}
	*dot = '\0';
	field = find_field(dot + 1);
	if (!field) {
		err_fail(err, -EINVAL, "maps have no '%.64s' to override",
			 dot + 1);
		return err_hint(err, "max_entries, key_size, value_size, "
				     "map_flags, numa_node or pinning");
	}
	res = parse_number(equals + 1, &out->value, err);
	if (res)
		return err_place(err, "%.64s.%s", text, field);
	if (strcmp(field, "pinning") == 0 && out->value > 1)
		return err_fail(err, -EINVAL,
				"pinning is 0 (none) or 1 (by name)");
	out->map = text;
	out->field = field;
	return 0;
}

static void apply(const struct sys_override *o, struct map_attr *attr,
		  bool *pin_by_name)
{
	const struct {
		const char *field;
		u32 *to;
	} numbers[] = {
		{ "max_entries", &attr->max_entries },
		{ "key_size", &attr->key_size },
		{ "value_size", &attr->value_size },
		{ "map_flags", &attr->flags },
		{ "numa_node", &attr->numa_node },
	};

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		if (strcmp(o->field, numbers[i].field) == 0)
			*numbers[i].to = (u32)o->value;
	}
	if (strcmp(o->field, "numa_node") == 0)
		attr->flags |= BPF_F_NUMA_NODE;
	if (strcmp(o->field, "pinning") == 0)
		*pin_by_name = o->value != 0;
}

/* Families whose entries no BTF describes. */
static bool is_untyped(u32 type)
{
	static const u32 untyped[] = {
		BPF_MAP_TYPE_PERF_EVENT_ARRAY, BPF_MAP_TYPE_CGROUP_ARRAY,
		BPF_MAP_TYPE_STACK_TRACE,      BPF_MAP_TYPE_ARRAY_OF_MAPS,
		BPF_MAP_TYPE_HASH_OF_MAPS,     BPF_MAP_TYPE_DEVMAP,
		BPF_MAP_TYPE_DEVMAP_HASH,      BPF_MAP_TYPE_CPUMAP,
		BPF_MAP_TYPE_XSKMAP,	       BPF_MAP_TYPE_SOCKMAP,
		BPF_MAP_TYPE_SOCKHASH,
	};

	for (size_t i = 0; i < ARRAY_LEN(untyped); i++) {
		if (untyped[i] == type)
			return true;
	}
	return false;
}

static bool types_apply(const struct map_attr *attr, u32 key_size,
			u32 value_size)
{
	return attr->btf_value && attr->key_size == key_size &&
	       attr->value_size == value_size && !is_untyped(attr->type);
}

int load_attr(const struct load *l, const struct elf_map *em,
	      struct map_attr *attr, bool *pin_by_name)
{
	const struct sys_load_opts *opts = l->opts;
	u32 key_size = em->attr.key_size, value_size = em->attr.value_size;

	*attr = em->attr;
	*pin_by_name = em->pin_by_name;
	for (u32 i = 0; i < opts->override_cnt; i++) {
		if (strcmp(opts->overrides[i].map, em->name) == 0)
			apply(&opts->overrides[i], attr, pin_by_name);
	}
	if (em->contents && attr->value_size != value_size)
		return err_fail(l->err, -EINVAL,
				"%s has %u bytes of contents, not %u", em->name,
				value_size, attr->value_size);
	/* Types describe what the object says. */
	if (types_apply(attr, key_size, value_size))
		attr->btf = l->obj->btf;
	else
		attr->btf_key = attr->btf_value = 0;
	memset(attr->name, 0, sizeof(attr->name));
	memcpy(attr->name, em->name, strnlen(em->name, sizeof(attr->name) - 1));
	return 0;
}
