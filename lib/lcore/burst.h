/* SPDX-License-Identifier: BSD-3-Clause */
/* burst.h - one burst's way through the hooks */
#ifndef WEIR_LCORE_BURST_H
#define WEIR_LCORE_BURST_H

#include "lcore/lcore.h"

/* Receive from the queue and follow what came to its end.  True if packets
 * came. */
bool burst_run(struct lcore *lc, const struct rx_queue *q);

/* For struct run: a copy goes on in the next round. */
int burst_clone(struct run *run, u32 ifindex, u64 flags);

/* The same for what other lcores handed over. */
bool burst_inbox(struct lcore *lc);

/* tx.c */

/* The packets leave by the port with what else does; never fails: what cannot
 * be sent is dropped and counted. */
void tx_add(struct lcore *lc, u32 port, struct pkt **pkts, u32 n);
/* Send what is waiting. */
void tx_flush(struct lcore *lc);
void tx_drop(struct lcore *lc, struct pkt **pkts, u32 n,
	     enum drop_reason reason);

#endif
