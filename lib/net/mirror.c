/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mirror.c - what the host says over rtnetlink, and when
 *
 * Two sockets: one hears of changes, the other asks.  Groups are joined before
 * anything is asked, so a change is heard, or in the answer, or both; routes
 * and neighbours are changed one by one, what there is little of is asked for
 * again.  Each round of questions has a number that what is mirrored keeps: of
 * an older round is what the host no longer has.
 */
#include "net/mirror.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/thread.h"
#include "net/mirror_priv.h"

#define HEARD_BYTES (4 << 20) /* of changes, before they are read */

static const unsigned groups[] = {
	RTNLGRP_LINK,	     RTNLGRP_NEIGH,
	RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
	RTNLGRP_IPV4_ROUTE,  RTNLGRP_IPV6_ROUTE,
	RTNLGRP_IPV4_RULE,   RTNLGRP_IPV6_RULE,
	RTNLGRP_NEXTHOP,
};

/* ---- asking ---- */

/* Is it the last of an answer? */
static bool ends(const void *bytes, int n)
{
	const struct nlmsghdr *head = bytes;

	for (; mnl_nlmsg_ok(head, n); head = mnl_nlmsg_next(head, &n))
		if (head->nlmsg_type == NLMSG_DONE ||
		    head->nlmsg_type == NLMSG_ERROR)
			return true;
	return false;
}

/* All of a kind; fn is called for each.  -EINTR: the host changed meanwhile,
 * and something may be missing. */
static int ask(struct net_mirror *m, u16 type, u8 family, mnl_cb_t fn)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *head = mnl_nlmsg_put_header(buf);
	struct rtgenmsg *body;
	bool interrupted = false;
	ssize_t n;
	int more;

	head->nlmsg_type = type;
	head->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	head->nlmsg_seq = ++m->seq;
	/* as long as the longest of them: rtmsg, ndmsg, ifaddrmsg, ifinfomsg */
	body = mnl_nlmsg_put_extra_header(head, sizeof(struct ifinfomsg));
	body->rtgen_family = family;
	if (mnl_socket_sendto(m->asks, head, head->nlmsg_len) < 0)
		return -errno;
	do {
		n = mnl_socket_recvfrom(m->asks, m->buf, sizeof(m->buf));
		if (n < 0)
			return -errno;
		more = mnl_cb_run(m->buf, (size_t)n, m->seq,
				  mnl_socket_get_portid(m->asks), fn, m);
		if (more < 0 && errno != EINTR)
			return -errno;
		if (more < 0) {
			interrupted = true;
			more = !ends(m->buf, (int)n);
		}
	} while (more > 0);
	return interrupted ? -EINTR : 0;
}

/* In the order in which they depend on one another. */
static const struct question {
	unsigned what;
	u16 type;
	u8 families[2]; /* AF_UNSPEC: none, but for the first */
	mnl_cb_t take;
	void (*sweep)(struct net_mirror *m);
} questions[] = {
	{ MIRROR_LINKS, RTM_GETLINK, { AF_UNSPEC }, net_mirror_link,
	  net_mirror_sweep_links },
	{ MIRROR_ADDRESSES, RTM_GETADDR, { AF_UNSPEC }, net_mirror_address,
	  net_mirror_sweep_addresses },
	{ MIRROR_RULES, RTM_GETRULE, { AF_INET, AF_INET6 }, net_mirror_rule,
	  net_mirror_sweep_rules },
	{ MIRROR_ROUTES, RTM_GETROUTE, { AF_INET, AF_INET6 }, net_mirror_route,
	  net_mirror_sweep_routes },
	{ MIRROR_NEIGHBOURS, RTM_GETNEIGH, { AF_UNSPEC }, net_mirror_neighbour,
	  net_mirror_sweep_neighbours },
};

/* What the answers do not confirm goes. */
static int ask_question(struct net_mirror *m, const struct question *q)
{
	int res = ask(m, q->type, q->families[0], q->take);

	if (!res && q->families[1] != AF_UNSPEC)
		res = ask(m, q->type, q->families[1], q->take);
	if (!res)
		q->sweep(m);
	return res;
}

/* Until all answers are whole. */
static int ask_wanted(struct net_mirror *m)
{
	while (m->wanted) {
		unsigned what = m->wanted;

		m->round++;
		m->wanted = 0;
		for (u32 i = 0; i < ARRAY_LEN(questions); i++) {
			int res = what & questions[i].what
					  ? ask_question(m, &questions[i])
					  : 0;

			if (res == -EINTR)
				m->wanted |= questions[i].what;
			else if (res)
				return res;
		}
	}
	return 0;
}

/* ---- hearing ---- */

/* Routes that go with a device or a nexthop go without a word; with an address
 * in older kernels. */
