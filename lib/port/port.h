/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port.h - where packets come from and go to: DPDK devices and pcap files
 *
 * A spec names the device (docs/ports.md):
 *	tap:NAME  null  ring  af_packet:IF  pcap:IN[,OUT]  or any DPDK devargs
 *
 * Every packet's buffer comes from the pools of struct eal, whatever port
 * made it: a packet of one port may be sent on any other.
 *
 * Control threads open, change and close ports, one at a time.  Receive
 * queue q is polled by one lcore alone.  port_tx() is called by any lcore with
 * its own slot.
 */
#ifndef WEIR_PORT_PORT_H
#define WEIR_PORT_PORT_H

#include "base/err.h"
#include "base/types.h"
#include "prog/pkt.h"

#define PORT_NAME_MAX 32
#define PORT_BURST 32

struct eal;
struct port;

/* How a pcap port replays. */
enum port_replay {
	REPLAY_ONCE, /* stop at the end of the file */
	REPLAY_LOOP,
	REPLAY_PACED, /* once, by the packets' timestamps */
};

struct port_config {
	char name[PORT_NAME_MAX];
	const char *spec;
	u16 queues; /* receive queues, one lcore each; 0: as many as lcores */
	u16 mtu;    /* 0: the device's */
	bool promiscuous;
	bool checksum; /* use the device's checksum offload */
	u8 mac[6];     /* all zero: the device's */
	enum port_replay replay;
	bool memory; /* pcap: read the whole file first, for benches */
};

enum port_link { LINK_DOWN, LINK_UP };

struct port_info {
	const char *name;
	const char *spec;
	const char *driver; /* "net_tap", "pcap" */
	u32 ifindex;	    /* Weir's number, from 1 */
	u16 queues;	    /* to be polled, each: 0 to queues - 1 */
	u16 mtu;
	u8 mac[6];
	bool promiscuous;
	enum port_link link;
	u32 speed_mbps;
	bool ends;	  /* a capture that is not replayed in a loop */
	bool ended;	  /* end of its file: nothing more will come */
	struct err error; /* code != 0: what stopped it ("packet 17 cut") */
};

/* Packets that came but were never given out by port_rx(). */
struct port_lost {
	u64 too_long;  /* longer than a buffer */
	u64 no_buffer; /* no free packet buffer, or no free descriptor */
};

/* Opens the device, configures it and leaves it stopped; nothing is left of it
 * on failure.  config is copied.  index is the port's number from 0, its
 * ifindex the one after. */
int port_open(struct eal *eal, const struct port_config *config, u32 index,
	      struct err *err, struct port **out);
int port_start(struct port *port, struct err *err);
/* Before lcores poll a port that was started: what was there before is lost
 * only now. */
int port_begin(struct port *port, struct err *err);
/* No lcore may be in port_rx() or port_tx().  A stopped port starts again. */
void port_stop(struct port *port);
/* Stops it first.  The packets it made stay valid. */
void port_close(struct port *port);

/* Received packets are views over their frames, ready for XDP. */
u16 port_rx(struct port *port, u16 queue, struct pkt **pkts, u16 n);
/* In two steps: of a bare view only data, data_meta, data_end and port are
 * there.  It can be sent, freed and be a program's that asks for no more. */
u16 port_rx_bare(struct port *port, u16 queue, struct pkt **pkts, u16 n,
		 u64 *bytes);
void port_view(struct port *port, u16 queue, struct pkt **pkts, u16 n);
/* Takes ownership of what it returns as sent; the rest stays the caller's.
 * None of them may be longer than port_tx_max(). */
u16 port_tx(struct port *port, u32 slot, struct pkt **pkts, u16 n);
void port_free(struct pkt **pkts, u16 n);
/* Another packet with the same bytes, metadata and state, or NULL: no buffer.
 */
struct pkt *port_copy(const struct pkt *p);

/* The longest frame the port sends: its MTU, Ethernet header and a tag. */
u32 port_tx_max(const struct port *port);
enum port_link port_link(const struct port *port);
/* Asks the device for its link; called now and then by a control thread.
 * True when it changed, which is logged. */
bool port_watch(struct port *port);

void port_get_info(const struct port *port, struct port_info *info);
void port_get_lost(const struct port *port, struct port_lost *lost);

int port_set_promiscuous(struct port *port, bool on, struct err *err);
int port_set_mtu(struct port *port, u16 mtu, struct err *err);
int port_set_mac(struct port *port, const u8 *mac, struct err *err);
int port_set_link(struct port *port, enum port_link link, struct err *err);

#endif
