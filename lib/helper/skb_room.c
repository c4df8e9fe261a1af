/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * skb_room.c - skb_adjust_room, skb_change_proto: room behind the link header
 *
 * Packets whose gso_size is set have no kind of segmentation here, and of such
 * Linux says that it cannot change them.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>

#include "helper/csum.h"
#include "helper/helpers.h"
#include "helper/skb.h"

#define IPV4_BYTES 20u
#define IPV6_BYTES 40u
#define MOST 0xfffu

#define ENCAP_L3 \
	((u64)(BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 | BPF_F_ADJ_ROOM_ENCAP_L3_IPV6))
#define ENCAP_L4 \
	((u64)(BPF_F_ADJ_ROOM_ENCAP_L4_GRE | BPF_F_ADJ_ROOM_ENCAP_L4_UDP))
#define ENCAP_L2                            \
	((u64)BPF_F_ADJ_ROOM_ENCAP_L2_ETH | \
	 BPF_F_ADJ_ROOM_ENCAP_L2(BPF_ADJ_ROOM_ENCAP_L2_MASK))
#define DECAP_L3 \
	((u64)(BPF_F_ADJ_ROOM_DECAP_L3_IPV4 | BPF_F_ADJ_ROOM_DECAP_L3_IPV6))
#define ANY_WAY ((u64)(BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET))
#define GROW_FLAGS (ANY_WAY | ENCAP_L2 | ENCAP_L3 | ENCAP_L4)
#define SHRINK_FLAGS (ANY_WAY | DECAP_L3)

/* n zero bytes, off from the front; the headers before them stay in front. */
static int insert(struct pkt *p, u32 off, u32 n)
{
	bool same = p->transport_header == p->network_header;
	s32 mac = p->mac_header, network = p->network_header;
	u32 len = pkt_len(p);
	int err = pkt_push(p, (s32)n);

	if (err)
		return err;
	off = MIN(off, len);
	memmove(p->data, p->data + n, off);
	memset(p->data + off, 0, n);
	p->mac_header = mac;
	p->network_header = network;
	if (same)
		p->transport_header = network;
	return 0;
}

/* ... and away. */
static int take_out(struct pkt *p, u32 off, u32 n)
{
	bool same = p->transport_header == p->network_header;
	s32 mac = p->mac_header, network = p->network_header;

	if (off + n > pkt_len(p))
		return -ENOMEM;
	csum_pulled(p, p->data + off, n);
	memmove(p->data + n, p->data, off);
	pkt_push(p, -(s32)n);
	p->mac_header = mac;
	p->network_header = network;
	if (same)
		p->transport_header = network;
	return 0;
}

static u32 link_len(const struct pkt *p)
{
	return (u32)(p->network_header - p->mac_header);
}

/* Of the shortest header of the packet's protocol; most of all: none. */
static u32 base_len(const struct pkt *p)
{
	if (p->protocol == htons(ETH_P_IP))
		return IPV4_BYTES;
	return p->protocol == htons(ETH_P_IPV6) ? IPV6_BYTES : UINT32_MAX;
}

/* The outer header is of another protocol than it was. */
static void set_l3(struct pkt *p, u64 flags, u64 ipv4, u64 ipv6)
{
	if (flags & ipv6)
		p->protocol = htons(ETH_P_IPV6);
	else if (flags & ipv4)
		p->protocol = htons(ETH_P_IP);
}

static int check_encap(const struct pkt *p, u32 n, u64 flags)
{
	u32 inner_link = (u32)(flags >> BPF_ADJ_ROOM_ENCAP_L2_SHIFT);

	if ((flags & ENCAP_L3) == ENCAP_L3 || (flags & ENCAP_L4) == ENCAP_L4)
		return -EINVAL;
	if ((flags & BPF_F_ADJ_ROOM_ENCAP_L2_ETH) && inner_link < ETH_HLEN)
		return -EINVAL;
	if (p->encapsulation)
		return -EALREADY;
	return inner_link > n ? -EINVAL : 0;
}

static void set_encap(struct pkt *p, u64 flags)
{
	u32 l3 = flags & BPF_F_ADJ_ROOM_ENCAP_L3_IPV6 ? IPV6_BYTES : IPV4_BYTES;

	p->encapsulation = true;
	if (flags & ENCAP_L4)
		p->transport_header = p->network_header + (s32)l3;
	set_l3(p, flags, BPF_F_ADJ_ROOM_ENCAP_L3_IPV4,
	       BPF_F_ADJ_ROOM_ENCAP_L3_IPV6);
}

