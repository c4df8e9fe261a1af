// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
/*
 * random_ops.bpf.c - helpers in random order with random arguments
 *
 * The oracle makes random numbers the same on both sides: what a packet goes
 * through here has to come out the same.  Every step leaves a record of what
 * was called, what it said and what the context looked like afterwards.
 */
#include <linux/bpf.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define STEPS 4

struct step {
	__u32 packet, step;
};

struct record {
	__u32 op;
	__s32 ret;
	__u32 args[3];
	__u32 len, linear, meta;
	__u32 protocol, vlan_present, vlan_tci, vlan_proto;
	__u32 pkt_type, mark, priority, cb, tc_index, tc_classid;
	__u32 queue_mapping, ifindex, ingress_ifindex, wire_len;
	__u8 bytes[64];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 100000);
	__type(key, struct step);
	__type(value, struct record);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct record);
} scratch SEC(".maps");

/* other numbers for another run */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} seed SEC(".maps");

__u32 packets;
__u32 salt;
__u32 grown; /* at the front, by this packet's steps */

static __always_inline void begin_packet(void)
{
	__u32 zero = 0, *s = bpf_map_lookup_elem(&seed, &zero);

	packets++;
	grown = 0;
	if (s)
		salt = *s;
}

static __always_inline __u32 up_to(__u32 n)
{
	return (bpf_get_prandom_u32() ^ salt) % n;
}

/* Mostly what fits, sometimes what does not. */
static __always_inline __s32 delta(void)
{
	switch (up_to(8)) {
	case 0:
		return (__s32)up_to(9000) - 4500;
	case 1:
		return (__s32)up_to(600) - 300;
	case 2:
		return ((__s32)up_to(9) - 4) * 4;
	default:
		return (__s32)up_to(81) - 40;
	}
}

static __always_inline __u32 offset(void)
{
	return up_to(8) ? up_to(100) : up_to(70000);
}

static __always_inline struct record *begin(__u32 op)
{
	struct record *r;
	__u32 zero = 0;

	r = bpf_map_lookup_elem(&scratch, &zero);
	if (!r)
		return NULL;
	__builtin_memset(r, 0, sizeof(*r));
	r->op = op;
	return r;
}

static __always_inline void end(struct record *r, __u32 step)
{
	struct step key = { packets, step };

	bpf_map_update_elem(&records, &key, r, BPF_ANY);
}

/* ---- XDP ---- */

static __always_inline int xdp_op(struct xdp_md *ctx, struct record *r)
{
	__u8 *data = (void *)(long)ctx->data;
	__u8 *data_end = (void *)(long)ctx->data_end;

	switch (r->op) {
	case 0:
		r->args[0] = delta();
		return bpf_xdp_adjust_head(ctx, r->args[0]);
	case 1:
		r->args[0] = delta();
		return bpf_xdp_adjust_tail(ctx, r->args[0]);
	case 2:
		r->args[0] = delta();
		return bpf_xdp_adjust_meta(ctx, r->args[0]);
	case 3:
		r->args[0] = offset();
		return bpf_xdp_load_bytes(ctx, r->args[0], r->bytes, 16);
	case 4:
		r->args[0] = offset();
		__builtin_memset(r->bytes, r->args[0], 16);
		return bpf_xdp_store_bytes(ctx, r->args[0], r->bytes, 16);
	case 5:
		r->args[0] = up_to(64);
		data += r->args[0];
		if (data + 32 > data_end)
			return -1;
		data[0] ^= 0x55;
		return bpf_csum_diff(0, 0, (__be32 *)data, 32, r->args[0]);
	case 6:
		return bpf_redirect(up_to(3), up_to(2));
	default:
		data = (void *)(long)ctx->data_meta;
		if (data + 4 > (__u8 *)(long)ctx->data)
			return -1;
		*(__u32 *)data = bpf_get_prandom_u32();
		return 0;
	}
}

static __always_inline void xdp_look(struct xdp_md *ctx, struct record *r)
{
	__u8 *data = (void *)(long)ctx->data;
	__u8 *data_end = (void *)(long)ctx->data_end;

	r->len = r->linear = data_end - data;
	r->meta = ctx->data - ctx->data_meta;
	r->ingress_ifindex = ctx->ingress_ifindex;
	r->queue_mapping = ctx->rx_queue_index;
	if (data + 48 <= data_end)
		__builtin_memcpy(r->bytes + 16, data, 48);
}

SEC("xdp")
int random_xdp(struct xdp_md *ctx)
{
	begin_packet();
#pragma unroll
	for (int i = 0; i < STEPS; i++) {
		struct record *r = begin(up_to(8));

		if (!r)
			return XDP_ABORTED;
		r->ret = xdp_op(ctx, r);
		xdp_look(ctx, r);
		end(r, i);
	}
	return up_to(6);
}

/* ---- tc ---- */

static __always_inline __u64 pseudo(void)
{
	static const __u64 flags[] = { 0, BPF_F_RECOMPUTE_CSUM,
				       BPF_F_INVALIDATE_HASH, 4 };

	return flags[up_to(4)];
}

static __always_inline __u16 tag_proto(void)
{
	switch (up_to(4)) {
	case 0:
		return bpf_htons(0x88a8);
	case 1:
		return bpf_htons(0x0800);
	default:
		return bpf_htons(0x8100);
	}
}

