// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* churn.bpf.c - every packet puts an entry into each map or takes one out */
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ENTRIES 65536
#define FIRST (1u << 24) /* keys below are others' */
#define KEYS 8192

struct prefix {
	__u32 len;
	__be32 address;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ENTRIES);
	__type(key, __u32);
	__type(value, __u64);
} hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, ENTRIES);
	__type(key, __u32);
	__type(value, __u64);
} lru SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, ENTRIES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix);
	__type(value, __u64);
} lpm SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} changes SEC(".maps");

SEC("xdp")
int churn(struct xdp_md *ctx)
{
	__u32 zero = 0, random = bpf_get_prandom_u32();
	__u32 key = FIRST + random % KEYS;
	struct prefix prefix = { 32, bpf_htonl(key) };
	__u64 value = key, *n;

	(void)ctx;
	if (random >> 31) {
		bpf_map_update_elem(&hash, &key, &value, BPF_ANY);
		bpf_map_update_elem(&lru, &key, &value, BPF_ANY);
		bpf_map_update_elem(&lpm, &prefix, &value, BPF_ANY);
	} else {
		bpf_map_delete_elem(&hash, &key);
		bpf_map_delete_elem(&lru, &key);
		bpf_map_delete_elem(&lpm, &prefix);
	}
	n = bpf_map_lookup_elem(&changes, &zero);
	if (n)
		__sync_fetch_and_add(n, 1);
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
