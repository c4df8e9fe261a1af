/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link.c - a program and the functions it reaches, as one sequence
 *
 * Functions follow in the order in which a walk over the code, callees before
 * what comes after the call, first meets them: libbpf's order.
 */
#include "elf/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/insn.h"

/* Linux's limit of a program; and of all of an object's. */
#define PROG_INSNS_MAX 1000000u
#define OBJECT_INSNS_MAX 8000000u

struct piece {
	u32 func;
	u32 at;	  /* in the program */
	u32 next; /* instruction of the function to go on with */
};

struct link {
	struct load *l;
	struct elf_prog *p;
	VEC(struct piece) pieces;
	VEC(u32) stack; /* of pieces */
	u32 *at;	/* of each function; NONE: not linked yet */
};

static int link_fail(struct link *k, const struct func *f, u32 insn, int code,
		     const char *what)
{
	return section_fail(k->l, k->l->codes.items[f->code].section,
			    (f->start + insn) * 8ull, code,
			    "function '%s', instruction %u: %s", f->name, insn,
			    what);
}

static int add_piece(struct link *k, u32 func)
{
	const struct func *f = &k->l->funcs.items[func];
	struct piece *piece;
	u32 *top;

	if (f->cnt > PROG_INSNS_MAX - k->p->insn_cnt ||
	    f->cnt > OBJECT_INSNS_MAX - k->l->linked)
		return link_fail(k, f, 0, -E2BIG,
				 "with it the program, or all programs "
				 "together, have too many instructions");
	piece = vec_add(&k->pieces);
	top = vec_add(&k->stack);
	if (!piece || !top)
		return load_nomem(k->l);
	*piece = (struct piece){ .func = func, .at = k->p->insn_cnt };
	*top = k->pieces.len - 1;
	k->at[func] = piece->at;
	k->p->insn_cnt += f->cnt;
	k->l->linked += f->cnt;
	return 0;
}

/* The next function that a piece reaches and nobody did before, or NONE. */
static u32 next_callee(struct link *k, struct piece *piece)
{
	const struct func *f = &k->l->funcs.items[piece->func];
	const u64 *target = k->l->codes.items[f->code].target + f->start;

	while (piece->next < f->cnt) {
		u64 t = target[piece->next++];
		u32 func;

		if (t == CODE_TARGET_NONE)
			continue;
		/* it is there: code_functions() has looked */
		func = (u32)(func_at(k->l, t) - k->l->funcs.items);
		if (k->at[func] == NONE)
			return func;
	}
	return NONE;
}

static int collect(struct link *k, u32 func)
{
	int ret = add_piece(k, func);

	while (!ret && k->stack.len) {
		u32 top = k->stack.items[k->stack.len - 1];
		u32 callee = next_callee(k, &k->pieces.items[top]);

		if (callee == NONE)
			k->stack.len--;
		else
			ret = add_piece(k, callee);
	}
	return ret;
}

static int fix_insn(struct link *k, const struct piece *piece, u32 i, u64 t)
{
	const struct func *f = &k->l->funcs.items[piece->func];
	struct bpf_insn *in = &k->p->insns[piece->at + i];

	if (t != CODE_TARGET_NONE) {
		u32 callee = (u32)(func_at(k->l, t) - k->l->funcs.items);

		in->imm = (s32)(k->at[callee] - (piece->at + i) - 1);
		return 0;
	}
	if (!insn_is_wide(in))
		return 0;
	if (in->src_reg == BPF_PSEUDO_FUNC)
		return link_fail(k, f, i, -ENOEXEC,
				 "the address of a function "
				 "without a relocation");
	if ((in->src_reg == BPF_PSEUDO_MAP_FD ||
	     in->src_reg == BPF_PSEUDO_MAP_VALUE) &&
	    (u32)in->imm >= k->l->maps.len)
		return link_fail(k, f, i, -ENOEXEC,
				 "a map without a relocation");
	return 0;
}

