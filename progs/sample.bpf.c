// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * sample.bpf.c - writes one in so many packets to the trace
 *
 * `sample_every` is 1,000 unless changed; 0 turns it off.
 */
#include "l4.h"

__u32 sample_every = 1000;

SEC("xdp")
int xdp_sample(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct l4 l4;

	if (!sample_every || bpf_get_prandom_u32() % sample_every)
		return XDP_PASS;
	if (!l4_read(data, data_end, &l4))
		return XDP_PASS;
	bpf_printk("proto %u, port %u, %u bytes", l4.proto, bpf_ntohs(l4.dport),
		   (__u32)(data_end - data));
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
