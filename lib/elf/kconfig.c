/* SPDX-License-Identifier: BSD-3-Clause */
/* kconfig.c - the map of __kconfig externs, filled from lines NAME=VALUE */
#include "elf/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What Weir answers: as the Linux that it is compared with. */
static const struct {
	const char *name, *value;
} own_config[] = {
	{ "LINUX_KERNEL_VERSION", "397824" }, /* 6.18.0 */
	{ "LINUX_HAS_BPF_COOKIE", "1" },
	{ "LINUX_HAS_SYSCALL_WRAPPER", "1" },
	{ "CONFIG_64BIT", "y" },
	{ "CONFIG_BPF", "y" },
	{ "CONFIG_BPF_SYSCALL", "y" },
	{ "CONFIG_HZ", "250" }, /* of bpf_jiffies64() */
	{ "CONFIG_INET", "y" },
	{ "CONFIG_IPV6", "y" },
	{ "CONFIG_NET", "y" },
	{ "CONFIG_NET_CLS_ACT", "y" },
	{ "CONFIG_NET_CLS_BPF", "y" },
	{ "CONFIG_XDP_SOCKETS", "y" },
};

/* The value of a name in lines of text, up to the line's end, or NULL.  The
 * first line of the name counts. */
static const char *line_value(const char *text, const char *name, size_t *len)
{
	size_t name_len = strlen(name);

	for (const char *line = text; line && *line;) {
		const char *end = strchrnul(line, '\n');

		if (strncmp(line, name, name_len) == 0 &&
		    line[name_len] == '=') {
			*len = (size_t)(end - line) - name_len - 1;
			return line + name_len + 1;
		}
		line = *end ? end + 1 : NULL;
	}
	return NULL;
}

/* What a variable can hold. */
enum holds { NOTHING, BOOL, TRISTATE, CHAR, NUMBER, STRING };

struct kvar {
	const struct ext *ext;
	enum holds holds;
	bool is_signed;
	u32 size; /* of the type */
	char value[256];
	u8 *to;
};

static enum holds int_holds(const struct btf_type *t, bool *is_signed)
{
	u32 encoding = BTF_INT_ENCODING(type_int(t));

	if (encoding & BTF_INT_BOOL)
		return t->size == 1 ? BOOL : NOTHING;
	*is_signed = encoding & BTF_INT_SIGNED;
	if (t->size == 1)
		return CHAR;
	return t->size <= 8 && (t->size & (t->size - 1)) == 0 ? NUMBER
							      : NOTHING;
}

static enum holds type_holds(const struct btf_blob *btf, u32 type,
			     bool *is_signed)
{
	u32 id = btf_skip(btf, type);
	const struct btf_type *t = btf_type(btf, id), *elem;

	if (!t)
		return NOTHING;
	switch (type_kind(t)) {
	case BTF_KIND_INT: return int_holds(t, is_signed);
	case BTF_KIND_ENUM:
		return t->size == 4 && strcmp(btf_name(btf, id),
					      "libbpf_tristate") == 0
			       ? TRISTATE
			       : NOTHING;
	case BTF_KIND_ARRAY:
		id = btf_skip(btf, type_array(t)->type);
		elem = btf_type(btf, id);
		return type_array(t)->nelems && elem &&
				       type_kind(elem) == BTF_KIND_INT &&
				       int_holds(elem, is_signed) == CHAR
			       ? STRING
			       : NOTHING;
	default: return NOTHING;
	}
}

static int kfail(struct load *l, const struct kvar *k, const char *what)
{
	load_fail(l, -EINVAL, "extern '%s' in .kconfig: %s", k->ext->name,
		  what);
	return -EINVAL;
}

static int set_letter(struct load *l, const struct kvar *k)
{
	u32 three = k->value[0] == 'y' ? 1 : k->value[0] == 'm' ? 2 : 0;

	if (k->holds == CHAR) {
		*k->to = (u8)k->value[0];
	} else if (k->holds == TRISTATE) {
		memcpy(k->to, &three, sizeof(three));
	} else if (k->holds == BOOL && three != 2) {
		*k->to = (u8)three;
	} else {
		return kfail(l, k, "y, m or n, which its type does not hold");
	}
	return 0;
}

static int set_string(struct load *l, const struct kvar *k)
{
	size_t len = strlen(k->value);

	if (k->holds != STRING)
		return kfail(l, k, "a string, which its type does not hold");
	if (len < 2 || k->value[len - 1] != '"')
		return kfail(l, k, "a string without its end");
	len = MIN(len - 2, k->size - 1u);
	memcpy(k->to, k->value + 1, len);
	return 0;
}

