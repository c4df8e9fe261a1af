// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * balancer.bpf.c - a Layer-4 load balancer: virtual addresses to real servers
 *
 * A connection goes to the server that a ring of consistent hashing says, which
 * a controller fills (Maglev, NSDI 2016: a change of servers moves few slots),
 * and stays there: a table of connections remembers.  Packets are sent as they
 * are, in an outer IPv4 header - IPIP, or UDP without a header of its own (GUE,
 * variant 1) where paths are chosen by ports - and servers answer clients
 * directly.  tunnel_end.bpf.c takes the outer header off again.
 */
#include "tunnel.h"

#define RING 1021 /* slots, a prime */
#define VIPS 64
#define REALS 1024

struct vip {
	__be32 address;
	__be16 port;
	__u16 proto;
};

enum vip_encap { ENCAP_IPIP, ENCAP_GUE };

struct vip_info {
	__u32 number; /* its ring is at number * RING */
	__u32 encap;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VIPS);
	__type(key, struct vip);
	__type(value, struct vip_info);
} vips SEC(".maps");

/* Servers by number, 0: none. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VIPS * RING);
	__type(key, __u32);
	__type(value, __u32);
} ring SEC(".maps");

struct real {
	__be32 address; /* 0: out of service */
	__u8 mac[ETH_ALEN];
	__u16 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, REALS);
	__type(key, __u32);
	__type(value, struct real);
} reals SEC(".maps");

struct connection {
	__be32 saddr;
	__be32 daddr;
	__be16 sport;
	__be16 dport;
	__u32 proto;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 100000);
	__type(key, struct connection);
	__type(value, __u32); /* server */
} connections SEC(".maps");

/* Whom outer headers come from. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __be32);
} balancer_address SEC(".maps");

struct traffic {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, REALS); /* by server; 0: nobody took it */
	__type(key, __u32);
	__type(value, struct traffic);
} real_traffic SEC(".maps");

static __always_inline void count(__u32 server, __u64 bytes)
{
	struct traffic *t = bpf_map_lookup_elem(&real_traffic, &server);

	if (t) {
		t->packets++;
		t->bytes += bytes;
	}
}

static __always_inline __u32 mix(__u32 a, __u32 b)
{
	a = (a ^ b) * 0x9e3779b1;
	return a ^ a >> 15;
}

/* Of the client alone would send all connections behind a NAT to one. */
static __always_inline __u32 hash(const struct connection *c)
{
	__u32 v = mix(0x2545f491, c->saddr);

	v = mix(v, c->daddr);
	v = mix(v, (__u32)c->sport << 16 | c->dport);
	return mix(v, c->proto);
}

static __always_inline struct real *in_service(__u32 server)
{
	struct real *real = bpf_map_lookup_elem(&reals, &server);

	return server && real && real->address ? real : NULL;
}

/* The server that the connection has, or gets now; NULL: there is none. */
static __always_inline struct real *choose(const struct connection *c,
					   const struct vip_info *vip,
					   bool is_new, __u32 *server)
{
	__u32 *known = is_new ? NULL : bpf_map_lookup_elem(&connections, c);
	struct real *real;
	__u32 slot;

	if (known) {
		*server = *known;
		real = in_service(*server);
		if (real)
			return real;
	}
	slot = vip->number * RING + hash(c) % RING;
	known = bpf_map_lookup_elem(&ring, &slot);
	if (!known)
		return NULL;
	*server = *known;
	real = in_service(*server);
	if (real)
		bpf_map_update_elem(&connections, c, server, BPF_ANY);
	return real;
}

/* An outer header in front of the inner bytes, which are sent to the server. */
static __always_inline int send_to(struct xdp_md *ctx, const struct real *real,
				   __u32 encap, __be16 path, __u32 inner)
{
	__u32 zero = 0, outer = sizeof(struct iphdr);
	__be32 *from = bpf_map_lookup_elem(&balancer_address, &zero);
	void *data, *data_end;
	struct ethhdr *eth, *was;
	struct iphdr *ip;

	if (encap == ENCAP_GUE)
		outer += sizeof(struct udphdr);
	if (!from || bpf_xdp_adjust_head(ctx, -(int)outer))
		return XDP_DROP;
	data = (void *)(long)ctx->data;
	data_end = (void *)(long)ctx->data_end;
	eth = data;
	was = data + outer;
	ip = (void *)(eth + 1);
	if (data + outer + sizeof(*eth) > data_end ||
	    (void *)(ip + 1) > data_end)
		return XDP_DROP;
	__builtin_memcpy(eth->h_source, was->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, real->mac, ETH_ALEN);
	eth->h_proto = bpf_htons(ETH_P_IP);
	tunnel_ip(ip, *from, real->address, outer + inner,
		  encap == ENCAP_GUE ? IPPROTO_UDP : IPPROTO_IPIP);
	if (encap == ENCAP_GUE && !tunnel_udp(ip + 1, data_end, path, inner))
		return XDP_DROP;
	return XDP_TX;
}

SEC("xdp")
int xdp_balance(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct tcphdr *tcp = (void *)(ip + 1);
	struct ports *ports = (void *)tcp;
	__u64 bytes = data_end - data;
	struct connection c = {};
	struct vip key = {};
	struct vip_info *vip;
	struct real *real;
	__u32 server = 0;
	bool is_new = false;

	if ((void *)(ports + 1) > data_end ||
	    eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5 ||
	    ip->frag_off & bpf_htons(IP_OFFSET_MASK | IP_MORE) ||
	    (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP))
		return XDP_PASS;
	key.address = ip->daddr;
	key.port = ports->dest;
	key.proto = ip->protocol;
	vip = bpf_map_lookup_elem(&vips, &key);
	if (!vip || vip->number >= VIPS)
		return XDP_PASS;
	if (ip->protocol == IPPROTO_TCP) {
		if ((void *)(tcp + 1) > data_end)
			return XDP_DROP;
		is_new = tcp->syn && !tcp->ack;
	}
	c.saddr = ip->saddr;
	c.daddr = ip->daddr;
	c.sport = ports->source;
	c.dport = ports->dest;
	c.proto = ip->protocol;
	real = choose(&c, vip, is_new, &server);
	count(real ? server : 0, bytes);
	if (!real)
		return XDP_DROP;
	return send_to(ctx, real, vip->encap, bpf_htons(hash(&c) | 0xc000),
		       bytes - sizeof(*eth));
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
