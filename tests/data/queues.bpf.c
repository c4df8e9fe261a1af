// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* queues.bpf.c - what libxdp's program for AF_XDP does: packets to the socket of
 * their receive queue, if there is one; the first byte of the source address
 * says how it is asked */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} sockets SEC(".maps");

__u32 queue_ids[4];

SEC("xdp")
int to_socket(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 index = ctx->rx_queue_index;
	struct bpf_xdp_sock *sock;

	if (data + 14 > end)
		return XDP_DROP;
	if (data[6] == 4) /* whoever is there */
		return bpf_redirect_map(&sockets, index, XDP_ABORTED);
	sock = bpf_map_lookup_elem(&sockets, &index);
	if (!sock)
		return XDP_DROP;
	queue_ids[index & 3] = sock->queue_id + 100;
	return bpf_redirect_map(&sockets, index, 0);
}

SEC("xdp")
int with_metadata(struct xdp_md *ctx)
{
	__u32 *meta;

	if (bpf_xdp_adjust_meta(ctx, -4))
		return XDP_DROP;
	meta = (void *)(long)ctx->data_meta;
	if ((void *)(meta + 1) > (void *)(long)ctx->data)
		return XDP_DROP;
	*meta = 0x11223344;
	return bpf_redirect_map(&sockets, ctx->rx_queue_index, 0);
}

char _license[] SEC("license") = "Dual BSD/GPL";
