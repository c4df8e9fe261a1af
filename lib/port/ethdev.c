/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ethdev.c - a port on a device of DPDK's: finding it, letting it go
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_dev.h>

#include "base/log.h"
#include "port/ethdev_priv.h"
#include "port/kernel_if.h"

void ethdev_listen(struct ethdev *dev)
{
	eal_log_listen(dev->port.eal->log);
}

int ethdev_failed(struct ethdev *dev, const char *what, int code,
		  struct err *err)
{
	const char *heard = eal_log_heard(dev->port.eal->log);

	err_fail(err, code, "%s: %s%s%s", what, strerror(-code),
		 heard[0] ? ": " : "", heard);
	if (code == -EPERM || code == -EACCES)
		err_hint(err, "the device needs privileges: docs/ports.md");
	return code;
}

/* DPDK's number of the device, or -1. */
static int find(const char *device)
{
	u16 id;

	RTE_ETH_FOREACH_DEV(id)
	{
		struct rte_eth_dev_info info;

		if (rte_eth_dev_info_get(id, &info) == 0 &&
		    strcmp(rte_dev_name(info.device), device) == 0)
			return id;
	}
	return -1;
}

/* Drivers return what they like; what they say is more exact. */
static int exact_code(const char *heard, int code)
{
	static const int codes[] = { EPERM, EACCES, EBUSY, ENODEV };

	for (u32 i = 0; i < ARRAY_LEN(codes); i++)
		if (strstr(heard, strerror(codes[i])))
			return -codes[i];
	/* EAL's for a name that begins like no driver's */
	if (code == -EFAULT)
		return -ENODEV;
	/* a driver's for anything, not -EPERM */
	return code == -1 ? -EIO : code;
}

static const char *what_to_do(const struct spec *spec, int code)
{
	if (spec->pci)
		return "dpdk-devbind.py --status shows the devices; most need "
		       "--bind=vfio-pci";
	switch (code) {
	case -EPERM:
	case -EACCES: return "it needs privileges: docs/ports.md";
	case -EBUSY: return "another program uses it";
	case -ENODEV:
		return "devargs begin with the driver's name and a number: "
		       "net_null0";
	default: return "the driver may take no such devargs: docs/ports.md";
	}
}

static int not_found(struct ethdev *dev, const struct spec *spec, int code,
		     struct err *err)
{
	const char *heard = eal_log_heard(dev->port.eal->log);

	code = exact_code(heard, code);
	err_fail(err, code, "device %s cannot be opened: %s", spec->device,
		 heard[0] ? heard : strerror(-code));
	err_hint(err, "%s", what_to_do(spec, code));
	return code;
}

static int probe(struct ethdev *dev, const struct spec *spec, struct err *err)
{
	struct eal *eal = dev->port.eal;
	int res, id;

	id = find(spec->device);
	if (id >= 0 && eal->opened[id]) {
		err_fail(err, -EBUSY, "device %s is another port's",
			 spec->device);
		return -EBUSY;
	}
	ethdev_listen(dev);
	res = rte_dev_probe(spec->devargs);
	if (res != 0 && res != -EEXIST)
		return not_found(dev, spec, res, err);
	id = find(spec->device);
	if (id < 0) {
		res = not_found(dev, spec, -ENODEV, err);
		rte_eal_hotplug_remove(spec->pci ? "pci" : "vdev",
				       spec->device);
		return res;
	}
	eal_log_heard(eal->log);
	eal->opened[id] = true;
	dev->id = (u16)id;
	return 0;
}

static void let_go(struct ethdev *dev)
{
	struct eal *eal = dev->port.eal;
	int res;

	ethdev_listen(dev);
	res = rte_eth_dev_close(dev->id);
	if (res == 0)
		res = rte_dev_remove(dev->device);
	if (res != 0)
		log_warn("port %s: %s stays: %s", dev->port.config.name,
			 rte_dev_name(dev->device), eal_log_heard(eal->log));
	else
		eal_log_heard(eal->log);
	eal->opened[dev->id] = false;
}

static void ethdev_close(struct port *port)
{
	struct ethdev *dev = ethdev_of(port);

	let_go(dev);
	free(dev->tx);
	free(dev);
}

