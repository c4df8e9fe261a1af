/* SPDX-License-Identifier: BSD-3-Clause */
/* flow.c - where registers point into the stack, and which map they have */
#include "jit/flow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/insn.h"
#include "bpf/opcode.h"

struct walk {
	const struct jit_job *job;
	struct flow *flow;
	u32 *todo; /* instructions whose state is new */
	bool *queued;
	u32 todo_cnt;
};

static void use_frame(struct flow *flow, s32 off)
{
	if (off < 0 && (u32)-off > flow->frame)
		flow->frame = MIN((u32)-off, (u32)BPF_STACK_BYTES);
}

/* Somebody may go anywhere from there. */
static void use_whole(struct flow *flow)
{
	flow->frame = BPF_STACK_BYTES;
	flow->lost = true;
}

static bool is_place(s16 v)
{
	return v < FLOW_MAP;
}

static void push(struct walk *w, u32 i)
{
	if (w->queued[i])
		return;
	w->queued[i] = true;
	w->todo[w->todo_cnt++] = i;
}

/* Another way to an instruction. */
static void join(struct walk *w, u32 insn, const s16 *regs)
{
	u32 i = insn - w->flow->start;
	s16 *have = w->flow->at[i];

	if (!w->flow->reached[i]) {
		w->flow->reached[i] = true;
		memcpy(have, regs, sizeof(w->flow->at[i]));
		push(w, i);
		return;
	}
	for (u32 reg = 0; reg < FLOW_REGS; reg++) {
		if (have[reg] == regs[reg])
			continue;
		if (have[reg] != FLOW_OTHER)
			push(w, i);
		if (is_place(have[reg]) || is_place(regs[reg]))
			use_whole(w->flow);
		have[reg] = FLOW_OTHER;
	}
}

static s16 place(const s16 *regs, u32 reg)
{
	return reg == BPF_REG_10 ? 0 : regs[reg];
}

/* What the register points to after adding n to it. */
static s16 moved(struct flow *flow, s16 off, s64 n)
{
	if (!is_place(off))
		return FLOW_OTHER;
	n += off;
	if (n < -BPF_STACK_BYTES || n > BPF_STACK_BYTES) {
		use_whole(flow);
		return FLOW_OTHER;
	}
	use_frame(flow, (s32)n);
	return (s16)n;
}

static void step_alu(struct flow *flow, const struct bpf_insn *in, s16 *regs)
{
	s16 *dst = &regs[in->dst_reg];

	switch (in->code) {
	case BPF_ALU64 | BPF_MOV | BPF_X:
		*dst = in->off ? FLOW_OTHER : place(regs, in->src_reg);
		return;
	case BPF_ALU64 | BPF_ADD | BPF_K:
		*dst = moved(flow, *dst, in->imm);
		return;
	case BPF_ALU64 | BPF_SUB | BPF_K:
		*dst = moved(flow, *dst, -(s64)in->imm);
		return;
	default:
		if (BPF_OP(in->code) == BPF_MOV) {
			*dst = FLOW_OTHER;
			return;
		}
		if (is_place(*dst) || (BPF_SRC(in->code) == BPF_X &&
				       is_place(place(regs, in->src_reg))))
			use_whole(flow);
		*dst = FLOW_OTHER;
	}
}

static void step_call(struct flow *flow, const struct bpf_insn *in, s16 *regs)
{
	for (u32 i = BPF_REG_0; i <= BPF_REG_5; i++) {
		if (insn_is_local_call(in) && is_place(regs[i]))
			use_whole(flow);
		regs[i] = FLOW_OTHER;
	}
}

static void written(u8 field, u8 reg, s16 *regs)
{
	if (field == FIELD_WRITTEN || field == FIELD_BOTH)
		regs[reg] = FLOW_OTHER;
}

