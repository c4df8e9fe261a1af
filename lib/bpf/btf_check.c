/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * btf_check.c - each type by itself
 *
 * The rules, their order and their words are those of Linux's first pass.  A
 * type is known here by its own record alone: what it refers to may follow.
 */
#include <errno.h>
#include <stdlib.h>

#include "bpf/btf_blob.h"
#include "bpf/uapi.h"

#define INFO_BITS 0x9f00ffffu
#define INT_BITS 0x0fffffffu

static int no_vlen(const struct btf_check *c, const struct btf_type *t)
{
	return btf_vlen(t) ? btf_fail_type(c, -EINVAL, "vlen != 0") : 0;
}

static int no_kflag(const struct btf_check *c, const struct btf_type *t)
{
	return btf_kflag(t)
		       ? btf_fail_type(c, -EINVAL, "Invalid btf_info kind_flag")
		       : 0;
}

static int bad_name(const struct btf_check *c)
{
	return btf_fail_type(c, -EINVAL, "Invalid name");
}

static int no_name(const struct btf_check *c, const struct btf_type *t)
{
	return t->name_off ? bad_name(c) : 0;
}

static int an_identifier(const struct btf_check *c, const struct btf_type *t)
{
	return btf_identifier_valid(c->btf, t->name_off) ? 0 : bad_name(c);
}

static int identifier_or_none(const struct btf_check *c,
			      const struct btf_type *t)
{
	return t->name_off ? an_identifier(c, t) : 0;
}

static int check_int(const struct btf_check *c, const struct btf_type *t)
{
	u32 word = btf_int(t), bits, encoding;
	int res = no_vlen(c, t);

	if (!res)
		res = no_kflag(c, t);
	if (res)
		return res;
	if (word & ~INT_BITS)
		return btf_fail_type(c, -EINVAL, "Invalid int_data:%x", word);
	bits = BTF_INT_BITS(word) + BTF_INT_OFFSET(word);
	if (bits > 128)
		return btf_fail_type(c, -EINVAL, "nr_bits exceeds 128");
	if (btf_bytes(bits) > t->size)
		return btf_fail_type(c, -EINVAL, "nr_bits exceeds type_size");
	encoding = BTF_INT_ENCODING(word);
	if (encoding & (encoding - 1) || encoding > BTF_INT_BOOL)
		return btf_fail_type(c, -ENOTSUPP, "Unsupported encoding");
	return 0;
}

static int check_ref(const struct btf_check *c, const struct btf_type *t)
{
	u32 kind = btf_kind(t);
	int res = no_vlen(c, t);

	if (!res && kind != BTF_KIND_TYPE_TAG)
		res = no_kflag(c, t);
	if (res)
		return res;
	if (t->type > BTF_MAX_TYPE)
		return btf_fail_type(c, -EINVAL, "Invalid type_id");
	if (kind == BTF_KIND_TYPEDEF)
		return an_identifier(c, t);
	if (kind == BTF_KIND_TYPE_TAG)
		return *btf_string(c->btf, t->name_off) ? 0 : bad_name(c);
	return no_name(c, t);
}

static int check_array(const struct btf_check *c, const struct btf_type *t)
{
	const struct btf_array *a = btf_array(t);
	int res = no_name(c, t);

	if (!res)
		res = no_vlen(c, t);
	if (!res)
		res = no_kflag(c, t);
	if (res)
		return res;
	if (t->size)
		return btf_fail_type(c, -EINVAL, "size != 0");
	if (!a->type || a->type > BTF_MAX_TYPE)
		return btf_fail_type(c, -EINVAL, "Invalid elem");
	if (!a->index_type || a->index_type > BTF_MAX_TYPE)
		return btf_fail_type(c, -EINVAL, "Invalid index");
	return 0;
}

static int check_member(const struct btf_check *c, const struct btf_type *t,
			const struct btf_member *m, u32 last_offset)
{
	u32 offset = btf_bit_offset(t, m);

	if (!btf_offset_valid(c->btf, m->name_off))
		return btf_fail_member(c, t, m, "Invalid member name_offset:%u",
				       m->name_off);
	if (m->name_off && !btf_identifier_valid(c->btf, m->name_off))
		return btf_fail_member(c, t, m, "Invalid name");
	if (!m->type || m->type > BTF_MAX_TYPE)
		return btf_fail_member(c, t, m, "Invalid type_id");
	if (btf_kind(t) == BTF_KIND_UNION && offset)
		return btf_fail_member(c, t, m, "Invalid member bits_offset");
	/* Equal offsets: the one before may be an empty array. */
	if (last_offset > offset)
		return btf_fail_member(c, t, m, "Invalid member bits_offset");
	if (btf_bytes(offset) > t->size)
		return btf_fail_member(
			c, t, m, "Member bits_offset exceeds its struct size");
	return 0;
}

