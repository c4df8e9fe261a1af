/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * btf_fix.c - what the compiler left for the loader to say in .BTF
 *
 * The offsets and sizes of global variables are the ELF file's; what is only
 * declared becomes a variable of a .kconfig map or, for .ksyms, a placeholder;
 * parameters get names: Linux takes no other BTF.  Hidden functions and
 * variables become static.
 */
#include "elf/btf_raw.h"

#include <errno.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

#define EXTERNS_MAX 512	  /* in .kconfig and .ksyms */
#define TYPE_NAME_MAX 512 /* longer ones are refused later */
#define CHAIN_MAX 32	  /* typedefs and qualifiers in a row */

struct fix {
	struct load *l;
	const struct section *s;
	struct btf_raw raw;
	u32 datasecs;
	u32 name;	 /* of the placeholder: a string */
	u32 arg_name;	 /* of a parameter that has none */
	u32 placeholder; /* a VAR */
	u32 int_type;
};

static struct btf_var *var_of(struct btf_type *t)
{
	return (struct btf_var *)(t + 1);
}

static struct btf_var_secinfo *vars_of(struct btf_type *t)
{
	return (struct btf_var_secinfo *)(t + 1);
}

static int fix_fail(struct fix *f, const struct btf_type *t, const char *what)
{
	u32 offset = (u32)((const u8 *)t - f->raw.types);

	return section_fail(f->l, f->s, sizeof(struct btf_header) + offset,
			    -EINVAL, "'%s': %s",
			    raw_string(&f->raw, t->name_off), what);
}

static void fix_var(struct fix *f, struct btf_var_secinfo *v, bool place)
{
	struct btf_type *t = raw_type(&f->raw, v->type);
	const struct symbol *sym;

	if (!t || type_kind(t) != BTF_KIND_VAR ||
	    var_of(t)->linkage != BTF_VAR_GLOBAL_ALLOCATED)
		return;
	sym = symbol_find(f->l, raw_string(&f->raw, t->name_off));
	if (!sym)
		return;
	if (place)
		v->offset = (u32)MIN(sym->value, UINT32_MAX);
	if (sym->hidden)
		var_of(t)->linkage = BTF_VAR_STATIC;
}

static int by_offset(const void *a, const void *b)
{
	const struct btf_var_secinfo *x = a, *y = b;

	return (x->offset > y->offset) - (x->offset < y->offset);
}

static int fix_datasec(struct fix *f, struct btf_type *t)
{
	const char *name = raw_string(&f->raw, t->name_off);
	const struct section *s;
	bool place = t->size == 0;

	if (place) {
		s = section_find(f->l, name);
		if (!s || !s->size)
			return fix_fail(f, t,
					"variables of a section that "
					"the file lacks");
		if (s->size > UINT32_MAX)
			return section_fail(f->l, s, 0, -E2BIG, "%llu bytes",
					    (unsigned long long)s->size);
		t->size = (u32)s->size;
	}
	for (u32 i = 0; i < type_vlen(t); i++)
		fix_var(f, &vars_of(t)[i], place);
	return 0;
}

/* An enum, int or array of char, behind typedefs and qualifiers: how it is
 * aligned.  Others are refused later, when the map is filled. */
static u32 alignment(const struct fix *f, u32 id, u32 size)
{
	const struct btf_type *t = raw_type(&f->raw, id);

	for (u32 i = 0; t && i < CHAIN_MAX; i++) {
		switch (type_kind(t)) {
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_CONST:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG: t = raw_type(&f->raw, t->type); break;
		case BTF_KIND_ARRAY: return 1;
		default: return MIN(MAX(size & -size, 1u), 8u);
		}
	}
	return 1;
}

struct kconfig_var {
	struct btf_var_secinfo *info;
	const char *name;
	u32 align;
};

/* libbpf's order, so that the maps are the same. */
static int by_alignment(const void *a, const void *b)
{
	const struct kconfig_var *x = a, *y = b;

	if (x->align != y->align)
		return x->align > y->align ? -1 : 1;
	if (x->info->size != y->info->size)
		return x->info->size < y->info->size ? -1 : 1;
	return strncmp(x->name, y->name, TYPE_NAME_MAX);
}

