// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* chain.bpf.c - eight tail calls in a row, and a packet counted by its protocol:
 * what weir bench times them with (docs/performance.md) */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>

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
} protocols SEC(".maps");

SEC("xdp")
int count_protocol(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	__u64 *count;
	__u32 proto;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	proto = ip->protocol;
	count = bpf_map_lookup_elem(&protocols, &proto);
	if (count)
		*count += 1;
	return XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
