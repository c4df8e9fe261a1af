/* SPDX-License-Identifier: BSD-3-Clause */
/* tx.c - packets leave, or are dropped for a reason */
#include <rte_pause.h>

#include "lcore/burst.h"

/* How often a full port is asked again, with a pause before each. */
#define TX_RETRIES 32

void tx_drop(struct lcore *lc, struct pkt *pkt, enum drop_reason reason)
{
	stat_add(&lc->stats.port[pkt->port].drops[reason], 1);
	port_free(&pkt, 1);
}

static u32 send_some(struct lcore *lc, u32 port, struct pkt **pkts, u32 n)
{
	struct port_counters *count = &lc->stats.port[port];
	u32 len[PORT_BURST], sent;
	u64 bytes = 0;

	for (u32 i = 0; i < n; i++)
		len[i] = pkt_len(pkts[i]);
	sent = port_tx(lc->plane->ports[port].port, lc->slot, pkts, (u16)n);
	for (u32 i = 0; i < sent; i++)
		bytes += len[i];
	stat_add(&count->tx_packets, sent);
	stat_add(&count->tx_bytes, bytes);
	return sent;
}

/* Ports send nothing longer than they say. */
static void drop_too_long(struct lcore *lc, u32 port)
{
	struct batch *out = &lc->out[port];
	u32 max = port_tx_max(lc->plane->ports[port].port), left = 0;

	for (u32 i = 0; i < out->n; i++) {
		if (unlikely(pkt_len(out->pkts[i]) > max))
			tx_drop(lc, out->pkts[i], DROP_TOO_LONG);
		else
			out->pkts[left++] = out->pkts[i];
	}
	out->n = left;
}

static void flush(struct lcore *lc, u32 port)
{
	struct batch *out = &lc->out[port];
	enum drop_reason reason = DROP_TX_FULL;
	u32 sent;

	drop_too_long(lc, port);
	port_captured(lc->plane, lc->slot, port, out->pkts, out->n, true);
	sent = send_some(lc, port, out->pkts, out->n);
	for (u32 i = 0; sent < out->n && i < TX_RETRIES; i++) {
		rte_pause();
		sent += send_some(lc, port, out->pkts + sent, out->n - sent);
	}
	if (sent < out->n &&
	    port_link(lc->plane->ports[port].port) == LINK_DOWN)
		reason = DROP_TX_LINK_DOWN;
	while (sent < out->n)
		tx_drop(lc, out->pkts[sent++], reason);
	out->n = 0;
}

void tx_add(struct lcore *lc, u32 port, struct pkt *pkt)
{
	struct batch *out = &lc->out[port];

	out->pkts[out->n++] = pkt;
	if (out->n == PORT_BURST)
		flush(lc, port);
}

void tx_flush(struct lcore *lc)
{
	for (u32 i = 0; i < lc->plane->port_cnt; i++)
		if (lc->out[i].n)
			flush(lc, i);
}
