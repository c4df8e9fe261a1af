/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link.c - a program and the functions it reaches, as one sequence
 *
 * Functions follow in the order in which a walk over the code, callees before
 * what comes after the call, first meets them: libbpf's order.
 */
#include "elf/link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/insn.h"

/* Linux's limit of a program; and of all of an object's. */
#define PROG_INSNS_MAX 1000000u
#define OBJECT_INSNS_MAX 4000000u

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
		ret = link_records(&k);
	vec_each (piece, &k.pieces)
		k.at[piece->func] = NONE;
	vec_free(&k.pieces);
	vec_free(&k.stack);
	return ret;
}
