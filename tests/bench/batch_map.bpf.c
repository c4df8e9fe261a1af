// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* batch_map.bpf.c - maps of a million entries, with and without types */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define ENTRIES 1000000

struct flow {
	__u32 saddr;
	__u32 daddr;
	__u16 sport;
	__u16 dport;
	__u8 proto;
	__u8 pad[3];
};

struct counters {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ENTRIES);
	__uint(key_size, sizeof(struct flow));
	__uint(value_size, sizeof(struct counters));
} raw SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ENTRIES);
	__type(key, struct flow);
	__type(value, struct counters);
} typed SEC(".maps");

SEC("xdp")
int uses_both(struct xdp_md *ctx)
{
	struct flow key = {};

	return bpf_map_lookup_elem(&raw, &key) ||
			       bpf_map_lookup_elem(&typed, &key)
		       ? XDP_DROP
		       : XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
