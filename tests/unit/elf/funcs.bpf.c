// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* funcs.bpf.c - functions linked in: static, global, callbacks, none */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 2);
} sums SEC(".maps");

static __noinline int leaf(int x)
{
	__u32 zero = 0;
	__u64 *value = bpf_map_lookup_elem(&sums, &zero);

	return value ? (int)*value + x : x;
}

static __noinline int middle(int x)
{
	return leaf(x) + leaf(x + 1);
}

__noinline int global(int x)
{
	return middle(x) * 2;
}

__attribute__((visibility("hidden"))) __noinline int hidden(int x)
{
	return x ^ 5;
}

static long each(__u32 i, void *arg)
{
	*(int *)arg += leaf((int)i);
	return 0;
}

SEC("xdp")
int calls(struct xdp_md *ctx)
{
	return global((int)ctx->rx_queue_index) & 1 ? XDP_PASS : XDP_DROP;
}

/* the second of the section, and the leaf first */
SEC("xdp")
int calls_leaf_first(struct xdp_md *ctx)
{
	int x = leaf((int)ctx->ingress_ifindex);

	x += hidden(x) + global(x);
	return x & 1 ? XDP_PASS : XDP_DROP;
}

SEC("tc")
int loops(struct __sk_buff *skb)
{
	int sum = (int)skb->len;

	bpf_loop(4, each, &sum, 0);
	return sum & 1;
}

SEC("xdp")
int alone(struct xdp_md *ctx)
{
	return ctx->data_end - ctx->data > 60 ? XDP_PASS : XDP_DROP;
}

SEC("?xdp")
int not_by_itself(struct xdp_md *ctx)
{
	return ctx->data ? XDP_TX : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
