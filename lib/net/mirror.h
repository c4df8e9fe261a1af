/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mirror.h - addresses, routes, rules and neighbours of the host in a net
 *
 * Devices of the host stand for devices of the net, which the host's network
 * is written onto: as it is when the mirror opens, and then as rtnetlink tells
 * of its changes, in a thread of the mirror's own.  When the host has told more
 * than the socket took (ENOBUFS), all of it is asked for again.
 *
 * M1  A route out of a device that nothing stands for is unreachable here, and
 *     a local address on one is local: neither is forwarded by another route.
 * M2  What others put into the net stays, unless the host has a route of the
 *     same table, prefix, tos and metric, or a neighbour of the same address.
 */
#ifndef WEIR_NET_MIRROR_H
#define WEIR_NET_MIRROR_H

#include <net/if.h>

#include "net/net.h"

struct net_mirror_device {
	char host[IF_NAMESIZE]; /* which may not be there yet */
	u32 ifindex;		/* here */
};

struct net_mirror;

/* The net is filled when this returns, and outlives the mirror.  devices is
 * copied.  -EOPNOTSUPP and the like: what the socket said. */
int net_mirror_open(struct net *net, const struct net_mirror_device *devices,
		    u32 cnt, struct err *err, struct net_mirror **out);
/* What is mirrored stays, and is not changed any more. */
void net_mirror_close(struct net_mirror *m);

#endif
