// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * syn_guard.bpf.c - answers SYNs with cookies, so that no flood reaches servers
 *
 * A SYN to a guarded port is answered here, statelessly: the sequence number of
 * the answer is a cookie.  Who returns it is not a forged address; it is
 * remembered and its connection reset, as the server knows nothing of it.  The
 * next one, if it tries again, is between the two of them alone.
 */
#include "headers.h"

#define TCP_HEADER_MAX 60

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __be16); /* port */
	__type(value, __u8);
} guarded SEC(".maps");

/* Addresses that have shown that they are there. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, __be32);
	__type(value, __u64); /* since: ns of CLOCK_MONOTONIC */
} verified SEC(".maps");

enum guard_count {
	GUARD_COOKIES,	/* sent */
	GUARD_RETURNED, /* right ones */
	GUARD_WRONG,
	GUARD_COUNTS,
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, GUARD_COUNTS);
	__type(key, __u32);
	__type(value, __u64);
} guard_counts SEC(".maps");

static __always_inline void count(__u32 what)
{
	__u64 *n = bpf_map_lookup_elem(&guard_counts, &what);

	if (n)
		*n += 1;
}

/* Of a header without options and data. */
static __always_inline void mend(struct iphdr *ip, struct tcphdr *tcp)
{
	__u64 sum;

	ip->check = 0;
	ip->check = fold(bpf_csum_diff(NULL, 0, (__be32 *)ip, sizeof(*ip), 0));
	tcp->check = 0;
	sum = bpf_csum_diff(NULL, 0, (__be32 *)tcp, sizeof(*tcp), 0);
	sum += ip->saddr;
	sum += ip->daddr;
	sum += bpf_htons(IPPROTO_TCP);
	sum += bpf_htons(sizeof(*tcp));
	tcp->check = fold((sum & 0xffffffff) + (sum >> 32));
}

/* Makes the packet an answer of the server's: flags, and the numbers. */
static __always_inline int answer(struct xdp_md *ctx, __be32 seq, __be32 ack,
				  bool is_reset)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	long length = sizeof(struct ethhdr) + sizeof(struct iphdr) +
		      sizeof(struct tcphdr);
	struct ethhdr *eth;
	struct iphdr *ip;
	struct tcphdr *tcp;
	__u8 mac[ETH_ALEN];
	__be32 address;
	__be16 port;

	if (bpf_xdp_adjust_tail(ctx, length - (data_end - data)))
		return XDP_DROP;
	data = (void *)(long)ctx->data;
	data_end = (void *)(long)ctx->data_end;
	eth = data;
	ip = (void *)(eth + 1);
	tcp = (void *)(ip + 1);
	if ((void *)(tcp + 1) > data_end)
		return XDP_DROP;
	__builtin_memcpy(mac, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, mac, ETH_ALEN);
	address = ip->saddr;
	ip->saddr = ip->daddr;
	ip->daddr = address;
	ip->tot_len = bpf_htons(sizeof(*ip) + sizeof(*tcp));
	ip->ttl = 64;
	port = tcp->source;
	tcp->source = tcp->dest;
	tcp->dest = port;
	tcp->seq = seq;
	tcp->ack_seq = ack;
	tcp->doff = sizeof(*tcp) / 4;
	tcp->syn = tcp->ack = !is_reset;
	tcp->rst = is_reset;
	tcp->psh = tcp->fin = tcp->urg = 0;
	tcp->window = is_reset ? 0 : bpf_htons(0xffff);
	mend(ip, tcp);
	return XDP_TX;
}

static __always_inline int send_cookie(struct xdp_md *ctx, struct iphdr *ip,
				       struct tcphdr *tcp)
{
	__u32 at = sizeof(struct ethhdr) + sizeof(*ip), size = tcp->doff * 4;
	__u8 header[TCP_HEADER_MAX];
	struct iphdr from = *ip;
	__be32 seq = tcp->seq;
	__s64 cookie;

	/* with its options, of which one is the segment size */
	if (size < sizeof(*tcp) || size > sizeof(header) ||
	    bpf_xdp_load_bytes(ctx, at, header, size))
		return XDP_DROP;
	cookie = bpf_tcp_raw_gen_syncookie_ipv4(&from, (void *)header, size);
	if (cookie < 0)
		return XDP_DROP;
	count(GUARD_COOKIES);
	return answer(ctx, bpf_htonl((__u32)cookie),
		      bpf_htonl(bpf_ntohl(seq) + 1), false);
}

static __always_inline int take_cookie(struct xdp_md *ctx, struct iphdr *ip,
				       struct tcphdr *tcp)
{
	__u64 now = bpf_ktime_get_ns();
	__be32 from = ip->saddr, seq = tcp->ack_seq;

	if (!tcp->ack || tcp->rst ||
	    bpf_tcp_raw_check_syncookie_ipv4(ip, tcp)) {
		count(GUARD_WRONG);
		return XDP_DROP;
	}
	count(GUARD_RETURNED);
	bpf_map_update_elem(&verified, &from, &now, BPF_ANY);
	return answer(ctx, seq, 0, true);
}

SEC("xdp")
int xdp_syn_guard(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct tcphdr *tcp = (void *)(ip + 1);

	if ((void *)(tcp + 1) > data_end ||
	    eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5 ||
	    ip->protocol != IPPROTO_TCP ||
	    ip->frag_off & bpf_htons(IP_OFFSET_MASK))
		return XDP_PASS;
	if (!bpf_map_lookup_elem(&guarded, &tcp->dest) ||
	    bpf_map_lookup_elem(&verified, &ip->saddr))
		return XDP_PASS;
	if (tcp->syn && !tcp->ack)
		return send_cookie(ctx, ip, tcp);
	return take_cookie(ctx, ip, tcp);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
