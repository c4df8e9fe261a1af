/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * network.c - addresses, routes, rules and neighbours of a configuration
 *
 * From one configuration to the next, what only the old one has is deleted and
 * what only the new one has is added; what clients have added stays.
 */
#include "daemon/network.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/mirror.h"

struct change {
	struct net *net;
	struct net_names names;
	const struct config *from; /* NULL: nothing */
	const struct config *to;
};

static bool has(const struct config *c, const struct config_net *entry)
{
	for (u32 i = 0; c && i < c->net.len; i++)
		if (c->net.items[i].noun == entry->noun &&
		    strcmp(c->net.items[i].words, entry->words) == 0)
			return true;
	return false;
}

static int apply(const struct change *ch, const struct config_net *entry,
		 enum net_how how, struct err *err)
{
	return net_change(ch->net, &ch->names, entry->noun, how, entry->words,
			  err);
}

/* Of what only `of` has, the first n entries. */
static void put_back(const struct change *ch, const struct config *of,
		     const struct config *but, u32 n, enum net_how how)
{
	for (u32 i = 0; i < n; i++)
		if (!has(but, &of->net.items[i]))
			apply(ch, &of->net.items[i], how, NULL);
}

static int add_new(const struct change *ch, struct err *err)
{
	const struct config *to = ch->to;

	for (u32 i = 0; i < to->net.len; i++) {
		const struct config_net *entry = &to->net.items[i];
		int res;

		if (has(ch->from, entry))
			continue;
		res = apply(ch, entry, NET_ADD, err);
		if (!res)
			continue;
		put_back(ch, to, ch->from, i, NET_DEL);
		config_place_err(&entry->place, err);
		return res;
	}
	return 0;
}

/* What somebody else has deleted already is gone, too. */
static void del_old(const struct change *ch)
{
	for (u32 i = ch->from ? ch->from->net.len : 0; i-- > 0;)
		if (!has(ch->to, &ch->from->net.items[i]))
			apply(ch, &ch->from->net.items[i], NET_DEL, NULL);
}

int network_switch(struct plane *plane, const struct config *from,
		   const struct config *to, struct err *err)
{
	struct change ch = { .net = plane_net(plane), .from = from, .to = to };
	int res;

	plane_net_names(plane, &ch.names);
	del_old(&ch);
	res = add_new(&ch, err);
	if (res && from)
		put_back(&ch, from, to, from->net.len, NET_ADD);
	return res;
}

int network_mirror(struct plane *plane, const struct config *config,
		   struct err *err, struct net_mirror **out)
{
	struct net_mirror_device *devices =
		calloc(config->ports.len, sizeof(*devices));
	const struct config_port *first = NULL;
	u32 cnt = 0;
	int res = 0;

	*out = NULL;
	if (!devices)
		return err_fail(err, -ENOMEM, "out of memory");
	for (u32 i = 0; i < config->ports.len; i++) {
		const struct config_port *p = &config->ports.items[i];

		if (!p->mirror[0])
			continue;
		if (!cnt)
			first = p;
		strcpy(devices[cnt].host, p->mirror);
		devices[cnt++].ifindex = i + 1;
	}
	if (cnt)
		res = net_mirror_open(plane_net(plane), devices, cnt, err, out);
	if (res)
		config_place_err(&first->place, err);
	free(devices);
	return res;
}