static int lay_out(struct fix *f, struct btf_type *t, struct kconfig_var *vars)
{
	u32 n = type_vlen(t);
	u64 end = 0;

	for (u32 i = 0; i < n; i++) {
		struct btf_var_secinfo *info = &vars_of(t)[i];
		const struct btf_type *var = raw_type(&f->raw, info->type);

		vars[i].info = info;
		vars[i].name = raw_string(&f->raw, var->name_off);
		vars[i].align = alignment(f, var->type, info->size);
	}
	qsort(vars, n, sizeof(*vars), by_alignment);
	for (u32 i = 0; i < n; i++) {
		end = round_up(end, vars[i].align);
		vars[i].info->offset = (u32)end;
		end += vars[i].info->size;
		if (end > (1u << 20))
			return fix_fail(f, t, "more than 1 MiB of variables");
	}
	t->size = (u32)end;
	return 0;
}

static int fix_kconfig(struct fix *f, struct btf_type *t)
{
	struct kconfig_var *vars;
	int ret;

	for (u32 i = 0; i < type_vlen(t); i++) {
		struct btf_type *var = raw_type(&f->raw, vars_of(t)[i].type);

		if (!var || type_kind(var) != BTF_KIND_VAR)
			return fix_fail(f, t, "a member that is no variable");
		var_of(var)->linkage = BTF_VAR_GLOBAL_ALLOCATED;
	}
	vars = calloc(type_vlen(t) + 1, sizeof(*vars));
	if (!vars)
		return load_nomem(f->l);
	ret = lay_out(f, t, vars);
	free(vars);
	return ret;
}

static u32 find_int(const struct fix *f)
{
	for (u32 id = 1; id < f->raw.at.len; id++) {
		const struct btf_type *t = raw_type(&f->raw, id);

		if (type_kind(t) == BTF_KIND_INT && t->size == 4 &&
		    BTF_INT_BITS(type_int(t)) == 32 &&
		    BTF_INT_OFFSET(type_int(t)) == 0)
			return id;
	}
	return 0;
}

static int make_placeholder(struct fix *f)
{
	f->name = raw_add_string(&f->raw, "weir_ksym");
	f->int_type = find_int(f);
	if (!f->int_type && f->name)
		f->int_type = raw_add_int(&f->raw, f->name);
	if (f->int_type)
		f->placeholder = raw_add_var(&f->raw, f->name, f->int_type);
	return f->placeholder ? 0 : load_nomem(f->l);
}

static int fix_ksyms(struct fix *f, struct btf_type *t)
{
	for (u32 i = 0; i < type_vlen(t); i++) {
		struct btf_var_secinfo *info = &vars_of(t)[i];
		struct btf_type *var = raw_type(&f->raw, info->type);

		if (var && type_kind(var) == BTF_KIND_FUNC) {
			info->type = f->placeholder;
		} else if (var && type_kind(var) == BTF_KIND_VAR) {
			var_of(var)->linkage = BTF_VAR_GLOBAL_ALLOCATED;
			var->type = f->int_type;
		} else {
			return fix_fail(f, t,
					"a member that is neither "
					"variable nor function");
		}
		info->offset = i * 4;
		info->size = 4;
	}
	t->size = type_vlen(t) * 4;
	return 0;
}

static bool is_extern(const struct btf_type *t)
{
	return type_kind(t) == BTF_KIND_FUNC
		       ? type_vlen(t) == BTF_FUNC_EXTERN
		       : type_kind(t) == BTF_KIND_VAR &&
				 type_var_linkage(t) == BTF_VAR_GLOBAL_EXTERN;
}

/* Before anything is changed: names and kinds. */
static int note_externs(struct fix *f, const struct btf_type *t, bool kconfig)
{
	if (type_vlen(t) > EXTERNS_MAX - f->l->exts.len)
		return fix_fail(f, t, "more than 512 externs");
	for (u32 i = 0; i < type_vlen(t); i++) {
		const struct btf_var_secinfo *info = &type_vars(t)[i];
		const struct btf_type *var = raw_type(&f->raw, info->type);
		const struct symbol *sym;
		struct ext *ext;

		if (!var || !is_extern(var))
			continue;
		ext = vec_add(&f->l->exts);
		if (!ext)
			return load_nomem(f->l);
		ext->name_offset = var->name_off;
		sym = symbol_undefined(f->l,
				       raw_string(&f->raw, var->name_off));
		ext->weak = !sym || sym->bind == STB_WEAK;
		ext->kconfig = kconfig;
		ext->var = info->type;
	}
	return 0;
}

