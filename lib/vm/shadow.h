/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * shadow.h - what checked mode knows of every value
 *
 * Each register and each aligned slot of the stack has a kind and, if it is a
 * pointer, an object: where that lies and how long it lives.
 *
 * S1  A pointer comes from the context, a map, a helper or r10; adding and
 *     subtracting numbers keeps its object, anything else makes it LOST.
 * S2  An access is done only inside the object of the pointer it goes
 *     through, as the object is at that moment.
 * S3  A pointer in memory other than a whole stack slot is a number when it
 *     is read back, so no program can forge one.
 * S4  Pointers into the packet end when its data may have moved, pointers
 *     into a frame when the function returns, into a record when it is given
 *     back.
 * S5  Every record is given back once: by the program, or when it is stopped.
 * S6  Dynptrs and iterators in the stack are for helpers: a load of one stops
 *     the program, a store makes numbers of it.
 * S7  A lock of a value is held by one program at a time and for as long as it
 *     runs at most: who is stopped while holding one releases it.
 */
#ifndef WEIR_VM_SHADOW_H
#define WEIR_VM_SHADOW_H

#include <errno.h>

#include "mem/spin.h"
#include "vm/machine.h"
#include "vm/mem.h"
#include "vm/watch.h"

#define VM_INSN_LIMIT 1000000
#define VM_SLOTS (BPF_STACK_BYTES / 8)

enum kind {
	K_NUMBER,
	K_UNSET, /* never written, or a call clobbered it */
	K_LOST,	 /* arithmetic made it no pointer any more */
	K_STACK,
	K_CTX,
	K_PACKET,
	K_META,
	K_PACKET_END,
	K_MAP,
	K_VALUE, /* of a map */
	K_MEM,	 /* a record from a helper, or vm_run_mem()'s */
	K_FUNC,
	K_SOCK, /* what a program sees of a socket; only to be read */
	K_DYNPTR, /* one that is not the program's */
	/* of slots only: no loads, no registers */
	K_DYNPTR_SLOT,
	K_ITER_SLOT,
};

struct object {
	u64 base; /* STACK, VALUE, MEM */
	u32 size;
	u32 life; /* STACK: the frame's serial; PACKET, META: generation;
		     MEM: the record's serial, 0: lives as long as the run */
	const struct map *map; /* VALUE */
	bool rdonly;	       /* MEM */
};

struct shadow {
	u8 kind[VM_REGS];
	struct object obj[VM_REGS];
};

struct frame_shadow {
	u32 serial;
	u8 saved_kind[VM_SAVED];
	struct object saved_obj[VM_SAVED];
	u8 kind[VM_SLOTS];
	struct object obj[VM_SLOTS];
};

#define VM_RECORDS 64 /* that a program may have at once */

struct vm_record {
	void *at;
	u32 life;
	u32 insn; /* that reserved it */
};

/* A call of a helper that may call back, while it is done. */
struct vm_calling {
	const struct helper *helper;
	const struct map *map;
	u8 kind; /* of what it hands to the callback */
	struct object obj;
};

struct machine {
	struct vm vm;
	u64 left;  /* operations until the limit */
	u64 aside; /* while watched, left is 0 and this is what is left */
	u64 limit; /* of the packet */
	struct vm_watch *watch; /* NULL: nobody looks */
	u32 serials;
	struct spin *held; /* the lock of a value, NULL: none */
	const struct vm_calling *calling; /* NULL: none */
	struct shadow s;
	struct frame_shadow frames[BPF_MAX_FRAMES];
	u32 record_cnt;
	struct vm_record records[VM_RECORDS];
};

enum arith { ARITH_OTHER, ARITH_ADD, ARITH_SUB };

enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_BOTH };

/* left is 0: the limit, unless somebody looks at each operation. */
bool shadow_step(struct machine *m, const struct vm_insn *in);

static inline u64 shadow_left(const struct machine *m)
{
	return m->left + m->aside;
}

/* Fresh registers and stack for a program's entry, r1 not set. */
void shadow_begin(struct machine *m, struct vm_watch *watch);
/* What the run may still do. */
void shadow_limit(struct machine *m);
/* The frame in use is a new one: its stack is zero, its pointers are new. */
void shadow_new_frame(struct machine *m);
/* r10 points to the frame in use. */
void shadow_point_frame(struct machine *m);
void shadow_clobber(struct machine *m, u32 first, u32 last);

