/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port.h - where packets come from and go to: DPDK devices and pcap files
 *
 * A spec names the device:
 *	tap:NAME  null  af_packet:IF  pcap:IN[,OUT]  or any DPDK devargs
 */
#ifndef WEIR_PORT_PORT_H
#define WEIR_PORT_PORT_H

#include "base/err.h"
#include "base/types.h"
#include "prog/pkt.h"

#define PORT_NAME_MAX 32
#define PORT_BURST 32

struct port;

/* How a pcap port replays. */
enum port_replay {
	REPLAY_ONCE,  /* stop at the end of the file */
	REPLAY_LOOP,
	REPLAY_PACED, /* once, by the packets' timestamps */
};

struct port_config {
	char name[PORT_NAME_MAX];
	const char *spec;
	u16 queues;    /* receive queues, one lcore each; 0: as many as lcores */
	u16 mtu;       /* 0: the device's */
	bool promiscuous;
	bool checksum; /* use the device's checksum offload */
	u8 mac[6];     /* all zero: the device's */
	enum port_replay replay;
	bool memory;   /* pcap: read the whole file first, for benches */
};

enum port_link { LINK_DOWN, LINK_UP };

struct port_info {
	const char *name;
	const char *spec;
	const char *driver; /* "net_tap", "pcap" */
	u32 ifindex;	    /* Weir's number, from 1 */
	u16 queues;
	u16 mtu;
	u8 mac[6];
	bool promiscuous;
	enum port_link link;
	u32 speed_mbps;
	bool ended;	   /* end of its file: nothing more will come */
	struct err error;  /* code != 0: what stopped it ("packet 17 cut") */
};

/* Queue q of port is polled and fed by one lcore alone.
 * Received packets are views over their frames, ready for XDP. */
u16 port_rx(struct port *port, u16 queue, struct pkt **pkts, u16 n);
/* Takes ownership of what it returns as sent; the rest stays the caller's. */
u16 port_tx(struct port *port, u16 queue, struct pkt **pkts, u16 n);
void port_free(struct pkt **pkts, u16 n);

void port_get_info(const struct port *port, struct port_info *info);

#endif