/* A function's first parameter without a name, or NULL. */
static struct btf_param *nameless(const struct fix *f, const struct btf_type *t)
{
	struct btf_type *proto = raw_type(&f->raw, t->type);

	if (!proto || type_kind(proto) != BTF_KIND_FUNC_PROTO)
		return NULL;
	for (u32 i = 0; i < type_vlen(proto); i++) {
		struct btf_param *p = (struct btf_param *)(proto + 1) + i;

		if (p->type && !p->name_off)
			return p;
	}
	return NULL;
}

/* Hidden functions are static to the verifier. */
static void fix_func(struct fix *f, struct btf_type *t)
{
	struct btf_param *p;
	const struct symbol *sym;

	while ((p = nameless(f, t)))
		p->name_off = f->arg_name;
	if (type_vlen(t) == BTF_FUNC_EXTERN) {
		t->info = (t->info & ~0xffffu) | BTF_FUNC_GLOBAL;
		return;
	}
	if (type_vlen(t) != BTF_FUNC_GLOBAL)
		return;
	sym = symbol_find(f->l, raw_string(&f->raw, t->name_off));
	if (sym && sym->hidden && sym->type == STT_FUNC)
		t->info &= ~0xffffu;
}

static int fix_type(struct fix *f, struct btf_type *t)
{
	const char *name = raw_string(&f->raw, t->name_off);
	int ret = 0;

	switch (type_kind(t)) {
	case BTF_KIND_FUNC: fix_func(f, t); break;
	case BTF_KIND_DATASEC:
		if (strcmp(name, ".kconfig") == 0)
			ret = fix_kconfig(f, t);
		else if (strcmp(name, ".ksyms") == 0)
			ret = fix_ksyms(f, t);
		else
			ret = fix_datasec(f, t);
		qsort(vars_of(t), type_vlen(t), sizeof(*vars_of(t)), by_offset);
		break;
	default: break;
	}
	return ret;
}

static int note_datasec(struct fix *f, const struct btf_type *t, bool *ksyms)
{
	const char *name = raw_string(&f->raw, t->name_off);

	/* .kconfig and .ksyms have no section */
	if (++f->datasecs > f->l->sections.len + 2)
		return fix_fail(f, t,
				"there are more kinds of variables than "
				"sections");
	if (strcmp(name, ".kconfig") == 0)
		return note_externs(f, t, true);
	if (strcmp(name, ".ksyms") != 0)
		return 0;
	*ksyms = true;
	return note_externs(f, t, false);
}

static int fix_all(struct fix *f)
{
	u32 types = f->raw.at.len;
	bool externs = false, args = false;
	int ret = 0;

	for (u32 id = 1; id < types && !ret; id++) {
		struct btf_type *t = raw_type(&f->raw, id);

		if (type_kind(t) == BTF_KIND_DATASEC) {
			ret = note_datasec(f, t, &externs);
		} else if (type_kind(t) == BTF_KIND_FUNC) {
			externs |= is_extern(t);
			args |= nameless(f, t) != NULL;
		}
	}
	if (args && !ret)
		f->arg_name = raw_add_string(&f->raw, "arg");
	if (args && !ret && !f->arg_name)
		ret = load_nomem(f->l);
	if (externs && !ret)
		ret = make_placeholder(f);
	for (u32 id = 1; id < types && !ret; id++)
		ret = fix_type(f, raw_type(&f->raw, id));
	for (u32 id = 1; id < types && !ret; id++) {
		if (is_extern(raw_type(&f->raw, id)))
			ret = fix_fail(f, raw_type(&f->raw, id),
				       "declared, but neither __kconfig nor "
				       "__ksym, and defined nowhere");
	}
	return ret;
}

int btf_read(struct load *l)
{
	struct fix f = { .l = l, .s = section_find(l, ".BTF") };
	struct ext *ext;
	int ret;

	if (!f.s)
		return 0;
	ret = btf_raw_read(l, f.s, &f.raw);
	if (!ret)
		ret = fix_all(&f);
	if (!ret)
		ret = btf_raw_validate(l, f.s, &f.raw, &l->btf);
	btf_raw_free(&f.raw);
	vec_each (ext, &l->exts)
		ext->name = ret ? "" : btf_string(l->btf, ext->name_offset);
	return ret;
}

u32 btf_datasec(const struct load *l, const char *name)
{
	int id = l->btf ? btf_find(l->btf, name, BTF_KIND_DATASEC) : -ENOENT;

	return id > 0 ? (u32)id : 0;
}
