/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow.c - which flow a packet belongs to
 *
 * As Linux's flow dissector: the innermost addresses behind tunnels in IP and
 * GRE, and ports where a protocol has them and no fragment lacks them.
 */
#include "helper/flow.h"

#include <arpa/inet.h>
#include <assert.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <string.h>
#include <xxhash.h>

#define DEPTH 15    /* headers, as in Linux */
#define FRAGMENT 44 /* the extension headers of IPv6 */
#define HOP_BY_HOP 0
#define ROUTING 43
#define DESTINATION 60
#define TAG_DEI 0x1000

struct flow {
	u8 ends[2][16]; /* addresses */
	u16 port[2];
	u32 label;
	u32 key;    /* of GRE */
	u16 tag[3]; /* the outermost: protocol, what it says, next protocol */
	u16 l3;
	u32 l4;
};

static_assert(sizeof(struct flow) == 56, "hashed as bytes: no padding");

struct cursor {
	const u8 *at;
	const u8 *end;
	u32 left; /* headers */
	struct flow *flow;
};

enum next {
	NEXT_STOP,
	NEXT_L3, /* flow->l3 says which */
	NEXT_L4, /* flow->l4 says which */
};

static u16 be16(const u8 *at)
{
	return (u16)(at[0] << 8 | at[1]);
}

static bool has(const struct cursor *c, u32 len)
{
	return c->end - c->at >= (s64)len;
}

static void set_tag(struct flow *f, u16 proto, u16 tci, u16 next)
{
	if (!f->tag[0]) {
		f->tag[0] = proto;
		f->tag[1] = tci & ~TAG_DEI;
		f->tag[2] = next;
	}
	f->l3 = next;
}

static enum next dissect_tag(struct cursor *c)
{
	if (!has(c, 4))
		return NEXT_STOP;
	set_tag(c->flow, c->flow->l3, be16(c->at), be16(c->at + 2));
	c->at += 4;
	return NEXT_L3;
}

static enum next dissect_ipv4(struct cursor *c)
{
	struct flow *f = c->flow;
	u32 len;

	if (!has(c, 20) || (c->at[0] & 15) < 5)
		return NEXT_STOP;
	len = (c->at[0] & 15) * 4u;
	memset(f->ends, 0, sizeof(f->ends));
	memcpy(f->ends[0], c->at + 12, 4);
	memcpy(f->ends[1], c->at + 16, 4);
	f->l4 = c->at[9];
	/* of fragments not even the first has ports */
	if (be16(c->at + 6) & 0x3fff || !has(c, len))
		return NEXT_STOP;
	c->at += len;
	return NEXT_L4;
}

static enum next dissect_ipv6(struct cursor *c)
{
	struct flow *f = c->flow;

	if (!has(c, 40))
		return NEXT_STOP;
	memset(f->ends, 0, sizeof(f->ends));
	memcpy(f->ends[0], c->at + 8, 16);
	memcpy(f->ends[1], c->at + 24, 16);
	f->label = (u32)(c->at[1] & 15) << 16 | be16(c->at + 2);
	f->l4 = c->at[6];
	c->at += 40;
	return f->label ? NEXT_STOP : NEXT_L4; /* the label tells flows apart */
}

static enum next dissect_l3(struct cursor *c)
{
	switch (c->flow->l3) {
	case ETH_P_IP:
		return dissect_ipv4(c);
	case ETH_P_IPV6:
		return dissect_ipv6(c);
	case ETH_P_8021Q:
	case ETH_P_8021AD:
		return dissect_tag(c);
	default:
		return NEXT_STOP;
	}
}

static enum next dissect_extension(struct cursor *c)
{
	bool fragment = c->flow->l4 == FRAGMENT;
	u32 len;

	if (!has(c, 8))
		return NEXT_STOP;
	len = c->at[1] * 8u + 8;
	c->flow->l4 = c->at[0];
	if (fragment || !has(c, len))
		return NEXT_STOP;
	c->at += len;
	return NEXT_L4;
}

static enum next dissect_gre(struct cursor *c)
{
	u32 len = 4;
	u16 flags;

	if (!has(c, len))
		return NEXT_STOP;
	flags = be16(c->at);
	if (flags & 0x4007) /* with routing, or of another version */
		return NEXT_STOP;
	c->flow->l3 = be16(c->at + 2);
	len += flags & 0x8000 ? 4 : 0;
	if (flags & 0x2000) {
		if (!has(c, len + 4))
			return NEXT_STOP;
		memcpy(&c->flow->key, c->at + len, 4);
		len += 4;
	}
	len += flags & 0x1000 ? 4 : 0;
	if (!has(c, len))
		return NEXT_STOP;
	c->at += len;
	if (c->flow->l3 != ETH_P_TEB)
		return NEXT_L3;
	if (!has(c, ETH_HLEN))
		return NEXT_STOP;
	c->flow->l3 = be16(c->at + 12);
	c->at += ETH_HLEN;
	return NEXT_L3;
}

static enum next dissect_ports(struct cursor *c, u32 off)
{
	if (has(c, off + 4)) {
		c->flow->port[0] = be16(c->at + off);
		c->flow->port[1] = be16(c->at + off + 2);
	}
	return NEXT_STOP;
}

static enum next dissect_l4(struct cursor *c)
{
	switch (c->flow->l4) {
	case HOP_BY_HOP:
	case ROUTING:
	case DESTINATION:
	case FRAGMENT:
		return c->flow->l3 == ETH_P_IPV6 ? dissect_extension(c)
						 : NEXT_STOP;
	case IPPROTO_IPIP:
		c->flow->l3 = ETH_P_IP;
		return NEXT_L3;
	case IPPROTO_IPV6:
		c->flow->l3 = ETH_P_IPV6;
		return NEXT_L3;
	case IPPROTO_GRE:
		return dissect_gre(c);
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
	case IPPROTO_ESP:
		return dissect_ports(c, 0);
	case IPPROTO_AH: /* of it and of ESP half an SPI each */
		return dissect_ports(c, 4);
	default:
		return NEXT_STOP;
	}
}

static void swap(void *a, void *b, size_t size)
{
	u8 keep[16];

	memcpy(keep, a, size);
	memcpy(a, b, size);
	memcpy(b, keep, size);
}

static void dissect(const struct pkt *p, struct flow *flow)
{
	struct cursor c = {
		.at = p->data + p->network_header,
		.end = p->data_end,
		.left = DEPTH,
		.flow = flow,
	};
	enum next next = NEXT_L3;

	flow->l3 = ntohs(p->protocol);
	if (p->vlan_present)
		set_tag(flow, ntohs(p->vlan_proto), p->vlan_tci, flow->l3);
	while (c.left-- && next != NEXT_STOP)
		next = next == NEXT_L3 ? dissect_l3(&c) : dissect_l4(&c);
}

u32 skb_flow_hash(const struct pkt *p, u64 seed)
{
	struct flow f = { 0 };
	u32 hash;

	dissect(p, &f);
	if (memcmp(f.ends[0], f.ends[1], sizeof(f.ends[0])) > 0)
		swap(f.ends[0], f.ends[1], sizeof(f.ends[0]));
	if (f.port[0] > f.port[1])
		swap(&f.port[0], &f.port[1], sizeof(f.port[0]));
	hash = (u32)XXH3_64bits_withSeed(&f, sizeof(f), seed);
	return hash ? hash : 1;
}
