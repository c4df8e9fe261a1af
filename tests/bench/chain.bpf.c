// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* chain.bpf.c - eight tail calls in a row, and packets parsed and counted:
 * what weir bench times them with (docs/performance.md) */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define DEPTH 8

int link_1(struct xdp_md *ctx);
int link_2(struct xdp_md *ctx);
int link_3(struct xdp_md *ctx);
int link_4(struct xdp_md *ctx);
int link_5(struct xdp_md *ctx);
int link_6(struct xdp_md *ctx);
int link_7(struct xdp_md *ctx);
int link_8(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, DEPTH + 1);
	__type(key, __u32);
	__array(values, int(struct xdp_md *));
} links SEC(".maps") = {
	.values = {
		[1] = (void *)&link_1,
		[2] = (void *)&link_2,
		[3] = (void *)&link_3,
		[4] = (void *)&link_4,
		[5] = (void *)&link_5,
		[6] = (void *)&link_6,
		[7] = (void *)&link_7,
		[8] = (void *)&link_8,
	},
};

#define LINK(number)                                          \
	SEC("xdp") int link_##number(struct xdp_md *ctx)      \
	{                                                     \
		bpf_tail_call(ctx, &links, number + 1);       \
		return number == DEPTH ? XDP_DROP : XDP_PASS; \
	}

LINK(1)
LINK(2)
LINK(3)
LINK(4)
LINK(5)
LINK(6)
LINK(7)
LINK(8)

SEC("xdp")
int chain_of_8(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &links, 1);
	return XDP_PASS;
}

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

struct vlan_tag {
	__be16 tci;
	__be16 proto;
};

/* What is behind the link header and up to two tags; NULL: cut. */
static __always_inline void *past_link(struct ethhdr *eth, void *end,
				       __be16 *proto)
{
	void *at = eth + 1;

	if (at > end)
		return 0;
	*proto = eth->h_proto;
	for (int i = 0; i < 2; i++) {
		struct vlan_tag *tag = at;

		if (*proto != bpf_htons(ETH_P_8021Q) &&
		    *proto != bpf_htons(ETH_P_8021AD))
			break;
		at = tag + 1;
		if (at > end)
			return 0;
		*proto = tag->proto;
	}
	return at;
}

/* What is behind the network header, and what that is; NULL: cut, or another
 * protocol. */
static __always_inline void *past_network(void *at, void *end, __be16 proto,
					  __u8 *transport)
{
	struct iphdr *ip = at;
	struct ipv6hdr *ip6 = at;

	if (proto == bpf_htons(ETH_P_IP)) {
		if ((void *)(ip + 1) > end || ip->ihl < 5)
			return 0;
		*transport = ip->protocol;
		return at + ip->ihl * 4;
	}
	if (proto == bpf_htons(ETH_P_IPV6)) {
		if ((void *)(ip6 + 1) > end)
			return 0;
		*transport = ip6->nexthdr;
		return ip6 + 1;
	}
	return 0;
}

/* From the link to the transport header, and one up by the port. */
SEC("xdp")
int parse_count(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct udphdr *udp;
	__u32 key = 0;
	__u64 *count;
	__be16 proto;
	__u8 transport;
	void *at = past_link(eth, end, &proto);

	if (at)
		at = past_network(at, end, proto, &transport);
	udp = at;
	if (at && (transport == IPPROTO_TCP || transport == IPPROTO_UDP) &&
	    (void *)(udp + 1) <= end)
		key = bpf_ntohs(udp->dest) & 0xff;
	count = bpf_map_lookup_elem(&counts, &key);
	if (count)
		*count += 1;
	return XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
