/* SPDX-License-Identifier: BSD-3-Clause */
#include "knet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kmap.h"

enum { PROBE = 0x88b7, PROBES_MAX = 3000, PROBE_WAIT_MS = 10 };

static const char *const names[KNET_DEVS] = { "weir-a", "weir-b", "weir-c",
					      "weir-d" };

/* ---- rtnetlink ---- */

struct request {
	struct nlmsghdr head;
	union {
		struct ifinfomsg link;
		struct tcmsg tc;
		u8 room[1024];
	};
};

static void begin(struct request *rq, u16 type, u16 flags, u32 size)
{
	memset(rq, 0, sizeof(*rq));
	rq->head.nlmsg_type = type;
	rq->head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	rq->head.nlmsg_len = NLMSG_LENGTH(size);
}

static struct rtattr *put(struct request *rq, u16 type, const void *data,
			  u32 len)
{
	u32 at = NLMSG_ALIGN(rq->head.nlmsg_len);
	struct rtattr *a = (void *)((u8 *)rq + at);

	a->rta_type = type;
	a->rta_len = (u16)RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(a), data, len);
	rq->head.nlmsg_len = at + RTA_ALIGN(a->rta_len);
	return a;
}

static void put_str(struct request *rq, u16 type, const char *s)
{
	put(rq, type, s, (u32)strlen(s) + 1);
}

static void put_u32(struct request *rq, u16 type, u32 value)
{
	put(rq, type, &value, sizeof(value));
}

static void end(struct request *rq, struct rtattr *a)
{
	a->rta_len = (u16)((u8 *)rq + rq->head.nlmsg_len - (u8 *)a);
}

static int ask(struct knet *net, struct request *rq)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr err;
		u8 more[2048];
	} answer;

	if (send(net->netlink, rq, rq->head.nlmsg_len, 0) < 0 ||
	    recv(net->netlink, &answer, sizeof(answer), 0) < 0)
		return -errno;
	return answer.head.nlmsg_type == NLMSG_ERROR ? answer.err.error
						     : -EPROTO;
}

/* ---- devices ---- */

static int make_pair(struct knet *net, enum knet_dev dev)
{
	const struct ifinfomsg peer = { 0 };
	struct rtattr *info, *data, *other;
	struct request rq;

	begin(&rq, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(rq.link));
	put_str(&rq, IFLA_IFNAME, names[dev]);
	info = put(&rq, IFLA_LINKINFO, NULL, 0);
	put_str(&rq, IFLA_INFO_KIND, "veth");
	data = put(&rq, IFLA_INFO_DATA, NULL, 0);
	other = put(&rq, VETH_INFO_PEER, &peer, sizeof(peer));
	put_str(&rq, IFLA_IFNAME, names[dev + 1]);
	end(&rq, other);
	end(&rq, data);
	end(&rq, info);
	return ask(net, &rq);
}

static int set_up(struct knet *net, enum knet_dev dev)
{
	struct ifreq ifr = { 0 };
	struct request rq;
	int err;

	net->ifindex[dev] = if_nametoindex(names[dev]);
	begin(&rq, RTM_NEWLINK, 0, sizeof(rq.link));
	rq.link.ifi_index = (int)net->ifindex[dev];
	rq.link.ifi_flags = rq.link.ifi_change = IFF_UP;
	err = ask(net, &rq);
	if (err)
		return err;
	strcpy(ifr.ifr_name, names[dev]);
	if (ioctl(net->netlink, SIOCGIFHWADDR, &ifr) != 0)
		return -errno;
	memcpy(net->mac[dev], ifr.ifr_hwaddr.sa_data, sizeof(net->mac[dev]));
	return 0;
}

/* So that nothing but the test sends. */
static void quiet(void)
{
	int fd = open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY);

	if (fd < 0)
		return;
	if (write(fd, "1", 1) < 0)
		errno = 0; /* then there is IPv6's noise, which tests skip */
	close(fd);
}

/* ---- tc ---- */

