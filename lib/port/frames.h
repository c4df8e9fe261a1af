/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * frames.h - packet buffers with Linux's room before the data
 *
 *	| rte_mbuf | struct pkt | 128 | 128 headroom | 3520 data |
 *	           |-- private area --|-- the mbuf's buffer -----|
 *	                        |------- the packet view's ------|
 *
 * Debian's DPDK leaves 128 bytes before the data where Linux has 256.  The
 * other 128 are the end of the mbuf's private area, which is directly below
 * its buffer.  A device cannot send from there: frame_ready() moves such a
 * packet up.
 */
#ifndef WEIR_PORT_FRAMES_H
#define WEIR_PORT_FRAMES_H

#include <string.h>

#include <rte_mbuf.h>

#include "base/err.h"
#include "port/eal_priv.h"

#define FRAME_BELOW (PKT_HEADROOM - RTE_PKTMBUF_HEADROOM)
#define FRAME_PKT RTE_ALIGN_CEIL(sizeof(struct pkt), CACHE_LINE)
#define FRAME_PRIVATE (FRAME_PKT + FRAME_BELOW)
#define FRAME_ROOM (RTE_PKTMBUF_HEADROOM + PKT_XDP_LINEAR_MAX)

_Static_assert(PKT_HEADROOM >= RTE_PKTMBUF_HEADROOM, "room below a buffer");
_Static_assert(FRAME_PRIVATE % RTE_MBUF_PRIV_ALIGN == 0, "DPDK asks for it");

/*
 * net_af_xdp gives whole pool elements to the kernel, which takes none longer
 * than a page and keeps 256 bytes of each before the data for itself.  63 cache
 * lines: of an odd number of them DPDK does not make more.
 */
#define FRAME_PAGE_ROOM                                              \
	(63 * CACHE_LINE -                                           \
	 RTE_CACHE_LINE_ROUNDUP(sizeof(struct rte_mempool_objhdr)) - \
	 sizeof(struct rte_mbuf) - FRAME_PRIVATE)
#define FRAME_PAGE_LINEAR_MAX \
	(FRAME_PAGE_ROOM - RTE_PKTMBUF_HEADROOM - PKT_HEADROOM)

#define FRAME_RX_DESC 512
#define FRAME_TX_DESC 512

/* Buffers that all ports and lcores together can hold, of each kind, and the
 * memory of the pools of one node. */
void frames_needed(const struct eal_config *config, u32 count[FRAME_KINDS]);
u64 frames_bytes(const u32 count[FRAME_KINDS]);

/* The pool of a NUMA node (SOCKET_ID_ANY: of the first), made at first use. */
int frames_pool(struct eal *eal, enum frame_kind kind, int socket,
		struct err *err, struct rte_mempool **out);

/* Every packet of a port is in its mbuf. */
static inline struct rte_mbuf *frame_of(const struct pkt *p)
{
	return (struct rte_mbuf *)((u8 *)p - sizeof(struct rte_mbuf));
}

/* What a device received into m, one segment: a view as port_rx_bare() has it.
 */
static inline struct pkt *frame_received(struct rte_mbuf *m, u32 port)
{
	struct pkt *p = rte_mbuf_to_priv(m);

	p->data = p->data_meta = rte_pktmbuf_mtod(m, u8 *);
	p->data_end = p->data + m->data_len;
	p->port = port;
	return p;
}

/* The rest of the view: what like has. */
static inline void frame_view(struct pkt *p, const struct pkt *like)
{
	const struct rte_mbuf *m = frame_of(p);
	u8 *lowest = (u8 *)m->buf_addr - FRAME_BELOW;
	u8 *data = p->data, *end = p->data_end;

	memcpy(p, like, CACHE_LINE);
	memcpy((u8 *)p + CACHE_LINE, (const u8 *)like + CACHE_LINE,
	       PKT_FRAME_PART - CACHE_LINE);
	p->data = p->data_meta = data;
	p->data_end = end;
	/* drivers put the data a little lower (a tag) or higher */
	p->head = MAX(lowest, data - PKT_HEADROOM);
	p->end = (u8 *)m->buf_addr + m->buf_len;
}

/* The mbuf, ready for a device to send. */
static inline struct rte_mbuf *frame_ready(struct pkt *p)
{
	struct rte_mbuf *m = frame_of(p);
	u8 *first = m->buf_addr;
	u32 len = pkt_len(p);

	if (unlikely(p->data < first)) {
		memmove(first, p->data, len);
		p->data = p->data_meta = first;
		p->data_end = first + len;
		p->generation++;
	}
	m->data_off = (u16)(p->data - first);
	m->data_len = (u16)len;
	m->pkt_len = len;
	m->ol_flags = 0;
	m->tx_offload = 0;
	return m;
}

#endif
