/* SPDX-License-Identifier: BSD-3-Clause */
/* skb.h - what helpers on sk_buffs have in common; inside lib/helper only */
#ifndef WEIR_HELPER_SKB_H
#define WEIR_HELPER_SKB_H

#include "prog/pkt.h"

/* Linux's SKB_MAX_ALLOC: 16 KiB without skb_shared_info. */
#define SKB_MAX_LEN (16384 - 320)

static inline void skb_clear_hash(struct pkt *p)
{
	p->hash = 0;
	p->hash_valid = false;
}

#endif
