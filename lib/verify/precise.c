/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * precise.c - numbers that decided something, back to where they came from
 *
 * A number's bounds matter to later states only if something relied on them: a
 * jump that was decided, an access that was in bounds.  Then the number, and
 * all that it was computed from, is marked in the states on the way here; the
 * rest may be anything when states are compared.
 *
 * Q1  The walk back follows the path exactly: straight on, or by the steps
 *     that were remembered at jumps.
 * Q2  What cannot be followed marks everything.
 */
#include <stdlib.h>

#include "verify/verifier.h"

struct marks {
	u32 frame;
	u32 regs[BPF_MAX_FRAMES];
	u64 slots[BPF_MAX_FRAMES];
};

#define UNKNOWN_PATH 1
#define REGS_ARGS 0x3eu

/* ---- steps ---- */

static struct step *step_new(struct verifier *v)
{
	struct state *s = v->cur;

	if (v->step)
		return v->step;
	if (s->step_cnt == s->step_cap) {
		u32 cap = s->step_cap ? s->step_cap * 2 : 8;
		struct step *grown =
			reallocarray(s->steps, cap, sizeof(*grown));

		if (!grown) {
			no_memory(v);
			return NULL;
		}
		s->steps = grown;
		s->step_cap = cap;
	}
	v->step = &s->steps[s->step_cnt++];
	*v->step = (struct step){ .insn = v->insn, .prev = v->prev };
	return v->step;
}

int step_add(struct verifier *v, u32 flags, u32 slot, u32 frame)
{
	struct step *step;

	if (v->attr->no_prune) /* nobody asks for the way back */
		return 0;
	step = step_new(v);
	if (!step)
		return -ENOMEM;
	if (flags) {
		step->flags |= (u8)flags;
		step->slot = (u8)slot;
		step->frame = (u8)frame;
	}
	return 0;
}

int step_link(struct verifier *v, const struct links *links)
{
	struct state *s = v->cur;
	struct step *step;

	if (v->attr->no_prune)
		return 0;
	step = step_new(v);
	if (!step)
		return -ENOMEM;
	if (s->link_cnt == s->link_cap) {
		u32 cap = s->link_cap ? s->link_cap * 2 : 4;
		struct links *grown =
			reallocarray(s->links, cap, sizeof(*grown));

		if (!grown)
			return no_memory(v);
		s->links = grown;
		s->link_cap = cap;
	}
	s->links[s->link_cnt++] = *links;
	step->linked = s->link_cnt;
	return 0;
}

/* ---- one instruction back ---- */

static bool has(const struct marks *m, u32 reg)
{
	return m->regs[m->frame] >> reg & 1;
}

static void set(struct marks *m, u32 reg)
{
	if (reg != BPF_REG_10)
		m->regs[m->frame] |= 1u << reg;
}

static void clear(struct marks *m, u32 reg)
{
	m->regs[m->frame] &= ~(1u << reg);
}

static bool empty(const struct marks *m)
{
	for (u32 i = 0; i <= m->frame; i++)
		if (m->regs[i] || m->slots[i])
			return false;
	return true;
}

static void sync_links(struct marks *m, const struct state *s,
		       const struct step *step)
{
	const struct links *l;
	bool some = false;

	if (!step || !step->linked)
		return;
	l = &s->links[step->linked - 1];
	for (u32 i = 0; i < l->cnt; i++)
		some |= l->at[i].is_slot
				? m->slots[l->at[i].frame] >> l->at[i].index & 1
				: m->regs[l->at[i].frame] >> l->at[i].index & 1;
	for (u32 i = 0; some && i < l->cnt; i++) {
		if (l->at[i].is_slot)
			m->slots[l->at[i].frame] |= 1ull << l->at[i].index;
		else
			m->regs[l->at[i].frame] |= 1u << l->at[i].index;
	}
}

static int back_alu(struct marks *m, const struct bpf_insn *insn)
{
	if (!has(m, insn->dst_reg))
		return 0;
	switch (BPF_OP(insn->code)) {
	case BPF_END:
	case BPF_NEG: return 0;
	case BPF_MOV: clear(m, insn->dst_reg); break;
	default: break;
	}
	if (BPF_SRC(insn->code) == BPF_X)
		set(m, insn->src_reg);
	return 0;
}

static void back_fill(struct marks *m, u32 reg, const struct step *step)
{
	if (!has(m, reg))
		return;
	clear(m, reg);
	if (step && step->flags & STEP_STACK)
		m->slots[step->frame] |= 1ull << step->slot;
}

