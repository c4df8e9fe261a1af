/* SPDX-License-Identifier: BSD-3-Clause */
/* redirect.h - packets on their way to entries of devmaps and cpumaps */
#ifndef WEIR_LCORE_REDIRECT_H
#define WEIR_LCORE_REDIRECT_H

#include "lcore/lcore.h"

/* To the entry of the verdict, or to all entries of its map. */
void redirect_follow(struct lcore *lc, struct pkt *pkt,
		     const struct verdict *v);

/*
 * inbox.c: what cpumaps hand from lcore to lcore
 *
 * I1  Any lcore puts, the owner alone takes.
 * I2  A packet in an inbox holds a place in its entry's queue, and with it the
 *     entry and the entry's program.
 * I3  A packet is counted as handed before it can be taken, and as handled when
 *     all that was made of it has left the lcore: where the two are equal, none
 *     is on its way.
 */
struct handoff {
	struct pkt *pkt;
	struct redirect_entry *entry;
};

int inbox_create(struct lcore *lc);
/* What is in it is dropped.  Nobody polls any more. */
void inbox_destroy(struct lcore *lc);
void inbox_drain(struct lcore *lc);

/* Into the inbox of the entry's lcore; dropped when the queue is full. */
void inbox_put(struct lcore *lc, struct pkt *pkt, struct redirect_entry *entry);
/* At most n. */
u32 inbox_take(struct lcore *lc, struct handoff *out, u32 n);
void inbox_handled(struct lcore *lc, u32 n);

/* For control threads: is anything on its way from lcore to lcore? */
bool inboxes_idle(const struct plane *plane);

#endif
