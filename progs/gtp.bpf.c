// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * gtp.bpf.c - takes IP packets out of GTP-U tunnels (3GPP TS 29.281)
 *
 * A tunnel is known by its endpoint identifier and may be bound to the address
 * of its other end.  G-PDUs lose everything in front of the inner packet; other
 * messages (echo requests, error indications) are somebody else's.
 */
#include "headers.h"

#define UDP_PORT_GTPU 2152
#define GTPU_VERSION_MASK 0xf0 /* version, protocol type */
#define GTPU_VERSION_1 0x30
#define GTPU_OPTIONS 0x07 /* E, S, PN: four bytes more */
#define GTPU_EXTENSION 0x04
#define GTPU_GPDU 0xff
#define EXTENSIONS 4 /* that are looked through, at most */

struct gtpu_header {
	__u8 flags;
	__u8 type;
	__be16 length;
	__be32 teid;
};

struct gtpu_options {
	__be16 sequence;
	__u8 npdu;
	__u8 next; /* type of the first extension, 0: none */
};

struct tunnel {
	__be32 peer; /* 0: anybody */
	__u32 pad;
	__u64 packets;
	__u64 bytes; /* of inner packets */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __be32); /* TEID */
	__type(value, struct tunnel);
} gtp_tunnels SEC(".maps");

enum gtp_drop { GTP_UNKNOWN, GTP_WRONG_PEER, GTP_MALFORMED, GTP_DROPS };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, GTP_DROPS);
	__type(key, __u32);
	__type(value, __u64);
} gtp_drops SEC(".maps");

static __always_inline int drop(__u32 why)
{
	__u64 *count = bpf_map_lookup_elem(&gtp_drops, &why);

	if (count)
		*count += 1;
	return XDP_DROP;
}

/* Where the inner packet begins, NULL: cut, or too many extensions. */
static __always_inline void *skip_options(void *at, void *data_end,
					  __u8 flags)
{
	struct gtpu_options *options = at;
	__u8 next;

	if ((void *)(options + 1) > data_end)
		return NULL;
	next = flags & GTPU_EXTENSION ? options->next : 0;
	at = options + 1;
	for (int i = 0; i < EXTENSIONS && next; i++) {
		__u8 *length = at; /* in words of four bytes */
		__u32 bytes;

		if ((void *)(length + 1) > data_end || !*length)
			return NULL;
		bytes = *length * 4;
		if (at + bytes > data_end)
			return NULL;
		next = *(__u8 *)(at + bytes - 1);
		at += bytes;
	}
	return next ? NULL : at;
}

/* The first bytes go, with another link header in front of the rest. */
static __always_inline int decapsulate(struct xdp_md *ctx, struct ethhdr eth,
				       int bytes)
{
	void *data, *data_end;

	if (bpf_xdp_adjust_head(ctx, bytes))
		return drop(GTP_MALFORMED);
	data = (void *)(long)ctx->data;
	data_end = (void *)(long)ctx->data_end;
	if (data + sizeof(eth) > data_end)
		return drop(GTP_MALFORMED);
	*(struct ethhdr *)data = eth;
	return XDP_PASS;
}

SEC("xdp")
int xdp_gtp(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);
	struct gtpu_header *gtp = (void *)(udp + 1);
	struct tunnel *tunnel;
	struct ethhdr outer;
	void *inner = gtp + 1;
	__u8 version;

	if (inner > data_end || eth->h_proto != bpf_htons(ETH_P_IP) ||
	    ip->version != 4 || ip->ihl != 5 || ip->protocol != IPPROTO_UDP ||
	    ip->frag_off & bpf_htons(IP_OFFSET_MASK | IP_MORE) ||
	    udp->dest != bpf_htons(UDP_PORT_GTPU))
		return XDP_PASS;
	if ((gtp->flags & GTPU_VERSION_MASK) != GTPU_VERSION_1 ||
	    gtp->type != GTPU_GPDU)
		return XDP_PASS;
	tunnel = bpf_map_lookup_elem(&gtp_tunnels, &gtp->teid);
	if (!tunnel)
		return drop(GTP_UNKNOWN);
	if (tunnel->peer && tunnel->peer != ip->saddr)
		return drop(GTP_WRONG_PEER);
	if (gtp->flags & GTPU_OPTIONS)
		inner = skip_options(inner, data_end, gtp->flags);
	if (!inner || inner + sizeof(struct iphdr) > data_end)
		return drop(GTP_MALFORMED);
	version = *(__u8 *)inner >> 4;
	if (version != 4 && version != 6)
		return drop(GTP_MALFORMED);
	__sync_fetch_and_add(&tunnel->packets, 1);
	__sync_fetch_and_add(&tunnel->bytes, data_end - inner);
	outer = *eth;
	outer.h_proto = bpf_htons(version == 6 ? ETH_P_IPV6 : ETH_P_IP);
	return decapsulate(ctx, outer, inner - data - sizeof(*eth));
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
