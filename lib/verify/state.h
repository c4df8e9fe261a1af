/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * state.h - what is known at one point of one path
 *
 * S1  A register or byte of the stack that a state calls uninitialised may
 *     hold anything; of all others it says what the program may rely on.
 * S2  Two scalars with the same id hold the same number; with ID_DELTA64 set
 *     in ids that are else the same, numbers that differ as their off differ;
 *     with ID_DELTA32, the number plus off, modulo 2^32, of one below that.
 * S3  Two pointers that may be NULL and have the same id are NULL together.
 * S4  Packet pointers with the same id differ by their off alone.
 * S5  A reference is in refs from acquiring to releasing it; what holds it has
 *     its number in ref.
 */
#ifndef WEIR_VERIFY_STATE_H
#define WEIR_VERIFY_STATE_H

#include "bpf/uapi.h"
#include "verify/range.h"
#include "verify/verify.h"

enum reg_kind {
	REG_UNINIT,
	REG_SCALAR,
	REG_CTX,
	REG_MAP,
	REG_MAP_KEY,
	REG_MAP_VALUE,
	REG_STACK,
	REG_PKT,
	REG_PKT_META,
	REG_PKT_END,
	REG_MEM,
	REG_SOCK_COMMON,
	REG_SOCK,
	REG_TCP_SOCK,
	REG_XDP_SOCK,
	REG_KERNEL_SOCK, /* may be passed on, not read */
	REG_FUNC,
	REG_DYNPTR, /* handed to a callback or a global function */
	REG_KINDS
};

/* flags of a register */
#define REG_OR_NULL 1u
#define REG_RDONLY 2u
#define REG_RINGBUF 4u /* memory reserved in a ring buffer */
#define REG_SLICE 8u   /* memory inside a dynptr's packet */

#define ID_DELTA64 (1u << 31)
#define ID_DELTA32 (1u << 30)
#define ID_DELTA (ID_DELTA64 | ID_DELTA32)
#define NO_INSN UINT32_MAX
/* Of a packet pointer that is at, or at least one byte beyond, the end. */
#define AT_END (-1)
#define BEYOND_END (-2)
#define STACK_SLOTS (BPF_STACK_BYTES / 8)

enum dynptr_kind {
	DYNPTR_NONE,
	DYNPTR_LOCAL,
	DYNPTR_RINGBUF,
	DYNPTR_SKB,
	DYNPTR_XDP,
};

enum iter_state {
	ITER_ACTIVE = 1,
	ITER_DRAINED,
};

struct reg {
	u8 kind;      /* enum reg_kind */
	u8 flags;     /* REG_OR_NULL ... */
	u8 frame;     /* of REG_STACK: whose stack */
	u8 dynptr;    /* enum dynptr_kind */
	bool precise; /* the scalar's value decided something */
	bool first;   /* slot of a dynptr */
	u8 iter;      /* enum iter_state */
	s32 off;
	u32 id;
	u32 ref;
	union {
		u32 size;  /* of REG_MEM */
		s32 range; /* of REG_PKT, REG_PKT_META: bytes proven, or
			      AT_END, BEYOND_END */
		u32 uid;   /* of maps and values: which inner map */
		u32 func;  /* of REG_FUNC: subprogram */
		u32 depth; /* of an iterator */
	};
	u32 dynptr_id; /* of slices, and of the dynptr itself */
	const struct verify_map *map;
	struct range var;
};

enum slot_type {
	SLOT_INVALID,
	SLOT_SPILL,
	SLOT_MISC,
	SLOT_ZERO,
	SLOT_DYNPTR,
	SLOT_ITER,
};

/* Eight bytes of the stack; byte[7] is the lowest, as offsets are negative. */
struct slot {
	u8 byte[8];	/* enum slot_type */
	struct reg reg; /* of SLOT_SPILL, which begins at byte[7]; of dynptr and
			   iterator: what they are */
};

struct frame {
	struct reg regs[11];
	u32 subprog;
	u32 callsite; /* in the frame before; NO_INSN for the first */
	u32 callback_depth;
	bool in_callback;
	bool in_async;
	u32 async_nth; /* callbacks that set callbacks before this one */
	bool has_ret;  /* the callback returns ret_min to ret_max */
	s32 ret_min, ret_max;
	u32 slots; /* stack[0 .. slots): from the frame pointer down */
	u32 cap;
	struct slot *stack;
};

