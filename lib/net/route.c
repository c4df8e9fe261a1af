/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * route.c - tables of routes
 *
 * A table is a prefix trie a family, of the maps' kind; a prefix's value is the
 * address of its leaf.  A leaf never changes: a change makes another.
 */
#include <errno.h>
#include <stdlib.h>

#include "net/net_priv.h"

#define ROUTES_MAX (1u << 20) /* prefixes of a table's family */
#define IPV6_METRIC 1024      /* of a route that names none */
#define TYPES_MAX (RTN_THROW + 1)

static const char *const types[TYPES_MAX] = {
	[RTN_UNICAST] = "unicast",
	[RTN_LOCAL] = "local",
	[RTN_BROADCAST] = "broadcast",
	[RTN_ANYCAST] = "anycast",
	[RTN_MULTICAST] = "multicast",
	[RTN_BLACKHOLE] = "blackhole",
	[RTN_UNREACHABLE] = "unreachable",
	[RTN_PROHIBIT] = "prohibit",
	[RTN_THROW] = "throw",
};

int net_route_type(const char *name)
{
	for (int i = 1; i < TYPES_MAX; i++)
		if (strcmp(types[i], name) == 0)
			return i;
	return -1;
}

const char *net_route_type_name(u8 type)
{
	return type < TYPES_MAX ? types[type] : NULL;
}

/* ---- tables ---- */

struct table *net_find_table(const struct net *net, u32 id)
{
	u32 cnt = load_acquire(&net->table_cnt);

	for (u32 i = 0; i < cnt; i++)
		if (net->tables[i]->id == id)
			return net->tables[i];
	return NULL;
}

static void free_table(struct table *t)
{
	for (u32 i = 0; i < FAMILIES; i++)
		if (t->trie[i])
			map_put(t->trie[i]);
	free(t);
}

static struct table *make_table(struct net *net, u32 id)
{
	struct map_attr attr = {
		.type = BPF_MAP_TYPE_LPM_TRIE,
		.value_size = sizeof(struct leaf *),
		.max_entries = ROUTES_MAX,
		.flags = BPF_F_NO_PREALLOC,
		.name = "routes",
	};
	struct table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->id = id;
	for (u32 i = 0; i < FAMILIES; i++) {
		attr.key_size = (u32)offsetof(struct trie_key, address) +
				net_bytes(i ? AF_INET6 : AF_INET);
		if (map_create(&net->env, &attr, NULL, &t->trie[i])) {
			free_table(t);
			return NULL;
		}
	}
	return t;
}

static int get_table(struct net *net, u32 id, struct table **out,
		     struct err *err)
{
	u32 cnt = net->table_cnt;

	*out = net_find_table(net, id);
	if (*out)
		return 0;
	if (cnt == NET_TABLES_MAX)
		return err_fail(err, -E2BIG, "there are %u tables already",
				cnt);
	*out = make_table(net, id);
	if (!*out)
		return net_no_memory(err);
	net->tables[cnt] = *out;
	store_release(&net->table_cnt, cnt + 1);
	return 0;
}

/* ---- leaves ---- */

static struct trie_key key_of(const struct net_address *address, u32 prefixlen)
{
	struct trie_key key = { .prefixlen = prefixlen };

	memcpy(key.address, address, sizeof(key.address));
	return key;
}

const struct leaf *net_find_leaf(const struct table *table, u16 family,
				 const struct net_address *address,
				 u32 prefixlen)
{
	struct map *trie = table->trie[family_index(family)];
	struct trie_key key = key_of(address, prefixlen);
	struct leaf *const *value = trie->ops->lookup(trie, &key);

	return value ? *value : NULL;
}

/* Of just this prefix. */
static const struct leaf *own_leaf(const struct table *table,
				   const struct net_prefix *p)
{
	const struct leaf *leaf =
		net_find_leaf(table, p->family, &p->address, p->len);

	return leaf && leaf->prefixlen == p->len ? leaf : NULL;
}

static void free_leaf(struct rcu_head *head)
{
	free(container_of(head, struct leaf, head));
}

static void free_route(struct rcu_head *head)
{
	free(container_of(head, struct kept_route, head));
}

static struct leaf *make_leaf(u32 prefixlen, u32 cnt)
{
	struct leaf *leaf =
		malloc(sizeof(*leaf) + cnt * sizeof(leaf->routes[0]));

	if (leaf) {
		leaf->prefixlen = prefixlen;
		leaf->cnt = cnt;
	}
	return leaf;
}

