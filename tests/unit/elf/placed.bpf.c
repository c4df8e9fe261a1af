// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* placed.bpf.c - functions and static programs outside of .text */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* called: part of the programs */
static __noinline __attribute__((section("tc"))) int helper(int x)
{
	return x * 3 + 1;
}

__noinline __attribute__((section("tc"))) int shared(int x)
{
	return helper(x) - 1;
}

/* static, not called: a program, as iproute2's tail calls are */
static __attribute__((section("tc/tail"), used)) int tail(struct __sk_buff *skb)
{
	return shared((int)skb->len);
}

SEC("tc")
int entry(struct __sk_buff *skb)
{
	return helper((int)skb->mark) + shared(2);
}

char LICENSE[] SEC("license") = "GPL";
