/* SPDX-License-Identifier: BSD-3-Clause */
/* mirror_priv.h - between mirror.c, which talks, and mirror_parse.c, which
 * understands */
#ifndef WEIR_NET_MIRROR_PRIV_H
#define WEIR_NET_MIRROR_PRIV_H

#include <pthread.h>

#include "base/vec.h"
#include "net/mirror.h"

#define MIRROR_BYTES 32768 /* of a message of rtnetlink's, at most */

/* What can be asked for. */
enum {
	MIRROR_LINKS = 1 << 0,
	MIRROR_ADDRESSES = 1 << 1,
	MIRROR_RULES = 1 << 2,
	MIRROR_ROUTES = 1 << 3,
	MIRROR_NEIGHBOURS = 1 << 4,
	MIRROR_ALL = (1 << 5) - 1,
};

struct mirrored_device {
	struct net_mirror_device device;
	u32 there; /* the host's number of it; 0: not there */
	u32 round;
};

struct mirrored_address {
	u32 ifindex;
	struct net_prefix prefix;
	u32 round;
};

struct mirrored_rule {
	struct net_rule rule;
	u32 round;
};

struct nlmsghdr;

struct net_mirror {
	struct net *net;
	struct mnl_socket *asks;
	struct mnl_socket *hears;
	int wake[2];
	pthread_t thread;
	struct mirrored_device *devices;
	u32 device_cnt;

	/* the thread's, once it runs */
	u32 seq;
	u32 round; /* from 1: 0 is for what others have put there */
	unsigned wanted;
	bool told; /* that something is left out */
	VEC(struct mirrored_address) addresses;
	VEC(struct mirrored_rule) rules;
	u8 buf[MIRROR_BYTES];
};

/* Of messages, mnl_cb_t: what it says is done to the net. */
int net_mirror_link(const struct nlmsghdr *head, void *arg);
int net_mirror_address(const struct nlmsghdr *head, void *arg);
int net_mirror_rule(const struct nlmsghdr *head, void *arg);
int net_mirror_route(const struct nlmsghdr *head, void *arg);
int net_mirror_neighbour(const struct nlmsghdr *head, void *arg);

/* Is a device up or down now, or one that is mirrored another, or gone? */
bool net_mirror_link_changed(const struct net_mirror *m,
			     const struct nlmsghdr *head);

/* A rule that a net begins with is the host's to delete; of net_each_rule(). */
void net_mirror_own_rule(void *arg, const struct net_rule *rule);

/* What the last round has not confirmed goes. */
void net_mirror_sweep_links(struct net_mirror *m);
void net_mirror_sweep_addresses(struct net_mirror *m);
void net_mirror_sweep_rules(struct net_mirror *m);
void net_mirror_sweep_routes(struct net_mirror *m);
void net_mirror_sweep_neighbours(struct net_mirror *m);

#endif