static int back_store(struct marks *m, const struct bpf_insn *insn,
		      const struct step *step)
{
	const struct opcode *op = opcode_find(insn);

	switch (op->form) {
	case FORM_LOAD_ACQ: back_fill(m, insn->dst_reg, step); return 0;
	case FORM_FETCH: back_fill(m, insn->src_reg, step); break;
	case FORM_CMPXCHG: back_fill(m, BPF_REG_0, step); break;
	default: break;
	}
	if (has(m, insn->dst_reg))
		return UNKNOWN_PATH;
	if (op->form == FORM_FETCH || op->form == FORM_CMPXCHG ||
	    op->form == FORM_ATOMIC)
		return 0;
	if (!step || !(step->flags & STEP_STACK) ||
	    !(m->slots[step->frame] >> step->slot & 1))
		return 0;
	m->slots[step->frame] &= ~(1ull << step->slot);
	if (op->form == FORM_STX || op->form == FORM_STORE_REL)
		set(m, insn->src_reg);
	return 0;
}

/* Out of the callee, to the call that entered it. */
static int leave_callee(struct marks *m, bool args)
{
	u32 regs = m->regs[m->frame];

	if (!m->frame || regs & ~REGS_ARGS || m->slots[m->frame])
		return UNKNOWN_PATH;
	m->regs[m->frame] = 0;
	m->frame--;
	if (args)
		m->regs[m->frame] |= regs;
	return 0;
}

/* A load from the packet or a tail call: its result is a number like any; or it
 * ended the function that it is in. */
static int back_ending(struct marks *m, bool ended)
{
	clear(m, BPF_REG_0);
	if (m->regs[m->frame] & REGS_ARGS ||
	    (ended && m->frame + 1 == BPF_MAX_FRAMES))
		return UNKNOWN_PATH;
	if (ended) {
		m->frame++;
		m->regs[m->frame] = 0;
		m->slots[m->frame] = 0;
	}
	return 0;
}

/* subseq: the instruction that ran after this one. */
static int back_call(const struct verifier *v, struct marks *m, u32 at,
		     u32 subseq)
{
	const struct bpf_insn *insn = &v->insns[at];

	if (insn->src_reg == BPF_PSEUDO_CALL) {
		u32 to = at + 1 + (u32)insn->imm;

		if (!v->subprogs[v->aux[to].subprog].global)
			return leave_callee(m, true);
	} else if (v->aux[at].calls_callback && subseq != at + 1) {
		return leave_callee(m, false);
	} else if (!insn->src_reg && insn->imm == BPF_FUNC_tail_call) {
		return back_ending(m, subseq != at + 1);
	}
	clear(m, BPF_REG_0);
	return m->regs[m->frame] & REGS_ARGS ? UNKNOWN_PATH : 0;
}

/* Into the callee that returned. */
static int back_exit(const struct verifier *v, struct marks *m, u32 subseq)
{
	bool callback = subseq != NO_INSN && v->aux[subseq].calls_callback;
	bool r0;

	if (callback)
		m->regs[m->frame] &= ~REGS_ARGS;
	if (m->regs[m->frame] & REGS_ARGS || m->frame + 1 == BPF_MAX_FRAMES)
		return UNKNOWN_PATH;
	r0 = !callback && has(m, BPF_REG_0);
	if (!callback)
		clear(m, BPF_REG_0);
	m->frame++;
	m->regs[m->frame] = r0 ? 1u << BPF_REG_0 : 0;
	m->slots[m->frame] = 0;
	return 0;
}

static int back_jump(const struct verifier *v, struct marks *m, u32 at,
		     u32 subseq)
{
	const struct bpf_insn *insn = &v->insns[at];

	if (BPF_CLASS(insn->code) == BPF_JMP) {
		switch (BPF_OP(insn->code)) {
		case BPF_CALL: return back_call(v, m, at, subseq);
		case BPF_EXIT: return back_exit(v, m, subseq);
		case BPF_JA:
		case BPF_JCOND: return 0;
		default: break;
		}
	}
	if (BPF_OP(insn->code) == BPF_JA || BPF_SRC(insn->code) != BPF_X)
		return 0;
	if (has(m, insn->dst_reg) || has(m, insn->src_reg)) {
		set(m, insn->dst_reg);
		set(m, insn->src_reg);
	}
	return 0;
}

static int back(const struct verifier *v, const struct state *s,
		struct marks *m, u32 at, u32 subseq, const struct step *step)
{
	const struct bpf_insn *insn = &v->insns[at];
	int ret = 0;

	if (!insn->code)
		return 0;
	sync_links(m, s, step);
	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64: return back_alu(m, insn);
	case BPF_LDX: back_fill(m, insn->dst_reg, step); return 0;
	case BPF_ST:
	case BPF_STX: return back_store(m, insn, step);
	case BPF_LD:
		if (!insn_is_wide(insn))
			return back_ending(m, subseq != at + 1);
		clear(m, insn->dst_reg);
		return 0;
	default:
		ret = back_jump(v, m, at, subseq);
		sync_links(m, s, step);
		return ret;
	}
}

