/* SPDX-License-Identifier: BSD-3-Clause */
/* state.c - states: made, copied, freed */
#include "verify/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reg reg_uninit(void)
{
	return (struct reg){ .var = range_unknown() };
}

struct reg reg_scalar(void)
{
	return (struct reg){ .kind = REG_SCALAR, .var = range_unknown() };
}

struct reg reg_const(u64 v)
{
	return (struct reg){ .kind = REG_SCALAR, .var = range_const(v) };
}

struct reg reg_pointer(enum reg_kind kind)
{
	return (struct reg){ .kind = (u8)kind, .var = range_const(0) };
}

bool reg_same(const struct reg *a, const struct reg *b)
{
	return a->kind == b->kind && a->flags == b->flags &&
	       a->frame == b->frame && a->dynptr == b->dynptr &&
	       a->first == b->first && a->iter == b->iter && a->off == b->off &&
	       a->size == b->size && a->map == b->map &&
	       memcmp(&a->var, &b->var, sizeof(a->var)) == 0;
}

/* ---- frames ---- */

int frame_grow(struct frame *f, u32 slots)
{
	struct slot *grown;

	if (slots <= f->slots)
		return 0;
	if (slots > f->cap) {
		grown = reallocarray(f->stack, slots, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		f->stack = grown;
		f->cap = slots;
	}
	for (u32 i = f->slots; i < slots; i++)
		f->stack[i] = (struct slot){ .reg = reg_uninit() };
	f->slots = slots;
	return 0;
}

static void frame_free(struct frame *f)
{
	if (!f)
		return;
	free(f->stack);
	free(f);
}

static int frame_copy(struct frame *to, const struct frame *from)
{
	struct slot *stack = to->stack;
	u32 cap = to->cap;

	if (from->slots > cap) {
		stack = reallocarray(stack, from->slots, sizeof(*stack));
		if (!stack)
			return -ENOMEM;
		cap = from->slots;
	}
	*to = *from;
	to->stack = stack;
	to->cap = cap;
	if (from->slots)
		memcpy(stack, from->stack, from->slots * sizeof(*stack));
	return 0;
}

struct frame *frame_push(struct state *s, u32 subprog, u32 callsite)
{
	struct frame *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	for (u32 i = 0; i < ARRAY_LEN(f->regs); i++)
		f->regs[i] = reg_uninit();
	if (s->frames[0])
		s->depth++;
	f->regs[BPF_REG_10] = reg_pointer(REG_STACK);
	f->regs[BPF_REG_10].frame = (u8)s->depth;
	f->subprog = subprog;
	f->callsite = callsite;
	s->frames[s->depth] = f;
	return f;
}

void frame_pop(struct state *s)
{
	frame_free(s->frames[s->depth]);
	s->frames[s->depth] = NULL;
	if (s->depth)
		s->depth--;
}

/* ---- states ---- */

struct state *state_new(void)
{
	return calloc(1, sizeof(struct state));
}

void state_free(struct state *s)
{
	if (!s)
		return;
	for (u32 i = 0; i < BPF_MAX_FRAMES; i++)
		frame_free(s->frames[i]);
	free(s->refs);
	free(s->steps);
	free(s->links);
	free(s);
}

static int copy_refs(struct state *to, const struct state *from)
{
	if (from->ref_cnt > to->ref_cap) {
		struct ref *refs =
			reallocarray(to->refs, from->ref_cnt, sizeof(*refs));

		if (!refs)
			return -ENOMEM;
		to->refs = refs;
		to->ref_cap = from->ref_cnt;
	}
	if (from->ref_cnt)
		memcpy(to->refs, from->refs, from->ref_cnt * sizeof(*to->refs));
	to->ref_cnt = from->ref_cnt;
	return 0;
}

int state_copy(struct state *to, const struct state *from)
{
	for (u32 i = from->depth + 1; i < BPF_MAX_FRAMES; i++) {
		frame_free(to->frames[i]);
		to->frames[i] = NULL;
	}
	for (u32 i = 0; i <= from->depth; i++) {
		if (!to->frames[i])
			to->frames[i] = calloc(1, sizeof(*to->frames[i]));
		if (!to->frames[i] ||
		    frame_copy(to->frames[i], from->frames[i]))
			return -ENOMEM;
	}
	if (copy_refs(to, from))
		return -ENOMEM;
	to->depth = from->depth;
	to->lock_map = from->lock_map;
	to->lock_id = from->lock_id;
	to->may_goto_depth = from->may_goto_depth;
	to->callback_unroll = from->callback_unroll;
	to->parent = from->parent;
	to->first_insn = from->first_insn;
	to->last_insn = from->last_insn;
	to->branches = from->branches;
	return 0;
}

/* ---- references ---- */

int state_add_ref(struct state *s, u32 id, u32 insn)
{
	struct ref *ref;

	if (s->ref_cnt == s->ref_cap) {
		u32 cap = s->ref_cap ? s->ref_cap * 2 : 4;
		struct ref *refs = reallocarray(s->refs, cap, sizeof(*refs));

		if (!refs)
			return -ENOMEM;
		s->refs = refs;
		s->ref_cap = cap;
	}
	ref = &s->refs[s->ref_cnt++];
	*ref = (struct ref){ .id = id, .insn = insn };
	return 0;
}

bool state_has_ref(const struct state *s, u32 id)
{
	for (u32 i = 0; i < s->ref_cnt; i++)
		if (s->refs[i].id == id)
			return true;
	return false;
}

bool state_drop_ref(struct state *s, u32 id)
{
	for (u32 i = 0; i < s->ref_cnt; i++) {
		if (s->refs[i].id != id)
			continue;
		s->refs[i] = s->refs[--s->ref_cnt];
		return true;
	}
	return false;
}
