/* SPDX-License-Identifier: BSD-3-Clause */
/* core.c - CO-RE relocations: candidates, and the one answer of all of them */
#include "elf/core.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Real objects need some thousands. */
#define BUDGET 20000000ull

struct relo {
	const struct code *code;
	u32 insn;
	const struct bpf_core_relo *rec;
	const char *type;
	struct core_spec local;
	struct core_answer from, to;
	bool invalid;	  /* no answer */
	bool unsafe_size; /* a load of the other size is another value */
};

static u32 hash_name(const char *name)
{
	u32 len = core_name_len(name), h = 2166136261u;

	for (u32 i = 0; i < len; i++)
		h = (h ^ (u8)name[i]) * 16777619u;
	return h;
}

static int by_hash(const void *a, const void *b)
{
	const struct core_name *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static int index_names(struct core *c)
{
	u32 n = btf_type_count(c->target);

	c->names = calloc(n + 1, sizeof(*c->names));
	if (!c->names)
		return load_nomem(c->l);
	for (u32 id = 1; id <= n; id++) {
		const char *name = btf_name(c->target, id);

		if (name[0])
			c->names[c->name_cnt++] =
				(struct core_name){ .hash = hash_name(name),
						    .id = id };
	}
	qsort(c->names, c->name_cnt, sizeof(*c->names), by_hash);
	return 0;
}

static int relo_fail(struct core *c, const struct relo *r, int code,
		     const char *what)
{
	return section_fail(c->l, r->code->section, r->insn * 8ull, code,
			    "CO-RE relocation of instruction %u, type '%s': %s",
			    r->insn, r->type, what);
}

static bool is_candidate(struct core *c, const struct relo *r, u32 id)
{
	return core_kinds_compatible(btf_type(c->local, r->rec->type_id),
				     btf_type(c->target, id)) &&
	       core_names_match(r->type, btf_name(c->target, id));
}

static bool sizes_differ_unsafely(const struct core *c,
				  const struct core_answer *from,
				  const struct core_answer *to)
{
	const struct btf_type *lt, *tt;

	if (from->size == to->size)
		return false;
	/* a bit field on one side only */
	if (!from->type || !to->type)
		return true;
	lt = btf_type(c->local, from->type);
	tt = btf_type(c->target, to->type);
	if (type_kind(lt) == BTF_KIND_PTR && type_kind(tt) == BTF_KIND_PTR)
		return false;
	return type_kind(lt) != BTF_KIND_INT || type_kind(tt) != BTF_KIND_INT ||
	       BTF_INT_ENCODING(type_int(lt)) == BTF_INT_SIGNED ||
	       BTF_INT_ENCODING(type_int(tt)) == BTF_INT_SIGNED;
}

static int answer_fail(struct core *c, const struct relo *r, int code)
{
	const char *what = code == -E2BIG ? "the types are too entangled"
			   : code == -EOPNOTSUPP
				   ? "a question Weir does not know"
				   : "the path leads to nothing that "
				     "has an answer";

	return relo_fail(c, r, code, what);
}

/* Asks one candidate.  1: it has the path. */
static int ask(struct core *c, struct relo *r, u32 id, struct core_spec *spec,
	       struct core_answer *to, bool *invalid)
{
	int ret = core_spec_match(c, &r->local, id, spec);

	if (ret <= 0)
		return ret < 0 ? answer_fail(c, r, ret) : 0;
	ret = core_answer(r->rec->kind, spec, to);
	if (ret < 0)
		return answer_fail(c, r, ret);
	*invalid = ret;
	return 1;
}

/* All candidates that have the path must give the same answer. */
static int ask_all(struct core *c, struct relo *r, bool *named)
{
	struct core_name key = { .hash = hash_name(r->type) };
	struct core_spec spec;
	u64 bit_offset = 0; /* of the first that has the path */
	u32 low = 0, high = c->name_cnt, found = 0;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (by_hash(&c->names[mid], &key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < c->name_cnt && c->names[low].hash == key.hash; low++) {
		struct core_answer to;
		bool invalid = false;
		int ret;

		if (!core_spend(c))
			return answer_fail(c, r, -E2BIG);
		if (!is_candidate(c, r, c->names[low].id))
			continue;
		*named = true;
		ret = ask(c, r, c->names[low].id, &spec, &to, &invalid);
		if (ret < 0)
			return ret;
		if (!ret)
			continue;
		if (!found++) {
			bit_offset = spec.bit_offset;
			r->to = to;
			r->invalid = invalid;
		} else if (spec.bit_offset != bit_offset ||
			   invalid != r->invalid || to.value != r->to.value) {
			return relo_fail(c, r, -EINVAL,
					 "several types of the "
					 "target have this name, and the "
					 "answers differ");
		}
	}
	return (int)found;
}

/* Why there is no answer, for whoever meets the instruction. */
static int note_lack(struct core *c, const struct relo *r, bool named)
{
	const struct core_spec *s = &r->local;
	const char *field = s->len ? s->steps[s->len - 1].name : NULL, *why;

	if (!named)
		why = load_fmt(c->l, "type '%s' does not exist", r->type);
	else if (r->unsafe_size)
		why = load_fmt(c->l,
			       "field '%s' of type '%s' has another size and a "
			       "sign",
			       field ? field : "", r->type);
	else
		why = load_fmt(c->l, "type '%s' has no such '%s'", r->type,
			       field ? field : "element");
	return lack_add(c->l, r->code, r->insn, NULL, why);
}

static int resolve(struct core *c, struct relo *r)
{
	bool named = false;
	int ret = core_answer(r->rec->kind, &r->local, &r->from);

	if (ret < 0)
		return answer_fail(c, r, ret);
	if (r->rec->kind == BPF_CORE_TYPE_ID_LOCAL) {
		r->to = r->from;
		return 0;
	}
	if (!r->type[0])
		return relo_fail(c, r, -EOPNOTSUPP, "a type without a name");
	ret = ask_all(c, r, &named);
	if (ret < 0)
		return ret;
	if (!ret)
		r->invalid = core_answer(r->rec->kind, NULL, &r->to) > 0;
	else if (core_kind_is_field(r->rec->kind))
		r->unsafe_size = sizes_differ_unsafely(c, &r->from, &r->to);
	return r->invalid || r->unsafe_size ? note_lack(c, r, named) : 0;
}

static int apply(struct core *c, const struct code *code,
		 const struct bpf_core_relo *rec)
{
	struct relo r = {
		.code = code, .rec = rec, .insn = rec->insn_off / 8, .type = ""
	};
	struct bpf_insn *in = &code->insns[r.insn];
	u32 left = code->insn_cnt - r.insn;
	const char *path = ext_string(c->l, rec->access_str_off), *why;
	int ret;

	if (!rec->type_id || rec->type_id > btf_type_count(c->local) || !path)
		return relo_fail(c, &r, -EINVAL,
				 "there is no such type or path");
	r.type = btf_name(c->local, rec->type_id);
	if (core_spec_parse(c->local, rec->type_id, path, rec->kind, &r.local))
		return relo_fail(c, &r, -EINVAL, "the path leads nowhere");
	ret = resolve(c, &r);
	if (ret)
		return ret;
	if (r.invalid) {
		core_invalidate(in, left);
		code->target[r.insn] = CODE_TARGET_NONE;
		return 0;
	}
	if (core_patch(in, left, &r.from, &r.to, r.unsafe_size, &why))
		return relo_fail(c, &r, -EINVAL, why);
	return 0;
}

static int apply_all(struct core *c)
{
	u32 size = c->l->ext_rec_size[EXT_CORE];
	const struct code *code;

	vec_each (code, &c->l->codes) {
		const struct ext_records *r = &code->ext[EXT_CORE];

		for (u32 i = 0; i < r->cnt; i++) {
			const void *rec = r->records + (u64)i * size;
			int ret = apply(c, code, rec);

			if (ret)
				return ret;
		}
	}
	return 0;
}

static const u8 types_btf[] = {
#include "types_btf.inc"
};

int core_apply(struct load *l)
{
	struct core c = { .l = l, .local = l->btf, .budget = BUDGET };
	struct btf_blob *own = NULL;
	int ret = 0;

	if (!l->ext_rec_size[EXT_CORE])
		return 0;
	c.target = l->opts->target_btf;
	if (!c.target) {
		ret = btf_parse(types_btf, sizeof(types_btf), l->err, &own);
		c.target = own;
	}
	if (!ret)
		ret = index_names(&c);
	if (!ret)
		ret = apply_all(&c);
	free(c.names);
	btf_put(own);
	return ret;
}
