/* SPDX-License-Identifier: BSD-3-Clause */
/* net_priv.h - the tables of a net; inside lib/net only */
#ifndef WEIR_NET_NET_PRIV_H
#define WEIR_NET_NET_PRIV_H

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

#include "maps/map.h"
#include "mem/rcu.h"
#include "net/net.h"

#define FAMILIES 2 /* IPv4, IPv6 */

_Static_assert(NET_ADDRESSES_MAX <= 64, "struct device has a bit for each");

static inline u32 family_index(u16 family)
{
	return family == AF_INET6;
}

/* A route with its hops behind it. */
struct kept_route {
	struct rcu_head head;
	struct net_route route;
	struct net_hop hops[];
};

/* The routes of one prefix, in the order they are asked: immutable. */
struct leaf {
	struct rcu_head head;
	u32 prefixlen;
	u32 cnt;
	struct kept_route *routes[];
};

struct table {
	u32 id;
	struct map *trie[FAMILIES]; /* prefix to leaf */
};

struct rules {
	struct rcu_head head;
	u32 cnt;
	struct net_rule at[];
};

struct device {
	struct rcu_head head;
	struct net_device device;
	u32 address_cnt;
	u64 bare; /* a bit an address: it has brought no routes */
	struct net_prefix addresses[];
};

struct net {
	/* constant */
	struct map_env env;
	struct rcu *rcu;
	struct map *neighbours;
	struct map *sockets;

	/* changes */
	pthread_mutex_t lock;

	/* control writes, lcores read */
	_Atomic(struct device *) devices[NET_IFINDEX_MAX + 1];
	atomic_uint table_cnt;
	struct table *tables[NET_TABLES_MAX];
	_Atomic(struct rules *) rules[FAMILIES];
	/* IPv4's tables local and main are asked as one until a rule has been
	 * added or deleted. */
	atomic_bool apart;
};

/* Keys as the maps have them. */
struct trie_key {
	u32 prefixlen;
	u8 address[NET_ADDRESS_BYTES];
};

struct neighbour_key {
	u32 ifindex;
	u32 family;
	struct net_address address;
};

#define load_acquire(at) atomic_load_explicit(at, memory_order_acquire)
#define store_release(at, v) atomic_store_explicit(at, v, memory_order_release)

int net_no_memory(struct err *err);
int net_check_family(u16 family, struct err *err);

/* Do the first len bits agree? */
bool net_same_bits(const u8 *a, const u8 *b, u32 len);
/* No bits behind the prefix. */
void net_cut_prefix(struct net_prefix *prefix);

/* device.c */
struct device *net_find_device(const struct net *net, u32 ifindex);
/* Of this device an address that is used with others of its network: not one
 * that came after another of the same. */
bool net_is_secondary(const struct device *device, u32 i);

/* route.c */
struct table *net_find_table(const struct net *net, u32 id);
const struct leaf *net_find_leaf(const struct table *table, u16 family,
				 const struct net_address *address,
				 u32 prefixlen);
/* Under the lock. */
int net_insert_route(struct net *net, const struct net_route *route,
		     enum net_how how, struct err *err);
int net_remove_route(struct net *net, const struct net_route *route,
		     struct err *err);
void net_free_tables(struct net *net);

/* socket.c */
int net_init_sockets(struct net *net);
void net_free_sockets(struct net *net);

/* rule.c */
int net_init_rules(struct net *net);

#endif
