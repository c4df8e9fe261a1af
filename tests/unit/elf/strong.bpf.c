// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* strong.bpf.c - needs what nobody has: refused by name */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

extern int no_such_function(struct __sk_buff *) __ksym;

SEC("tc")
int needs(struct __sk_buff *skb)
{
	return no_such_function(skb);
}

char LICENSE[] SEC("license") = "GPL";
