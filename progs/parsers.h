/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * parsers.h - the parser chain: one program a protocol
 *
 * Every parser counts its protocol, reads its header, and jumps through the
 * table to the parser of what follows.  A tunnel (GRE, VXLAN, IP in IP) starts
 * over one deeper; an ICMP error leads into the packet that it quotes.  What
 * one parser leaves to the next is in a per-CPU scratch entry.
 *
 * Included once by parse.bpf.c (XDP) and once by parse_tc.bpf.c (tc), which
 * say first what a packet is there:
 *
 *	PARSE_CTX	the context's type
 *	PARSE_SEC	the programs' section
 *	PARSE_DONE	the verdict
 *	load()		copies bytes of the packet
 */
#ifndef PROGS_PARSERS_H
#define PROGS_PARSERS_H

#include "parse.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PROTOCOLS);
	__type(key, __u32);
	__type(value, __u64);
} protocols SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct flow_key);
	__type(value, struct flow);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct parse_state);
} scratch SEC(".maps");

int parse_eth(PARSE_CTX *ctx);
int parse_vlan(PARSE_CTX *ctx);
int parse_mpls(PARSE_CTX *ctx);
int parse_ipv4(PARSE_CTX *ctx);
int parse_ipv6(PARSE_CTX *ctx);
int parse_extension(PARSE_CTX *ctx);
int parse_fragment(PARSE_CTX *ctx);
int parse_ah(PARSE_CTX *ctx);
int parse_tcp(PARSE_CTX *ctx);
int parse_udp(PARSE_CTX *ctx);
int parse_icmp(PARSE_CTX *ctx);
int parse_icmpv6(PARSE_CTX *ctx);
int parse_gre(PARSE_CTX *ctx);
int parse_vxlan(PARSE_CTX *ctx);
int parse_arp(PARSE_CTX *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, PARSERS);
	__uint(key_size, sizeof(__u32));
	__array(values, int(PARSE_CTX *));
} parsers SEC(".maps") = {
	.values = {
		[PROTO_ETH]	 = parse_eth,
		[PROTO_VLAN]	 = parse_vlan,
		[PROTO_MPLS]	 = parse_mpls,
		[PROTO_IPV4]	 = parse_ipv4,
		[PROTO_IPV6]	 = parse_ipv6,
		[PROTO_HOPOPTS]	 = parse_extension,
		[PROTO_ROUTING]	 = parse_extension,
		[PROTO_FRAGMENT] = parse_fragment,
		[PROTO_DSTOPTS]	 = parse_extension,
		[PROTO_AH]	 = parse_ah,
		[PROTO_TCP]	 = parse_tcp,
		[PROTO_UDP]	 = parse_udp,
		[PROTO_ICMP]	 = parse_icmp,
		[PROTO_ICMPV6]	 = parse_icmpv6,
		[PROTO_GRE]	 = parse_gre,
		[PROTO_VXLAN]	 = parse_vxlan,
		[PROTO_ARP]	 = parse_arp,
	},
};

static __always_inline void count(__u32 protocol)
{
	__u64 *n = bpf_map_lookup_elem(&protocols, &protocol);

	if (n)
		*n += 1;
}

static __always_inline struct parse_state *state(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&scratch, &zero);
}

static __always_inline int ends(__u32 why)
{
	count(why);
	return PARSE_DONE;
}

/* Take the next len bytes as a header; false: they are not all there. */
static __always_inline bool take(PARSE_CTX *ctx, struct parse_state *st,
				 void *to, __u32 len)
{
	__u32 offset = st->offset;

	if (offset > OFFSET_MAX || offset + len > st->end)
		return false;
	if (!load(ctx, offset, to, len))
		return false;
	st->offset = offset + len;
	return true;
}

/* Jump over len bytes that nobody reads. */
static __always_inline bool skip(struct parse_state *st, __u32 len)
{
	if (st->offset + len > st->end)
		return false;
	st->offset += len;
	return true;
}

static __always_inline int next(PARSE_CTX *ctx, __u32 parser)
{
	if (parser >= PARSERS)
		return ends(parser);
	bpf_tail_call(ctx, &parsers, parser);
	/* An emptied slot, or one jump too many. */
	return ends(PROTO_TOO_DEEP);
}

