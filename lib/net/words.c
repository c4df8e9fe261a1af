/* SPDX-License-Identifier: BSD-3-Clause */
/* words.c - routes, rules and neighbours as words */
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "net/text.h"

struct line {
	char *text;
	size_t len;
	const struct net_names *names;
};

static void add(struct line *l, const char *fmt, ...) PRINTF(2, 3);

static void add(struct line *l, const char *fmt, ...)
{
	size_t left = NET_LINE_MAX - l->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->text + l->len, left, fmt, ap);
	va_end(ap);
	l->len += MIN((size_t)n, left - 1);
}

static void add_device(struct line *l, const char *what, u32 ifindex)
{
	const char *name = l->names->name(l->names->arg, ifindex);

	if (name)
		add(l, " %s %s", what, name);
	else
		add(l, " %s %u", what, ifindex);
}

static const char *address_text(u16 family, const struct net_address *a,
				char text[NET_TEXT_MAX])
{
	const struct net_prefix p = { family, net_bits(family), *a };

	return net_prefix_text(&p, text);
}

/* With "default" for everything, where the family is known besides. */
static const char *to_text(const struct net_prefix *p, char text[NET_TEXT_MAX])
{
	if (!p->len && p->family == AF_INET)
		return "default";
	return net_prefix_text(p, text);
}

static void add_table(struct line *l, const char *what, u32 table)
{
	switch (table) {
	case RT_TABLE_MAIN: add(l, " %s main", what); break;
	case RT_TABLE_LOCAL: add(l, " %s local", what); break;
	case RT_TABLE_DEFAULT: add(l, " %s default", what); break;
	default: add(l, " %s %u", what, table);
	}
}

static void add_hop(struct line *l, const struct net_route *r,
		    const struct net_hop *hop)
{
	char text[NET_TEXT_MAX];

	if (r->hop_cnt > 1)
		add(l, " nexthop");
	if (hop->family)
		add(l, " via%s %s", hop->family == r->to.family ? "" : " inet6",
		    address_text(hop->family, &hop->gateway, text));
	add_device(l, "dev", hop->ifindex);
	if (hop->weight != 1)
		add(l, " weight %u", hop->weight);
}

const char *net_route_words(const struct net_route *r,
			    const struct net_names *names,
			    char text[NET_LINE_MAX])
{
	struct line l = { text, 0, names };
	char address[NET_TEXT_MAX];

	text[0] = '\0';
	if (r->type != RTN_UNICAST)
		add(&l, "%s ", net_route_type_name(r->type));
	add(&l, "%s", to_text(&r->to, address));
	if (r->tos)
		add(&l, " tos %#x", r->tos);
	if (r->table != RT_TABLE_MAIN)
		add_table(&l, "table", r->table);
	if (r->metric)
		add(&l, " metric %u", r->metric);
	if (r->mtu)
		add(&l, " mtu lock %u", r->mtu);
	if (r->has_source)
		add(&l, " src %s",
		    address_text(r->to.family, &r->source, address));
	if (r->scope == RT_SCOPE_LINK)
		add(&l, " scope link");
	else if (r->scope == RT_SCOPE_HOST)
		add(&l, " scope host");
	for (u32 i = 0; i < r->hop_cnt; i++)
		add_hop(&l, r, &r->hops[i]);
	return text;
}

const char *net_rule_words(const struct net_rule *r,
			   const struct net_names *names,
			   char text[NET_LINE_MAX])
{
	struct line l = { text, 0, names };
	char address[NET_TEXT_MAX];

	text[0] = '\0';
	add(&l, "priority %u", r->priority);
	if (r->family == AF_INET6)
		add(&l, " inet6");
	if (r->from.len)
		add(&l, " from %s", net_prefix_text(&r->from, address));
	if (r->to.len)
		add(&l, " to %s", net_prefix_text(&r->to, address));
	if (r->mask)
		add(&l, " fwmark %#x/%#x", r->mark, r->mask);
	if (r->tos)
		add(&l, " tos %#x", r->tos);
	if (r->iif)
		add_device(&l, "iif", r->iif);
	if (r->oif)
		add_device(&l, "oif", r->oif);
	add_table(&l, "lookup", r->table);
	return text;
}

const char *net_neighbour_words(const struct net_neighbour *n,
				const struct net_names *names,
				char text[NET_LINE_MAX])
{
	struct line l = { text, 0, names };
	char address[NET_TEXT_MAX];

	add(&l, "%s lladdr %02x:%02x:%02x:%02x:%02x:%02x",
	    address_text(n->family, &n->address, address), n->mac[0], n->mac[1],
	    n->mac[2], n->mac[3], n->mac[4], n->mac[5]);
	add_device(&l, "dev", n->ifindex);
	return text;
}

const char *net_socket_words(const struct net_socket_attr *s,
			     const struct net_names *names,
			     char text[NET_LINE_MAX])
{
	struct line l = { text, 0, names };
	char address[NET_TEXT_MAX];

	add(&l, "%s %s %u", s->protocol == IPPROTO_TCP ? "tcp" : "udp",
	    address_text(s->family, &s->local.address, address), s->local.port);
	if (s->connected)
		add(&l, " from %s %u",
		    address_text(s->family, &s->remote.address, address),
		    s->remote.port);
	if (s->ifindex)
		add_device(&l, "dev", s->ifindex);
	if (s->mark)
		add(&l, " mark %#x", s->mark);
	if (s->priority)
		add(&l, " priority %u", s->priority);
	if (s->only_ipv6)
		add(&l, " only-ipv6");
	if (s->cookies)
		add(&l, " cookies");
	return text;
}
