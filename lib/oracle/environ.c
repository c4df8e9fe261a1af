/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle/environ.h"

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

static const char *skb_refuses(const u8 *bytes, u32 len)
{
	if (len > ENVIRON_SKB_MAX)
		return "longer than a test run at tc takes (3712 bytes)";
	if (ethertype(bytes) == ETH_P_IP &&
	    len < ETH_HLEN + sizeof(struct iphdr))
		return "IPv4 shorter than its header (34 bytes)";
	if (ethertype(bytes) == ETH_P_IPV6 &&
	    len < ETH_HLEN + sizeof(struct ipv6hdr))
		return "IPv6 shorter than its header (54 bytes)";
	return "the test run is refused";
}

const char *environ_refuses(u32 prog_type, u32 attach_type, const u8 *bytes,
			    u32 len)
{
	if (len < ETH_HLEN)
		return "shorter than an Ethernet header (14 bytes)";
	return prog_type == BPF_PROG_TYPE_XDP ? xdp_refuses(attach_type, len)
					      : skb_refuses(bytes, len);
}

int environ_lay(u32 prog_type, struct pkt *p, u8 *buffer, const void *bytes,
		u32 len)
{
	static const u8 address[ETH_ALEN];
	bool xdp = prog_type == BPF_PROG_TYPE_XDP;
	u32 size = xdp ? PKT_HEADROOM + PKT_XDP_LINEAR_MAX
		       : PKT_HEADROOM + len + ENVIRON_TAIL;
	int res = pkt_init(p, buffer, size, bytes, len);

	if (res)
		return res;
	p->ifindex = LOOPBACK;
	if (xdp) {
		p->ingress_ifindex = LOOPBACK;
		return 0;
	}
	res = pkt_to_skb(p, address, false);
	p->at_ingress = false;
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

#define FIELD(field, at)                                        \
	{                                                       \
#field, offsetof(struct __sk_buff, field),      \
			sizeof(((struct __sk_buff *)0)->field), \
			offsetof(struct pkt, at),               \
			sizeof(((struct pkt *)0)->at)           \
	}

static const struct {
	const char *name;
	u16 off;
	u16 size;
	u16 pkt_off;
	u16 pkt_size;
} skb_fields[] = {
	FIELD(mark, mark),
	FIELD(priority, priority),
	FIELD(ingress_ifindex, ingress_ifindex),
	FIELD(ifindex, ifindex),
	FIELD(cb[0], cb[0]),
	FIELD(cb[1], cb[1]),
	FIELD(cb[2], cb[2]),
	FIELD(cb[3], cb[3]),
	FIELD(cb[4], cb[4]),
	FIELD(tstamp, tstamp),
	FIELD(wire_len, wire_len),
	FIELD(gso_segs, gso_segs),
	FIELD(hwtstamp, hwtstamp),
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
	*out = (struct environ_field){
		.name = skb_fields[n].name,
		.mine = number(p, skb_fields[n].pkt_off,
			       skb_fields[n].pkt_size),
		.theirs = number(&theirs->skb, skb_fields[n].off,
				 skb_fields[n].size),
	};
	return true;
}
