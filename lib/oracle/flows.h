/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flows.h - many flows out of one packet, the same here and in the kernel
 *
 * A flow is a source address, 10.0.0.0 and its number on.  Each comes once, in
 * order, and from then on they come at random; which ones, is the same every
 * time (front.h does the same in the kernel).
 */
#ifndef WEIR_ORACLE_FLOWS_H
#define WEIR_ORACLE_FLOWS_H

#include "base/types.h"

#define FLOWS_MAX (1 << 24)
#define FLOWS_NET 0x0a000000

/* Where it is in an Ethernet frame; also its checksum changes. */
#define FLOWS_CHECK_AT 24
#define FLOWS_SOURCE_AT 26
#define FLOWS_FRAME_MIN 34

/* Also the value of the map that the program in the kernel keeps. */
struct flows {
	u64 random;
	u64 count;
	u64 next; /* of those that have not come yet */
};

void flows_init(struct flows *f, u32 count);
u32 flows_next(struct flows *f);

/* What the IPv4 header of a frame adds up to without its source address and
 * checksum; -EINVAL: it has none. */
int flows_sum(const u8 *frame, u32 len, u32 *sum);
/* Make it a packet of this flow. */
void flows_write(u8 *frame, u32 sum, u32 flow);

#endif