static __always_inline __u32 by_ethertype(__be16 proto)
{
	switch (bpf_ntohs(proto)) {
	case ETH_P_IP: return PROTO_IPV4;
	case ETH_P_IPV6: return PROTO_IPV6;
	case ETH_P_8021Q:
	case ETH_P_8021AD: return PROTO_VLAN;
	case ETH_P_MPLS_UC:
	case ETH_P_MPLS_MC: return PROTO_MPLS;
	case ETH_P_ARP: return PROTO_ARP;
	case ETH_P_TEB: return PROTO_ETH;
	default: return PROTO_UNKNOWN;
	}
}

static __always_inline __u32 by_ip_protocol(__u16 proto)
{
	switch (proto) {
	case IPPROTO_TCP: return PROTO_TCP;
	case IPPROTO_UDP: return PROTO_UDP;
	case IPPROTO_ICMP: return PROTO_ICMP;
	case IPPROTO_ICMPV6: return PROTO_ICMPV6;
	case IPPROTO_GRE: return PROTO_GRE;
	case IPPROTO_AH: return PROTO_AH;
	case IPPROTO_HOPOPTS: return PROTO_HOPOPTS;
	case IPPROTO_ROUTING: return PROTO_ROUTING;
	case IPPROTO_FRAGMENT: return PROTO_FRAGMENT;
	case IPPROTO_DSTOPTS: return PROTO_DSTOPTS;
	case IPPROTO_IPIP: return PROTO_IPV4;
	case IPPROTO_IPV6: return PROTO_IPV6;
	default: return PROTO_UNKNOWN;
	}
}

/* The packet belongs to st->flow: once a packet and depth. */
static __always_inline void count_flow(struct parse_state *st)
{
	struct flow first = { 1, st->bytes };
	struct flow *flow;

	if (st->quoted)
		return;
	flow = bpf_map_lookup_elem(&flows, &st->flow);
	if (!flow) {
		if (!bpf_map_update_elem(&flows, &st->flow, &first,
					 BPF_NOEXIST))
			return;
		/* Another CPU was faster, or the table is full. */
		flow = bpf_map_lookup_elem(&flows, &st->flow);
		if (!flow)
			return;
	}
	__sync_fetch_and_add(&flow->packets, 1);
	__sync_fetch_and_add(&flow->bytes, st->bytes);
}

/* Start over inside of a tunnel or a quoted packet. */
static __always_inline int descend(PARSE_CTX *ctx, struct parse_state *st,
				   __u32 parser)
{
	if (parser >= PARSERS)
		return ends(parser);
	if (st->flow.depth >= DEPTH_MAX)
		return ends(PROTO_TOO_DEEP);
	st->flow.depth++;
	st->flow.sport = 0;
	st->flow.dport = 0;
	return next(ctx, parser);
}

/* What an IP packet carries.  Protocols without ports are a flow already. */
static __always_inline int payload(PARSE_CTX *ctx, struct parse_state *st)
{
	__u32 parser = by_ip_protocol(st->proto);

	if (parser == PROTO_TCP || parser == PROTO_UDP ||
	    (parser >= PROTO_HOPOPTS && parser <= PROTO_AH))
		return next(ctx, parser);
	count_flow(st);
	if (parser == PROTO_IPV4 || parser == PROTO_IPV6)
		return descend(ctx, st, parser);
	return next(ctx, parser);
}

SEC(PARSE_SEC)
int parse_eth(PARSE_CTX *ctx)
{
	struct parse_state *st = state();
	struct ethhdr eth;

	count(PROTO_ETH);
	if (!st || !take(ctx, st, &eth, sizeof(eth)))
		return ends(PROTO_MALFORMED);
	return next(ctx, by_ethertype(eth.h_proto));
}

SEC(PARSE_SEC)
int parse_vlan(PARSE_CTX *ctx)
{
	struct parse_state *st = state();
	struct vlan_tag tag;

	count(PROTO_VLAN);
	if (!st || !take(ctx, st, &tag, sizeof(tag)))
		return ends(PROTO_MALFORMED);
	return next(ctx, by_ethertype(tag.proto));
}

