/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rig.h - EAL and ports under test
 *
 * EAL starts once a process, so one executable is one EAL.  A test that needs a
 * network has one of its own: rig_netns() before rig_start().
 */
#ifndef WEIR_TESTS_PORT_RIG_H
#define WEIR_TESTS_PORT_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "port/eal.h"
#include "port/port.h"

#define RIG_PORTS 4

struct rig {
	struct eal *eal;
	u32 lcore_cnt;
	struct port *ports[RIG_PORTS];
	u32 port_cnt;
	u32 fds; /* open before the ports were */
};

/* Exits with 77 after the reason. */
_Noreturn void rig_skip(const char *fmt, ...) PRINTF(1, 2);

/* A network namespace of the process's own, loopback up; or skips. */
void rig_netns(void);
/* Runs a command, which must succeed. */
void rig_run(const char *fmt, ...) PRINTF(1, 2);

/* lcores that share this CPU; EAL's memory for RIG_PORTS ports. */
void rig_start(struct rig *r, u32 lcores, bool huge);
/* With memory for a port of that spec too. */
void rig_start_for(struct rig *r, u32 lcores, bool huge, const char *spec);
/* Opens it as the next port and starts it; its link is up. */
struct port *rig_open(struct rig *r, const struct port_config *config);
struct port *rig_open_spec(struct rig *r, const char *spec);
/* Closes all ports: no buffer and no file descriptor may be left. */
void rig_close(struct rig *r);
/* The same of a driver that leaves some until the process ends. */
void rig_close_ports(struct rig *r);
void rig_stop(struct rig *r);

/* A UDP packet of len bytes, its payload counted up from seed. */
u32 rig_frame(u8 *frame, u32 len, u8 seed);
/* The Internet's checksum of an even number of bytes; 0 where one is right. */
u16 rig_sum(const void *bytes, u32 len);
/* Gives it the UDP checksum that rig_frame() leaves out. */
void rig_checksum(u8 *frame, u32 len);
bool rig_is_frame(const u8 *bytes, u32 len, u8 seed);

/* Polls until it has want packets that are rig_frame()s of length len, others
 * are dropped; gives up after ten seconds.  Returns how many. */
u16 rig_receive(struct port *port, u16 queue, u32 len, struct pkt **pkts,
		u16 want);
/* Watches until the link changes, which it has to: the kernel takes its time to
 * notice a carrier. */
void rig_link_changes(struct port *port, enum port_link to);
/* One poll: a packet of any kind, or a rig_frame() of that length. */
bool rig_poll_any(struct port *port, u16 queue, struct pkt **p);
bool rig_poll(struct port *port, u16 queue, u32 len, struct pkt **p);
/* A packet of the port's making: what port_rx() would give. */
struct pkt *rig_packet(struct rig *r, u32 len, u8 seed);

/* A packet socket on an interface, and a frame from it of that length. */
int rig_socket(const char *interface);
bool rig_socket_receive(int fd, u8 *frame, u32 len);

u32 rig_fds(void);

#endif
