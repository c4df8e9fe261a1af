/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pkt_queue.h - packets for another process: what an entry of an XSKMAP is
 *
 * A ring of frames in memory that the reader maps, too.  As an AF_XDP socket
 * it belongs to one receive queue of one port and takes packets of no other.
 *
 * K1  Lcores put one after the other, under the lock; `produced` is theirs.
 * K2  `consumed` is the reader's, who maps the memory and is one process at a
 *     time.  Whatever it writes there, the ring only looks fuller or emptier.
 * K3  A frame is written before it is counted as produced, and read before it
 *     is counted as consumed.
 * K4  The file keeps its size: a reader cannot take the memory away.
 */
#ifndef WEIR_MAPS_PKT_QUEUE_H
#define WEIR_MAPS_PKT_QUEUE_H

#include <stdatomic.h>

#include "base/types.h"

struct mem;
struct pkt_queue;

/* The memory: a page with this, then the slots. */
#define PKT_QUEUE_MAGIC 0x51524957u /* "WIRQ" */
#define PKT_QUEUE_PAGE 4096u

struct pkt_queue_head {
	u32 magic;
	u32 slots; /* a power of two */
	u32 ifindex;
	u32 rx_queue;
	_Alignas(CACHE_LINE) atomic_uint produced; /* modulo 2^32 */
	_Alignas(CACHE_LINE) atomic_uint consumed;
};

struct pkt_queue_slot {
	u64 ns;	  /* CLOCK_REALTIME */
	u32 meta; /* bytes of metadata, before the frame */
	u32 len;  /* bytes of the frame */
	u8 bytes[PKT_QUEUE_PAGE - 16];
};

#define PKT_QUEUE_MAX 65536u /* slots */

/* With a reference, the caller's.  slots is rounded up.  -EINVAL, -ENOMEM. */
int pkt_queue_create(struct mem *mem, u32 ifindex, u32 rx_queue, u32 slots,
		     struct pkt_queue **out);
struct pkt_queue *pkt_queue_get(struct pkt_queue *q);
void pkt_queue_put(struct pkt_queue *q);

const struct pkt_queue_head *pkt_queue_head(const struct pkt_queue *q);
/* A descriptor of the memory, the queue's. */
int pkt_queue_fd(const struct pkt_queue *q);

/* Metadata and behind it the frame.  False: the ring is full, or they are too
 * long. */
bool pkt_queue_add(struct pkt_queue *q, const u8 *bytes, u32 meta, u32 len);

/* ---- the reader ---- */

struct pkt_reader;

/* Takes fd over, also when it fails, and maps what is behind it.  -EBUSY:
 * another process reads; -EINVAL: it is no such memory. */
int pkt_reader_open(int fd, struct pkt_reader **out);
void pkt_reader_close(struct pkt_reader *r);
/* The oldest frame, copied out, so that nothing changes under the caller.
 * False: there is none. */
bool pkt_reader_next(struct pkt_reader *r, struct pkt_queue_slot *slot);

#endif
