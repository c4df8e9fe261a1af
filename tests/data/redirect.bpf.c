// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * redirect.bpf.c - packets that say which map, entry and flags they go by
 *
 * After the Ethernet header of type 0x88b5: u8 map, u8 key, u8 flags, and four
 * bytes for the programs of entries to write their name and what they see.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ETHERTYPE 0x88b5

enum which { PASS, PORTS, PORTS_BY_NUMBER, CPUS };

struct order {
	__u8 map;
	__u8 key;
	__u8 flags; /* the action in the low half; 16: all, 32: not back */
	__u8 program;
	__u8 ingress;
	__u8 egress;
	__u8 drop; /* the entry's program is to drop it */
};

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct bpf_devmap_val);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct bpf_devmap_val);
} by_number SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct bpf_cpumap_val);
} cpus SEC(".maps");

static __always_inline struct order *find(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct order *o = (void *)(eth + 1);

	if ((void *)(o + 1) > (void *)(long)ctx->data_end ||
	    eth->h_proto != bpf_htons(ETHERTYPE))
		return NULL;
	return o;
}

SEC("xdp")
int follow_order(struct xdp_md *ctx)
{
	struct order *o = find(ctx);
	__u64 flags;

	if (!o)
		return XDP_PASS;
	flags = o->flags & 15;
	if (o->flags & 16)
		flags |= BPF_F_BROADCAST;
	if (o->flags & 32)
		flags |= BPF_F_EXCLUDE_INGRESS;
	switch (o->map) {
	case PORTS: return bpf_redirect_map(&ports, o->key, flags);
	case PORTS_BY_NUMBER:
		return bpf_redirect_map(&by_number, o->key, flags);
	case CPUS: return bpf_redirect_map(&cpus, o->key, flags);
	default: return XDP_PASS;
	}
}

SEC("xdp/devmap")
int on_port(struct xdp_md *ctx)
{
	struct order *o = find(ctx);

	if (!o)
		return XDP_PASS;
	o->program = 'D';
	o->ingress = ctx->ingress_ifindex;
	o->egress = ctx->egress_ifindex;
	return o->drop ? XDP_DROP : XDP_PASS;
}

/* The packet goes on as an order without a map would. */
SEC("xdp/cpumap")
int on_cpu(struct xdp_md *ctx)
{
	struct order *o = find(ctx);

	if (!o)
		return XDP_PASS;
	o->program = 'C';
	o->ingress = ctx->ingress_ifindex;
	if (o->drop == 2)
		return bpf_redirect_map(&ports, 1, 0);
	return o->drop ? XDP_DROP : XDP_PASS;
}

/* Where the packet was at tc ingress. */
SEC("tc")
int note_cpu(struct __sk_buff *skb)
{
	__u8 cpu = bpf_get_smp_processor_id();

	bpf_skb_store_bytes(skb, ETH_HLEN + 5, &cpu, 1, 0);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
