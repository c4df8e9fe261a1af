/* SPDX-License-Identifier: BSD-3-Clause */
/* core_types.c - when a type of the object and one of the target are alike */
#include "elf/core.h"

#include <errno.h>
#include <string.h>

/* Types within types; and pointers and arrays in a row. */
#define LEVEL_MAX 32

u32 core_name_len(const char *name)
{
	u32 len = (u32)strlen(name);

	for (u32 i = len; i >= 5; i--) {
		const char *s = name + i - 5;

		if (s[0] != '_' && s[1] == '_' && s[2] == '_' && s[3] == '_' &&
		    s[4] != '_')
			return i - 4;
	}
	return len;
}

bool core_names_match(const char *a, const char *b)
{
	u32 len = core_name_len(a);

	return len == core_name_len(b) && strncmp(a, b, len) == 0;
}

/* Moves both past typedefs and qualifiers. */
static void skip_both(struct core *c, u32 *local, u32 *target,
		      const struct btf_type **lt, const struct btf_type **tt)
{
	*local = btf_skip(c->local, *local);
	*target = btf_skip(c->target, *target);
	*lt = btf_type(c->local, *local);
	*tt = btf_type(c->target, *target);
}

static bool ints_compatible(const struct btf_type *a, const struct btf_type *b)
{
	return !core_is_bitfield_int(a) && !core_is_bitfield_int(b);
}

static bool nameless_or_same(struct core *c, u32 local, u32 target)
{
	const char *a = btf_name(c->local, local);
	const char *b = btf_name(c->target, target);

	return !core_name_len(a) || !core_name_len(b) || core_names_match(a, b);
}

int core_fields_compatible(struct core *c, u32 local, u32 target)
{
	const struct btf_type *lt, *tt;

	while (core_spend(c)) {
		skip_both(c, &local, &target, &lt, &tt);
		if (!lt || !tt)
			return 0;
		if (type_is_composite(lt) && type_is_composite(tt))
			return 1;
		if (!core_kinds_compatible(lt, tt))
			return 0;
		switch (type_kind(lt)) {
		case BTF_KIND_PTR:
		case BTF_KIND_FLOAT: return 1;
		case BTF_KIND_FWD:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64: return nameless_or_same(c, local, target);
		case BTF_KIND_INT: return ints_compatible(lt, tt);
		case BTF_KIND_ARRAY: break;
		default: return 0;
		}
		local = type_array(lt)->type;
		target = type_array(tt)->type;
	}
	return -E2BIG;
}

/* Every parameter by a rule, as far as the rule agrees. */
typedef int params_rule(struct core *c, u32 local, u32 target, bool behind,
			u32 level);

static int params(struct core *c, const struct btf_type *lt,
		  const struct btf_type *tt, bool behind, u32 level,
		  params_rule *rule)
{
	if (type_vlen(lt) != type_vlen(tt))
		return 0;
	for (u32 i = 0; i < type_vlen(lt); i++) {
		int ret = rule(c, type_params(lt)[i].type,
			       type_params(tt)[i].type, behind, level - 1);

		if (ret <= 0)
			return ret;
	}
	return 1;
}

static int compatible(struct core *c, u32 local, u32 target, bool behind,
		      u32 level)
{
	const struct btf_type *lt, *tt;
	int ret;

	if (!level)
		return -EINVAL;
	for (u32 depth = 0; depth < LEVEL_MAX && core_spend(c); depth++) {
		skip_both(c, &local, &target, &lt, &tt);
		/* void */
		if (!local || !target)
			return local == target;
		if (!core_kinds_compatible(lt, tt))
			return 0;
		switch (type_kind(lt)) {
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
		case BTF_KIND_FWD: return 1;
		case BTF_KIND_INT: return ints_compatible(lt, tt);
		case BTF_KIND_PTR:
			local = lt->type;
			target = tt->type;
			break;
		case BTF_KIND_ARRAY:
			local = type_array(lt)->type;
			target = type_array(tt)->type;
			break;
		case BTF_KIND_FUNC_PROTO:
			ret = params(c, lt, tt, behind, level, compatible);
			if (ret <= 0)
				return ret;
			local = lt->type;
			target = tt->type;
			break;
		default: return 0;
		}
	}
	return -EINVAL;
}

int core_types_compatible(struct core *c, u32 local, u32 target)
{
	const struct btf_type *lt = btf_type(c->local, local);
	const struct btf_type *tt = btf_type(c->target, target);

	if (!core_kinds_compatible(lt, tt))
		return 0;
	return compatible(c, local, target, false, LEVEL_MAX);
}

