/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * front.h - programs for the kernel that stand in front of one that is timed
 *
 * BPF_PROG_TEST_RUN runs a program on one packet over and over, whatever the
 * run before made of it.  These make the next packet of it, then jump to the
 * program.
 */
#ifndef WEIR_ORACLE_FRONT_H
#define WEIR_ORACLE_FRONT_H

#include "bpf/insn.h"
#include "oracle/flows.h"

#define FRONT_INSNS 80

/* Each works on an array with one value of its own (state) and ends with a
 * jump to slot 0 of the prog array progs.  They return how many instructions
 * there are. */

/* One of flows, the value a struct flows; sum is the packet's. */
u32 front_flows(u32 prog_type, u32 sum, int state, int progs,
		struct bpf_insn insns[FRONT_INSNS]);

/* The packets first to end-1 of the array packets, in turn. */
struct front_turn {
	u64 data;     /* where the packet begins, 0: not known yet */
	u64 now;      /* where it begins now */
	u32 next;
	u32 first;
	u32 end;
	u32 unused;
};

#define FRONT_PACKET_MAX 1532

struct front_packet {
	u32 len;
	u8 bytes[FRONT_PACKET_MAX];
};

u32 front_turns(u32 prog_type, int state, int packets, int progs,
		struct bpf_insn insns[FRONT_INSNS]);

#endif
