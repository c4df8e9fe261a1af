/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * btf.c - blobs: header and sections, references, lookup
 *
 * B1  A blob is immutable once btf_parse() returns it, but for its count and,
 *     once, its number.
 * B2  Every id, string offset and trailing record in it is within bounds, and
 *     following references ends.
 */
#include "bpf/btf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/btf_blob.h"
#include "bpf/uapi.h"

struct section {
	u32 off;
	u32 len;
};

static bool comes_first(const struct section *a, const struct section *b)
{
	s32 off = (s32)(a->off - b->off);

	return off ? off < 0 : (s32)(a->len - b->len) < 0;
}

/* Types and strings, in any order, and nothing else. */
static int check_sections(const struct btf_check *c,
			  const struct btf_header *hdr, u32 size)
{
	struct section types = { hdr->type_off, hdr->type_len };
	struct section strings = { hdr->str_off, hdr->str_len };
	bool types_first = comes_first(&types, &strings);
	const struct section *in_order[] = {
		types_first ? &types : &strings,
		types_first ? &strings : &types,
	};
	u32 whole = size - hdr->hdr_len, total = 0;

	for (size_t i = 0; i < ARRAY_LEN(in_order); i++) {
		const struct section *s = in_order[i];

		if (whole < s->off)
			return btf_fail(c, -EINVAL, "Invalid section offset");
		if (total < s->off)
			return btf_fail(c, -EINVAL,
					"Unsupported section found");
		if (total > s->off)
			return btf_fail(c, -EINVAL, "Section overlap found");
		if (whole - total < s->len)
			return btf_fail(c, -EINVAL,
					"Total section length too long");
		total += s->len;
	}
	if (whole != total)
		return btf_fail(c, -EINVAL, "Unsupported section found");
	return 0;
}

static int check_header(const struct btf_check *c, const u8 *data, u32 size,
			struct btf_header *hdr)
{
	memset(hdr, 0, sizeof(*hdr));
	if (size < offsetof(struct btf_header, type_off))
		return btf_fail(c, -EINVAL, "hdr_len not found");
	memcpy(&hdr->hdr_len, data + offsetof(struct btf_header, hdr_len), 4);
	if (size < hdr->hdr_len)
		return btf_fail(c, -EINVAL, "btf_header not found");
	for (u32 i = sizeof(*hdr); i < hdr->hdr_len; i++) {
		if (data[i])
			return btf_fail(c, -E2BIG, "Unsupported btf_header");
	}
	memcpy(hdr, data, MIN(hdr->hdr_len, sizeof(*hdr)));
	if (hdr->magic != BTF_MAGIC)
		return btf_fail(c, -EINVAL, "Invalid magic");
	if (hdr->version != BTF_VERSION)
		return btf_fail(c, -ENOTSUPP, "Unsupported version");
	if (hdr->flags)
		return btf_fail(c, -ENOTSUPP, "Unsupported flags");
	if (size == hdr->hdr_len)
		return btf_fail(c, -EINVAL, "No data");
	return check_sections(c, hdr, size);
}

static int check_strings(struct btf_check *c, const struct btf_header *hdr)
{
	struct btf_blob *btf = c->btf;
	const char *start =
		(const char *)btf->data + hdr->hdr_len + hdr->str_off;
	u32 len = hdr->str_len;

	if (start + len != (const char *)btf->data + btf->size)
		return btf_fail(c, -EINVAL, "String section is not at the end");
	if (!len || len - 1 > BTF_MAX_NAME_OFFSET || start[len - 1] || start[0])
		return btf_fail(c, -EINVAL, "Invalid string section");
	btf->strings = start;
	btf->strings_len = len;
	return 0;
}

/* The strings are at the end, so the types begin right behind the header. */
static int check_contents(struct btf_check *c, const struct btf_header *hdr)
{
	int res = check_strings(c, hdr);

	if (res)
		return res;
	if (!hdr->type_len)
		return btf_fail(c, -EINVAL, "No type found");
	res = btf_check_types(c, c->btf->data + hdr->hdr_len,
			      hdr->type_len);
	if (!res)
		res = btf_resolve_types(c);
	if (!res)
		res = btf_check_chains(c);
	return res ? res : btf_check_fields(c);
}

static void free_blob(struct btf_blob *btf)
{
	free(btf->resolved_sizes);
	free(btf->resolved_ids);
	free(btf->types);
	free(btf->memory);
	free(btf);
}

static struct btf_blob *new_blob(const void *data, u32 size, u32 hdr_len)
{
	struct btf_blob *btf = calloc(1, sizeof(*btf));
	u32 shift = -hdr_len % 4;

	if (!btf)
		return NULL;
	btf->memory = malloc(size + shift);
	if (!btf->memory) {
		free(btf);
		return NULL;
	}
	memcpy(btf->memory + shift, data, size);
	btf->data = btf->memory + shift;
	btf->size = size;
	atomic_init(&btf->refs, 1);
	return btf;
}

