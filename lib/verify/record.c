/* SPDX-License-Identifier: BSD-3-Clause */
/* record.c - the path that failed, and what its instructions changed */
#include <stdlib.h>

#include "verify/history.h"

/* So many changes are kept, the last ones. */
#define CHANGES_MAX (1u << 15)

/* ---- the path ---- */

/* The instructions from a state's last back to its first, newest first. */
static int add_backwards(const struct verifier *v, const struct state *s,
			 u32 at, struct path *path, u32 cap)
{
	u32 steps = s->step_cnt;

	for (; at != NO_INSN; at = step_previous(s, at, &steps)) {
		if (at >= v->cnt || path->len == cap)
			return -EINVAL;
		if (!v->aux[at].wide_second)
			path->insns[path->len++] = at;
	}
	return 0;
}

static void reverse(struct path *path)
{
	for (u32 i = 0; i < path->len / 2; i++) {
		u32 *a = &path->insns[i];
		u32 *b = &path->insns[path->len - 1 - i];
		u32 swap = *a;

		*a = *b;
		*b = swap;
	}
}

int path_find(const struct verifier *v, struct path *path)
{
	u32 cap = v->result->processed + 1, at = v->cur->insn;
	int ret = 0;

	*path = (struct path){ .insns = calloc(cap, sizeof(*path->insns)) };
	if (!path->insns)
		return -ENOMEM;
	for (const struct state *s = v->cur; s && !ret; s = s->parent) {
		ret = add_backwards(v, s, at, path, cap);
		at = s->parent ? s->parent->last_insn : NO_INSN;
	}
	if (ret)
		path->len = 0;
	reverse(path);
	return ret;
}

/* ---- what changed ---- */

/* As far as a reader is concerned. */
static bool says_same(const struct reg *a, const struct reg *b)
{
	if (a->kind != b->kind || a->flags != b->flags)
		return false;
	if (a->kind == REG_UNINIT)
		return true;
	if (memcmp(&a->var, &b->var, sizeof(a->var)) != 0)
		return false;
	if (a->kind == REG_SCALAR)
		return true;
	return a->off == b->off && a->size == b->size && a->map == b->map &&
	       a->frame == b->frame && (!reg_is_packet(a) || a->id == b->id);
}

static struct reg value_at(const struct state *s, struct place p)
{
	const struct frame *f = p.frame <= s->depth ? s->frames[p.frame] : NULL;

	if (!f)
		return reg_uninit();
	if (!p.is_slot)
		return f->regs[p.index];
	if (p.index >= f->slots || !slot_is_spill(&f->stack[p.index]))
		return reg_uninit();
	return f->stack[p.index].reg;
}

static struct change *add(struct record *r, u32 pos, struct place place,
			  const struct state *after)
{
	struct change *c;

	if (r->changes.len == CHANGES_MAX) {
		r->changes.len /= 2;
		memmove(r->changes.items, r->changes.items + r->changes.len,
			r->changes.len * sizeof(*c));
	}
	c = vec_add(&r->changes);
	if (!c) {
		r->failed = true;
		return NULL;
	}
	c->pos = pos;
	c->place = place;
	c->before = value_at(r->last, place);
	c->after = value_at(after, place);
	return c;
}

static struct place reg_place(u32 frame, u32 reg)
{
	return (struct place){ .frame = (u8)frame, .index = (u8)reg };
}

/* The slot that a load or store uses, if it is one and known. */
static bool slot_used(const struct state *s, const struct bpf_insn *insn,
		      struct place *out)
{
	u32 base = BPF_CLASS(insn->code) == BPF_LDX ? insn->src_reg
						    : insn->dst_reg;
	const struct reg *r = &state_regs(s)[base];
	s64 off;

	if (BPF_CLASS(insn->code) != BPF_LDX &&
	    BPF_CLASS(insn->code) != BPF_ST && BPF_CLASS(insn->code) != BPF_STX)
		return false;
	if (r->kind != REG_STACK || !range_is_const(&r->var))
		return false;
	off = r->off + r->var.smin + insn->off;
	if (off >= 0 || off < -BPF_STACK_BYTES)
		return false;
	*out = (struct place){ .frame = r->frame,
			       .is_slot = true,
			       .index = (u8)slot_of((s32)off) };
	return true;
}

/* Its result is in r0; it does not keep r1 to r5. */
static bool is_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) ||
	       (BPF_CLASS(insn->code) == BPF_LD && !insn_is_wide(insn));
}

static bool is_move(const struct bpf_insn *insn)
{
	return (BPF_CLASS(insn->code) == BPF_ALU ||
		BPF_CLASS(insn->code) == BPF_ALU64) &&
	       BPF_OP(insn->code) == BPF_MOV && BPF_SRC(insn->code) == BPF_X;
}

/* Where a register that the instruction wrote has its value from. */
static void find_source(const struct record *r, const struct bpf_insn *insn,
			struct change *c)
{
	struct place slot;

