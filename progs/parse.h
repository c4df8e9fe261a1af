/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * parse.h - what the parser chain counts and keeps
 *
 * tests/data/protocols.txt says what each counter is called by tshark.
 */
#ifndef PROGS_PARSE_H
#define PROGS_PARSE_H

#include "headers.h"

/* Those that come first have a parser at the same index of the jump table. */
enum protocol {
	PROTO_ETH,
	PROTO_VLAN, /* 802.1Q and 802.1ad, one a tag */
	PROTO_MPLS, /* one a label stack */
	PROTO_IPV4,
	PROTO_IPV6,
	PROTO_HOPOPTS,
	PROTO_ROUTING,
	PROTO_FRAGMENT, /* IPv6's header; first and later fragments */
	PROTO_DSTOPTS,
	PROTO_AH,
	PROTO_TCP,
	PROTO_UDP,
	PROTO_ICMP,
	PROTO_ICMPV6,
	PROTO_GRE,
	PROTO_VXLAN,
	PROTO_ARP,
	PARSERS,

	/* Why the chain ended early */
	PROTO_LATER_FRAGMENT = PARSERS, /* no further header in it */
	PROTO_UNKNOWN,			/* what follows has no parser */
	PROTO_MALFORMED,		/* a header is cut or impossible */
	PROTO_TOO_DEEP,			/* tunnels or headers past the limits */
	PROTOCOLS,
};

/* Ports are 0 where the protocol has none, and in later fragments. */
struct flow_key {
	struct in6_addr saddr; /* IPv4 as ::ffff:a.b.c.d */
	struct in6_addr daddr;
	__be16 sport;
	__be16 dport;
	__u16 proto;
	__u16 depth; /* of tunnels around it */
};

struct flow {
	__u64 packets;
	__u64 bytes; /* from the IP header on */
};

/* What one parser leaves to the next. */
struct parse_state {
	__u32 offset; /* where the next header starts */
	__u32 end;    /* where the innermost IP packet ends */
	__u32 bytes;  /* its length */
	__u16 proto;  /* of the next header: IPPROTO_* */
	__u16 quoted; /* inside of an ICMP error: not a flow */
	struct flow_key flow;
};

#define DEPTH_MAX 4	 /* tunnels in tunnels */
#define LABELS_MAX 8	 /* of an MPLS stack */
#define OFFSET_MAX 0xfff /* of a header */

#endif