/* ---- the way back ---- */

u32 step_previous(const struct state *s, u32 at, u32 *steps)
{
	u32 n = *steps;

	if (at == s->first_insn && (!n || (n == 1 && s->steps[0].insn == at)))
		return NO_INSN;
	if (n && s->steps[n - 1].insn == at) {
		*steps = n - 1;
		return s->steps[n - 1].prev;
	}
	return at - 1;
}

/* From at to the start of the state. */
static int walk_back(const struct verifier *v, const struct state *s,
		     struct marks *m, u32 at, u32 subseq, bool skip)
{
	u32 steps = s->step_cnt;

	for (; at != NO_INSN; skip = false) {
		const struct step *step =
			steps && s->steps[steps - 1].insn == at
				? &s->steps[steps - 1]
				: NULL;

		if (!skip && back(v, s, m, at, subseq, step))
			return UNKNOWN_PATH;
		if (empty(m))
			return 0;
		subseq = at;
		at = step_previous(s, at, &steps);
		if (at != NO_INSN && at >= v->cnt)
			return UNKNOWN_PATH;
	}
	return 0;
}

static bool need(struct reg *r, bool *changed)
{
	if (r->kind != REG_SCALAR || r->precise)
		return false;
	r->precise = true;
	*changed = true;
	return true;
}

/* Marks what the state does not have marked; only that goes on. */
static void mark_state(struct state *s, struct marks *m, bool *changed)
{
	for (u32 n = 0; n <= m->frame; n++) {
		struct frame *f = s->frames[n];

		for (u32 i = 0; i < BPF_REG_10; i++)
			if (m->regs[n] >> i & 1 && !need(&f->regs[i], changed))
				m->regs[n] &= ~(1u << i);
		for (u32 i = 0; i < STACK_SLOTS && m->slots[n] >> i; i++) {
			if (!(m->slots[n] >> i & 1))
				continue;
			if (i >= f->slots ||
			    !slot_is_spilled_scalar(&f->stack[i]) ||
			    !need(&f->stack[i].reg, changed))
				m->slots[n] &= ~(1ull << i);
		}
	}
}

/* Q2 */
void precise_all(struct state *s)
{
	struct reg *r;

	for (s = s->parent; s && !s->all_precise; s = s->parent) {
		s->all_precise = true;
		state_each_reg(s, f, r, i)
		{
			if (r->kind == REG_SCALAR)
				r->precise = true;
		}
	}
}

static int mark_chain(struct verifier *v, struct state *from, struct marks *m,
		      bool *changed)
{
	u32 at = from->insn, subseq = NO_INSN;
	struct state *s = from;
	bool skip = true;

	while (!v->attr->no_prune && !empty(m)) {
		if (at == NO_INSN) /* arguments of a function walked alone */
			return 0;
		if (walk_back(v, s, m, at, subseq, skip)) {
			precise_all(from);
			*changed = true;
			return 0;
		}
		if (empty(m))
			return 0;
		skip = false;
		subseq = s->first_insn;
		s = s->parent;
		if (!s)
			break;
		if (m->frame != s->depth) {
			precise_all(from);
			*changed = true;
			return 0;
		}
		mark_state(s, m, changed);
		at = s->last_insn;
	}
	if (!v->attr->no_prune && !empty(m))
		precise_all(from);
	return 0;
}

int precise_mark(struct verifier *v, u32 regno)
{
	struct marks m = { .frame = v->cur->depth };
	bool changed = false;

	if (v->attr->no_prune ||
	    state_regs(v->cur)[regno].kind != REG_SCALAR)
		return 0;
	set(&m, regno);
	return mark_chain(v, v->cur, &m, &changed);
}

int precise_mark_slot(struct verifier *v, u32 frame, u32 slot)
{
	struct marks m = { .frame = v->cur->depth };
	bool changed = false;

	if (v->attr->no_prune)
		return 0;
	m.slots[frame] = 1ull << slot;
	return mark_chain(v, v->cur, &m, &changed);
}

int precise_inherit(struct verifier *v, const struct state *old,
		    struct state *cur, bool *changed)
{
	struct marks m = { .frame = cur->depth };

	for (u32 n = 0; n <= old->depth; n++) {
		const struct frame *f = old->frames[n];

		for (u32 i = 0; i < BPF_REG_10; i++)
			if (f->regs[i].kind == REG_SCALAR && f->regs[i].precise)
				m.regs[n] |= 1u << i;
		for (u32 i = 0; i < f->slots; i++)
			if (slot_is_spilled_scalar(&f->stack[i]) &&
			    f->stack[i].reg.precise)
				m.slots[n] |= 1ull << i;
	}
	return mark_chain(v, cur, &m, changed);
}