static int check_struct(const struct btf_check *c, const struct btf_type *t)
{
	const struct btf_member *m = btf_members(t);
	int res = identifier_or_none(c, t);
	u32 last_offset = 0;

	for (u32 i = 0; !res && i < btf_vlen(t); i++) {
		res = check_member(c, t, &m[i], last_offset);
		last_offset = btf_bit_offset(t, &m[i]);
	}
	return res;
}

/* Values of both kinds begin with their name. */
static int check_values(const struct btf_check *c, const struct btf_type *t,
			size_t stride)
{
	const u8 *value = (const u8 *)(t + 1);
	int res;

	if (t->size > 8 || !t->size || (t->size & (t->size - 1)))
		return btf_fail_type(c, -EINVAL, "Unexpected size");
	res = identifier_or_none(c, t);
	for (u32 i = 0; !res && i < btf_vlen(t); i++) {
		u32 name = *(const u32 *)(value + i * stride);

		if (!btf_offset_valid(c->btf, name))
			res = btf_fail_type(c, -EINVAL,
					    "Invalid name_offset:%u", name);
		else if (!btf_identifier_valid(c->btf, name))
			res = bad_name(c);
	}
	return res;
}

static int check_enum(const struct btf_check *c, const struct btf_type *t)
{
	return check_values(c, t, sizeof(struct btf_enum));
}

static int check_enum64(const struct btf_check *c, const struct btf_type *t)
{
	return check_values(c, t, sizeof(struct btf_enum64));
}

static int check_fwd(const struct btf_check *c, const struct btf_type *t)
{
	int res = no_vlen(c, t);

	if (res)
		return res;
	if (t->type)
		return btf_fail_type(c, -EINVAL, "type != 0");
	return an_identifier(c, t);
}

static int check_func(const struct btf_check *c, const struct btf_type *t)
{
	int res = an_identifier(c, t);

	if (res)
		return res;
	if (btf_vlen(t) > BTF_FUNC_GLOBAL)
		return btf_fail_type(c, -EINVAL, "Invalid func linkage");
	return no_kflag(c, t);
}

static int check_func_proto(const struct btf_check *c, const struct btf_type *t)
{
	int res = no_name(c, t);

	return res ? res : no_kflag(c, t);
}

static int check_var(const struct btf_check *c, const struct btf_type *t)
{
	u32 linkage = ((const struct btf_var *)(t + 1))->linkage;
	int res = no_vlen(c, t);

	if (!res)
		res = no_kflag(c, t);
	if (!res)
		res = an_identifier(c, t);
	if (res)
		return res;
	if (!t->type || t->type > BTF_MAX_TYPE)
		return btf_fail_type(c, -EINVAL, "Invalid type_id");
	if (linkage != BTF_VAR_STATIC && linkage != BTF_VAR_GLOBAL_ALLOCATED)
		return btf_fail_type(c, -EINVAL, "Linkage not supported");
	return 0;
}

/* Where the variable ends, or a negative errno. */
static s64 check_secinfo(const struct btf_check *c, const struct btf_type *t,
			 const struct btf_var_secinfo *v, s64 last_end)
{
	if (!v->type || v->type > BTF_MAX_TYPE)
		return btf_fail_type(c, -EINVAL, "Invalid type_id");
	if (v->offset < last_end || v->offset >= t->size)
		return btf_fail_type(c, -EINVAL, "Invalid offset");
	if (!v->size || v->size > t->size)
		return btf_fail_type(c, -EINVAL, "Invalid size");
	/* in 32 bits, as Linux adds them */
	if (v->offset + v->size > t->size)
		return btf_fail_type(c, -EINVAL, "Invalid offset+size");
	return v->offset + v->size;
}

static int check_datasec(const struct btf_check *c, const struct btf_type *t)
{
	const struct btf_var_secinfo *v = btf_secinfos(t);
	s64 last_end = 0;
	u64 sum = 0;
	int res;

	if (!t->size)
		return btf_fail_type(c, -EINVAL, "size == 0");
	res = no_kflag(c, t);
	if (res)
		return res;
	if (!btf_section_valid(c->btf, t->name_off))
		return bad_name(c);
	for (u32 i = 0; i < btf_vlen(t); i++) {
		last_end = check_secinfo(c, t, &v[i], last_end);
		if (last_end < 0)
			return (int)last_end;
		sum += v[i].size;
	}
	if (t->size < sum)
		return btf_fail_type(c, -EINVAL, "Invalid btf_info size");
	return 0;
}

static int check_float(const struct btf_check *c, const struct btf_type *t)
{
	int res = no_vlen(c, t);

	if (!res)
		res = no_kflag(c, t);
	if (res)
		return res;
	if (t->size != 2 && t->size != 4 && t->size != 8 && t->size != 12 &&
	    t->size != 16)
		return btf_fail_type(c, -EINVAL, "Invalid type_size");
	return 0;
}

