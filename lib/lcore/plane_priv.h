/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plane_priv.h - the dataplane from inside: who owns what
 *
 * P1  Control threads make changes under lock.  A change is built whole beside
 *     what there is, then published by one store of plan.
 * P2  An lcore loads plan once for each burst, or part of one (pace.h), and
 *     reports a quiescent state when all packets of it were sent, dropped or
 *     handed to a port.
 * P3  What a published plan no longer names is freed after a grace period.
 */
#ifndef WEIR_LCORE_PLANE_PRIV_H
#define WEIR_LCORE_PLANE_PRIV_H

#include <pthread.h>

#include "base/vec.h"
#include "lcore/capture.h"
#include "lcore/plan.h"
#include "lcore/trace.h"
#include "mem/rcu.h"

struct lcore;

struct plane_port {
	struct port *port;
	char name[PORT_NAME_MAX];
	u8 mac[6];
	u32 queues;
	/* control writes under lock, lcores read: NULL, nobody captures */
	_Atomic(struct capture *) capture;
};

typedef VEC(struct attachment) attachment_vec;
typedef struct chain *chain_row[HOOK_KINDS];

struct plane {
	/* constant after plane_create() */
	struct sys *sys;
	struct rcu *rcu;
	struct trace *trace;
	struct net *net; /* of these ports: port i has number i + 1 */
	struct plane_port *ports;
	const char **names; /* theirs */
	u32 port_cnt;
	struct lcore *lcores;
	u32 lcore_cnt;
	u32 burst;
	u64 pace; /* cycles that packets may run at once (pace.h) */

	/* control threads, under lock */
	pthread_mutex_t lock;
	bool running;
	u32 last_id;
	attachment_vec attachments; /* in the order they run; referenced */
	struct forward *forwards;
	chain_row *chains; /* NULL: nothing attached there */
	u64 (*revisions)[HOOK_KINDS]; /* changes, since nothing was there */

	/* control writes under lock, lcores read */
	_Alignas(CACHE_LINE) _Atomic(struct plan *) plan;
	atomic_uint captures; /* there are */
	atomic_bool stop;
};

/* attach.c: plane_apply() for who holds the lock */
int plane_apply_locked(struct plane *plane, struct plane_change *changes, u32 n,
		       struct err *err);

/* attach.c: frees what changes left; nobody polls any more. */
void plane_forget_plan(struct plane *plane);

#endif
