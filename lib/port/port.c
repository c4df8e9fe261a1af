/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/port.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "port/port_priv.h"

u32 port_queues_wanted(const struct port *base)
{
	return base->config.queues ? base->config.queues : base->eal->lcore_cnt;
}

int port_make_queues(struct port *port, u16 queues, struct err *err)
{
	size_t size = queues * sizeof(*port->queue);

	port->queue = aligned_alloc(CACHE_LINE, size);
	if (!port->queue)
		return err_fail(err, -ENOMEM, "out of memory");
	memset(port->queue, 0, size);
	port->queues = queues;
	for (u16 i = 0; i < queues; i++) {
		struct pkt *like = &port->queue[i].like;

		like->ingress_ifindex = like->ifindex = port->index + 1;
		like->port = port->index;
		like->rx_queue = i;
		like->rx_ns = PKT_JUST_NOW;
	}
	return 0;
}

void port_set_sizes(struct port *port, u16 mtu)
{
	atomic_store_explicit(&port->mtu, mtu, memory_order_relaxed);
	atomic_store_explicit(&port->tx_max, (u32)mtu + PORT_L2_MAX,
			      memory_order_relaxed);
}

static int check_config(const struct port_config *config, struct err *err)
{
	if (config->mac[0] & 1) {
		err_fail(err, -EINVAL, "the MAC address is a group's");
		err_hint(err, "the first byte of a port's own is even");
		return -EINVAL;
	}
	return 0;
}

int port_open(struct eal *eal, const struct port_config *config, u32 index,
	      struct err *err, struct port **out)
{
	struct port base = { .eal = eal, .config = *config, .index = index };
	struct spec spec;
	char *text = strdup(config->spec);
	int res;

	if (!text)
		return err_fail(err, -ENOMEM, "out of memory");
	base.config.spec = text;
	res = check_config(config, err);
	if (!res)
		res = spec_parse(text, index, port_queues_wanted(&base), &spec,
				 err);
	if (!res)
		res = spec.kind == SPEC_PCAP
			      ? pcap_port_open(&base, &spec, err, out)
			      : ethdev_open(&base, &spec, err, out);
	if (res) {
		err_place(err, "%s", config->spec);
		err_within(err, "port %s", config->name);
		free(text);
	}
	return res;
}

int port_start(struct port *port, struct err *err)
{
	int res;

	if (port->started)
		return 0;
	res = port->ops->start(port, err);
	if (res) {
		err_place(err, "port %s", port->config.name);
		return res;
	}
	port->started = true;
	port_watch(port);
	return 0;
}

int port_begin(struct port *port, struct err *err)
{
	int res = port->ops->begin ? port->ops->begin(port, err) : 0;

	if (res)
		err_within(err, "port %s", port->config.name);
	return res;
}

void port_stop(struct port *port)
{
	if (!port->started)
		return;
	port->ops->stop(port);
	port->started = false;
	atomic_store_explicit(&port->link, LINK_DOWN, memory_order_relaxed);
}

void port_close(struct port *port)
{
	port_stop(port);
	free(port->queue);
	free((char *)port->config.spec);
	port->ops->close(port);
}

u16 port_rx_bare(struct port *port, u16 queue, struct pkt **pkts, u16 n,
		 u64 *bytes)
{
	*bytes = 0;
	return port->ops->rx(port, queue, pkts, MIN(n, PORT_BURST), bytes);
}

void port_view(struct port *port, u16 queue, struct pkt **pkts, u16 n)
{
	for (u16 i = 0; port->ops->view && i < n; i++)
		port->ops->view(port, queue, pkts[i]);
}

u16 port_rx(struct port *port, u16 queue, struct pkt **pkts, u16 n)
{
	u64 bytes;

	n = port_rx_bare(port, queue, pkts, n, &bytes);
	port_view(port, queue, pkts, n);
	return n;
}

u16 port_tx(struct port *port, u32 slot, struct pkt **pkts, u16 n)
{
	u16 sent = 0;

	while (sent < n) {
		u16 part = MIN((u16)(n - sent), PORT_BURST);
		u16 went = port->ops->tx(port, slot, pkts + sent, part);

		sent += went;
		if (went < part)
			break;
	}
	return sent;
}