int btf_parse(const void *data, u32 size, struct err *err,
	      struct btf_blob **out)
{
	struct btf_check c = { .err = err };
	struct btf_header hdr;
	int res;

	if (size > BTF_SIZE_MAX)
		return btf_fail(&c, -E2BIG, "%u bytes of BTF are too many",
				size);
	res = check_header(&c, data, size, &hdr);
	if (res)
		return res;
	c.btf = new_blob(data, size, hdr.hdr_len);
	if (!c.btf)
		return btf_fail(&c, -ENOMEM, "out of memory");
	res = check_contents(&c, &hdr);
	if (res) {
		free_blob(c.btf);
		return res;
	}
	*out = c.btf;
	return 0;
}

struct btf_blob *btf_get(struct btf_blob *btf)
{
	atomic_fetch_add_explicit(&btf->refs, 1, memory_order_relaxed);
	return btf;
}

struct btf_blob *btf_try_get(struct btf_blob *btf)
{
	u32 refs = atomic_load_explicit(&btf->refs, memory_order_relaxed);

	do {
		if (refs == 0)
			return NULL;
	} while (!atomic_compare_exchange_weak_explicit(&btf->refs, &refs,
							refs + 1,
							memory_order_relaxed,
							memory_order_relaxed));
	return btf;
}

void btf_put(struct btf_blob *btf)
{
	if (!btf || atomic_fetch_sub_explicit(&btf->refs, 1,
					      memory_order_acq_rel) != 1)
		return;
	if (btf->number.gone)
		btf->number.gone(btf, btf->number.gone_arg);
	free_blob(btf);
}

struct btf_number *btf_number(struct btf_blob *btf)
{
	return &btf->number;
}

const void *btf_raw(const struct btf_blob *btf, u32 *size)
{
	*size = btf->size;
	return btf->data;
}

u32 btf_type_count(const struct btf_blob *btf)
{
	return btf->type_cnt - 1;
}

const struct btf_type *btf_type(const struct btf_blob *btf, u32 id)
{
	return id < btf->type_cnt ? btf->types[id] : NULL;
}

const char *btf_string(const struct btf_blob *btf, u32 offset)
{
	return offset < btf->strings_len ? btf->strings + offset : NULL;
}

const char *btf_name(const struct btf_blob *btf, u32 id)
{
	const struct btf_type *t = btf_type(btf, id);

	return t ? btf_string(btf, t->name_off) : "";
}

int btf_find(const struct btf_blob *btf, const char *name, u32 kind)
{
	for (u32 id = 1; id < btf->type_cnt; id++) {
		if (btf_kind(btf->types[id]) == kind &&
		    strcmp(btf_name(btf, id), name) == 0)
			return (int)id;
	}
	return -ENOENT;
}

u32 btf_skip(const struct btf_blob *btf, u32 id)
{
	const struct btf_type *t;

	while ((t = btf_type(btf, id)) && btf_is(t, BTF_MODIFIERS))
		id = t->type;
	return id;
}

const struct btf_type *btf_sized(const struct btf_blob *btf, u32 *id, u32 *size)
{
	const struct btf_type *t = btf_type(btf, *id);

	if (t && btf_is(t, BTF_MODIFIERS | BTF_BIT(VAR))) {
		*id = btf->resolved_ids[*id];
		t = btf_type(btf, *id);
	}
	if (!t)
		return NULL;
	if (btf_is(t, BTF_SIZED))
		*size = t->size;
	else if (btf_is(t, BTF_BIT(ARRAY)))
		*size = btf->resolved_sizes[*id];
	else if (btf_is(t, BTF_BIT(PTR)))
		*size = sizeof(void *);
	else
		return NULL;
	return t;
}

s64 btf_size(const struct btf_blob *btf, u32 id)
{
	u32 size;

	return btf_sized(btf, &id, &size) ? (s64)size : -EINVAL;
}

bool btf_is_char(const struct btf_blob *btf, u32 id)
{
	const struct btf_type *t = btf_type(btf, id);

	while (t && btf_is(t, BTF_MODIFIERS & ~BTF_BIT(TYPEDEF)))
		t = btf_type(btf, t->type);
	return t && btf_is(t, BTF_BIT(INT)) && t->size == 1 &&
	       (BTF_INT_ENCODING(btf_int(t)) == BTF_INT_CHAR ||
		strcmp(btf_string(btf, t->name_off), "char") == 0);
}

static bool is_network_name(const char *name)
{
	return strcmp(name, "__be16") == 0 || strcmp(name, "__be32") == 0 ||
	       strcmp(name, "__be64") == 0;
}

bool btf_is_network(const struct btf_blob *btf, u32 id)
{
	const struct btf_type *t = btf_type(btf, id);
	bool network = false;

	for (; t && btf_is(t, BTF_MODIFIERS); t = btf_type(btf, t->type))
		network |= btf_is(t, BTF_BIT(TYPEDEF)) &&
			   is_network_name(btf_string(btf, t->name_off));
	return network && t && btf_is(t, BTF_BIT(INT)) && btf_int_regular(t) &&
	       t->size >= 2 && t->size <= 8;
}
