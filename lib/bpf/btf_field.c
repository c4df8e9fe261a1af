/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * btf_field.c - fields of a value that are not the program's to touch: locks,
 * timers, list heads and the like
 *
 * They are known by the name and size of their type.  Pointers into the kernel
 * (type tag kptr) mean nothing here and are not looked for.
 */
#include <errno.h>
#include <string.h>

#include "bpf/btf_blob.h"

static const struct {
	const char *name;
	u32 size;
	u32 align;
	bool unique; /* one in a value */
	bool root;   /* of a list or tree: its tag names what it contains */
} kinds[BTF_FIELD_KINDS] = {
	[BTF_FIELD_SPIN_LOCK] = { "bpf_spin_lock", 4, 4, true },
	[BTF_FIELD_RES_SPIN_LOCK] = { "bpf_res_spin_lock", 4, 4, true },
	[BTF_FIELD_TIMER] = { "bpf_timer", 16, 8, true },
	[BTF_FIELD_WORKQUEUE] = { "bpf_wq", 16, 8, true },
	[BTF_FIELD_LIST_HEAD] = { "bpf_list_head", 16, 8, false, true },
	[BTF_FIELD_LIST_NODE] = { "bpf_list_node", 24, 8 },
	[BTF_FIELD_RB_ROOT] = { "bpf_rb_root", 16, 8, false, true },
	[BTF_FIELD_RB_NODE] = { "bpf_rb_node", 32, 8 },
	[BTF_FIELD_REFCOUNT] = { "bpf_refcount", 4, 4 },
};

u32 btf_field_size(enum btf_field_kind kind)
{
	return kinds[kind].size;
}

const char *btf_field_name(enum btf_field_kind kind)
{
	return kinds[kind].name;
}

/* What a struct of the program may hold besides its data. */
static const u8 of_objects[] = {
	BTF_FIELD_SPIN_LOCK, BTF_FIELD_LIST_HEAD, BTF_FIELD_LIST_NODE,
	BTF_FIELD_RB_ROOT,   BTF_FIELD_RB_NODE,	  BTF_FIELD_REFCOUNT,
};

#define ROOTS (1u << BTF_FIELD_LIST_HEAD | 1u << BTF_FIELD_RB_ROOT)
#define NODES (1u << BTF_FIELD_LIST_NODE | 1u << BTF_FIELD_RB_NODE)
#define OBJECT_MASK                                                          \
	(1u << BTF_FIELD_SPIN_LOCK | 1u << BTF_FIELD_RES_SPIN_LOCK | ROOTS | \
	 NODES | 1u << BTF_FIELD_REFCOUNT)

struct search {
	const struct btf_blob *btf;
	u32 mask;
	struct btf_field *out;
	u32 cnt;
	u32 depth;
};

/* Where a field was found: a member of whole, or a variable. */
struct spot {
	u32 whole; /* type id */
	u32 member;
	u32 type;
	u32 offset;
	u32 size; /* 0: not known */
};

static int find_in_struct(struct search *s, u32 id, u32 offset);

/* The kind a name stands for, or -1. */
static int kind_of(const struct search *s, const struct btf_type *t)
{
	const char *name = btf_string(s->btf, t->name_off);

	for (int k = 0; k < BTF_FIELD_KINDS; k++) {
		if (s->mask >> k & 1 && strcmp(kinds[k].name, name) == 0)
			return k;
	}
	return -1;
}

/* The value of the declaration tag "contains:STRUCT:MEMBER", from STRUCT on. */
static const char *contains(const struct btf_blob *btf, u32 whole, u32 member)
{
	static const char prefix[] = "contains:";
	const char *found = NULL;

	for (u32 id = 1; id < btf->type_cnt; id++) {
		const struct btf_type *t = btf->types[id];
		const struct btf_decl_tag *tag = (const void *)(t + 1);
		const char *value;

		if (!btf_is(t, BTF_BIT(DECL_TAG)) || t->type != whole ||
		    tag->component_idx != (s32)member)
			continue;
		value = btf_string(btf, t->name_off);
		if (strncmp(value, prefix, strlen(prefix)) != 0)
			continue;
		if (found)
			return NULL;
		found = value + strlen(prefix);
	}
	return found;
}

