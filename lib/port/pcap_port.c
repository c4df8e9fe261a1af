/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pcap_port.c - a port on capture files
 *
 * Every receive queue reads the whole file for itself and gives out the flows
 * that are its own, so that queues share nothing and a flow keeps its order.
 * What is sent goes to one file, under a lock, with the time it was received.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_spinlock.h>

#include "base/log.h"
#include "port/flow.h"
#include "port/frames.h"
#include "port/pcap_file.h"
#include "port/port_priv.h"

/* Packets of other queues that one port_rx() passes over at most. */
#define SKIP_MAX 512

/* The lcore's that polls the queue, but for what is atomic. */
struct replay {
	_Alignas(CACHE_LINE) struct pcap_in *in;
	struct pcap_packet next;
	bool have_next;
	u64 origin; /* paced: add to a packet's time for when it is due */
	atomic_bool ended; /* set last */
	struct err error;  /* written before ended */
};

struct pcap_port {
	struct port port;
	struct rte_mempool *pool;
	struct replay *replays;

	rte_spinlock_t out_lock;
	struct pcap_out *out; /* NULL: what is sent goes nowhere */
	bool begun;	      /* control's: out is ours to fill */
	struct err out_error; /* written before out_failed */
	atomic_bool out_failed;
};

static struct pcap_port *pcap_port_of(struct port *port)
{
	return container_of(port, struct pcap_port, port);
}

static u64 clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

/* The file's next packet: 1, 0 when there is none any more, or an error. */
static int read_one(struct pcap_port *pp, struct replay *r)
{
	bool loop = pp->port.config.replay == REPLAY_LOOP;
	int got = pcap_in_next(r->in, &r->next, &r->error);

	/* once: an empty file is not read over and over */
	if (got == 0 && loop) {
		got = pcap_in_rewind(r->in, &r->error);
		if (got == 0)
			got = pcap_in_next(r->in, &r->next, &r->error);
	}
	return got;
}

/* The queue's next packet into r->next: false when there is none now. */
static bool fetch(struct pcap_port *pp, u16 queue)
{
	struct replay *r = &pp->replays[queue];
	u16 queues = pp->port.queues;

	if (r->have_next)
		return true;
	for (u32 skipped = 0; skipped < SKIP_MAX; skipped++) {
		const struct pcap_packet *p = &r->next;

		if (read_one(pp, r) != 1) {
			atomic_store_explicit(&r->ended, true,
					      memory_order_release);
			return false;
		}
		if (queues > 1 && flow_hash(p->bytes, p->len) % queues != queue)
			continue;
		if (p->len > PKT_XDP_LINEAR_MAX) {
			port_count(&pp->port.queue[queue].too_long);
			continue;
		}
		r->have_next = true;
		return true;
	}
	return false;
}

static bool is_due(const struct pcap_port *pp, struct replay *r)
{
	u64 now;

	if (pp->port.config.replay != REPLAY_PACED)
		return true;
	now = clock_ns(CLOCK_MONOTONIC);
	if (!r->origin)
		r->origin = now - r->next.ns;
	/* unsigned, and wraps: captures are of before the machine's start */
	return (s64)(now - (r->next.ns + r->origin)) >= 0;
}

static struct pkt *make(struct pcap_port *pp, u16 queue, struct rte_mbuf *m)
{
	const struct pcap_packet *from = &pp->replays[queue].next;
	struct pkt *p;

	memcpy(rte_pktmbuf_mtod(m, void *), from->bytes, from->len);
	m->data_len = (u16)from->len;
	m->pkt_len = from->len;
	p = frame_received(m, pp->port.index);
	frame_view(p, &pp->port.queue[queue].like);
	p->rx_ns = from->ns;
	p->number = from->number;
	return p;
}

static u16 replay_rx(struct port *port, u16 queue, struct pkt **pkts, u16 n,
		     u64 *bytes)
{
	struct pcap_port *pp = pcap_port_of(port);
	struct replay *r = &pp->replays[queue];
	u16 got;

	if (!r->in || atomic_load_explicit(&r->ended, memory_order_relaxed))
		return 0;
	for (got = 0; got < n; got++) {
		struct rte_mbuf *m;

		if (!fetch(pp, queue) || !is_due(pp, r))
			break;
		m = rte_pktmbuf_alloc(pp->pool);
		if (!m)
			break; /* the file waits */
		pkts[got] = make(pp, queue, m);
		*bytes += pkt_len(pkts[got]);
		r->have_next = false;
	}
	return got;
}

static u16 record(struct pcap_port *pp, struct pkt **pkts, u16 n)
{
	u64 now = clock_ns(CLOCK_REALTIME);
	u16 i;

	for (i = 0; i < n; i++) {
		const struct pcap_packet p = {
			.bytes = pkts[i]->data,
			.len = pkt_len(pkts[i]),
			.ns = pkts[i]->rx_ns == PKT_JUST_NOW ? now
							     : pkts[i]->rx_ns,
		};

		if (pcap_out_write(pp->out, &p, &pp->out_error) != 0) {
			atomic_store_explicit(&pp->out_failed, true,
					      memory_order_release);
			break;
		}
	}
	return i;
}

/* Once a write has failed nothing is sent any more. */
static u16 record_tx(struct port *port, u32 slot, struct pkt **pkts, u16 n)
{
	struct pcap_port *pp = pcap_port_of(port);

	(void)slot;
	if (pp->out) {
		rte_spinlock_lock(&pp->out_lock);
		n = atomic_load_explicit(&pp->out_failed, memory_order_relaxed)
			    ? 0
			    : record(pp, pkts, n);
		rte_spinlock_unlock(&pp->out_lock);
	}
	port_free(pkts, n);
	return n;
}

