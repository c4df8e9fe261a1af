// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * trim.bpf.c - takes off what is around an IPv4 packet: tag and padding
 *
 * `xdp_untag` moves the start of the packet over an outer VLAN tag,
 * `xdp_trim` its end to where IPv4 says the packet ends.
 */
#include "headers.h"

struct tagged {
	struct ethhdr eth;
	struct vlan_tag tag;
};

SEC("xdp")
int xdp_untag(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct tagged *tagged = data;
	struct ethhdr eth, *to;

	if ((void *)(tagged + 1) > data_end || !is_vlan(tagged->eth.h_proto))
		return XDP_PASS;
	eth = tagged->eth;
	eth.h_proto = tagged->tag.proto;
	if (bpf_xdp_adjust_head(ctx, sizeof(struct vlan_tag)))
		return XDP_ABORTED;
	to = (void *)(long)ctx->data;
	data_end = (void *)(long)ctx->data_end;
	if ((void *)(to + 1) > data_end)
		return XDP_ABORTED;
	*to = eth;
	return XDP_PASS;
}

SEC("xdp")
int xdp_trim(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	long extra;

	if ((void *)(ip + 1) > data_end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	extra = (data_end - data) - ETH_HLEN - bpf_ntohs(ip->tot_len);
	if (extra > 0 && bpf_xdp_adjust_tail(ctx, -extra))
		return XDP_ABORTED;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