/* What a root contains: a struct, by name, and in it a node. */
static int find_content(const struct search *s, const struct spot *at,
			struct btf_field *f)
{
	const char *tag = contains(s->btf, at->whole, at->member);
	const char *colon = tag ? strchr(tag, ':') : NULL;

	if (!colon)
		return -EINVAL;
	for (u32 id = 1; id < s->btf->type_cnt; id++) {
		const char *name = btf_name(s->btf, id);

		if (!btf_is(s->btf->types[id], BTF_BIT(STRUCT)) ||
		    strlen(name) != (size_t)(colon - tag) ||
		    strncmp(name, tag, (size_t)(colon - tag)) != 0)
			continue;
		f->content = id;
		f->node = colon + 1;
		return colon[1] ? 0 : -EINVAL;
	}
	return -ENOENT;
}

/* The same fields again for each further item of an array. */
static int repeat(struct search *s, u32 first, u32 nelems, u32 stride)
{
	u32 cnt = s->cnt - first;

	for (u32 i = first; i < s->cnt; i++) {
		if (!kinds[s->out[i].kind].root)
			return -EINVAL;
	}
	if ((u64)cnt * nelems > BTF_FIELDS_MAX - first)
		return -E2BIG;
	for (u32 n = 1; n < nelems; n++) {
		for (u32 i = 0; i < cnt; i++) {
			s->out[s->cnt] = s->out[first + i];
			s->out[s->cnt++].offset += n * stride;
		}
	}
	return 0;
}

static int add(struct search *s, const struct spot *at, u32 kind,
	       const struct btf_type *t, u32 nelems)
{
	struct btf_field f = { .kind = kind, .offset = at->offset };
	u32 first = s->cnt;

	if (at->size && at->size != kinds[kind].size * nelems)
		return 0;
	if (at->offset % kinds[kind].align)
		return 0;
	if (!btf_is(t, BTF_BIT(STRUCT)) || t->size != kinds[kind].size)
		return 0;
	if (kinds[kind].root) {
		int res = find_content(s, at, &f);

		if (res)
			return res;
	}
	if (s->cnt == BTF_FIELDS_MAX)
		return -E2BIG;
	s->out[s->cnt++] = f;
	return nelems > 1 ? repeat(s, first, nelems, kinds[kind].size) : 0;
}

static int find_one(struct search *s, const struct spot *at, u32 *seen)
{
	const struct btf_type *t = btf_type(s->btf, at->type);
	u32 nelems = 1, id = at->type, depth, first = s->cnt;
	int kind, res;

	for (depth = 0; depth < BTF_DEPTH_MAX && btf_is(t, BTF_BIT(ARRAY));
	     depth++) {
		nelems *= btf_array(t)->nelems;
		id = btf_array(t)->type;
		t = btf_type(s->btf, id);
	}
	if (depth == BTF_DEPTH_MAX)
		return -E2BIG;
	if (!nelems)
		return 0;
	kind = kind_of(s, t);
	if (kind >= 0) {
		if (kinds[kind].unique && *seen >> kind & 1)
			return -E2BIG;
		*seen |= 1u << kind;
		return add(s, at, (u32)kind, t, nelems);
	}
	if (!btf_is(t, BTF_BIT(STRUCT)) ||
	    (at->size && at->size != t->size * nelems))
		return 0;
	res = find_in_struct(s, id, at->offset);
	if (res || nelems == 1 || s->cnt == first)
		return res;
	return repeat(s, first, nelems, t->size);
}