struct ref {
	u32 id;
	u32 insn; /* where it was acquired */
};

/* A step of a path that precision has to know of. */
struct step {
	u32 insn;
	u32 prev;
	u8 flags; /* STEP_STACK */
	u8 slot, frame;
	u32 linked; /* registers and slots made equal by the jump: index + 1
		       into the state's links */
};

#define STEP_STACK 1u

struct loop;

/* Registers and slots with one id where a comparison was learnt from. */
struct links {
	u8 cnt;
	struct {
		u8 frame;
		bool is_slot;
		u8 index;
	} at[6];
};

struct state {
	struct frame *frames[BPF_MAX_FRAMES];
	u32 depth; /* frames[depth] is the running one */

	struct ref *refs;
	u32 ref_cnt, ref_cap;
	/* the lock held, or its map is NULL */
	const struct verify_map *lock_map;
	u32 lock_id;

	u32 may_goto_depth;
	u32 callback_unroll;

	/* how this path came here */
	struct state *parent;
	u32 insn; /* of a stored state */
	u32 first_insn, last_insn;
	u32 branches; /* paths from here that are still to be walked */
	struct step *steps;
	u32 step_cnt, step_cap;
	struct links *links;
	u32 link_cnt, link_cap;
	u32 path_pos; /* of the recorded path, see history.h */

	/* of a stored state */
	struct state *next; /* of the same instruction */
	u32 hits, misses;
	u32 bytes; /* counted for it */
	bool cleaned;
	bool all_precise; /* every number, and in those before it */
	struct loop *loop; /* that its future leads back into, or NULL */
	bool evicted;
};

static inline struct frame *state_frame(const struct state *s)
{
	return s->frames[s->depth];
}

static inline struct reg *state_regs(const struct state *s)
{
	return s->frames[s->depth]->regs;
}

/* The slot that the byte at a (negative) offset is in. */
static inline u32 slot_of(s32 off)
{
	return (u32)(-off - 1) / 8;
}

/* Whether byte-th byte of slots is known to be part of a spilled register. */
static inline bool slot_is_spill(const struct slot *s)
{
	return s->byte[7] == SLOT_SPILL;
}

static inline bool slot_is_spilled_scalar(const struct slot *s)
{
	return slot_is_spill(s) && s->reg.kind == REG_SCALAR;
}

static inline bool reg_is_pointer(const struct reg *r)
{
	return r->kind > REG_SCALAR;
}

static inline bool reg_is_const(const struct reg *r)
{
	return r->kind == REG_SCALAR && range_is_const(&r->var);
}

static inline bool reg_is_null(const struct reg *r)
{
	return reg_is_const(r) && r->var.bits.value == 0;
}

static inline bool reg_is_packet(const struct reg *r)
{
	return r->kind == REG_PKT || r->kind == REG_PKT_META;
}

static inline bool reg_is_dynptr(const struct reg *r)
{
	return r->dynptr != DYNPTR_NONE;
}

struct reg reg_uninit(void);
struct reg reg_scalar(void);
struct reg reg_const(u64 v);
struct reg reg_pointer(enum reg_kind kind); /* off 0 */

/* All but the state of precision: two registers say the same. */
bool reg_same(const struct reg *a, const struct reg *b);

struct state *state_new(void);
void state_free(struct state *s);
/* What is known, without the path; -ENOMEM. */
int state_copy(struct state *to, const struct state *from);
struct frame *frame_push(struct state *s, u32 subprog, u32 callsite);
void frame_pop(struct state *s);
/* There are at least so many slots from now on. */
int frame_grow(struct frame *f, u32 slots);

int state_add_ref(struct state *s, u32 id, u32 insn);
bool state_has_ref(const struct state *s, u32 id);
bool state_drop_ref(struct state *s, u32 id);

/* Every register of every frame and every spilled one. */
#define state_each_reg(s, f, r, i)                                   \
	for (u32 f = 0; f <= (s)->depth; f++)                        \
		for (u32 i = 0; i < 11 + (s)->frames[f]->slots; i++) \
			if ((r = state_reg_at((s)->frames[f], i)))

static inline struct reg *state_reg_at(struct frame *f, u32 i)
{
	struct slot *s;

	if (i < 11)
		return &f->regs[i];
	s = &f->stack[i - 11];
	return slot_is_spill(s) ? &s->reg : NULL;
}

#endif
