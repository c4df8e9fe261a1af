/* SPDX-License-Identifier: BSD-3-Clause */
/* skb_change.c - skb_change_head, skb_change_tail, skb_change_type */
#include <string.h>

#include "helper/csum.h"
#include "helper/helpers.h"
#include "helper/skb.h"

HELPER_3(skb_change_head, struct pkt *, p, u32, room, u64, flags)
{
	u64 len = (u64)pkt_len(p) + room;
	int err;

	if (flags || (len > SKB_MAX_LEN && !p->gso_size) || len > UINT32_MAX)
		return helper_error(-EINVAL);
	if (room > INT32_MAX)
		return helper_error(-ENOMEM);
	err = pkt_push(p, (s32)room);
	if (err)
		return helper_error(err);
	memset(p->data, 0, room);
	p->mac_header = 0;
	return 0;
}

const struct helper helper_skb_change_head = {
	.id = BPF_FUNC_skb_change_head,
	.name = "skb_change_head",
	.fn = skb_change_head,
	.progs = PROG_TC,
	.moves_packet = true,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_ANY, ARG_ANY },
};

/* The headers stay. */
static u32 shortest(const struct pkt *p)
{
	s32 len = MAX(p->network_header, 0);

	return (u32)(p->transport_header > 0 ? p->transport_header : len);
}

/* The tail in the buffer, with what is before it moved to make room. */
static int grow_tail(struct pkt *p, u32 more)
{
	s64 missing = (s64)more - (p->end - p->data_end);

	if (missing > p->data_meta - p->head)
		return -ENOMEM;
	if (missing > 0) {
		memmove(p->data_meta - missing, p->data_meta,
			(size_t)(p->data_end - p->data_meta));
		p->data_meta -= missing;
		p->data -= missing;
		p->data_end -= missing;
	}
	memset(p->data_end, 0, more);
	p->data_end += more;
	return 0;
}

static int change_tail(struct pkt *p, u32 len)
{
	if (len > pkt_len(p)) {
		int err = grow_tail(p, len - pkt_len(p));

		if (err)
			return err;
	} else {
		p->data_end = p->data + len;
	}
	return 0;
}

HELPER_3(skb_change_tail, struct pkt *, p, u32, len, u64, flags)
{
	int err;

	if (flags || len > SKB_MAX_LEN || len < shortest(p))
		return helper_error(-EINVAL);
	if (p->encapsulation)
		return helper_error(-ENOTSUPP);
	if (len != pkt_len(p)) {
		if (p->csum_state == CSUM_COMPLETE)
			p->csum_state = CSUM_NONE;
		err = change_tail(p, len);
		if (err)
			return helper_error(err);
	}
	p->gso_size = 0;
	p->gso_segs = 0;
	return 0;
}

const struct helper helper_skb_change_tail = {
	.id = BPF_FUNC_skb_change_tail,
	.name = "skb_change_tail",
	.fn = skb_change_tail,
	.progs = PROG_TC,
	.moves_packet = true,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_ANY, ARG_ANY },
};

HELPER_2(skb_change_type, struct pkt *, p, u32, type)
{
	if (p->pkt_type > PKT_OTHERHOST || type > PKT_OTHERHOST)
		return helper_error(-EINVAL);
	p->pkt_type = (u8)type;
	return 0;
}

const struct helper helper_skb_change_type = {
	.id = BPF_FUNC_skb_change_type,
	.name = "skb_change_type",
	.fn = skb_change_type,
	.progs = PROG_TC,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_ANY },
};
