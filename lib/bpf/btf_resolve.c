/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * btf_resolve.c - each type with those it refers to
 *
 * A depth-first walk with a stack of its own, at most BTF_DEPTH_MAX deep, in
 * Linux's order: what is refused, and with which words, depends on it.  What
 * the walk may stop at depends on where it began: a pointer may point at a
 * struct that contains it, a struct may not contain itself.
 */
#include <errno.h>
#include <stdlib.h>

#include "bpf/btf_blob.h"

enum visit { NOT_SEEN, ON_STACK, RESOLVED };

enum mode {
	MODE_ANY, /* to be known with the first pointer, struct or array */
	MODE_POINTER,
	MODE_CONTAINER,
};

struct vertex {
	const struct btf_type *t;
	u32 id;
	u32 next; /* member to go on with */
};

struct walk {
	struct btf_check *c;
	struct btf_blob *btf;
	u8 *visits;
	enum mode mode;
	u32 depth;
	struct vertex stack[BTF_DEPTH_MAX];
};

#define REFERS                                                         \
	(BTF_MODIFIERS | BTF_BIT(PTR) | BTF_STRUCTS | BTF_BIT(ARRAY) | \
	 BTF_BIT(VAR) | BTF_BIT(FUNC) | BTF_BIT(DECL_TAG) | BTF_BIT(DATASEC))

/* A walk in this mode need not go through t. */
static bool is_end(const struct walk *w, const struct btf_type *t)
{
	switch (w->mode) {
	case MODE_POINTER: return !btf_is(t, BTF_MODIFIERS | BTF_BIT(PTR));
	case MODE_CONTAINER:
		return !btf_is(t, BTF_MODIFIERS | BTF_BIT(ARRAY) | BTF_STRUCTS);
	default: return !btf_is(t, REFERS);
	}
}

static bool must_visit(const struct walk *w, const struct btf_type *t, u32 id)
{
	return !is_end(w, t) && w->visits[id] != RESOLVED;
}

static int push(struct walk *w, const struct btf_type *t, u32 id)
{
	if (w->depth == BTF_DEPTH_MAX)
		return -E2BIG;
	if (w->visits[id] != NOT_SEEN)
		return -EEXIST;
	w->visits[id] = ON_STACK;
	w->stack[w->depth++] = (struct vertex){ .t = t, .id = id };
	if (w->mode == MODE_ANY) {
		if (btf_is(t, BTF_BIT(PTR)))
			w->mode = MODE_POINTER;
		else if (btf_is(t, BTF_STRUCTS | BTF_BIT(ARRAY)))
			w->mode = MODE_CONTAINER;
	}
	return 0;
}

static int pop(struct walk *w, u32 resolved_id, u32 resolved_size)
{
	u32 id = w->stack[--w->depth].id;

	w->btf->resolved_ids[id] = resolved_id;
	w->btf->resolved_sizes[id] = resolved_size;
	w->visits[id] = RESOLVED;
	return 0;
}

static struct vertex *top(struct walk *w)
{
	return &w->stack[w->depth - 1];
}

static bool has_size(const struct walk *w, u32 id)
{
	u32 size;

	return btf_sized(w->btf, &id, &size) != NULL;
}

static bool sizeless(const struct btf_type *t)
{
	return !t || btf_is(t, BTF_SIZELESS);
}

/* A modifier that was resolved inside a struct stops at a pointer; who must
 * not be pointed at by what it points at goes on from there. */
static bool pointer_behind(const struct walk *w, const struct btf_type *t,
			   u32 *id)
{
	u32 behind;

	if (!btf_is(t, BTF_MODIFIERS))
		return false;
	behind = w->btf->resolved_ids[*id];
	t = btf_type(w->btf, behind);
	if (!btf_is(t, BTF_BIT(PTR)) || !must_visit(w, t, behind))
		return false;
	*id = behind;
	return true;
}

/* What a modifier or pointer without a size in the end may be. */
static int end_sizeless(struct walk *w, u32 next)
{
	const struct btf_type *t = btf_type(w->btf, next);

	if (!has_size(w, next)) {
		if (w->visits[next] == RESOLVED) {
			next = w->btf->resolved_ids[next];
			t = btf_type(w->btf, next);
		}
		if (!btf_is(t,
			    BTF_BIT(UNKN) | BTF_BIT(FWD) | BTF_BIT(FUNC_PROTO)))
			return btf_fail_type(w->c, -EINVAL, "Invalid type_id");
	} else {
		u32 size;

		btf_sized(w->btf, &next, &size);
	}
	return pop(w, next, 0);
}

