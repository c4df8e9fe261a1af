/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * live.c - what later instructions may read
 *
 * Two states differ only in what is read after them.  Registers are known from
 * the text.  Stack slots are known from the accesses seen so far: as every
 * path from a finished state has been walked, all that they read was seen.
 *
 * V1  A slot is alive before an instruction that was seen to read it, or after
 *     which it is alive, unless every visit wrote all of it.
 * V2  What a callee reads of a caller's stack counts as read by the call.
 * V3  stack_live only ever grows: what was learnt late spreads at once.
 */
#include <stdlib.h>

#include "verify/verifier.h"

#define CALLER_SAVED 0x3fu
#define ARGS 0x3eu

struct use {
	u32 reads, writes;
};

static u32 bit(u32 reg)
{
	return 1u << reg;
}

static u32 helper_args(u32 id)
{
	const struct helper *h = helper_proto(id);
	u32 n = 0;

	if (!h)
		return ARGS;
	while (n < ARRAY_LEN(h->arg) && h->arg[n] != ARG_NONE)
		n++;
	return ARGS & (bit(n + 1) - 1);
}

static struct use use_of_call(const struct bpf_insn *insn)
{
	struct use u = { ARGS, CALLER_SAVED };

	if (!insn->src_reg)
		u.reads = helper_args((u32)insn->imm);
	return u;
}

static struct use use_of(const struct bpf_insn *insn)
{
	const struct opcode *op = opcode_find(insn);
	const struct opcode_shape *shape;
	struct use u = { 0, 0 };

	if (!op)
		return u;
	shape = opcode_shape(op);
	switch (op->form) {
	case FORM_CALL:
	case FORM_KFUNC: return use_of_call(insn);
	case FORM_EXIT: u.reads = bit(BPF_REG_0); return u;
	case FORM_LD_ABS:
	case FORM_LD_IND:
		u.reads = bit(BPF_REG_6);
		u.writes = CALLER_SAVED;
		break;
	case FORM_CMPXCHG: u.reads = u.writes = bit(BPF_REG_0); break;
	default: break;
	}
	if (shape->dst == FIELD_READ || shape->dst == FIELD_BOTH)
		u.reads |= bit(insn->dst_reg);
	if (shape->dst == FIELD_WRITTEN || shape->dst == FIELD_BOTH)
		u.writes |= bit(insn->dst_reg);
	if (shape->src == FIELD_READ || shape->src == FIELD_BOTH)
		u.reads |= bit(insn->src_reg);
	if (shape->src == FIELD_BOTH)
		u.writes |= bit(insn->src_reg);
	return u;
}

u32 insn_writes(const struct bpf_insn *insn)
{
	return use_of(insn).writes;
}

u32 insn_regs(const struct bpf_insn *insn)
{
	struct use u = use_of(insn);

	return u.reads | u.writes;
}

static int find_preds(struct verifier *v)
{
	u32 next[2], *start, *preds;

	start = calloc(v->cnt + 2, sizeof(*start));
	preds = calloc((size_t)v->cnt * 2 + 1, sizeof(*preds));
	v->pred_start = start;
	v->preds = preds;
	if (!start || !preds)
		return no_memory(v);
	for (u32 i = 0; i < v->cnt; i++)
		if (!v->aux[i].wide_second)
			for (u32 n = insn_next(v, i, next); n; n--)
				start[next[n - 1] + 2]++;
	for (u32 i = 2; i < v->cnt + 2; i++)
		start[i] += start[i - 1];
	for (u32 i = 0; i < v->cnt; i++)
		if (!v->aux[i].wide_second)
			for (u32 n = insn_next(v, i, next); n; n--)
				preds[start[next[n - 1] + 1]++] = i;
	return 0;
}

static void find_live_regs(struct verifier *v)
{
	u32 n = 0, *work = v->work;

	for (u32 i = 0; i < v->cnt; i++) {
		if (v->aux[i].wide_second)
			continue;
		v->aux[i].queued = true;
		work[n++] = i;
	}
	while (n) {
		u32 at = work[--n], next[2], live = 0;
		struct use u = use_of(&v->insns[at]);

		v->aux[at].queued = false;
		for (u32 k = insn_next(v, at, next); k; k--)
			live |= v->aux[next[k - 1]].live_regs;
		live = (live & ~u.writes) | u.reads;
		if (live == v->aux[at].live_regs)
			continue;
		v->aux[at].live_regs = (u16)live;
		for (u32 p = v->pred_start[at]; p < v->pred_start[at + 1];
		     p++) {
			struct insn_aux *aux = &v->aux[v->preds[p]];

			if (!aux->queued)
				work[n++] = v->preds[p];
			aux->queued = true;
		}
	}
}

int live_init(struct verifier *v)
{
	int ret = find_preds(v);

	if (ret)
		return ret;
	for (u32 i = 0; i < v->cnt; i++)
		v->aux[i].stack_written = UINT64_MAX;
	find_live_regs(v);
	return 0;
}

static u64 live_after(const struct verifier *v, u32 insn)
{
	u32 next[2];
	u64 live = 0;

	for (u32 n = insn_next(v, insn, next); n; n--)
		live |= v->aux[next[n - 1]].stack_live;
	return live;
}

/* V3 */
static void spread(struct verifier *v, u32 insn, u64 live)
{
	u32 n = 0, *work = v->work;

	if (!(live & ~v->aux[insn].stack_live))
		return;
	v->aux[insn].stack_live |= live;
	work[n++] = insn;
	while (n) {
		u32 at = work[--n];

		v->aux[at].queued = false;
		for (u32 p = v->pred_start[at]; p < v->pred_start[at + 1];
		     p++) {
			struct insn_aux *aux = &v->aux[v->preds[p]];
			u64 now = v->aux[at].stack_live & ~aux->stack_written;

			if (!(now & ~aux->stack_live))
				continue;
			aux->stack_live |= now;
			if (!aux->queued)
				work[n++] = v->preds[p];
			aux->queued = true;
		}
	}
}

/* V2 */
void live_read(struct verifier *v, u32 frame, u64 slots)
{
	u32 insn = v->insn;

	if (frame < v->cur->depth)
		insn = v->cur->frames[frame + 1]->callsite;
	v->aux[insn].stack_read |= slots;
	spread(v, insn, slots);
}

void live_write(struct verifier *v, u32 frame, u64 slots)
{
	if (frame == v->cur->depth)
		v->written |= slots;
}

void live_commit(struct verifier *v, u32 insn)
{
	struct insn_aux *aux = &v->aux[insn];
	u64 kept = aux->stack_written & v->written;

	v->written = 0;
	if (aux->stack_visited && kept == aux->stack_written)
		return;
	aux->stack_visited = true;
	aux->stack_written = kept;
	spread(v, insn, live_after(v, insn) & ~kept);
}

u64 live_in_call(const struct verifier *v, u32 insn)
{
	return v->aux[insn].stack_read | live_after(v, insn);
}

u64 live_slots(const struct verifier *v, const struct state *s, u32 frame,
	       u32 insn)
{
	if (frame == s->depth)
		return v->aux[insn].stack_live;
	return live_in_call(v, s->frames[frame + 1]->callsite);
}

u32 live_regs(const struct verifier *v, const struct state *s, u32 frame,
	      u32 insn)
{
	if (frame == s->depth)
		return v->aux[insn].live_regs;
	return v->aux[s->frames[frame + 1]->callsite].live_regs;
}
