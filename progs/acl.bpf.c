// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * acl.bpf.c - drop or pass by source address and destination port
 *
 * A rule's 0 is a wildcard.  The most specific rule decides: address and port,
 * then address, then port; each first with the protocol, then without.  What
 * no rule matches gets the verdict in `acl_default`.
 */
#include "l4.h"

struct acl_key {
	__be32 saddr;
	__be16 dport;
	__u16 proto; /* IPPROTO_* */
};

struct acl6_key {
	struct in6_addr saddr;
	__be16 dport;
	__u16 proto;
};

struct acl_rule {
	__u32 verdict; /* XDP_DROP or XDP_PASS */
};

struct acl_count {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct acl_key);
	__type(value, struct acl_rule);
} acl SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct acl6_key);
	__type(value, struct acl_rule);
} acl6 SEC(".maps");

/* What no rule matches: XDP_PASS, or 0 which means the same. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} acl_default SEC(".maps");

/* By verdict. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, XDP_REDIRECT + 1);
	__type(key, __u32);
	__type(value, struct acl_count);
} acl_counts SEC(".maps");

/* From the most specific to the least; odd ones for any protocol. */
#define RANKS 6

static __always_inline bool with_address(int rank)
{
	return rank < 4;
}

static __always_inline bool with_port(int rank)
{
	return rank != 2 && rank != 3;
}

static __always_inline bool with_protocol(int rank)
{
	return !(rank & 1);
}

static __always_inline struct acl_rule *find4(const struct l4 *l4)
{
	struct acl_rule *rule;

	for (int rank = 0; rank < RANKS; rank++) {
		struct acl_key key = {};

		if (with_address(rank))
			key.saddr = l4->saddr.in6_u.u6_addr32[3];
		if (with_port(rank))
			key.dport = l4->dport;
		if (with_protocol(rank))
			key.proto = l4->proto;
		rule = bpf_map_lookup_elem(&acl, &key);
		if (rule)
			return rule;
	}
	return NULL;
}

static __always_inline struct acl_rule *find6(const struct l4 *l4)
{
	struct acl_rule *rule;

	for (int rank = 0; rank < RANKS; rank++) {
		struct acl6_key key = {};

		if (with_address(rank))
			key.saddr = l4->saddr;
		if (with_port(rank))
			key.dport = l4->dport;
		if (with_protocol(rank))
			key.proto = l4->proto;
		rule = bpf_map_lookup_elem(&acl6, &key);
		if (rule)
			return rule;
	}
	return NULL;
}

static __always_inline __u32 decide(const struct l4 *l4)
{
	struct acl_rule *rule;
	__u32 zero = 0, *other;

	if (l4->ethertype == bpf_htons(ETH_P_IP))
		rule = find4(l4);
	else
		rule = find6(l4);
	if (rule)
		return rule->verdict;
	other = bpf_map_lookup_elem(&acl_default, &zero);
	return other && *other ? *other : XDP_PASS;
}

SEC("xdp")
int xdp_acl(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	__u32 verdict = XDP_PASS;
	struct acl_count *count;
	struct l4 l4;

	/* Neighbours must find each other: only IP is filtered. */
	if (l4_read(data, data_end, &l4))
		verdict = decide(&l4);
	count = bpf_map_lookup_elem(&acl_counts, &verdict);
	if (count) {
		count->packets++;
		count->bytes += data_end - data;
	}
	return verdict;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
