/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/frames.h"

#include <errno.h>

#include <rte_errno.h>
#include <rte_lcore.h>

#include "port/eal_priv.h"

/* Of every lcore. */
#define CACHE 256
/* For copies, and what queues between lcores hold. */
#define SPARE 2048

/* With its header, its place in the pool's ring, and padding. */
#define FRAME_BYTES (sizeof(struct rte_mbuf) + FRAME_PRIVATE + FRAME_ROOM + 256)

u32 frames_needed(const struct eal_config *config)
{
	u32 lcores = config->lcore_cnt;
	/* a lcore gathers a burst for every port */
	u32 n = SPARE +
		lcores * (CACHE * 3 / 2 + PORT_BURST * (config->port_cnt + 2));

	for (u32 i = 0; i < config->port_cnt; i++) {
		u32 queues = config->ports[i].queues;

		n += (queues ? queues : lcores) * FRAME_RX_DESC +
		     lcores * FRAME_TX_DESC;
	}
	return n;
}

u64 frames_bytes(u32 count)
{
	return (u64)count * FRAME_BYTES;
}

static int no_pool(const struct eal *eal, int socket, struct err *err)
{
	int code = rte_errno ? -rte_errno : -ENOMEM;

	err_fail(err, code, "no memory for %u packet buffers (%llu MB): %s",
		 eal->frames,
		 (unsigned long long)(frames_bytes(eal->frames) >> 20),
		 rte_strerror(-code));
	err_place(err, "NUMA node %d", socket);
	err_hint(err, "%s",
		 eal->huge ? "reserve more huge pages there: sysctl "
			     "vm.nr_hugepages"
			   : "fewer ports, queues or lcores need less");
	return code;
}

int frames_pool(struct eal *eal, int socket, struct err *err,
		struct rte_mempool **out)
{
	char name[RTE_MEMPOOL_NAMESIZE];
	struct rte_mempool *pool;

	if (socket < 0 || socket >= RTE_MAX_NUMA_NODES)
		socket = (int)rte_lcore_to_socket_id(eal_lcore_id(0));
	/* ordinary pages are node 0's for EAL */
	if (!eal->huge)
		socket = 0;
	pool = eal->pools[socket];
	if (!pool) {
		snprintf(name, sizeof(name), "frames%d", socket);
		pool = rte_pktmbuf_pool_create(name, eal->frames, CACHE,
					       FRAME_PRIVATE, FRAME_ROOM,
					       socket);
		if (!pool)
			return no_pool(eal, socket, err);
		eal->pools[socket] = pool;
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
			mbufs[i] = pkts[i]->frame;
		rte_pktmbuf_free_bulk(mbufs, part);
		pkts += part;
		n -= part;
	}
}

struct pkt *port_copy(const struct pkt *p)
{
	const struct rte_mbuf *from = p->frame;
	struct rte_mbuf *m = rte_pktmbuf_alloc(from->pool);
	struct pkt *copy;
	u8 *head;

	if (!m)
		return NULL;
	copy = rte_mbuf_to_priv(m);
	head = (u8 *)m->buf_addr - FRAME_BELOW;
	*copy = *p;
	copy->head = head;
	copy->end = head + (p->end - p->head);
	copy->data = head + (p->data - p->head);
	copy->data_end = head + (p->data_end - p->head);
	copy->data_meta = head + (p->data_meta - p->head);
	copy->frame = m;
	memcpy(copy->data_meta, p->data_meta,
	       (size_t)(p->data_end - p->data_meta));
	return copy;
}
