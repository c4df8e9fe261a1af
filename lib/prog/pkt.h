/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pkt.h - the packet view: what a program's context is made of
 *
 * Not an mbuf: ports fill it from one, `weir test` from a capture.  It holds
 * the linear data and the mirrored sk_buff state; xdp_md and __sk_buff are
 * ABIs over it, given by the field tables in ctx.h.
 *
 *	head          data_meta  data            data_end         end
 *	|--- room ----|-- meta --|--- packet ----|---- tail room ---|
 *
 * What does not fit there lies in frags, one after the other: all of them but
 * the last are PKT_FRAG_SIZE long.
 */
#ifndef WEIR_PROG_PKT_H
#define WEIR_PROG_PKT_H

#include <stddef.h>
#include <string.h>

#include "base/err.h"
#include "base/types.h"

#define PKT_HEADROOM 256	 /* before the data at rx, as XDP_PACKET_HEADROOM */
#define PKT_XDP_FRAME 40	 /* of it XDP may not use: struct xdp_frame */
#define PKT_XDP_LINEAR_MAX 3520 /* 4096 - 256 - skb_shared_info (320) */
#define PKT_LINK_HEADER 14
/* With a tag Linux wants what follows it too, to tell a type from a length. */
#define PKT_TAGGED_MIN (PKT_LINK_HEADER + 4 + 2)
#define PKT_FRAG_SIZE 4096 /* a page */
#define PKT_FRAGS_MAX 17   /* MAX_SKB_FRAGS */
#define PKT_CB_WORDS 5
#define PKT_JUST_NOW UINT64_MAX /* of a port that does not look at its clock */
#define PKT_NO_HEADER (INT32_MIN / 2) /* below 0 however the data moves */

/* skb->pkt_type, as in <linux/if_packet.h> */
enum pkt_type {
	PKT_HOST,
	PKT_BROADCAST,
	PKT_MULTICAST,
	PKT_OTHERHOST,
	PKT_OUTGOING,
};

#define PKT_TUNNEL_OPTIONS 255

/* What a tunnel is to send a packet with. */
struct pkt_tunnel {
	u64 id;
	u8 from[16]; /* IPv4 has the first four bytes */
	u8 to[16];
	u32 label;
	u16 flags; /* Linux's bits of the header */
	u8 tos;
	u8 ttl;
	bool ipv6;
	u8 option_bytes;
	u8 options[PKT_TUNNEL_OPTIONS];
};

struct pkt {
	/* ---- the frame's part, two cache lines: filled for every packet ---- */

	/* the buffer: head <= data_meta <= data <= data_end <= end */
	u8 *head;
	u8 *end;
	u8 *data;
	u8 *data_end;
	u8 *data_meta; /* == data: no metadata */

	/* Counts up when data moves: pointers into the packet made under
	 * another value are dead. */
	u32 generation;

	/* Linux's numbers of the port it came from and is on */
	u32 ingress_ifindex; /* xdp_md and skb->skb_iif (0: none) */
	u32 ifindex;	     /* skb->dev */
	u32 egress_ifindex;  /* xdp_md, for programs on a devmap entry */
	u32 rx_queue;

	bool hash_valid; /* false: bpf_get_hash_recalc() computes one */
	bool has_tunnel;
	u8 csum_state; /* CHECKSUM_NONE, UNNECESSARY, COMPLETE, PARTIAL */
	u8 csum_level;

	u64 rx_ns;  /* when it came, by its capture, since 1970 */
	u64 number; /* of the packet in its capture, from 1 */
	u32 port;   /* index of the port it came from */

	/* of the packet's maker; only BPF_PROG_TEST_RUN of XDP has any */
	u32 frag_bytes;
	u8 *frags;

	/* offsets from data; negative: before it */
	s32 mac_header;
	s32 network_header;
	s32 transport_header; /* PKT_NO_HEADER: BPF_PROG_TEST_RUN has none */

	u32 hash;
	u32 mark;
	u32 priority;

	/* ---- the sk_buff's part: unset until pkt_new_skb(); host byte order
	 * but protocol and vlan_proto ---- */

