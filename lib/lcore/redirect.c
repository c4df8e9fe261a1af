/* SPDX-License-Identifier: BSD-3-Clause */
/* redirect.c - packets to entries of maps */
#include "lcore/redirect.h"

#include "lcore/burst.h"
#include "maps/pkt_queue.h"
#include "maps/redirect.h"

/* False: the entry's program has dropped it. */
static bool run_entry(struct lcore *lc, struct pkt *pkt,
		      const struct redirect_entry *e)
{
	struct verdict v;

	if (!e->prog)
		return true;
	pkt->egress_ifindex = e->value.dev.ifindex;
	pkt->rx_queue = 0;
	entry_run(e->prog, &lc->run, pkt, &v);
	pkt->egress_ifindex = 0;
	if (v.kind == VERDICT_PASS)
		return true;
	tx_drop(lc, &pkt, 1,
		v.kind == VERDICT_DROP ? v.drop : DROP_XDP_BAD_CODE);
	return false;
}

static void send_one(struct lcore *lc, struct pkt *pkt,
		     const struct redirect_entry *e)
{
	u32 port = e->value.dev.ifindex - 1;

	if (port >= lc->plan->port_cnt)
		tx_drop(lc, &pkt, 1, DROP_REDIRECT);
	else if (run_entry(lc, pkt, e))
		tx_add(lc, port, &pkt, 1);
}

static bool send_copy(struct lcore *lc, const struct pkt *pkt,
		      const struct redirect_entry *e)
{
	struct pkt *copy = port_copy(pkt);

	if (!copy)
		return false;
	stat_add(&lc->stats.port[pkt->port].copies, 1);
	send_one(lc, copy, e);
	return true;
}

/* Copies for all but the last, which gets the packet itself. */
static void send_all(struct lcore *lc, struct pkt *pkt, const struct verdict *v)
{
	const struct redirect_entry *e = NULL, *last = NULL;
	u32 not_to =
		v->flags & BPF_F_EXCLUDE_INGRESS ? pkt->ingress_ifindex : 0;

	while ((e = redirect_next(v->map, e))) {
		if (e->value.dev.ifindex == not_to)
			continue;
		if (last && !send_copy(lc, pkt, last)) {
			tx_drop(lc, &pkt, 1, DROP_NO_BUFFER);
			return;
		}
		last = e;
	}
	if (last)
		send_one(lc, pkt, last);
	else
		tx_drop(lc, &pkt, 1, DROP_REDIRECT_NOBODY);
}

/* As a socket it takes what its own receive queue received. */
static void deliver(struct lcore *lc, struct pkt *pkt, struct pkt_queue *q)
{
	const struct pkt_queue_head *head = pkt_queue_head(q);
	u32 meta = (u32)(pkt->data - pkt->data_meta);

	if (head->ifindex != pkt->ingress_ifindex ||
	    head->rx_queue != pkt->rx_queue) {
		tx_drop(lc, &pkt, 1, DROP_QUEUE_FOREIGN);
		return;
	}
	if (!pkt_queue_add(q, pkt->data_meta, meta, pkt_len(pkt))) {
		tx_drop(lc, &pkt, 1, DROP_QUEUE_FULL);
		return;
	}
	stat_add(&lc->stats.port[pkt->port].queued, 1);
	port_free(&pkt, 1);
}

void redirect_follow(struct lcore *lc, struct pkt *pkt, const struct verdict *v)
{
	if (v->map)
		send_all(lc, pkt, v);
	else if (v->entry->queue)
		deliver(lc, pkt, v->entry->queue);
	else if (v->entry->cpu)
		inbox_put(lc, pkt, v->entry);
	else
		send_one(lc, pkt, v->entry);
}