static int pcap_start(struct port *port, struct err *err)
{
	struct pcap_port *pp = pcap_port_of(port);

	(void)err;
	for (u16 q = 0; q < port->queues; q++)
		pp->replays[q].origin = 0;
	return 0;
}

static int pcap_begin(struct port *port, struct err *err)
{
	struct pcap_port *pp = pcap_port_of(port);
	int res = pp->out ? pcap_out_begin(pp->out, err) : 0;

	pp->begun = !res;
	return res;
}

static void pcap_stop(struct port *port)
{
	struct pcap_port *pp = pcap_port_of(port);

	if (pp->out && pp->begun && !atomic_load(&pp->out_failed) &&
	    pcap_out_flush(pp->out, &pp->out_error) != 0)
		atomic_store(&pp->out_failed, true);
}

static void close_files(struct pcap_port *pp)
{
	char text[256];
	struct err err;

	for (u16 q = 0; pp->replays && q < pp->port.queues; q++)
		if (pp->replays[q].in)
			pcap_in_close(pp->replays[q].in);
	if (pp->out && pcap_out_close(pp->out, &err) != 0 &&
	    !atomic_load(&pp->out_failed))
		log_error("port %s: %s", pp->port.config.name,
			  err_text(&err, text, sizeof(text)));
	free(pp->replays);
}

static void pcap_close_port(struct port *port)
{
	struct pcap_port *pp = pcap_port_of(port);

	close_files(pp);
	free(pp);
}

static void pcap_info(const struct port *port, struct port_info *info)
{
	const struct pcap_port *pp =
		container_of(port, const struct pcap_port, port);

	info->driver = "pcap";
	/* all queues have a file or none has */
	info->ended = pp->replays[0].in != NULL;
	for (u16 q = 0; info->ended && q < port->queues; q++) {
		const struct replay *r = &pp->replays[q];

		if (!atomic_load_explicit(&r->ended, memory_order_acquire))
			info->ended = false;
		else if (r->error.code)
			info->error = r->error;
	}
	info->ends = info->ended ||
		     (pp->replays[0].in && port->config.replay != REPLAY_LOOP);
	if (atomic_load_explicit(&pp->out_failed, memory_order_acquire))
		info->error = pp->out_error;
}

static int pcap_set_mtu(struct port *port, u16 mtu, struct err *err)
{
	(void)port;
	if (mtu > PKT_XDP_LINEAR_MAX - PORT_L2_MAX || mtu == 0)
		return err_fail(err, -EINVAL, "MTU %u; it can be 1 to %d here",
				mtu, PKT_XDP_LINEAR_MAX - PORT_L2_MAX);
	return 0;
}

static int pcap_set_mac(struct port *port, const u8 *mac, struct err *err)
{
	(void)port;
	(void)mac;
	(void)err;
	return 0;
}

static const struct port_ops pcap_port_ops = {
	.start = pcap_start,
	.begin = pcap_begin,
	.stop = pcap_stop,
	.close = pcap_close_port,
	.rx = replay_rx,
	.tx = record_tx,
	.info = pcap_info,
	.set_mtu = pcap_set_mtu,
	.set_mac = pcap_set_mac,
};

static int open_replays(struct pcap_port *pp, const char *path, struct err *err)
{
	size_t size = pp->port.queues * sizeof(*pp->replays);

	pp->replays = aligned_alloc(CACHE_LINE, size);
	if (!pp->replays)
		return err_fail(err, -ENOMEM, "out of memory");
	memset(pp->replays, 0, size);
	for (u16 q = 0; *path && q < pp->port.queues; q++) {
		int res = pcap_in_open(path, pp->port.config.memory, err,
				       &pp->replays[q].in);

		if (res)
			return res;
	}
	return 0;
}

static int open_files(struct pcap_port *pp, const struct spec *spec,
		      struct err *err)
{
	u32 queues = spec->in[0] ? port_queues_wanted(&pp->port) : 1;
	int res = port_make_queues(&pp->port, (u16)queues, err);

	if (!res)
		res = open_replays(pp, spec->in, err);
	if (!res && spec->out[0])
		res = pcap_out_claim(spec->out, 0, err, &pp->out);
	return res;
}

int pcap_port_open(const struct port *base, const struct spec *spec,
		   struct err *err, struct port **out)
{
	struct pcap_port *pp = calloc(1, sizeof(*pp));
	u16 mtu = base->config.mtu;
	int res;

	if (!pp)
		return err_fail(err, -ENOMEM, "out of memory");
	pp->port = *base;
	pp->port.ops = &pcap_port_ops;
	pp->port.promiscuous = true;
	memcpy(pp->port.mac, base->config.mac, sizeof(pp->port.mac));
	rte_spinlock_init(&pp->out_lock);
	if (!mtu)
		mtu = PKT_XDP_LINEAR_MAX - PORT_L2_MAX;
	res = pcap_set_mtu(&pp->port, mtu, err);
	if (!res)
		res = frames_pool(base->eal, FRAME_LINEAR, -1, err, &pp->pool);
	if (!res)
		res = open_files(pp, spec, err);
	if (res) {
		close_files(pp);
		free(pp->port.queue);
		free(pp);
		return res;
	}
	port_set_sizes(&pp->port, mtu);
	*out = &pp->port;
	return 0;
}