	u32 queue_mapping; /* as __sk_buff shows it */
	u16 tc_index;
	u16 tc_classid;
	u32 cb[PKT_CB_WORDS];
	u32 napi_id;
	u16 gso_size;
	u16 gso_segs;
	u32 wire_len; /* as the length was when the hook began */
	u64 tstamp;
	u64 hwtstamp;
	u16 protocol; /* network byte order */
	u16 vlan_proto; /* this and the next: 0 without vlan_present */
	u16 vlan_tci;
	bool vlan_present;
	u8 tstamp_type;
	u8 pkt_type; /* enum pkt_type */
	bool at_ingress;
	bool encapsulation; /* a program has put an outer header */
	u32 csum;

	/* Only if has_tunnel. */
	struct pkt_tunnel tunnel;
};

#define PKT_FRAME_PART offsetof(struct pkt, queue_mapping)
#define PKT_SKB_PART offsetof(struct pkt, tunnel)
_Static_assert(PKT_FRAME_PART <= (size_t)2 * CACHE_LINE, "two lines a frame");

/* By the line: of all of it at once gcc makes "rep stos", three times slower.
 */
static inline void pkt_clear(struct pkt *p, u32 at, u32 end)
{
	for (; at + CACHE_LINE <= end; at += CACHE_LINE)
		memset((u8 *)p + at, 0, CACHE_LINE);
	memset((u8 *)p + at, 0, end - at);
}

/* XDP is over for a frame of a device; pkt_to_skb() says what it becomes. */
static inline void pkt_new_skb(struct pkt *p)
{
	pkt_clear(p, PKT_FRAME_PART, PKT_SKB_PART);
}

static inline u32 pkt_len(const struct pkt *p)
{
	return (u32)(p->data_end - p->data);
}

/* With what is in frags. */
static inline u32 pkt_whole_len(const struct pkt *p)
{
	return pkt_len(p) + p->frag_bytes;
}

/* Where len bytes of the whole packet lie in one piece, or NULL.  They must be
 * in the packet. */
u8 *pkt_piece(const struct pkt *p, u32 offset, u32 len);
/* Copies between the whole packet and memory. */
void pkt_read(const struct pkt *p, u32 offset, void *to, u32 len);
void pkt_write(struct pkt *p, u32 offset, const void *from, u32 len);

/* The protocol that a type or length field stands for; payload, up to end, is
 * what comes behind it.  Network byte order, as all protocols here. */
u16 pkt_protocol(u16 field, const u8 *payload, const u8 *end);
/* 802.1Q's or 802.1ad's */
bool pkt_is_tag(u16 protocol);

/* Lay a packet of len bytes into a buffer of size bytes, PKT_HEADROOM before
 * it; everything else, in pkt and buffer, is zero.  -EMSGSIZE when it does not
 * fit. */
int pkt_init(struct pkt *p, void *buf, u32 size, const void *bytes, u32 len);

/*
 * XDP is over: fill the sk_buff's part as eth_type_trans() and
 * skb_vlan_untag() do.  mac is the port's address (6 bytes), NULL: nobody will
 * ask for pkt_type, which stays as it is.  device is the
 * device environment (decision 2): an outer tag moves from the data to vlan_*,
 * queue_mapping tells the receive queue, and there is a broadcast address,
 * which BPF_PROG_TEST_RUN's loopback device lacks.  -EINVAL: too short, the
 * kernel drops it too.
 */
int pkt_to_skb(struct pkt *p, const u8 *mac, bool device);
/* Would pkt_to_skb() take it from a device? */
bool pkt_is_short_frame(const struct pkt *p);
static inline bool pkt_is_frame(const struct pkt *p)
{
	return likely(pkt_len(p) >= PKT_TAGGED_MIN) || pkt_is_short_frame(p);
}
/* A tc hook begins: where it is, and the length there, which is without the
 * link header at ingress. */
static inline void pkt_enter_tc(struct pkt *p, bool ingress)
{
	p->at_ingress = ingress;
	p->wire_len = pkt_len(p) - (ingress ? PKT_LINK_HEADER : 0);
}
/* Leaving: put a tag in vlan_* back into the data; metadata ends.  -ENOMEM: no
 * room, -EINVAL: no Ethernet header. */
int pkt_from_skb(struct pkt *p);

/* Grow (n > 0) or shrink the front by n bytes, moving data inside the buffer
 * when the room before it is too small.  Metadata stays in front of the data,
 * the header offsets stay on the bytes they named.  -ENOMEM: not enough in the
 * buffer, -EINVAL: there are not so many bytes to shrink. */
int pkt_push(struct pkt *p, s32 n);

#endif