static int enums_match(struct core *c, u32 local, u32 target)
{
	u32 n = type_vlen(btf_type(c->local, local));
	u32 m = type_vlen(btf_type(c->target, target));

	for (u32 i = 0; i < n; i++) {
		const char *name = core_enum_name(c->local, local, i);
		u32 k = 0;

		while (k < m && core_spend(c) &&
		       !core_names_match(name,
					 core_enum_name(c->target, target, k)))
			k++;
		if (!c->budget)
			return -E2BIG;
		if (k == m)
			return 0;
	}
	return n <= m;
}

static int match(struct core *c, u32 local, u32 target, bool behind, u32 level);

/* Each of the object's members is in the target's type. */
static int members_match(struct core *c, const struct btf_type *lt,
			 const struct btf_type *tt, u32 level)
{
	const struct btf_member *lm = type_members(lt), *tm = type_members(tt);

	if (type_vlen(lt) > type_vlen(tt))
		return 0;
	for (u32 i = 0; i < type_vlen(lt); i++) {
		const char *name = btf_string(c->local, lm[i].name_off);
		bool found = false;

		for (u32 k = 0; k < type_vlen(tt) && !found; k++) {
			int ret;

			if (!core_spend(c))
				return -E2BIG;
			if (!core_names_match(name, btf_string(c->target,
							       tm[k].name_off)))
				continue;
			ret = match(c, lm[i].type, tm[k].type, false,
				    level - 1);
			if (ret < 0)
				return ret;
			found = ret;
		}
		if (!found)
			return 0;
	}
	return 1;
}

/* A declaration's kind flag says whether it is of a union. */
static bool declares(const struct btf_type *fwd, const struct btf_type *t)
{
	return type_kind(t) ==
	       (type_kflag(fwd) ? BTF_KIND_UNION : BTF_KIND_STRUCT);
}

static int fwd_match(const struct btf_type *lt, const struct btf_type *tt,
		     bool behind)
{
	if (type_kind(tt) == BTF_KIND_FWD)
		return type_kflag(lt) == type_kflag(tt);
	return behind && declares(lt, tt);
}

static int composite_match(struct core *c, const struct btf_type *lt,
			   const struct btf_type *tt, bool behind, u32 level)
{
	bool same = type_kind(lt) == type_kind(tt);

	if (behind)
		return same ||
		       (type_kind(tt) == BTF_KIND_FWD && declares(tt, lt));
	return same ? members_match(c, lt, tt, level) : 0;
}

static bool ints_match(const struct btf_type *a, const struct btf_type *b)
{
	u32 sign_a = BTF_INT_ENCODING(type_int(a)) & BTF_INT_SIGNED;
	u32 sign_b = BTF_INT_ENCODING(type_int(b)) & BTF_INT_SIGNED;

	return a->size == b->size && sign_a == sign_b;
}

/* What is not decided by one step leads to the next. */
#define MATCH_NEXT 2

static int match_step(struct core *c, u32 *local, u32 *target, bool *behind,
		      u32 level)
{
	const struct btf_type *lt, *tt;
	u32 kind;

	skip_both(c, local, target, &lt, &tt);
	if (!core_names_match(btf_name(c->local, *local),
			      btf_name(c->target, *target)))
		return 0;
	if (!*local || !*target)
		return *local == *target;
	kind = type_kind(lt);
	if (kind == BTF_KIND_FWD)
		return fwd_match(lt, tt, *behind);
	if (type_is_composite(lt))
		return composite_match(c, lt, tt, *behind, level);
	if (type_is_enum(lt))
		return type_is_enum(tt) ? enums_match(c, *local, *target) : 0;
	if (kind != type_kind(tt))
		return 0;
	switch (kind) {
	case BTF_KIND_INT: return ints_match(lt, tt);
	case BTF_KIND_PTR: *behind = true; break;
	case BTF_KIND_ARRAY:
		if (type_array(lt)->nelems != type_array(tt)->nelems)
			return 0;
		*local = type_array(lt)->type;
		*target = type_array(tt)->type;
		return MATCH_NEXT;
	case BTF_KIND_FUNC_PROTO: {
		int ret = params(c, lt, tt, *behind, level, match);

		if (ret <= 0)
			return ret;
		break;
	}
	default: return 0;
	}
	*local = lt->type;
	*target = tt->type;
	return MATCH_NEXT;
}

static int match(struct core *c, u32 local, u32 target, bool behind, u32 level)
{
	int ret = MATCH_NEXT;

	if (!level)
		return -EINVAL;
	for (u32 depth = 0; depth < LEVEL_MAX && core_spend(c); depth++) {
		ret = match_step(c, &local, &target, &behind, level);
		if (ret != MATCH_NEXT)
			return ret;
	}
	return -EINVAL;
}

int core_types_match(struct core *c, u32 local, u32 target)
{
	return match(c, local, target, false, LEVEL_MAX);
}
