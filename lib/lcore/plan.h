/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plan.h - what the lcores do with packets, as one immutable whole
 *
 * A burst takes the plan once and follows it to its end (decision 9).  The
 * decisions here are pure: no EAL, no state.
 */
#ifndef WEIR_LCORE_PLAN_H
#define WEIR_LCORE_PLAN_H

#include "lcore/plane.h"

/* A packet may be redirected by tc so often before it is dropped; Linux's
 * limit of nested transmissions. */
#define PLAN_REDIRECTS 8

#define PLAN_NOWHERE UINT32_MAX

struct plan_port {
	const struct chain *chain[HOOK_KINDS]; /* NULL: none attached */
	u32 out;       /* where its packets are forwarded, or PLAN_NOWHERE */
	bool straight; /* no tc program is on the way there */
	bool bare;     /* nor an XDP program that asks for more than a bare
			  view has (port.h) */
};

struct plan {
	struct rcu_head free_head;
	bool asks_type; /* some program may read pkt_type */
	u32 port_cnt;
	struct plan_port port[];
};

/* NULL: out of memory. */
struct plan *plan_new(u32 port_cnt);

/* All chains are there. */
void plan_finish(struct plan *plan);

/* The port that f names for packets of the port, or PLAN_NOWHERE; names has
 * all ports' names.  -ENOENT: no port is called so. */
int plan_forward(const struct forward *f, u32 port, const char *const *names,
		 u32 port_cnt, u32 *out, struct err *err);

/* Where a packet goes next. */
enum route_kind {
	ROUTE_NEXT,    /* the stage after this hook */
	ROUTE_DROP,    /* for route.drop */
	ROUTE_SEND,    /* out of route.port */
	ROUTE_INGRESS, /* redirected: tc ingress of route.port */
	ROUTE_EGRESS,  /* redirected: tc egress of route.port */
	ROUTE_NEIGH,   /* the same, with link addresses for the next hop */
	ROUTE_PEER,    /* redirected: out of route.port, past its tc egress */
	ROUTE_ENTRY,   /* redirected: where the verdict's entry or map says */
};

struct route {
	enum route_kind kind;
	enum drop_reason drop;
	u32 port;
};

/* After the hook of a port gave this verdict. */
struct route plan_route(const struct plan *plan, u32 port, enum hook_kind hook,
			const struct verdict *v);
/* After tc ingress: as the port forwards. */
struct route plan_forwarded(const struct plan *plan, u32 port);

#endif
