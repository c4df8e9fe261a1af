/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * burst.c - rx -> XDP -> tc ingress -> forward -> tc egress -> tx
 *
 * Each hook runs all packets of a port that are there before the next hook
 * sees one, as NAPI lets XDP run ahead of tc (decision 6).  What tc redirects
 * goes another round, so that the number of the round is the number of
 * redirects behind every packet in it.
 *
 * U1  A packet of a round leaves at most one for the next; copies are made as
 *     long as both together are no more than a backlog holds.
 */
#include "lcore/burst.h"
#include "lcore/next_hop.h"
#include "lcore/pace.h"
#include "lcore/redirect.h"
#include "maps/redirect.h"

#include <errno.h>
#include <string.h>

#include <rte_cycles.h>

static void push(struct batch *b, struct pkt *pkt)
{
	b->pkts[b->n++] = pkt;
}

static void backlog_add(struct backlog *b, struct pkt *pkt)
{
	b->pkts[b->n++] = pkt;
}

/* Those packets of b that are on the same port as its first, up to a burst;
 * order is kept. */
static u32 take_group(struct backlog *b, struct batch *group)
{
	u32 ifindex = b->pkts[0]->ifindex, left = 0;

	group->n = 0;
	for (u32 i = 0; i < b->n; i++) {
		if (b->pkts[i]->ifindex == ifindex && group->n < PORT_BURST)
			push(group, b->pkts[i]);
		else
			b->pkts[left++] = b->pkts[i];
	}
	b->n = left;
	return ifindex - 1;
}

/* -1 has the last column; the one before is for what has no name. */
static u32 column(enum hook_kind hook, s32 code)
{
	if (code == -1)
		return STATS_CODES - 1;
	if (code < 0 || code >= STATS_CODES - 2 ||
	    !verdict_code_name(hook, code))
		return STATS_CODES - 2;
	return (u32)code;
}

/* Most of a burst's packets get the same verdict. */
static void count_verdicts(atomic_ullong *counts, enum hook_kind hook,
			   const struct verdict *verdicts, u32 n)
{
	u32 same = 1;

	for (u32 i = 0; i < n; i += same, same = 1) {
		while (i + same < n &&
		       verdicts[i + same].code == verdicts[i].code)
			same++;
		stat_add(&counts[column(hook, verdicts[i].code)], same);
	}
}

/* To the tc ingress of its port, as netif_receive_skb() gives it there. */
static void to_ingress(struct lcore *lc, struct pkt *pkt)
{
	const u8 *mac = lc->plane->ports[pkt->ifindex - 1].mac;

	if (pkt_to_skb(pkt, lc->plan->asks_type ? mac : NULL, true))
		tx_drop(lc, &pkt, 1, DROP_TOO_SHORT);
	else
		backlog_add(&lc->ingress, pkt);
}

/* The same for what has been a frame so far. */
static void frame_to_ingress(struct lcore *lc, struct pkt *pkt)
{
	pkt_new_skb(pkt);
	to_ingress(lc, pkt);
}

/* To the tc egress of a port, as dev_queue_xmit() gives it there. */
static void to_egress(struct pkt *pkt, u32 port, struct backlog *egress)
{
	pkt->ifindex = port + 1;
	pkt->at_ingress = false;
	pkt->tstamp = 0;
	backlog_add(egress, pkt);
}

/* As an sk_buff no more. */
static void send_skb(struct lcore *lc, struct pkt *pkt, u32 port)
{
	int res = pkt_from_skb(pkt);

	if (res)
		tx_drop(lc, &pkt, 1,
			res == -ENOMEM ? DROP_NO_ROOM : DROP_TOO_SHORT);
	else
		tx_add(lc, port, &pkt, 1);
}

static void to_next_hop(struct lcore *lc, struct pkt *pkt, u32 port,
			const struct verdict *v)
{
	int drop = next_hop_set(lc->run.world->net, pkt, port + 1,
				v->how == REDIRECT_NEXT ? &v->next : NULL);

	if (drop)
		tx_drop(lc, &pkt, 1, (enum drop_reason)drop);
	else
		to_egress(pkt, port, &lc->egress);
}

/* Where a packet goes that does not go on to the next stage. */
static void follow(struct lcore *lc, struct pkt *pkt, const struct route *r,
		   const struct verdict *v)
{
	switch (r->kind) {
	case ROUTE_INGRESS:
		pkt->ifindex = pkt->ingress_ifindex = r->port + 1;
		pkt->priority = 0;
		pkt->has_tunnel = false;
		to_ingress(lc, pkt);
		break;
	case ROUTE_EGRESS: to_egress(pkt, r->port, &lc->egress); break;
	case ROUTE_NEIGH: to_next_hop(lc, pkt, r->port, v); break;
	case ROUTE_PEER: send_skb(lc, pkt, r->port); break;
	case ROUTE_SEND: tx_add(lc, r->port, &pkt, 1); break;
	case ROUTE_ENTRY: redirect_follow(lc, pkt, v); break;
	default: tx_drop(lc, &pkt, 1, r->drop);
	}
}

