/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * equal.c - does a state admit all that another does?
 *
 * E1  Ids are names: what is called one thing in the old state is called one
 *     thing in the new one, whatever the name.
 * E2  What no later instruction reads may be anything, and so may numbers that
 *     decided nothing, once it is known what decides.
 */
#include "verify/verifier.h"

#define IDS_MAX (BPF_MAX_FRAMES * (11 + STACK_SLOTS) * 2 + 64)

struct ids {
	u32 cnt;
	u32 fresh; /* names for what has none */
	struct {
		u32 old, cur;
	} at[IDS_MAX];
};

static bool same_id(struct ids *ids, u32 old, u32 cur)
{
	if (!old != !cur)
		return false;
	if (!old)
		return true;
	for (u32 i = 0; i < ids->cnt; i++) {
		if (ids->at[i].old == old)
			return ids->at[i].cur == cur;
		if (ids->at[i].cur == cur)
			return false;
	}
	if (ids->cnt == IDS_MAX)
		return false;
	ids->at[ids->cnt].old = old;
	ids->at[ids->cnt++].cur = cur;
	return true;
}

/* A number without an id has one of its own. */
static bool same_number(struct ids *ids, const struct reg *old,
			const struct reg *cur)
{
	u32 a = old->id & ~ID_DELTA, b = cur->id & ~ID_DELTA;

	if ((old->id ^ cur->id) & ID_DELTA)
		return false;
	if (old->id & ID_DELTA && old->off != cur->off)
		return false;
	a = a ? a : ++ids->fresh;
	b = b ? b : ++ids->fresh;
	return same_id(ids, a, b);
}

static bool same_exactly(struct ids *ids, const struct reg *old,
			 const struct reg *cur)
{
	if (old->kind == REG_SCALAR)
		return cur->kind == REG_SCALAR &&
		       memcmp(&old->var, &cur->var, sizeof(old->var)) == 0 &&
		       same_number(ids, old, cur);
	return reg_same(old, cur) && same_id(ids, old->id, cur->id) &&
	       same_id(ids, old->ref, cur->ref) &&
	       same_id(ids, old->dynptr_id, cur->dynptr_id);
}

static bool same_packet(struct ids *ids, const struct reg *old,
			const struct reg *cur)
{
	if (old->range < 0 ? old->range != cur->range : old->range > cur->range)
		return false;
	return old->off == cur->off && old->flags == cur->flags &&
	       same_id(ids, old->id, cur->id) &&
	       range_within(&old->var, &cur->var);
}

static bool same_memory(struct ids *ids, const struct reg *old,
			const struct reg *cur)
{
	return old->flags == cur->flags && old->off == cur->off &&
	       old->size == cur->size && old->map == cur->map &&
	       range_within(&old->var, &cur->var) &&
	       same_id(ids, old->id, cur->id) &&
	       same_id(ids, old->ref, cur->ref) &&
	       same_id(ids, old->dynptr_id, cur->dynptr_id);
}

static bool admits(struct ids *ids, const struct reg *old,
		   const struct reg *cur, enum equal how)
{
	if (how == EQUAL_EXACT)
		return same_exactly(ids, old, cur);
	if (old->kind == REG_UNINIT &&
	    (how == EQUAL_LIVE || cur->kind == REG_UNINIT))
		return true;
	if (old->kind != cur->kind)
		return false;
	switch (old->kind) {
	case REG_SCALAR:
		if (!old->precise && how == EQUAL_LIVE)
			return true;
		return range_within(&old->var, &cur->var) &&
		       same_number(ids, old, cur);
	case REG_MAP_KEY:
	case REG_MAP_VALUE:
	case REG_MEM: return same_memory(ids, old, cur);
	case REG_PKT:
	case REG_PKT_META: return same_packet(ids, old, cur);
	default: return same_exactly(ids, old, cur);
	}
}

/* ---- the stack ---- */

static bool is_any(u8 type)
{
	return type == SLOT_MISC || type == SLOT_INVALID;
}

