// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * redirect.bpf.c - out of another port, by a table
 *
 * `redirect_to` has for each port the number of the one its packets leave by;
 * 0, the default, lets them pass.
 */
#include <linux/pkt_cls.h>

#include "headers.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);   /* ifindex */
	__type(value, __u32); /* ifindex */
} redirect_to SEC(".maps");

SEC("xdp")
int xdp_redirect(struct xdp_md *ctx)
{
	__u32 from = ctx->ingress_ifindex;
	__u32 *to = bpf_map_lookup_elem(&redirect_to, &from);

	return to && *to ? bpf_redirect(*to, 0) : XDP_PASS;
}

SEC("tc")
int tc_redirect(struct __sk_buff *skb)
{
	__u32 from = skb->ifindex;
	__u32 *to = bpf_map_lookup_elem(&redirect_to, &from);

	return to && *to ? bpf_redirect(*to, 0) : TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
