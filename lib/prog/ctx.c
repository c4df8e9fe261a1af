/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ctx.c - xdp_md and __sk_buff as tables over struct pkt
 *
 * A table has an entry for every 32-bit word of the uapi struct; a longer
 * field fills all of its words.  A word without a name is out of bounds: what
 * Linux has for other program types only, and padding.
 */
#include "prog/ctx.h"

#include <string.h>

#define WORD(type, member) (offsetof(type, member) / 4)
#define WORDS(type, member)    \
	WORD(type, member)... \
	(offsetof(type, member) + sizeof(((type *)0)->member) - 1) / 4

/* A field of the uapi struct that is as it is in struct pkt. */
#define PLAIN(type, member, field)                                         \
	.name = #member, .off = offsetof(type, member),                    \
	.size = sizeof(((type *)0)->member), .how = CTX_PLAIN,             \
	.pkt_off = offsetof(struct pkt, field),                            \
	.pkt_size = sizeof(((struct pkt *)0)->field)
/* One that is not; wide is Linux's width. */
#define FIELD(type, member, what, wide)                 \
	.name = #member, .off = offsetof(type, member), \
	.size = sizeof(((type *)0)->member), .how = what, .pkt_size = wide

/* ---- struct xdp_md: whole words, read only ---- */

#define XDP_PLAIN(member, field)                            \
	[WORD(struct xdp_md, member)] = {                   \
		PLAIN(struct xdp_md, member, field),        \
		.readers = PROG_XDP                         \
	}
#define XDP_POINTER(member, what)                                        \
	[WORD(struct xdp_md, member)] = {                                \
		FIELD(struct xdp_md, member, what, 8), .readers = PROG_XDP \
	}

static const struct ctx_field xdp_fields[sizeof(struct xdp_md) / 4] = {
	XDP_POINTER(data, CTX_DATA),
	XDP_POINTER(data_end, CTX_DATA_END),
	XDP_POINTER(data_meta, CTX_DATA_META),
	XDP_PLAIN(ingress_ifindex, ingress_ifindex),
	XDP_PLAIN(rx_queue_index, rx_queue),
	[WORD(struct xdp_md, egress_ifindex)] = {
		PLAIN(struct xdp_md, egress_ifindex, egress_ifindex),
		.readers = PROG_XDP, .attach_type = BPF_XDP_DEVMAP,
	},
};

/* ---- struct __sk_buff ---- */

#define NO_QUEUE_MAPPING 0xffff

static u64 read_len(const struct pkt *p)
{
	return pkt_len(p);
}

static u64 read_vlan_present(const struct pkt *p)
{
	return p->vlan_present;
}

static u64 read_queue_mapping(const struct pkt *p)
{
	return p->queue_mapping;
}

/* "No queue" is not a program's to say. */
static void write_queue_mapping(struct pkt *p, u64 value)
{
	if (value < NO_QUEUE_MAPPING)
		p->queue_mapping = (u16)value;
}

/* At ingress a delivery time is none of a program's that knows of one clock
 * only. */
static u64 read_tstamp(const struct pkt *p)
{
	return p->at_ingress && p->tstamp_type ? 0 : p->tstamp;
}

static void write_tstamp(struct pkt *p, u64 value)
{
	if (p->at_ingress)
		p->tstamp_type = 0;
	p->tstamp = value;
}

/* Words that both kinds read, whole or a part. */
#define SKB_READ(member, field)                           \
	[WORD(struct __sk_buff, member)] = {              \
		PLAIN(struct __sk_buff, member, field),   \
		.readers = PROG_TC | PROG_SOCKET,         \
		.narrow = true                            \
	}
/* ... and tc programs write, whole. */
#define SKB_WRITE(member, field)                          \
	[WORD(struct __sk_buff, member)] = {              \
		PLAIN(struct __sk_buff, member, field),   \
		.readers = PROG_TC | PROG_SOCKET,         \
		.writers = PROG_TC, .narrow = true        \
	}
#define SKB_POINTER(member, what)                                           \
	[WORD(struct __sk_buff, member)] = {                                \
		FIELD(struct __sk_buff, member, what, 8), .readers = PROG_TC \
	}

