// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* strong.bpf.c - programs that call what nobody has, and ones that do not */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

extern int no_such_function(struct __sk_buff *) __ksym;

const volatile int calls;

SEC("tc")
int needs(struct __sk_buff *skb)
{
	return no_such_function(skb);
}

SEC("tc")
int might(struct __sk_buff *skb)
{
	return calls ? no_such_function(skb) : 7;
}

SEC("tc")
int needs_not(struct __sk_buff *skb)
{
	return skb->len > 60;
}

char LICENSE[] SEC("license") = "GPL";