static int hear(const struct nlmsghdr *head, void *arg)
{
	struct net_mirror *m = arg;

	switch (head->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		if (net_mirror_link_changed(m, head))
			m->wanted |= MIRROR_ALL;
		return MNL_CB_OK;
	case RTM_NEWADDR: m->wanted |= MIRROR_ADDRESSES; return MNL_CB_OK;
	case RTM_DELADDR:
		m->wanted |= MIRROR_ADDRESSES | MIRROR_ROUTES;
		return MNL_CB_OK;
	case RTM_NEWNEXTHOP:
	case RTM_DELNEXTHOP: m->wanted |= MIRROR_ROUTES; return MNL_CB_OK;
	case RTM_NEWRULE:
	case RTM_DELRULE: m->wanted |= MIRROR_RULES; return MNL_CB_OK;
	case RTM_NEWROUTE:
	case RTM_DELROUTE: return net_mirror_route(head, arg);
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH: return net_mirror_neighbour(head, arg);
	default: return MNL_CB_OK;
	}
}

/* All that has been said. */
static int hear_all(struct net_mirror *m)
{
	for (;;) {
		ssize_t n = recv(mnl_socket_get_fd(m->hears), m->buf,
				 sizeof(m->buf), MSG_DONTWAIT);

		if (n < 0 && errno == ENOBUFS) {
			log_info("mirror: the host changes faster than it is "
				 "heard: asking for all of it");
			m->wanted |= MIRROR_ALL;
		} else if (n < 0) {
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		} else if (mnl_cb_run(m->buf, (size_t)n, 0, 0, hear, m) < 0) {
			return -errno;
		}
	}
}

static void *follow(void *arg)
{
	struct net_mirror *m = arg;
	struct pollfd fds[] = {
		{ .fd = mnl_socket_get_fd(m->hears), .events = POLLIN },
		{ .fd = m->wake[0], .events = POLLIN },
	};
	int res = 0;

	while (!res) {
		if (poll(fds, ARRAY_LEN(fds), -1) < 0 && errno != EINTR) {
			res = -errno;
			break;
		}
		if (fds[1].revents)
			return NULL;
		res = hear_all(m);
		if (!res)
			res = ask_wanted(m);
	}
	log_error("mirror: the host's network is not followed any more: %s",
		  strerror(-res));
	return NULL;
}

/* ---- from open to close ---- */

static int open_sockets(struct net_mirror *m)
{
	int bytes = HEARD_BYTES;

	m->asks = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	m->hears = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!m->asks || !m->hears ||
	    mnl_socket_bind(m->asks, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_bind(m->hears, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	for (u32 i = 0; i < ARRAY_LEN(groups); i++)
		if (mnl_socket_setsockopt(m->hears, NETLINK_ADD_MEMBERSHIP,
					  (void *)(uintptr_t)&groups[i],
					  sizeof(groups[i])) < 0)
			return -errno;
	/* beyond the host's limit as root, else up to it */
	if (setsockopt(mnl_socket_get_fd(m->hears), SOL_SOCKET,
		       SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		setsockopt(mnl_socket_get_fd(m->hears), SOL_SOCKET, SO_RCVBUF,
			   &bytes, sizeof(bytes));
	return pipe2(m->wake, O_CLOEXEC) < 0 ? -errno : 0;
}

static void free_mirror(struct net_mirror *m)
{
	if (m->asks)
		mnl_socket_close(m->asks);
	if (m->hears)
		mnl_socket_close(m->hears);
	for (u32 i = 0; i < 2; i++)
		if (m->wake[i] >= 0)
			close(m->wake[i]);
	free(m->devices);
	vec_free(&m->addresses);
	vec_free(&m->rules);
	free(m);
}

int net_mirror_open(struct net *net, const struct net_mirror_device *devices,
		    u32 cnt, struct err *err, struct net_mirror **out)
{
	struct net_mirror *m = calloc(1, sizeof(*m));
	int res = -ENOMEM;

	if (!m)
		return err_fail(err, res, "out of memory");
	m->net = net;
	m->wake[0] = m->wake[1] = -1;
	m->devices = calloc(cnt, sizeof(*m->devices));
	m->device_cnt = cnt;
	if (!m->devices)
		goto fail;
	for (u32 i = 0; i < cnt; i++)
		m->devices[i].device = devices[i];
	res = open_sockets(m);
	if (res)
		goto fail;
	net_each_rule(net, net_mirror_own_rule, m);
	m->wanted = MIRROR_ALL;
	res = ask_wanted(m);
	if (!res)
		res = thread_start(&m->thread, "weir-mirror", follow, m);
	if (res)
		goto fail;
	*out = m;
	return 0;

fail:
	free_mirror(m);
	return err_fail(err, res, "cannot mirror the host's network: %s",
			strerror(-res));
}

void net_mirror_close(struct net_mirror *m)
{
	if (write(m->wake[1], "", 1) < 0)
		log_error("mirror: cannot wake the thread: %s",
			  strerror(errno));
	pthread_join(m->thread, NULL);
	free_mirror(m);
}