static int copy_insns(struct link *k)
{
	const struct piece *piece;

	k->p->insns = load_alloc(k->l, k->p->insn_cnt, sizeof(*k->p->insns));
	if (!k->p->insns)
		return load_nomem(k->l);
	vec_each (piece, &k->pieces) {
		const struct func *f = &k->l->funcs.items[piece->func];
		const struct code *c = &k->l->codes.items[f->code];

		memcpy(k->p->insns + piece->at, c->insns + f->start,
		       f->cnt * sizeof(*c->insns));
		for (u32 i = 0; i < f->cnt; i++) {
			int ret =
				fix_insn(k, piece, i, c->target[f->start + i]);

			if (ret)
				return ret;
		}
	}
	return 0;
}

/* The records of a function: count from *first on. */
static u32 records_of(const struct load *l, const struct ext_info *info,
		      const struct func *f, const u8 **first)
{
	const struct section *s = l->codes.items[f->code].section;
	const struct ext_records *r;
	u32 cnt = 0;

	vec_each (r, &info->sections) {
		u32 low = 0, high = r->cnt;

		if (r->section != s)
			continue;
		while (low < high) {
			u32 mid = low + (high - low) / 2;

			if (*(const u32 *)(r->records +
					   (u64)mid * info->rec_size) /
				    sizeof(struct bpf_insn) <
			    f->start)
				low = mid + 1;
			else
				high = mid;
		}
		*first = r->records + (u64)low * info->rec_size;
		while (low + cnt < r->cnt &&
		       *(const u32 *)(*first + (u64)cnt * info->rec_size) /
				       sizeof(struct bpf_insn) <
			       f->start + f->cnt)
			cnt++;
		if (cnt)
			break;
	}
	return cnt;
}

/* The records of all pieces, moved to where these are now. */
static int copy_records(struct link *k, const struct ext_info *info, u8 **out,
			u32 *cnt)
{
	const struct piece *piece;
	const u8 *first;
	u8 *to;

	*cnt = 0;
	vec_each (piece, &k->pieces)
		*cnt += records_of(k->l, info, &k->l->funcs.items[piece->func],
				   &first);
	if (!*cnt)
		return 0;
	to = *out = load_alloc(k->l, *cnt, info->rec_size);
	if (!to)
		return load_nomem(k->l);
	vec_each (piece, &k->pieces) {
		const struct func *f = &k->l->funcs.items[piece->func];
		u32 n = records_of(k->l, info, f, &first);

		for (u32 i = 0; i < n; i++, to += info->rec_size) {
			memcpy(to, first + (u64)i * info->rec_size,
			       info->rec_size);
			*(u32 *)to = *(u32 *)to / 8 - f->start + piece->at;
		}
	}
	return 0;
}

static int set_lines(struct link *k, const u8 *records, u32 cnt, u32 rec_size)
{
	struct prog_line *lines;

	if (!cnt)
		return 0;
	lines = load_alloc(k->l, cnt, sizeof(*lines));
	if (!lines)
		return load_nomem(k->l);
	for (u32 i = 0; i < cnt; i++) {
		const struct bpf_line_info *r =
			(const void *)(records + (u64)i * rec_size);
		const char *file = ext_string(k->l, r->file_name_off);
		const char *text = ext_string(k->l, r->line_off);

		lines[i] = (struct prog_line){
			.insn = r->insn_off,
			.line = BPF_LINE_INFO_LINE_NUM(r->line_col),
			.column = BPF_LINE_INFO_LINE_COL(r->line_col),
			.file = file ? file : "",
			.text = text ? text : "",
		};
	}
	k->p->lines = lines;
	k->p->line_cnt = cnt;
	return 0;
}

static u32 func_type(const struct load *l, u32 id)
{
	const struct btf_type *t =
		id <= btf_type_count(l->btf) ? btf_type(l->btf, id) : NULL;

	return id && t && type_kind(t) == BTF_KIND_FUNC ? id : 0;
}

/* Linux takes the records of all functions or none. */
static bool complete(const struct link *k, const u8 *records, u32 cnt,
		     u32 rec_size)
{
	u32 i = 0;

	for (u32 n = 0; n < k->pieces.len; n++) {
		while (i < cnt && *(const u32 *)(records + (u64)i * rec_size) <
					  k->pieces.items[n].at)
			i++;
		if (i == cnt || *(const u32 *)(records + (u64)i * rec_size) !=
					k->pieces.items[n].at)
			return false;
	}
	return true;
}

