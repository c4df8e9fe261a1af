/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ethdev_setup.c - a device's queues, offloads, MTU and address
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "port/ethdev_priv.h"
#include "port/frames.h"
#include "port/kernel_if.h"

#define RSS_FIELDS \
	(RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_SCTP)

/* What DPDK does not tell of a driver. */
static const struct trait {
	const char *driver;
	bool paired; /* receive queue i and transmit queue i are one thing */
	bool nombuf_loses; /* others try again: what they lose is "missed" */
	enum frame_kind frames;
} traits[] = {
	{ "net_tap", true, true, FRAME_LINEAR },
	{ "net_af_packet", true, false, FRAME_LINEAR },
	{ "net_af_xdp", true, false, FRAME_PAGE },
	{ "net_ring", true, false, FRAME_LINEAR },
};

static const struct trait *trait_of(const struct ethdev *dev)
{
	static const struct trait ordinary = { 0 };

	for (u32 i = 0; i < ARRAY_LEN(traits); i++)
		if (strcmp(dev->driver, traits[i].driver) == 0)
			return &traits[i];
	return &ordinary;
}

/* The longest frame that is received into one buffer. */
static u32 linear_max(const struct ethdev *dev)
{
	return trait_of(dev)->frames == FRAME_PAGE ? FRAME_PAGE_LINEAR_MAX
						   : PKT_XDP_LINEAR_MAX;
}

static u32 linear_mtu_max(const struct ethdev *dev)
{
	return linear_max(dev) - PORT_L2_MAX;
}

static int choose_queues(struct ethdev *dev,
			 const struct rte_eth_dev_info *info, struct err *err)
{
	u32 lcores = dev->port.eal->lcore_cnt;
	u32 rx = port_queues_wanted(&dev->port), max = info->max_rx_queues;
	bool paired = trait_of(dev)->paired;
	int res;

	if (paired)
		max = MIN(max, info->max_tx_queues);
	if (rx > max && dev->port.config.queues) {
		err_fail(err, -EINVAL, "%u queues; the device has %u", rx, max);
		err_hint(err, "without a number each lcore gets one, as far "
			      "as there are");
		return -EINVAL;
	}
	rx = MIN(rx, max);
	dev->tx_queues = (u16)(paired ? rx : MIN(lcores, info->max_tx_queues));
	if (rx == 0 || dev->tx_queues == 0)
		return err_fail(err, -ENODEV, "the device has no queues");
	dev->tx_shared = dev->tx_queues < lcores;
	dev->tx = aligned_alloc(CACHE_LINE, dev->tx_queues * sizeof(*dev->tx));
	if (!dev->tx)
		return err_fail(err, -ENOMEM, "out of memory");
	for (u16 i = 0; i < dev->tx_queues; i++)
		rte_spinlock_init(&dev->tx[i].lock);
	res = port_make_queues(&dev->port, (u16)rx, err);
	return res;
}

/* What DPDK lets the device be told. */
static u32 device_mtu_max(const struct rte_eth_dev_info *info)
{
	return MIN(info->max_mtu,
		   info->max_rx_pktlen - RTE_ETHER_HDR_LEN - RTE_ETHER_CRC_LEN);
}

static int check_mtu(const struct ethdev *dev,
		     const struct rte_eth_dev_info *info, u32 mtu,
		     struct err *err)
{
	u32 max = MIN(device_mtu_max(info), linear_mtu_max(dev));

	if (mtu >= info->min_mtu && mtu <= max)
		return 0;
	err_fail(err, -EINVAL, "MTU %u; it can be %u to %u here", mtu,
		 info->min_mtu, max);
	if (mtu > linear_mtu_max(dev))
		err_hint(err,
			 "a packet buffer has %u bytes, as for XDP on "
			 "Linux without multi-buffer",
			 linear_max(dev));
	return -EINVAL;
}

static u16 default_mtu(const struct ethdev *dev)
{
	struct kernel_if kernel;

	if (kernel_if_get(dev->if_index, &kernel) != 0)
		return RTE_ETHER_MTU;
	return (u16)MIN(kernel.mtu, linear_mtu_max(dev));
}

/*
 * net_af_packet gives what fits into a ring slot and does not say that it cut
 * the frame: one that fills its slot was cut.  Of the slot the kernel needs
 * tpacket2_hdr and sockaddr_ll, and aligns what follows the Ethernet header.
 */
static u32 cut_length(const struct ethdev *dev, const char *devargs)
{
	const u32 before_packet = 66, default_slot = 2048;
	const char *slot = strstr(devargs, "framesz=");

	if (strcmp(dev->driver, "net_af_packet") != 0)
		return UINT32_MAX;
	return (slot ? (u32)strtoul(slot + strlen("framesz="), NULL, 10)
		     : default_slot) -
	       before_packet;
}

static int configure(struct ethdev *dev, const struct rte_eth_dev_info *info,
		     u16 mtu, struct err *err)
{
	struct rte_eth_conf conf = {
		.rxmode.mtu = MIN(mtu, device_mtu_max(info)),
	};
	u64 want = 0;
	int res;

	/* devices that round a buffer down to KiB need two for these */
	if ((u32)mtu + PORT_L2_MAX > RTE_ALIGN_FLOOR(linear_max(dev), 1024))
		want |= RTE_ETH_RX_OFFLOAD_SCATTER;
	if (dev->port.config.checksum)
		want |= RTE_ETH_RX_OFFLOAD_CHECKSUM;
	if (dev->port.queues > 1) {
		want |= RTE_ETH_RX_OFFLOAD_RSS_HASH;
		conf.rx_adv_conf.rss_conf.rss_hf =
			RSS_FIELDS & info->flow_type_rss_offloads;
	}
	if (conf.rx_adv_conf.rss_conf.rss_hf)
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	else
		want &= ~RTE_ETH_RX_OFFLOAD_RSS_HASH;
	conf.rxmode.offloads = want & info->rx_offload_capa;
	ethdev_listen(dev);
	res = rte_eth_dev_configure(dev->id, dev->port.queues, dev->tx_queues,
				    &conf);
	if (res != 0)
		return ethdev_failed(dev,
				     "the device refuses its "
				     "configuration",
				     res, err);
	return 0;
}

