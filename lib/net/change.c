/* SPDX-License-Identifier: BSD-3-Clause */
/* change.c - what words say is added, deleted and listed, whatever it is */
#include <errno.h>
#include <stdio.h>

#include "net/text.h"

static int change_address(struct net *net, const struct net_names *names,
			  enum net_how how, const char *words, struct err *err)
{
	struct net_address_text t;
	int res = net_parse_address(words, names, &t, err);

	if (res)
		return res;
	if (how == NET_DEL)
		return net_del_address(net, t.ifindex, &t.prefix, err);
	res = net_add_address(net, t.ifindex, &t.prefix, err);
	return how == NET_REPLACE && res == -EEXIST ? 0 : res;
}

static int change_route(struct net *net, const struct net_names *names,
			enum net_how how, const char *words, struct err *err)
{
	struct net_route_text t;
	int res = net_parse_route(words, names, &t, err);

	if (res)
		return res;
	return how == NET_DEL ? net_del_route(net, &t.route, err)
			      : net_add_route(net, &t.route, how, err);
}

static int change_rule(struct net *net, const struct net_names *names,
		       enum net_how how, const char *words, struct err *err)
{
	struct net_rule rule;
	int res = net_parse_rule(words, names, &rule, err);

	if (res)
		return res;
	if (how == NET_DEL)
		return net_del_rule(net, &rule, err);
	res = net_add_rule(net, &rule, err);
	return how == NET_REPLACE && res == -EEXIST ? 0 : res;
}

static int change_neighbour(struct net *net, const struct net_names *names,
			    enum net_how how, const char *words,
			    struct err *err)
{
	struct net_neighbour n;
	bool has_mac;
	int res = net_parse_neighbour(words, names, &n, &has_mac, err);

	if (res)
		return res;
	if (how == NET_DEL)
		return net_del_neighbour(net, n.ifindex, n.family, &n.address,
					 err);
	return has_mac ? net_set_neighbour(net, &n, err)
		       : err_fail(err, -EINVAL,
				  "a neighbour has a MAC: lladdr MAC");
}

static int change_socket(struct net *net, const struct net_names *names,
			 enum net_how how, const char *words, struct err *err)
{
	struct net_socket_attr attr;
	int res = net_parse_socket(words, names, &attr, err);

	if (res)
		return res;
	if (how == NET_REPLACE)
		net_del_socket(net, &attr, NULL);
	return how == NET_DEL ? net_del_socket(net, &attr, err)
			      : net_add_socket(net, &attr, err);
}

/* ---- lists ---- */

struct listing {
	const struct net_names *names;
	net_words_fn *fn;
	void *arg;
	char line[NET_LINE_MAX];
};

static void say_address(void *arg, u32 ifindex, const struct net_prefix *prefix)
{
	struct listing *l = arg;
	const char *name = l->names->name(l->names->arg, ifindex);
	char text[NET_TEXT_MAX];

	snprintf(l->line, sizeof(l->line), "%s dev %s",
		 net_prefix_text(prefix, text), name ? name : "?");
	l->fn(l->arg, l->line);
}

static void list_addresses(struct net *net, struct listing *l)
{
	net_each_address(net, say_address, l);
}

static void say_route(void *arg, const struct net_route *route)
{
	struct listing *l = arg;

	l->fn(l->arg, net_route_words(route, l->names, l->line));
}

static void list_routes(struct net *net, struct listing *l)
{
	net_each_route(net, say_route, l);
}

static void say_rule(void *arg, const struct net_rule *rule)
{
	struct listing *l = arg;

	l->fn(l->arg, net_rule_words(rule, l->names, l->line));
}

static void list_rules(struct net *net, struct listing *l)
{
	net_each_rule(net, say_rule, l);
}

static void say_neighbour(void *arg, const struct net_neighbour *n)
{
	struct listing *l = arg;

	l->fn(l->arg, net_neighbour_words(n, l->names, l->line));
}

static void list_neighbours(struct net *net, struct listing *l)
{
	net_each_neighbour(net, say_neighbour, l);
}

static void say_socket(void *arg, const struct net_socket_attr *socket)
{
	struct listing *l = arg;

	l->fn(l->arg, net_socket_words(socket, l->names, l->line));
}

static void list_sockets(struct net *net, struct listing *l)
{
	net_each_socket(net, say_socket, l);
}

/* ---- by noun ---- */

static const struct {
	int (*change)(struct net *net, const struct net_names *names,
		      enum net_how how, const char *words, struct err *err);
	void (*list)(struct net *net, struct listing *l);
} nouns[NET_NOUNS] = {
	[NET_ADDRESS] = { change_address, list_addresses },
	[NET_ROUTE] = { change_route, list_routes },
	[NET_RULE] = { change_rule, list_rules },
	[NET_NEIGHBOUR] = { change_neighbour, list_neighbours },
	[NET_SOCKET] = { change_socket, list_sockets },
};

int net_change(struct net *net, const struct net_names *names,
	       enum net_noun noun, enum net_how how, const char *words,
	       struct err *err)
{
	return nouns[noun].change(net, names, how, words, err);
}

void net_list(struct net *net, const struct net_names *names,
	      enum net_noun noun, net_words_fn *fn, void *arg)
{
	struct listing l = { .names = names, .fn = fn, .arg = arg };

	nouns[noun].list(net, &l);
}
