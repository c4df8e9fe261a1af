// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * classid.bpf.c - a classifier of the old school, and an action beside it
 *
 * Reads the packet by load_byte, load_half and load_word, which end the
 * program with 0 where the packet is too short.  The classifier's result is a
 * class of a queueing discipline, MAJOR:MINOR in one number; 0 is no match.
 */
#include <linux/pkt_cls.h>

#include "headers.h"

unsigned long long
load_byte(void *skb, unsigned long long offset) asm("llvm.bpf.load.byte");
unsigned long long
load_half(void *skb, unsigned long long offset) asm("llvm.bpf.load.half");
unsigned long long
load_word(void *skb, unsigned long long offset) asm("llvm.bpf.load.word");

#define CLASS(major, minor) ((major) << 16 | (minor))

enum class {
	CLASS_CONTROL = CLASS(1, 0x10),	    /* routing, DSCP CS6 and CS7 */
	CLASS_INTERACTIVE = CLASS(1, 0x20), /* ssh, DNS, ping */
	CLASS_BULK = CLASS(1, 0x30),	    /* all other IP */
};

#define DSCP_CONTROL 0xc0 /* CS6, in the upper bits of the TOS byte */
#define PORT_SSH 22
#define PORT_DNS 53
#define IPV6_NET_DOC 0x20010db8 /* 2001:db8::/32: not to be routed */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4); /* 0: no match, then by class */
	__type(key, __u32);
	__type(value, __u64);
} classes SEC(".maps");

static __always_inline int result(__u32 index, int classid)
{
	__u64 *count = bpf_map_lookup_elem(&classes, &index);

	if (count)
		__sync_fetch_and_add(count, 1);
	return classid;
}

static __always_inline bool interactive(struct __sk_buff *skb, __u32 proto,
					__u32 ports)
{
	__u16 source, dest;

	if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6)
		return true;
	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP)
		return false;
	source = load_half(skb, ports);
	dest = load_half(skb, ports + 2);
	return source == PORT_SSH || dest == PORT_SSH || source == PORT_DNS ||
	       dest == PORT_DNS;
}

SEC("classifier")
int classify(struct __sk_buff *skb)
{
	__u32 tos, proto, ports;

	switch (load_half(skb, offsetof(struct ethhdr, h_proto))) {
	case ETH_P_IP:
		tos = load_byte(skb, ETH_HLEN + offsetof(struct iphdr, tos));
		proto = load_byte(skb,
				  ETH_HLEN + offsetof(struct iphdr, protocol));
		ports = ETH_HLEN + (load_byte(skb, ETH_HLEN) & 0xf) * 4;
		break;
	case ETH_P_IPV6:
		tos = load_half(skb, ETH_HLEN) >> 4 & 0xff;
		proto = load_byte(skb,
				  ETH_HLEN + offsetof(struct ipv6hdr, nexthdr));
		ports = ETH_HLEN + sizeof(struct ipv6hdr);
		break;
	default: return result(0, 0);
	}
	if (tos >= DSCP_CONTROL)
		return result(1, CLASS_CONTROL);
	if (interactive(skb, proto, ports))
		return result(2, CLASS_INTERACTIVE);
	return result(3, CLASS_BULK);
}

/* Drops IPv4 that would not survive a hop and IPv6 that must not leave. */
SEC("action")
int filter(struct __sk_buff *skb)
{
	__u32 proto = load_half(skb, offsetof(struct ethhdr, h_proto));

	if (proto == ETH_P_IP &&
	    load_byte(skb, ETH_HLEN + offsetof(struct iphdr, ttl)) <= 1)
		return TC_ACT_SHOT;
	if (proto == ETH_P_IPV6 &&
	    load_word(skb, ETH_HLEN + offsetof(struct ipv6hdr, daddr)) ==
		    IPV6_NET_DOC)
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