/* The same way for the whole group; what goes on stays in it. */
static void part_together(struct lcore *lc, u32 port, enum hook_kind hook,
			  struct batch *group, const struct verdict *v)
{
	struct route r = plan_route(lc->plan, port, hook, v);

	switch (r.kind) {
	case ROUTE_NEXT: return;
	case ROUTE_SEND: tx_add(lc, r.port, group->pkts, group->n); break;
	default: tx_drop(lc, group->pkts, group->n, r.drop);
	}
	group->n = 0;
}

/* Each its own way; what goes on stays in the group. */
static void part_singly(struct lcore *lc, u32 port, enum hook_kind hook,
			struct batch *group, const struct verdict *verdicts)
{
	u32 left = 0;

	for (u32 i = 0; i < group->n; i++) {
		struct pkt *pkt = group->pkts[i];
		struct route r;

		if (verdicts[i].kind == VERDICT_PASS) {
			group->pkts[left++] = pkt;
			continue;
		}
		r = plan_route(lc->plan, port, hook, &verdicts[i]);
		if (lc->bare && r.kind == ROUTE_ENTRY)
			port_view(lc->plane->ports[port].port, group->queue,
				  &pkt, 1);
		follow(lc, pkt, &r, &verdicts[i]);
	}
	group->n = left;
}

/* What goes on after the hook stays in the group; all of it if nothing is
 * attached there. */
static void run_stage(struct lcore *lc, u32 port, enum hook_kind hook,
		      struct batch *group)
{
	const struct chain *chain = lc->plan->port[port].chain[hook];
	atomic_ullong *counts = lc->stats.port[port].verdicts[hook];
	struct verdict verdicts[PORT_BURST];

	if (!chain || !group->n)
		return;
	if (chain_run_burst(chain, &lc->run, group->pkts, group->n,
			    verdicts)) {
		stat_add(&counts[column(hook, verdicts[0].code)], group->n);
		part_together(lc, port, hook, group, &verdicts[0]);
	} else {
		count_verdicts(counts, hook, verdicts, group->n);
		part_singly(lc, port, hook, group, verdicts);
	}
}

/* What passes XDP where no tc program is on the way: it would be made an
 * sk_buff only to be made a frame again. */
static void forward(struct lcore *lc, u32 port, struct batch *group)
{
	u32 left = 0;

	for (u32 i = 0; i < group->n; i++) {
		if (unlikely(!pkt_is_frame(group->pkts[i])))
			tx_drop(lc, &group->pkts[i], 1, DROP_TOO_SHORT);
		else
			group->pkts[left++] = group->pkts[i];
	}
	tx_add(lc, lc->plan->port[port].out, group->pkts, left);
}

static void xdp_stage(struct lcore *lc, u32 port, struct batch *group)
{
	run_stage(lc, port, HOOK_XDP, group);
	if (lc->plan->port[port].straight) {
		forward(lc, port, group);
		return;
	}
	for (u32 i = 0; i < group->n; i++)
		frame_to_ingress(lc, group->pkts[i]);
}

static void ingress_stage(struct lcore *lc, u32 port, struct batch *group,
			  struct backlog *egress)
{
	struct route r = plan_forwarded(lc->plan, port);

	run_stage(lc, port, HOOK_TC_INGRESS, group);
	if (r.kind == ROUTE_DROP) {
		tx_drop(lc, group->pkts, group->n, r.drop);
		return;
	}
	for (u32 i = 0; i < group->n; i++)
		to_egress(group->pkts[i], r.port, egress);
}

static void egress_stage(struct lcore *lc, u32 port, struct batch *group)
{
	run_stage(lc, port, HOOK_TC_EGRESS, group);
	for (u32 i = 0; i < group->n; i++)
		send_skb(lc, group->pkts[i], port);
}

static void take(struct backlog *from, struct backlog *to)
{
	to->n = from->n;
	memcpy(to->pkts, from->pkts, from->n * sizeof(from->pkts[0]));
	from->n = 0;
}

/* tc for what is there; what it redirects is there for the next round. */
static void tc_round(struct lcore *lc)
{
	struct backlog ingress, egress;
	struct batch group;

	take(&lc->ingress, &ingress);
	take(&lc->egress, &egress);
	lc->round = ingress.n + egress.n;
	while (ingress.n) {
		u32 port = take_group(&ingress, &group);

		ingress_stage(lc, port, &group, &egress);
	}
	while (egress.n) {
		u32 port = take_group(&egress, &group);

		egress_stage(lc, port, &group);
	}
}

int burst_clone(struct run *run, u32 ifindex, u64 flags)
{
	struct lcore *lc = container_of(run, struct lcore, run);
	struct route r = { .kind = flags & BPF_F_INGRESS ? ROUTE_INGRESS
							 : ROUTE_EGRESS,
			   .port = ifindex - 1 };
	struct pkt *copy;

	if (ifindex > lc->plan->port_cnt || lc->round == BACKLOG)
		return -ENOMEM;
	copy = port_copy(run->pkt);
	if (!copy)
		return -ENOMEM;
	lc->round++;
	stat_add(&lc->stats.port[copy->port].copies, 1);
	follow(lc, copy, &r, NULL);
	return 0;
}

