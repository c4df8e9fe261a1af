/* SPDX-License-Identifier: BSD-3-Clause */
/* mirror_parse.c - rtnetlink's messages, and what they say done to a net */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/lwtunnel.h>
#include <linux/neighbour.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "net/mirror_priv.h"

#define ATTRS 64 /* more than any of these messages has */
#define VALID (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | \
	       NUD_STALE | NUD_DELAY) /* Linux's NUD_VALID */

struct attrs {
	const struct nlattr *at[ATTRS];
};

static int take_attr(const struct nlattr *attr, void *arg)
{
	struct attrs *a = arg;

	if (mnl_attr_get_type(attr) < ATTRS)
		a->at[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

static struct attrs attrs_of(const struct nlmsghdr *head, size_t body)
{
	struct attrs a = { 0 };

	mnl_attr_parse(head, (unsigned)body, take_attr, &a);
	return a;
}

static u32 number(const struct attrs *a, u32 type, u32 otherwise)
{
	const struct nlattr *attr = a->at[type];

	return attr && mnl_attr_get_payload_len(attr) >= sizeof(u32)
		       ? mnl_attr_get_u32(attr)
		       : otherwise;
}

/* False: none of that family. */
static bool address_of(const struct nlattr *attr, u16 family,
		       struct net_address *out)
{
	*out = (struct net_address){ 0 };
	if (!attr || mnl_attr_get_payload_len(attr) < net_bytes(family))
		return false;
	memcpy(out, mnl_attr_get_payload(attr), net_bytes(family));
	return true;
}

static bool known_family(u8 family)
{
	return family == AF_INET || family == AF_INET6;
}

/* Said once: there may be as many as there are routes. */
static int leave_out(struct net_mirror *m, const char *why)
{
	if (!m->told)
		log_warn("mirror: not all of the host's network is here: %s",
			 why);
	m->told = true;
	return MNL_CB_OK;
}

/* ---- links ---- */

/* Here of a device there, or 0. */
static u32 here(const struct net_mirror *m, u32 there)
{
	for (u32 i = 0; there && i < m->device_cnt; i++)
		if (m->devices[i].there == there)
			return m->devices[i].device.ifindex;
	return 0;
}

static struct mirrored_device *named(const struct net_mirror *m,
				     const struct nlattr *name)
{
	for (u32 i = 0; name && i < m->device_cnt; i++)
		if (strcmp(m->devices[i].device.host,
			   mnl_attr_get_str(name)) == 0)
			return &m->devices[i];
	return NULL;
}

int net_mirror_link(const struct nlmsghdr *head, void *arg)
{
	const struct ifinfomsg *body = mnl_nlmsg_get_payload(head);
	struct attrs a = attrs_of(head, sizeof(*body));
	struct net_mirror *m = arg;
	struct mirrored_device *d = named(m, a.at[IFLA_IFNAME]);

	if (d) {
		d->there = (u32)body->ifi_index;
		d->round = m->round;
	}
	return MNL_CB_OK;
}

void net_mirror_sweep_links(struct net_mirror *m)
{
	for (u32 i = 0; i < m->device_cnt; i++)
		if (m->devices[i].round != m->round)
			m->devices[i].there = 0;
}

bool net_mirror_link_changed(const struct net_mirror *m,
			     const struct nlmsghdr *head)
{
	const struct ifinfomsg *body = mnl_nlmsg_get_payload(head);
	struct attrs a = attrs_of(head, sizeof(*body));
	const struct mirrored_device *d = named(m, a.at[IFLA_IFNAME]);
	u32 there = (u32)body->ifi_index;

	if (head->nlmsg_type == RTM_DELLINK)
		return true;
	if (body->ifi_change & IFF_UP)
		return true;
	/* renamed, too */
	return d ? d->there != there : here(m, there);
}

/* ---- addresses ---- */

static bool same_address(const struct mirrored_address *a, u32 ifindex,
			 const struct net_prefix *p)
{
	return a->ifindex == ifindex && a->prefix.family == p->family &&
	       a->prefix.len == p->len &&
	       memcmp(&a->prefix.address, &p->address, sizeof(p->address)) == 0;
}

int net_mirror_address(const struct nlmsghdr *head, void *arg)
{
	const struct ifaddrmsg *body = mnl_nlmsg_get_payload(head);
	struct attrs a = attrs_of(head, sizeof(*body));
	struct net_mirror *m = arg;
	u32 ifindex = here(m, body->ifa_index);
	struct net_prefix p = { .family = body->ifa_family,
				.len = body->ifa_prefixlen };
	struct mirrored_address *mine;
	struct err err = { 0 };
	int res;

	if (!ifindex || !known_family(body->ifa_family) ||
	    !address_of(a.at[IFA_LOCAL] ? a.at[IFA_LOCAL] : a.at[IFA_ADDRESS],
			p.family, &p.address))
		return MNL_CB_OK;
	vec_each(mine, &m->addresses)
		if (same_address(mine, ifindex, &p)) {
			mine->round = m->round;
			return MNL_CB_OK;
		}
	/* one that somebody else has put there stays theirs */
	res = net_put_address(m->net, ifindex, &p, &err);
	if (res)
		return res == -EEXIST ? MNL_CB_OK : leave_out(m, err.reason);
	mine = vec_add(&m->addresses);
	if (!mine) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	*mine = (struct mirrored_address){ ifindex, p, m->round };
	return MNL_CB_OK;
}

void net_mirror_sweep_addresses(struct net_mirror *m)
{
	u32 kept = 0;

	for (u32 i = 0; i < m->addresses.len; i++) {
		struct mirrored_address *a = &m->addresses.items[i];

		if (a->round == m->round)
			m->addresses.items[kept++] = *a;
		else
			net_del_address(m->net, a->ifindex, &a->prefix, NULL);
	}
	m->addresses.len = kept;
}

/* ---- rules ---- */

static bool same_rule(const struct net_rule *a, const struct net_rule *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static int keep_rule(struct net_mirror *m, const struct net_rule *rule)
{
	struct mirrored_rule *mine = vec_add(&m->rules);

	if (!mine) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	memcpy(&mine->rule, rule, sizeof(*rule));
	mine->round = m->round;
	return MNL_CB_OK;
}

void net_mirror_own_rule(void *arg, const struct net_rule *rule)
{
	keep_rule(arg, rule);
}

/* What a rule may have besides, and Weir's rules have not. */
static bool rule_has_more(const struct fib_rule_hdr *body,
			  const struct attrs *a)
{
	static const u8 more[] = {
		FRA_GOTO,	   FRA_FLOW,	      FRA_TUN_ID,
		FRA_L3MDEV,	   FRA_UID_RANGE,     FRA_IP_PROTO,
		FRA_SPORT_RANGE,   FRA_DPORT_RANGE,
	};

	if (body->action != FR_ACT_TO_TBL || body->flags & FIB_RULE_INVERT)
		return true;
	for (u32 i = 0; i < ARRAY_LEN(more); i++)
		if (a->at[more[i]])
			return true;
	return number(a, FRA_SUPPRESS_PREFIXLEN, UINT32_MAX) != UINT32_MAX ||
	       number(a, FRA_SUPPRESS_IFGROUP, UINT32_MAX) != UINT32_MAX;
}

/* False: of a device that nothing stands for, so it never matches. */
static bool rule_device(const struct net_mirror *m, const struct nlattr *name,
			u32 *ifindex)
{
	const struct mirrored_device *d = named(m, name);

	if (d)
		*ifindex = d->device.ifindex;
	return d || !name;
}

static void take_prefix(const struct nlattr *attr, u16 family, u8 len,
			struct net_prefix *out)
{
	if (!address_of(attr, family, &out->address))
		return;
	out->family = family;
	out->len = len;
}

int net_mirror_rule(const struct nlmsghdr *head, void *arg)
{
	const struct fib_rule_hdr *body = mnl_nlmsg_get_payload(head);
	struct attrs a = attrs_of(head, sizeof(*body));
	struct net_mirror *m = arg;
	struct mirrored_rule *mine;
	struct err err = { 0 };
	struct net_rule r;
	int res;

	memset(&r, 0, sizeof(r)); /* compared as bytes */
	if (!known_family(body->family) ||
	    !rule_device(m, a.at[FRA_IIFNAME], &r.iif) ||
	    !rule_device(m, a.at[FRA_OIFNAME], &r.oif))
		return MNL_CB_OK;
	if (rule_has_more(body, &a))
		return leave_out(m, "a rule is of a kind that Weir has not");
	r.family = body->family;
	r.priority = number(&a, FRA_PRIORITY, 0);
	r.table = number(&a, FRA_TABLE, body->table);
	r.mark = number(&a, FRA_FWMARK, 0);
	r.mask = number(&a, FRA_FWMASK, 0);
	r.tos = body->tos;
	take_prefix(a.at[FRA_SRC], r.family, body->src_len, &r.from);
	take_prefix(a.at[FRA_DST], r.family, body->dst_len, &r.to);
	vec_each(mine, &m->rules)
		if (same_rule(&mine->rule, &r)) {
			mine->round = m->round;
			return MNL_CB_OK;
		}
	res = net_add_rule(m->net, &r, &err);
	if (!res)
		return keep_rule(m, &r);
	return res == -EEXIST ? MNL_CB_OK : leave_out(m, err.reason);
}

void net_mirror_sweep_rules(struct net_mirror *m)
{
	u32 kept = 0;

	for (u32 i = 0; i < m->rules.len; i++) {
		struct mirrored_rule *r = &m->rules.items[i];

		if (r->round == m->round)
			memmove(&m->rules.items[kept++], r, sizeof(*r));
		else
			net_del_rule(m->net, &r->rule, NULL);
	}
	m->rules.len = kept;
}

/* ---- routes ---- */

struct parsed_route {
	struct net_route route;
	struct net_hop hops[NET_HOPS_MAX];
	bool whole; /* nothing in it that Weir has not */
	bool elsewhere; /* a way of it is out of no device of ours */
};

/* The way by a device and, maybe, a gateway. */
static void add_hop(const struct net_mirror *m, struct parsed_route *p,
		    u32 there, u32 weight, const struct attrs *a)
{
	u16 family = p->route.to.family;
	struct net_hop hop = { .ifindex = here(m, there), .weight = weight };
	const struct rtvia *via;

	if (a->at[RTA_ENCAP_TYPE])
		p->whole = false;
	if (a->at[RTA_GATEWAY] &&
	    address_of(a->at[RTA_GATEWAY], family, &hop.gateway))
		hop.family = family;
	if (a->at[RTA_VIA]) {
		via = mnl_attr_get_payload(a->at[RTA_VIA]);
		if (via->rtvia_family != AF_INET6 ||
		    mnl_attr_get_payload_len(a->at[RTA_VIA]) <
			    sizeof(*via) + NET_ADDRESS_BYTES) {
			p->whole = false;
			return;
		}
		hop.family = AF_INET6;
		memcpy(&hop.gateway, via->rtvia_addr, NET_ADDRESS_BYTES);
	}
	if (!hop.ifindex)
		p->elsewhere = true;
	else if (p->route.hop_cnt == NET_HOPS_MAX)
		p->whole = false;
	else
		p->hops[p->route.hop_cnt++] = hop;
}

static void add_hops(const struct net_mirror *m, struct parsed_route *p,
		     const struct nlattr *multipath)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(multipath);
	int left = (int)mnl_attr_get_payload_len(multipath);

	for (; RTNH_OK(hop, left);
	     left -= RTNH_ALIGN(hop->rtnh_len), hop = RTNH_NEXT(hop)) {
		struct attrs a = { 0 };

		mnl_attr_parse_payload(RTNH_DATA(hop),
				       hop->rtnh_len - sizeof(*hop), take_attr,
				       &a);
		if (!(hop->rtnh_flags & RTNH_F_DEAD))
			add_hop(m, p, (u32)hop->rtnh_ifindex,
				hop->rtnh_hops + 1u, &a);
	}
}

static void take_metrics(struct net_route *r, const struct nlattr *metrics)
{
	struct attrs a = { 0 };

	mnl_attr_parse_nested(metrics, take_attr, &a);
	if (number(&a, RTAX_LOCK, 0) & 1u << RTAX_MTU)
		r->mtu = number(&a, RTAX_MTU, 0);
}

/* M1 */
static void stay_here(const struct net_mirror *m, struct parsed_route *p)
{
	struct net_route *r = &p->route;

	if (r->type >= RTN_BLACKHOLE) {
		r->hop_cnt = 0; /* IPv6 names the loopback device */
	} else if (r->type != RTN_UNICAST && !r->hop_cnt) {
		p->hops[0] = (struct net_hop){
			.ifindex = m->devices[0].device.ifindex,
			.weight = 1,
		};
		r->hop_cnt = 1;
	} else if (!r->hop_cnt) {
		r->type = RTN_UNREACHABLE;
		r->has_source = false;
	}
}

/* False: a message that is about no route. */
static bool parse_route(const struct net_mirror *m, const struct nlmsghdr *head,
			struct parsed_route *p)
{
	const struct rtmsg *body = mnl_nlmsg_get_payload(head);
	struct attrs a = attrs_of(head, sizeof(*body));
	struct net_route *r = &p->route;

	if (!known_family(body->rtm_family) || body->rtm_flags & RTM_F_CLONED ||
	    !net_route_type_name(body->rtm_type))
		return false;
	*p = (struct parsed_route){ .whole = !body->rtm_src_len };
	r->table = number(&a, RTA_TABLE, body->rtm_table);
	r->to.family = body->rtm_family;
	r->to.len = body->rtm_dst_len;
	address_of(a.at[RTA_DST], r->to.family, &r->to.address);
	r->type = body->rtm_type;
	r->tos = body->rtm_tos;
	r->scope = body->rtm_scope;
	r->metric = number(&a, RTA_PRIORITY, 0);
	r->has_source = address_of(a.at[RTA_PREFSRC], r->to.family, &r->source);
	r->origin = m->round;
	r->hops = p->hops;
	if (a.at[RTA_METRICS])
		take_metrics(r, a.at[RTA_METRICS]);
	if (a.at[RTA_MULTIPATH])
		add_hops(m, p, a.at[RTA_MULTIPATH]);
	else
		add_hop(m, p, number(&a, RTA_OIF, 0), 1, &a);
	stay_here(m, p);
	return true;
}

int net_mirror_route(const struct nlmsghdr *head, void *arg)
{
	struct net_mirror *m = arg;
	struct err err = { 0 };
	struct parsed_route p;

	if (!parse_route(m, head, &p))
		return MNL_CB_OK;
	if (!p.whole)
		return leave_out(m, "a route is of a kind that Weir has not");
	if (head->nlmsg_type == RTM_NEWROUTE)
		return net_add_route(m->net, &p.route, NET_REPLACE, &err)
			       ? leave_out(m, err.reason)
			       : MNL_CB_OK;
	/* IPv6 tells of one way of several as of a route. */
	if (p.route.to.family == AF_INET6 && p.route.hop_cnt == 1 &&
	    net_count_hops(m->net, &p.route) > 1)
		m->wanted |= MIRROR_ROUTES;
	else
		net_del_route(m->net, &p.route, NULL);
	return MNL_CB_OK;
}

struct stale_routes {
	u32 round;
	VEC(struct net_route) routes;
	VEC(struct net_hop) hops; /* the first of each, if it has any */
};

static void find_stale_route(void *arg, const struct net_route *route)
{
	struct stale_routes *s = arg;
	struct net_route *copy;
	struct net_hop *hop;

	if (!route->origin || route->origin == s->round)
		return;
	copy = vec_add(&s->routes);
	hop = copy ? vec_add(&s->hops) : NULL;
	if (!hop)
		return; /* it stays until there is memory */
	*copy = *route;
	if (route->hop_cnt) {
		*hop = route->hops[0];
		copy->hop_cnt = 1;
	}
}

void net_mirror_sweep_routes(struct net_mirror *m)
{
	struct stale_routes s = { .round = m->round };

	net_each_route(m->net, find_stale_route, &s);
	for (u32 i = 0; i < s.hops.len; i++) {
		s.routes.items[i].hops = &s.hops.items[i];
		net_del_route(m->net, &s.routes.items[i], NULL);
	}
	vec_free(&s.routes);
	vec_free(&s.hops);
}

/* ---- neighbours ---- */

int net_mirror_neighbour(const struct nlmsghdr *head, void *arg)
{
	const struct ndmsg *body = mnl_nlmsg_get_payload(head);
	struct attrs a = attrs_of(head, sizeof(*body));
	const struct nlattr *mac = a.at[NDA_LLADDR];
	struct net_mirror *m = arg;
	struct net_neighbour n = { .ifindex = here(m, (u32)body->ndm_ifindex),
				   .family = body->ndm_family,
				   .origin = m->round };
	struct err err = { 0 };

	if (!n.ifindex || !known_family(body->ndm_family) ||
	    body->ndm_flags & NTF_PROXY ||
	    !address_of(a.at[NDA_DST], n.family, &n.address))
		return MNL_CB_OK;
	if (head->nlmsg_type == RTM_NEWNEIGH && body->ndm_state & VALID && mac &&
	    mnl_attr_get_payload_len(mac) == sizeof(n.mac)) {
		memcpy(n.mac, mnl_attr_get_payload(mac), sizeof(n.mac));
		if (net_set_neighbour(m->net, &n, &err))
			return leave_out(m, err.reason);
	} else {
		net_del_neighbour(m->net, n.ifindex, n.family, &n.address,
				  NULL);
	}
	return MNL_CB_OK;
}

struct stale_neighbours {
	u32 round;
	VEC(struct net_neighbour) all;
};

static void find_stale_neighbour(void *arg, const struct net_neighbour *n)
{
	struct stale_neighbours *s = arg;
	struct net_neighbour *copy;

	if (!n->origin || n->origin == s->round)
		return;
	copy = vec_add(&s->all);
	if (copy)
		*copy = *n;
}

void net_mirror_sweep_neighbours(struct net_mirror *m)
{
	struct stale_neighbours s = { .round = m->round };
	struct net_neighbour *n;

	net_each_neighbour(m->net, find_stale_neighbour, &s);
	vec_each(n, &s.all)
		net_del_neighbour(m->net, n->ifindex, n->family, &n->address,
				  NULL);
	vec_free(&s.all);
}
