/* SPDX-License-Identifier: BSD-3-Clause */
/* embed.c - states that are kept, and what a run is compared with */
#include "verify/embed.h"

#include <stdlib.h>

#include "verify/verifier.h"

struct at {
	struct state *stored;
	struct state *passed; /* copies of those that were not */
	u64 slots;	      /* read later */
	u64 call_slots;	      /* of the callers, while this call runs */
	u16 regs;
};

struct verify_states {
	const struct verify_map *maps;
	bool all; /* E1 */
	u32 cnt;
	struct at at[];
};

/* ---- keeping ---- */

int embed_init(struct verifier *v)
{
	struct verify_states *s;

	if (!v->attr->keep_states)
		return 0;
	s = calloc(1, sizeof(*s) + v->cnt * sizeof(s->at[0]));
	if (!s)
		return no_memory(v);
	s->maps = v->attr->maps;
	s->all = v->attr->no_prune;
	s->cnt = v->cnt;
	v->result->states = s;
	return 0;
}

int embed_pass(struct verifier *v)
{
	struct verify_states *kept = v->result->states;
	struct state *s;

	if (!kept ||
	    (v->stored[v->insn] && v->cur->parent == v->stored[v->insn] &&
	     v->last_processed == v->result->processed))
		return 0;
	s = state_new();
	if (!s || state_copy(s, v->cur)) {
		state_free(s);
		return no_memory(v);
	}
	s->next = kept->at[v->insn].passed;
	kept->at[v->insn].passed = s;
	return 0;
}

void embed_release(struct verifier *v, struct state *s)
{
	struct verify_states *kept = v->result->states;

	if (!kept) {
		state_free(s);
		return;
	}
	s->next = kept->at[s->insn].stored;
	kept->at[s->insn].stored = s;
}

void embed_finish(struct verifier *v)
{
	struct verify_states *kept = v->result->states;

	if (!kept || v->result->code)
		return;
	for (u32 i = 0; i < v->cnt; i++) {
		kept->at[i].regs = v->aux[i].live_regs;
		kept->at[i].slots = v->aux[i].stack_live;
		kept->at[i].call_slots = live_in_call(v, i);
	}
}

static void free_states(struct state *s)
{
	while (s) {
		struct state *next = s->next;

		state_free(s);
		s = next;
	}
}

void verify_states_free(struct verify_states *states)
{
	for (u32 i = 0; states && i < states->cnt; i++) {
		free_states(states->at[i].stored);
		free_states(states->at[i].passed);
	}
	free(states);
}

/* ---- comparing ---- */

/* Numbers that a state calls one. */
struct named {
	u32 cnt;
	struct {
		u32 id;
		u64 number;
	} at[64];
};

struct compare {
	const struct verify_states *states;
	const struct embed_view *view;
	u32 below; /* frames of the run that are none of the state's: it is of a
		      function that was walked alone */
	bool numbers; /* all of them hold */
	bool precise; /* those that are precise do */
	struct named named;
};

/* S2 */
static bool same_number(struct compare *c, const struct reg *r, u64 bits)
{
	u32 id = r->id & ~ID_DELTA;
	struct named *n = &c->named;

	if (!id || !c->numbers)
		return true;
	if (r->id & ID_DELTA)
		bits -= (u64)(s64)r->off;
	if (r->id & ID_DELTA32)
		bits = (u32)bits;
	for (u32 i = 0; i < n->cnt; i++)
		if (n->at[i].id == id)
			return n->at[i].number == bits;
	if (n->cnt < ARRAY_LEN(n->at)) {
		n->at[n->cnt].id = id;
		n->at[n->cnt++].number = bits;
	}
	return true;
}

static bool number_holds(struct compare *c, const struct reg *r, u64 bits,
			 u32 bytes)
{
	struct range var = r->var;

	if (!c->numbers && !(c->precise && r->precise))
		return true;
	if (bytes < 8)
		range_zext(&var, bytes * 8);
	return range_has(&var, bits) && same_number(c, r, bits);
}

static bool range_holds(const struct reg *r, const struct embed_value *x)
{
	if (r->range == BEYOND_END)
		return x->room < 0;
	if (r->range == AT_END)
		return x->room <= 0;
	/* id's bytes start where off is 0 */
	return !r->range || x->room + r->off >= r->range;
}

static bool map_holds(const struct compare *c, const struct reg *r,
		      const struct embed_value *x)
{
	return x->map == UINT32_MAX || r->map == &c->states->maps[x->map];
}

static const u8 kinds[REG_KINDS] = {
	[REG_SCALAR] = EMBED_NUMBER, [REG_CTX] = EMBED_CTX,
	[REG_STACK] = EMBED_STACK,   [REG_PKT] = EMBED_PACKET,
	[REG_PKT_META] = EMBED_META, [REG_PKT_END] = EMBED_PACKET_END,
	[REG_MAP] = EMBED_MAP,	     [REG_MAP_VALUE] = EMBED_VALUE,
	[REG_MEM] = EMBED_MEM,	     [REG_MAP_KEY] = EMBED_MEM,
	[REG_FUNC] = EMBED_FUNC,
};