static int resolve_ref(struct walk *w, const struct btf_type *t)
{
	const struct btf_type *next = btf_type(w->btf, t->type);
	u32 id = t->type;

	if (!next || btf_is(next, BTF_SOURCES))
		return btf_fail_type(w->c, -EINVAL, "Invalid type_id");
	if (must_visit(w, next, id))
		return push(w, next, id);
	if (btf_is(t, BTF_BIT(PTR)) && pointer_behind(w, next, &id))
		return push(w, btf_type(w->btf, id), id);
	return end_sizeless(w, id);
}

static int resolve_var(struct walk *w, const struct btf_type *t)
{
	const struct btf_type *next = btf_type(w->btf, t->type);
	u32 id = t->type, size;

	if (!next || btf_is(next, BTF_SOURCES))
		return btf_fail_type(w->c, -EINVAL, "Invalid type_id");
	if (must_visit(w, next, id))
		return push(w, next, id);
	if (pointer_behind(w, next, &id))
		return push(w, btf_type(w->btf, id), id);
	if (!btf_sized(w->btf, &id, &size))
		return btf_fail_type(w->c, -EINVAL, "Invalid type_id");
	return pop(w, id, 0);
}

/* 1: visit it first. */
static int resolve_index(struct walk *w, u32 id)
{
	const struct btf_type *t = btf_type(w->btf, id);
	u32 size;

	if (sizeless(t) || btf_is(t, BTF_SOURCES))
		return btf_fail_type(w->c, -EINVAL, "Invalid index");
	if (must_visit(w, t, id))
		return 1;
	t = btf_sized(w->btf, &id, &size);
	if (!t || !btf_is(t, BTF_BIT(INT)) || !btf_int_regular(t))
		return btf_fail_type(w->c, -EINVAL, "Invalid index");
	return 0;
}

static int resolve_array(struct walk *w, const struct btf_type *t)
{
	const struct btf_array *a = btf_array(t);
	const struct btf_type *elem = btf_type(w->btf, a->type);
	u32 id = a->type, size;
	int res = resolve_index(w, a->index_type);

	if (res < 0)
		return res;
	if (res > 0)
		return push(w, btf_type(w->btf, a->index_type), a->index_type);
	if (sizeless(elem) || btf_is(elem, BTF_SOURCES))
		return btf_fail_type(w->c, -EINVAL, "Invalid elem");
	if (must_visit(w, elem, id))
		return push(w, elem, id);
	elem = btf_sized(w->btf, &id, &size);
	if (!elem)
		return btf_fail_type(w->c, -EINVAL, "Invalid elem");
	if (btf_is(elem, BTF_BIT(INT)) && !btf_int_regular(elem))
		return btf_fail_type(w->c, -EINVAL, "Invalid array of int");
	if (a->nelems && size > UINT32_MAX / a->nelems)
		return btf_fail_type(w->c, -EINVAL,
				     "Array size overflows U32_MAX");
	return pop(w, id, size * a->nelems);
}

static int resolve_struct(struct walk *w, const struct btf_type *t)
{
	struct vertex *v = top(w);
	const struct btf_member *m = btf_members(t);

	/* The member that was waited for comes first: is it all right? */
	if (v->next) {
		int res = btf_check_placed(w->c, t, &m[v->next - 1]);

		if (res)
			return res;
	}
	for (; v->next < btf_vlen(t); v->next++) {
		const struct btf_member *at = &m[v->next];
		const struct btf_type *type = btf_type(w->btf, at->type);
		int res;

		if (sizeless(type) || btf_is(type, BTF_SOURCES))
			return btf_fail_member(w->c, t, at, "Invalid member");
		if (must_visit(w, type, at->type)) {
			v->next++;
			return push(w, type, at->type);
		}
		res = btf_check_placed(w->c, t, at);
		if (res)
			return res;
	}
	return pop(w, 0, 0);
}

