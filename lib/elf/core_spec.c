/* SPDX-License-Identifier: BSD-3-Clause */
/* core_spec.c - a path into a type, and the same path in another */
#include "elf/core.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* No field of the target lies further inside. */
#define BIT_OFFSET_MAX (1ull << 34)

const char *core_enum_name(const struct btf_blob *btf, u32 type, u32 idx)
{
	const struct btf_type *t = btf_type(btf, type);
	u32 name;

	if (type_kind(t) == BTF_KIND_ENUM64)
		name = ((const struct btf_enum64 *)(t + 1))[idx].name_off;
	else
		name = ((const struct btf_enum *)(t + 1))[idx].name_off;
	return btf_string(btf, name);
}

/* "0:1:2" to numbers. */
static int parse_path(const char *path, u32 *raw, u32 *len)
{
	for (*len = 0; *path;) {
		char *end;
		unsigned long v;

		if (*len == CORE_PATH_MAX || *path < '0' || *path > '9')
			return -EINVAL;
		errno = 0;
		v = strtoul(path, &end, 10);
		if (errno || v > UINT32_MAX || (*end && *end != ':') ||
		    (*end == ':' && !end[1]))
			return -EINVAL;
		raw[(*len)++] = (u32)v;
		path = *end ? end + 1 : end;
	}
	return *len ? 0 : -EINVAL;
}

/* The element of an array, n elements from the first. */
static int move_to_element(struct core_spec *s, u32 type, u32 n)
{
	s64 size = btf_size(s->btf, type);
	u64 bits;

	if (size < 0 || __builtin_mul_overflow((u64)size, n, &bits) ||
	    bits > BIT_OFFSET_MAX / 8)
		return -EINVAL;
	s->bit_offset += bits * 8;
	return s->bit_offset > BIT_OFFSET_MAX ? -EINVAL : 0;
}

static int add_step(struct core_spec *s, u32 type, u32 idx, const char *name)
{
	if (s->len == CORE_PATH_MAX)
		return -E2BIG;
	s->steps[s->len++] = (struct core_step){ type, idx, name };
	return 0;
}

/* The last member of a struct, an array without a size: any index is good. */
static bool is_open_array(const struct core_spec *s, const struct core_step *in,
			  const struct btf_array *a)
{
	if (!in->name || a->nelems)
		return false;
	return in->idx + 1 == type_vlen(btf_type(s->btf, in->type));
}

static int parse_member(struct core_spec *s, u32 *id, u32 idx)
{
	const struct btf_type *t = btf_type(s->btf, *id);
	const struct btf_member *m = type_members(t) + idx;
	u32 type = *id;

	if (idx >= type_vlen(t))
		return -EINVAL;
	s->bit_offset += type_member_bit_offset(t, idx);
	*id = m->type;
	if (!m->name_off)
		return 0;
	return add_step(s, type, idx, btf_string(s->btf, m->name_off));
}

static int parse_element(struct core_spec *s, u32 *id, u32 idx)
{
	const struct btf_array *a = type_array(btf_type(s->btf, *id));
	int ret;

	*id = btf_skip(s->btf, a->type);
	if (idx >= a->nelems && !is_open_array(s, &s->steps[s->len - 1], a))
		return -EINVAL;
	ret = add_step(s, *id, idx, NULL);
	return ret ? ret : move_to_element(s, *id, idx);
}

static int parse_fields(struct core_spec *s, u32 id, const u32 *raw)
{
	int ret = move_to_element(s, id, raw[0]);

	for (u32 i = 1; i < s->raw_len && !ret; i++) {
		const struct btf_type *t;

		id = btf_skip(s->btf, id);
		t = btf_type(s->btf, id);
		if (t && type_is_composite(t))
			ret = parse_member(s, &id, raw[i]);
		else if (t && type_kind(t) == BTF_KIND_ARRAY)
			ret = parse_element(s, &id, raw[i]);
		else
			ret = -EINVAL;
	}
	return ret;
}