static __always_inline int skb_write(struct __sk_buff *skb, struct record *r)
{
	r->args[0] = up_to(7);
	r->args[1] = bpf_get_prandom_u32();
	switch (r->args[0]) {
	case 0:
		skb->mark = r->args[1];
		break;
	case 1:
		skb->priority = r->args[1];
		break;
	case 2:
		skb->tc_index = r->args[1];
		break;
	case 3:
		skb->tc_classid = r->args[1];
		break;
	case 4:
		skb->queue_mapping = r->args[1];
		break;
	case 5:
		skb->tstamp = r->args[1];
		break;
	default:
		skb->cb[0] = r->args[1];
		skb->cb[4] = r->args[1] >> 3;
	}
	return 0;
}

static __always_inline int skb_bytes(struct __sk_buff *skb, struct record *r)
{
	r->args[0] = offset();
	r->args[1] = pseudo();
	switch (r->op) {
	case 1:
		return bpf_skb_load_bytes(skb, r->args[0], r->bytes, 16);
	case 2:
		__builtin_memset(r->bytes, r->args[0], 16);
		return bpf_skb_store_bytes(skb, r->args[0], r->bytes, 16,
					   r->args[1]);
	case 3:
		r->args[2] = up_to(6);
		return bpf_l3_csum_replace(skb, r->args[0], 0x1234,
					   bpf_get_prandom_u32() & 0xffff,
					   r->args[2]);
	default:
		r->args[2] = up_to(6) | (up_to(2) ? BPF_F_PSEUDO_HDR : 0) |
			     (up_to(2) ? BPF_F_MARK_MANGLED_0 : 0);
		return bpf_l4_csum_replace(skb, r->args[0], 0x1234,
					   bpf_get_prandom_u32() & 0xffff,
					   r->args[2]);
	}
}

/*
 * BPF_PROG_TEST_RUN's packets have no transport header.  Linux moves it all the
 * same when it makes room at the front, and from then on refuses lengths by
 * where it would be: such packets only grow.  Nor are they cut shorter than
 * their headers, since adjust_room moves as many bytes as these should have.
 */
static __always_inline __u32 new_length(struct __sk_buff *skb)
{
	__u32 len = skb->len, to = len + delta();

	if (to < 14)
		return to;
	if (to < (grown ? len : 54))
		return grown ? len : 54;
	return to;
}

static __always_inline int skb_size(struct __sk_buff *skb, struct record *r)
{
	switch (r->op) {
	case 5:
		r->args[0] = tag_proto();
		grown = 1;
		r->args[1] = bpf_get_prandom_u32() & 0xffff;
		return bpf_skb_vlan_push(skb, r->args[0], r->args[1]);
	case 6:
		return bpf_skb_vlan_pop(skb);
	case 7:
		r->args[0] = new_length(skb);
		return bpf_skb_change_tail(skb, r->args[0], 0);
	case 8:
		r->args[0] = delta();
		grown = 1;
		return bpf_skb_change_head(skb, r->args[0], 0);
	case 9:
		r->args[0] = up_to(2) ? offset() : 0;
		return bpf_skb_pull_data(skb, r->args[0]);
	default:
		r->args[0] = delta();
		grown = 1;
		r->args[1] = up_to(2);
		r->args[2] = up_to(4) ? 0 : 1u << up_to(10);
		return bpf_skb_adjust_room(skb, r->args[0], r->args[1],
					   r->args[2]);
	}
}

static __always_inline int skb_op(struct __sk_buff *skb, struct record *r)
{
	if (r->op == 0)
		return skb_write(skb, r);
	if (r->op < 5)
		return skb_bytes(skb, r);
	if (r->op < 11)
		return skb_size(skb, r);
	switch (r->op) {
	case 11:
		r->args[0] = up_to(6);
		return bpf_skb_change_type(skb, r->args[0]);
	case 12:
		r->args[0] = up_to(4);
		return bpf_csum_level(skb, r->args[0]);
	case 13:
		return bpf_redirect(up_to(3), up_to(2));
	default:
		return bpf_csum_update(skb, up_to(65536));
	}
}

static __always_inline void skb_look(struct __sk_buff *skb, struct record *r)
{
	__u8 *data = (void *)(long)skb->data;
	__u8 *data_end = (void *)(long)skb->data_end;

	r->len = skb->len;
	r->protocol = skb->protocol;
	r->vlan_present = skb->vlan_present;
	r->vlan_tci = skb->vlan_tci;
	r->vlan_proto = skb->vlan_proto;
	r->pkt_type = skb->pkt_type;
	r->mark = skb->mark;
	r->priority = skb->priority;
	r->cb = skb->cb[0] ^ skb->cb[4];
	r->tc_index = skb->tc_index;
	r->tc_classid = skb->tc_classid;
	r->queue_mapping = skb->queue_mapping;
	r->ifindex = skb->ifindex;
	r->ingress_ifindex = skb->ingress_ifindex;
	r->wire_len = skb->wire_len;
	if (data + 48 <= data_end)
		__builtin_memcpy(r->bytes + 16, data, 48);
}

SEC("tc")
int random_tc(struct __sk_buff *skb)
{
	begin_packet();
#pragma unroll
	for (int i = 0; i < STEPS; i++) {
		struct record *r = begin(up_to(15));

		if (!r)
			return -1;
		r->ret = skb_op(skb, r);
		skb_look(skb, r);
		end(r, i);
	}
	return (int)up_to(10) - 1;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
