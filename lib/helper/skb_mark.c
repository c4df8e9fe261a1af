/* SPDX-License-Identifier: BSD-3-Clause */
/* skb_mark.c - skb_ecn_set_ce: congestion; skb_set_tstamp: departure */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <string.h>

#include "helper/csum.h"
#include "helper/helpers.h"

#define ECN_BITS 3
#define ECN_CE 3
#define CLASS_SHIFT 20 /* of ECN in IPv6's first word */
#define TAG_BYTES 4

/* What is behind the tags that are in the data; 0: the packet ends before. */
static u16 inner_protocol(const struct pkt *p)
{
	const u8 *at = p->data + p->network_header;
	u16 protocol = p->protocol;

	for (; pkt_is_tag(protocol); at += TAG_BYTES) {
		if (p->data_end - at < TAG_BYTES)
			return 0;
		memcpy(&protocol, at + 2, sizeof(protocol));
	}
	return protocol;
}

/* The checksum of a header one of whose 16-bit words has grown. */
static u16 csum16_add(u16 sum, u16 more)
{
	u16 total = (u16)(sum + more);

	return (u16)(total + (total < more));
}

static bool set_ipv4(u8 *header)
{
	struct iphdr ip;
	u32 ecn;

	memcpy(&ip, header, sizeof(ip));
	ecn = (ip.tos + 1u) & ECN_BITS;
	if (!(ecn & 2))
		return !ecn; /* it can not be set; or it is */
	ip.check = csum16_add(ip.check, (u16)(htons(0xfffb) + htons((u16)ecn)));
	ip.tos |= ECN_CE;
	memcpy(header, &ip, sizeof(ip));
	return true;
}

static bool set_ipv6(struct pkt *p, u8 *header)
{
	u32 from, to;

	memcpy(&from, header, sizeof(from));
	if (!(from & htonl(ECN_BITS << CLASS_SHIFT)))
		return false;
	to = from | htonl((u32)ECN_CE << CLASS_SHIFT);
	memcpy(header, &to, sizeof(to));
	if (p->csum_state == CSUM_COMPLETE)
		p->csum = csum_add(csum_sub(p->csum, from), to);
	return true;
}

HELPER_1(skb_ecn_set_ce, struct pkt *, p)
{
	u8 *header = p->data + p->network_header;
	bool ipv4;
	u32 len;

	switch (ntohs(inner_protocol(p))) {
	case ETH_P_IP:
		ipv4 = true;
		len = sizeof(struct iphdr);
		break;
	case ETH_P_IPV6:
		ipv4 = false;
		len = sizeof(struct ipv6hdr);
		break;
	default: return 0;
	}
	if (pkt_len(p) < len || p->data_end - header < (s64)len)
		return 0;
	return ipv4 ? set_ipv4(header) : set_ipv6(p, header);
}

const struct helper helper_skb_ecn_set_ce = {
	.id = BPF_FUNC_skb_ecn_set_ce,
	.name = "skb_ecn_set_ce",
	.fn = skb_ecn_set_ce,
	.progs = PROG_TC,
	.ret = RET_INT,
	.arg = { ARG_CTX },
};

/* Of the wall clock any time will do. */
HELPER_3(skb_set_tstamp, struct pkt *, p, u64, ns, u32, type)
{
	if (p->protocol != htons(ETH_P_IP) && p->protocol != htons(ETH_P_IPV6))
		return helper_error(-EOPNOTSUPP);
	if (type > BPF_SKB_CLOCK_TAI || (type && !ns))
		return helper_error(-EINVAL);
	p->tstamp = ns;
	p->tstamp_type = (u8)type;
	return 0;
}

const struct helper helper_skb_set_tstamp = {
	.id = BPF_FUNC_skb_set_tstamp,
	.name = "skb_set_tstamp",
	.fn = skb_set_tstamp,
	.progs = PROG_TC,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_ANY, ARG_ANY },
};
