// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* loop.bpf.c - a program that is stopped for every packet: it has no end */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int endless(struct xdp_md *ctx)
{
	volatile __u32 n = ctx->ingress_ifindex;

	while (n)
		n |= 1;
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
