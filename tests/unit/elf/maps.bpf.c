// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* maps.bpf.c - maps by their types, and what they hold at the start */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct key {
	__u32 a;
	__u16 b;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct key);
	__type(value, __u64);
	__uint(max_entries, 100);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} typed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(key_size, 8);
	__uint(value_size, 16);
	__uint(max_entries, 10);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} sized SEC(".maps");

/* no power of two of pages */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 5000);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
	__type(value, __u32);
	__uint(max_entries, 64);
	__uint(map_extra, 3);
} bloom SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__type(value, __u32);
	__uint(max_entries, 8);
} queue SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
} events SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 3);
};

struct inner first_inner SEC(".maps");
struct inner second_inner SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__type(key, __u32);
	__uint(max_entries, 4);
	__array(values, struct inner);
} outer SEC(".maps") = {
	.values = { [0] = &first_inner, [3] = &second_inner },
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__type(key, __u32);
	__uint(max_entries, 4);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_HASH);
		__type(key, __u64);
		__type(value, __u64);
		__uint(max_entries, 7);
	});
} by_hash SEC(".maps");

int jumped(struct __sk_buff *skb);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(max_entries, 3);
	__array(values, int(void *));
} jumps SEC(".maps") = {
	.values = { [2] = (void *)&jumped },
};

SEC("tc")
int jumped(struct __sk_buff *skb)
{
	__u32 zero = 0, *value;

	value = bpf_map_peek_elem(&bloom, &zero) ? 0 : &zero;
	bpf_map_push_elem(&queue, &zero, 0);
	bpf_perf_event_output(skb, &events, BPF_F_CURRENT_CPU, &zero, 4);
	bpf_ringbuf_output(&ring, &zero, 4, 0);
	return value ? 0 : 2;
}

SEC("tc")
int entry(struct __sk_buff *skb)
{
	__u8 lpm[8] = { 32 };
	struct key key = { 1, 2 };
	__u32 index = 3;
	__u64 wide = 5, *value;
	void *in;

	value = bpf_map_lookup_elem(&typed, &key);
	in = bpf_map_lookup_elem(&outer, &index);
	if (in)
		value = bpf_map_lookup_elem(in, &index);
	in = bpf_map_lookup_elem(&by_hash, &index);
	if (in)
		value = bpf_map_lookup_elem(in, &wide);
	if (!value)
		value = bpf_map_lookup_elem(&sized, lpm);
	bpf_tail_call(skb, &jumps, 2);
	return value ? (int)*value : 0;
}

char LICENSE[] SEC("license") = "GPL";
