/* SPDX-License-Identifier: Dual BSD/GPL */
/*
 * mistakes.bpf.c - ten programs that no verifier takes, for
 * docs/verifier-messages.md
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

struct table {
	__u32 verdict[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct table);
} tables SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("xdp") int one_header_short(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);

	if ((void *)(eth + 1) > data_end)
		return XDP_PASS;
	if (eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	return ip->protocol == 6 ? XDP_DROP : XDP_PASS;
}

SEC("xdp") int length_from_the_packet(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + sizeof(struct ethhdr);
	__u8 *l4;

	if ((void *)(ip + 1) > data_end)
		return XDP_PASS;
	l4 = (void *)ip + ip->ihl * 4;
	return l4[1] == 53 ? XDP_DROP : XDP_PASS;
}

SEC("xdp") int packet_that_moved(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;

	if ((void *)(eth + 1) > data_end)
		return XDP_PASS;
	if (bpf_xdp_adjust_head(ctx, -4))
		return XDP_PASS;
	eth->h_proto = bpf_htons(ETH_P_8021Q);
	return XDP_TX;
}

SEC("xdp") int lookup_not_checked(struct xdp_md *ctx)
{
	__u32 key = ctx->ingress_ifindex;
	__u64 *count = bpf_map_lookup_elem(&counts, &key);

	*count += 1;
	return XDP_PASS;
}

SEC("xdp") int index_not_limited(struct xdp_md *ctx)
{
	__u32 key = 0, queue = ctx->rx_queue_index;
	struct table *table = bpf_map_lookup_elem(&tables, &key);

	if (!table)
		return XDP_PASS;
	return table->verdict[queue];
}

SEC("xdp") int size_not_limited(struct xdp_md *ctx)
{
	__u32 len = ctx->data_end - ctx->data;
	char head[64] = { 0 };

	bpf_xdp_load_bytes(ctx, 0, head, len);
	return head[0] ? XDP_PASS : XDP_DROP;
}

SEC("xdp") int local_array_overrun(struct xdp_md *ctx)
{
	__u8 seen[8] = { 0 };
	__u32 queue = ctx->rx_queue_index & 15;

	seen[queue] = 1;
	return bpf_map_update_elem(&counts, seen, seen, 0) ? XDP_DROP : XDP_PASS;
}

SEC("xdp") int record_lost(struct xdp_md *ctx)
{
	__u32 *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);

	if (!record)
		return XDP_PASS;
	if (ctx->rx_queue_index)
		return XDP_DROP;
	*record = ctx->ingress_ifindex;
	bpf_ringbuf_submit(record, 0);
	return XDP_PASS;
}

SEC("xdp") int loop_without_end(struct xdp_md *ctx)
{
	while (bpf_get_prandom_u32() != 7)
		;
	return XDP_PASS;
}

SEC("xdp") int helper_of_others(struct xdp_md *ctx)
{
	char head[16];

	bpf_skb_load_bytes(ctx, 0, head, sizeof(head));
	return head[0] ? XDP_PASS : XDP_DROP;
}