static void ethdev_stop(struct port *port)
{
	struct ethdev *dev = ethdev_of(port);

	ethdev_listen(dev);
	rte_eth_dev_stop(dev->id);
	eal_log_heard(port->eal->log);
}

static int ethdev_start(struct port *port, struct err *err)
{
	struct ethdev *dev = ethdev_of(port);
	int res;

	ethdev_listen(dev);
	res = rte_eth_dev_start(dev->id);
	if (res != 0)
		return ethdev_failed(dev, "the device does not start", res,
				     err);
	eal_log_heard(port->eal->log);
	/* what the device was told before may be lost at a start */
	res = ethdev_promiscuous(dev, port->promiscuous, err);
	if (res)
		ethdev_stop(port);
	return res;
}

/* Some drivers on an interface of the kernel's say "up" whatever happens. */
static enum port_link ethdev_link(struct port *port, u32 *speed_mbps)
{
	struct ethdev *dev = ethdev_of(port);
	struct kernel_if kernel;
	struct rte_eth_link link;

	if (dev->if_index &&
	    (kernel_if_get(dev->if_index, &kernel) != 0 || !kernel.running))
		return LINK_DOWN;
	if (rte_eth_link_get_nowait(dev->id, &link) != 0 ||
	    link.link_status != RTE_ETH_LINK_UP)
		return LINK_DOWN;
	if (link.link_speed != RTE_ETH_SPEED_NUM_UNKNOWN)
		*speed_mbps = link.link_speed;
	return LINK_UP;
}

static void ethdev_info(const struct port *port, struct port_info *info)
{
	info->driver = container_of(port, const struct ethdev, port)->driver;
}

static void ethdev_lost(const struct port *port, struct port_lost *lost)
{
	const struct ethdev *dev =
		container_of(port, const struct ethdev, port);
	struct rte_eth_stats stats;

	if (rte_eth_stats_get(dev->id, &stats) != 0)
		return;
	lost->no_buffer += stats.imissed;
	if (dev->nombuf_loses)
		lost->no_buffer += stats.rx_nombuf;
}

static int set_promiscuous(struct port *port, bool on, struct err *err)
{
	return ethdev_promiscuous(ethdev_of(port), on, err);
}

static int set_mtu(struct port *port, u16 mtu, struct err *err)
{
	return ethdev_mtu(ethdev_of(port), mtu, err);
}

static int set_mac(struct port *port, const u8 *mac, struct err *err)
{
	return ethdev_mac(ethdev_of(port), mac, err);
}

static int set_link(struct port *port, enum port_link link, struct err *err)
{
	struct ethdev *dev = ethdev_of(port);
	int res;

	ethdev_listen(dev);
	res = link == LINK_UP ? rte_eth_dev_set_link_up(dev->id)
			      : rte_eth_dev_set_link_down(dev->id);
	if (res != 0)
		return ethdev_failed(dev, "the link cannot be changed", res,
				     err);
	eal_log_heard(port->eal->log);
	return 0;
}

static const struct port_ops ethdev_ops = {
	.start = ethdev_start,
	.stop = ethdev_stop,
	.close = ethdev_close,
	.rx = ethdev_rx,
	.view = ethdev_view,
	.tx = ethdev_tx,
	.info = ethdev_info,
	.lost = ethdev_lost,
	.link = ethdev_link,
	.set_promiscuous = set_promiscuous,
	.set_mtu = set_mtu,
	.set_mac = set_mac,
	.set_link = set_link,
};

int ethdev_open(const struct port *base, const struct spec *spec,
		struct err *err, struct port **out)
{
	struct ethdev *dev = calloc(1, sizeof(*dev));
	int res;

	if (!dev)
		return err_fail(err, -ENOMEM, "out of memory");
	dev->port = *base;
	dev->port.ops = &ethdev_ops;
	res = probe(dev, spec, err);
	if (res)
		goto free_dev;
	res = ethdev_setup(dev, spec->devargs, err);
	if (res)
		goto let_go;
	*out = &dev->port;
	return 0;

let_go:
	let_go(dev);
	free(dev->port.queue);
	free(dev->tx);
free_dev:
	free(dev);
	return res;
}
