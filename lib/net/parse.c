/* SPDX-License-Identifier: BSD-3-Clause */
/* parse.c - routes, rules, neighbours and addresses from words */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/text.h"

#define PRIORITY 32765 /* of a rule that names none */

/* A line, word by word. */
struct words {
	char line[NET_LINE_MAX];
	char *rest;
	const char *word; /* NULL: no more */
	const struct net_names *names;
	struct err *err;
};

static const char *next(struct words *w)
{
	w->word = strtok_r(NULL, " \t\n", &w->rest);
	return w->word;
}

static int begin(struct words *w, const char *text,
		 const struct net_names *names, struct err *err)
{
	size_t len = strlen(text);

	if (len >= sizeof(w->line))
		return err_fail(err, -E2BIG, "more than %zu characters",
				sizeof(w->line) - 1);
	memcpy(w->line, text, len + 1);
	w->names = names;
	w->err = err;
	w->word = strtok_r(w->line, " \t\n", &w->rest);
	return w->word ? 0 : err_fail(err, -EINVAL, "there are no words");
}

static int value(struct words *w, const char *what)
{
	return next(w) ? 0
		       : err_fail(w->err, -EINVAL, "%s what?  It ends there",
				  what);
}

static bool to_number(const char *word, u64 max, u32 *out)
{
	unsigned long long n;
	char *end;

	n = strtoull(word, &end, 0);
	*out = (u32)n;
	return *word >= '0' && *word <= '9' && !*end && n <= max;
}

static int number(struct words *w, const char *what, u64 max, u32 *out)
{
	if (value(w, what))
		return -EINVAL;
	return to_number(w->word, max, out)
		       ? 0
		       : err_fail(w->err, -EINVAL,
				  "%s '%.64s' is no number up to %llu", what,
				  w->word, (unsigned long long)max);
}

static int device(struct words *w, const char *what, u32 *out)
{
	if (value(w, what))
		return -EINVAL;
	*out = w->names->find(w->names->arg, w->word);
	return *out ? 0
		    : err_fail(w->err, -ENODEV, "no port is called '%.64s'",
			       w->word);
}

static int table(struct words *w, const char *what, u32 *out)
{
	static const struct {
		const char *name;
		u32 id;
	} named[] = { { "local", RT_TABLE_LOCAL },
		      { "main", RT_TABLE_MAIN },
		      { "default", RT_TABLE_DEFAULT } };

	if (value(w, what))
		return -EINVAL;
	for (u32 i = 0; i < ARRAY_LEN(named); i++) {
		*out = named[i].id;
		if (strcmp(w->word, named[i].name) == 0)
			return 0;
	}
	if (to_number(w->word, UINT32_MAX, out) && *out)
		return 0;
	err_fail(w->err, -EINVAL, "'%.64s' is no table", w->word);
	err_hint(w->err, "there are: local, main, default, numbers");
	return -EINVAL;
}

static int prefix(struct words *w, const char *what, struct net_prefix *out)
{
	return value(w, what) ? -EINVAL
			      : net_parse_prefix(w->word, out, w->err);
}

/* An address of either family. */
static int address(struct words *w, const char *what, struct net_prefix *out)
{
	int res = prefix(w, what, out);

	if (!res && out->len != net_bits(out->family))
		return err_fail(w->err, -EINVAL, "%s '%.64s' is no address",
				what, w->word);
	return res;
}

static int stranger(struct words *w, const char *known)
{
	err_fail(w->err, -EINVAL, "'%.64s' means nothing here", w->word);
	err_hint(w->err, "there are: %s", known);
	return -EINVAL;
}

/* ---- routes ---- */

#define ROUTE_WORDS "via dev metric table src tos mtu scope weight nexthop"

static struct net_hop *hop_of(struct net_route_text *out)
{
	return &out->hops[out->route.hop_cnt - 1];
}

static int add_hop(struct words *w, struct net_route_text *out)
{
	if (out->route.hop_cnt == NET_HOPS_MAX)
		return err_fail(w->err, -E2BIG, "more than %u ways to go",
				NET_HOPS_MAX);
	out->hops[out->route.hop_cnt++] = (struct net_hop){ .weight = 1 };
	return 0;
}

static int via(struct words *w, struct net_route_text *out)
{
	struct net_prefix *to = &out->route.to;
	struct net_prefix p;
	int res = value(w, "via");
	bool other = !res && strcmp(w->word, "inet6") == 0;

	if (other)
		res = value(w, "via inet6");
	if (!res)
		res = net_parse_prefix(w->word, &p, w->err);
	if (res)
		return res;
	if (p.len != net_bits(p.family))
		return err_fail(w->err, -EINVAL, "via '%.64s' is no address",
				w->word);
	/* default is of the gateway's family, unless that is said to differ */
	if (!other && !to->len && p.family == AF_INET6)
		to->family = AF_INET6;
	hop_of(out)->family = p.family;
	hop_of(out)->gateway = p.address;
	return 0;
}

