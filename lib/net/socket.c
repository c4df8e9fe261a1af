/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * socket.c - sockets that are somewhere else
 *
 * A hash by everything that a socket is bound to.  A lookup asks for what is
 * bound most narrowly first, as Linux's scores have it: connected before
 * bound to an address before bound to none, each with the device before
 * without.
 */
#include "net/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "net/net_priv.h"

#define SOCKETS_MAX 65536
#define STATE_ESTABLISHED 1 /* as BPF_TCP_* number them */
#define STATE_CLOSED 7
#define STATE_LISTENS 10

struct socket_key {
	struct net_address local;
	struct net_address remote;
	u16 local_port;
	u16 remote_port;
	u16 family;
	u16 protocol;
	u32 ifindex;
	u32 unused;
};

int net_init_sockets(struct net *net)
{
	const struct map_attr attr = {
		.type = BPF_MAP_TYPE_HASH,
		.key_size = sizeof(struct socket_key),
		.value_size = sizeof(struct net_socket *),
		.max_entries = SOCKETS_MAX,
		.flags = BPF_F_NO_PREALLOC,
		.name = "sockets",
	};

	return map_create(&net->env, &attr, NULL, &net->sockets);
}

static struct socket_key key_of(const struct net_socket_attr *a)
{
	struct socket_key key = {
		.local = a->local.address,
		.local_port = a->local.port,
		.family = a->family,
		.protocol = a->protocol,
		.ifindex = a->ifindex,
	};

	if (a->connected) {
		key.remote = a->remote.address;
		key.remote_port = a->remote.port;
	}
	return key;
}

static struct net_socket *find(const struct net *net,
			       const struct socket_key *key)
{
	struct net_socket *const *value =
		net->sockets->ops->lookup(net->sockets, key);

	return value ? *value : NULL;
}

/* ---- what programs see ---- */

static void show_end(const struct net_socket_attr *a, const struct net_end *end,
		     u32 *ip4, u32 ip6[4])
{
	if (a->family == AF_INET)
		memcpy(ip4, &end->address, sizeof(*ip4));
	else
		memcpy(ip6, &end->address, 4 * sizeof(*ip6));
}

static u32 state_of(const struct net_socket_attr *a)
{
	if (a->connected)
		return STATE_ESTABLISHED;
	return a->protocol == IPPROTO_TCP ? STATE_LISTENS : STATE_CLOSED;
}

static void show(struct net_socket *s)
{
	const struct net_socket_attr *a = &s->attr;

	s->sock = (struct bpf_sock){
		.bound_dev_if = a->ifindex,
		.family = a->family,
		.type = a->protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM,
		.protocol = a->protocol,
		.mark = a->mark,
		.priority = a->priority,
		.src_port = a->local.port,
		.dst_port = htons(a->remote.port),
		.state = state_of(a),
		.rx_queue_mapping = -1,
	};
	show_end(a, &a->local, &s->sock.src_ip4, s->sock.src_ip6);
	show_end(a, &a->remote, &s->sock.dst_ip4, s->sock.dst_ip6);
}

/* ---- changes ---- */

static int check(const struct net_socket_attr *a, struct err *err)
{
	int res = net_check_family(a->family, err);

	if (res)
		return res;
	if (a->protocol != IPPROTO_TCP && a->protocol != IPPROTO_UDP)
		return err_fail(err, -EPROTONOSUPPORT,
				"sockets are of TCP or UDP");
	if (!a->local.port || (a->connected && !a->remote.port))
		return err_fail(err, -EINVAL, "a socket has ports above 0");
	return 0;
}

static int insert(struct net *net, struct net_socket *s, struct err *err)
{
	struct socket_key key = key_of(&s->attr);
	int res = net->sockets->ops->write(net->sockets, &key, &s, BPF_NOEXIST);

	if (res == -EEXIST)
		return err_fail(err, -EADDRINUSE,
				"there is such a socket already");
	if (res == -E2BIG)
		return err_fail(err, res, "there are %u sockets already",
				SOCKETS_MAX);
	return res ? net_no_memory(err) : 0;
}