static inline void shadow_number(struct machine *m, u32 reg)
{
	m->s.kind[reg] = K_NUMBER;
}

static inline void shadow_set(struct machine *m, u32 reg, enum kind kind,
			      struct object obj)
{
	m->s.kind[reg] = kind;
	m->s.obj[reg] = obj;
}

static inline void shadow_copy(struct machine *m, u32 to, u32 from)
{
	m->s.kind[to] = m->s.kind[from];
	m->s.obj[to] = m->s.obj[from];
}

/* The slow part of arithmetic: an operand is no number. */
bool shadow_arith(struct machine *m, const struct vm_insn *in, enum arith how,
		  bool two);

/*
 * The address of size bytes at addr, reached through reg, if the object allows
 * it; NULL when the program has been stopped.  Not for the context.  A write
 * to the stack makes numbers of the slots it touches.
 */
void *shadow_access(struct machine *m, const struct vm_insn *in, u32 reg,
		    u64 addr, u64 size, enum access access);

/* The frame that an address in the stack belongs to, and the slot there. */
static inline struct frame_shadow *shadow_slot(struct machine *m, u64 addr,
					       u32 *slot)
{
	u64 off = addr - (u64)(uintptr_t)m->vm.stack;

	*slot = off % BPF_STACK_BYTES / 8;
	return &m->frames[off / BPF_STACK_BYTES];
}

/* Loads and stores of fields. */
bool shadow_load_ctx(struct machine *m, const struct vm_insn *in, u32 size,
		     u64 *out);
bool shadow_store_ctx(struct machine *m, const struct vm_insn *in, u32 size,
		      u64 value);

/* A helper's call: arguments against the prototype, the call, the result. */
bool shadow_call(struct machine *m, const struct vm_insn *in);
/* The arguments of a tail call. */
bool shadow_check_tail(struct machine *m, const struct vm_insn *in);

/* A helper gave the program a record: life is what its pointers carry. */
bool record_add(struct machine *m, const struct vm_insn *in, void *at,
		u32 *life);
bool record_lives(struct machine *m, u32 life);
void record_given_back(struct machine *m, u32 life);
/* what ends a program that has none left. */
bool records_none(struct machine *m, const struct vm_insn *in,
		  const char *what);
/* Discards those that are left. */
void records_drop(struct machine *m);

/* callback.c: the frame in use was pushed, or is popped, by a helper. */
void shadow_push_callback(struct machine *m);
/* The registers of a function that nobody runs as yet: a timer's. */
void shadow_timer_args(struct machine *m);

/* The frame in use was pushed by a call, or was below the one just popped. */
void shadow_push(struct machine *m);
void shadow_pop(struct machine *m);

/* dynptr.c: the stack slots of dynptrs and iterators. */
struct dynptr;

/* The initialised one that reg points to, NULL: stopped; and what its first
 * slot has.  One of a ring buffer, if it is to be released. */
const struct dynptr *shadow_dynptr(struct machine *m, const struct vm_insn *in,
				   u32 reg, bool release, struct object *slot);
/* There is room for one. */
bool shadow_dynptr_room(struct machine *m, const struct vm_insn *in, u32 reg);
/* It was made there, for a record if there is one. */
void shadow_dynptr_made(struct machine *m, u64 addr, bool ringbuf, u32 life);
void shadow_dynptr_gone(struct machine *m, u64 addr);
bool shadow_iter(struct machine *m, const struct vm_insn *in, u32 reg);
bool shadow_iter_room(struct machine *m, const struct vm_insn *in, u32 reg);
void shadow_iter_set(struct machine *m, u64 addr, bool there);
/* A load or store in the stack touches these slots. */
bool shadow_touch(struct machine *m, const struct vm_insn *in,
		  struct frame_shadow *f, u32 first, u32 last, bool write);

/* What is not done while a lock is held. */
bool shadow_may_not_hold(struct machine *m, const struct vm_insn *in,
			 const char *what);

/* The register is read before it has a value. */
bool shadow_unset(struct machine *m, const struct vm_insn *in, u32 reg);

#endif
