// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * ports.bpf.c - drop what goes to a port that is not open
 *
 * Each protocol has a map of its open ports, in a map of maps: a protocol
 * without one passes, and another map of ports takes its place at once.  An
 * open port counts what comes; the last ports that were knocked at in vain are
 * in `knocks`.
 */
#include "l4.h"

struct port {
	struct bpf_spin_lock lock; /* of the two: they belong together */
	__u64 packets;
	__u64 bytes;
};

struct ports_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __be16);
	__type(value, struct port);
};

struct ports_map tcp_ports SEC(".maps");
struct ports_map udp_ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 256);
	__uint(key_size, sizeof(__u32));
	__array(values, struct ports_map);
} protocols SEC(".maps") = {
	.values = {
		[IPPROTO_TCP] = &tcp_ports,
		[IPPROTO_UDP] = &udp_ports,
	},
};

struct knock {
	__be16 port;
	__u16 protocol;
};

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 4);
	__uint(value_size, sizeof(struct knock));
} knocks SEC(".maps");

SEC("xdp")
int xdp_ports(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct knock knock = {};
	struct port *port;
	struct l4 l4;
	__u32 proto;
	void *open;

	if (!l4_read(data, data_end, &l4))
		return XDP_PASS;
	proto = l4.proto;
	open = bpf_map_lookup_elem(&protocols, &proto);
	if (!open)
		return XDP_PASS;
	port = bpf_map_lookup_elem(open, &l4.dport);
	if (!port) {
		knock.port = l4.dport;
		knock.protocol = l4.proto;
		bpf_map_push_elem(&knocks, &knock, BPF_EXIST);
		return XDP_DROP;
	}
	bpf_spin_lock(&port->lock);
	port->packets++;
	port->bytes += data_end - data;
	bpf_spin_unlock(&port->lock);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
