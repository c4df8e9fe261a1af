/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port_priv.h - what kinds of ports are made of
 *
 * A kind embeds struct port and fills in its ops.  Fields say who writes them;
 * "control" is whoever holds the port open, one thread at a time.
 */
#ifndef WEIR_PORT_PORT_PRIV_H
#define WEIR_PORT_PORT_PRIV_H

#include <stdatomic.h>

#include "port/eal_priv.h"
#include "port/port.h"
#include "port/spec.h"

/* Around the MTU: header and one tag. */
#define PORT_L2_MAX (14 + 4)

/* One receive queue: its counters, written by the lcore that polls it. */
struct port_queue {
	_Alignas(CACHE_LINE) atomic_ullong too_long;
	atomic_ullong no_buffer;
	/* what all its packets have in common */
	_Alignas(CACHE_LINE) struct pkt like;
};

struct port_ops {
	int (*start)(struct port *port, struct err *err);
	/* lcores will poll it now; NULL: start is all there is to do */
	int (*begin)(struct port *port, struct err *err);
	void (*stop)(struct port *port);
	void (*close)(struct port *port); /* frees the port's own parts */
	/* adds up their bytes */
	u16 (*rx)(struct port *port, u16 queue, struct pkt **pkts, u16 n,
		  u64 *bytes);
	/* of one of them; NULL: they have views */
	void (*view)(struct port *port, u16 queue, struct pkt *pkt);
	u16 (*tx)(struct port *port, u32 slot, struct pkt **pkts, u16 n);
	/* adds what only the kind knows */
	void (*info)(const struct port *port, struct port_info *info);
	void (*lost)(const struct port *port, struct port_lost *lost);
	/* NULL: the link never changes */
	enum port_link (*link)(struct port *port, u32 *speed_mbps);
	int (*set_promiscuous)(struct port *port, bool on, struct err *err);
	int (*set_mtu)(struct port *port, u16 mtu, struct err *err);
	int (*set_mac)(struct port *port, const u8 *mac, struct err *err);
	int (*set_link)(struct port *port, enum port_link link,
			struct err *err);
};

struct port {
	/* fixed once the port is open */
	const struct port_ops *ops;
	struct eal *eal;
	struct port_config config; /* its spec is a copy */
	u32 index;
	u16 queues;
	struct port_queue *queue;

	/* control alone */
	bool started;
	bool promiscuous;
	u8 mac[6];

	/* control writes, lcores read */
	atomic_uint mtu;
	atomic_uint tx_max;
	atomic_int link; /* enum port_link */
	atomic_uint speed_mbps;
};

/* Each makes a port of its kind.  Their struct port is zeroed memory but for
 * eal, config and index. */
int ethdev_open(const struct port *base, const struct spec *spec,
		struct err *err, struct port **out);
int pcap_port_open(const struct port *base, const struct spec *spec,
		   struct err *err, struct port **out);

/* How many queues the port is to have, before the device is asked. */
u32 port_queues_wanted(const struct port *base);
int port_make_queues(struct port *port, u16 queues, struct err *err);
void port_set_sizes(struct port *port, u16 mtu);

static inline void port_count(atomic_ullong *counter)
{
	atomic_store_explicit(counter,
			      atomic_load_explicit(counter,
						   memory_order_relaxed) +
				      1,
			      memory_order_relaxed);
}

static inline bool mac_given(const u8 *mac)
{
	return mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5];
}

#endif
