// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* atomics.bpf.c - instructions of ISA v4, and a run configuration */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 wide;
__u32 narrow;

SEC("xdp.frags")
int atomics(struct xdp_md *ctx)
{
	__u64 old = __sync_fetch_and_add(&wide, 3);
	__u32 seen = __sync_val_compare_and_swap(&narrow, 1, 2);

	__sync_fetch_and_or(&wide, old & 6);
	old ^= __sync_lock_test_and_set(&wide, 9);
	__sync_fetch_and_and(&narrow, 7);
	return ((__s64)old / 3 + (__s8)seen) % 2 ? XDP_PASS : XDP_DROP;
}

struct {
	__uint(priority, 5);
	__uint(XDP_PASS, 0);
	__uint(XDP_DROP, 1);
} _atomics SEC(".xdp_run_config");

char LICENSE[] SEC("license") = "GPL";
