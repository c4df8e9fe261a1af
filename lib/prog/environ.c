/* SPDX-License-Identifier: BSD-3-Clause */
/* environ.c - a packet as BPF_PROG_TEST_RUN presents it */
#include "prog/environ.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <string.h>

#define LOOPBACK 1

static u16 ethertype(const u8 *bytes)
{
	u16 type;

	memcpy(&type, bytes + 2 * ETH_ALEN, sizeof(type));
	return ntohs(type);
}

static const char *xdp_refuses(u32 attach_type, u32 len)
{
	if (attach_type == BPF_XDP_DEVMAP)
		return "programs for devmap entries have no test run";
	if (attach_type == BPF_XDP_CPUMAP)
		return "programs for cpumap entries have no test run";
	if (len > PKT_XDP_LINEAR_MAX)
		return "longer than one buffer of XDP's (3520 bytes)";
	return "the test run is refused";
}

/* Its name if it is an IP packet shorter than its header, or NULL. */
static const char *cut_ip(const u8 *bytes, u32 len)
{
	if (ethertype(bytes) == ETH_P_IP &&
	    len < ETH_HLEN + sizeof(struct iphdr))
		return "IPv4 shorter than its header (34 bytes)";
	if (ethertype(bytes) == ETH_P_IPV6 &&
	    len < ETH_HLEN + sizeof(struct ipv6hdr))
		return "IPv6 shorter than its header (54 bytes)";
	return NULL;
}

static const char *skb_refuses(const u8 *bytes, u32 len)
{
	const char *cut = cut_ip(bytes, len);

	if (len > ENVIRON_SKB_MAX)
		return "longer than a test run at tc takes (3712 bytes)";
	return cut ? cut : "the test run is refused";
}

const char *environ_refuses(u32 prog_type, u32 attach_type, const u8 *bytes,
			    u32 len)
{
	if (len < ETH_HLEN)
		return "shorter than an Ethernet header (14 bytes)";
	return prog_type == BPF_PROG_TYPE_XDP ? xdp_refuses(attach_type, len)
					      : skb_refuses(bytes, len);
}

