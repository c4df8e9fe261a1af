/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * next_hop.c - a packet's link addresses for its next hop (bpf_redirect_neigh)
 *
 * As Linux's __bpf_redirect_neigh(), but that who is not known is not asked
 * for.
 */
#include "lcore/next_hop.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <string.h>

#include "net/net.h"

#define TOS_BITS 0x1c

static bool ipv4_flow(const u8 *ip, const u8 *end, struct net_flow *flow)
{
	struct iphdr h;

	if (end - ip < (s64)sizeof(h))
		return false;
	memcpy(&h, ip, sizeof(h));
	flow->family = AF_INET;
	flow->tos = h.tos & TOS_BITS;
	memcpy(&flow->to, &h.daddr, sizeof(h.daddr));
	memcpy(&flow->from, &h.saddr, sizeof(h.saddr));
	return true;
}

static bool ipv6_flow(const u8 *ip, const u8 *end, struct net_flow *flow)
{
	struct ipv6hdr h;

	if (end - ip < (s64)sizeof(h))
		return false;
	memcpy(&h, ip, sizeof(h));
	flow->family = AF_INET6;
	flow->tos = (u8)(h.priority << 4 | (h.flow_lbl[0] >> 4)) & 0xfc;
	memcpy(&flow->to, &h.daddr, sizeof(h.daddr));
	memcpy(&flow->from, &h.saddr, sizeof(h.saddr));
	return true;
}

static void set_next(struct redirect_next *next, u16 family,
		     const struct net_address *address)
{
	next->family = family;
	memcpy(next->address, address, sizeof(next->address));
}

static bool is_group(const u8 *a)
{
	static const u8 all[4] = { 255, 255, 255, 255 };

	return a[0] >> 4 == 0xe || memcmp(a, all, sizeof(all)) == 0;
}

/* IPv4 that Linux finds no way for. */
static bool is_nowhere(const struct net_flow *flow)
{
	static const u8 unset[4];
	const u8 *from = flow->from.byte;

	return is_group(flow->to.byte) || is_group(from) ||
	       (from[0] == 0 && memcmp(from, unset, sizeof(unset)) != 0);
}

/* By the routes out of the port; false: there is none. */
static bool route_next(const struct net *net, const struct net_flow *flow,
		       struct redirect_next *next, bool *local)
{
	bool ipv4 = flow->family == AF_INET;
	struct net_answer a;
	int res;

	if (ipv4 && is_nowhere(flow))
		return false;
	res = net_lookup(net, flow, NET_BY_RULES, &a);
	set_next(next, flow->family, &flow->to);
	/* IPv4 takes what no route leads to for a neighbour */
	if (res)
		return ipv4;
	if (a.route->type != RTN_UNICAST && a.route->type != RTN_LOCAL)
		return false;
	*local = a.route->type == RTN_LOCAL;
	if (a.hop->family)
		set_next(next, a.hop->family, &a.hop->gateway);
	return true;
}

/* Which family the address given may be of. */
static bool given_fits(u16 packet, u32 given)
{
	return given == AF_INET6 || (packet == AF_INET && given == AF_INET);
}

static void set_link(struct pkt *p, const u8 *to, const u8 *from)
{
	memcpy(p->data, to, ETH_ALEN);
	memcpy(p->data + ETH_ALEN, from, ETH_ALEN);
	memcpy(p->data + 2 * ETH_ALEN, &p->protocol, sizeof(p->protocol));
	p->mac_header = 0;
	p->network_header = ETH_HLEN;
}

int next_hop_set(const struct net *net, struct pkt *p, u32 ifindex,
		 const struct redirect_next *given)
{
	struct redirect_next next =
		given ? *given : (struct redirect_next){ 0 };
	struct net_flow flow = { .iif = 1, .oif = ifindex, .mark = p->mark };
	const u8 *ip = p->data + ETH_HLEN, *mac;
	const struct net_device *dev = net_device(net, ifindex);
	static const u8 loopback[ETH_ALEN];
	bool ok = false, local = false;
	struct net_address address;

	if (!dev || p->mac_header >= p->network_header ||
	    p->data_end - p->data < ETH_HLEN || p->data[0] & 1)
		return DROP_REDIRECT;
	if (p->protocol == htons(ETH_P_IP))
		ok = ipv4_flow(ip, p->data_end, &flow);
	else if (p->protocol == htons(ETH_P_IPV6))
		ok = ipv6_flow(ip, p->data_end, &flow);
	if (!ok)
		return DROP_REDIRECT;
	if (given ? !given_fits(flow.family, next.family)
		  : !route_next(net, &flow, &next, &local))
		return DROP_NO_ROUTE;
	if (local) { /* Linux asks its loopback device, and sends it even so */
		set_link(p, loopback, loopback);
		return 0;
	}
	memset(&address, 0, sizeof(address));
	memcpy(&address, next.address, net_bytes((u16)next.family));
	mac = net_find_neighbour(net, ifindex, (u16)next.family, &address);
	if (!mac)
		return DROP_NO_NEIGHBOUR;
	set_link(p, mac, dev->mac);
	return 0;
}
