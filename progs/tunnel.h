/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* tunnel.h - outer headers: IP in IP, and IP in UDP (GUE, variant 1) */
#ifndef PROGS_TUNNEL_H
#define PROGS_TUNNEL_H

#include "headers.h"

#define UDP_PORT_GUE 6080

/* A header without options over bytes of it and what follows. */
static __always_inline void tunnel_ip(struct iphdr *ip, __be32 from, __be32 to,
				      __u32 bytes, __u8 proto)
{
	__builtin_memset(ip, 0, sizeof(*ip));
	ip->version = 4;
	ip->ihl = 5;
	ip->tot_len = bpf_htons(bytes);
	ip->ttl = 64;
	ip->protocol = proto;
	ip->saddr = from;
	ip->daddr = to;
	ip->check = fold(bpf_csum_diff(NULL, 0, (__be32 *)ip, sizeof(*ip), 0));
}

/* Without a checksum: the inner packet has its own.  The port is the path's. */
static __always_inline bool tunnel_udp(void *at, void *data_end, __be16 path,
				       __u32 inner)
{
	struct udphdr *udp = at;

	if ((void *)(udp + 1) > data_end)
		return false;
	udp->source = path;
	udp->dest = bpf_htons(UDP_PORT_GUE);
	udp->len = bpf_htons(inner + sizeof(*udp));
	udp->check = 0;
	return true;
}

#endif
