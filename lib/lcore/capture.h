/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * capture.h - copies of what a port receives and sends, for a client
 *
 * A socket filter says of each packet how many bytes are kept, 0: none.  It
 * sees the frame as a packet socket does: from the link header on, an outer
 * VLAN tag beside the data.
 */
#ifndef WEIR_LCORE_CAPTURE_H
#define WEIR_LCORE_CAPTURE_H

#include "prog/prog.h"
#include "prog/run.h"

struct capture;

/* Takes a reference to filter; NULL: everything is kept.  -ENOMEM. */
int capture_create(struct rcu *rcu, u32 slots, struct world *world,
		   struct prog *filter, struct capture **out);
/* No lcore finds it any more: freed after a grace period. */
void capture_put(struct capture *c);

/* By the slot's lcore.  mac is the port's; sent: they are about to leave. */
void capture_burst(struct capture *c, u32 slot, const u8 *mac,
		   struct pkt *const *pkts, u32 n, bool sent);

struct captured {
	const u8 *bytes; /* as long as the call */
	u32 len;
	u32 wire_len;
	u64 ns; /* since 1970 */
	u32 slot;
	bool sent;
};

/* By one thread: what is there, oldest first of each slot, as long as fn
 * returns true. */
void capture_read(struct capture *c,
		  bool (*fn)(void *arg, const struct captured *packet),
		  void *arg);
/* Kept packets that found no room, since the last call. */
u64 capture_lost(struct capture *c);

#endif
