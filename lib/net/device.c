/* SPDX-License-Identifier: BSD-3-Clause */
/* device.c - devices, their addresses, and the routes that come with these */
#include <errno.h>
#include <stdlib.h>

#include "net/net_priv.h"

/* What BPF_PROG_TEST_RUN's packets come on. */
static const struct net_device loopback = { .ifindex = 1, .mtu = 65536 };

/* IPv6's metric of routes that come with addresses */
#define ADDRESS_METRIC 256

struct device *net_find_device(const struct net *net, u32 ifindex)
{
	return ifindex <= NET_IFINDEX_MAX ? load_acquire(&net->devices[ifindex])
					  : NULL;
}

const struct net_device *net_device(const struct net *net, u32 ifindex)
{
	const struct device *d;

	if (!net)
		return ifindex == loopback.ifindex ? &loopback : NULL;
	d = net_find_device(net, ifindex);
	return d ? &d->device : NULL;
}

static void free_device(struct rcu_head *head)
{
	free(container_of(head, struct device, head));
}

static void publish(struct net *net, struct device *new)
{
	u32 ifindex = new->device.ifindex;
	struct device *old = net_find_device(net, ifindex);

	store_release(&net->devices[ifindex], new);
	if (old)
		rcu_defer(net->rcu, &old->head, free_device);
}

/* With room for so many addresses, the first of them from `from`. */
static struct device *copy_device(const struct device *from, u32 cnt)
{
	struct device *d =
		calloc(1, sizeof(*d) + cnt * sizeof(d->addresses[0]));

	if (!d || !from)
		return d;
	d->device = from->device;
	d->address_cnt = MIN(cnt, from->address_cnt);
	d->bare = from->bare;
	memcpy(d->addresses, from->addresses,
	       d->address_cnt * sizeof(d->addresses[0]));
	return d;
}

int net_set_device(struct net *net, const struct net_device *device,
		   struct err *err)
{
	struct device *old, *new;
	int res = 0;

	if (!device->ifindex || device->ifindex > NET_IFINDEX_MAX)
		return err_fail(err, -EINVAL,
				"devices have numbers from 1 to %u, not %u",
				NET_IFINDEX_MAX, device->ifindex);
	pthread_mutex_lock(&net->lock);
	old = net_find_device(net, device->ifindex);
	new = copy_device(old, old ? old->address_cnt : 0);
	if (new) {
		new->device = *device;
		publish(net, new);
	} else {
		res = net_no_memory(err);
	}
	pthread_mutex_unlock(&net->lock);
	return res;
}

/* ---- addresses ---- */

static bool same_network(const struct net_prefix *a, const struct net_prefix *b)
{
	return a->family == b->family && a->len == b->len &&
	       net_same_bits(a->address.byte, b->address.byte, a->len);
}

bool net_is_secondary(const struct device *device, u32 i)
{
	if (device->addresses[i].family != AF_INET)
		return false;
	for (u32 k = 0; k < i; k++)
		if (same_network(&device->addresses[k], &device->addresses[i]))
			return true;
	return false;
}

static s32 find_address(const struct device *d, const struct net_prefix *p)
{
	for (u32 i = 0; i < d->address_cnt; i++)
		if (d->addresses[i].family == p->family &&
		    d->addresses[i].len == p->len &&
		    memcmp(&d->addresses[i].address, &p->address,
			   sizeof(p->address)) == 0)
			return (s32)i;
	return -1;
}

static bool is_bare(const struct device *d, u32 i)
{
	return d->bare >> i & 1;
}

static void append_address(struct device *d, const struct net_prefix *p,
			   bool bare)
{
	d->addresses[d->address_cnt] = *p;
	d->bare &= ~(1ull << d->address_cnt);
	d->bare |= (u64)bare << d->address_cnt++;
}

/* What Linux has of an address, besides: at most so many routes. */
#define ADDRESS_ROUTES 3

struct address_routes {
	u32 cnt;
	struct net_hop hop;
	struct net_route route[ADDRESS_ROUTES];
};

static void add_to(struct address_routes *r, const struct net_route *route,
		   u32 len)
{
	struct net_route *to = &r->route[r->cnt++];

	*to = *route;
	to->to.len = (u8)len;
	to->hop_cnt = 1;
	to->hops = &r->hop;
}

/* 255.255.255.255's part of the network. */
static void fill_host(struct net_address *a, u32 len)
{
	for (u32 i = 0; i < 4; i++)
		if (i * 8 >= len)
			a->byte[i] = 0xff;
		else if (len - i * 8 < 8)
			a->byte[i] |= (u8)(0xff >> (len - i * 8));
}

static void ipv4_routes(struct address_routes *r, const struct net_prefix *p,
			bool secondary)
{
	struct net_route to = { .table = RT_TABLE_LOCAL,
				.to = *p,
				.type = RTN_LOCAL,
				.scope = RT_SCOPE_HOST,
				.has_source = true,
				.source = p->address };

	add_to(r, &to, 32);
	if (secondary || p->len == 32)
		return;
	to.scope = RT_SCOPE_LINK;
	if (p->len < 31) {
		struct net_route all = to;

		all.type = RTN_BROADCAST;
		fill_host(&all.to.address, p->len);
		add_to(r, &all, 32);
	}
	to.table = RT_TABLE_MAIN;
	to.type = RTN_UNICAST;
	net_cut_prefix(&to.to);
	add_to(r, &to, p->len);
}

