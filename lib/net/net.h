/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net.h - what programs may ask of the network around them: devices and their
 * addresses, routes, rules, neighbours
 *
 * Filled from outside, never by packets.  Control threads change it; lcores,
 * who are readers of the memory's grace periods, look things up without a
 * lock.  Works without EAL.
 *
 * N1  Changes are made under the net's lock, each published by one store.
 * N2  What a lookup has found stays until its reader is quiescent.
 * N3  Tables, once there, stay as long as the net.
 *
 * A net that is NULL is that of a host which has a loopback device alone.
 */
#ifndef WEIR_NET_NET_H
#define WEIR_NET_NET_H

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "base/err.h"
#include "mem/mem.h"

#define NET_IFINDEX_MAX 1023
#define NET_TABLES_MAX 256
#define NET_HOPS_MAX 64
#define NET_ADDRESSES_MAX 64 /* of a device */
#define NET_RULES_MAX 1024   /* of a family */
#define NET_ADDRESS_BYTES 16
#define NET_TEXT_MAX 64 /* of an address or prefix, with its NUL */

struct net;

/* An address of a family, AF_INET or AF_INET6; IPv4 has the first four bytes,
 * and zeros behind them. */
struct net_address {
	u8 byte[NET_ADDRESS_BYTES];
};

struct net_prefix {
	u16 family;
	u8 len; /* bits */
	struct net_address address;
};

int net_create(struct mem *mem, struct net **out);
/* No reader is left. */
void net_destroy(struct net *net);

/* ---- devices ---- */

struct net_device {
	u32 ifindex;
	u32 mtu; /* without the link header */
	u8 mac[6];
	bool forwards; /* routes are looked up for what comes there */
};

/* There is such a device, or it has changed. */
int net_set_device(struct net *net, const struct net_device *device,
		   struct err *err);
/* NULL: there is none. */
const struct net_device *net_device(const struct net *net, u32 ifindex);

/* An address of a device, with its prefix, and the routes that Linux makes of
 * it: to the address, to its network, to what is special in there. */
int net_add_address(struct net *net, u32 ifindex,
		    const struct net_prefix *prefix, struct err *err);
/* The same without the routes: those of a host are its own. */
int net_put_address(struct net *net, u32 ifindex,
		    const struct net_prefix *prefix, struct err *err);
int net_del_address(struct net *net, u32 ifindex,
		    const struct net_prefix *prefix, struct err *err);
typedef void net_address_fn(void *arg, u32 ifindex,
			    const struct net_prefix *prefix);
void net_each_address(struct net *net, net_address_fn *fn, void *arg);

/* ---- routes ---- */

struct net_hop {
	u32 ifindex;
	u16 family; /* of the gateway; 0: the destination is on the link */
	struct net_address gateway;
	u32 weight; /* from 1 */
};

struct net_route {
	u32 table;
	struct net_prefix to;
	u8 type;  /* RTN_* */
	u8 tos;	  /* 0: any; IPv4 */
	u8 scope; /* RT_SCOPE_* */
	u32 metric;
	u32 mtu; /* locked; 0: the device's */
	bool has_source;
	struct net_address source;
	u32 hop_cnt;
	const struct net_hop *hops;
	u32 origin; /* whoever has put it there: their number, or 0 */
};

enum net_how { NET_ADD, NET_REPLACE, NET_DEL };

/* NET_ADD or NET_REPLACE */
int net_add_route(struct net *net, const struct net_route *route,
		  enum net_how how, struct err *err);
/* The first of this table and prefix that has what is given besides: tos,
 * metric, type, the device and gateway of the first hop; 0 stands for any. */
int net_del_route(struct net *net, const struct net_route *route,
		  struct err *err);
/* Of the route that net_del_route() would delete, whatever its hops. */
u32 net_count_hops(struct net *net, const struct net_route *route);
typedef void net_route_fn(void *arg, const struct net_route *route);
void net_each_route(struct net *net, net_route_fn *fn, void *arg);
/* RTN_* by iproute2's name, and back: -1, NULL. */
int net_route_type(const char *name);
const char *net_route_type_name(u8 type);

/* ---- rules: which table answers ---- */

struct net_rule {
	u16 family;
	u32 priority;
	u32 table;
	u32 mark;
	u32 mask;
	struct net_prefix from; /* len 0: from anywhere */
	struct net_prefix to;
	u32 iif; /* 0: any */
	u32 oif;
	u8 tos; /* 0: any */
};

int net_add_rule(struct net *net, const struct net_rule *rule, struct err *err);
int net_del_rule(struct net *net, const struct net_rule *rule, struct err *err);
typedef void net_rule_fn(void *arg, const struct net_rule *rule);
void net_each_rule(struct net *net, net_rule_fn *fn, void *arg);

/* ---- neighbours ---- */

struct net_neighbour {
	u32 ifindex;
	u16 family;
	struct net_address address;
	u8 mac[6];
	u32 origin; /* as a route's */
};

int net_set_neighbour(struct net *net, const struct net_neighbour *neighbour,
		      struct err *err);
int net_del_neighbour(struct net *net, u32 ifindex, u16 family,
		      const struct net_address *address, struct err *err);
typedef void net_neighbour_fn(void *arg, const struct net_neighbour *n);
void net_each_neighbour(struct net *net, net_neighbour_fn *fn, void *arg);
/* The MAC, or NULL. */
const u8 *net_find_neighbour(const struct net *net, u32 ifindex, u16 family,
			     const struct net_address *address);

/* ---- looking up, for lcores ---- */

struct net_flow {
	u16 family;
	struct net_address to;
	struct net_address from;
	u32 iif;
	u32 oif; /* 0: any */
	u8 tos;
	u8 proto;
	u16 sport;
	u16 dport;
	u32 mark;
};

struct net_answer {
	const struct net_route *route;
	const struct net_hop *hop;
};

#define NET_BY_RULES 0 /* in place of a table's number */

/*
 * The route of a flow by rules or in one table.  As Linux's lookups answer:
 * -EINVAL, -EHOSTUNREACH, -EACCES for IPv4's routes of these types,
 * -ENETUNREACH if there is none.  A route of type unicast or local has a hop.
 */
int net_lookup(const struct net *net, const struct net_flow *flow, u32 table,
	       struct net_answer *answer);
/* What fits on the way. */
u32 net_mtu(const struct net *net, const struct net_answer *answer);
/* Where packets of the flow come from that start here; false: nowhere. */
bool net_source(const struct net *net, const struct net_flow *flow,
		const struct net_answer *answer, struct net_address *source);

/* ---- text ---- */

/* "10.0.0.0/8", "fd00::1": without a length, all bits.  "default" and "any"
 * need to be told the family, if it is not to be IPv4. */
int net_parse_prefix(const char *text, struct net_prefix *out, struct err *err);
/* The length is left out where it is all bits.  Returns text. */
const char *net_prefix_text(const struct net_prefix *prefix,
			    char text[NET_TEXT_MAX]);

static inline u8 net_bits(u16 family)
{
	return family == AF_INET ? 32 : 128;
}

static inline u32 net_bytes(u16 family)
{
	return net_bits(family) / 8u;
}

#endif
