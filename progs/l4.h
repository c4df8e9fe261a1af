/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * l4.h - addresses and ports of a packet in one pass, for XDP programs
 *
 * For programs that need who talks to whom and nothing else: Ethernet, up to
 * two VLAN tags, IPv4 or IPv6 without extension headers, ports.
 */
#ifndef PROGS_L4_H
#define PROGS_L4_H

#include "headers.h"

struct l4 {
	struct in6_addr saddr; /* IPv4 as ::ffff:a.b.c.d */
	struct in6_addr daddr;
	__be16 sport; /* 0: no ports, or in another fragment */
	__be16 dport;
	__u16 proto;	  /* IPPROTO_* */
	__be16 ethertype; /* under the tags */
};

static __always_inline bool l4_ports(void *at, void *data_end, struct l4 *l4)
{
	struct ports *ports = at;

	if (l4->proto != IPPROTO_TCP && l4->proto != IPPROTO_UDP)
		return true;
	if ((void *)(ports + 1) > data_end)
		return false;
	l4->sport = ports->source;
	l4->dport = ports->dest;
	return true;
}

static __always_inline bool l4_ipv4(void *at, void *data_end, struct l4 *l4)
{
	struct iphdr *ip = at;

	if ((void *)(ip + 1) > data_end || ip->ihl < 5)
		return false;
	mapped(&l4->saddr, ip->saddr);
	mapped(&l4->daddr, ip->daddr);
	l4->proto = ip->protocol;
	if (ip->frag_off & bpf_htons(IP_OFFSET_MASK))
		return true;
	return l4_ports(at + ip->ihl * 4, data_end, l4);
}

static __always_inline bool l4_ipv6(void *at, void *data_end, struct l4 *l4)
{
	struct ipv6hdr *ip = at;

	if ((void *)(ip + 1) > data_end)
		return false;
	l4->saddr = ip->saddr;
	l4->daddr = ip->daddr;
	l4->proto = ip->nexthdr;
	return l4_ports(ip + 1, data_end, l4);
}

/* True: it is IP, and l4 says whose. */
static __always_inline bool l4_read(void *data, void *data_end, struct l4 *l4)
{
	struct ethhdr *eth = data;
	void *at = eth + 1;

	__builtin_memset(l4, 0, sizeof(*l4));
	if (at > data_end)
		return false;
	l4->ethertype = eth->h_proto;
	for (int i = 0; i < 2 && is_vlan(l4->ethertype); i++) {
		struct vlan_tag *tag = at;

		at = tag + 1;
		if (at > data_end)
			return false;
		l4->ethertype = tag->proto;
	}
	if (l4->ethertype == bpf_htons(ETH_P_IP))
		return l4_ipv4(at, data_end, l4);
	if (l4->ethertype == bpf_htons(ETH_P_IPV6))
		return l4_ipv6(at, data_end, l4);
	return false;
}

#endif
