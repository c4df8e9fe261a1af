// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * flow.bpf.c - a flow's packets counted in a map, which is all it does: what
 * weir bench times lookups with (docs/performance.md)
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct flow_key {
	__be32 saddr;
	__be32 daddr;
	__be16 sport;
	__be16 dport;
	__u32 proto;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct flow_key);
	__type(value, __u64);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct flow_key);
	__type(value, __u64);
} recent SEC(".maps");

static __always_inline int read_key(struct xdp_md *ctx, struct flow_key *key)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);

	if ((void *)(udp + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) ||
	    ip->ihl != 5)
		return 0;
	key->saddr = ip->saddr;
	key->daddr = ip->daddr;
	key->sport = udp->source;
	key->dport = udp->dest;
	key->proto = ip->protocol;
	return 1;
}

static __always_inline int count(void *map, const struct flow_key *key)
{
	__u64 *packets = bpf_map_lookup_elem(map, key), one = 1;

	if (packets)
		*packets += 1;
	else
		bpf_map_update_elem(map, key, &one, BPF_ANY);
	return XDP_DROP;
}

SEC("xdp")
int flow_hash(struct xdp_md *ctx)
{
	struct flow_key key;

	return read_key(ctx, &key) ? count(&flows, &key) : XDP_PASS;
}

SEC("xdp")
int flow_lru(struct xdp_md *ctx)
{
	struct flow_key key;

	return read_key(ctx, &key) ? count(&recent, &key) : XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
