/* SPDX-License-Identifier: BSD-3-Clause */
/* neighbour.c - who has which address on a link */
#include <errno.h>

#include "net/net_priv.h"

static struct neighbour_key key_of(u32 ifindex, u16 family,
				   const struct net_address *address)
{
	return (struct neighbour_key){ ifindex, family, *address };
}

int net_set_neighbour(struct net *net, const struct net_neighbour *n,
		      struct err *err)
{
	struct neighbour_key key = key_of(n->ifindex, n->family, &n->address);
	int res = net_check_family(n->family, err);

	if (res)
		return res;
	if (!net_device(net, n->ifindex))
		return err_fail(err, -ENODEV, "there is no device %u",
				n->ifindex);
	res = net->neighbours->ops->write(net->neighbours, &key, n, BPF_ANY);
	if (res == -E2BIG)
		return err_fail(err, res, "there are %u neighbours already",
				net->neighbours->max_entries);
	return res ? net_no_memory(err) : 0;
}

int net_del_neighbour(struct net *net, u32 ifindex, u16 family,
		      const struct net_address *address, struct err *err)
{
	struct neighbour_key key = key_of(ifindex, family, address);

	if (net->neighbours->ops->erase(net->neighbours, &key))
		return err_fail(err, -ENOENT, "there is no such neighbour");
	return 0;
}

struct each {
	net_neighbour_fn *fn;
	void *arg;
};

static int visit(void *arg, const void *key, const void *value)
{
	struct each *e = arg;

	(void)key;
	e->fn(e->arg, value);
	return 0;
}

void net_each_neighbour(struct net *net, net_neighbour_fn *fn, void *arg)
{
	struct each e = { fn, arg };

	map_each(net->neighbours, visit, &e);
}

const u8 *net_find_neighbour(const struct net *net, u32 ifindex, u16 family,
			     const struct net_address *address)
{
	struct neighbour_key key = key_of(ifindex, family, address);
	const struct net_neighbour *n;

	if (!net)
		return NULL;
	n = net->neighbours->ops->lookup(net->neighbours, &key);
	return n ? n->mac : NULL;
}