static const struct ctx_field skb_fields[sizeof(struct __sk_buff) / 4] = {
	[WORD(struct __sk_buff, len)] = {
		FIELD(struct __sk_buff, len, CTX_CALL, 4),
		.readers = PROG_TC | PROG_SOCKET, .narrow = true,
		.read = read_len,
	},
	SKB_READ(pkt_type, pkt_type),
	SKB_WRITE(mark, mark),
	[WORD(struct __sk_buff, queue_mapping)] = {
		FIELD(struct __sk_buff, queue_mapping, CTX_CALL, 2),
		.readers = PROG_TC | PROG_SOCKET, .writers = PROG_TC,
		.narrow = true,
		.read = read_queue_mapping, .write = write_queue_mapping,
	},
	SKB_READ(protocol, protocol),
	[WORD(struct __sk_buff, vlan_present)] = {
		FIELD(struct __sk_buff, vlan_present, CTX_CALL, 4),
		.readers = PROG_TC | PROG_SOCKET, .narrow = true,
		.read = read_vlan_present,
	},
	SKB_READ(vlan_tci, vlan_tci),
	SKB_READ(vlan_proto, vlan_proto),
	SKB_WRITE(priority, priority),
	SKB_READ(ingress_ifindex, ingress_ifindex),
	SKB_READ(ifindex, ifindex),
	SKB_WRITE(tc_index, tc_index),
	[WORDS(struct __sk_buff, cb)] = {
		PLAIN(struct __sk_buff, cb, cb),
		.readers = PROG_TC | PROG_SOCKET,
		.writers = PROG_TC | PROG_SOCKET, .bytes = true,
	},
	SKB_READ(hash, hash),
	[WORD(struct __sk_buff, tc_classid)] = {
		PLAIN(struct __sk_buff, tc_classid, tc_classid),
		.readers = PROG_TC, .writers = PROG_TC, .narrow = true,
	},
	SKB_POINTER(data, CTX_DATA),
	SKB_POINTER(data_end, CTX_DATA_END),
	SKB_READ(napi_id, napi_id),
	SKB_POINTER(data_meta, CTX_DATA_META),
	[WORDS(struct __sk_buff, tstamp)] = {
		FIELD(struct __sk_buff, tstamp, CTX_CALL, 8),
		.readers = PROG_TC, .writers = PROG_TC,
		.read = read_tstamp, .write = write_tstamp,
	},
	[WORD(struct __sk_buff, wire_len)] = {
		PLAIN(struct __sk_buff, wire_len, wire_len),
		.readers = PROG_TC, .narrow = true,
	},
	SKB_READ(gso_segs, gso_segs),
	[WORDS(struct __sk_buff, sk)] = {
		FIELD(struct __sk_buff, sk, CTX_SOCK, 8),
		.readers = PROG_TC | PROG_SOCKET,
	},
	SKB_READ(gso_size, gso_size),
	[WORD(struct __sk_buff, tstamp_type)] = {
		PLAIN(struct __sk_buff, tstamp_type, tstamp_type),
		.readers = PROG_TC,
	},
	[WORDS(struct __sk_buff, hwtstamp)] = {
		PLAIN(struct __sk_buff, hwtstamp, hwtstamp),
		.readers = PROG_TC,
	},
};

/* ---- by program type ---- */

u32 ctx_mask(u32 prog_type)
{
	switch (prog_type) {
	case BPF_PROG_TYPE_XDP:
		return PROG_XDP;
	case BPF_PROG_TYPE_SCHED_CLS:
	case BPF_PROG_TYPE_SCHED_ACT:
		return PROG_TC;
	case BPF_PROG_TYPE_SOCKET_FILTER:
		return PROG_SOCKET;
	default:
		return 0;
	}
}

u32 ctx_size(u32 prog_type)
{
	switch (ctx_mask(prog_type)) {
	case 0:
		return 0;
	case PROG_XDP:
		return sizeof(struct xdp_md);
	default:
		return sizeof(struct __sk_buff);
	}
}

static bool size_fits(const struct ctx_field *f, u32 off, u32 size, bool write)
{
	if (f->bytes)
		return off + size <= (u32)f->off + f->size;
	if (size == f->size)
		return off == f->off;
	return f->narrow && !write && size < f->size;
}

const struct ctx_field *ctx_find(u32 prog_type, u32 attach_type, u32 off,
				 u32 size, bool write)
{
	u32 mask = ctx_mask(prog_type);
	const struct ctx_field *f;

	if (off >= ctx_size(prog_type) || off & (size - 1))
		return NULL;
	f = mask == PROG_XDP ? &xdp_fields[off / 4] : &skb_fields[off / 4];
	if (!((write ? f->writers : f->readers) & mask) ||
	    (f->attach_type && f->attach_type != attach_type) ||
	    !size_fits(f, off, size, write))
		return NULL;
	return f;
}

/* ---- the accesses ---- */

/* Where in the field the access begins: a load of Linux's whole width or more
 * begins at its start, even one of the word's upper half. */
static u32 access_at(const struct ctx_field *f, u32 off, u32 size)
{
	return size < f->pkt_size ? off - f->off : 0;
}

struct ctx_access ctx_rewrite(const struct ctx_field *f, u32 off, u32 size)
{
	u32 at = access_at(f, off, size);
	struct ctx_access a = { .field = f, .size = 8 };

	switch (f->how) {
	case CTX_PLAIN:
		a.off = (u16)(f->pkt_off + at);
		a.size = (u8)(at < f->pkt_size ? MIN(size, f->pkt_size - at)
					       : 0);
		break;
	case CTX_DATA: a.off = offsetof(struct pkt, data); break;
	case CTX_DATA_END: a.off = offsetof(struct pkt, data_end); break;
	case CTX_DATA_META: a.off = offsetof(struct pkt, data_meta); break;
	case CTX_CALL:
		a.call = true;
		a.size = (u8)size;
		a.shift = (u8)(at * 8);
		break;
	case CTX_SOCK: a.size = 0; break;
	}
	return a;
}

u64 ctx_load(const struct ctx_field *f, const struct pkt *p, u32 off, u32 size)
{
	const struct ctx_access a = ctx_rewrite(f, off, size);
	u64 value = 0;

	if (a.call)
		return ctx_read(&a, p);
	memcpy(&value, (const u8 *)p + a.off, a.size);
	return value;
}

void ctx_store(const struct ctx_field *f, struct pkt *p, u32 off, u32 size,
	       u64 value)
{
	const struct ctx_access a = ctx_rewrite(f, off, size);

	if (a.call)
		f->write(p, value);
	else
		memcpy((u8 *)p + a.off, &value, a.size);
}
