// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* iproute2.bpf.c - maps as bytes: struct bpf_elf_map, and sections "ID/KEY" */
#include <linux/bpf.h>

#define SEC(name) __attribute__((section(name), used))

struct bpf_elf_map {
	__u32 type;
	__u32 size_key;
	__u32 size_value;
	__u32 max_elem;
	__u32 flags;
	__u32 id;
	__u32 pinning;
	__u32 inner_id;
	__u32 inner_idx;
};

static void *(*lookup)(void *map, const void *key) = (void *)1;
static void (*tail_call)(void *ctx, void *map, __u32 index) = (void *)12;

struct bpf_elf_map SEC("maps") jumps = {
	.type = BPF_MAP_TYPE_PROG_ARRAY,
	.size_key = 4,
	.size_value = 4,
	.max_elem = 8,
	.id = 7,
};

struct bpf_elf_map SEC("maps") outer = {
	.type = BPF_MAP_TYPE_ARRAY_OF_MAPS,
	.size_key = 4,
	.size_value = 4,
	.max_elem = 4,
	.pinning = 2, /* PIN_GLOBAL_NS */
	.inner_id = 42,
};

struct bpf_elf_map SEC("maps") inner = {
	.type = BPF_MAP_TYPE_ARRAY,
	.size_key = 4,
	.size_value = 4,
	.max_elem = 1,
	.id = 42,
	.inner_idx = 1,
};

SEC("7/3")
int tail(struct __sk_buff *skb)
{
	return skb->len > 100 ? 2 : 0;
}

SEC("classifier")
int entry(struct __sk_buff *skb)
{
	__u32 one = 1;
	void *map = lookup(&outer, &one);
	__u32 *value = map ? lookup(map, &one) : 0;

	tail_call(skb, &jumps, 3);
	return value ? (int)*value : 0;
}

char LICENSE[] SEC("license") = "GPL";
