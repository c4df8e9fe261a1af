/* SPDX-License-Identifier: BSD-3-Clause */
/* code.c - executable sections and the functions in them */
#include "elf/object.h"

#include <errno.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/insn.h"

#define FUNCS_MAX 16384

static bool is_code(const struct section *s)
{
	return s->type == SHT_PROGBITS && (s->flags & SHF_EXECINSTR) && s->size;
}

static int add_code(struct load *l, const struct section *s)
{
	struct code *c;

	if (s->size % sizeof(struct bpf_insn))
		return section_fail(l, s, s->size, -ENOEXEC,
				    "its size %llu is no multiple of an "
				    "instruction's %zu",
				    (unsigned long long)s->size,
				    sizeof(struct bpf_insn));
	c = vec_add(&l->codes);
	if (!c)
		return load_nomem(l);
	c->section = s;
	c->insn_cnt = (u32)(s->size / sizeof(struct bpf_insn));
	c->library = strcmp(s->name, ".text") == 0 ||
		     strncmp(s->name, ".text.", 6) == 0;
	c->insns = malloc(s->size);
	c->target = malloc(c->insn_cnt * sizeof(*c->target));
	if (!c->insns || !c->target)
		return load_nomem(l);
	memcpy(c->insns, s->data, s->size);
	for (u32 i = 0; i < c->insn_cnt; i++) {
		c->target[i] = CODE_TARGET_NONE;
		/* a function of the same section: no relocation */
		if (insn_is_local_call(&c->insns[i]))
			c->target[i] =
				CODE_TARGET(l->codes.len - 1,
					    i + 1 + (u32)c->insns[i].imm);
	}
	l->code_of[s->index] = l->codes.len - 1;
	return 0;
}

static struct func *add_func(struct load *l, u32 code, u32 start)
{
	struct func *f;

	if (l->funcs.len == FUNCS_MAX) {
		section_fail(l, l->codes.items[code].section, start * 8ull,
			     -E2BIG, "more than %u functions", FUNCS_MAX);
		return NULL;
	}
	f = vec_add(&l->funcs);
	if (!f) {
		load_nomem(l);
		return NULL;
	}
	f->code = code;
	f->start = start;
	return f;
}

static int add_symbol_func(struct load *l, u32 code, const struct symbol *sym)
{
	const struct code *c = &l->codes.items[code];
	const struct section *s = c->section;
	struct func *f;

	if (sym->value >= s->size || sym->value % sizeof(struct bpf_insn))
		return section_fail(l, s, sym->value, -ENOEXEC,
				    "function '%s' does not begin at an "
				    "instruction",
				    sym->name);
	if (sym->size > s->size - sym->value ||
	    sym->size % sizeof(struct bpf_insn))
		return section_fail(l, s, sym->value, -ENOEXEC,
				    "the %llu bytes of function '%s' do not "
				    "end at an instruction of the section",
				    (unsigned long long)sym->size, sym->name);
	f = add_func(l, code, (u32)(sym->value / sizeof(struct bpf_insn)));
	if (!f)
		return l->err->code;
	f->cnt = (u32)(sym->size / sizeof(struct bpf_insn));
	f->name = sym->name;
	f->local = sym->bind == STB_LOCAL;
	return 0;
}

static u32 code_of_symbol(const struct load *l, const struct symbol *sym)
{
	if (!sym->section || sym->section == NONE)
		return NONE;
	return l->code_of[sym->section];
}

/* Old compilers gave functions no type: the global names of a section that
 * has no typed ones are its functions. */
static bool names_func(const struct symbol *sym, const struct code *c)
{
	return sym->type == STT_FUNC ||
	       (!c->typed && sym->type == STT_NOTYPE &&
		sym->bind != STB_LOCAL && sym->name[0] &&
		sym->value < c->section->size);
}

static int by_start(const void *a, const void *b)
{
	const struct func *x = a, *y = b;

	if (x->code != y->code)
		return x->code < y->code ? -1 : 1;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return 0;
}

int code_read(struct load *l)
{
	const struct section *s;
	const struct symbol *sym;
	u32 code;
	int ret;

	l->code_of = malloc(l->sections.len * sizeof(*l->code_of));
	if (!l->code_of)
		return load_nomem(l);
	memset(l->code_of, 0xff, l->sections.len * sizeof(*l->code_of));
	vec_each (s, &l->sections) {
		ret = is_code(s) ? add_code(l, s) : 0;
		if (ret)
			return ret;
	}
	vec_each (sym, &l->symbols) {
		code = code_of_symbol(l, sym);
		if (code != NONE && sym->type == STT_FUNC)
			l->codes.items[code].typed = true;
	}
	vec_each (sym, &l->symbols) {
		code = code_of_symbol(l, sym);
		if (code == NONE || !names_func(sym, &l->codes.items[code]))
			continue;
		ret = add_symbol_func(l, code, sym);
		if (ret)
			return ret;
	}
	return 0;
}