/* Under the last label is IP, told by its version. */
SEC(PARSE_SEC)
int parse_mpls(PARSE_CTX *ctx)
{
	struct parse_state *st = state();
	__be32 label = 0;
	__u8 version;

	count(PROTO_MPLS);
	if (!st)
		return ends(PROTO_MALFORMED);
	for (int i = 0; i < LABELS_MAX; i++) {
		if (!take(ctx, st, &label, sizeof(label)))
			return ends(PROTO_MALFORMED);
		if (label & bpf_htonl(MPLS_BOTTOM))
			break;
	}
	if (!(label & bpf_htonl(MPLS_BOTTOM)))
		return ends(PROTO_TOO_DEEP);
	if (!take(ctx, st, &version, sizeof(version)))
		return ends(PROTO_MALFORMED);
	st->offset -= sizeof(version);
	switch (version >> 4) {
	case 4: return next(ctx, PROTO_IPV4);
	case 6: return next(ctx, PROTO_IPV6);
	default: return ends(PROTO_UNKNOWN);
	}
}

SEC(PARSE_SEC)
int parse_ipv4(PARSE_CTX *ctx)
{
	struct parse_state *st = state();
	struct iphdr ip;
	__u32 start, len;

	count(PROTO_IPV4);
	if (!st)
		return ends(PROTO_MALFORMED);
	start = st->offset;
	if (!take(ctx, st, &ip, sizeof(ip)) || ip.version != 4 || ip.ihl < 5 ||
	    !skip(st, (ip.ihl - 5) * 4))
		return ends(PROTO_MALFORMED);
	len = bpf_ntohs(ip.tot_len);
	if (len < ip.ihl * 4)
		return ends(PROTO_MALFORMED);
	if (start + len < st->end)
		st->end = start + len;

	st->bytes = len;
	st->proto = ip.protocol;
	mapped(&st->flow.saddr, ip.saddr);
	mapped(&st->flow.daddr, ip.daddr);
	st->flow.proto = ip.protocol;
	if (ip.frag_off & bpf_htons(IP_OFFSET_MASK)) {
		count_flow(st);
		return ends(PROTO_LATER_FRAGMENT);
	}
	return payload(ctx, st);
}

SEC(PARSE_SEC)
int parse_ipv6(PARSE_CTX *ctx)
{
	struct parse_state *st = state();
	struct ipv6hdr ip;
	__u32 len;

	count(PROTO_IPV6);
	if (!st || !take(ctx, st, &ip, sizeof(ip)) || ip.version != 6)
		return ends(PROTO_MALFORMED);
	len = bpf_ntohs(ip.payload_len);
	if (st->offset + len < st->end)
		st->end = st->offset + len;

	st->bytes = sizeof(ip) + len;
	st->proto = ip.nexthdr;
	st->flow.saddr = ip.saddr;
	st->flow.daddr = ip.daddr;
	st->flow.proto = ip.nexthdr;
	return payload(ctx, st);
}

/* Hop-by-hop options, routing and destination options look alike. */
SEC(PARSE_SEC)
int parse_extension(PARSE_CTX *ctx)
{
	struct parse_state *st = state();
	struct ipv6_opt_hdr ext;

	if (!st)
		return ends(PROTO_MALFORMED);
	count(by_ip_protocol(st->proto));
	if (!take(ctx, st, &ext, sizeof(ext)) || !skip(st, ext.hdrlen * 8 + 6))
		return ends(PROTO_MALFORMED);
	st->proto = ext.nexthdr;
	st->flow.proto = ext.nexthdr;
	return payload(ctx, st);
}

SEC(PARSE_SEC)
int parse_fragment(PARSE_CTX *ctx)
{
	struct parse_state *st = state();
	struct fragment_header frag;

	count(PROTO_FRAGMENT);
	if (!st || !take(ctx, st, &frag, sizeof(frag)))
		return ends(PROTO_MALFORMED);
	st->proto = frag.nexthdr;
	st->flow.proto = frag.nexthdr;
	if (frag.offset & bpf_htons(FRAGMENT_OFFSET_MASK)) {
		count_flow(st);
		return ends(PROTO_LATER_FRAGMENT);
	}
	return payload(ctx, st);
}

SEC(PARSE_SEC)
int parse_ah(PARSE_CTX *ctx)
{
	struct parse_state *st = state();
	struct ipv6_opt_hdr ah;

	count(PROTO_AH);
	if (!st || !take(ctx, st, &ah, sizeof(ah)) ||
	    !skip(st, ah.hdrlen * 4 + 6))
		return ends(PROTO_MALFORMED);
	st->proto = ah.nexthdr;
	st->flow.proto = ah.nexthdr;
	return payload(ctx, st);
}