static int check_decl_tag(const struct btf_check *c, const struct btf_type *t)
{
	int res;

	if (!*btf_string(c->btf, t->name_off))
		return btf_fail_type(c, -EINVAL, "Invalid value");
	res = no_vlen(c, t);
	if (res)
		return res;
	if (((const struct btf_decl_tag *)(t + 1))->component_idx < -1)
		return btf_fail_type(c, -EINVAL, "Invalid component_idx");
	return 0;
}

static const struct {
	u32 extra; /* bytes behind the type */
	u32 each;  /* and for each of vlen */
	int (*check)(const struct btf_check *c, const struct btf_type *t);
} kinds[] = {
	[BTF_KIND_INT] = { 4, 0, check_int },
	[BTF_KIND_PTR] = { 0, 0, check_ref },
	[BTF_KIND_ARRAY] = { sizeof(struct btf_array), 0, check_array },
	[BTF_KIND_STRUCT] = { 0, sizeof(struct btf_member), check_struct },
	[BTF_KIND_UNION] = { 0, sizeof(struct btf_member), check_struct },
	[BTF_KIND_ENUM] = { 0, sizeof(struct btf_enum), check_enum },
	[BTF_KIND_FWD] = { 0, 0, check_fwd },
	[BTF_KIND_TYPEDEF] = { 0, 0, check_ref },
	[BTF_KIND_VOLATILE] = { 0, 0, check_ref },
	[BTF_KIND_CONST] = { 0, 0, check_ref },
	[BTF_KIND_RESTRICT] = { 0, 0, check_ref },
	[BTF_KIND_FUNC] = { 0, 0, check_func },
	[BTF_KIND_FUNC_PROTO] = { 0, sizeof(struct btf_param),
				  check_func_proto },
	[BTF_KIND_VAR] = { sizeof(struct btf_var), 0, check_var },
	[BTF_KIND_DATASEC] = { 0, sizeof(struct btf_var_secinfo),
			       check_datasec },
	[BTF_KIND_FLOAT] = { 0, 0, check_float },
	[BTF_KIND_DECL_TAG] = { sizeof(struct btf_decl_tag), 0,
				check_decl_tag },
	[BTF_KIND_TYPE_TAG] = { 0, 0, check_ref },
	[BTF_KIND_ENUM64] = { 0, sizeof(struct btf_enum64), check_enum64 },
};

/* The bytes that t takes, or a negative errno; t is known to be the last. */
static s64 check_type(const struct btf_check *c, const struct btf_type *t,
		      u32 left)
{
	u32 kind = btf_kind(t), needed;
	int res;

	if (t->info & ~INFO_BITS)
		return btf_fail(c, -EINVAL, "Invalid btf_info:%x", t->info);
	if (kind >= ARRAY_LEN(kinds) || !kinds[kind].check)
		return btf_fail(c, -EINVAL, "Invalid kind:%u", kind);
	if (!btf_offset_valid(c->btf, t->name_off))
		return btf_fail(c, -EINVAL, "Invalid name_offset:%u",
				t->name_off);
	needed = kinds[kind].extra;
	if (kinds[kind].each)
		needed += kinds[kind].each * btf_vlen(t);
	left -= sizeof(*t);
	if (left < needed)
		return btf_fail_type(c, -EINVAL, "meta_left:%u meta_needed:%u",
				     left, needed);
	res = kinds[kind].check(c, t);
	return res ? res : (s64)sizeof(*t) + needed;
}

static const struct btf_type type_void;

/* What is past the greatest id is checked and then forgotten, as Linux does. */
static int add_type(const struct btf_check *c, const struct btf_type *t,
		    u32 *room)
{
	struct btf_blob *btf = c->btf;

	if (btf->type_cnt == BTF_MAX_TYPE)
		return 0;
	if (btf->type_cnt == *room) {
		u32 more = *room ? *room + *room / 2 : 64;
		const struct btf_type **types;

		types = reallocarray(btf->types, more, sizeof(*types));
		if (!types)
			return btf_fail(c, -ENOMEM, "out of memory");
		btf->types = types;
		*room = more;
	}
	btf->types[btf->type_cnt++] = t;
	return 0;
}

int btf_check_types(struct btf_check *c, const u8 *at, u32 len)
{
	u32 room = 0;
	int res = add_type(c, &type_void, &room);

	for (c->id = 1; !res && len > 0; c->id++) {
		const struct btf_type *t = (const struct btf_type *)at;
		s64 taken;

		if (len < sizeof(*t))
			return btf_fail(c, -EINVAL,
					"meta_left:%u meta_needed:%zu", len,
					sizeof(*t));
		res = add_type(c, t, &room);
		if (res)
			break;
		taken = check_type(c, t, len);
		if (taken < 0)
			return (int)taken;
		at += taken;
		len -= (u32)taken;
	}
	return res;
}