static int resolve_datasec(struct walk *w, const struct btf_type *t)
{
	struct vertex *v = top(w);

	w->mode = MODE_ANY;
	for (; v->next < btf_vlen(t); v->next++) {
		const struct btf_var_secinfo *at = &btf_secinfos(t)[v->next];
		const struct btf_type *var = btf_type(w->btf, at->type);
		u32 id, size;

		if (!var || !btf_is(var, BTF_BIT(VAR)))
			return btf_fail_type(w->c, -EINVAL,
					     "Not a VAR kind member");
		if (must_visit(w, var, at->type)) {
			v->next++;
			return push(w, var, at->type);
		}
		id = var->type;
		if (!btf_sized(w->btf, &id, &size))
			return btf_fail_type(w->c, -EINVAL, "Invalid type");
		if (at->size < size)
			return btf_fail_type(w->c, -EINVAL, "Invalid size");
	}
	return pop(w, 0, 0);
}

static int resolve_func(struct walk *w, const struct btf_type *t)
{
	const struct btf_type *proto = btf_type(w->btf, t->type);
	const struct btf_param *p;

	if (!proto || !btf_is(proto, BTF_BIT(FUNC_PROTO)))
		return btf_fail_type(w->c, -EINVAL, "Invalid type_id");
	p = btf_params(proto);
	for (u32 i = 0; i < btf_vlen(proto); i++) {
		if (!p[i].name_off && p[i].type)
			return btf_fail_type(w->c, -EINVAL, "Invalid arg#%u",
					     i + 1);
	}
	return pop(w, t->type, 0);
}

static int resolve_decl_tag(struct walk *w, const struct btf_type *t)
{
	s32 component = ((const struct btf_decl_tag *)(t + 1))->component_idx;
	const struct btf_type *next = btf_type(w->btf, t->type);

	if (!next || !btf_is(next, BTF_BIT(FUNC) | BTF_STRUCTS | BTF_BIT(VAR) |
					   BTF_BIT(TYPEDEF)))
		return btf_fail_type(w->c, -EINVAL, "Invalid type_id");
	if (must_visit(w, next, t->type))
		return push(w, next, t->type);
	if (component != -1) {
		const struct btf_type *whole = next;

		if (btf_is(next, BTF_BIT(FUNC)))
			whole = btf_type(w->btf, next->type);
		if (btf_is(next, BTF_BIT(VAR) | BTF_BIT(TYPEDEF)) ||
		    (u32)component >= btf_vlen(whole))
			return btf_fail_type(w->c, -EINVAL,
					     "Invalid component_idx");
	}
	return pop(w, t->type, 0);
}

static int resolve_top(struct walk *w)
{
	const struct btf_type *t = top(w)->t;

	w->c->id = top(w)->id;
	switch (btf_kind(t)) {
	case BTF_KIND_ARRAY: return resolve_array(w, t);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION: return resolve_struct(w, t);
	case BTF_KIND_VAR: return resolve_var(w, t);
	case BTF_KIND_DATASEC: return resolve_datasec(w, t);
	case BTF_KIND_FUNC: return resolve_func(w, t);
	case BTF_KIND_DECL_TAG: return resolve_decl_tag(w, t);
	default: return resolve_ref(w, t);
	}
}

/* Modifiers and variables have come to something concrete, and so has what an
 * array is made of. */
static bool is_resolved(const struct walk *w, const struct btf_type *t, u32 id)
{
	u32 elem, size;

	if (btf_is(t, BTF_MODIFIERS | BTF_BIT(PTR) | BTF_BIT(VAR))) {
		t = btf_type(w->btf, w->btf->resolved_ids[id]);
		return !btf_is(t,
			       BTF_MODIFIERS | BTF_BIT(VAR) | BTF_BIT(DATASEC));
	}
	if (btf_is(t, BTF_BIT(ARRAY))) {
		elem = btf_array(t)->type;
		t = btf_sized(w->btf, &elem, &size);
		return t && !btf_is(t, BTF_MODIFIERS) &&
		       btf_array(w->btf->types[id])->nelems * size ==
			       w->btf->resolved_sizes[id];
	}
	return true;
}

static int resolve(struct walk *w, const struct btf_type *t, u32 id)
{
	u32 asked_for = w->c->id;
	int res;

	if (!btf_is(t, REFERS) || w->visits[id] == RESOLVED)
		return 0;
	w->mode = MODE_ANY;
	res = push(w, t, id);
	while (!res && w->depth)
		res = resolve_top(w);
	w->c->id = id;
	if (res == -E2BIG)
		btf_fail_type(w->c, res, "Exceeded max resolving depth:%d",
			      BTF_DEPTH_MAX);
	else if (res == -EEXIST)
		btf_fail_type(w->c, res, "Loop detected");
	else if (!res && !is_resolved(w, t, id))
		res = btf_fail_type(w->c, -EINVAL, "Invalid resolve state");
	w->c->id = asked_for;
	return res;
}

