/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/frames.h"

#include <errno.h>

#include <rte_errno.h>
#include <rte_lcore.h>

#include "port/spec.h"

/* Of every lcore. */
#define CACHE 256
/* For copies, and what queues between lcores hold. */
#define SPARE 2048

/* Of one queue of net_af_xdp: its rings, and as many on their way. */
#define XDP_QUEUE 8192

/* With its place in the pool's ring. */
#define AROUND (sizeof(struct rte_mempool_objhdr) + 256)

static const struct {
	const char *name;
	u16 room;
} kinds[FRAME_KINDS] = {
	[FRAME_LINEAR] = { "frames", FRAME_ROOM },
	[FRAME_PAGE] = { "chunks", FRAME_PAGE_ROOM },
};

void frames_needed(const struct eal_config *config, u32 count[FRAME_KINDS])
{
	u32 lcores = config->lcore_cnt;
	u64 need[FRAME_KINDS] = { 0 };

	/* a lcore gathers a burst for every port */
	need[FRAME_LINEAR] =
		SPARE + lcores * (CACHE * 3 / 2 +
				  PORT_BURST * (config->port_cnt + 2ull));
	for (u32 i = 0; i < config->port_cnt; i++) {
		const struct port_config *port = &config->ports[i];
		u64 queues = port->queues ? port->queues : lcores;

		need[FRAME_LINEAR] +=
			queues * FRAME_RX_DESC + lcores * FRAME_TX_DESC;
		if (port->spec && spec_is_xdp(port->spec))
			need[FRAME_PAGE] += queues * XDP_QUEUE;
	}
	for (u32 kind = 0; kind < FRAME_KINDS; kind++)
		count[kind] = (u32)MIN(need[kind], (u64)UINT32_MAX);
}

static u64 kind_bytes(enum frame_kind kind, u32 count)
{
	return (u64)count * (sizeof(struct rte_mbuf) + FRAME_PRIVATE +
			     kinds[kind].room + AROUND);
}

u64 frames_bytes(const u32 count[FRAME_KINDS])
{
	return kind_bytes(FRAME_LINEAR, count[FRAME_LINEAR]) +
	       kind_bytes(FRAME_PAGE, count[FRAME_PAGE]);
}

static int no_pool(const struct eal *eal, enum frame_kind kind, int socket,
		   struct err *err)
{
	int code = rte_errno ? -rte_errno : -ENOMEM;
	u32 count = eal->frames[kind];

	err_fail(err, code, "no memory for %u packet buffers (%llu MB): %s",
		 count, (unsigned long long)(kind_bytes(kind, count) >> 20),
		 rte_strerror(-code));
	err_place(err, "NUMA node %d", socket);
	err_hint(err, "%s",
		 eal->huge ? "reserve more huge pages there: sysctl "
			     "vm.nr_hugepages"
			   : "fewer ports, queues or lcores need less");
	return code;
}

int frames_pool(struct eal *eal, enum frame_kind kind, int socket,
		struct err *err, struct rte_mempool **out)
{
	char name[RTE_MEMPOOL_NAMESIZE];
	struct rte_mempool *pool;

	if (socket < 0 || socket >= RTE_MAX_NUMA_NODES)
		socket = (int)rte_lcore_to_socket_id(eal_lcore_id(0));
	/* ordinary pages are node 0's for EAL */
	if (!eal->huge)
		socket = 0;
	pool = eal->pools[kind][socket];
	if (!pool) {
		snprintf(name, sizeof(name), "%s%d", kinds[kind].name, socket);
		pool = rte_pktmbuf_pool_create(name, eal->frames[kind], CACHE,
					       FRAME_PRIVATE, kinds[kind].room,
					       socket);
		if (!pool)
			return no_pool(eal, kind, socket, err);
		eal->pools[kind][socket] = pool;
	}
	*out = pool;
	return 0;
}

void port_free(struct pkt **pkts, u16 n)
{
	struct rte_mbuf *mbufs[PORT_BURST];

	while (n > 0) {
		u16 part = MIN(n, PORT_BURST);

		for (u16 i = 0; i < part; i++)
			mbufs[i] = frame_of(pkts[i]);
		rte_pktmbuf_free_bulk(mbufs, part);
		pkts += part;
		n -= part;
	}
}

struct pkt *port_copy(const struct pkt *p)
{
	const struct rte_mbuf *from = frame_of(p);
	struct rte_mbuf *m = rte_pktmbuf_alloc(from->pool);
	struct pkt *copy;
	u8 *to;

	if (!m)
		return NULL;
	to = m->buf_addr;
	copy = rte_mbuf_to_priv(m);
	memcpy(copy, p, p->has_tunnel ? sizeof(*p) : PKT_SKB_PART);
	copy->head = to + (p->head - (u8 *)from->buf_addr);
	copy->end = to + (p->end - (u8 *)from->buf_addr);
	copy->data = to + (p->data - (u8 *)from->buf_addr);
	copy->data_end = to + (p->data_end - (u8 *)from->buf_addr);
	copy->data_meta = to + (p->data_meta - (u8 *)from->buf_addr);
	memcpy(copy->data_meta, p->data_meta,
	       (size_t)(p->data_end - p->data_meta));
	return copy;
}