/* new, which may be empty, in the place of old, which may be NULL. */
static int publish(struct net *net, const struct table *table,
		   const struct net_prefix *p, const struct leaf *old,
		   struct leaf *new)
{
	struct map *trie = table->trie[family_index(p->family)];
	struct trie_key key = key_of(&p->address, p->len);
	int res = new->cnt ? trie->ops->write(trie, &key, &new, BPF_ANY)
			   : trie->ops->erase(trie, &key);

	if (res || !new->cnt)
		free(new);
	if (!res && old)
		rcu_defer(net->rcu, &((struct leaf *)(uintptr_t)old)->head,
			  free_leaf);
	return res;
}

/* ---- changes ---- */

static bool has_hops(u8 type)
{
	return type < RTN_BLACKHOLE;
}

static int check_hops(struct net *net, const struct net_route *r,
		      struct err *err)
{
	if (!has_hops(r->type))
		return r->hop_cnt ? err_fail(err, -EINVAL,
					     "a route of type %s goes nowhere",
					     types[r->type])
				  : 0;
	if (!r->hop_cnt || r->hop_cnt > NET_HOPS_MAX)
		return err_fail(err, -EINVAL,
				"a route has 1 to %u ways to go, not %u",
				NET_HOPS_MAX, r->hop_cnt);
	for (u32 i = 0; i < r->hop_cnt; i++) {
		if (!net_find_device(net, r->hops[i].ifindex))
			return err_fail(err, -ENODEV, "there is no device %u",
					r->hops[i].ifindex);
		if (!r->hops[i].weight || r->hops[i].weight > 256)
			return err_fail(err, -EINVAL,
					"weights are from 1 to 256, not %u",
					r->hops[i].weight);
	}
	return 0;
}

static int check(struct net *net, const struct net_route *r, struct err *err)
{
	char text[NET_TEXT_MAX];
	struct net_prefix cut = r->to;
	int res = net_check_family(r->to.family, err);

	if (res)
		return res;
	if (r->to.len > net_bits(r->to.family) || !r->table)
		return err_fail(err, -EINVAL,
				"a route has a table and a prefix");
	net_cut_prefix(&cut);
	if (memcmp(&cut.address, &r->to.address, sizeof(cut.address)) != 0)
		return err_fail(err, -EINVAL,
				"the prefix has bits behind its length: %s "
				"is meant",
				net_prefix_text(&cut, text));
	if (!net_route_type_name(r->type))
		return err_fail(err, -EINVAL, "%u is no type of routes",
				r->type);
	return check_hops(net, r, err);
}

static struct kept_route *copy_route(const struct net_route *r)
{
	size_t hops = r->hop_cnt * sizeof(*r->hops);
	struct kept_route *copy = malloc(sizeof(*copy) + hops);

	if (!copy)
		return NULL;
	copy->route = *r;
	if (hops)
		memcpy(copy->hops, r->hops, hops);
	copy->route.hops = copy->hops;
	return copy;
}

static bool goes_first(const struct net_route *a, const struct net_route *b)
{
	if (a->tos != b->tos)
		return a->tos > b->tos;
	return a->metric < b->metric;
}

static bool same_place(const struct net_route *a, const struct net_route *b)
{
	return a->tos == b->tos && a->metric == b->metric;
}

/* Before which of a leaf's routes, or instead of which. */
static u32 place_of(const struct leaf *leaf, const struct net_route *r)
{
	u32 i = 0;

	while (leaf && i < leaf->cnt && goes_first(&leaf->routes[i]->route, r))
		i++;
	return i;
}

int net_insert_route(struct net *net, const struct net_route *route,
		     enum net_how how, struct err *err)
{
	const struct leaf *old;
	struct kept_route *kept, *gone = NULL;
	struct table *table;
	struct leaf *new;
	u32 at, cnt;
	int res = check(net, route, err);

	if (!res)
		res = get_table(net, route->table, &table, err);
	if (res)
		return res;
	old = own_leaf(table, &route->to);
	cnt = old ? old->cnt : 0;
	at = place_of(old, route);
	if (at < cnt && same_place(&old->routes[at]->route, route))
		gone = old->routes[at];
	if (gone && how == NET_ADD)
		return err_fail(err, -EEXIST, "there is such a route already");
	kept = copy_route(route);
	new = make_leaf(route->to.len, cnt + !gone);
	if (!kept || !new) {
		free(kept);
		free(new);
		return net_no_memory(err);
	}
	if (cnt) {
		memcpy(new->routes, old->routes, at * sizeof(*new->routes));
		memcpy(&new->routes[at + 1], &old->routes[at + !!gone],
		       (cnt - at - !!gone) * sizeof(*new->routes));
	}
	new->routes[at] = kept;
	res = publish(net, table, &route->to, old, new);
	if (res) {
		free(kept);
		return err_fail(err, res, "the table has no room: %s",
				strerror(-res));
	}
	if (gone)
		rcu_defer(net->rcu, &gone->head, free_route);
	return 0;
}

