/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow.h - where registers point into the stack
 *
 * An access at a known place of the stack becomes one of the frame's memory
 * that LLVM can keep in registers; through a number it could not.
 */
#ifndef WEIR_JIT_FLOW_H
#define WEIR_JIT_FLOW_H

#include "jit/job.h"

#define FLOW_REGS 10 /* r10 always points to the top */

/* Of a register that is no known place: not an offset. */
#define FLOW_OTHER INT16_MAX

struct flow {
	u32 start; /* of the function */
	u32 cnt;
	s16 (*at)[FLOW_REGS]; /* before each instruction: from the top */
	bool *reached;
	u32 frame; /* bytes that may be touched below the top */
};

/* -ENOMEM.  To be freed also then. */
int flow_of(const struct jit_job *job, u32 start, u32 end, struct flow *flow);
void flow_free(struct flow *flow);

/* Does the register point to a known place, and where? */
static inline bool flow_place(const struct flow *flow, u32 insn, u32 reg,
			      s32 *off)
{
	*off = reg == BPF_REG_10 ? 0 : flow->at[insn - flow->start][reg];
	return *off != FLOW_OTHER;
}

#endif
