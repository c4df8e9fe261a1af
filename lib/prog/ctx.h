/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ctx.h - xdp_md and __sk_buff as tables over struct pkt
 *
 * One row a field: where the program sees it, where it is, who may read and
 * write it.  The verifier checks accesses from these rows, engines rewrite
 * those of verified programs from them, and the checked interpreter follows
 * them at run time.
 */
#ifndef WEIR_PROG_CTX_H
#define WEIR_PROG_CTX_H

#include "bpf/uapi.h"
#include "prog/pkt.h"

enum ctx_how {
	CTX_PLAIN,    /* pkt_size bytes at pkt_off, zero-extended */
	CTX_DATA,     /* yields a packet pointer */
	CTX_DATA_END,
	CTX_DATA_META,
	CTX_CALL,     /* computed by read/write */
	CTX_SOCK,     /* yields a socket or NULL; Weir has none: NULL */
};

struct ctx_field {
	const char *name;
	u16 off;	  /* in the uapi struct */
	u16 size;	  /* there; cb is one field of 20 bytes */
	enum ctx_how how;
	u16 pkt_off;
	u8 pkt_size; /* Linux's own width: of a field in a word a load of so
			many bytes or more has the value, wherever in the word
			it is; a shorter one has its part */
	u32 readers; /* PROG_XDP, PROG_TC ... */
	u32 writers;
	u32 attach_type; /* only for programs of this one; 0: any */
	bool narrow; /* loads of an aligned part of a word are allowed */
	bool bytes;  /* loads and stores of any aligned part are (cb) */
	u64 (*read)(const struct pkt *p);
	void (*write)(struct pkt *p, u64 value);
};

/* program types as a mask, for tables */
#define PROG_XDP (1u << 0)
#define PROG_TC (1u << 1) /* sched_cls and sched_act */
#define PROG_SOCKET (1u << 2)
#define PROG_ANY (PROG_XDP | PROG_TC | PROG_SOCKET)

/* The mask bit of a BPF_PROG_TYPE_*, 0: not one Weir runs. */
u32 ctx_mask(u32 prog_type);
/* Size of the uapi struct a type sees. */
u32 ctx_size(u32 prog_type);

/* The row an access of size bytes at off falls in, or NULL: Linux refuses it
 * ("invalid bpf_context access off=%d size=%d").  Follows the rules of Linux's
 * is_valid_access for the type: alignment, narrow loads, cb as bytes, 64-bit
 * fields.  What is not CTX_PLAIN or CTX_CALL may not be loaded with its sign
 * (BPF_MEMSX). */
const struct ctx_field *ctx_find(u32 prog_type, u32 attach_type, u32 off,
				 u32 size, bool write);

/* The value of that access; for pointers the address.  A store takes all 64
 * bits of the register or of the sign-extended constant. */
u64 ctx_load(const struct ctx_field *f, const struct pkt *p, u32 off,
	     u32 size);
void ctx_store(const struct ctx_field *f, struct pkt *p, u32 off, u32 size,
	       u64 value);

/* What an engine does instead of an access, known when the program is made. */
struct ctx_access {
	const struct ctx_field *field;
	bool call; /* field's read() or write() */
	u16 off;   /* else: where in struct pkt */
	u8 size;   /* bytes there, zero-extended; 0: a load gives 0 */
	u8 shift;  /* of what read() gives: the bits below the access */
};

/* Of an access that ctx_find() has. */
struct ctx_access ctx_rewrite(const struct ctx_field *f, u32 off, u32 size);

/* The load of a field that is called for. */
static inline u64 ctx_read(const struct ctx_access *a, const struct pkt *p)
{
	return a->field->read(p) >> a->shift &
	       UINT64_MAX >> (64 - a->size * 8);
}

#endif
