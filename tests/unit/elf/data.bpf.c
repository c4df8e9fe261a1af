// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* data.bpf.c - global variables in every kind of section */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct pair {
	__u32 a;
	__u64 b;
};

__u32 counter = 7;
struct pair pair = { 1, 2 };
static volatile __u32 private_counter = 8;
__u64 zeroed[3];
const volatile __u32 limit = 9;
const volatile struct pair limits = { 10, 11 };
__u32 mine SEC(".data.mine") = 12;
static volatile __u32 quiet SEC(".data.quiet") = 13;
__attribute__((visibility("hidden"))) __u32 hidden SEC(".bss.hidden");
__u32 zeroed_mine SEC(".bss.mine");
const volatile __u64 constant_mine SEC(".rodata.mine") = 14;

SEC("xdp")
int variables(struct xdp_md *ctx)
{
	__u32 index = ctx->rx_queue_index & 1;

	counter += limit + pair.a;
	private_counter++;
	zeroed[index] += limits.b + pair.b;
	mine++;
	quiet++;
	hidden++;
	zeroed_mine += constant_mine;
	bpf_printk("counter %d", counter);
	return zeroed[2] ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
