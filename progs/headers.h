/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * headers.h - what these programs share about packets
 *
 * Only what Linux's headers have no name for, or have in headers that need the
 * C library.
 */
#ifndef PROGS_HEADERS_H
#define PROGS_HEADERS_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define IP_OFFSET_MASK 0x1fff /* of iphdr.frag_off */
#define IP_MORE 0x2000

#define UDP_PORT_VXLAN 4789

struct vlan_tag {
	__be16 tci;
	__be16 proto;
};

#define MPLS_BOTTOM 0x100 /* the last label of a stack */

struct fragment_header {
	__u8 nexthdr;
	__u8 reserved;
	__be16 offset; /* upper 13 bits; the lowest is "more" */
	__be32 id;
};

#define FRAGMENT_OFFSET_MASK 0xfff8

struct gre_header {
	__be16 flags;
	__be16 proto;
};

#define GRE_HAS_CHECKSUM 0x8000
#define GRE_HAS_KEY 0x2000
#define GRE_HAS_SEQUENCE 0x1000
#define GRE_VERSION_MASK 7

struct vxlan_header {
	__be32 flags;
	__be32 vni; /* in its upper 24 bits */
};

#define VXLAN_HAS_VNI 0x08000000

/* ICMP and ICMPv6 */
struct icmp_header {
	__u8 type;
	__u8 code;
	__be16 check;
	__be32 rest; /* as the type says */
};

/* errors: what follows the header is the packet they are about */
enum icmp_error {
	ICMP_UNREACHABLE = 3,
	ICMP_QUENCH = 4,
	ICMP_REDIRECT = 5,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER = 12,
};

#define ICMPV6_ERROR_MAX 4 /* 1 to 4 are the errors */

/* The ports, at the same place in TCP, UDP and SCTP. */
struct ports {
	__be16 source;
	__be16 dest;
};

static __always_inline int is_vlan(__be16 proto)
{
	return proto == bpf_htons(ETH_P_8021Q) ||
	       proto == bpf_htons(ETH_P_8021AD);
}

/* The checksum that a sum of words is, as bpf_csum_diff() gives it. */
static __always_inline __u16 fold(__u64 sum)
{
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* An IPv4 address as an IPv6 one: ::ffff:a.b.c.d */
static __always_inline void mapped(struct in6_addr *to, __be32 addr)
{
	to->in6_u.u6_addr32[0] = 0;
	to->in6_u.u6_addr32[1] = 0;
	to->in6_u.u6_addr32[2] = bpf_htonl(0xffff);
	to->in6_u.u6_addr32[3] = addr;
}

#endif
