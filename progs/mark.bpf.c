// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * mark.bpf.c - XDP tells tc what it knows, in the packet's metadata
 *
 * `xdp_mark` writes the packet's class before its data, where it stays with
 * it; `tc_mark` finds it there and makes it skb->mark and skb->priority.
 */
#include <linux/pkt_cls.h>

#include "l4.h"

struct meta {
	__u32 mark;
	__u32 cpu; /* where XDP ran */
};

/* Marks by IP protocol; 0: none. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u32);
} marks SEC(".maps");

SEC("xdp")
int xdp_mark(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct meta *meta;
	__u32 proto, *mark;
	struct l4 l4;

	if (!l4_read(data, data_end, &l4))
		return XDP_PASS;
	proto = l4.proto;
	mark = bpf_map_lookup_elem(&marks, &proto);
	if (!mark || !*mark)
		return XDP_PASS;
	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*meta)))
		return XDP_PASS; /* a port without room for it */
	meta = (void *)(long)ctx->data_meta;
	data = (void *)(long)ctx->data;
	if ((void *)(meta + 1) > data)
		return XDP_ABORTED;
	meta->mark = *mark;
	meta->cpu = bpf_get_smp_processor_id();
	return XDP_PASS;
}

SEC("tc")
int tc_mark(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	struct meta *meta = (void *)(long)skb->data_meta;

	if ((void *)(meta + 1) > data)
		return TC_ACT_OK;
	skb->mark = meta->mark;
	skb->priority = meta->mark & 7;
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
