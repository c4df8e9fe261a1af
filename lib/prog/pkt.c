/* SPDX-License-Identifier: BSD-3-Clause */
/* pkt.c - the packet view: from bytes to XDP, to tc, and out again */
#include "prog/pkt.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <string.h>

#define VLAN_BYTES 4
#define MACS_BYTES (2 * ETH_ALEN)

int pkt_init(struct pkt *p, void *buf, u32 size, const void *bytes, u32 len)
{
	u8 *data = (u8 *)buf + PKT_HEADROOM;

	if (size < PKT_HEADROOM || len > size - PKT_HEADROOM)
		return -EMSGSIZE;
	memset(p, 0, sizeof(*p));
	memset(buf, 0, PKT_HEADROOM);
	if (len)
		memcpy(data, bytes, len);
	memset(data + len, 0, size - PKT_HEADROOM - len);
	p->head = buf;
	p->end = (u8 *)buf + size;
	p->data = p->data_meta = data;
	p->data_end = data + len;
	return 0;
}

static u16 load_u16(const u8 *at)
{
	u16 v;

	memcpy(&v, at, sizeof(v));
	return v;
}

u16 pkt_protocol(u16 field, const u8 *payload, const u8 *end)
{
	if (ntohs(field) >= ETH_P_802_3_MIN)
		return field;
	/* Novell's raw 802.3 begins with a checksum that is not one */
	if (end - payload >= 2 && load_u16(payload) == 0xffff)
		return htons(ETH_P_802_3);
	return htons(ETH_P_802_2);
}

static u8 type_of(const u8 *dest, const u8 *mac, bool device)
{
	static const u8 broadcast[ETH_ALEN] = { 0xff, 0xff, 0xff,
						0xff, 0xff, 0xff };

	if (memcmp(dest, mac, ETH_ALEN) == 0)
		return PKT_HOST;
	if (device && memcmp(dest, broadcast, ETH_ALEN) == 0)
		return PKT_BROADCAST;
	return dest[0] & 1 ? PKT_MULTICAST : PKT_OTHERHOST;
}

u8 *pkt_piece(const struct pkt *p, u32 offset, u32 len)
{
	u32 linear = pkt_len(p), at = offset - linear;

	if (offset < linear || !p->frag_bytes)
		return len <= linear - offset ? p->data + offset : NULL;
	if (len > PKT_FRAG_SIZE - at % PKT_FRAG_SIZE)
		return NULL;
	return p->frags + at;
}

void pkt_read(const struct pkt *p, u32 offset, void *to, u32 len)
{
	u32 linear = pkt_len(p), n = 0;

	if (offset < linear) {
		n = MIN(len, linear - offset);
		memcpy(to, p->data + offset, n);
	}
	if (n < len)
		memcpy((u8 *)to + n, p->frags + (offset + n - linear), len - n);
}

void pkt_write(struct pkt *p, u32 offset, const void *from, u32 len)
{
	u32 linear = pkt_len(p), n = 0;

	if (offset < linear) {
		n = MIN(len, linear - offset);
		memcpy(p->data + offset, from, n);
	}
	if (n < len)
		memcpy(p->frags + (offset + n - linear), (const u8 *)from + n,
		       len - n);
}

bool pkt_is_tag(u16 protocol)
{
	return protocol == htons(ETH_P_8021Q) ||
	       protocol == htons(ETH_P_8021AD);
}

bool pkt_is_short_frame(const struct pkt *p)
{
	return pkt_len(p) >= ETH_HLEN &&
	       !pkt_is_tag(load_u16(p->data + MACS_BYTES));
}

/* The outer tag to vlan_*; what is before it closes up. */
static int untag(struct pkt *p)
{
	u8 *tag = p->data + ETH_HLEN;

	if (pkt_len(p) < PKT_TAGGED_MIN)
		return -EINVAL;
	p->vlan_proto = p->protocol;
	p->vlan_tci = load_u16(tag);
	p->vlan_tci = ntohs(p->vlan_tci);
	p->vlan_present = true;
	p->protocol =
		pkt_protocol(load_u16(tag + 2), tag + VLAN_BYTES, p->data_end);
	memmove(p->data_meta + VLAN_BYTES, p->data_meta,
		(size_t)(p->data - p->data_meta) + MACS_BYTES);
	p->data_meta += VLAN_BYTES;
	p->data += VLAN_BYTES;
	p->generation++;
	return 0;
}

int pkt_to_skb(struct pkt *p, const u8 *mac, bool device)
{
	int err;

	if (pkt_len(p) < ETH_HLEN)
		return -EINVAL;
	if (mac)
		p->pkt_type = type_of(p->data, mac, device);
	p->protocol = pkt_protocol(load_u16(p->data + MACS_BYTES),
				   p->data + ETH_HLEN, p->data_end);
	if (device && pkt_is_tag(p->protocol) && !p->vlan_present) {
		err = untag(p);
		if (err)
			return err;
	}
	p->mac_header = 0;
	p->network_header = ETH_HLEN;
	p->transport_header = device ? ETH_HLEN : PKT_NO_HEADER;
	pkt_enter_tc(p, device);
	if (device)
		p->queue_mapping = p->rx_queue + 1;
	return 0;
}

int pkt_from_skb(struct pkt *p)
{
	u16 tag[2] = { p->vlan_proto, htons(p->vlan_tci) };
	int err;

	p->data_meta = p->data;
	if (!p->vlan_present)
		return 0;
	if (pkt_len(p) < ETH_HLEN)
		return -EINVAL;
	err = pkt_push(p, VLAN_BYTES);
	if (err)
		return err;
	memmove(p->data, p->data + VLAN_BYTES, MACS_BYTES);
	memcpy(p->data + MACS_BYTES, tag, sizeof(tag));
	p->mac_header = 0;
	p->protocol = p->vlan_proto;
	p->vlan_present = false;
	p->vlan_proto = p->vlan_tci = 0;
	return 0;
}

/* Everything in the buffer n bytes further, as far as it is in use. */
static void shift(struct pkt *p, size_t n)
{
	memmove(p->data_meta + n, p->data_meta,
		(size_t)(p->data_end - p->data_meta));
	p->data_meta += n;
	p->data += n;
	p->data_end += n;
}

int pkt_push(struct pkt *p, s32 n)
{
	s64 before = p->data_meta - p->head, after = p->end - p->data_end;
	size_t meta = (size_t)(p->data - p->data_meta);

	if (n > before + after)
		return -ENOMEM;
	if (-(s64)n > pkt_len(p))
		return -EINVAL;
	if (n > before)
		shift(p, (size_t)(n - before));
	memmove(p->data_meta - n, p->data_meta, meta);
	p->data_meta -= n;
	p->data -= n;
	p->mac_header += n;
	p->network_header += n;
	p->transport_header += n;
	p->generation++;
	return 0;
}
