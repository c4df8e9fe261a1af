// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * nat64.bpf.c - IPv6 hosts reach IPv4 ones, translated packet by packet
 *
 * Stateless (RFC 7915): an IPv4 host's address is in the last four bytes of
 * 64:ff9b::/96 (RFC 6052), an IPv6 host has an IPv4 address of its own in a
 * table, both ways (RFC 7757).  TCP, UDP and echo; what else is for them -
 * fragments, extension headers - is dropped.
 */
#include "headers.h"

#include <linux/pkt_cls.h>

#define FLAGS_DF 0x4000
#define ECHO_REQUEST 8
#define ECHO_REPLY 0
#define ECHO6_REQUEST 128
#define ECHO6_REPLY 129

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct in6_addr);
	__type(value, __be32);
} nat64_by6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __be32);
	__type(value, struct in6_addr);
} nat64_by4 SEC(".maps");

/* Addresses as the transport checksum has them. */
struct addresses6 {
	struct in6_addr saddr;
	struct in6_addr daddr;
};

struct addresses4 {
	__be32 saddr;
	__be32 daddr;
};

static __always_inline bool is_embedded(const struct in6_addr *a)
{
	const __be32 *words = a->in6_u.u6_addr32;

	return words[0] == bpf_htonl(0x0064ff9b) && !words[1] && !words[2];
}

static __always_inline void embed(struct in6_addr *a, __be32 address)
{
	a->in6_u.u6_addr32[0] = bpf_htonl(0x0064ff9b);
	a->in6_u.u6_addr32[1] = a->in6_u.u6_addr32[2] = 0;
	a->in6_u.u6_addr32[3] = address;
}

/* Where the checksum is behind the transport header's start; 0: unknown. */
static __always_inline __u32 checksum_at(__u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP: return offsetof(struct tcphdr, check);
	case IPPROTO_UDP: return offsetof(struct udphdr, check);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6: return offsetof(struct icmp_header, check);
	default: return 0;
	}
}

/* The addresses are part of the checksum, also of one that a device is to
 * complete; of UDP 0 would say that there is none. */
static __always_inline int mend(struct __sk_buff *skb, __u32 at, __u8 proto,
				__s64 diff)
{
	__u64 flags = BPF_F_PSEUDO_HDR;

	if (proto == IPPROTO_UDP)
		flags |= BPF_F_MARK_MANGLED_0;
	return bpf_l4_csum_replace(skb, at, 0, diff, flags);
}