static void begin_tc(struct knet *net, struct request *rq, u16 type, u16 flags,
		     enum knet_dev dev)
{
	begin(rq, type, flags, sizeof(rq->tc));
	rq->tc.tcm_ifindex = (int)net->ifindex[dev];
}

static int clsact(struct knet *net, enum knet_dev dev, u16 type, u16 flags)
{
	struct request rq;

	begin_tc(net, &rq, type, flags, dev);
	rq.tc.tcm_parent = TC_H_CLSACT;
	rq.tc.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	put_str(&rq, TCA_KIND, "clsact");
	return ask(net, &rq);
}

int knet_add_clsact(struct knet *net, enum knet_dev dev)
{
	return clsact(net, dev, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL);
}

int knet_drop_clsact(struct knet *net, enum knet_dev dev)
{
	return clsact(net, dev, RTM_DELQDISC, 0);
}

int knet_add_filter(struct knet *net, const struct knet_filter *f)
{
	struct rtattr *options;
	struct request rq;

	begin_tc(net, &rq, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, f->dev);
	rq.tc.tcm_parent = TC_H_MAKE(TC_H_CLSACT, f->ingress ? TC_H_MIN_INGRESS
							     : TC_H_MIN_EGRESS);
	rq.tc.tcm_info = TC_H_MAKE((u32)f->priority << 16, htons(ETH_P_ALL));
	put_str(&rq, TCA_KIND, "bpf");
	options = put(&rq, TCA_OPTIONS, NULL, 0);
	put_u32(&rq, TCA_BPF_FD, (u32)f->prog);
	put_str(&rq, TCA_BPF_NAME, "weir-test");
	if (f->classid)
		put_u32(&rq, TCA_BPF_CLASSID, f->classid);
	if (f->direct_action)
		put_u32(&rq, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	end(&rq, options);
	return ask(net, &rq);
}

/* ---- links and sockets ---- */

int knet_attach(const struct knet *net, enum knet_dev dev, u32 type, int prog)
{
	union bpf_attr attr = { 0 };

	attr.link_create.prog_fd = (u32)prog;
	attr.link_create.target_ifindex = net->ifindex[dev];
	attr.link_create.attach_type = type;
	if (type == BPF_XDP)
		attr.link_create.flags = XDP_FLAGS_SKB_MODE;
	return kmap_bpf(BPF_LINK_CREATE, &attr);
}

int knet_socket(const struct knet *net, enum knet_dev dev, u16 protocol)
{
	const struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = (int)net->ifindex[dev],
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* ---- the whole ---- */

/* A device that is up passes frames only once its carrier has been noticed. */
static int wait_for_pair(const struct knet *net, enum knet_dev dev)
{
	const u8 probe[ETH_ZLEN] = { [12] = PROBE >> 8, [13] = PROBE & 0xff };
	int from = knet_socket(net, dev, 0);
	int to = knet_socket(net, (enum knet_dev)(dev + 1), PROBE);
	struct pollfd p = { .fd = to, .events = POLLIN };
	int err = from < 0 ? from : to < 0 ? to : -ETIMEDOUT;

	for (u32 i = 0; i < PROBES_MAX && err == -ETIMEDOUT; i++) {
		send(from, probe, sizeof(probe), 0);
		if (poll(&p, 1, PROBE_WAIT_MS) == 1)
			err = 0;
	}
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	return err;
}

int knet_open(struct knet *net)
{
	int err = 0;

	if (unshare(CLONE_NEWNET) != 0)
		return -errno;
	quiet();
	net->netlink =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (net->netlink < 0)
		return -errno;
	for (u32 dev = 0; dev < KNET_DEVS && !err; dev += 2)
		err = make_pair(net, (enum knet_dev)dev);
	for (u32 dev = 0; dev < KNET_DEVS && !err; dev++)
		err = set_up(net, (enum knet_dev)dev);
	for (u32 dev = 0; dev < KNET_DEVS && !err; dev += 2)
		err = wait_for_pair(net, (enum knet_dev)dev);
	if (err)
		knet_close(net);
	return err;
}

void knet_close(struct knet *net)
{
	close(net->netlink);
}
