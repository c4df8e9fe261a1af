// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* ksym.bpf.c - weak externs that neither Linux nor Weir has */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct no_such_struct {
	int x;
};

extern const void no_such_symbol __ksym __weak;
extern const struct no_such_struct no_such_variable __ksym __weak;
extern int no_such_function(struct __sk_buff *) __ksym __weak;

SEC("tc")
int externs(struct __sk_buff *skb)
{
	if (&no_such_symbol || &no_such_variable)
		return 1;
	if (no_such_function)
		return no_such_function(skb);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
