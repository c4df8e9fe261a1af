/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ethdev_rxtx.c - bursts from and to a device, mbufs to packet views and back
 */
#include <rte_ip.h>
#include <rte_net.h>

#include "port/ethdev_priv.h"
#include "port/frames.h"

/* As skb->ip_summed. */
enum { SUM_NONE, SUM_UNNECESSARY };

/* What the IP header says the transport header and all after it are, or 0 when
 * the frame has less. */
static u32 l4_bytes(const struct rte_mbuf *m, bool v4,
		    const struct rte_net_hdr_lens *lens)
{
	const void *ip = rte_pktmbuf_mtod_offset(m, void *, lens->l2_len);
	u32 len;

	if (v4)
		len = rte_be_to_cpu_16(
			((const struct rte_ipv4_hdr *)ip)->total_length);
	else
		len = rte_be_to_cpu_16(
			      ((const struct rte_ipv6_hdr *)ip)->payload_len) +
		      sizeof(struct rte_ipv6_hdr);
	if (len < lens->l3_len || lens->l2_len + len > m->data_len)
		return 0;
	return len - lens->l3_len;
}

/* The sender left the transport checksum to a device that was not there. */
static void complete_checksum(struct rte_mbuf *m)
{
	struct rte_net_hdr_lens lens;
	u32 type = rte_net_get_ptype(m, &lens, RTE_PTYPE_ALL_MASK);
	bool v4 = RTE_ETH_IS_IPV4_HDR(type);
	bool tcp = (type & RTE_PTYPE_L4_MASK) == RTE_PTYPE_L4_TCP;
	u8 *ip, *l4, *at;
	u16 sum = 0;

	if (!tcp && (type & RTE_PTYPE_L4_MASK) != RTE_PTYPE_L4_UDP)
		return;
	if (l4_bytes(m, v4, &lens) <
	    (tcp ? sizeof(struct rte_tcp_hdr) : sizeof(struct rte_udp_hdr)))
		return;
	if (!v4 && lens.l3_len != sizeof(struct rte_ipv6_hdr))
		return;
	ip = rte_pktmbuf_mtod_offset(m, u8 *, lens.l2_len);
	l4 = ip + lens.l3_len;
	at = l4 + (tcp ? offsetof(struct rte_tcp_hdr, cksum)
		       : offsetof(struct rte_udp_hdr, dgram_cksum));
	memcpy(at, &sum, sizeof(sum));
	sum = v4 ? rte_ipv4_udptcp_cksum((void *)ip, l4)
		 : rte_ipv6_udptcp_cksum((void *)ip, l4);
	memcpy(at, &sum, sizeof(sum));
}

/* What the sender left undone is done before anybody reads the packet. */
static void settle_checksum(struct rte_mbuf *m)
{
	if (likely((m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) !=
		   RTE_MBUF_F_RX_L4_CKSUM_NONE))
		return;
	complete_checksum(m);
	m->ol_flags &= ~RTE_MBUF_F_RX_L4_CKSUM_MASK;
	m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
}

static u8 checksum_state(const struct rte_mbuf *m)
{
	return (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) ==
			       RTE_MBUF_F_RX_L4_CKSUM_GOOD
		       ? SUM_UNNECESSARY
		       : SUM_NONE;
}

/* In one segment, or put into one if that is long enough. */
static bool is_whole(const struct ethdev *dev, struct rte_mbuf *m)
{
	return (m->nb_segs == 1 || rte_pktmbuf_linearize(m) == 0) &&
	       m->data_len < dev->cut_len;
}

static struct pkt *received(struct port *port, u16 queue, struct rte_mbuf *m)
{
	if (unlikely(!is_whole(ethdev_of(port), m))) {
		port_count(&port->queue[queue].too_long);
		rte_pktmbuf_free(m);
		return NULL;
	}
	settle_checksum(m);
	return frame_received(m, port->index);
}

u16 ethdev_rx(struct port *port, u16 queue, struct pkt **pkts, u16 n,
	      u64 *bytes)
{
	struct rte_mbuf *mbufs[PORT_BURST];
	u16 got, kept = 0;

	got = rte_eth_rx_burst(ethdev_of(port)->id, queue, mbufs, n);
	for (u16 i = 0; i < got; i++) {
		struct pkt *p = received(port, queue, mbufs[i]);

		if (unlikely(!p))
			continue;
		*bytes += pkt_len(p);
		pkts[kept++] = p;
	}
	return kept;
}

void ethdev_view(struct port *port, u16 queue, struct pkt *p)
{
	const struct rte_mbuf *m = frame_of(p);

	frame_view(p, &port->queue[queue].like);
	if (m->ol_flags & RTE_MBUF_F_RX_RSS_HASH) {
		p->hash = m->hash.rss;
		p->hash_valid = true;
	}
	p->csum_state = checksum_state(m);
}

u16 ethdev_tx(struct port *port, u32 slot, struct pkt **pkts, u16 n)
{
	struct ethdev *dev = ethdev_of(port);
	struct rte_mbuf *mbufs[PORT_BURST];
	u16 queue = (u16)(slot % dev->tx_queues);
	u16 sent;

	for (u16 i = 0; i < n; i++)
		mbufs[i] = frame_ready(pkts[i]);
	if (!dev->tx_shared)
		return rte_eth_tx_burst(dev->id, queue, mbufs, n);
	rte_spinlock_lock(&dev->tx[queue].lock);
	sent = rte_eth_tx_burst(dev->id, queue, mbufs, n);
	rte_spinlock_unlock(&dev->tx[queue].lock);
	return sent;
}