static int find_in_struct(struct search *s, u32 id, u32 offset)
{
	const struct btf_type *t = btf_type(s->btf, id);
	const struct btf_member *m = btf_members(t);
	u32 seen = 0;
	int res = 0;

	if (s->depth == BTF_DEPTH_MAX)
		return -E2BIG;
	s->depth++;
	for (u32 i = 0; !res && i < btf_vlen(t); i++) {
		u32 bits = btf_bit_offset(t, &m[i]);
		const struct spot at = { .whole = id,
					 .member = i,
					 .type = m[i].type,
					 .offset = offset + bits / 8 };

		if (bits % 8)
			return -EINVAL;
		res = find_one(s, &at, &seen);
	}
	s->depth--;
	return res;
}

static int find_in_section(struct search *s, u32 id)
{
	const struct btf_type *t = btf_type(s->btf, id);
	const struct btf_var_secinfo *v = btf_secinfos(t);
	u32 seen = 0;
	int res = 0;

	for (u32 i = 0; !res && i < btf_vlen(t); i++) {
		const struct spot at = {
			.whole = v[i].type,
			.member = UINT32_MAX, /* the variable itself */
			.type = btf_type(s->btf, v[i].type)->type,
			.offset = v[i].offset,
			.size = v[i].size,
		};

		res = find_one(s, &at, &seen);
	}
	return res;
}

/* The node that the root's tag names is in the struct that it names. */
static int check_node(const struct btf_blob *btf, const struct btf_field *f)
{
	const struct btf_type *t = btf_type(btf, f->content);
	u32 node = f->kind == BTF_FIELD_RB_ROOT ? BTF_FIELD_RB_NODE
						: BTF_FIELD_LIST_NODE;
	const struct btf_member *m = btf_members(t);
	bool found = false;

	for (u32 i = 0; i < btf_vlen(t); i++) {
		u32 bits = btf_bit_offset(t, &m[i]);

		if (strcmp(btf_string(btf, m[i].name_off), f->node) != 0)
			continue;
		if (found ||
		    !btf_is(btf_type(btf, m[i].type), BTF_BIT(STRUCT)) ||
		    strcmp(btf_name(btf, m[i].type), kinds[node].name) != 0 ||
		    bits % (8 * kinds[node].align))
			return -EINVAL;
		found = true;
	}
	return found ? 0 : -ENOENT;
}

/* What a value may hold besides what. */
static int check_company(u32 have)
{
	bool lock = have >> BTF_FIELD_SPIN_LOCK & 1;
	bool res_lock = have >> BTF_FIELD_RES_SPIN_LOCK & 1;

	if (lock && res_lock)
		return -EINVAL;
	if (have & ROOTS && !lock && !res_lock)
		return -EINVAL;
	/* in a list and a tree at once: somebody has to count */
	if ((have & NODES) == NODES && !(have >> BTF_FIELD_REFCOUNT & 1))
		return -EINVAL;
	return 0;
}

static int check_all(const struct btf_blob *btf, const struct btf_field *f,
		     u32 cnt, u64 size)
{
	u64 next = 0;
	u32 have = 0;

	for (u32 i = 0; i < cnt; i++) {
		u64 end = (u64)f[i].offset + kinds[f[i].kind].size;
		int res = 0;

		if (end > size)
			return -EFAULT;
		if (f[i].offset < next)
			return -EEXIST;
		next = end;
		have |= 1u << f[i].kind;
		if (kinds[f[i].kind].root)
			res = check_node(btf, &f[i]);
		if (res)
			return res;
	}
	return check_company(have);
}

int btf_fields(const struct btf_blob *btf, u32 id, u32 mask,
	       struct btf_field fields[BTF_FIELDS_MAX])
{
	const struct btf_type *t = btf_type(btf, id);
	struct search s = { .btf = btf, .mask = mask, .out = fields };
	int res = 0;

