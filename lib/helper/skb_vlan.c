/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * skb_vlan.c - skb_vlan_push, skb_vlan_pop
 *
 * The outermost tag is in vlan_*, the others are in the data.  A push moves the
 * one in vlan_* into the data first, a pop brings the next one out of it.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>

#include "helper/csum.h"
#include "helper/helpers.h"

#define VLAN_HLEN 4
#define VLAN_ETH_HLEN (ETH_HLEN + VLAN_HLEN)
#define MACS (2 * ETH_ALEN)

struct tag {
	u16 proto; /* network byte order, both */
	u16 tci;
};

static u16 get16(const u8 *at)
{
	u16 value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static void set_tag(struct pkt *p, u16 proto, u16 tci)
{
	p->vlan_proto = proto;
	p->vlan_tci = tci;
	p->vlan_present = true;
}

static void clear_tag(struct pkt *p)
{
	p->vlan_proto = 0;
	p->vlan_tci = 0;
	p->vlan_present = false;
}

/* A packet may have been cut within its link header. */
static u32 link_len(const struct pkt *p)
{
	u32 end = MIN((u32)p->network_header, pkt_len(p));

	return end - MIN((u32)p->mac_header, end);
}

/* At ingress a COMPLETE sum starts behind the link header, the data at it. */
static void sum_with_link(struct pkt *p)
{
	if (p->at_ingress)
		csum_pushed(p, p->data + p->mac_header, link_len(p));
}

static void sum_without_link(struct pkt *p)
{
	if (p->at_ingress)
		csum_pulled(p, p->data + p->mac_header, link_len(p));
}

/* The tag in vlan_* becomes the first one in the data. */
static int insert_tag(struct pkt *p)
{
	const struct tag tag = { p->vlan_proto, htons(p->vlan_tci) };
	int err;

	if (p->mac_header || pkt_len(p) < ETH_HLEN)
		return -EINVAL;
	err = pkt_push(p, VLAN_HLEN);
	if (err)
		return err;
	memmove(p->data, p->data + VLAN_HLEN, MACS);
	memcpy(p->data + MACS, &tag, sizeof(tag));
	p->mac_header -= VLAN_HLEN;
	p->network_header -= VLAN_HLEN;
	p->protocol = tag.proto;
	csum_pushed(p, p->data + MACS, VLAN_HLEN);
	return 0;
}

static int push_tag(struct pkt *p, u16 proto, u16 tci)
{
	if (p->vlan_present) {
		int err = insert_tag(p);

		if (err)
			return err;
	}
	set_tag(p, proto, tci);
	return 0;
}

HELPER_3(skb_vlan_push, struct pkt *, p, u16, proto, u16, tci)
{
	int err;

	sum_with_link(p);
	err = push_tag(p, pkt_is_tag(proto) ? proto : htons(ETH_P_8021Q), tci);
	sum_without_link(p);
	return helper_error(err);
}

const struct helper helper_skb_vlan_push = {
	.id = BPF_FUNC_skb_vlan_push,
	.name = "skb_vlan_push",
	.fn = skb_vlan_push,
	.progs = PROG_TC,
	.moves_packet = true,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_ANY, ARG_ANY },
};

/* The first tag leaves the data; *tci is what it held. */
static int remove_tag(struct pkt *p, u16 *tci)
{
	const u8 *tag = p->data + ETH_HLEN;

	if (p->mac_header)
		return -EINVAL;
	if (pkt_len(p) < VLAN_ETH_HLEN)
		return -ENOMEM;
	csum_pulled(p, p->data + MACS, VLAN_HLEN);
	*tci = ntohs(get16(tag));
	p->protocol =
		pkt_protocol(get16(tag + 2), tag + VLAN_HLEN, p->data_end);
	memmove(p->data + VLAN_HLEN, p->data, MACS);
	pkt_push(p, -VLAN_HLEN);
	p->mac_header += VLAN_HLEN;
	if (p->network_header < ETH_HLEN)
		p->network_header = ETH_HLEN;
	return 0;
}

static int pop_tag(struct pkt *p)
{
	u16 tci, proto;
	int err;

	if (p->vlan_present) {
		clear_tag(p);
	} else if (pkt_is_tag(p->protocol)) {
		err = remove_tag(p, &tci);
		if (err)
			return err;
	}
	if (!pkt_is_tag(p->protocol))
		return 0;
	proto = p->protocol;
	err = remove_tag(p, &tci);
	if (err)
		return err;
	set_tag(p, proto, tci);
	return 0;
}

HELPER_1(skb_vlan_pop, struct pkt *, p)
{
	int err;

	sum_with_link(p);
	err = pop_tag(p);
	sum_without_link(p);
	return helper_error(err);
}

const struct helper helper_skb_vlan_pop = {
	.id = BPF_FUNC_skb_vlan_pop,
	.name = "skb_vlan_pop",
	.fn = skb_vlan_pop,
	.progs = PROG_TC,
	.moves_packet = true,
	.ret = RET_INT,
	.arg = { ARG_CTX },
};