/* How many of the first len functions begin at or before a place. */
static u32 count_before(const struct load *l, u32 len, u32 code, u32 start)
{
	const struct func key = { .code = code, .start = start };
	u32 low = 0, high = len;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (by_start(&l->funcs.items[mid], &key) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct func *func_at(const struct load *l, u64 target)
{
	u32 code = (u32)(target >> 32), start = (u32)target;
	u32 n = count_before(l, l->funcs.len, code, start);
	struct func *f = n ? &l->funcs.items[n - 1] : NULL;

	if (!f || f->code != code || f->start != start)
		return NULL;
	/* of functions at the same place, the first */
	while (f > l->funcs.items && by_start(f - 1, f) == 0)
		f--;
	return f;
}

/* It is in one of the first len functions; of those without a size only the
 * first instruction counts. */
static bool is_covered(const struct load *l, u32 len, u32 code, u32 insn)
{
	u32 n = count_before(l, len, code, insn);
	const struct func *f = n ? &l->funcs.items[n - 1] : NULL;

	return f && f->code == code && insn - f->start < MAX(f->cnt, 1u);
}

static void sort_funcs(struct load *l)
{
	if (l->funcs.len)
		qsort(l->funcs.items, l->funcs.len, sizeof(*l->funcs.items),
		      by_start);
}

static const char *guessed_name(struct load *l, const struct code *c, u32 start)
{
	return start ? load_fmt(l, "%s+%u", c->section->name, start)
		     : c->section->name;
}

static int add_guess(struct load *l, u32 code, u32 start)
{
	const struct code *c = &l->codes.items[code];
	struct func *f = add_func(l, code, start);

	if (!f)
		return l->err->code;
	f->guess = true;
	f->name = guessed_name(l, c, start);
	f->local = start != 0;
	return f->name ? 0 : load_nomem(l);
}

/* What is called outside of the known functions.  A place that is called
 * twice is guessed twice: drop_doubles(). */
static int guess_called(struct load *l, u32 known)
{
	const struct code *c;

	vec_each (c, &l->codes) {
		for (u32 i = 0; i < c->insn_cnt; i++) {
			u64 t = c->target[i];
			u32 code = (u32)(t >> 32), start = (u32)t;
			int ret;

			if (t == CODE_TARGET_NONE ||
			    start >= l->codes.items[code].insn_cnt ||
			    is_covered(l, known, code, start))
				continue;
			ret = add_guess(l, code, start);
			if (ret)
				return ret;
		}
	}
	return 0;
}

static int guess_starts(struct load *l)
{
	u32 known;
	int ret;

	sort_funcs(l);
	known = l->funcs.len;
	for (u32 i = 0; i < l->codes.len; i++) {
		if (l->codes.items[i].typed || is_covered(l, known, i, 0))
			continue;
		ret = add_guess(l, i, 0);
		if (ret)
			return ret;
	}
	sort_funcs(l);
	return guess_called(l, l->funcs.len);
}

/* Aliases of named functions stay, the same guess twice does not. */
static void drop_doubles(struct load *l)
{
	struct func *f, *to = l->funcs.items;

	vec_each (f, &l->funcs) {
		if (f->guess && to > l->funcs.items && by_start(to - 1, f) == 0)
			continue;
		*to++ = *f;
	}
	l->funcs.len = (u32)(to - l->funcs.items);
}

/* A function without a size ends where the next begins. */
static void set_sizes(struct load *l)
{
	u32 end = 0;

	for (u32 i = l->funcs.len; i-- > 0;) {
		struct func *f = &l->funcs.items[i];
		const struct func *next = f + 1;
		const struct code *c = &l->codes.items[f->code];

		if (i + 1 == l->funcs.len || next->code != f->code)
			end = c->insn_cnt;
		else if (next->start != f->start)
			end = next->start;
		if (!f->cnt)
			f->cnt = end - f->start;
	}
}

static int mark_called(struct load *l)
{
	const struct code *c;

	vec_each (c, &l->codes) {
		for (u32 i = 0; i < c->insn_cnt; i++) {
			struct func *f;

			if (c->target[i] == CODE_TARGET_NONE)
				continue;
			f = func_at(l, c->target[i]);
			if (!f)
				return section_fail(l, c->section, i * 8ull,
						    -ENOEXEC,
						    "instruction %u "
						    "calls into the middle of "
						    "a function or outside of "
						    "the section",
						    i);
			f->called = true;
		}
	}
	return 0;
}

int code_functions(struct load *l)
{
	int ret = guess_starts(l);

	if (ret)
		return ret;
	sort_funcs(l);
	drop_doubles(l);
	set_sizes(l);
	return mark_called(l);
}