	if (!t)
		return -EINVAL;
	if (btf_is(t, BTF_BIT(STRUCT)))
		res = find_in_struct(&s, id, 0);
	else if (btf_is(t, BTF_BIT(DATASEC)))
		res = find_in_section(&s, id);
	if (!res)
		res = check_all(btf, fields, s.cnt, t->size);
	return res ? res : (int)s.cnt;
}

static bool has_member_of(const struct btf_type *t, const int *ids, u32 cnt)
{
	const struct btf_member *m = btf_members(t);

	for (u32 i = 0; i < btf_vlen(t); i++) {
		for (u32 k = 0; k < cnt; k++) {
			if (ids[k] > 0 && m[i].type == (u32)ids[k])
				return true;
		}
	}
	return false;
}

struct owner {
	const struct btf_blob *btf;
	const int *ids; /* of the special types, in of_objects' order */
};

static bool is_object(const struct owner *o, u32 id)
{
	const struct btf_type *t = btf_type(o->btf, id);

	return btf_is(t, BTF_BIT(STRUCT)) &&
	       has_member_of(t, o->ids, ARRAY_LEN(of_objects));
}

static u32 kinds_in(const struct btf_field *f, int cnt)
{
	u32 have = 0;

	for (int i = 0; i < cnt; i++)
		have |= 1u << f[i].kind;
	return have;
}

/* Nodes that are roots may not contain roots: no ring of owners. */
static int check_owner(const struct owner *o, u32 id)
{
	struct btf_field fields[BTF_FIELDS_MAX], inner[BTF_FIELDS_MAX];
	int cnt = btf_fields(o->btf, id, OBJECT_MASK, fields);
	u32 have;

	if (cnt < 0)
		return cnt;
	have = kinds_in(fields, cnt);
	for (int i = 0; i < cnt; i++) {
		int n;

		if (!kinds[fields[i].kind].root)
			continue;
		if (!is_object(o, fields[i].content))
			return -EFAULT;
		n = btf_fields(o->btf, fields[i].content, OBJECT_MASK, inner);
		if (have & NODES && kinds_in(inner, n) & ROOTS)
			return -ELOOP;
	}
	return 0;
}

/* Each root is looked for among all types: hostile BTF shall not take hours. */
#define ROOT_WORK_MAX (1u << 28)

static int check_objects(struct btf_check *c, const struct owner *o)
{
	struct btf_field fields[BTF_FIELDS_MAX];
	u64 work = 0;

	for (c->id = 1; c->id < c->btf->type_cnt; c->id++) {
		int cnt;

		if (!is_object(o, c->id))
			continue;
		cnt = btf_fields(c->btf, c->id, OBJECT_MASK, fields);
		if (cnt <= 0)
			return btf_fail_type(c, cnt ? cnt : -EFAULT,
					     "Invalid special fields");
		if (kinds_in(fields, cnt) & ROOTS)
			work += c->btf->type_cnt;
		if (work > ROOT_WORK_MAX)
			return btf_fail_type(c, -E2BIG,
					     "too many lists and trees");
	}
	return 0;
}

static int check_owners(struct btf_check *c, const struct owner *o)
{
	for (c->id = 1; c->id < c->btf->type_cnt; c->id++) {
		int res = is_object(o, c->id) ? check_owner(o, c->id) : 0;

		if (res)
			return btf_fail_type(c, res,
					     "Invalid owner of lists or trees");
	}
	return 0;
}

int btf_check_fields(struct btf_check *c)
{
	int ids[ARRAY_LEN(of_objects)], res;
	const struct owner o = { c->btf, ids };
	bool any = false;

	for (size_t i = 0; i < ARRAY_LEN(of_objects); i++) {
		ids[i] = btf_find(c->btf, kinds[of_objects[i]].name,
				  BTF_KIND_STRUCT);
		any = any || ids[i] > 0;
	}
	if (!any)
		return 0;
	res = check_objects(c, &o);
	return res ? res : check_owners(c, &o);
}
