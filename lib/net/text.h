/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * text.h - routes, rules, neighbours and addresses as words, those of iproute2
 *
 *	10.0.0.0/8 via 10.1.0.1 dev in metric 5
 *	blackhole fd00::/8 table 7
 *	from 10.0.0.0/8 fwmark 1 lookup 7 priority 100
 *	10.1.0.1 lladdr 02:00:00:00:00:01 dev in
 *	10.1.0.2/24 dev in
 */
#ifndef WEIR_NET_TEXT_H
#define WEIR_NET_TEXT_H

#include "net/net.h"
#include "net/socket.h"

#define NET_LINE_MAX 1024

/* What devices are called. */
struct net_names {
	u32 (*find)(void *arg, const char *name); /* 0: none is called so */
	/* NULL: it has no name */
	const char *(*name)(void *arg, u32 ifindex);
	void *arg;
};

struct net_route_text {
	struct net_route route;
	struct net_hop hops[NET_HOPS_MAX];
};

/*	tcp 10.0.0.1 80
 *	udp fd00::1 53 from fd00::2 1234 dev in */
int net_parse_socket(const char *text, const struct net_names *names,
		     struct net_socket_attr *out, struct err *err);
const char *net_socket_words(const struct net_socket_attr *socket,
			     const struct net_names *names,
			     char line[NET_LINE_MAX]);

struct net_address_text {
	u32 ifindex;
	struct net_prefix prefix;
};

int net_parse_route(const char *text, const struct net_names *names,
		    struct net_route_text *out, struct err *err);
int net_parse_rule(const char *text, const struct net_names *names,
		   struct net_rule *out, struct err *err);
/* The MAC may be left out: has_mac says so. */
int net_parse_neighbour(const char *text, const struct net_names *names,
			struct net_neighbour *out, bool *has_mac,
			struct err *err);
int net_parse_address(const char *text, const struct net_names *names,
		      struct net_address_text *out, struct err *err);

/* The words that would give the same.  Returns line. */
const char *net_route_words(const struct net_route *route,
			    const struct net_names *names,
			    char line[NET_LINE_MAX]);
const char *net_rule_words(const struct net_rule *rule,
			   const struct net_names *names,
			   char line[NET_LINE_MAX]);
const char *net_neighbour_words(const struct net_neighbour *n,
				const struct net_names *names,
				char line[NET_LINE_MAX]);

/* ---- all of them in the same way ---- */

enum net_noun {
	NET_ADDRESS,
	NET_ROUTE,
	NET_RULE,
	NET_NEIGHBOUR,
	NET_SOCKET,
	NET_NOUNS,
};

int net_change(struct net *net, const struct net_names *names,
	       enum net_noun noun, enum net_how how, const char *words,
	       struct err *err);
typedef void net_words_fn(void *arg, const char *words);
void net_list(struct net *net, const struct net_names *names,
	      enum net_noun noun, net_words_fn *fn, void *arg);

#endif
