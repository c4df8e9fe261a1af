// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* tunnel_end.bpf.c - takes off the outer header that balancer.bpf.c put on */
#include "tunnel.h"

#include <linux/pkt_cls.h>

/* Outer bytes between link header and inner packet, 0: it is in no tunnel. */
static __always_inline int outer_bytes(void *data, void *data_end)
{
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);

	if ((void *)(ip + 1) > data_end ||
	    eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5 ||
	    ip->frag_off & bpf_htons(IP_OFFSET_MASK | IP_MORE))
		return 0;
	if (ip->protocol == IPPROTO_IPIP)
		return sizeof(*ip);
	if (ip->protocol != IPPROTO_UDP || (void *)(udp + 1) > data_end ||
	    udp->dest != bpf_htons(UDP_PORT_GUE))
		return 0;
	return sizeof(*ip) + sizeof(*udp);
}

SEC("tc")
int tc_tunnel_end(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	int outer = outer_bytes(data, data_end);
	struct iphdr *ip = data + sizeof(struct ethhdr) + outer;

	if (!outer)
		return TC_ACT_OK;
	if ((void *)(ip + 1) > data_end || ip->version != 4)
		return TC_ACT_SHOT;
	if (bpf_skb_adjust_room(skb, -outer, BPF_ADJ_ROOM_MAC, 0))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