int net_add_socket(struct net *net, const struct net_socket_attr *attr,
		   struct err *err)
{
	struct net_socket *s;
	int res = check(attr, err);

	if (res)
		return res;
	s = aligned_alloc(NET_SOCKET_ALIGN, NET_SOCKET_ALIGN);
	if (!s)
		return net_no_memory(err);
	memset(s, 0, sizeof(*s));
	s->attr = *attr;
	show(s);
	pthread_mutex_lock(&net->lock);
	res = insert(net, s, err);
	pthread_mutex_unlock(&net->lock);
	if (res)
		free(s);
	return res;
}

static void free_socket(struct rcu_head *head)
{
	free(container_of(head, struct net_socket, head));
}

int net_del_socket(struct net *net, const struct net_socket_attr *attr,
		   struct err *err)
{
	struct socket_key key = key_of(attr);
	struct net_socket *s;

	pthread_mutex_lock(&net->lock);
	s = find(net, &key);
	if (s)
		net->sockets->ops->erase(net->sockets, &key);
	pthread_mutex_unlock(&net->lock);
	if (!s)
		return err_fail(err, -ENOENT, "there is no such socket");
	rcu_defer(net->rcu, &s->head, free_socket);
	return 0;
}

struct each {
	net_socket_fn *fn;
	void *arg;
};

static int visit(void *arg, const void *key, const void *value)
{
	struct each *e = arg;

	(void)key;
	e->fn(e->arg, &(*(struct net_socket *const *)value)->attr);
	return 0;
}

void net_each_socket(struct net *net, net_socket_fn *fn, void *arg)
{
	struct each e = { fn, arg };

	pthread_mutex_lock(&net->lock);
	map_each(net->sockets, visit, &e);
	pthread_mutex_unlock(&net->lock);
}

static int free_value(void *arg, const void *key, const void *value)
{
	(void)arg;
	(void)key;
	free(*(struct net_socket *const *)value);
	return 0;
}

void net_free_sockets(struct net *net)
{
	if (!net->sockets)
		return;
	map_each(net->sockets, free_value, NULL);
	map_put(net->sockets);
}

/* ---- looking up ---- */

/* With the device, then without. */
static struct net_socket *find_either(const struct net *net,
				      struct socket_key *key, u32 ifindex)
{
	struct net_socket *s = NULL;

	if (ifindex) {
		key->ifindex = ifindex;
		s = find(net, key);
	}
	key->ifindex = 0;
	return s ? s : find(net, key);
}

/* One of :: gets IPv4, too, unless it does not want to. */
static struct net_socket *find_both(const struct net *net,
				    struct socket_key *key, u32 ifindex)
{
	struct net_socket *s = find_either(net, key, ifindex);

	if (s || key->family == AF_INET6)
		return s;
	key->family = AF_INET6;
	s = find_either(net, key, ifindex);
	return s && !s->attr.only_ipv6 ? s : NULL;
}

struct net_socket *net_find_socket(const struct net *net, u16 family,
				   u8 protocol, const struct net_end *remote,
				   const struct net_end *local, u32 ifindex)
{
	struct socket_key key = {
		.local = local->address,
		.remote = remote->address,
		.local_port = local->port,
		.remote_port = remote->port,
		.family = family,
		.protocol = protocol,
	};
	struct net_socket *s;

	if (!net)
		return NULL;
	s = find_either(net, &key, ifindex);
	if (s)
		return s;
	key.remote = (struct net_address){ 0 };
	key.remote_port = 0;
	s = find_either(net, &key, ifindex);
	if (s)
		return s;
	key.local = (struct net_address){ 0 };
	return find_both(net, &key, ifindex);
}
