/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * embed.h - does a run stay inside what its verification said?
 *
 * With verify_attr.keep_states every state that a verification was in is kept.
 * A test runs the program and asks before each instruction whether some state
 * of it has in it where the run is.
 *
 * E1  Without pruning every path was walked, so that all of a state holds.
 * E2  With pruning what is read later holds; numbers hold where they decided
 *     something, as far as that is known: in states that were stored, if all
 *     that came there were (BPF_F_TEST_STATE_FREQ).
 */
#ifndef WEIR_VERIFY_EMBED_H
#define WEIR_VERIFY_EMBED_H

#include "verify/verify.h"

enum embed_kind {
	EMBED_NOTHING, /* nothing may read it */
	EMBED_NUMBER,
	EMBED_CTX,
	EMBED_STACK,
	EMBED_PACKET,
	EMBED_META,
	EMBED_PACKET_END,
	EMBED_MAP,
	EMBED_VALUE,
	EMBED_MEM, /* keys, too */
	EMBED_FUNC, /* bits: where it starts */
};

/* A register or slot of a run. */
struct embed_value {
	u8 kind;  /* enum embed_kind */
	u8 frame; /* of STACK */
	u64 bits; /* the number or address */
	s64 off;  /* of a pointer, from where its object begins */
	s64 room; /* of PACKET and META: from there to the end */
	u32 size; /* of MEM */
	u32 map;  /* of MAP and VALUE: index, or UINT32_MAX */
};

/* A run, before an instruction. */
struct embed_view {
	u32 depth;
	u32 (*callsite)(const struct embed_view *view, u32 frame);
	struct embed_value (*reg)(const struct embed_view *view, u32 frame,
				  u32 reg);
	/* the n-th from the top; bits are its bytes as one number */
	struct embed_value (*slot)(const struct embed_view *view, u32 frame,
				   u32 n);
};

enum embed_answer {
	EMBED_INSIDE,
	EMBED_UNREACHED, /* no path was seen to come here */
	EMBED_OUTSIDE,	 /* none of those that were is like this */
};

enum embed_answer verify_states_admit(const struct verify_states *states,
				      u32 insn, const struct embed_view *view);
void verify_states_free(struct verify_states *states);

#endif