static __always_inline int set_header(struct __sk_buff *skb, __be16 proto,
				      const void *ip, __u32 size)
{
	__be16 type = proto;

	if (bpf_skb_store_bytes(skb, offsetof(struct ethhdr, h_proto), &type,
				sizeof(type), 0) ||
	    bpf_skb_store_bytes(skb, sizeof(struct ethhdr), ip, size, 0))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

/* An echo's type, and what that does to its checksum. */
static __always_inline int set_echo(struct __sk_buff *skb, __u32 at, __u8 type,
				    __u8 new_type)
{
	__be16 from = bpf_htons(type << 8), to = bpf_htons(new_type << 8);

	return bpf_l4_csum_replace(skb, at + offsetof(struct icmp_header, check),
				   from, to, sizeof(from)) ||
	       bpf_skb_store_bytes(skb, at, &new_type, sizeof(new_type), 0);
}

static __always_inline __u8 echo_to4(__u8 type)
{
	return type == ECHO6_REQUEST ? ECHO_REQUEST
	       : type == ECHO6_REPLY ? ECHO_REPLY
				     : 0xff;
}

static __always_inline __u8 echo_to6(__u8 type)
{
	return type == ECHO_REQUEST ? ECHO6_REQUEST
	       : type == ECHO_REPLY ? ECHO6_REPLY
				    : 0xff;
}

/* From the IPv6 side. */
SEC("tc")
int nat64_to4(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	struct ipv6hdr *ip6 = (void *)(eth + 1);
	struct icmp_header *icmp = (void *)(ip6 + 1);
	__u32 l4 = sizeof(*eth) + sizeof(struct iphdr), sum_at;
	struct iphdr ip = { .version = 4, .ihl = 5, .ttl = 64 };
	struct addresses6 was;
	struct addresses4 is;
	__u8 type = 0, proto;
	__be32 *mine, pseudo[2] = {};
	__s64 diff;

	if ((void *)(icmp + 1) > data_end ||
	    eth->h_proto != bpf_htons(ETH_P_IPV6) || !is_embedded(&ip6->daddr))
		return TC_ACT_OK;
	proto = ip6->nexthdr;
	sum_at = checksum_at(proto);
	mine = bpf_map_lookup_elem(&nat64_by6, &ip6->saddr);
	if (!mine || !sum_at || proto == IPPROTO_ICMP || ip6->hop_limit < 2)
		return TC_ACT_SHOT;
	if (proto == IPPROTO_ICMPV6) {
		type = icmp->type;
		if (echo_to4(type) == 0xff)
			return TC_ACT_SHOT;
		/* ICMP's has no pseudo header: take it out */
		pseudo[0] = bpf_htonl(bpf_ntohs(ip6->payload_len));
		pseudo[1] = bpf_htonl(IPPROTO_ICMPV6);
	}
	was.saddr = ip6->saddr;
	was.daddr = ip6->daddr;
	ip.saddr = is.saddr = *mine;
	ip.daddr = is.daddr = ip6->daddr.in6_u.u6_addr32[3];
	ip.protocol = proto == IPPROTO_ICMPV6 ? IPPROTO_ICMP : proto;
	ip.ttl = ip6->hop_limit - 1;
	ip.tot_len = bpf_htons(bpf_ntohs(ip6->payload_len) + sizeof(ip));
	ip.frag_off = bpf_htons(FLAGS_DF);
	ip.check = fold(bpf_csum_diff(NULL, 0, (__be32 *)&ip, sizeof(ip), 0));

	if (proto == IPPROTO_ICMPV6) {
		diff = bpf_csum_diff((__be32 *)&was, sizeof(was), NULL, 0, 0);
		diff = bpf_csum_diff(pseudo, sizeof(pseudo), NULL, 0, diff);
	} else {
		diff = bpf_csum_diff((__be32 *)&was, sizeof(was),
				     (__be32 *)&is, sizeof(is), 0);
	}
	if (diff < 0 || bpf_skb_change_proto(skb, bpf_htons(ETH_P_IP), 0) ||
	    set_header(skb, bpf_htons(ETH_P_IP), &ip, sizeof(ip)) ||
	    mend(skb, l4 + sum_at, proto, diff))
		return TC_ACT_SHOT;
	if (type && set_echo(skb, l4, type, echo_to4(type)))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

/* From the IPv4 side. */
SEC("tc")
int nat64_to6(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct icmp_header *icmp = (void *)(ip + 1);
	__u32 l4 = sizeof(*eth) + sizeof(struct ipv6hdr), sum_at;
	struct ipv6hdr ip6 = { .version = 6 };
	struct in6_addr *theirs;
	struct addresses6 is;
	struct addresses4 was;
	__u8 type = 0, proto;
	bool echo = false;
	__be32 pseudo[2] = {};
	__s64 diff;

	if ((void *)(icmp + 1) > data_end ||
	    eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5)
		return TC_ACT_OK;
	theirs = bpf_map_lookup_elem(&nat64_by4, &ip->daddr);
	if (!theirs)
		return TC_ACT_OK;
	proto = ip->protocol;
	sum_at = checksum_at(proto);
	if (!sum_at || proto == IPPROTO_ICMPV6 || ip->ttl < 2 ||
	    ip->frag_off & bpf_htons(IP_OFFSET_MASK | IP_MORE))
		return TC_ACT_SHOT;
	ip6.payload_len = bpf_htons(bpf_ntohs(ip->tot_len) - sizeof(*ip));
	if (proto == IPPROTO_ICMP) {
		echo = true;
		type = icmp->type;
		if (echo_to6(type) == 0xff)
			return TC_ACT_SHOT;
		pseudo[0] = bpf_htonl(bpf_ntohs(ip6.payload_len));
		pseudo[1] = bpf_htonl(IPPROTO_ICMPV6);
	} else if (proto == IPPROTO_UDP &&
		   !((struct udphdr *)(ip + 1))->check) {
		/* it has no checksum, which IPv6 does not know */
		return TC_ACT_SHOT;
	}
	was.saddr = ip->saddr;
	was.daddr = ip->daddr;
	embed(&is.saddr, ip->saddr);
	is.daddr = *theirs;
	ip6.saddr = is.saddr;
	ip6.daddr = is.daddr;
	ip6.nexthdr = echo ? IPPROTO_ICMPV6 : proto;
	ip6.hop_limit = ip->ttl - 1;

	if (echo) {
		diff = bpf_csum_diff(NULL, 0, (__be32 *)&is, sizeof(is), 0);
		diff = bpf_csum_diff(NULL, 0, pseudo, sizeof(pseudo), diff);
	} else {
		diff = bpf_csum_diff((__be32 *)&was, sizeof(was),
				     (__be32 *)&is, sizeof(is), 0);
	}
	if (diff < 0 || bpf_skb_change_proto(skb, bpf_htons(ETH_P_IPV6), 0) ||
	    set_header(skb, bpf_htons(ETH_P_IPV6), &ip6, sizeof(ip6)) ||
	    mend(skb, l4 + sum_at, proto, diff))
		return TC_ACT_SHOT;
	if (echo && set_echo(skb, l4, type, echo_to6(type)))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
