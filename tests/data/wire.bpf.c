// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * wire.bpf.c - puts tags, labels and tunnels on the wire and takes them off
 *
 * For record.sh, where the kernel may have no devices for these.  What a
 * packet gets is told by where it goes, 10.9.N.0/24 or fd09:N::/64:
 *
 *	1  an 802.1Q tag
 *	2  an 802.1ad tag and in it an 802.1Q one
 *	3  two MPLS labels
 *	4  GRE over 10.9.0.0/24
 *	6  GRE with a key over 10.9.5.0/24
 */
#include <linux/pkt_cls.h>

#include "headers.h"

#define NET 0x0a09 /* the upper half of 10.9.N.0 */
#define NET6 0xfd09

enum net {
	NET_PLAIN,
	NET_VLAN,
	NET_QINQ,
	NET_MPLS,
	NET_GRE,
	NET_VXLAN, /* by the kernel's device */
	NET_GRE_KEY,
};

#define VLAN_OUTER 100
#define VLAN_INNER 200
#define LABEL(label, bottom) bpf_htonl((label) << 12 | (bottom) << 8 | 64)
#define TUNNEL_KEY bpf_htonl(77)

struct labels {
	__be32 outer;
	__be32 inner;
};

struct tunnel {
	struct iphdr ip;
	struct gre_header gre;
	__be32 key; /* of GRE_HAS_KEY only */
};

static __always_inline int push_mpls(struct __sk_buff *skb)
{
	struct labels labels = { LABEL(1000, 0), LABEL(2000, 1) };
	__be16 proto = bpf_htons(ETH_P_MPLS_UC);

	if (bpf_skb_adjust_room(skb, sizeof(labels), BPF_ADJ_ROOM_MAC, 0) ||
	    bpf_skb_store_bytes(skb, ETH_HLEN, &labels, sizeof(labels), 0) ||
	    bpf_skb_store_bytes(skb, offsetof(struct ethhdr, h_proto), &proto,
				sizeof(proto), 0))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

/* Wrap IPv4 into GRE between the same hosts, their addresses in `outer`. */
static __always_inline int
push_gre(struct __sk_buff *skb, const struct iphdr *ip, __u32 outer, bool keyed)
{
	__u32 size =
		keyed ? sizeof(struct tunnel) : offsetof(struct tunnel, key);
	struct tunnel t = {};
	__u32 sum;

	t.ip.version = 4;
	t.ip.ihl = 5;
	t.ip.ttl = 64;
	t.ip.id = ip->id;
	t.ip.protocol = IPPROTO_GRE;
	t.ip.tot_len = bpf_htons(bpf_ntohs(ip->tot_len) + size);
	t.ip.saddr = (ip->saddr & ~bpf_htonl(0xff00)) | bpf_htonl(outer << 8);
	t.ip.daddr = (ip->daddr & ~bpf_htonl(0xff00)) | bpf_htonl(outer << 8);
	t.gre.proto = bpf_htons(ETH_P_IP);
	if (keyed) {
		t.gre.flags = bpf_htons(GRE_HAS_KEY);
		t.key = TUNNEL_KEY;
	}
	sum = bpf_csum_diff(0, 0, (__be32 *)&t.ip, sizeof(t.ip), 0);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	t.ip.check = ~sum;
	if (bpf_skb_adjust_room(skb, size, BPF_ADJ_ROOM_MAC,
				BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 |
					BPF_F_ADJ_ROOM_ENCAP_L4_GRE))
		return TC_ACT_SHOT;
	if (keyed ? bpf_skb_store_bytes(skb, ETH_HLEN, &t, sizeof(t), 0)
		  : bpf_skb_store_bytes(skb, ETH_HLEN, &t,
					offsetof(struct tunnel, key), 0))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

static __always_inline int push_tags(struct __sk_buff *skb, bool two)
{
	if (two && bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), VLAN_INNER))
		return TC_ACT_SHOT;
	if (bpf_skb_vlan_push(skb, bpf_htons(two ? ETH_P_8021AD : ETH_P_8021Q),
			      VLAN_OUTER))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

SEC("tc")
int wire_out(struct __sk_buff *skb)
{
	struct iphdr ip;
	__be16 net6[2];
	__u32 to;

	if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		if (!bpf_skb_load_bytes(skb,
					ETH_HLEN +
						offsetof(struct ipv6hdr, daddr),
					net6, sizeof(net6)) &&
		    net6[0] == bpf_htons(NET6) &&
		    net6[1] == bpf_htons(NET_VLAN))
			return push_tags(skb, false);
		return TC_ACT_OK;
	}
	if (skb->protocol != bpf_htons(ETH_P_IP) ||
	    bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)))
		return TC_ACT_OK;
	to = bpf_ntohl(ip.daddr);
	if (to >> 16 != NET)
		return TC_ACT_OK;
	switch (to >> 8 & 0xff) {
	case NET_VLAN: return push_tags(skb, false);
	case NET_QINQ: return push_tags(skb, true);
	case NET_MPLS: return push_mpls(skb);
	case NET_GRE: return push_gre(skb, &ip, NET_PLAIN, false);
	case NET_GRE_KEY: return push_gre(skb, &ip, NET_VXLAN, true);
	default: return TC_ACT_OK;
	}
}

SEC("classifier")
int wire_in(struct __sk_buff *skb)
{
	struct tunnel t;
	int size = offsetof(struct tunnel, key);

	if (skb->vlan_present && bpf_skb_vlan_pop(skb))
		return TC_ACT_SHOT;
	if (skb->vlan_present && bpf_skb_vlan_pop(skb))
		return TC_ACT_SHOT;
	if (skb->protocol != bpf_htons(ETH_P_IP) ||
	    bpf_skb_load_bytes(skb, ETH_HLEN, &t, sizeof(t)) ||
	    t.ip.protocol != IPPROTO_GRE)
		return TC_ACT_OK;
	if (t.gre.flags & bpf_htons(GRE_HAS_KEY))
		size = sizeof(t);
	if (bpf_skb_adjust_room(skb, -size, BPF_ADJ_ROOM_MAC, 0))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

/* Labels are taken off before tc, which would not shrink what is not IP. */
SEC("xdp")
int wire_unlabel(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data, copy;

	if ((void *)(eth + 1) > data_end ||
	    eth->h_proto != bpf_htons(ETH_P_MPLS_UC))
		return XDP_PASS;
	copy = *eth;
	copy.h_proto = bpf_htons(ETH_P_IP);
	if (bpf_xdp_adjust_head(ctx, sizeof(struct labels)))
		return XDP_DROP;
	eth = (void *)(long)ctx->data;
	data_end = (void *)(long)ctx->data_end;
	if ((void *)(eth + 1) > data_end)
		return XDP_DROP;
	*eth = copy;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