static bool is_all_any(const struct slot *s)
{
	for (u32 i = 0; i < 8; i++)
		if (!is_any(s->byte[i]))
			return false;
	return true;
}

/* What a load of all eight bytes gives, if that is a number. */
static const struct reg *number_in(const struct slot *s,
				   const struct reg *unknown)
{
	if (s->byte[0] == SLOT_SPILL && slot_is_spilled_scalar(s))
		return &s->reg;
	return is_all_any(s) ? unknown : NULL;
}

static bool same_bytes(const struct slot *old, const struct slot *cur,
		       enum equal how)
{
	for (u32 i = 0; i < 8; i++) {
		u8 a = old->byte[i], b = cur->byte[i];

		if (a == b)
			continue;
		if (how != EQUAL_LIVE || !is_any(a))
			return false;
	}
	return true;
}

static bool same_object(struct ids *ids, const struct reg *old,
			const struct reg *cur)
{
	return old->dynptr == cur->dynptr && old->first == cur->first &&
	       old->iter == cur->iter && same_id(ids, old->ref, cur->ref) &&
	       same_id(ids, old->dynptr_id, cur->dynptr_id);
}

static bool slot_admits(struct ids *ids, const struct slot *old,
			const struct slot *cur, enum equal how)
{
	const struct reg unknown = reg_scalar();
	const struct reg *a, *b;

	if (how == EQUAL_LIVE && is_all_any(old))
		return true;
	a = number_in(old, &unknown);
	b = number_in(cur, &unknown);
	if (a && b &&
	    (how == EQUAL_LIVE || memcmp(old->byte, cur->byte, 8) == 0))
		return admits(ids, a, b, how);
	if (!same_bytes(old, cur, how))
		return false;
	switch (old->byte[7]) {
	case SLOT_SPILL: return admits(ids, &old->reg, &cur->reg, how);
	case SLOT_DYNPTR:
	case SLOT_ITER: return same_object(ids, &old->reg, &cur->reg);
	default: return true;
	}
}

static bool stack_admits(struct ids *ids, const struct frame *old,
			 const struct frame *cur, enum equal how)
{
	static const struct slot never_written;

	for (u32 i = 0; i < old->slots; i++) {
		if (how != EQUAL_LIVE && i >= cur->slots)
			return false;
		if (!slot_admits(ids, &old->stack[i],
				 i < cur->slots ? &cur->stack[i]
						: &never_written,
				 how))
			return false;
	}
	return true;
}

/* ---- states ---- */

static bool same_refs(struct ids *ids, const struct state *old,
		      const struct state *cur)
{
	if (old->ref_cnt != cur->ref_cnt || old->lock_map != cur->lock_map ||
	    !same_id(ids, old->lock_id, cur->lock_id))
		return false;
	for (u32 i = 0; i < old->ref_cnt; i++)
		if (!same_id(ids, old->refs[i].id, cur->refs[i].id))
			return false;
	return true;
}

bool state_same_calls(const struct state *a, const struct state *b)
{
	if (a->depth != b->depth)
		return false;
	for (u32 i = 0; i <= a->depth; i++)
		if (a->frames[i]->callsite != b->frames[i]->callsite)
			return false;
	return true;
}

bool state_admits(const struct verifier *v, const struct state *old,
		  const struct state *cur, enum equal how)
{
	struct ids ids;

	ids.cnt = 0;
	ids.fresh = v->id_gen;
	if (!state_same_calls(old, cur) || !same_refs(&ids, old, cur))
		return false;
	for (u32 n = 0; n <= old->depth; n++) {
		const struct frame *a = old->frames[n], *b = cur->frames[n];
		u32 live = live_regs(v, old, n, old->insn);

		if (a->subprog != b->subprog ||
		    a->callback_depth > b->callback_depth)
			return false;
		for (u32 i = 0; i < BPF_REG_10; i++)
			if (live >> i & 1 &&
			    !admits(&ids, &a->regs[i], &b->regs[i], how))
				return false;
		if (!stack_admits(&ids, a, b, how))
			return false;
	}
	return true;
}
