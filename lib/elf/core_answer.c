/* SPDX-License-Identifier: BSD-3-Clause */
/* core_answer.c - the number that a relocation asks for */
#include "elf/core.h"

#include <errno.h>

#define NO_ANSWER 1

/* The element of an array of arrays. */
static u32 innermost(const struct btf_blob *btf, u32 type)
{
	u32 id = btf_skip(btf, type);
	const struct btf_type *t = btf_type(btf, id);

	while (t && type_kind(t) == BTF_KIND_ARRAY) {
		id = btf_skip(btf, type_array(t)->type);
		t = btf_type(btf, id);
	}
	return id;
}

static int set_size(const struct btf_blob *btf, u32 type, u64 *size)
{
	s64 bytes = btf_size(btf, type);

	if (bytes < 0)
		return -EINVAL;
	*size = (u64)bytes;
	return 0;
}

static int element_answer(u32 kind, const struct core_spec *s, u32 type,
			  struct core_answer *out)
{
	out->exact = true;
	if (kind == BPF_CORE_FIELD_BYTE_SIZE)
		return set_size(s->btf, type, &out->value);
	if (kind != BPF_CORE_FIELD_BYTE_OFFSET)
		return -EINVAL;
	out->value = s->bit_offset / 8;
	out->type = innermost(s->btf, type);
	return set_size(s->btf, out->type, &out->size);
}

struct field {
	u64 bit_offset;
	u64 byte_offset; /* of the word to load */
	u64 bytes;
	u64 bits;
	bool bitfield;
};

/* The smallest aligned word that holds the bit field. */
static int find_word(struct field *f, u64 bytes)
{
	if (!bytes || bytes > 8 || (bytes & (bytes - 1)))
		return -EINVAL;
	f->bytes = bytes;
	f->byte_offset = f->bit_offset / 8 / bytes * bytes;
	while (f->bit_offset + f->bits - f->byte_offset * 8 > f->bytes * 8) {
		if (f->bytes >= 8)
			return -E2BIG;
		f->bytes *= 2;
		f->byte_offset = f->bit_offset / 8 / f->bytes * f->bytes;
	}
	return 0;
}

static int find_field(const struct core_spec *s, const struct core_step *step,
		      u32 type, struct field *f)
{
	const struct btf_type *in = btf_type(s->btf, step->type);
	const struct btf_type *t = btf_type(s->btf, type);
	int ret;

	if (!t)
		return -EINVAL;
	*f = (struct field){ .bit_offset = s->bit_offset };
	f->bits = type_member_bits(in, step->idx);
	f->bitfield = f->bits != 0;
	if (f->bitfield)
		return find_word(f, t->size);
	ret = set_size(s->btf, type, &f->bytes);
	f->byte_offset = s->bit_offset / 8;
	f->bits = f->bytes * 8;
	return ret;
}

static bool is_signed(const struct btf_type *t)
{
	return (type_is_enum(t) && type_kflag(t)) ||
	       (type_kind(t) == BTF_KIND_INT &&
		(BTF_INT_ENCODING(type_int(t)) & BTF_INT_SIGNED));
}

static int member_answer(u32 kind, const struct core_spec *s,
			 const struct core_step *step, struct core_answer *out)
{
	const struct btf_type *in = btf_type(s->btf, step->type);
	u32 type = btf_skip(s->btf, type_members(in)[step->idx].type);
	struct field f;
	int ret = find_field(s, step, type, &f);

	if (ret)
		return ret;
	/* what the compiler took for a bit field's word is its choice */
	out->exact = !f.bitfield;
	switch (kind) {
	case BPF_CORE_FIELD_BYTE_OFFSET:
		out->value = f.byte_offset;
		if (f.bitfield)
			return 0;
		out->type = innermost(s->btf, type);
		return set_size(s->btf, out->type, &out->size);
	case BPF_CORE_FIELD_BYTE_SIZE: out->value = f.bytes; return 0;
	case BPF_CORE_FIELD_SIGNED:
		out->value = is_signed(btf_type(s->btf, type));
		out->exact = true;
		return 0;
	case BPF_CORE_FIELD_LSHIFT_U64:
		out->value = 64 - (f.bit_offset + f.bits - f.byte_offset * 8);
		return 0;
	case BPF_CORE_FIELD_RSHIFT_U64:
		out->value = 64 - f.bits;
		out->exact = true;
		return 0;
	default: return -EOPNOTSUPP;
	}
}

static int field_answer(u32 kind, const struct core_spec *s,
			struct core_answer *out)
{
	const struct core_step *step;

	if (kind == BPF_CORE_FIELD_EXISTS) {
		out->value = s != NULL;
		return 0;
	}
	if (!s)
		return NO_ANSWER;
	step = &s->steps[s->len - 1];
	return step->name ? member_answer(kind, s, step, out)
			  : element_answer(kind, s, step->type, out);
}

static u64 enum_value(const struct btf_blob *btf, const struct core_step *step)
{
	const struct btf_type *t = btf_type(btf, step->type);
	const struct btf_enum64 *wide;

	if (type_kind(t) == BTF_KIND_ENUM)
		return (u64)(s64)((const struct btf_enum *)(t + 1))[step->idx]
			.val;
	wide = &((const struct btf_enum64 *)(t + 1))[step->idx];
	return (u64)wide->val_hi32 << 32 | wide->val_lo32;
}

int core_answer(u32 kind, const struct core_spec *s, struct core_answer *out)
{
	*out = (struct core_answer){ .exact = true };
	if (core_kind_is_field(kind))
		return field_answer(kind, s, out);
	switch (kind) {
	case BPF_CORE_TYPE_ID_LOCAL:
	case BPF_CORE_TYPE_ID_TARGET:
		/* numbers change when objects are linked */
		out->exact = false;
		out->value = s ? s->root : 0;
		return 0;
	case BPF_CORE_TYPE_EXISTS:
	case BPF_CORE_TYPE_MATCHES:
	case BPF_CORE_ENUMVAL_EXISTS: out->value = s != NULL; return 0;
	case BPF_CORE_TYPE_SIZE:
		return s ? set_size(s->btf, s->root, &out->value) : 0;
	case BPF_CORE_ENUMVAL_VALUE:
		if (!s)
			return NO_ANSWER;
		out->value = enum_value(s->btf, &s->steps[0]);
		return 0;
	default: return -EOPNOTSUPP;
	}
}