/* A function that is walked alone does not know whose memory it is given. */
static bool is_given(const struct compare *c, const struct reg *r,
		     const struct embed_value *x)
{
	return c->below && r->kind == REG_MEM &&
	       (x->kind == EMBED_STACK || x->kind == EMBED_PACKET ||
		x->kind == EMBED_VALUE || x->kind == EMBED_MEM);
}

/* What a map of maps gives is no map until it is known to be there. */
static bool is_inner_map(const struct reg *r, const struct embed_value *x)
{
	return r->kind == REG_MAP_VALUE && r->flags & REG_OR_NULL &&
	       r->map->inner && x->kind == EMBED_MAP;
}

static bool value_holds(struct compare *c, const struct reg *r,
			const struct embed_value *x, u32 bytes)
{
	if (r->kind == REG_UNINIT)
		return true;
	if (x->kind == EMBED_NOTHING)
		return false;
	if (r->kind == REG_SCALAR)
		return number_holds(c, r, x->bits, bytes);
	if (r->flags & REG_OR_NULL && x->kind == EMBED_NUMBER && !x->bits)
		return true;
	if (is_inner_map(r, x) || is_given(c, r, x))
		return true;
	if (kinds[r->kind] != x->kind ||
	    !range_has(&r->var, (u64)(x->off - r->off)))
		return false;
	switch (r->kind) {
	case REG_STACK: return r->frame + c->below == x->frame;
	case REG_PKT:
	case REG_PKT_META: return range_holds(r, x);
	case REG_MAP:
	case REG_MAP_VALUE: return map_holds(c, r, x);
	case REG_MEM: return r->size <= x->size;
	default: return true;
	}
}

static bool slot_holds(struct compare *c, const struct slot *s,
		       const struct embed_value *x)
{
	struct embed_value low = *x;
	u32 spilled = 0;

	for (u32 i = 0; i < 8; i++)
		if (s->byte[7 - i] == SLOT_ZERO && (x->bits >> i * 8 & 0xff))
			return false;
	if (!slot_is_spill(s))
		return true;
	while (spilled < 8 && s->byte[7 - spilled] == SLOT_SPILL)
		spilled++;
	if (spilled < 8) {
		low.kind = EMBED_NUMBER;
		low.bits &= (1ull << spilled * 8) - 1;
	}
	return value_holds(c, &s->reg, &low, spilled);
}

static bool frame_holds(struct compare *c, const struct state *s, u32 n,
			u32 insn)
{
	const struct frame *f = s->frames[n];
	const struct at *at = &c->states->at[insn];
	bool top = n == s->depth;
	u32 regs, first = top ? 0 : BPF_REG_6;
	u64 slots;

	if (!top)
		at = &c->states->at[s->frames[n + 1]->callsite];
	regs = c->states->all ? UINT32_MAX : at->regs;
	slots = c->states->all ? UINT64_MAX : top ? at->slots : at->call_slots;
	for (u32 i = first; i < BPF_REG_10; i++) {
		struct embed_value x;

		if (!(regs >> i & 1) || f->regs[i].kind == REG_UNINIT)
			continue;
		x = c->view->reg(c->view, c->below + n, i);
		if (!value_holds(c, &f->regs[i], &x, 8))
			return false;
	}
	for (u32 i = 0; i < f->slots; i++) {
		struct embed_value x;

		if (!(slots >> i & 1))
			continue;
		x = c->view->slot(c->view, c->below + n, i);
		if (!slot_holds(c, &f->stack[i], &x))
			return false;
	}
	return true;
}

static bool state_holds(struct compare *c, const struct state *s, u32 insn)
{
	if (s->depth > c->view->depth)
		return false;
	c->below = c->view->depth - s->depth;
	if (!c->below != !s->frames[0]->subprog)
		return false;
	for (u32 n = 1; n <= s->depth; n++)
		if (s->frames[n]->callsite !=
		    c->view->callsite(c->view, c->below + n))
			return false;
	c->named.cnt = 0;
	for (u32 n = 0; n <= s->depth; n++)
		if (!frame_holds(c, s, n, insn))
			return false;
	return true;
}

enum embed_answer verify_states_admit(const struct verify_states *states,
				      u32 insn, const struct embed_view *view)
{
	const struct at *at = &states->at[insn];
	struct compare c = {
		.states = states,
		.view = view,
		.numbers = states->all,
		.precise = !at->passed,
	};

	if (!at->stored && !at->passed)
		return EMBED_UNREACHED;
	for (struct state *s = at->passed; s; s = s->next)
		if (state_holds(&c, s, insn))
			return EMBED_INSIDE;
	for (struct state *s = at->stored; s; s = s->next)
		if (state_holds(&c, s, insn))
			return EMBED_INSIDE;
	return EMBED_OUTSIDE;
}
