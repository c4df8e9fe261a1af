// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* strong_var.bpf.c - needs a variable that nobody has: refused by name */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

extern const int no_such_variable __ksym;

SEC("tc")
int needs(struct __sk_buff *skb)
{
	return no_such_variable;
}

char LICENSE[] SEC("license") = "GPL";
