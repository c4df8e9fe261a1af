// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/* core.bpf.c - every kind of CO-RE relocation, on types that Weir has */
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define CORE __attribute__((preserve_access_index))

enum xdp_action {
	XDP_ABORTED,
	XDP_DROP,
	XDP_PASS = 77, /* elsewhere: 2 */
	XDP_NEVER,
};

struct xdp_md {
	__u32 data;
	__u32 ingress_ifindex; /* elsewhere: further back */
	__u32 data_end;
	__u32 rx_queue_index;
} CORE;

/* a flavour: the same type */
struct xdp_md___other {
	__u32 egress_ifindex;
	__u32 no_such_field;
} CORE;

struct iphdr {
	__u8 version : 4;
	__u8 ihl : 4;
	__be32 daddr;
	__be32 saddr;
	__u8 protocol;
} CORE;

struct in6_addr {
	union {
		__u8 u6_addr8[16];
		__be32 u6_addr32[4];
	} in6_u;
} CORE;

/* a part of the members of struct in6_addr: matches */
struct in6_addr___part {
	union {
		__u8 u6_addr8[16];
	} in6_u;
};

struct ipv6hdr {
	struct in6_addr saddr;
	__u8 nexthdr;
} CORE;

struct bpf_fib_lookup {
	__u8 family;
	__u8 dmac[6];
	__u32 ipv4_dst; /* elsewhere: in a union without a name */
	__u32 ifindex;
} CORE;

struct ethhdr {
	__u32 h_proto; /* elsewhere: half of it */
} CORE;

struct no_such_type {
	int x;
} CORE;

SEC("xdp")
int fields(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + 14;
	struct ipv6hdr *ip6 = data + 14;
	int sum = 0;

	if (data + 14 + 40 > end)
		return 2;
	sum += ip->protocol + ip->saddr + ip->daddr;
	sum += ip6->nexthdr + ip6->saddr.in6_u.u6_addr32[2];
	sum += ctx->rx_queue_index + ctx->ingress_ifindex;
	return sum & 1;
}

/* One answer each: what the program returns. */
#define ASK(name, expr)                \
	SEC("xdp")                     \
	int name(struct xdp_md *ctx)   \
	{                              \
		return (int)(expr);    \
	}

#define FIELD(type, field) (((struct type *)0)->field)

ASK(offset, bpf_core_field_offset(FIELD(iphdr, daddr)))
ASK(offset_nested, bpf_core_field_offset(FIELD(ipv6hdr, saddr.in6_u.u6_addr32[3])))
ASK(offset_nameless, bpf_core_field_offset(FIELD(bpf_fib_lookup, ipv4_dst)))
ASK(offset_flavour, bpf_core_field_offset(FIELD(xdp_md___other, egress_ifindex)))
ASK(size, bpf_core_field_size(FIELD(iphdr, daddr)))
ASK(size_array, bpf_core_field_size(FIELD(bpf_fib_lookup, dmac)))
ASK(field_exists, bpf_core_field_exists(FIELD(xdp_md___other, egress_ifindex)))
ASK(field_lacks, bpf_core_field_exists(FIELD(xdp_md___other, no_such_field)))
ASK(field_of_nothing, bpf_core_field_exists(FIELD(no_such_type, x)))
ASK(bits_signed, __builtin_preserve_field_info(FIELD(iphdr, ihl), BPF_FIELD_SIGNED))
ASK(bits_lshift, __builtin_preserve_field_info(FIELD(iphdr, ihl), BPF_FIELD_LSHIFT_U64))
ASK(bits_rshift, __builtin_preserve_field_info(FIELD(iphdr, ihl), BPF_FIELD_RSHIFT_U64))
ASK(bits_offset, __builtin_preserve_field_info(FIELD(iphdr, ihl), BPF_FIELD_BYTE_OFFSET))
ASK(type_exists, bpf_core_type_exists(struct iphdr))
ASK(type_lacks, bpf_core_type_exists(struct no_such_type))
ASK(type_size, bpf_core_type_size(struct bpf_fib_lookup))
ASK(type_size_of_nothing, bpf_core_type_size(struct no_such_type))
ASK(type_matches, bpf_core_type_matches(struct in6_addr___part))
ASK(type_differs, bpf_core_type_matches(struct ethhdr))
ASK(enum_value, bpf_core_enum_value(enum xdp_action, XDP_PASS))
ASK(enum_exists, bpf_core_enum_value_exists(enum xdp_action, XDP_PASS))
ASK(enum_lacks, bpf_core_enum_value_exists(enum xdp_action, XDP_NEVER))
ASK(local_id, bpf_core_type_id_local(struct no_such_type) > 0)

/* Never reached on what lacks the type: the load is made invalid. */
SEC("xdp")
int guarded(struct xdp_md *ctx)
{
	struct no_such_type *none = (void *)(long)ctx->data;

	if (bpf_core_type_exists(struct no_such_type))
		return none->x;
	return 2;
}

char LICENSE[] SEC("license") = "GPL";