SEC(PARSE_SEC)
int parse_tcp(PARSE_CTX *ctx)
{
	struct parse_state *st = state();
	struct ports ports;

	count(PROTO_TCP);
	if (!st || !take(ctx, st, &ports, sizeof(ports)))
		return ends(PROTO_MALFORMED);
	st->flow.sport = ports.source;
	st->flow.dport = ports.dest;
	count_flow(st);
	return PARSE_DONE;
}

SEC(PARSE_SEC)
int parse_udp(PARSE_CTX *ctx)
{
	struct parse_state *st = state();
	struct udphdr udp;

	count(PROTO_UDP);
	if (!st || !take(ctx, st, &udp, sizeof(udp)))
		return ends(PROTO_MALFORMED);
	st->flow.sport = udp.source;
	st->flow.dport = udp.dest;
	count_flow(st);
	if (udp.dest == bpf_htons(UDP_PORT_VXLAN))
		return next(ctx, PROTO_VXLAN);
	return PARSE_DONE;
}

SEC(PARSE_SEC)
int parse_icmp(PARSE_CTX *ctx)
{
	struct parse_state *st = state();
	struct icmp_header icmp;

	count(PROTO_ICMP);
	if (!st || !take(ctx, st, &icmp, sizeof(icmp)))
		return ends(PROTO_MALFORMED);
	switch (icmp.type) {
	case ICMP_UNREACHABLE:
	case ICMP_QUENCH:
	case ICMP_REDIRECT:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETER:
		st->quoted = 1;
		return descend(ctx, st, PROTO_IPV4);
	default: return PARSE_DONE;
	}
}

SEC(PARSE_SEC)
int parse_icmpv6(PARSE_CTX *ctx)
{
	struct parse_state *st = state();
	struct icmp_header icmp;

	count(PROTO_ICMPV6);
	if (!st || !take(ctx, st, &icmp, sizeof(icmp)))
		return ends(PROTO_MALFORMED);
	if (icmp.type == 0 || icmp.type > ICMPV6_ERROR_MAX)
		return PARSE_DONE;
	st->quoted = 1;
	return descend(ctx, st, PROTO_IPV6);
}

/* Checksum, key and sequence number are four bytes each where present. */
SEC(PARSE_SEC)
int parse_gre(PARSE_CTX *ctx)
{
	struct parse_state *st = state();
	struct gre_header gre;
	__u32 options = 0;

	count(PROTO_GRE);
	if (!st || !take(ctx, st, &gre, sizeof(gre)))
		return ends(PROTO_MALFORMED);
	if (gre.flags & bpf_htons(GRE_VERSION_MASK))
		return ends(PROTO_UNKNOWN);
	if (gre.flags & bpf_htons(GRE_HAS_CHECKSUM))
		options += 4;
	if (gre.flags & bpf_htons(GRE_HAS_KEY))
		options += 4;
	if (gre.flags & bpf_htons(GRE_HAS_SEQUENCE))
		options += 4;
	if (!skip(st, options))
		return ends(PROTO_MALFORMED);
	return descend(ctx, st, by_ethertype(gre.proto));
}

SEC(PARSE_SEC)
int parse_vxlan(PARSE_CTX *ctx)
{
	struct parse_state *st = state();
	struct vxlan_header vxlan;

	count(PROTO_VXLAN);
	if (!st || !take(ctx, st, &vxlan, sizeof(vxlan)))
		return ends(PROTO_MALFORMED);
	if (!(vxlan.flags & bpf_htonl(VXLAN_HAS_VNI)))
		return ends(PROTO_UNKNOWN);
	return descend(ctx, st, PROTO_ETH);
}

SEC(PARSE_SEC)
int parse_arp(PARSE_CTX *ctx)
{
	(void)ctx;
	count(PROTO_ARP);
	return PARSE_DONE;
}

/* Where the chain starts: a packet of len bytes. */
static __always_inline int parse_start(PARSE_CTX *ctx, __u32 len)
{
	struct parse_state *st = state();

	if (!st)
		return PARSE_DONE;
	__builtin_memset(st, 0, sizeof(*st));
	st->end = len;
	return next(ctx, PROTO_ETH);
}

#endif
