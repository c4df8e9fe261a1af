/* SPDX-License-Identifier: BSD-3-Clause */
/* tx.c - packets leave, or are dropped for a reason */
#include <string.h>

#include <rte_pause.h>

#include "lcore/burst.h"

/* How often a full port is asked again, with a pause before each. */
#define TX_RETRIES 32

void tx_drop(struct lcore *lc, struct pkt **pkts, u32 n,
	     enum drop_reason reason)
{
	for (u32 i = 0; i < n; i++)
		stat_add(&lc->stats.port[pkts[i]->port].drops[reason], 1);
	port_free(pkts, (u16)n);
}

/* Ports send nothing longer than they say.  What stays has its length in
 * lens, as packets that were sent cannot be asked. */
static void drop_too_long(struct lcore *lc, u32 port, u32 *lens)
{
	struct batch *out = &lc->out[port];
	u32 max = port_tx_max(lc->plane->ports[port].port), left = 0;

	for (u32 i = 0; i < out->n; i++) {
		u32 len = pkt_len(out->pkts[i]);

		if (unlikely(len > max)) {
			tx_drop(lc, &out->pkts[i], 1, DROP_TOO_LONG);
			continue;
		}
		lens[left] = len;
		out->pkts[left++] = out->pkts[i];
	}
	out->n = left;
}

/* As many as the port takes. */
static u32 send_most(struct lcore *lc, u32 port)
{
	struct batch *out = &lc->out[port];
	struct port *to = lc->plane->ports[port].port;
	u32 sent = port_tx(to, lc->slot, out->pkts, (u16)out->n);

	for (u32 i = 0; unlikely(sent < out->n) && i < TX_RETRIES; i++) {
		rte_pause();
		sent += port_tx(to, lc->slot, out->pkts + sent,
				(u16)(out->n - sent));
	}
	return sent;
}

static void count_tx(struct lcore *lc, u32 port, const u32 *lens, u32 sent)
{
	struct port_counters *count = &lc->stats.port[port];
	u64 bytes = 0;

	for (u32 i = 0; i < sent; i++)
		bytes += lens[i];
	stat_add(&count->tx_packets, sent);
	stat_add(&count->tx_bytes, bytes);
}

static void flush(struct lcore *lc, u32 port)
{
	struct batch *out = &lc->out[port];
	enum drop_reason reason = DROP_TX_FULL;
	u32 lens[PORT_BURST], sent;

	drop_too_long(lc, port, lens);
	port_captured(lc, port, out->pkts, out->n, true);
	sent = send_most(lc, port);
	count_tx(lc, port, lens, sent);
	if (unlikely(sent < out->n) &&
	    port_link(lc->plane->ports[port].port) == LINK_DOWN)
		reason = DROP_TX_LINK_DOWN;
	tx_drop(lc, out->pkts + sent, out->n - sent, reason);
	out->n = 0;
}

void tx_add(struct lcore *lc, u32 port, struct pkt **pkts, u32 n)
{
	struct batch *out = &lc->out[port];

	while (n) {
		u32 part = MIN(n, PORT_BURST - out->n);

		memcpy(out->pkts + out->n, pkts, part * sizeof(pkts[0]));
		out->n += part;
		if (out->n == PORT_BURST)
			flush(lc, port);
		pkts += part;
		n -= part;
	}
}

void tx_flush(struct lcore *lc)
{
	for (u32 i = 0; i < lc->plane->port_cnt; i++)
		if (lc->out[i].n)
			flush(lc, i);
}