static void ipv6_routes(struct address_routes *r, const struct net_prefix *p)
{
	struct net_route to = { .table = RT_TABLE_LOCAL,
				.to = *p,
				.type = RTN_LOCAL };

	add_to(r, &to, 128);
	if (p->len == 128)
		return;
	net_cut_prefix(&to.to);
	if (p->len < 127) {
		to.type = RTN_ANYCAST;
		add_to(r, &to, 128);
	}
	to.table = RT_TABLE_MAIN;
	to.type = RTN_UNICAST;
	to.metric = ADDRESS_METRIC;
	add_to(r, &to, p->len);
}

static void routes_of(struct address_routes *r, u32 ifindex,
		      const struct net_prefix *p, bool secondary)
{
	*r = (struct address_routes){ .hop = { .ifindex = ifindex,
					       .weight = 1 } };
	if (p->family == AF_INET)
		ipv4_routes(r, p, secondary);
	else
		ipv6_routes(r, p);
}

/* Others may have brought, or taken, the same already. */
static int add_routes(struct net *net, const struct address_routes *r,
		      struct err *err)
{
	for (u32 i = 0; i < r->cnt; i++) {
		struct err why = { 0 };
		int res = net_insert_route(net, &r->route[i], NET_ADD, &why);

		if (res == 0 || res == -EEXIST)
			continue;
		while (i--)
			net_remove_route(net, &r->route[i], NULL);
		if (err)
			*err = why;
		return res;
	}
	return 0;
}

static int add_address(struct net *net, u32 ifindex, const struct net_prefix *p,
		       bool bare, struct err *err)
{
	struct device *old = net_find_device(net, ifindex), *new;
	struct address_routes r;
	int res = 0;

	if (!old)
		return err_fail(err, -ENODEV, "there is no device %u", ifindex);
	if (find_address(old, p) >= 0)
		return err_fail(err, -EEXIST, "the address is there already");
	if (old->address_cnt == NET_ADDRESSES_MAX)
		return err_fail(err, -E2BIG,
				"a device has at most %u addresses",
				NET_ADDRESSES_MAX);
	new = copy_device(old, old->address_cnt + 1);
	if (!new)
		return net_no_memory(err);
	append_address(new, p, bare);
	if (!bare) {
		routes_of(&r, ifindex, p,
			  net_is_secondary(new, new->address_cnt - 1));
		res = add_routes(net, &r, err);
	}
	if (res)
		free(new);
	else
		publish(net, new);
	return res;
}

static int locked_add(struct net *net, u32 ifindex,
		      const struct net_prefix *prefix, bool bare,
		      struct err *err)
{
	int res = net_check_family(prefix->family, err);

	if (res)
		return res;
	pthread_mutex_lock(&net->lock);
	res = add_address(net, ifindex, prefix, bare, err);
	pthread_mutex_unlock(&net->lock);
	return res;
}

int net_add_address(struct net *net, u32 ifindex,
		    const struct net_prefix *prefix, struct err *err)
{
	return locked_add(net, ifindex, prefix, false, err);
}

int net_put_address(struct net *net, u32 ifindex,
		    const struct net_prefix *prefix, struct err *err)
{
	return locked_add(net, ifindex, prefix, true, err);
}

static void del_routes(struct net *net, const struct device *d, u32 i)
{
	struct address_routes r;

	routes_of(&r, d->device.ifindex, &d->addresses[i],
		  net_is_secondary(d, i));
	for (u32 k = 0; k < r.cnt; k++)
		net_remove_route(net, &r.route[k], NULL);
}

/* With an address go those that came to its network later; who put bare ones
 * there says of each that it goes. */
static bool goes_with(const struct device *d, u32 i, u32 at)
{
	if (i == at)
		return true;
	return !is_bare(d, at) && !is_bare(d, i) && !net_is_secondary(d, at) &&
	       net_is_secondary(d, i) &&
	       same_network(&d->addresses[i], &d->addresses[at]);
}

static int del_address(struct net *net, u32 ifindex, const struct net_prefix *p,
		       struct err *err)
{
	struct device *old = net_find_device(net, ifindex), *new;
	s32 at = old ? find_address(old, p) : -1;
	struct address_routes r;

	if (at < 0)
		return err_fail(err, -EADDRNOTAVAIL,
				"the device has no such address");
	new = copy_device(old, old->address_cnt);
	if (!new)
		return net_no_memory(err);
	new->address_cnt = 0;
	for (u32 i = 0; i < old->address_cnt; i++) {
		if (!goes_with(old, i, (u32)at))
			append_address(new, &old->addresses[i],
				       is_bare(old, i));
		else if (!is_bare(old, i))
			del_routes(net, old, i);
	}
	publish(net, new);
	/* what had some of these routes, too, has them again */
	for (u32 i = 0; i < new->address_cnt; i++) {
		if (is_bare(new, i))
			continue;
		routes_of(&r, ifindex, &new->addresses[i],
			  net_is_secondary(new, i));
		add_routes(net, &r, NULL);
	}
	return 0;
}

int net_del_address(struct net *net, u32 ifindex,
		    const struct net_prefix *prefix, struct err *err)
{
	int res;

	pthread_mutex_lock(&net->lock);
	res = del_address(net, ifindex, prefix, err);
	pthread_mutex_unlock(&net->lock);
	return res;
}

void net_each_address(struct net *net, net_address_fn *fn, void *arg)
{
	pthread_mutex_lock(&net->lock);
	for (u32 i = 1; i <= NET_IFINDEX_MAX; i++) {
		const struct device *d = net_find_device(net, i);

		for (u32 k = 0; d && k < d->address_cnt; k++)
			fn(arg, i, &d->addresses[k]);
	}
	pthread_mutex_unlock(&net->lock);
}
