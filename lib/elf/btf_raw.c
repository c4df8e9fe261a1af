/* SPDX-License-Identifier: BSD-3-Clause */
/* btf_raw.c - .BTF taken apart, and put together again */
#include "elf/btf_raw.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Linux's limits. */
#define BTF_BYTES_MAX (16u << 20)
#define BTF_TYPES_MAX 0xfffffu
/* What libbpf's fixes may add. */
#define ROOM 256

/* Bytes after struct btf_type: fixed, and for each of vlen. */
static const struct {
	u8 fixed;
	u8 each;
	bool known;
} kind_size[] = {
	[BTF_KIND_INT] = { 4, 0, true },
	[BTF_KIND_PTR] = { 0, 0, true },
	[BTF_KIND_ARRAY] = { sizeof(struct btf_array), 0, true },
	[BTF_KIND_STRUCT] = { 0, sizeof(struct btf_member), true },
	[BTF_KIND_UNION] = { 0, sizeof(struct btf_member), true },
	[BTF_KIND_ENUM] = { 0, sizeof(struct btf_enum), true },
	[BTF_KIND_FWD] = { 0, 0, true },
	[BTF_KIND_TYPEDEF] = { 0, 0, true },
	[BTF_KIND_VOLATILE] = { 0, 0, true },
	[BTF_KIND_CONST] = { 0, 0, true },
	[BTF_KIND_RESTRICT] = { 0, 0, true },
	[BTF_KIND_FUNC] = { 0, 0, true },
	[BTF_KIND_FUNC_PROTO] = { 0, sizeof(struct btf_param), true },
	[BTF_KIND_VAR] = { sizeof(struct btf_var), 0, true },
	[BTF_KIND_DATASEC] = { 0, sizeof(struct btf_var_secinfo), true },
	[BTF_KIND_FLOAT] = { 0, 0, true },
	[BTF_KIND_DECL_TAG] = { sizeof(struct btf_decl_tag), 0, true },
	[BTF_KIND_TYPE_TAG] = { 0, 0, true },
	[BTF_KIND_ENUM64] = { 0, sizeof(struct btf_enum64), true },
};

struct btf_type *raw_type(const struct btf_raw *raw, u32 id)
{
	if (!id || id >= raw->at.len)
		return NULL;
	return (struct btf_type *)(raw->types + raw->at.items[id]);
}

const char *raw_string(const struct btf_raw *raw, u32 offset)
{
	return offset < raw->strings_len ? raw->strings + offset : "";
}

static int check_header(struct load *l, const struct section *s,
			struct btf_header *h)
{
	u64 types_end, strings_end;

	if (s->size < sizeof(*h))
		return section_fail(l, s, 0, -ENOEXEC,
				    "%llu bytes, the header has %zu",
				    (unsigned long long)s->size, sizeof(*h));
	memcpy(h, s->data, sizeof(*h));
	if (h->magic != BTF_MAGIC)
		return section_fail(l, s, 0, -ENOEXEC,
				    h->magic == __builtin_bswap16(BTF_MAGIC)
					    ? "big-endian BTF"
					    : "no BTF: the magic is wrong");
	if (h->version != BTF_VERSION)
		return section_fail(l, s, 2, -ENOEXEC, "BTF version %u",
				    h->version);
	if (h->hdr_len < sizeof(*h) || h->hdr_len > s->size)
		return section_fail(l, s, 4, -ENOEXEC, "a header of %u bytes",
				    h->hdr_len);
	types_end = (u64)h->hdr_len + h->type_off + h->type_len;
	strings_end = (u64)h->hdr_len + h->str_off + h->str_len;
	if (types_end > s->size || h->type_off % 4)
		return section_fail(l, s, 8, -ENOEXEC,
				    "the types, %u bytes at %u, are not "
				    "aligned or not inside",
				    h->type_len, h->type_off);
	if (strings_end > s->size)
		return section_fail(l, s, 16, -ENOEXEC,
				    "the strings, %u bytes at %u, are not "
				    "inside",
				    h->str_len, h->str_off);
	if (h->type_len > BTF_BYTES_MAX || h->str_len > BTF_BYTES_MAX)
		return section_fail(l, s, 0, -E2BIG, "more than %u bytes",
				    BTF_BYTES_MAX);
	return 0;
}

