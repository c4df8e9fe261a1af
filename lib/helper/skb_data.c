/* SPDX-License-Identifier: BSD-3-Clause */
/* skb_data.c - skb_load_bytes and _relative, skb_store_bytes, skb_pull_data */
#include "helper/helpers.h"
#include "helper/hot.h"
#include "helper/skb.h"

/* Are len bytes at an offset of the packet? */
static bool holds(const struct pkt *p, u32 offset, u32 len)
{
	return (u64)offset + len <= pkt_len(p);
}

HELPER_4(skb_load_bytes, const struct pkt *, p, u32, offset, void *, to, u32,
	 len)
{
	return hot_skb_load_bytes(p, offset, to, len);
}

const struct helper helper_skb_load_bytes = {
	.id = BPF_FUNC_skb_load_bytes,
	.name = "skb_load_bytes",
	.fn = skb_load_bytes,
	.progs = PROG_TC | PROG_SOCKET,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_ANY, ARG_MEM_OUT, ARG_SIZE },
};

/* Where a header starts, NULL: no such header. */
static const u8 *header(const struct pkt *p, u32 start)
{
	switch (start) {
	case BPF_HDR_START_MAC:
		return p->data + p->mac_header;
	case BPF_HDR_START_NET:
		return p->data + p->network_header;
	default:
		return NULL;
	}
}

HELPER_5(skb_load_bytes_relative, const struct pkt *, p, u32, offset, void *,
	 to, u32, len, u32, start)
{
	const u8 *from = header(p, start);

	if (offset > 0xffff || !from ||
	    (s64)offset + len > p->data_end - from) {
		memset(to, 0, len);
		return helper_error(-EFAULT);
	}
	memcpy(to, from + offset, len);
	return 0;
}

const struct helper helper_skb_load_bytes_relative = {
	.id = BPF_FUNC_skb_load_bytes_relative,
	.name = "skb_load_bytes_relative",
	.fn = skb_load_bytes_relative,
	.progs = PROG_TC | PROG_SOCKET,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_ANY, ARG_MEM_OUT, ARG_SIZE, ARG_ANY },
};

/* A COMPLETE sum follows, block by block at its parity. */
static void store(struct pkt *p, u32 offset, const void *from, u32 len)
{
	u8 *at = p->data + offset;
	u32 old, new;

	if (p->csum_state != CSUM_COMPLETE) {
		memcpy(at, from, len);
		return;
	}
	old = ~csum_bytes(at, len, 0);
	memcpy(at, from, len);
	new = csum_bytes(at, len, 0);
	p->csum = csum_block_add(csum_block_add(p->csum, old, offset), new,
				 offset);
}

HELPER_5(skb_store_bytes, struct pkt *, p, u32, offset, const void *, from, u32,
	 len, u64, flags)
{
	if (flags & ~(u64)(BPF_F_RECOMPUTE_CSUM | BPF_F_INVALIDATE_HASH))
		return helper_error(-EINVAL);
	if (!holds(p, offset, len))
		return helper_error(-EFAULT);
	if (flags & BPF_F_RECOMPUTE_CSUM)
		store(p, offset, from, len);
	else
		memcpy(p->data + offset, from, len);
	if (flags & BPF_F_INVALIDATE_HASH)
		skb_clear_hash(p);
	return 0;
}

const struct helper helper_skb_store_bytes = {
	.id = BPF_FUNC_skb_store_bytes,
	.name = "skb_store_bytes",
	.fn = skb_store_bytes,
	.progs = PROG_TC,
	.moves_packet = true,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_ANY, ARG_MEM, ARG_SIZE, ARG_ANY },
};

/* All of a packet is linear and writable. */
HELPER_2(skb_pull_data, const struct pkt *, p, u32, len)
{
	return helper_error(len > pkt_len(p) ? -ENOMEM : 0);
}

const struct helper helper_skb_pull_data = {
	.id = BPF_FUNC_skb_pull_data,
	.name = "skb_pull_data",
	.fn = skb_pull_data,
	.progs = PROG_TC,
	.moves_packet = true,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_ANY },
};
