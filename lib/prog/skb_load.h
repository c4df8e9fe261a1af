/* SPDX-License-Identifier: BSD-3-Clause */
/* skb_load.h - what LD_ABS and LD_IND read */
#ifndef WEIR_PROG_SKB_LOAD_H
#define WEIR_PROG_SKB_LOAD_H

#include <linux/filter.h>

#include "prog/pkt.h"

/*
 * Where off points: a count from data; or, negative, from the network or the
 * link header, and then anywhere in the buffer up to the end of the packet.
 */
static inline const u8 *skb_load_at(const struct pkt *p, s32 off, u32 size)
{
	s64 at = off, low = 0;

	if (off < 0) {
		low = p->head - p->data;
		if (off >= SKF_NET_OFF)
			at = (s64)off - SKF_NET_OFF + p->network_header;
		else if (off >= SKF_LL_OFF)
			at = (s64)off - SKF_LL_OFF + p->mac_header;
		else
			return NULL;
	}
	if (at < low || at + size > p->data_end - p->data)
		return NULL;
	return p->data + at;
}

/* The big-endian number at off; false: outside, the program ends. */
static inline bool skb_load(const struct pkt *p, s32 off, u32 size, u64 *out)
{
	const u8 *at = p ? skb_load_at(p, off, size) : NULL;
	u64 value = 0;

	if (!at)
		return false;
	for (u32 i = 0; i < size; i++)
		value = value << 8 | at[i];
	*out = value;
	return true;
}

#endif
