/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/kernel_if.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

int kernel_if_get(u32 if_index, struct kernel_if *out)
{
	struct ifreq r = { 0 };
	int fd, res = 0;

	if (!if_index || !if_indextoname(if_index, r.ifr_name))
		return -ENODEV;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, SIOCGIFMTU, &r) == 0)
		out->mtu = (u32)r.ifr_mtu;
	else
		res = -errno;
	if (!res && ioctl(fd, SIOCGIFFLAGS, &r) == 0)
		out->running =
			(r.ifr_flags & IFF_UP) && (r.ifr_flags & IFF_RUNNING);
	else if (!res)
		res = -errno;
	close(fd);
	return res;
}

u32 kernel_if_queues(const char *name)
{
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };
	struct ifreq r = { .ifr_data = (void *)&channels };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	u32 n = 0;

	if (fd < 0)
		return 1;
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	if (ioctl(fd, SIOCETHTOOL, &r) == 0)
		n = channels.rx_count + channels.combined_count;
	close(fd);
	return MAX(n, 1u);
}