	if (is_move(insn)) {
		c->has_from = true;
		c->from = reg_place(r->last->depth, insn->src_reg);
	} else if (BPF_CLASS(insn->code) == BPF_LDX &&
		   slot_used(r->last, insn, &slot) &&
		   value_at(r->last, slot).kind != REG_UNINIT) {
		c->has_from = true;
		c->from = slot;
	}
}

static void note_reg(struct verifier *v, u32 frame, u32 reg,
		     const struct bpf_insn *insn, u32 pos)
{
	struct record *r = v->record;
	struct place place = reg_place(frame, reg);
	struct reg was = value_at(r->last, place), is = value_at(v->cur, place);
	bool running = frame == r->last->depth;
	bool written = running && insn_writes(insn) >> reg & 1 &&
		       (!is_call(insn) || reg == BPF_REG_0);
	struct change *c;

	if (!written && says_same(&was, &is))
		return;
	c = add(r, pos, place, v->cur);
	if (!c)
		return;
	c->written = written;
	if (written) {
		find_source(r, insn, c);
		if (BPF_SRC(insn->code) == BPF_X ||
		    BPF_CLASS(insn->code) == BPF_LDX)
			c->other = state_regs(r->last)[insn->src_reg];
	}
}

static void note_slot(struct verifier *v, u32 frame, u32 slot,
		      const struct bpf_insn *insn, u32 pos)
{
	struct record *r = v->record;
	struct place place = { (u8)frame, true, (u8)slot }, used;
	struct reg was = value_at(r->last, place), is = value_at(v->cur, place);
	bool written = BPF_CLASS(insn->code) != BPF_LDX &&
		       slot_used(r->last, insn, &used) && used.frame == frame &&
		       used.index == slot;
	struct change *c;

	if (!written && says_same(&was, &is))
		return;
	c = add(r, pos, place, v->cur);
	if (!c)
		return;
	c->written = written;
	if (written && BPF_CLASS(insn->code) == BPF_STX &&
	    is.kind != REG_UNINIT) {
		c->has_from = true;
		c->from = reg_place(r->last->depth, insn->src_reg);
	}
}

/* The running function's registers are its caller's arguments. */
static void note_entry(struct verifier *v, const struct bpf_insn *insn, u32 pos)
{
	u32 frame = v->cur->depth;

	for (u32 i = BPF_REG_0; i <= BPF_REG_5; i++) {
		struct change *c =
			add(v->record, pos, reg_place(frame, i), v->cur);

		if (!c)
			return;
		c->written = c->entered = true;
		c->has_from = i && insn->src_reg == BPF_PSEUDO_CALL;
		c->from = reg_place(frame - 1, i);
	}
}

static void note_return(struct verifier *v, u32 pos)
{
	struct record *r = v->record;
	struct change *c =
		add(r, pos, reg_place(v->cur->depth, BPF_REG_0), v->cur);

	if (!c)
		return;
	c->written = c->has_from = true;
	c->from = reg_place(r->last->depth, BPF_REG_0);
}

static void note_all(struct verifier *v, u32 pos)
{
	struct record *r = v->record;
	const struct bpf_insn *insn = &v->insns[r->path->insns[pos]];
	bool returns = v->cur->depth < r->last->depth &&
		       insn->code == (BPF_JMP | BPF_EXIT) &&
		       !state_frame(r->last)->in_callback;

	if (v->cur->depth > r->last->depth)
		note_entry(v, insn, pos);
	for (u32 n = 0; n <= MIN(v->cur->depth, r->last->depth); n++) {
		u32 slots = MAX(v->cur->frames[n]->slots,
				r->last->frames[n]->slots);

		for (u32 i = returns && n == v->cur->depth; i < BPF_REG_10; i++)
			note_reg(v, n, i, insn, pos);
		for (u32 i = 0; i < slots; i++)
			note_slot(v, n, i, insn, pos);
	}
	if (returns)
		note_return(v, pos);
}

/* Another path went over the same instructions, and was not the one. */
static void forget_from(struct record *r, u32 pos)
{
	while (r->changes.len &&
	       r->changes.items[r->changes.len - 1].pos >= pos)
		r->changes.len--;
}

void record_insn(struct verifier *v)
{
	struct record *r = v->record;
	struct state *s = v->cur;
	u32 pos = s->path_pos;

	if (r->failed || pos >= r->path->len ||
	    r->path->insns[pos] != v->insn) {
		s->path_pos = UINT32_MAX;
		return;
	}
	forget_from(r, pos ? pos - 1 : 0);
	if (pos && r->last && r->last_pos + 1 == pos)
		note_all(v, pos - 1);
	if (!r->last)
		r->last = state_new();
	if (!r->last || state_copy(r->last, s))
		r->failed = true;
	r->last_pos = pos;
	s->path_pos++;
}

void record_free(struct record *r)
{
	state_free(r->last);
	vec_free(&r->changes);
}