static void drop_all(struct lcore *lc, struct backlog *b,
		     enum drop_reason reason)
{
	tx_drop(lc, b->pkts, b->n, reason);
	b->n = 0;
}

static void count_rx(struct lcore *lc, u32 port, u32 n, u64 bytes)
{
	struct port_counters *count = &lc->stats.port[port];

	stat_add(&count->rx_packets, n);
	stat_add(&count->rx_bytes, bytes);
	stat_add(&lc->stats.bursts, 1);
}

/* All that tc has to do, and out. */
static void finish(struct lcore *lc)
{
	for (u32 round = 0; lc->ingress.n || lc->egress.n; round++) {
		if (round > PLAN_REDIRECTS) {
			drop_all(lc, &lc->ingress, DROP_REDIRECT_LOOP);
			drop_all(lc, &lc->egress, DROP_REDIRECT_LOOP);
			break;
		}
		tc_round(lc);
	}
	tx_flush(lc);
	lc->burst = pace_next(lc->burst, rte_rdtsc() - lc->begun,
			      lc->plane->pace, lc->plane->burst);
}

static void begin(struct lcore *lc)
{
	lc->begun = rte_rdtsc();
	lc->plan = atomic_load_explicit(&lc->plane->plan, memory_order_acquire);
	lc->captured = atomic_load_explicit(&lc->plane->captures,
					    memory_order_acquire) != 0;
	lc->bare = false;
}

/* What stays in the group has gone on. */
static void run_received(struct lcore *lc, u32 port, struct batch *group)
{
	begin(lc);
	lc->bare = lc->plan->port[port].bare && !lc->captured;
	if (!lc->bare)
		port_view(lc->plane->ports[port].port, group->queue,
			  group->pkts, (u16)group->n);
	port_captured(lc, port, group->pkts, group->n, false);
	xdp_stage(lc, port, group);
	finish(lc);
}

/* As many packets as may run at once, from the one at on.  Returns where they
 * end. */
static u32 run_part(struct lcore *lc, u32 port, const struct batch *rx, u32 at)
{
	struct batch part;

	part.n = MIN(lc->burst, rx->n - at);
	part.queue = rx->queue;
	memcpy(part.pkts, rx->pkts + at, part.n * sizeof(part.pkts[0]));
	at += part.n;
	run_received(lc, port, &part);
	return at;
}

/* More than may run at once: what is left when the lcore is quiescent is in
 * flight, as if it were in an inbox. */
static void run_in_parts(struct lcore *lc, u32 port, const struct batch *rx)
{
	u32 at = run_part(lc, port, rx, 0), from;

	stat_add(&lc->handed, rx->n - at);
	while (at < rx->n) {
		rcu_quiescent(lc->plane->rcu, lc->slot);
		from = at;
		at = run_part(lc, port, rx, from);
		inbox_handled(lc, at - from);
	}
}

bool burst_run(struct lcore *lc, const struct rx_queue *q)
{
	struct plane *plane = lc->plane;
	struct batch rx;
	u64 bytes;

	rx.queue = q->queue;
	rx.n = port_rx_bare(plane->ports[q->port].port, q->queue, rx.pkts,
			    (u16)plane->burst, &bytes);
	stat_add(&lc->stats.polls, 1);
	if (!rx.n)
		return false;
	count_rx(lc, q->port, rx.n, bytes);
	if (rx.n <= lc->burst)
		run_received(lc, q->port, &rx);
	else
		run_in_parts(lc, q->port, &rx);
	return true;
}

/* A cpumap's program, if its entry has one, then what comes after XDP. */
static void receive(struct lcore *lc, struct handoff *h)
{
	struct verdict v = { .kind = VERDICT_PASS };
	struct pkt *pkt = h->pkt;
	u32 port = pkt->ifindex - 1;
	struct route r;

	pkt->rx_queue = 0;
	if (h->entry->prog)
		entry_run(h->entry->prog, &lc->run, pkt, &v);
	redirect_unqueue(h->entry);
	r = plan_route(lc->plan, port, HOOK_XDP, &v);
	if (r.kind == ROUTE_NEXT)
		frame_to_ingress(lc, pkt);
	else if (v.kind == VERDICT_TX)
		tx_drop(lc, &pkt, 1, DROP_XDP_BAD_CODE);
	else
		follow(lc, pkt, &r, &v);
}

bool burst_inbox(struct lcore *lc)
{
	struct handoff h[PORT_BURST];
	u32 n = inbox_take(lc, h, lc->burst);

	if (!n)
		return false;
	begin(lc);
	for (u32 i = 0; i < n; i++)
		receive(lc, &h[i]);
	finish(lc);
	inbox_handled(lc, n);
	return true;
}