static int mtu(struct words *w, struct net_route_text *out)
{
	if (value(w, "mtu"))
		return -EINVAL;
	if (strcmp(w->word, "lock") != 0) {
		err_fail(w->err, -EINVAL,
			 "an mtu that is not locked has no "
			 "effect on what is forwarded");
		err_hint(w->err, "say: mtu lock %.32s", w->word);
		return -EINVAL;
	}
	return number(w, "mtu lock", UINT16_MAX, &out->route.mtu);
}

static int scope(struct words *w, struct net_route_text *out)
{
	static const struct {
		const char *name;
		u8 scope;
	} scopes[] = { { "global", RT_SCOPE_UNIVERSE },
		       { "link", RT_SCOPE_LINK },
		       { "host", RT_SCOPE_HOST } };

	if (value(w, "scope"))
		return -EINVAL;
	for (u32 i = 0; i < ARRAY_LEN(scopes); i++) {
		out->route.scope = scopes[i].scope;
		if (strcmp(w->word, scopes[i].name) == 0)
			return 0;
	}
	return stranger(w, "global link host");
}

static int route_word(struct words *w, struct net_route_text *out)
{
	struct net_route *r = &out->route;
	const char *word = w->word;
	struct net_prefix p;
	u32 n = 0;
	int res;

	if (strcmp(word, "via") == 0)
		return via(w, out);
	if (strcmp(word, "dev") == 0)
		return device(w, word, &hop_of(out)->ifindex);
	if (strcmp(word, "metric") == 0)
		return number(w, word, UINT32_MAX, &r->metric);
	if (strcmp(word, "table") == 0)
		return table(w, word, &r->table);
	if (strcmp(word, "mtu") == 0)
		return mtu(w, out);
	if (strcmp(word, "scope") == 0)
		return scope(w, out);
	if (strcmp(word, "weight") == 0)
		return number(w, word, 256, &hop_of(out)->weight);
	if (strcmp(word, "tos") == 0) {
		res = number(w, word, 255, &n);
		r->tos = (u8)n;
		return res;
	}
	if (strcmp(word, "src") == 0) {
		res = address(w, word, &p);
		r->has_source = !res;
		r->source = res ? r->source : p.address;
		return res;
	}
	return stranger(w, ROUTE_WORDS);
}

static int nexthop(struct words *w, struct net_route_text *out, bool *first)
{
	if (!*first)
		return add_hop(w, out);
	*first = false;
	return 0;
}

int net_parse_route(const char *text, const struct net_names *names,
		    struct net_route_text *out, struct err *err)
{
	struct net_route *r = &out->route;
	bool first = true;
	struct words w;
	int res = begin(&w, text, names, err), type;

	if (res)
		return res;
	memset(out, 0, sizeof(*out));
	*r = (struct net_route){ .table = RT_TABLE_MAIN,
				 .type = RTN_UNICAST,
				 .hops = out->hops };
	type = net_route_type(w.word);
	if (type > 0) {
		r->type = (u8)type;
		res = value(&w, net_route_type_name(r->type));
	}
	if (!res)
		res = net_parse_prefix(w.word, &r->to, err);
	add_hop(&w, out);
	while (!res && next(&w))
		res = strcmp(w.word, "nexthop") == 0 ? nexthop(&w, out, &first)
						     : route_word(&w, out);
	if (res)
		return res;
	if (!out->hops[0].ifindex && !out->hops[0].family)
		r->hop_cnt = 0;
	return 0;
}

/* ---- rules ---- */

static int fwmark(struct words *w, struct net_rule *out)
{
	char *end;

	if (value(w, "fwmark"))
		return -EINVAL;
	out->mark = (u32)strtoul(w->word, &end, 0);
	out->mask = UINT32_MAX;
	if (*end == '/')
		out->mask = (u32)strtoul(end + 1, &end, 0);
	return *end ? err_fail(w->err, -EINVAL,
			       "fwmark '%.64s' is no number or number/mask",
			       w->word)
		    : 0;
}

static int rule_word(struct words *w, struct net_rule *out)
{
	const char *word = w->word;
	u32 n = 0;
	int res;

	if (strcmp(word, "from") == 0)
		return prefix(w, word, &out->from);
	if (strcmp(word, "to") == 0)
		return prefix(w, word, &out->to);
	if (strcmp(word, "fwmark") == 0)
		return fwmark(w, out);
	if (strcmp(word, "iif") == 0)
		return device(w, word, &out->iif);
	if (strcmp(word, "oif") == 0)
		return device(w, word, &out->oif);
	if (strcmp(word, "priority") == 0)
		return number(w, word, UINT32_MAX, &out->priority);
	if (strcmp(word, "lookup") == 0 || strcmp(word, "table") == 0)
		return table(w, word, &out->table);
	if (strcmp(word, "tos") == 0) {
		res = number(w, word, 255, &n);
		out->tos = (u8)n;
		return res;
	}
	if (strcmp(word, "inet6") == 0) {
		out->family = AF_INET6;
		return 0;
	}
	return stranger(w, "from to fwmark iif oif tos priority lookup inet6");
}

