// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * rate_limit.bpf.c - a token bucket for every source address
 *
 * A bucket is one number, the time at which it would be full again: taking a
 * token moves it on by the time that one takes to come back, and a packet is
 * dropped when that would lie more than a bucketful ahead.  One number can be
 * moved by compare and swap, so that CPUs that share a source need no lock.
 */
#include "l4.h"

#define SECOND 1000000000ULL
#define TRIES 4 /* to win the compare and swap */

struct limit {
	__u64 rate;  /* packets a second; 0: everything passes */
	__u64 burst; /* packets at once */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct limit);
} limit SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct in6_addr); /* IPv4 as ::ffff:a.b.c.d */
	__type(value, __u64);	      /* ns of CLOCK_MONOTONIC */
} buckets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, XDP_REDIRECT + 1); /* by verdict */
	__type(key, __u32);
	__type(value, __u64);
} rate_counts SEC(".maps");

static __always_inline bool take_token(__u64 *full_at, const struct limit *l,
				       __u64 now)
{
	__u64 token = SECOND / l->rate;

	for (int i = 0; i < TRIES; i++) {
		__u64 was = *(volatile __u64 *)full_at;
		__u64 next = (was > now ? was : now) + token;

		if (next - now > l->burst * token)
			return false;
		if (__sync_val_compare_and_swap(full_at, was, next) == was)
			return true;
	}
	return false;
}

static __always_inline bool admit(const struct in6_addr *source)
{
	__u64 now = bpf_ktime_get_ns(), *full_at;
	struct limit *l;
	__u32 zero = 0;

	l = bpf_map_lookup_elem(&limit, &zero);
	if (!l || !l->rate || l->rate > SECOND)
		return true;
	full_at = bpf_map_lookup_elem(&buckets, source);
	if (!full_at) {
		/* A new bucket is full.  No room for more: nobody suffers
		 * for the others. */
		bpf_map_update_elem(&buckets, source, &now, BPF_NOEXIST);
		full_at = bpf_map_lookup_elem(&buckets, source);
		if (!full_at)
			return true;
	}
	return take_token(full_at, l, now);
}

SEC("xdp")
int xdp_rate_limit(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	__u32 verdict = XDP_PASS;
	struct l4 l4;
	__u64 *count;

	if (l4_read(data, data_end, &l4) && !admit(&l4.saddr))
		verdict = XDP_DROP;
	count = bpf_map_lookup_elem(&rate_counts, &verdict);
	if (count)
		*count += 1;
	return verdict;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
