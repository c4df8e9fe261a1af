// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * vlan.bpf.c - tags and untags at the tc hooks
 *
 * `vlan_tag` gives untagged packets the tag in `vlan_tags`, chosen by the
 * packet's mark, `vlan_untag` takes one off.  The mark may be set by
 * another program, or by nobody: then it is 0.
 */
#include <linux/pkt_cls.h>

#include "headers.h"

#define TAGS 16

struct tag {
	__u16 tci;    /* priority and VLAN; 0: leave such packets alone */
	__be16 proto; /* 0: 802.1Q */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TAGS);
	__type(key, __u32);
	__type(value, struct tag);
} vlan_tags SEC(".maps");

SEC("tc")
int vlan_tag(struct __sk_buff *skb)
{
	__u32 mark = skb->mark;
	struct tag *tag;
	__be16 proto;

	if (skb->vlan_present || is_vlan(skb->protocol))
		return TC_ACT_OK;
	tag = bpf_map_lookup_elem(&vlan_tags, &mark);
	if (!tag || !tag->tci)
		return TC_ACT_OK;
	proto = tag->proto ? tag->proto : bpf_htons(ETH_P_8021Q);
	if (bpf_skb_vlan_push(skb, proto, tag->tci))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

SEC("tc")
int vlan_untag(struct __sk_buff *skb)
{
	if (!skb->vlan_present && !is_vlan(skb->protocol))
		return TC_ACT_OK;
	if (bpf_skb_vlan_pop(skb))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