int net_parse_rule(const char *text, const struct net_names *names,
		   struct net_rule *out, struct err *err)
{
	struct words w;
	int res = begin(&w, text, names, err);

	*out = (struct net_rule){ .family = AF_INET, .priority = PRIORITY };
	for (; !res && w.word; next(&w))
		res = rule_word(&w, out);
	if (res)
		return res;
	if (out->from.family == AF_INET6 || out->to.family == AF_INET6)
		out->family = AF_INET6;
	if ((out->from.len && out->from.family != out->family) ||
	    (out->to.len && out->to.family != out->family))
		return err_fail(err, -EINVAL,
				"from and to are of two families");
	return out->table ? 0
			  : err_fail(err, -EINVAL,
				     "a rule names the table: lookup N");
}

/* ---- neighbours and addresses ---- */

static int lladdr(struct words *w, u8 mac[6])
{
	int end = 0;

	if (value(w, "lladdr"))
		return -EINVAL;
	if (sscanf(w->word, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0],
		   &mac[1], &mac[2], &mac[3], &mac[4], &mac[5], &end) != 6 ||
	    w->word[end])
		return err_fail(w->err, -EINVAL, "'%.64s' is no MAC address",
				w->word);
	return 0;
}

int net_parse_neighbour(const char *text, const struct net_names *names,
			struct net_neighbour *out, bool *has_mac,
			struct err *err)
{
	struct net_prefix p = { 0 };
	struct words w;
	int res = begin(&w, text, names, err);

	*out = (struct net_neighbour){ 0 };
	*has_mac = false;
	if (!res)
		res = net_parse_prefix(w.word, &p, err);
	if (!res && p.len != net_bits(p.family))
		res = err_fail(err, -EINVAL, "'%.64s' is no address", w.word);
	out->family = p.family;
	out->address = p.address;
	while (!res && next(&w)) {
		if (strcmp(w.word, "dev") == 0) {
			res = device(&w, "dev", &out->ifindex);
		} else if (strcmp(w.word, "lladdr") == 0) {
			res = lladdr(&w, out->mac);
			*has_mac = true;
		} else {
			res = stranger(&w, "lladdr dev");
		}
	}
	if (!res && !out->ifindex)
		res = err_fail(err, -EINVAL,
			       "a neighbour is at a port: dev NAME");
	return res;
}

int net_parse_address(const char *text, const struct net_names *names,
		      struct net_address_text *out, struct err *err)
{
	struct words w;
	int res = begin(&w, text, names, err);

	*out = (struct net_address_text){ 0 };
	if (!res)
		res = net_parse_prefix(w.word, &out->prefix, err);
	while (!res && next(&w))
		res = strcmp(w.word, "dev") == 0
			      ? device(&w, "dev", &out->ifindex)
			      : stranger(&w, "dev");
	if (!res && !out->ifindex)
		res = err_fail(err, -EINVAL,
			       "an address is of a port: dev NAME");
	return res;
}

/* ---- sockets ---- */

/* An address, of the family that is known or makes it known, and a port. */
static int end_of_socket(struct words *w, struct net_socket_attr *out,
			 struct net_end *end)
{
	struct net_prefix p;
	u32 port;
	int res = address(w, "at", &p);

	if (!res && out->family && p.family != out->family)
		return err_fail(w->err, -EINVAL,
				"both ends are of one family, '%.64s' is not",
				w->word);
	if (!res)
		res = number(w, "port", UINT16_MAX, &port);
	if (res)
		return res;
	out->family = p.family;
	end->address = p.address;
	end->port = (u16)port;
	return 0;
}

static int socket_word(struct words *w, struct net_socket_attr *out)
{
	if (strcmp(w->word, "from") == 0) {
		out->connected = true;
		return end_of_socket(w, out, &out->remote);
	}
	if (strcmp(w->word, "dev") == 0)
		return device(w, "dev", &out->ifindex);
	if (strcmp(w->word, "mark") == 0)
		return number(w, "mark", UINT32_MAX, &out->mark);
	if (strcmp(w->word, "priority") == 0)
		return number(w, "priority", UINT32_MAX, &out->priority);
	if (strcmp(w->word, "only-ipv6") == 0)
		out->only_ipv6 = true;
	else if (strcmp(w->word, "cookies") == 0)
		out->cookies = true;
	else
		return stranger(w, "from dev mark priority only-ipv6 cookies");
	return 0;
}

int net_parse_socket(const char *text, const struct net_names *names,
		     struct net_socket_attr *out, struct err *err)
{
	struct words w;
	int res = begin(&w, text, names, err);

	*out = (struct net_socket_attr){ 0 };
	if (res)
		return res;
	if (strcmp(w.word, "tcp") == 0)
		out->protocol = IPPROTO_TCP;
	else if (strcmp(w.word, "udp") == 0)
		out->protocol = IPPROTO_UDP;
	else
		return stranger(&w, "tcp udp");
	res = end_of_socket(&w, out, &out->local);
	while (!res && next(&w))
		res = socket_word(&w, out);
	return res;
}
