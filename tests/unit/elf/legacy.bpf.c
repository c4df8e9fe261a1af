// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* legacy.bpf.c - maps as bytes: struct bpf_map_def */
#include <linux/bpf.h>

#define SEC(name) __attribute__((section(name), used))
#ifndef EXTRA
#define EXTRA
#endif

struct bpf_map_def {
	__u32 type;
	__u32 key_size;
	__u32 value_size;
	__u32 max_entries;
	__u32 map_flags;
	EXTRA
};

static void *(*lookup)(void *map, const void *key) = (void *)1;

struct bpf_map_def SEC("maps") counts = {
	.type = BPF_MAP_TYPE_PERCPU_ARRAY,
	.key_size = 4,
	.value_size = 8,
	.max_entries = 2,
};

struct bpf_map_def SEC("maps") flows = {
	.type = BPF_MAP_TYPE_HASH,
	.key_size = 12,
	.value_size = 24,
	.max_entries = 1000,
	.map_flags = BPF_F_NO_PREALLOC,
};

SEC("xdp_count")
int count(struct xdp_md *ctx)
{
	__u32 zero = 0;
	__u64 *value = lookup(&counts, &zero);
	__u32 key[3] = { 0 };

	(void)ctx;
	if (value)
		*value += 1;
	return lookup(&flows, key) ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
