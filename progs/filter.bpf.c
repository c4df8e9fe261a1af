// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * filter.bpf.c - a socket filter: which packets are kept, and how much of them
 *
 * Keeps the first bytes of IPv4 TCP and UDP packets from or to a port that is
 * in the map, and everything of what is neither TCP nor UDP over IPv4.  It asks
 * for bytes from the network header on, so a socket with link headers and one
 * without have the same from it.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define HEADERS 96 /* bytes that are kept */
#define ALL 0xffffffff
#define FRAGMENT_OFFSET 0x1fff

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u16); /* the port */
	__type(value, __u64); /* packets kept for it */
} wanted SEC(".maps");

static int is_wanted(__u16 port)
{
	__u64 *packets = bpf_map_lookup_elem(&wanted, &port);

	if (packets)
		__sync_fetch_and_add(packets, 1);
	return packets != 0;
}

SEC("socket")
int filter(struct __sk_buff *skb)
{
	struct iphdr ip;
	__be16 ports[2];

	if (skb->protocol != bpf_htons(ETH_P_IP) ||
	    bpf_skb_load_bytes_relative(skb, 0, &ip, sizeof(ip),
					BPF_HDR_START_NET))
		return ALL;
	if (ip.protocol != IPPROTO_TCP && ip.protocol != IPPROTO_UDP)
		return ALL;
	if (ip.frag_off & bpf_htons(FRAGMENT_OFFSET) ||
	    bpf_skb_load_bytes_relative(skb, ip.ihl * 4, ports, sizeof(ports),
					BPF_HDR_START_NET))
		return 0;
	if (is_wanted(bpf_ntohs(ports[0])) || is_wanted(bpf_ntohs(ports[1])))
		return HEADERS;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
