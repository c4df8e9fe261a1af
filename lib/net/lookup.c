/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lookup.c - the route of a flow
 *
 * As Linux's two families do it, which differ: IPv4 takes the most specific
 * prefix that has a route out of the device asked for; IPv6 takes the most
 * specific prefix and, of its best metric, the route that suits the device
 * best, be it none.  Errors of IPv4's types end a lookup, IPv6's types are
 * found like any other.
 */
#include <errno.h>

#include "maps/jhash.h"
#include "net/net_priv.h"

#define IPV4_MTU_MAX 65535
#define IPV6_MTU_MIN 1280

/* What Linux's lookups answer where they find a route of these types. */
static int type_error(u8 type)
{
	switch (type) {
	case RTN_BLACKHOLE: return -EINVAL;
	case RTN_UNREACHABLE: return -EHOSTUNREACH;
	case RTN_PROHIBIT: return -EACCES;
	case RTN_THROW: return -EAGAIN;
	default: return 0;
	}
}

static u32 flow_hash(const struct net_flow *flow)
{
	const struct {
		struct net_address from, to;
	} ends = { flow->from, flow->to };

	return jhash(&ends, sizeof(ends), 0);
}

/* The flow's share of the hops, each of which counts by its weight. */
static const struct net_hop *pick_hop(const struct net_route *r,
				      const struct net_flow *flow)
{
	u32 total = 0, at, i = 0;

	for (u32 k = 0; k < r->hop_cnt; k++)
		total += r->hops[k].weight;
	at = (u32)((u64)flow_hash(flow) * total >> 32);
	while (at >= r->hops[i].weight)
		at -= r->hops[i++].weight;
	return &r->hops[i];
}

static const struct net_hop *hop_out_of(const struct net_route *r, u32 ifindex)
{
	for (u32 i = 0; i < r->hop_cnt; i++)
		if (!ifindex || r->hops[i].ifindex == ifindex)
			return &r->hops[i];
	return NULL;
}

/* 1: none of these. */
static int ipv4_in_leaf(const struct leaf *leaf, const struct net_flow *flow,
			struct net_answer *answer)
{
	for (u32 i = 0; i < leaf->cnt; i++) {
		const struct net_route *r = &leaf->routes[i]->route;
		int res = type_error(r->type);

		if (r->tos && r->tos != flow->tos)
			continue;
		if (res)
			return res;
		answer->route = r;
		answer->hop = hop_out_of(r, flow->oif);
		if (!answer->hop)
			continue;
		if (!flow->oif)
			answer->hop = pick_hop(r, flow);
		return 0;
	}
	return 1;
}

static int ipv6_in_leaf(const struct leaf *leaf, const struct net_flow *flow,
			struct net_answer *answer)
{
	const struct net_route *r = &leaf->routes[0]->route;

	if (r->type == RTN_THROW)
		return -EAGAIN;
	answer->route = r;
	answer->hop = NULL;
	if (!r->hop_cnt)
		return 0;
	answer->hop = flow->oif ? hop_out_of(r, flow->oif) : pick_hop(r, flow);
	if (!answer->hop)
		answer->hop = r->hops;
	return 0;
}

static int in_leaf(const struct leaf *leaf, const struct net_flow *flow,
		   struct net_answer *answer)
{
	return flow->family == AF_INET ? ipv4_in_leaf(leaf, flow, answer)
				       : ipv6_in_leaf(leaf, flow, answer);
}

/* with: another table whose routes count as this one's, behind its own of the
 * same prefix; NULL: none. */
static int in_tables(const struct table *table, const struct table *with,
		     const struct net_flow *flow, struct net_answer *answer)
{
	u32 len = net_bits(flow->family) + 1u;

	while (len--) {
		const struct leaf *leaf[2] = {
			net_find_leaf(table, flow->family, &flow->to, len),
			with ? net_find_leaf(with, flow->family, &flow->to, len)
			     : NULL,
		};
		u32 best = 0;

		for (u32 i = 0; i < 2; i++)
			best = MAX(best, leaf[i] ? leaf[i]->prefixlen + 1 : 0);
		for (u32 i = 0; i < 2; i++) {
			int res = 1;

			if (leaf[i] && leaf[i]->prefixlen + 1 == best)
				res = in_leaf(leaf[i], flow, answer);
			if (res <= 0)
				return res;
		}
		if (!best)
			break;
		len = best - 1;
	}
	return -EAGAIN;
}

static int in_table(const struct net *net, u32 id, const struct net_flow *flow,
		    struct net_answer *answer)
{
	const struct table *table = net_find_table(net, id), *with = NULL;

	if (flow->family == AF_INET && !load_acquire(&net->apart) &&
	    (id == RT_TABLE_LOCAL || id == RT_TABLE_MAIN)) {
		table = net_find_table(net, RT_TABLE_LOCAL);
		with = net_find_table(net, RT_TABLE_MAIN);
	}
	if (!table) {
		table = with;
		with = NULL;
	}
	return table ? in_tables(table, with, flow, answer) : -EAGAIN;
}

static bool applies(const struct net_rule *rule, const struct net_flow *flow)
{
	return (!rule->iif || rule->iif == flow->iif) &&
	       (!rule->oif || rule->oif == flow->oif) &&
	       !((rule->mark ^ flow->mark) & rule->mask) &&
	       net_same_bits(rule->from.address.byte, flow->from.byte,
			     rule->from.len) &&
	       net_same_bits(rule->to.address.byte, flow->to.byte,
			     rule->to.len) &&
	       (!rule->tos || rule->tos == flow->tos);
}

static int by_rules(const struct net *net, const struct net_flow *flow,
		    struct net_answer *answer)
{
	const struct rules *rules =
		load_acquire(&net->rules[family_index(flow->family)]);

	for (u32 i = 0; i < rules->cnt; i++) {
		int res = -EAGAIN;

		if (applies(&rules->at[i], flow))
			res = in_table(net, rules->at[i].table, flow, answer);
		if (res != -EAGAIN)
			return res;
	}
	return -ENETUNREACH;
}

int net_lookup(const struct net *net, const struct net_flow *flow, u32 table,
	       struct net_answer *answer)
{
	int res;

	if (!net)
		return -ENETUNREACH;
	if (table == NET_BY_RULES)
		return by_rules(net, flow, answer);
	res = in_table(net, table, flow, answer);
	return res == -EAGAIN ? -ENETUNREACH : res;
}

u32 net_mtu(const struct net *net, const struct net_answer *answer)
{
	const struct net_device *dev;

	if (answer->route->mtu)
		return answer->route->mtu;
	dev = net_device(net, answer->hop->ifindex);
	if (answer->route->to.family == AF_INET)
		return MIN(dev->mtu, (u32)IPV4_MTU_MAX);
	return MAX(dev->mtu, (u32)IPV6_MTU_MIN);
}
