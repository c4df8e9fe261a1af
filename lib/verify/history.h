/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * history.h - how a refused value came to be what it is; inside lib/verify only
 *
 * The first run keeps nothing for this.  When a program is refused, the states
 * on the way know the instructions of the path that failed (Q1 of precise.c).
 * The program is then verified once more, which ends at the same place, and
 * what each instruction of that path changes is recorded.  From the end of the
 * record the value is followed back.
 */
#ifndef WEIR_VERIFY_HISTORY_H
#define WEIR_VERIFY_HISTORY_H

#include "base/vec.h"
#include "verify/verifier.h"

/* A register or a slot of the stack. */
struct place {
	u8 frame;
	bool is_slot;
	u8 index;
};

/* What an instruction did to a register or slot. */
struct change {
	u32 pos; /* of the instruction, in the path */
	struct place place;
	struct place from; /* the value was there before */
	bool has_from;
	bool written; /* by the instruction; else it was learnt or lost */
	bool entered; /* a function begins: the frame is new */
	struct reg before, after;
	struct reg other; /* the second operand */
};

struct record {
	const struct path *path;
	struct state *last; /* before the instruction at last_pos */
	u32 last_pos;
	VEC(struct change) changes;
	bool failed; /* out of memory */
};

/* Of the path that is walked; -ENOMEM. */
int path_find(const struct verifier *v, struct path *path);
/* Before an instruction, in the second run. */
void record_insn(struct verifier *v);
void record_free(struct record *r);

/* Of v's result; subject: the register that was refused, or NO_REG. */
int history_make(struct verifier *v, const struct record *r, u32 subject,
		 struct verify_history *out);

/* ---- words.c ---- */
/* "packet pointer, 14 bytes known readable" */
void words_reg(struct text *t, const struct reg *r);

/* ---- suggest.c ---- */
/* C that would be enough, with the program's names where they are known. */
void suggest(struct verifier *v, const struct record *r, u32 subject,
	     struct text *out);

#endif