static int check_param(struct walk *w, const struct btf_param *p, u32 number)
{
	const struct btf_type *t = btf_type(w->btf, p->type);
	int res;

	if (!t || btf_is(t, BTF_SOURCES) ||
	    (p->name_off && (!btf_offset_valid(w->btf, p->name_off) ||
			     !btf_identifier_valid(w->btf, p->name_off))))
		return btf_fail_type(w->c, -EINVAL, "Invalid arg#%u", number);
	res = resolve(w, t, p->type);
	if (res)
		return res;
	if (!has_size(w, p->type))
		return btf_fail_type(w->c, -EINVAL, "Invalid arg#%u", number);
	return 0;
}

static int check_func_proto(struct walk *w, const struct btf_type *t)
{
	const struct btf_param *p = btf_params(t);
	u32 n = btf_vlen(t);

	if (t->type) {
		const struct btf_type *ret = btf_type(w->btf, t->type);
		int res;

		if (!ret || btf_is(ret, BTF_SOURCES))
			return btf_fail_type(w->c, -EINVAL,
					     "Invalid return type");
		res = resolve(w, ret, t->type);
		if (res)
			return res;
		if (!has_size(w, t->type))
			return btf_fail_type(w->c, -EINVAL,
					     "Invalid return type");
	}
	/* The last may be nothing at all: "..." */
	if (n && !p[n - 1].type) {
		if (p[n - 1].name_off)
			return btf_fail_type(w->c, -EINVAL, "Invalid arg#%u",
					     n);
		n--;
	}
	for (u32 i = 0; i < n; i++) {
		int res = check_param(w, &p[i], i + 1);

		if (res)
			return res;
	}
	return 0;
}

static int resolve_all(struct walk *w)
{
	struct btf_blob *btf = w->btf;
	int res = 0;

	btf->resolved_ids = calloc(btf->type_cnt, sizeof(u32));
	btf->resolved_sizes = calloc(btf->type_cnt, sizeof(u32));
	w->visits = calloc(btf->type_cnt, 1);
	if (!btf->resolved_ids || !btf->resolved_sizes || !w->visits)
		return btf_fail(w->c, -ENOMEM, "out of memory");
	for (u32 id = 1; !res && id < btf->type_cnt; id++) {
		const struct btf_type *t = btf->types[id];

		w->c->id = id;
		res = resolve(w, t, id);
		if (!res && btf_is(t, BTF_BIT(FUNC_PROTO)))
			res = check_func_proto(w, t);
	}
	return res;
}

int btf_resolve_types(struct btf_check *c)
{
	struct walk *w = calloc(1, sizeof(*w));
	int res;

	if (!w)
		return btf_fail(c, -ENOMEM, "out of memory");
	w->c = c;
	w->btf = c->btf;
	res = resolve_all(w);
	free(w->visits);
	free(w);
	return res;
}

/* Ids up to good have been seen to be fine, so a chain may stop at them. */
static int check_chain(struct btf_check *c, u32 good)
{
	const struct btf_type *t = c->btf->types[c->id];
	bool tags = true;
	u32 id = c->id;

	for (u32 length = 0; btf_is(t, BTF_MODIFIERS); length++) {
		bool tag = btf_is(t, BTF_BIT(TYPE_TAG));

		if (length == BTF_DEPTH_MAX)
			return btf_fail(c, -ELOOP,
					"Max chain length or cycle detected");
		if (tag && !tags)
			return btf_fail(c, -EINVAL,
					"Type tags don't precede modifiers");
		tags = tag;
		if (id <= good)
			break;
		id = t->type;
		t = btf_type(c->btf, id);
	}
	return 0;
}

int btf_check_chains(struct btf_check *c)
{
	u32 good = 0;
	int res = 0;

	for (c->id = 1; !res && c->id < c->btf->type_cnt; c->id++) {
		if (!btf_is(c->btf->types[c->id], BTF_MODIFIERS))
			continue;
		res = check_chain(c, good);
		good = c->id;
	}
	return res;
}