static int set_funcs(struct link *k, const u8 *records, u32 cnt, u32 rec_size)
{
	struct prog_func *funcs;
	u32 rec = 0;

	funcs = load_alloc(k->l, k->pieces.len, sizeof(*funcs));
	if (!funcs)
		return load_nomem(k->l);
	for (u32 i = 0; i < k->pieces.len; i++) {
		const struct piece *piece = &k->pieces.items[i];
		const struct bpf_func_info *r;

		funcs[i].insn = piece->at;
		funcs[i].name = k->l->funcs.items[piece->func].name;
		for (; rec < cnt; rec++) {
			r = (const void *)(records + (u64)rec * rec_size);
			if (r->insn_off < piece->at)
				continue;
			if (r->insn_off == piece->at)
				funcs[i].type_id = func_type(k->l, r->type_id);
			break;
		}
	}
	k->p->funcs = funcs;
	k->p->func_cnt = k->pieces.len;
	return 0;
}

static int set_records(struct link *k)
{
	const struct ext_info *fi = &k->l->func_info, *li = &k->l->line_info;
	u8 *funcs = NULL, *lines = NULL;
	u32 func_cnt, line_cnt;
	int ret;

	ret = copy_records(k, fi, &funcs, &func_cnt);
	if (!ret)
		ret = copy_records(k, li, &lines, &line_cnt);
	if (!ret)
		ret = set_funcs(k, funcs, func_cnt, fi->rec_size);
	if (!ret)
		ret = set_lines(k, lines, line_cnt, li->rec_size);
	if (ret || func_cnt != k->pieces.len ||
	    !complete(k, funcs, func_cnt, fi->rec_size))
		return ret;
	k->p->func_info = funcs;
	k->p->func_info_cnt = func_cnt;
	k->p->func_info_rec_size = fi->rec_size;
	if (!complete(k, lines, line_cnt, li->rec_size))
		return 0;
	k->p->line_info = lines;
	k->p->line_info_cnt = line_cnt;
	k->p->line_info_rec_size = li->rec_size;
	return 0;
}

/* The first failure at or after an instruction. */
static u32 failure_at(const struct load *l, u32 code, u32 insn)
{
	u32 low = 0, high = l->core_failures.len;

	while (low < high) {
		u32 mid = low + (high - low) / 2;
		const struct core_failure *f = &l->core_failures.items[mid];

		if (f->code < code || (f->code == code && f->insn < insn))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* How many there are; out NULL: only counts. */
static u32 put_failures(const struct link *k, struct elf_invalid *out)
{
	const struct piece *piece;
	u32 n = 0;

	vec_each (piece, &k->pieces) {
		const struct func *f = &k->l->funcs.items[piece->func];
		u32 i = failure_at(k->l, f->code, f->start);

		for (; i < k->l->core_failures.len; i++, n++) {
			const struct core_failure *c =
				&k->l->core_failures.items[i];

			if (c->code != f->code || c->insn >= f->start + f->cnt)
				break;
			if (out)
				out[n] = (struct elf_invalid){
					c->insn - f->start + piece->at, c->why
				};
		}
	}
	return n;
}

static int set_invalid(struct link *k)
{
	struct elf_invalid *list;
	u32 n = put_failures(k, NULL);

	if (!n)
		return 0;
	list = load_alloc(k->l, n, sizeof(*list));
	if (!list)
		return load_nomem(k->l);
	put_failures(k, list);
	k->p->invalid = list;
	k->p->invalid_cnt = n;
	return 0;
}

int link_prog(struct load *l, u32 func, struct elf_prog *p)
{
	struct link k = { .l = l, .p = p };
	const struct piece *piece;
	int ret;

	if (!l->link_at) {
		l->link_at = malloc(l->funcs.len * sizeof(*l->link_at));
		if (!l->link_at)
			return load_nomem(l);
		memset(l->link_at, 0xff, l->funcs.len * sizeof(*l->link_at));
	}
	k.at = l->link_at;
	ret = collect(&k, func);
	if (!ret)
		ret = copy_insns(&k);
	if (!ret)
		ret = set_records(&k);
	if (!ret)
		ret = set_invalid(&k);
	vec_each (piece, &k.pieces)
		k.at[piece->func] = NONE;
	vec_free(&k.pieces);
	vec_free(&k.stack);
	return ret;
}