int core_spec_parse(const struct btf_blob *btf, u32 type, const char *path,
		    u32 kind, struct core_spec *out)
{
	u32 raw[CORE_PATH_MAX], id = btf_skip(btf, type);
	const struct btf_type *t = btf_type(btf, id);
	int ret;

	*out = (struct core_spec){ .btf = btf, .kind = kind, .root = type };
	ret = parse_path(path, raw, &out->raw_len);
	if (ret)
		return ret;
	if (!core_kind_is_field(kind) && !core_kind_is_enum(kind))
		return out->raw_len == 1 && !raw[0] ? 0 : -EINVAL;
	if (!t)
		return -EINVAL;
	if (core_kind_is_enum(kind)) {
		if (!type_is_enum(t) || out->raw_len != 1 ||
		    raw[0] >= type_vlen(t))
			return -EINVAL;
		return add_step(out, id, raw[0],
				core_enum_name(btf, id, raw[0]));
	}
	ret = add_step(out, id, raw[0], NULL);
	return ret ? ret : parse_fields(out, id, raw);
}

static int match_enum(struct core *c, const struct core_spec *local,
		      struct core_spec *out)
{
	u32 id = btf_skip(c->target, out->root);
	const struct btf_type *t = btf_type(c->target, id);

	if (!t || !type_is_enum(t))
		return 0;
	for (u32 i = 0; i < type_vlen(t); i++) {
		const char *name = core_enum_name(c->target, id, i);

		if (!core_spend(c))
			return -E2BIG;
		if (core_names_match(local->steps[0].name, name)) {
			out->raw_len = 1;
			return add_step(out, id, i, name) ? -E2BIG : 1;
		}
	}
	return 0;
}

/* The member of this name, in nameless members too; *id becomes its type. */
static int match_member(struct core *c, const struct core_step *step,
			struct core_spec *out, u32 type, u32 *id)
{
	const struct btf_type *lt = btf_type(c->local, step->type), *t;
	u32 outer = btf_skip(c->target, type);
	int ret;

	t = btf_type(c->target, outer);
	if (!t || !type_is_composite(t))
		return 0;
	for (u32 i = 0; i < type_vlen(t); i++) {
		const struct btf_member *m = &type_members(t)[i];
		const char *name = btf_string(c->target, m->name_off);

		if (out->raw_len == CORE_PATH_MAX || !core_spend(c))
			return -E2BIG;
		out->bit_offset += type_member_bit_offset(t, i);
		out->raw_len++;
		if (!name[0]) {
			ret = match_member(c, step, out, m->type, id);
			if (ret)
				return ret;
		} else if (strcmp(step->name, name) == 0) {
			ret = add_step(out, outer, i, name);
			if (ret)
				return ret;
			*id = m->type;
			return core_fields_compatible(
				c, type_members(lt)[step->idx].type, m->type);
		}
		out->bit_offset -= type_member_bit_offset(t, i);
		out->raw_len--;
	}
	return 0;
}

static int match_element(struct core_spec *out, u32 *id, u32 idx)
{
	const struct btf_type *t = btf_type(out->btf, btf_skip(out->btf, *id));
	const struct btf_array *a;

	if (!t || type_kind(t) != BTF_KIND_ARRAY)
		return 0;
	a = type_array(t);
	if (idx >= a->nelems &&
	    !is_open_array(out, &out->steps[out->len - 1], a))
		return 0;
	*id = btf_skip(out->btf, a->type);
	return 1;
}

static int match_fields(struct core *c, const struct core_spec *local,
			struct core_spec *out)
{
	u32 id = btf_skip(c->target, out->root);

	for (u32 i = 0; i < local->len; i++) {
		const struct core_step *step = &local->steps[i];
		int ret = 1;

		if (step->name) {
			ret = match_member(c, step, out, id, &id);
			if (ret <= 0)
				return ret;
			continue;
		}
		/* the first step is into an array of the root */
		if (i)
			ret = match_element(out, &id, step->idx);
		if (ret <= 0)
			return ret;
		if (out->raw_len++ == CORE_PATH_MAX ||
		    add_step(out, id, step->idx, NULL))
			return -E2BIG;
		ret = move_to_element(out, id, step->idx);
		if (ret)
			return ret;
	}
	return 1;
}

int core_spec_match(struct core *c, const struct core_spec *local, u32 target,
		    struct core_spec *out)
{
	*out = (struct core_spec){ .btf = c->target,
				   .kind = local->kind,
				   .root = target };
	if (local->kind == BPF_CORE_TYPE_MATCHES)
		return core_types_match(c, local->root, target);
	if (core_kind_is_enum(local->kind))
		return match_enum(c, local, out);
	if (core_kind_is_field(local->kind))
		return match_fields(c, local, out);
	return core_types_compatible(c, local->root, target);
}