u32 port_tx_max(const struct port *port)
{
	return atomic_load_explicit(&port->tx_max, memory_order_relaxed);
}

enum port_link port_link(const struct port *port)
{
	return atomic_load_explicit(&port->link, memory_order_relaxed);
}

bool port_watch(struct port *port)
{
	enum port_link old = port_link(port), link = LINK_DOWN;
	u32 speed = 0;

	if (port->started)
		link = port->ops->link ? port->ops->link(port, &speed)
				       : LINK_UP;
	atomic_store_explicit(&port->link, link, memory_order_relaxed);
	atomic_store_explicit(&port->speed_mbps, speed, memory_order_relaxed);
	if (link == old)
		return false;
	if (speed)
		log_info("port %s: link up, %u Mbit/s", port->config.name,
			 speed);
	else
		log_info("port %s: link %s", port->config.name,
			 link == LINK_UP ? "up" : "down");
	return true;
}

void port_get_info(const struct port *port, struct port_info *info)
{
	*info = (struct port_info){
		.name = port->config.name,
		.spec = port->config.spec,
		.ifindex = port->index + 1,
		.queues = port->queues,
		.mtu = (u16)atomic_load_explicit(&port->mtu,
						 memory_order_relaxed),
		.promiscuous = port->promiscuous,
		.link = port_link(port),
		.speed_mbps = atomic_load_explicit(&port->speed_mbps,
						   memory_order_relaxed),
	};
	memcpy(info->mac, port->mac, sizeof(info->mac));
	port->ops->info(port, info);
}

void port_get_lost(const struct port *port, struct port_lost *lost)
{
	*lost = (struct port_lost){ 0 };
	for (u16 q = 0; q < port->queues; q++) {
		const struct port_queue *queue = &port->queue[q];

		lost->too_long += atomic_load_explicit(&queue->too_long,
						       memory_order_relaxed);
		lost->no_buffer += atomic_load_explicit(&queue->no_buffer,
							memory_order_relaxed);
	}
	if (port->ops->lost)
		port->ops->lost(port, lost);
}

static int cannot(const struct port *port, const char *what, struct err *err)
{
	err_fail(err, -EOPNOTSUPP, "%s cannot be changed here", what);
	err_place(err, "port %s", port->config.name);
	return -EOPNOTSUPP;
}

int port_set_promiscuous(struct port *port, bool on, struct err *err)
{
	int res;

	if (!port->ops->set_promiscuous)
		return cannot(port, "promiscuous mode", err);
	res = port->ops->set_promiscuous(port, on, err);
	if (!res)
		port->promiscuous = on;
	else
		err_place(err, "port %s", port->config.name);
	return res;
}

int port_set_mtu(struct port *port, u16 mtu, struct err *err)
{
	int res;

	if (!port->ops->set_mtu)
		return cannot(port, "the MTU", err);
	res = port->ops->set_mtu(port, mtu, err);
	if (!res)
		port_set_sizes(port, mtu);
	else
		err_place(err, "port %s", port->config.name);
	return res;
}

int port_set_mac(struct port *port, const u8 *mac, struct err *err)
{
	int res;

	if (!port->ops->set_mac)
		return cannot(port, "the MAC address", err);
	if ((mac[0] & 1) || !mac_given(mac)) {
		err_fail(err, -EADDRNOTAVAIL,
			 "no address for one port: a group's, or zero");
		err_place(err, "port %s", port->config.name);
		return -EADDRNOTAVAIL;
	}
	res = port->ops->set_mac(port, mac, err);
	if (!res)
		memcpy(port->mac, mac, sizeof(port->mac));
	else
		err_place(err, "port %s", port->config.name);
	return res;
}

int port_set_link(struct port *port, enum port_link link, struct err *err)
{
	int res;

	if (!port->ops->set_link)
		return cannot(port, "the link", err);
	res = port->ops->set_link(port, link, err);
	if (res)
		err_place(err, "port %s", port->config.name);
	else
		port_watch(port);
	return res;
}
