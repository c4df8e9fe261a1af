/* SPDX-License-Identifier: BSD-3-Clause */
/* flow.h - which flow a packet belongs to; inside lib/helper only */
#ifndef WEIR_HELPER_FLOW_H
#define WEIR_HELPER_FLOW_H

#include "prog/pkt.h"

/* Never 0; the same for both directions of a flow. */
u32 skb_flow_hash(const struct pkt *p, u64 seed);

#endif
