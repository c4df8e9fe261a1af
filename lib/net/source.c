/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * source.c - the address that packets come from which start here
 *
 * IPv4: the route's, or the first of the device that is in the gateway's
 * network, or the first.  IPv6: the best of all devices' by RFC 6724, as far as
 * addresses here differ: by destination, device, label and common prefix.
 */
#include "net/net_priv.h"

static bool in_network(const struct net_prefix *p,
		       const struct net_address *address)
{
	return net_same_bits(p->address.byte, address->byte, p->len);
}

/* to: NULL, the first will do. */
static const struct net_prefix *first_ipv4(const struct device *d,
					   const struct net_address *to)
{
	const struct net_prefix *first = NULL;

	for (u32 i = 0; d && i < d->address_cnt; i++) {
		const struct net_prefix *p = &d->addresses[i];

		if (p->family != AF_INET || net_is_secondary(d, i))
			continue;
		if (!to || in_network(p, to))
			return p;
		if (!first)
			first = p;
	}
	return first;
}

static bool ipv4_source(const struct net *net, const struct net_hop *hop,
			struct net_address *source)
{
	const struct net_prefix *p =
		first_ipv4(net_find_device(net, hop->ifindex),
			   hop->family == AF_INET ? &hop->gateway : NULL);

	for (u32 i = 1; !p && i <= NET_IFINDEX_MAX; i++)
		p = first_ipv4(net_find_device(net, i), NULL);
	/* Linux's lookup cannot fail: none is 0.0.0.0 */
	*source = p ? p->address : (struct net_address){ 0 };
	return true;
}

/* RFC 6724, 2.1, the longest prefix first; labels are what RFC says but for the
 * numbers that Linux adds. */
static const struct {
	u8 prefix[NET_ADDRESS_BYTES];
	u8 len;
	u8 label;
} labels[] = {
	{ { [15] = 1 }, 128, 0 },
	{ { [10] = 0xff, 0xff }, 96, 4 },
	{ { 0 }, 96, 3 },
	{ { 0x20, 0x01 }, 32, 6 },
	{ { 0x20, 0x01, 0, 0x10 }, 28, 7 },
	{ { 0x20, 0x02 }, 16, 2 },
	{ { 0x3f, 0xfe }, 16, 12 },
	{ { 0xfe, 0xc0 }, 10, 11 },
	{ { 0xfc }, 7, 5 },
	{ { 0 }, 0, 1 },
};

static u8 label_of(const struct net_address *a)
{
	u32 i = 0;

	while (!net_same_bits(labels[i].prefix, a->byte, labels[i].len))
		i++;
	return labels[i].label;
}

static u32 common_bits(const struct net_address *a, const struct net_address *b)
{
	u32 i = 0;

	while (i < 128 && net_same_bits(a->byte, b->byte, i + 1))
		i++;
	return i;
}

static bool is_link_local(const struct net_address *a)
{
	return a->byte[0] == 0xfe && (a->byte[1] & 0xc0) == 0x80;
}

/* How well an address suits: what counts more is higher. */
static u32 suits(const struct net_prefix *p, bool on_device,
		 const struct net_address *to)
{
	const struct net_address *a = &p->address;
	bool same = memcmp(a, to, sizeof(*a)) == 0;
	u32 common = MIN(common_bits(a, to), p->len);

	return 1u + ((u32)same << 24) + ((u32)!is_link_local(a) << 20) +
	       ((u32)on_device << 16) +
	       ((u32)(label_of(a) == label_of(to)) << 12) + common;
}

static bool ipv6_source(const struct net *net, const struct net_flow *flow,
			const struct net_hop *hop, struct net_address *source)
{
	u32 best = 0;

	for (u32 i = 1; i <= NET_IFINDEX_MAX; i++) {
		const struct device *d = net_find_device(net, i);

		for (u32 k = 0; d && k < d->address_cnt; k++) {
			const struct net_prefix *p = &d->addresses[k];
			u32 how =
				p->family == AF_INET6
					? suits(p, i == hop->ifindex, &flow->to)
					: 0;

			if (how <= best)
				continue;
			best = how;
			*source = p->address;
		}
	}
	return best;
}

bool net_source(const struct net *net, const struct net_flow *flow,
		const struct net_answer *answer, struct net_address *source)
{
	if (answer->route->has_source) {
		*source = answer->route->source;
		return true;
	}
	if (flow->family == AF_INET)
		return ipv4_source(net, answer->hop, source);
	return ipv6_source(net, flow, answer->hop, source);
}