static int grow(struct pkt *p, u32 off, u32 n, u64 flags)
{
	bool encap = flags & ENCAP_L3;
	int err;

	if (p->gso_size)
		return -ENOTSUPP;
	err = encap ? check_encap(p, n, flags) : 0;
	if (!err)
		err = insert(p, off, n);
	if (!err && encap)
		set_encap(p, flags);
	return err;
}

static int shrink(struct pkt *p, u32 off, u32 n, u64 flags)
{
	int err;

	if (flags & ~SHRINK_FLAGS)
		return -EINVAL;
	if (p->gso_size)
		return -ENOTSUPP;
	err = take_out(p, off, n);
	if (!err)
		set_l3(p, flags, BPF_F_ADJ_ROOM_DECAP_L3_IPV4,
		       BPF_F_ADJ_ROOM_DECAP_L3_IPV6);
	return err;
}

/* How much of the network header and more a shrinking packet keeps; 0: the
 * flags do not fit. */
static u32 kept(const struct pkt *p, u64 flags)
{
	switch (flags & DECAP_L3) {
	case 0:
		return base_len(p);
	case BPF_F_ADJ_ROOM_DECAP_L3_IPV4:
		return IPV4_BYTES;
	case BPF_F_ADJ_ROOM_DECAP_L3_IPV6:
		return IPV6_BYTES;
	default:
		return 0;
	}
}

static int check_room(const struct pkt *p, s32 diff, u64 flags)
{
	u32 len = (u32)((s32)pkt_len(p) - p->network_header);
	u32 n = (u32)abs(diff), keep = kept(p, flags);

	if ((flags & DECAP_L3) && (diff >= 0 || !keep))
		return -EINVAL;
	if (diff < 0)
		return n >= len || len - n < keep ? -ENOTSUPP : 0;
	return pkt_len(p) + n > SKB_MAX_LEN ? -ENOTSUPP : 0;
}

static int adjust_room(struct pkt *p, s32 diff, u32 mode, u64 flags)
{
	u32 off = link_len(p);
	int err;

	if (flags & ~(GROW_FLAGS | SHRINK_FLAGS))
		return -EINVAL;
	if (diff > (s32)MOST || diff < -(s32)MOST)
		return -EFAULT;
	if (base_len(p) == UINT32_MAX)
		return -ENOTSUPP;
	if (mode != BPF_ADJ_ROOM_NET && mode != BPF_ADJ_ROOM_MAC)
		return -ENOTSUPP;
	if (mode == BPF_ADJ_ROOM_NET)
		off += base_len(p);
	err = check_room(p, diff, flags);
	if (err)
		return err;
	return diff < 0 ? shrink(p, off, (u32)-diff, flags)
			: grow(p, off, (u32)diff, flags);
}

HELPER_4(skb_adjust_room, struct pkt *, p, s32, diff, u32, mode, u64, flags)
{
	int err = adjust_room(p, diff, mode, flags);

	if (!err && !(flags & BPF_F_ADJ_ROOM_NO_CSUM_RESET))
		csum_unverified(p);
	return helper_error(err);
}

const struct helper helper_skb_adjust_room = {
	.id = BPF_FUNC_skb_adjust_room,
	.name = "skb_adjust_room",
	.fn = skb_adjust_room,
	.progs = PROG_TC,
	.moves_packet = true,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_ANY, ARG_ANY, ARG_ANY },
};

/* Between IPv4 and IPv6: the room their headers differ by. */
HELPER_3(skb_change_proto, struct pkt *, p, u16, proto, u64, flags)
{
	const u16 ipv4 = htons(ETH_P_IP), ipv6 = htons(ETH_P_IPV6);
	int err = -ENOTSUPP;

	if (flags)
		return helper_error(-EINVAL);
	if (p->protocol == ipv4 && proto == ipv6)
		err = insert(p, link_len(p), IPV6_BYTES - IPV4_BYTES);
	else if (p->protocol == ipv6 && proto == ipv4)
		err = take_out(p, link_len(p), IPV6_BYTES - IPV4_BYTES);
	if (err)
		return helper_error(err);
	p->protocol = proto;
	skb_clear_hash(p);
	return 0;
}

const struct helper helper_skb_change_proto = {
	.id = BPF_FUNC_skb_change_proto,
	.name = "skb_change_proto",
	.fn = skb_change_proto,
	.progs = PROG_TC,
	.moves_packet = true,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_ANY, ARG_ANY },
};