/* Accesses: the place, and pointers that are put away. */
static void step_memory(struct flow *flow, const struct bpf_insn *in,
			const struct opcode *op, s16 *regs)
{
	u8 class = BPF_CLASS(in->code);
	bool loads = class == BPF_LDX || op->form == FORM_LOAD_ACQ;
	u8 base = loads ? in->src_reg : in->dst_reg;
	s16 at = place(regs, base);

	if (is_place(at))
		use_frame(flow, at + in->off);
	if (class == BPF_STX && !loads && is_place(place(regs, in->src_reg)))
		use_whole(flow);
	if (op->form == FORM_CMPXCHG)
		regs[BPF_REG_0] = FLOW_OTHER;
}

static bool is_map(const struct bpf_insn *in)
{
	return insn_is_wide(in) && (in->src_reg == BPF_PSEUDO_MAP_FD ||
				    in->src_reg == BPF_PSEUDO_MAP_IDX);
}

static void step(struct flow *flow, const struct bpf_insn *in, s16 *regs)
{
	const struct opcode *op = opcode_find(in);
	const struct opcode_shape *shape = opcode_shape(op);

	switch (BPF_CLASS(in->code)) {
	case BPF_ALU:
	case BPF_ALU64: step_alu(flow, in, regs); return;
	case BPF_LDX:
	case BPF_ST:
	case BPF_STX: step_memory(flow, in, op, regs); break;
	case BPF_LD:
		if (!insn_is_wide(in))
			regs[BPF_REG_0] = FLOW_OTHER;
		break;
	default:
		if (in->code == (BPF_JMP | BPF_CALL))
			step_call(flow, in, regs);
		return;
	}
	written(shape->dst, in->dst_reg, regs);
	written(shape->src, in->src_reg, regs);
	if (is_map(in) && in->imm < FLOW_OTHER - FLOW_MAP)
		regs[in->dst_reg] = (s16)(FLOW_MAP + in->imm);
}

static void leave(struct walk *w, u32 insn, const s16 *regs)
{
	const struct bpf_insn *in = &w->job->insns[insn];
	u32 next = insn + (insn_is_wide(in) ? 2 : 1);

	if (in->code == (BPF_JMP | BPF_EXIT))
		return;
	if (insn_is_jump(in))
		join(w, (u32)((s32)insn + 1 + insn_jump_off(in)), regs);
	if (in->code != (BPF_JMP | BPF_JA) && in->code != (BPF_JMP32 | BPF_JA))
		join(w, next, regs);
}

static void walk(struct walk *w)
{
	s16 regs[FLOW_REGS];

	for (u32 i = 0; i < FLOW_REGS; i++)
		regs[i] = FLOW_OTHER;
	join(w, w->flow->start, regs);
	while (w->todo_cnt) {
		u32 i = w->todo[--w->todo_cnt];
		u32 insn = w->flow->start + i;

		w->queued[i] = false;
		memcpy(regs, w->flow->at[i], sizeof(regs));
		step(w->flow, &w->job->insns[insn], regs);
		leave(w, insn, regs);
	}
}

int flow_of(const struct jit_job *job, u32 start, u32 end, struct flow *flow)
{
	struct walk w = { .job = job, .flow = flow };
	u32 cnt = end - start;
	int ret = -ENOMEM;

	*flow = (struct flow){ .start = start, .cnt = cnt };
	flow->at = calloc(cnt, sizeof(*flow->at));
	flow->reached = calloc(cnt, sizeof(*flow->reached));
	w.todo = calloc(cnt, sizeof(*w.todo));
	w.queued = calloc(cnt, sizeof(*w.queued));
	if (flow->at && flow->reached && w.todo && w.queued) {
		walk(&w);
		flow->frame = (u32)round_up(flow->frame, 16);
		ret = 0;
	}
	free(w.queued);
	free(w.todo);
	return ret;
}

void flow_free(struct flow *flow)
{
	free(flow->reached);
	free(flow->at);
	*flow = (struct flow){ 0 };
}
