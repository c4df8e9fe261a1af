// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * skb_redirect.bpf.c - packets whose last bytes say what becomes of them
 *
 * Four bytes: what tc egress found on the way, what to do, where, and what the
 * other end of a clone does.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum what { NOTHING, NEIGH, NEXT, NEXT6, PEER, CLONE, CLONES, CLONE_IN, SHORT };

#define AF_INET 2
#define AF_INET6 10

struct order {
	__u8 seen;
	__u8 what;
	__u8 where;
	__u8 then;
};

/* The number of a port. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} ports SEC(".maps");

static __always_inline __u32 port(__u32 key)
{
	__u32 *number = bpf_map_lookup_elem(&ports, &key);

	return number ? *number : 0;
}

/* 10.0.WHERE.77 or fd00:0:0:WHERE::77 */
static __always_inline int to_next(__u32 to, __u32 where, _Bool ipv6)
{
	struct bpf_redir_neigh next = { .nh_family = ipv6 ? AF_INET6 : AF_INET };

	if (ipv6) {
		next.ipv6_nh[0] = bpf_htonl(0xfd000000);
		next.ipv6_nh[1] = bpf_htonl(where);
		next.ipv6_nh[3] = bpf_htonl(0x77);
	} else {
		next.ipv4_nh = bpf_htonl(0x0a00004d | where << 8);
	}
	return bpf_redirect_neigh(to, &next, sizeof(next), 0);
}

SEC("tc") int follow_order(struct __sk_buff *skb)
{
	struct order o = { 0 };
	__u32 at = skb->len - sizeof(o), to;

	if (skb->len < 24 || bpf_skb_load_bytes(skb, at, &o, sizeof(o)))
		return TC_ACT_SHOT;
	to = port(o.where);
	switch (o.what) {
	case NEIGH: return bpf_redirect_neigh(to, 0, 0, 0);
	case NEXT: return to_next(to, o.where, 0);
	case NEXT6: return to_next(to, o.where, 1);
	case PEER: return bpf_redirect_peer(to, 0);
	case CLONE: bpf_clone_redirect(skb, to, 0); return TC_ACT_SHOT;
	case CLONES:
		bpf_clone_redirect(skb, to, 0);
		bpf_clone_redirect(skb, port(0), 0);
		return bpf_redirect(to, 0);
	case CLONE_IN:
		o.what = o.then;
		bpf_skb_store_bytes(skb, at, &o, sizeof(o), 0);
		bpf_clone_redirect(skb, to, BPF_F_INGRESS);
		return TC_ACT_SHOT;
	case SHORT: return bpf_redirect_neigh(to, 0, 0, 1);
	default: return TC_ACT_SHOT;
	}
}

SEC("tc") int leave(struct __sk_buff *skb)
{
	__u8 seen = 0xe0;

	if (skb->len >= 24)
		bpf_skb_store_bytes(skb, skb->len - sizeof(struct order), &seen,
				    1, 0);
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
