/* SPDX-License-Identifier: BSD-3-Clause */
/* ethdev_priv.h - a port on a device of DPDK's */
#ifndef WEIR_PORT_ETHDEV_PRIV_H
#define WEIR_PORT_ETHDEV_PRIV_H

#include <rte_ethdev.h>
#include <rte_spinlock.h>

#include "port/port_priv.h"

/* A transmit queue that lcores have to share. */
struct ethdev_tx {
	_Alignas(CACHE_LINE) rte_spinlock_t lock;
};

struct ethdev {
	struct port port;
	u16 id; /* DPDK's number */
	const char *driver;
	struct rte_device *device;
	u32 if_index;	   /* the kernel's interface below it, or 0 */
	u32 cut_len;	   /* a frame this long is the start of a longer one */
	bool nombuf_loses; /* the driver's rx_nombuf are lost packets */
	u16 tx_queues;
	bool tx_shared; /* fewer than lcores: lock them */
	struct ethdev_tx *tx;
};

static inline struct ethdev *ethdev_of(struct port *port)
{
	return container_of(port, struct ethdev, port);
}

/* A call of DPDK's failed: code, or what the driver complained of. */
int ethdev_failed(struct ethdev *dev, const char *what, int code,
		  struct err *err);
void ethdev_listen(struct ethdev *dev);

/* The device is there: queues, offloads, buffers, addresses. */
int ethdev_setup(struct ethdev *dev, const char *devargs, struct err *err);
int ethdev_promiscuous(struct ethdev *dev, bool on, struct err *err);
int ethdev_mtu(struct ethdev *dev, u16 mtu, struct err *err);
int ethdev_mac(struct ethdev *dev, const u8 *mac, struct err *err);

u16 ethdev_rx(struct port *port, u16 queue, struct pkt **pkts, u16 n,
	      u64 *bytes);
void ethdev_view(struct port *port, u16 queue, struct pkt *p);
u16 ethdev_tx(struct port *port, u32 slot, struct pkt **pkts, u16 n);

#endif
