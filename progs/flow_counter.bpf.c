// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * flow_counter.bpf.c - packets and bytes of every flow, counted per CPU
 *
 * No CPU waits for another: a flow's value has a slot for each, and who reads
 * the map adds them up.
 */
#include "l4.h"

struct flow_key {
	struct in6_addr saddr; /* IPv4 as ::ffff:a.b.c.d */
	struct in6_addr daddr;
	__be16 sport;
	__be16 dport;
	__u32 proto;
};

struct flow {
	__u64 packets;
	__u64 bytes;
	__u64 first_ns; /* CLOCK_MONOTONIC */
	__u64 last_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct flow_key);
	__type(value, struct flow);
} flows SEC(".maps");

/* Packets of flows for which there was no room left. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} overflow SEC(".maps");

static __always_inline void start_flow(const struct flow_key *key,
				       const struct flow *flow)
{
	__u32 zero = 0;
	__u64 *lost;

	if (!bpf_map_update_elem(&flows, key, flow, BPF_NOEXIST))
		return;
	lost = bpf_map_lookup_elem(&overflow, &zero);
	if (lost)
		*lost += 1;
}

SEC("xdp")
int xdp_flow_counter(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct flow now = {}, *flow;
	struct flow_key key;
	struct l4 l4;

	if (!l4_read(data, data_end, &l4))
		return XDP_PASS;
	key.saddr = l4.saddr;
	key.daddr = l4.daddr;
	key.sport = l4.sport;
	key.dport = l4.dport;
	key.proto = l4.proto;

	now.packets = 1;
	now.bytes = data_end - data;
	now.first_ns = now.last_ns = bpf_ktime_get_ns();
	flow = bpf_map_lookup_elem(&flows, &key);
	if (!flow) {
		start_flow(&key, &now);
		return XDP_PASS;
	}
	if (!flow->packets) /* another CPU met it first */
		flow->first_ns = now.first_ns;
	flow->packets += 1;
	flow->bytes += now.bytes;
	flow->last_ns = now.last_ns;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
