/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ctx.h - xdp_md and __sk_buff as tables over struct pkt
 *
 * One row a field: where the program sees it, where it is, who may read and
 * write it.  The checked interpreter follows the table at run time; the
 * verifier checks and rewrites accesses from the same rows.
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

#endif
