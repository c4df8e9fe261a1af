/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fastcall.c - spills around calls that leave the registers alone
 *
 * Compilers spill what a call marked `bpf_fastcall` does not use, below all
 * other spills, for kernels that call it as any other helper.  Linux takes such
 * pairs of spill and fill out and does not count their stack; so it is not
 * counted here, unless something else uses it.
 */
#include "verify/verifier.h"

#define CALLER_SAVED 0x3fu
#define USED_OTHERWISE INT16_MIN

static bool is_spill(const struct bpf_insn *insn)
{
	return insn->code == (BPF_STX | BPF_MEM | BPF_DW) &&
	       insn->dst_reg == BPF_REG_10;
}

static bool is_fill(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LDX | BPF_MEM | BPF_DW) &&
	       insn->src_reg == BPF_REG_10;
}

/* What the helper leaves alone. */
static u32 spared_regs(const struct helper *h)
{
	u32 used = h->ret == RET_VOID ? 0 : 1u << BPF_REG_0;

	for (u32 i = 0; i < ARRAY_LEN(h->arg) && h->arg[i] != ARG_NONE; i++)
		used |= 1u << (BPF_REG_1 + i);
	return CALLER_SAVED & ~used;
}

static void mark_call(struct verifier *v, struct subprog *s, u32 at, s32 off)
{
	const struct helper *h = helper_proto((u32)v->insns[at].imm);
	u32 regs, pairs = 0;

	if (v->insns[at].src_reg || !h)
		return;
	regs = spared_regs(h);
	for (u32 i = 1; i <= at && at + i < v->cnt; i++, pairs++) {
		const struct bpf_insn *spill = &v->insns[at - i];
		const struct bpf_insn *fill = &v->insns[at + i];

		if (!is_spill(spill) || !is_fill(fill) || spill->off != off ||
		    fill->off != off || spill->src_reg != fill->dst_reg ||
		    !(regs >> spill->src_reg & 1))
			break;
		regs &= ~(1u << spill->src_reg);
		v->aux[at - i].spared = v->aux[at + i].spared = true;
		off += 8;
	}
	if (!pairs)
		return;
	if (h->id == BPF_FUNC_get_smp_processor_id)
		v->aux[at].spares = true;
	else
		s->spills_stay = true;
	s->spared_off = MIN(s->spared_off, off);
}

void fastcall_mark(struct verifier *v)
{
	for (u32 n = 0; n < v->subprog_cnt; n++) {
		struct subprog *s = &v->subprogs[n];
		s32 lowest = 0;

		for (u32 i = s->start; i < s->end; i++)
			if (is_spill(&v->insns[i]))
				lowest = MIN(lowest, v->insns[i].off);
		for (u32 i = s->start; i < s->end; i++)
			if (v->insns[i].code == (BPF_JMP | BPF_CALL))
				mark_call(v, s, i, lowest);
	}
}

void fastcall_touch(struct verifier *v, const struct frame *f, s64 off)
{
	struct subprog *s = &v->subprogs[f->subprog];

	if (off >= s->spared_off || v->aux[v->insn].spared)
		return;
	s->spared_off = USED_OTHERWISE;
	for (u32 i = s->start; i < s->end; i++)
		v->aux[i].spares = v->aux[i].spared = false;
}

void fastcall_count(struct verifier *v)
{
	for (u32 n = 0; n < v->subprog_cnt; n++) {
		struct subprog *s = &v->subprogs[n];

		for (u32 i = s->start; !s->spills_stay && i < s->end; i++)
			if (v->aux[i].spares)
				s->stack = (u32)-s->spared_off;
	}
}