static int set_number(struct load *l, const struct kvar *k)
{
	u64 v, half;
	bool fits;
	char *end;

	if (k->holds != NUMBER && k->holds != CHAR && k->holds != BOOL)
		return kfail(l, k, "a number, which its type does not hold");
	errno = 0;
	v = strtoull(k->value, &end, 0);
	if (errno || end == k->value || *end)
		return kfail(l, k, "its value is no number");
	half = 1ull << (k->size * 8 - 1);
	if (k->size == 8)
		fits = true;
	else if (k->is_signed)
		fits = v + half < half * 2;
	else
		fits = v < half * 2;
	if (!fits)
		return kfail(l, k, "the number does not fit into its type");
	memcpy(k->to, &v, k->size);
	return 0;
}

static int set_value(struct load *l, const struct kvar *k)
{
	const char *v = k->value;

	if ((v[0] == 'y' || v[0] == 'm' || v[0] == 'n') && !v[1])
		return set_letter(l, k);
	return v[0] == '"' ? set_string(l, k) : set_number(l, k);
}

static const char *find_value(const struct load *l, const char *name,
			      size_t *len)
{
	const char *v = line_value(l->opts->kconfig, name, len);

	/* a caller's configuration is the whole of CONFIG_* */
	if (v || (l->opts->kconfig && strncmp(name, "CONFIG_", 7) == 0))
		return v;
	for (u32 i = 0; i < ARRAY_LEN(own_config); i++) {
		if (strcmp(own_config[i].name, name) == 0) {
			*len = strlen(own_config[i].value);
			return own_config[i].value;
		}
	}
	return NULL;
}

static int fill_var(struct load *l, const struct ext *ext, u8 *contents,
		    u32 size)
{
	const struct btf_type *var = btf_type(l->btf, ext->var);
	struct kvar k = { .ext = ext };
	size_t len = 0;
	const char *v;
	s64 bytes;

	k.holds = type_holds(l->btf, var->type, &k.is_signed);
	bytes = btf_size(l->btf, var->type);
	if (k.holds == NOTHING || bytes <= 0 || ext->offset > size ||
	    bytes > size - ext->offset)
		return kfail(l, &k, "its type can hold no configuration value");
	k.size = (u32)bytes;
	k.to = contents + ext->offset;
	v = find_value(l, ext->name, &len);
	if (!v && ext->weak)
		return 0;
	if (!v) {
		kfail(l, &k, "nothing says its value");
		err_hint(l->err, "give a line %s=VALUE, or declare it __weak",
			 ext->name);
		return -EINVAL;
	}
	if (len >= sizeof(k.value))
		return kfail(l, &k, "its value is longer than 255 characters");
	memcpy(k.value, v, len);
	return set_value(l, &k);
}

/* Where btf_fix.c put the variable. */
static void find_offsets(struct load *l, u32 datasec)
{
	const struct btf_type *t = btf_type(l->btf, datasec);
	struct ext *ext;

	vec_each (ext, &l->exts) {
		for (u32 i = 0; ext->kconfig && i < type_vlen(t); i++) {
			if (type_vars(t)[i].type == ext->var)
				ext->offset = type_vars(t)[i].offset;
		}
	}
}

int kconfig_read(struct load *l)
{
	u32 datasec = btf_datasec(l, ".kconfig"), size;
	struct map_place *place;
	const struct ext *ext;
	struct elf_map *m;
	const char *name;
	u8 *contents;
	int ret;

	if (!datasec)
		return 0;
	find_offsets(l, datasec);
	size = btf_type(l->btf, datasec)->size;
	contents = load_alloc(l, MAX(size, 1u), 1);
	name = data_map_name(l, ".kconfig");
	if (!contents || !name)
		return load_nomem(l);
	vec_each (ext, &l->exts) {
		ret = ext->kconfig ? fill_var(l, ext, contents, size) : 0;
		if (ret)
			return ret;
	}
	m = map_add(l, name, &place);
	if (!m)
		return l->err->code;
	m->attr.type = BPF_MAP_TYPE_ARRAY;
	m->attr.key_size = 4;
	m->attr.value_size = size;
	m->attr.max_entries = 1;
	m->attr.flags = BPF_F_RDONLY_PROG | BPF_F_MMAPABLE;
	m->attr.btf_value = datasec;
	m->is_extern = true;
	m->freeze = true;
	m->contents = contents;
	l->kconfig_map = l->maps.len - 1;
	return 0;
}