static bool fits(const struct net_route *r, const struct net_route *like)
{
	const struct net_hop *hop = like->hop_cnt ? like->hops : NULL;

	if ((like->type && like->type != r->type) || like->tos != r->tos ||
	    (like->metric && like->metric != r->metric))
		return false;
	if (!hop)
		return true;
	if (!r->hop_cnt)
		return false;
	return (!hop->ifindex || hop->ifindex == r->hops[0].ifindex) &&
	       (!hop->family || (hop->family == r->hops[0].family &&
				 memcmp(&hop->gateway, &r->hops[0].gateway,
					sizeof(hop->gateway)) == 0));
}

int net_remove_route(struct net *net, const struct net_route *route,
		     struct err *err)
{
	const struct table *table = net_find_table(net, route->table);
	const struct leaf *old = table ? own_leaf(table, &route->to) : NULL;
	struct kept_route *gone;
	struct leaf *new;
	u32 at = 0;

	while (old && at < old->cnt && !fits(&old->routes[at]->route, route))
		at++;
	if (!old || at == old->cnt)
		return err_fail(err, -ESRCH, "there is no such route");
	gone = old->routes[at];
	new = make_leaf(old->prefixlen, old->cnt - 1);
	if (!new)
		return net_no_memory(err);
	memcpy(new->routes, old->routes, at * sizeof(*new->routes));
	memcpy(&new->routes[at], &old->routes[at + 1],
	       (new->cnt - at) * sizeof(*new->routes));
	if (publish(net, table, &route->to, old, new))
		return net_no_memory(err);
	rcu_defer(net->rcu, &gone->head, free_route);
	return 0;
}

int net_add_route(struct net *net, const struct net_route *route,
		  enum net_how how, struct err *err)
{
	struct net_route r = *route;
	int res;

	if (r.to.family == AF_INET6 && !r.metric)
		r.metric = IPV6_METRIC;
	pthread_mutex_lock(&net->lock);
	res = net_insert_route(net, &r, how, err);
	pthread_mutex_unlock(&net->lock);
	return res;
}

int net_del_route(struct net *net, const struct net_route *route,
		  struct err *err)
{
	int res;

	pthread_mutex_lock(&net->lock);
	res = net_remove_route(net, route, err);
	pthread_mutex_unlock(&net->lock);
	return res;
}

u32 net_count_hops(struct net *net, const struct net_route *route)
{
	struct net_route like = *route;
	const struct table *table;
	const struct leaf *leaf;
	u32 cnt = 0;

	like.hop_cnt = 0;
	pthread_mutex_lock(&net->lock);
	table = net_find_table(net, like.table);
	leaf = table ? own_leaf(table, &like.to) : NULL;
	for (u32 i = 0; !cnt && leaf && i < leaf->cnt; i++)
		if (fits(&leaf->routes[i]->route, &like))
			cnt = leaf->routes[i]->route.hop_cnt;
	pthread_mutex_unlock(&net->lock);
	return cnt;
}

/* ---- all of them ---- */

struct each {
	net_route_fn *fn;
	void *arg;
};

static int visit(void *arg, const void *key, const void *value)
{
	const struct each *e = arg;
	const struct leaf *leaf = *(struct leaf *const *)value;

	(void)key;
	for (u32 i = 0; i < leaf->cnt; i++)
		e->fn(e->arg, &leaf->routes[i]->route);
	return 0;
}

void net_each_route(struct net *net, net_route_fn *fn, void *arg)
{
	struct each e = { fn, arg };

	pthread_mutex_lock(&net->lock);
	for (u32 i = 0; i < net->table_cnt; i++)
		for (u32 f = 0; f < FAMILIES; f++)
			map_each(net->tables[i]->trie[f], visit, &e);
	pthread_mutex_unlock(&net->lock);
}

static int free_value(void *arg, const void *key, const void *value)
{
	struct leaf *leaf = *(struct leaf *const *)value;

	(void)arg;
	(void)key;
	for (u32 i = 0; i < leaf->cnt; i++)
		free(leaf->routes[i]);
	free(leaf);
	return 0;
}

void net_free_tables(struct net *net)
{
	for (u32 i = 0; i < net->table_cnt; i++) {
		for (u32 f = 0; f < FAMILIES; f++)
			map_each(net->tables[i]->trie[f], free_value, NULL);
		free_table(net->tables[i]);
	}
}
