// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * pace.bpf.c - when a packet may leave, so that no destination gets too much
 *
 * Earliest departure time: the packet is stamped, and who sends it (the fq
 * qdisc, a device with a launch time) holds it until then.  Of a destination
 * the time is kept at which its next packet may leave; a packet that would wait
 * longer than the horizon is dropped here, where that costs least.
 */
#include "headers.h"

#include <linux/pkt_cls.h>

#define SECOND 1000000000ULL
#define HORIZON (2 * SECOND)
#define TRIES 4 /* to win the compare and swap */

/* Bytes a second, by IPv4 destination; who is not there is not paced. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __be32);
	__type(value, __u64);
} pace_rates SEC(".maps");

/* When the next packet may leave: ns of CLOCK_MONOTONIC. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __be32);
	__type(value, __u64);
} pace_next SEC(".maps");

static __always_inline int read_destination(struct __sk_buff *skb, __be32 *to)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);

	if ((void *)(ip + 1) > data_end || eth->h_proto != bpf_htons(ETH_P_IP))
		return 0;
	*to = ip->daddr;
	return 1;
}

/* The packet's time, and the next one's after it; 0: too far ahead. */
static __always_inline __u64 take_turn(__u64 *next, __u64 now, __u64 length)
{
	for (int i = 0; i < TRIES; i++) {
		__u64 was = *(volatile __u64 *)next;
		__u64 at = was > now ? was : now;

		if (at - now > HORIZON)
			return 0;
		if (__sync_val_compare_and_swap(next, was, at + length) == was)
			return at;
	}
	return 0;
}

SEC("tc")
int tc_pace(struct __sk_buff *skb)
{
	__u64 now = bpf_ktime_get_ns(), *rate, *next, at;
	__be32 to;

	if (!read_destination(skb, &to))
		return TC_ACT_OK;
	rate = bpf_map_lookup_elem(&pace_rates, &to);
	if (!rate || !*rate)
		return TC_ACT_OK;
	next = bpf_map_lookup_elem(&pace_next, &to);
	if (!next) {
		bpf_map_update_elem(&pace_next, &to, &now, BPF_NOEXIST);
		next = bpf_map_lookup_elem(&pace_next, &to);
		if (!next)
			return TC_ACT_OK;
	}
	at = take_turn(next, now, (__u64)skb->len * SECOND / *rate);
	if (!at)
		return TC_ACT_SHOT;
	skb->tstamp = at;
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
