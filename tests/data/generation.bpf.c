// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * generation.bpf.c - programs that write into packets which build they are of
 *
 * XDP writes GENERATION at byte 60, what it jumps to at byte 61 and tc ingress
 * at 62; tc egress, of the same build or not, counts whether all are its own.
 * ENTRIES is the size of a map that counts.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ENTRIES);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} mixed SEC(".maps"); /* packets of one generation, and others */

__u64 since_load; /* .bss: new with each build */

int second(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} jump SEC(".maps") = {
	.values = { (void *)&second },
};

static __always_inline void sign(long from, long to, int at)
{
	__u8 *data = (void *)from, *end = (void *)to;

	if (data + 64 <= end)
		data[at] = GENERATION;
}

SEC("xdp")
int second(struct xdp_md *ctx)
{
	sign(ctx->data, ctx->data_end, 61);
	return XDP_PASS;
}

SEC("xdp")
int first(struct xdp_md *ctx)
{
	__u32 zero = 0;
	__u64 *n = bpf_map_lookup_elem(&hits, &zero);

	if (n)
		__sync_fetch_and_add(n, 1);
	__sync_fetch_and_add(&since_load, 1);
	sign(ctx->data, ctx->data_end, 60);
	bpf_tail_call(ctx, &jump, 0);
	return XDP_ABORTED;
}

SEC("tc")
int ingress(struct __sk_buff *skb)
{
	sign(skb->data, skb->data_end, 62);
	return TC_ACT_OK;
}

SEC("tc")
int egress(struct __sk_buff *skb)
{
	__u8 *data = (void *)(long)skb->data;
	__u32 is_mixed;
	__u64 *n;

	if (data + 64 > (__u8 *)(long)skb->data_end)
		return TC_ACT_OK;
	is_mixed = data[60] != GENERATION || data[61] != GENERATION ||
		   data[62] != GENERATION;
	n = bpf_map_lookup_elem(&mixed, &is_mixed);
	if (n)
		__sync_fetch_and_add(n, 1);
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
