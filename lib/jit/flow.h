/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow.h - where registers point into the stack, and which map they have
 *
 * An access at a known place of the stack becomes one of the frame's memory
 * that LLVM can keep in registers; through a number it could not.
 */
#ifndef WEIR_JIT_FLOW_H
#define WEIR_JIT_FLOW_H

#include "jit/job.h"

#define FLOW_REGS 10 /* r10 always points to the top */

/* What is known of a register: a place in the stack, from the top; a map, by
 * FLOW_MAP and its index; or nothing. */
#define FLOW_OTHER INT16_MAX
#define FLOW_MAP (BPF_STACK_BYTES + 1)

struct flow {
	u32 start; /* of the function */
	u32 cnt;
	s16 (*at)[FLOW_REGS]; /* before each instruction */
	bool *reached;
	u32 frame; /* bytes that may be touched below the top */
	bool lost; /* a place in the stack may be in a register or in memory
		      that is not known to have one */
};

/* -ENOMEM.  To be freed also then. */
int flow_of(const struct jit_job *job, u32 start, u32 end, struct flow *flow);
void flow_free(struct flow *flow);

/* Does the register point to a known place, and where? */
static inline bool flow_place(const struct flow *flow, u32 insn, u32 reg,
			      s32 *off)
{
	*off = reg == BPF_REG_10 ? 0 : flow->at[insn - flow->start][reg];
	return *off < FLOW_MAP;
}

/* Is it known which map the register has? */
static inline bool flow_map(const struct flow *flow, u32 insn, u32 reg,
			    u32 *map)
{
	s16 v = flow->at[insn - flow->start][reg];

	*map = (u32)(v - FLOW_MAP);
	return v >= FLOW_MAP && v != FLOW_OTHER;
}

#endif
