/* SPDX-License-Identifier: BSD-3-Clause */
/* net.c - the tables as a whole, and addresses as text */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/net_priv.h"

#define NEIGHBOURS_MAX 65536

int net_no_memory(struct err *err)
{
	return err_fail(err, -ENOMEM, "out of memory");
}

int net_check_family(u16 family, struct err *err)
{
	if (family == AF_INET || family == AF_INET6)
		return 0;
	return err_fail(err, -EAFNOSUPPORT, "neither IPv4 nor IPv6");
}

static int make_neighbours(struct net *net)
{
	const struct map_attr attr = {
		.type = BPF_MAP_TYPE_HASH,
		.key_size = sizeof(struct neighbour_key),
		.value_size = sizeof(struct net_neighbour),
		.max_entries = NEIGHBOURS_MAX,
		.flags = BPF_F_NO_PREALLOC,
		.name = "neighbours",
	};

	return map_create(&net->env, &attr, NULL, &net->neighbours);
}

int net_create(struct mem *mem, struct net **out)
{
	struct net *net = calloc(1, sizeof(*net));
	int res;

	if (!net)
		return -ENOMEM;
	net->env.mem = mem;
	net->rcu = mem_rcu(mem);
	pthread_mutex_init(&net->lock, NULL);
	res = net_init_rules(net);
	if (!res)
		res = make_neighbours(net);
	if (!res)
		res = net_init_sockets(net);
	if (res) {
		net_destroy(net);
		return res;
	}
	*out = net;
	return 0;
}

void net_destroy(struct net *net)
{
	net_free_tables(net);
	net_free_sockets(net);
	if (net->neighbours)
		map_put(net->neighbours);
	rcu_barrier(net->rcu);
	for (u32 i = 0; i < FAMILIES; i++)
		free(net->rules[i]);
	for (u32 i = 0; i <= NET_IFINDEX_MAX; i++)
		free(net->devices[i]);
	pthread_mutex_destroy(&net->lock);
	free(net);
}

bool net_same_bits(const u8 *a, const u8 *b, u32 len)
{
	u32 rest = len % 8;

	return memcmp(a, b, len / 8) == 0 &&
	       (!rest || (a[len / 8] ^ b[len / 8]) >> (8 - rest) == 0);
}

void net_cut_prefix(struct net_prefix *prefix)
{
	u8 *byte = prefix->address.byte;
	u32 len = prefix->len;

	for (u32 i = 0; i < NET_ADDRESS_BYTES; i++) {
		if (i * 8 >= len)
			byte[i] = 0;
		else if (len - i * 8 < 8)
			byte[i] &= (u8)(0xff << (8 - (len - i * 8)));
	}
}

static int parse_len(const char *text, struct net_prefix *out)
{
	char *end;
	long len = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || len > net_bits(out->family))
		return -EINVAL;
	out->len = (u8)len;
	return 0;
}

int net_parse_prefix(const char *text, struct net_prefix *out, struct err *err)
{
	size_t len = strcspn(text, "/");
	char address[INET6_ADDRSTRLEN];

	*out = (struct net_prefix){ .family = AF_INET };
	if (strcmp(text, "default") == 0 || strcmp(text, "any") == 0)
		return 0;
	if (strchr(text, ':'))
		out->family = AF_INET6;
	out->len = net_bits(out->family);
	if (len < sizeof(address)) {
		memcpy(address, text, len);
		address[len] = '\0';
		if (inet_pton(out->family, address, out->address.byte) == 1 &&
		    (!text[len] || parse_len(text + len + 1, out) == 0))
			return 0;
	}
	err_fail(err, -EINVAL, "'%.64s' is no address or prefix", text);
	err_hint(err, "for example 10.0.0.0/8, fd00::1 or default");
	return -EINVAL;
}

const char *net_prefix_text(const struct net_prefix *prefix,
			    char text[NET_TEXT_MAX])
{
	size_t len;

	if (!inet_ntop(prefix->family, prefix->address.byte, text,
		       NET_TEXT_MAX))
		text[0] = '\0';
	len = strlen(text);
	if (prefix->len != net_bits(prefix->family))
		snprintf(text + len, NET_TEXT_MAX - len, "/%u", prefix->len);
	return text;
}
