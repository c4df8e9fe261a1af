/* SPDX-License-Identifier: BSD-3-Clause */
/* next_hop.h - a packet's link addresses for its next hop */
#ifndef WEIR_LCORE_NEXT_HOP_H
#define WEIR_LCORE_NEXT_HOP_H

#include "prog/run.h"
#include "stats/stats.h"

/* The packet leaves by a port: to the hop given, or, NULL, to the one that the
 * routes name.  0, or the drop reason when there is none. */
int next_hop_set(const struct net *net, struct pkt *p, u32 ifindex,
		 const struct redirect_next *given);

#endif
