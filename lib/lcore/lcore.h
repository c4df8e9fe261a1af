/* SPDX-License-Identifier: BSD-3-Clause */
/* lcore.h - one polling lcore: its queues, its counters, its thread of EAL */
#ifndef WEIR_LCORE_LCORE_H
#define WEIR_LCORE_LCORE_H

#include "lcore/plane_priv.h"

struct rte_ring;

struct rx_queue {
	u32 port;
	u16 queue;
};

/* At most a burst, on its way to one place. */
struct batch {
	u32 n;
	u16 queue; /* of its port, that received them */
	struct pkt *pkts[PORT_BURST];
};

/* What tc has to do: as many as there may be in a round (burst.c). */
#define BACKLOG 256

struct backlog {
	u32 n;
	struct pkt *pkts[BACKLOG];
};

struct lcore {
	/* constant while it runs */
	struct plane *plane;
	u32 slot;
	VEC(struct rx_queue) queues;

	struct rte_ring *inbox; /* from cpumaps (redirect.h) */

	/* the lcore writes, control reads */
	struct stats stats;
	atomic_ullong handed;  /* packets to inboxes, and kept for later */
	atomic_ullong handled; /* packets from its own, and kept ones */

	/* the lcore alone */
	_Alignas(CACHE_LINE) struct run run;
	const struct plan *plan; /* of this burst */
	bool captured;		 /* in this burst somebody looks at packets */
	bool bare;		 /* what is in hand has bare views (port.h) */
	u32 idle;		 /* empty rounds since the last packet */
	u32 burst;		 /* packets that run at once (pace.h) */
	u64 begun;		 /* cycles, when they did */
	struct backlog ingress;	 /* tagged with ifindex: the port it is on */
	struct backlog egress;
	u32 round; /* packets in this round, and copies made in it */
	struct batch *out; /* to send, one a port */
};

/* Somebody may want to see what the port receives or sends. */
static inline void port_captured(struct lcore *lc, u32 port,
				 struct pkt *const *pkts, u32 n, bool sent)
{
	struct plane_port *p = &lc->plane->ports[port];
	struct capture *capture;

	if (likely(!lc->captured))
		return;
	capture = atomic_load_explicit(&p->capture, memory_order_acquire);
	if (capture)
		capture_burst(capture, lc->slot, p->mac, pkts, n, sent);
}

int lcores_create(struct plane *plane);
void lcores_destroy(struct plane *plane);
/* Queue after queue to lcore after lcore. */
int lcores_assign(struct plane *plane);

int lcores_start(struct plane *plane, struct err *err);
/* Each finishes its burst; what it could not send is dropped. */
void lcores_stop(struct plane *plane);

#endif