static int index_types(struct load *l, const struct section *s,
		       const struct btf_header *h, struct btf_raw *raw)
{
	u64 base = (u64)h->hdr_len + h->type_off;

	if (!vec_add(&raw->at))
		return load_nomem(l);
	for (u32 at = 0; at < raw->types_len;) {
		const struct btf_type *t = (void *)(raw->types + at);
		u32 left = raw->types_len - at, kind;
		u64 size;
		u32 *entry;

		if (left < sizeof(*t))
			return section_fail(l, s, base + at, -ENOEXEC,
					    "type %u is cut off", raw->at.len);
		kind = type_kind(t);
		if (kind >= ARRAY_LEN(kind_size) || !kind_size[kind].known)
			return section_fail(l, s, base + at, -ENOEXEC,
					    "type %u is of unknown kind %u",
					    raw->at.len, kind);
		size = sizeof(*t) + kind_size[kind].fixed +
		       (u64)kind_size[kind].each * type_vlen(t);
		if (size > left)
			return section_fail(l, s, base + at, -ENOEXEC,
					    "type %u is cut off", raw->at.len);
		if (raw->at.len > BTF_TYPES_MAX)
			return section_fail(l, s, base + at, -E2BIG,
					    "more than %u types",
					    BTF_TYPES_MAX);
		entry = vec_add(&raw->at);
		if (!entry)
			return load_nomem(l);
		*entry = at;
		at += (u32)size;
	}
	return 0;
}

int btf_raw_read(struct load *l, const struct section *s, struct btf_raw *raw)
{
	struct btf_header h;
	int ret;

	if (!s->data)
		return section_fail(l, s, 0, -ENOEXEC, "it is empty");
	ret = check_header(l, s, &h);
	if (ret)
		return ret;
	raw->types_len = h.type_len;
	raw->types_cap = h.type_len + ROOM;
	raw->strings_len = h.str_len;
	raw->strings_cap = h.str_len + ROOM;
	raw->types = malloc(raw->types_cap);
	raw->strings = malloc(raw->strings_cap);
	if (!raw->types || !raw->strings)
		return load_nomem(l);
	memcpy(raw->types, s->data + h.hdr_len + h.type_off, h.type_len);
	memcpy(raw->strings, s->data + h.hdr_len + h.str_off, h.str_len);
	if (!h.str_len || raw->strings[0] || raw->strings[h.str_len - 1])
		return section_fail(l, s, (u64)h.hdr_len + h.str_off, -ENOEXEC,
				    "the strings do not begin and end with a "
				    "zero byte");
	return index_types(l, s, &h, raw);
}

void btf_raw_free(struct btf_raw *raw)
{
	free(raw->types);
	free(raw->strings);
	vec_free(&raw->at);
}

static u32 add_type(struct btf_raw *raw, const struct btf_type *t, u32 extra)
{
	u32 size = sizeof(*t) + sizeof(extra), *entry;

	if (raw->types_cap - raw->types_len < size)
		return 0;
	entry = vec_add(&raw->at);
	if (!entry)
		return 0;
	*entry = raw->types_len;
	memcpy(raw->types + raw->types_len, t, sizeof(*t));
	memcpy(raw->types + raw->types_len + sizeof(*t), &extra, sizeof(extra));
	raw->types_len += size;
	return raw->at.len - 1;
}

u32 raw_add_int(struct btf_raw *raw, u32 name)
{
	const struct btf_type t = {
		.name_off = name,
		.info = BTF_KIND_INT << 24,
		.size = 4,
	};

	return add_type(raw, &t, 32);
}

u32 raw_add_var(struct btf_raw *raw, u32 name, u32 type)
{
	const struct btf_type t = {
		.name_off = name,
		.info = BTF_KIND_VAR << 24,
		.type = type,
	};

	return add_type(raw, &t, BTF_VAR_GLOBAL_ALLOCATED);
}

u32 raw_add_string(struct btf_raw *raw, const char *s)
{
	u32 size = (u32)strlen(s) + 1, at = raw->strings_len;

	if (raw->strings_cap - at < size)
		return 0;
	memcpy(raw->strings + at, s, size);
	raw->strings_len += size;
	return at;
}

int btf_raw_validate(struct load *l, const struct section *s,
		     const struct btf_raw *raw, struct btf_blob **out)
{
	struct btf_header h = {
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = sizeof(h),
		.type_len = raw->types_len,
		.str_off = raw->types_len,
		.str_len = raw->strings_len,
	};
	u32 size = sizeof(h) + h.type_len + h.str_len;
	u8 *bytes = malloc(size);
	int ret;

	if (!bytes)
		return load_nomem(l);
	memcpy(bytes, &h, sizeof(h));
	memcpy(bytes + sizeof(h), raw->types, h.type_len);
	memcpy(bytes + sizeof(h) + h.type_len, raw->strings, h.str_len);
	ret = btf_parse(bytes, size, l->err, out);
	free(bytes);
	if (ret) {
		const struct err said = *l->err;

		err_fail(l->err, ret, "%s", said.reason);
		err_place(l->err, "%s: section %s: %s", l->path, s->name,
			  said.place);
	}
	return ret;
}