/* The loopback device has no broadcast address, others have. */
static bool is_broadcast(const u8 *address)
{
	static const u8 all[ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	return memcmp(address, all, ETH_ALEN) == 0;
}

int environ_lay(u32 prog_type, struct pkt *p, u8 *buffer, const void *bytes,
		u32 len, const struct environ_device *dev)
{
	static const struct environ_device loopback = { .ifindex = LOOPBACK };
	const struct environ_device *on = dev ? dev : &loopback;
	bool xdp = prog_type == BPF_PROG_TYPE_XDP;
	u32 size = xdp ? PKT_HEADROOM + PKT_XDP_LINEAR_MAX
		       : PKT_HEADROOM + len + ENVIRON_TAIL;
	int res = pkt_init(p, buffer, size, bytes, len);

	if (res)
		return res;
	p->ifindex = on->ifindex;
	if (xdp) {
		p->ingress_ifindex = on->ifindex;
		p->rx_queue = on->queue;
		return 0;
	}
	res = pkt_to_skb(p, on->mac, false);
	if (!res && dev && is_broadcast(p->data))
		p->pkt_type = PKT_BROADCAST;
	p->at_ingress = false;
	if (!res && cut_ip(p->data, len))
		return -EINVAL;
	if (res || prog_type != BPF_PROG_TYPE_SOCKET_FILTER)
		return res;
	res = pkt_push(p, -ETH_HLEN);
	p->wire_len = pkt_len(p);
	return res;
}

int environ_end(u32 prog_type, struct pkt *p)
{
	int res;

	if (prog_type != BPF_PROG_TYPE_SOCKET_FILTER)
		return 0;
	res = pkt_push(p, ETH_HLEN);
	if (!res)
		memset(p->data, 0, ETH_HLEN);
	return res;
}

u32 environ_ctx(u32 prog_type, u32 len, union environ_ctx *ctx)
{
	memset(ctx, 0, sizeof(*ctx));
	if (prog_type != BPF_PROG_TYPE_XDP)
		return sizeof(ctx->skb);
	ctx->xdp.data_end = len;
	return sizeof(ctx->xdp);
}

/* ---- __sk_buff ---- */

/* An sk_buff's data is counted with up to so many bytes and segments. */
#define WIRE_LEN_MAX 65536
#define SEGMENTS_MAX 65535

struct range {
	u16 from;
	u16 to;
};

#define UP_TO(first, last)                                            \
	{                                                             \
		offsetof(struct __sk_buff, first),                    \
			offsetof(struct __sk_buff, last) +            \
				sizeof(((struct __sk_buff *)0)->last) \
	}

/* What a context may say. */
static const struct range told[] = {
	UP_TO(mark, mark),
	UP_TO(priority, ifindex),
	UP_TO(cb, cb),
	UP_TO(tstamp, gso_segs),
	UP_TO(gso_size, gso_size),
	UP_TO(hwtstamp, hwtstamp),
};

static bool says_more(const struct __sk_buff *ctx)
{
	const u8 *bytes = (const u8 *)ctx;
	size_t at = 0;

	for (size_t i = 0; i <= ARRAY_LEN(told); i++) {
		size_t to = i < ARRAY_LEN(told) ? told[i].from : sizeof(*ctx);

		for (; at < to; at++) {
			if (bytes[at])
				return true;
		}
		if (i < ARRAY_LEN(told))
			at = told[i].to;
	}
	return false;
}

int environ_take_skb(struct pkt *p, const struct __sk_buff *ctx)
{
	if (says_more(ctx))
		return -EINVAL;
	if (ctx->wire_len &&
	    (ctx->wire_len < pkt_len(p) || ctx->wire_len > WIRE_LEN_MAX))
		return -EINVAL;
	if (ctx->gso_segs > SEGMENTS_MAX)
		return -EINVAL;
	p->mark = ctx->mark;
	p->priority = ctx->priority;
	p->ingress_ifindex = ctx->ingress_ifindex;
	p->tstamp = ctx->tstamp;
	memcpy(p->cb, ctx->cb, sizeof(p->cb));
	if (ctx->wire_len)
		p->wire_len = ctx->wire_len;
	p->gso_segs = (u16)ctx->gso_segs;
	p->gso_size = (u16)ctx->gso_size;
	p->hwtstamp = ctx->hwtstamp;
	return 0;
}

void environ_give_skb(const struct pkt *p, struct __sk_buff *ctx)
{
	ctx->mark = p->mark;
	ctx->priority = p->priority;
	ctx->ingress_ifindex = p->ingress_ifindex;
	ctx->ifindex = p->ifindex;
	ctx->tstamp = p->tstamp;
	memcpy(ctx->cb, p->cb, sizeof(ctx->cb));
	ctx->wire_len = p->wire_len;
	ctx->gso_segs = p->gso_segs;
	ctx->hwtstamp = p->hwtstamp;
}

#define FIELD(field)                                           \
	{                                                      \
#field, offsetof(struct __sk_buff, field),     \
			sizeof(((struct __sk_buff *)0)->field) \
	}

static const struct {
	const char *name;
	u16 off;
	u16 size;
} skb_fields[] = {
	FIELD(mark),	 FIELD(priority), FIELD(ingress_ifindex),
	FIELD(ifindex),	 FIELD(cb[0]),	  FIELD(cb[1]),
	FIELD(cb[2]),	 FIELD(cb[3]),	  FIELD(cb[4]),
	FIELD(tstamp),	 FIELD(wire_len), FIELD(gso_segs),
	FIELD(hwtstamp),
};

static u64 number(const void *base, u16 off, u16 size)
{
	u64 n = 0;

	memcpy(&n, (const u8 *)base + off, size); /* little endian */
	return n;
}

bool environ_field(u32 prog_type, const struct pkt *p,
		   const union environ_ctx *theirs, u32 n,
		   struct environ_field *out)
{
	struct __sk_buff mine = { 0 };

	if (prog_type == BPF_PROG_TYPE_XDP) {
		/* where the packet begins, counted from the metadata */
		*out = (struct environ_field){
			.name = "length of the metadata",
			.mine = (u64)(p->data - p->data_meta),
			.theirs = theirs->xdp.data,
		};
		return n == 0;
	}
	if (n >= ARRAY_LEN(skb_fields))
		return false;
	environ_give_skb(p, &mine);
	*out = (struct environ_field){
		.name = skb_fields[n].name,
		.mine = number(&mine, skb_fields[n].off, skb_fields[n].size),
		.theirs = number(&theirs->skb, skb_fields[n].off,
				 skb_fields[n].size),
	};
	return true;
}
