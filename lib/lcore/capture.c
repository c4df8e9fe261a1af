/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * capture.c - rings of packets from lcores to the control thread
 *
 * K1  head is moved by the slot's lcore alone, tail by the reader alone.  What
 *     is between them is the reader's, the rest the lcore's.
 * K2  A record lies in one piece and is whole before head passes it.
 * K3  An lcore never waits: what does not fit is counted as lost.
 * K4  The filter runs on a copy: what goes on is not touched.
 */
#include "lcore/capture.h"

#include <errno.h>
#include <net/ethernet.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mem/rcu.h"
#include "stats/stats.h"

#define RING_BYTES (1u << 20) /* a power of two */
#define FRAME_MAX 65535
#define TAG_BYTES 4

/* Sizes are multiples of its own, which divides the ring's: there is room for
 * one wherever a record may begin. */
struct record {
	u32 size; /* of all */
	u32 len;  /* of bytes */
	u32 wire_len;
	bool sent;
	bool skip; /* nothing: the next begins where the ring does */
	u64 ns;
	u64 unused;
	u8 bytes[];
};

_Static_assert(RING_BYTES % sizeof(struct record) == 0, "pieces of the ring");

struct capture_ring {
	/* the lcore writes */
	_Alignas(CACHE_LINE) _Atomic u32 head;
	atomic_ullong lost;
	struct run run;
	struct pkt pkt;
	u8 frame[PKT_HEADROOM + FRAME_MAX];
	/* the reader writes */
	_Alignas(CACHE_LINE) _Atomic u32 tail;
	u64 told; /* of lost */
	_Alignas(CACHE_LINE) u8 bytes[RING_BYTES];
};

struct capture {
	struct rcu *rcu;
	struct rcu_head free_head;
	struct prog *filter;
	u32 slots;
	struct capture_ring *rings;
};

int capture_create(struct rcu *rcu, u32 slots, struct world *world,
		   struct prog *filter, struct capture **out)
{
	struct capture *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->rings = aligned_alloc(CACHE_LINE, slots * sizeof(*c->rings));
	if (!c->rings) {
		free(c);
		return -ENOMEM;
	}
	memset(c->rings, 0, slots * sizeof(*c->rings));
	for (u32 i = 0; i < slots; i++)
		c->rings[i].run = (struct run){ .world = world, .slot = i };
	c->rcu = rcu;
	c->slots = slots;
	c->filter = filter;
	if (filter)
		prog_get(filter);
	*out = c;
	return 0;
}

static void free_capture(struct rcu_head *head)
{
	struct capture *c = container_of(head, struct capture, free_head);

	if (c->filter)
		prog_put(c->filter);
	free(c->rings);
	free(c);
}

void capture_put(struct capture *c)
{
	rcu_defer(c->rcu, &c->free_head, free_capture);
}

/* ---- the lcore's side ---- */

/* The frame as a packet socket has it.  False: it has no link header. */
static bool lay(struct capture_ring *r, const u8 *mac, const struct pkt *from,
		bool sent)
{
	struct pkt *p = &r->pkt;
	u32 len = pkt_len(from);

	if (len > FRAME_MAX ||
	    pkt_init(p, r->frame, PKT_HEADROOM + len, from->data, len) != 0)
		return false;
	p->port = from->port;
	p->number = from->number;
	p->rx_queue = from->rx_queue;
	p->ifindex = from->ifindex;
	p->ingress_ifindex = from->ingress_ifindex;
	p->mark = from->mark;
	p->priority = from->priority;
	if (pkt_to_skb(p, mac, true) != 0)
		return false;
	pkt_enter_tc(p, !sent);
	if (sent)
		p->pkt_type = PKT_OUTGOING;
	return true;
}

