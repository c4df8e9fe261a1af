// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* slow.bpf.c - a program that takes as long as Linux lets it, or nearly */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define ROUNDS 150000

SEC("xdp")
int slow(struct xdp_md *ctx)
{
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < ROUNDS; i++)
		asm volatile("" : "+r"(i));
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
