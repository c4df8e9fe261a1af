// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * nat.bpf.c - destination NAT for IPv4 TCP and UDP, and back again
 *
 * `nat_in` rewrites what is addressed to a service and remembers the client;
 * `nat_out`, where the answers pass, puts the service's address back.  A reset
 * ends the connection and with it the memory of it.
 */
#include <linux/pkt_cls.h>

#include "headers.h"

struct endpoint {
	__be32 addr;
	__be16 port;
	__u16 proto; /* IPPROTO_* */
};

struct connection {
	__be32 client;
	__be32 server;
	__be16 client_port;
	__be16 server_port;
	__u32 proto;
};

/* Service to server. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct endpoint);
	__type(value, struct endpoint);
} services SEC(".maps");

/* Connection to the service that the client thinks it talks to. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct connection);
	__type(value, struct endpoint);
} connections SEC(".maps");

/* An IPv4 packet with ports. */
struct nat_packet {
	struct iphdr ip;
	struct ports ports;
	__u32 l4; /* offset of the ports */
};

#define L3 ETH_HLEN

static __always_inline bool read_packet(struct __sk_buff *skb,
					struct nat_packet *p)
{
	if (skb->protocol != bpf_htons(ETH_P_IP) ||
	    bpf_skb_load_bytes(skb, L3, &p->ip, sizeof(p->ip)))
		return false;
	if (p->ip.protocol != IPPROTO_TCP && p->ip.protocol != IPPROTO_UDP)
		return false;
	if (p->ip.frag_off & bpf_htons(IP_OFFSET_MASK | IP_MORE))
		return false;
	p->l4 = L3 + p->ip.ihl * 4;
	return !bpf_skb_load_bytes(skb, p->l4, &p->ports, sizeof(p->ports));
}

static __always_inline bool is_reset(struct __sk_buff *skb,
				     const struct nat_packet *p)
{
	struct tcphdr tcp;

	return p->ip.protocol == IPPROTO_TCP &&
	       !bpf_skb_load_bytes(skb, p->l4, &tcp, sizeof(tcp)) && tcp.rst;
}

/* Replace one address and one port, and mend both checksums.  UDP without a
 * checksum (0) stays so. */
static __always_inline int rewrite(struct __sk_buff *skb,
				   const struct nat_packet *p, __u32 addr_at,
				   __be32 old_addr, __u32 port_at,
				   __be16 old_port, const struct endpoint *to)
{
	__u64 flags = p->ip.protocol == IPPROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0;
	__u32 check = p->l4 + (p->ip.protocol == IPPROTO_UDP
				       ? offsetof(struct udphdr, check)
				       : offsetof(struct tcphdr, check));
	__be32 new_addr = to->addr;
	__be16 new_port = to->port;
	__s64 diff;

	diff = bpf_csum_diff(&old_addr, sizeof(old_addr), &new_addr,
			     sizeof(new_addr), 0);
	if (bpf_l4_csum_replace(skb, check, 0, diff,
				flags | BPF_F_PSEUDO_HDR) ||
	    bpf_l4_csum_replace(skb, check, old_port, new_port,
				flags | sizeof(new_port)) ||
	    bpf_l3_csum_replace(skb, L3 + offsetof(struct iphdr, check),
				old_addr, new_addr, sizeof(new_addr)) ||
	    bpf_skb_store_bytes(skb, addr_at, &new_addr, sizeof(new_addr), 0) ||
	    bpf_skb_store_bytes(skb, port_at, &new_port, sizeof(new_port), 0))
		return TC_ACT_SHOT; /* half rewritten: nobody should see it */
	return TC_ACT_OK;
}

SEC("tc")
int nat_in(struct __sk_buff *skb)
{
	struct endpoint service = {}, server;
	struct connection c = {};
	struct endpoint *found;
	struct nat_packet p;

	if (!read_packet(skb, &p))
		return TC_ACT_OK;
	service.addr = p.ip.daddr;
	service.port = p.ports.dest;
	service.proto = p.ip.protocol;
	found = bpf_map_lookup_elem(&services, &service);
	if (!found)
		return TC_ACT_OK;
	server = *found;

	c.client = p.ip.saddr;
	c.client_port = p.ports.source;
	c.server = server.addr;
	c.server_port = server.port;
	c.proto = p.ip.protocol;
	if (is_reset(skb, &p))
		bpf_map_delete_elem(&connections, &c);
	else if (bpf_map_update_elem(&connections, &c, &service, BPF_ANY))
		return TC_ACT_SHOT; /* the answers would not get back */
	return rewrite(skb, &p, L3 + offsetof(struct iphdr, daddr), p.ip.daddr,
		       p.l4 + offsetof(struct ports, dest), p.ports.dest,
		       &server);
}

SEC("tc")
int nat_out(struct __sk_buff *skb)
{
	struct connection c = {};
	struct endpoint *found, service;
	struct nat_packet p;

	if (!read_packet(skb, &p))
		return TC_ACT_OK;
	c.client = p.ip.daddr;
	c.client_port = p.ports.dest;
	c.server = p.ip.saddr;
	c.server_port = p.ports.source;
	c.proto = p.ip.protocol;
	found = bpf_map_lookup_elem(&connections, &c);
	if (!found)
		return TC_ACT_OK;
	service = *found;
	if (is_reset(skb, &p))
		bpf_map_delete_elem(&connections, &c);
	return rewrite(skb, &p, L3 + offsetof(struct iphdr, saddr), p.ip.saddr,
		       p.l4 + offsetof(struct ports, source), p.ports.source,
		       &service);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