static int setup_queues(struct ethdev *dev, struct rte_mempool *pool,
			struct err *err)
{
	u16 rx_desc = FRAME_RX_DESC, tx_desc = FRAME_TX_DESC;
	int socket = rte_eth_dev_socket_id(dev->id), res;

	res = rte_eth_dev_adjust_nb_rx_tx_desc(dev->id, &rx_desc, &tx_desc);
	for (u16 q = 0; res == 0 && q < dev->port.queues; q++)
		res = rte_eth_rx_queue_setup(dev->id, q, rx_desc, (u32)socket,
					     NULL, pool);
	if (res != 0)
		return ethdev_failed(dev, "no receive queue", res, err);
	for (u16 q = 0; res == 0 && q < dev->tx_queues; q++)
		res = rte_eth_tx_queue_setup(dev->id, q, tx_desc, (u32)socket,
					     NULL);
	if (res != 0)
		return ethdev_failed(dev, "no transmit queue", res, err);
	return 0;
}

int ethdev_promiscuous(struct ethdev *dev, bool on, struct err *err)
{
	int res;

	ethdev_listen(dev);
	res = on ? rte_eth_promiscuous_enable(dev->id)
		 : rte_eth_promiscuous_disable(dev->id);
	/* a device that sees everything anyway has no such mode */
	if (res == -ENOTSUP)
		res = 0;
	if (res != 0)
		return ethdev_failed(dev, "promiscuous mode", res, err);
	eal_log_heard(dev->port.eal->log);
	return 0;
}

int ethdev_mtu(struct ethdev *dev, u16 mtu, struct err *err)
{
	struct rte_eth_dev_info info;
	u16 now;
	int res;

	ethdev_listen(dev);
	res = rte_eth_dev_info_get(dev->id, &info);
	if (res != 0)
		return ethdev_failed(dev, "the MTU", res, err);
	res = check_mtu(dev, &info, mtu, err);
	if (res) {
		eal_log_heard(dev->port.eal->log);
		return res;
	}
	res = rte_eth_dev_set_mtu(dev->id, mtu);
	if (res == -ENOTSUP && rte_eth_dev_get_mtu(dev->id, &now) == 0 &&
	    now == mtu)
		res = 0;
	if (res != 0)
		return ethdev_failed(dev, "the MTU", res, err);
	eal_log_heard(dev->port.eal->log);
	return 0;
}

int ethdev_mac(struct ethdev *dev, const u8 *mac, struct err *err)
{
	struct rte_ether_addr addr;
	int res;

	memcpy(addr.addr_bytes, mac, sizeof(addr.addr_bytes));
	ethdev_listen(dev);
	res = rte_eth_dev_default_mac_addr_set(dev->id, &addr);
	if (res != 0)
		return ethdev_failed(dev, "the MAC address", res, err);
	eal_log_heard(dev->port.eal->log);
	return 0;
}

/* What the user asked for, else what the device has. */
static int set_identity(struct ethdev *dev, u16 mtu, struct err *err)
{
	const struct port_config *config = &dev->port.config;
	struct rte_ether_addr addr;
	int res = 0;

	if (config->mtu)
		res = ethdev_mtu(dev, mtu, err);
	if (!res && mac_given(config->mac))
		res = ethdev_mac(dev, config->mac, err);
	if (res)
		return res;
	res = rte_eth_macaddr_get(dev->id, &addr);
	if (res != 0)
		return ethdev_failed(dev, "the MAC address", res, err);
	memcpy(dev->port.mac, addr.addr_bytes, sizeof(dev->port.mac));
	dev->port.promiscuous = config->promiscuous;
	port_set_sizes(&dev->port, mtu);
	return 0;
}

int ethdev_setup(struct ethdev *dev, const char *devargs, struct err *err)
{
	struct rte_eth_dev_info info;
	struct rte_mempool *pool;
	u16 mtu = dev->port.config.mtu;
	int res;

	ethdev_listen(dev);
	res = rte_eth_dev_info_get(dev->id, &info);
	if (res != 0)
		return ethdev_failed(dev, "the device says nothing", res, err);
	dev->driver = info.driver_name;
	dev->device = info.device;
	dev->if_index = info.if_index;
	dev->nombuf_loses = trait_of(dev)->nombuf_loses;
	dev->cut_len = cut_length(dev, devargs);
	res = choose_queues(dev, &info, err);
	if (!res && mtu)
		res = check_mtu(dev, &info, mtu, err);
	if (res)
		return res;
	if (!mtu)
		mtu = default_mtu(dev);
	res = frames_pool(dev->port.eal, trait_of(dev)->frames,
			  rte_eth_dev_socket_id(dev->id), err, &pool);
	if (!res)
		res = configure(dev, &info, mtu, err);
	if (!res)
		res = setup_queues(dev, pool, err);
	if (!res)
		res = set_identity(dev, mtu, err);
	eal_log_heard(dev->port.eal->log);
	return res;
}
