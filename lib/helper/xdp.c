/* SPDX-License-Identifier: BSD-3-Clause */
/* xdp.c - xdp_adjust_head, xdp_adjust_meta, xdp_adjust_tail */
#include "helper/helpers.h"
#include "helper/hot.h"

#define META_MAX 255 /* skb_shared_info's meta_len is a byte */

HELPER_2(xdp_adjust_head, struct pkt *, p, s32, offset)
{
	return hot_xdp_adjust_head(p, offset);
}

const struct helper helper_xdp_adjust_head = {
	.id = BPF_FUNC_xdp_adjust_head,
	.name = "xdp_adjust_head",
	.fn = xdp_adjust_head,
	.progs = PROG_XDP,
	.moves_packet = true,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_ANY },
};

HELPER_2(xdp_adjust_meta, struct pkt *, p, s32, offset)
{
	s64 len = (p->data - p->data_meta) - (s64)offset;

	if (len < 0 || len > p->data - p->head - PKT_XDP_FRAME)
		return helper_error(-EINVAL);
	if (len % 4 || len > META_MAX)
		return helper_error(-EACCES);
	p->data_meta = p->data - len;
	return 0;
}

const struct helper helper_xdp_adjust_meta = {
	.id = BPF_FUNC_xdp_adjust_meta,
	.name = "xdp_adjust_meta",
	.fn = xdp_adjust_meta,
	.progs = PROG_XDP,
	.moves_packet = true,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_ANY },
};

/* Linux's frames end where the page has skb_shared_info, ours may be longer. */
static s64 room_end(const struct pkt *p)
{
	return MIN(p->end - p->head, PKT_HEADROOM + PKT_XDP_LINEAR_MAX);
}

/* Only the last one grows, up to where its page ends. */
static int grow_frags(struct pkt *p, u32 n)
{
	u32 room = -p->frag_bytes % PKT_FRAG_SIZE;

	if (n > room)
		return -EINVAL;
	memset(p->frags + p->frag_bytes, 0, n);
	p->frag_bytes += n;
	return 0;
}

/* From the end on, and then from what is linear. */
static int shrink_frags(struct pkt *p, u32 n)
{
	u32 cut = MIN(n, p->frag_bytes);

	if (n > pkt_whole_len(p) - ETH_HLEN)
		return -EINVAL;
	p->frag_bytes -= cut;
	p->data_end -= n - cut;
	return 0;
}

HELPER_2(xdp_adjust_tail, struct pkt *, p, s32, offset)
{
	s64 end = (p->data_end - p->head) + (s64)offset;

	if (p->frag_bytes)
		return helper_error(offset < 0 ? shrink_frags(p, -(u32)offset)
					       : grow_frags(p, (u32)offset));
	if (offset > 0 && end > room_end(p))
		return helper_error(-EINVAL);
	if (end < (p->data - p->head) + ETH_HLEN)
		return helper_error(-EINVAL);
	if (offset > 0)
		memset(p->data_end, 0, (size_t)offset);
	p->data_end += offset;
	return 0;
}

const struct helper helper_xdp_adjust_tail = {
	.id = BPF_FUNC_xdp_adjust_tail,
	.name = "xdp_adjust_tail",
	.fn = xdp_adjust_tail,
	.progs = PROG_XDP,
	.moves_packet = true,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_ANY },
};