/* How much of the packet is kept. */
static u32 ask(const struct capture *c, struct capture_ring *r, const u8 *mac,
	       const struct pkt *from, bool sent)
{
	atomic_ullong *stopped;
	u32 verdict;

	if (!c->filter)
		return MIN(pkt_len(from), (u32)FRAME_MAX);
	if (!lay(r, mac, from, sent))
		return 0;
	run_begin(&r->run, &r->pkt);
	stat_add(&c->filter->stats[r->run.slot].runs, 1);
	verdict = (u32)prog_run(c->filter, &r->run);
	if (unlikely(r->run.fault.code)) {
		stopped = &r->run.fault.prog->stats[r->run.slot].stopped;
		stat_add(stopped, 1);
		return 0;
	}
	if (verdict >= pkt_len(&r->pkt))
		return pkt_len(from);
	/* the tag is where it was, and does not count */
	return r->pkt.vlan_present && verdict >= 2 * ETH_ALEN
		       ? verdict + TAG_BYTES
		       : verdict;
}

/* Where a record of so many bytes goes, or NULL: it does not fit. */
static struct record *reserve(struct capture_ring *r, u32 size)
{
	u32 head = atomic_load_explicit(&r->head, memory_order_relaxed);
	u32 tail = atomic_load_explicit(&r->tail, memory_order_acquire);
	u32 at = head % RING_BYTES, to_end = RING_BYTES - at, skip = 0;
	struct record *record = (struct record *)(r->bytes + at);

	if (size > to_end)
		skip = to_end;
	if (skip + size > RING_BYTES - (head - tail))
		return NULL;
	if (!skip)
		return record;
	record->size = skip;
	record->skip = true;
	atomic_store_explicit(&r->head, head + skip, memory_order_release);
	return (struct record *)r->bytes;
}

static u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (u64)now.tv_sec * 1000000000 + (u64)now.tv_nsec;
}

static void keep(struct capture_ring *r, const struct pkt *p, u32 len, u64 ns,
		 bool sent)
{
	u32 size = (u32)round_up(sizeof(struct record) + len,
				 sizeof(struct record));
	struct record *record = reserve(r, size);

	if (!record) {
		stat_add(&r->lost, 1);
		return;
	}
	*record = (struct record){ .size = size,
				   .len = len,
				   .wire_len = pkt_len(p),
				   .sent = sent,
				   .ns = ns };
	memcpy(record->bytes, p->data, len);
	atomic_store_explicit(&r->head,
			      atomic_load_explicit(&r->head,
						   memory_order_relaxed) +
				      size,
			      memory_order_release);
}

void capture_burst(struct capture *c, u32 slot, const u8 *mac,
		   struct pkt *const *pkts, u32 n, bool sent)
{
	struct capture_ring *r = &c->rings[slot];
	u64 ns = now_ns();

	for (u32 i = 0; i < n; i++) {
		u32 len = ask(c, r, mac, pkts[i], sent);

		if (len)
			keep(r, pkts[i], len, ns, sent);
	}
}

/* ---- the reader's side ---- */

/* True: fn wants more. */
static bool read_ring(struct capture_ring *r, u32 slot,
		      bool (*fn)(void *arg, const struct captured *packet),
		      void *arg)
{
	u32 head = atomic_load_explicit(&r->head, memory_order_acquire);
	u32 tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	bool more = true;

	while (more && tail != head) {
		const struct record *record =
			(const struct record *)(r->bytes + tail % RING_BYTES);
		const struct captured packet = { record->bytes,
						 record->len,
						 record->wire_len,
						 record->ns,
						 slot,
						 record->sent };

		tail += record->size;
		if (!record->skip)
			more = fn(arg, &packet);
	}
	atomic_store_explicit(&r->tail, tail, memory_order_release);
	return more;
}

void capture_read(struct capture *c,
		  bool (*fn)(void *arg, const struct captured *packet),
		  void *arg)
{
	for (u32 i = 0; i < c->slots; i++)
		if (!read_ring(&c->rings[i], i, fn, arg))
			return;
}

u64 capture_lost(struct capture *c)
{
	u64 lost = 0;

	for (u32 i = 0; i < c->slots; i++) {
		struct capture_ring *r = &c->rings[i];
		u64 now = stat_read(&r->lost);

		lost += now - r->told;
		r->told = now;
	}
	return lost;
}
