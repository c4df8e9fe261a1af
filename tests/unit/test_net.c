/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The network that programs ask: words, changes and errors, and ways that share
 * flows.  What lookups answer is compared with the live kernel's in
 * tests/kernel/fib.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mem/rcu.h"
#include "net/text.h"

struct rig {
	struct mem *mem;
	struct net *net;
};

static u32 find_device(void *arg, const char *name)
{
	(void)arg;
	if (strcmp(name, "in") == 0)
		return 1;
	return strcmp(name, "out") == 0 ? 2 : 0;
}

static const char *name_device(void *arg, u32 ifindex)
{
	static const char *const devices[] = { NULL, "in", "out" };

	(void)arg;
	return ifindex < ARRAY_LEN(devices) ? devices[ifindex] : NULL;
}

static const struct net_names names = { find_device, name_device, NULL };

static int set_up(void **state)
{
	const struct mem_config config = { .slots = 1 };
	struct rig *r = calloc(1, sizeof(*r));

	*state = r;
	if (!r || mem_create(&config, &r->mem) || net_create(r->mem, &r->net))
		return -1;
	for (u32 i = 1; i <= 2; i++) {
		const struct net_device dev = { .ifindex = i,
						.mtu = 1500,
						.mac = { 2, [5] = (u8)i },
						.forwards = true };

		if (net_set_device(r->net, &dev, NULL))
			return -1;
	}
	return 0;
}

static int tear_down(void **state)
{
	struct rig *r = *state;

	net_destroy(r->net);
	mem_destroy(r->mem);
	free(r);
	return 0;
}

static int route(struct rig *r, const char *words, enum net_how how, bool add)
{
	static struct net_route_text t;
	struct err err = { 0 };
	int res = net_parse_route(words, &names, &t, &err);

	if (!res)
		res = add ? net_add_route(r->net, &t.route, how, &err)
			  : net_del_route(r->net, &t.route, &err);
	assert_int_equal(res, err.code);
	return res;
}

static int add(struct rig *r, const char *words)
{
	return route(r, words, NET_ADD, true);
}

static int del(struct rig *r, const char *words)
{
	return route(r, words, NET_ADD, false);
}

/* Where a flow goes: the hop's ifindex, or an error. */
static int ask(struct rig *r, const char *to, u32 from)
{
	struct net_flow flow = { .family = AF_INET, .iif = 1 };
	struct net_answer answer;
	struct net_prefix p;
	int res;

	assert_int_equal(net_parse_prefix(to, &p, NULL), 0);
	flow.family = p.family;
	flow.to = p.address;
	memcpy(flow.from.byte, &from, sizeof(from));
	res = net_lookup(r->net, &flow, NET_BY_RULES, &answer);
	if (res || !answer.hop)
		return res;
	return (int)answer.hop->ifindex;
}

static void words_come_back(void **state)
{
	static const char *const routes[] = {
		"10.0.0.0/8 dev in",
		"10.0.0.0/8 via 10.1.0.1 dev out",
		"default via 10.1.0.1 dev in",
		"::/0 via fd00::1 dev in",
		"10.0.0.0/8 via inet6 fd00::1 dev in",
		"10.0.0.1 tos 0x10 table 7 metric 5 mtu lock 1400 dev in",
		"10.0.0.1 src 10.0.0.9 scope link dev out",
		"blackhole fd00::/8 table local metric 3",
		"10.0.0.0/8 nexthop dev in nexthop via 10.1.0.1 dev out weight 3",
	};
	static const char *const rules[] = {
		"priority 7 lookup main",
		"priority 0 inet6 from fd00::/8 to fd01::1 lookup 9",
		"priority 9 fwmark 0x1/0xff tos 0x10 iif in oif out lookup 8",
	};
	static struct net_route_text t;
	struct net_neighbour n;
	char line[NET_LINE_MAX];
	struct net_rule rule;
	bool has_mac;

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(routes); i++) {
		assert_int_equal(net_parse_route(routes[i], &names, &t, NULL),
				 0);
		assert_string_equal(net_route_words(&t.route, &names, line),
				    routes[i]);
	}
	for (u32 i = 0; i < ARRAY_LEN(rules); i++) {
		assert_int_equal(net_parse_rule(rules[i], &names, &rule, NULL),
				 0);
		assert_string_equal(net_rule_words(&rule, &names, line),
				    rules[i]);
	}
	assert_int_equal(net_parse_neighbour("10.0.0.1 dev in", &names, &n,
					     &has_mac, NULL),
			 0);
	assert_false(has_mac);
	assert_int_equal(
		net_parse_neighbour("fd00::1 lladdr 02:00:00:00:00:0a dev out",
				    &names, &n, &has_mac, NULL),
		0);
	assert_true(has_mac);
	assert_string_equal(net_neighbour_words(&n, &names, line),
			    "fd00::1 lladdr 02:00:00:00:00:0a dev out");
}

static void wrong_words_are_told(void **state)
{
	static const struct {
		const char *words;
		int res;
		const char *reason;
	} rows[] = {
		{ "", -EINVAL, "there are no words" },
		{ "10.0.0.0/33 dev in", -EINVAL, "no address or prefix" },
		{ "10.0.0.0/ dev in", -EINVAL, "no address or prefix" },
		{ "10.0.0/8 dev in", -EINVAL, "no address or prefix" },
		{ "10.0.0.0/8 dev up", -ENODEV, "no port is called 'up'" },
		{ "10.0.0.0/8 dev", -EINVAL, "dev what?" },
		{ "10.0.0.0/8 over in", -EINVAL, "'over' means nothing" },
		{ "10.0.0.0/8 via 10.1.0.0/16 dev in", -EINVAL, "no address" },
		{ "10.0.0.0/8 dev in metric -1", -EINVAL, "no number" },
		{ "10.0.0.0/8 dev in table 0", -EINVAL, "no table" },
		{ "10.0.0.0/8 dev in mtu 1400", -EINVAL, "not locked" },
		{ "blackhole", -EINVAL, "blackhole what?" },
	};
	static struct net_route_text t;

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = { 0 };

		assert_int_equal(net_parse_route(rows[i].words, &names, &t,
						 &err),
				 rows[i].res);
		assert_non_null(strstr(err.reason, rows[i].reason));
		assert_int_equal(net_parse_route(rows[i].words, &names, &t,
						 NULL),
				 rows[i].res);
	}
}

static void routes_come_and_go(void **state)
{
	struct rig *r = *state;

	assert_int_equal(ask(r, "10.0.0.1", 0), -ENETUNREACH);
	assert_int_equal(add(r, "10.0.0.0/8 dev in metric 5"), 0);
	assert_int_equal(add(r, "10.0.0.0/8 dev out metric 5"), -EEXIST);
	assert_int_equal(ask(r, "10.0.0.1", 0), 1);
	assert_int_equal(add(r, "10.0.0.0/8 dev out metric 3"), 0);
	assert_int_equal(ask(r, "10.0.0.1", 0), 2);
	assert_int_equal(route(r, "10.0.0.0/8 dev in metric 3", NET_REPLACE,
			       true),
			 0);
	assert_int_equal(ask(r, "10.0.0.1", 0), 1);
	assert_int_equal(del(r, "10.0.0.0/8 dev out"), -ESRCH);
	assert_int_equal(del(r, "10.0.0.0/8 metric 3"), 0);
	assert_int_equal(del(r, "10.0.0.0/8"), 0);
	assert_int_equal(del(r, "10.0.0.0/8"), -ESRCH);
	assert_int_equal(ask(r, "10.0.0.1", 0), -ENETUNREACH);
	assert_int_equal(del(r, "10.0.0.0/8 table 99"), -ESRCH);
}

static void what_is_wrong_of_a_route_is_refused(void **state)
{
	struct rig *r = *state;
	struct net_hop hop = { .ifindex = 3, .weight = 1 };
	struct net_route to = { .table = 1,
				.to = { AF_INET, 8, { { 10 } } },
				.type = RTN_UNICAST,
				.hop_cnt = 1,
				.hops = &hop };

	assert_int_equal(net_add_route(r->net, &to, NET_ADD, NULL), -ENODEV);
	hop.ifindex = 1;
	hop.weight = 0;
	assert_int_equal(net_add_route(r->net, &to, NET_ADD, NULL), -EINVAL);
	hop.weight = 1;
	to.to.address.byte[1] = 1;
	assert_int_equal(net_add_route(r->net, &to, NET_ADD, NULL), -EINVAL);
	to.to.address.byte[1] = 0;
	to.to.family = AF_UNIX;
	assert_int_equal(net_add_route(r->net, &to, NET_ADD, NULL),
			 -EAFNOSUPPORT);
	to.to.family = AF_INET;
	assert_int_equal(net_add_route(r->net, &to, NET_ADD, NULL), 0);
	assert_int_equal(add(r, "10.1.0.0/16"), -EINVAL);
	assert_int_equal(add(r, "blackhole 10.1.0.0/16 dev in"), -EINVAL);
}

/* All of a flow goes one way, of many flows each way has its share. */
static void ways_share_flows_by_weight(void **state)
{
	struct rig *r = *state;
	u32 out = 0;

	assert_int_equal(add(r, "10.0.0.0/8 nexthop dev in nexthop dev out "
				"weight 3"),
			 0);
	for (u32 i = 1; i <= 4000; i++) {
		int way = ask(r, "10.0.0.1", i * 2654435761u);

		assert_int_equal(ask(r, "10.0.0.1", i * 2654435761u), way);
		out += way == 2;
	}
	assert_in_range(out, 2800, 3200);
}

static void rules_choose_tables(void **state)
{
	struct rig *r = *state;
	struct net_rule rule;

	assert_int_equal(add(r, "default dev in"), 0);
	assert_int_equal(add(r, "default dev out table 7"), 0);
	assert_int_equal(net_parse_rule("to 10.0.0.0/8 lookup 7 priority 9",
					&names, &rule, NULL),
			 0);
	assert_int_equal(net_add_rule(r->net, &rule, NULL), 0);
	assert_int_equal(net_add_rule(r->net, &rule, NULL), -EEXIST);
	assert_int_equal(ask(r, "10.0.0.1", 0), 2);
	assert_int_equal(ask(r, "11.0.0.1", 0), 1);
	assert_int_equal(net_del_rule(r->net, &rule, NULL), 0);
	assert_int_equal(net_del_rule(r->net, &rule, NULL), -ENOENT);
	assert_int_equal(ask(r, "10.0.0.1", 0), 1);
}

static void count(void *arg, const struct net_route *route)
{
	(void)route;
	++*(u32 *)arg;
}

/* An address has its routes as long as it is there. */
static void addresses_bring_routes(void **state)
{
	static const char *const texts[] = { "10.1.0.1/24", "fd00::1/64" };
	struct rig *r = *state;

	for (u32 i = 0; i < ARRAY_LEN(texts); i++) {
		struct net_prefix p;
		u32 before = 0, there = 0, after = 0;

		assert_int_equal(net_parse_prefix(texts[i], &p, NULL), 0);
		net_each_route(r->net, count, &before);
		assert_int_equal(net_add_address(r->net, 1, &p, NULL), 0);
		assert_int_equal(net_add_address(r->net, 1, &p, NULL), -EEXIST);
		net_each_route(r->net, count, &there);
		assert_int_equal(there, before + 3);
		assert_int_equal(net_del_address(r->net, 1, &p, NULL), 0);
		assert_int_equal(net_del_address(r->net, 1, &p, NULL),
				 -EADDRNOTAVAIL);
		net_each_route(r->net, count, &after);
		assert_int_equal(after, before);
		assert_int_equal(net_add_address(r->net, 9, &p, NULL), -ENODEV);
	}
}

static struct net_prefix prefix(const char *text)
{
	struct net_prefix p;

	assert_int_equal(net_parse_prefix(text, &p, NULL), 0);
	return p;
}

static void bare_addresses_bring_no_routes_and_take_none(void **state)
{
	const struct net_prefix bare = prefix("10.0.0.1/24"),
				other = prefix("10.5.0.1/24");
	struct rig *r = *state;
	u32 before = 0, there = 0, with = 0, without = 0;

	net_each_route(r->net, count, &before);
	assert_int_equal(net_put_address(r->net, 1, &bare, NULL), 0);
	assert_int_equal(net_add_address(r->net, 1, &bare, NULL), -EEXIST);
	net_each_route(r->net, count, &there);
	assert_int_equal(there, before);
	assert_int_equal(net_add_address(r->net, 1, &other, NULL), 0);
	assert_int_equal(add(r, "10.0.0.0/24 dev in"), 0);
	net_each_route(r->net, count, &with);
	assert_int_equal(net_del_address(r->net, 1, &bare, NULL), 0);
	assert_int_equal(net_put_address(r->net, 1, &bare, NULL), 0);
	assert_int_equal(net_del_address(r->net, 1, &other, NULL), 0);
	net_each_route(r->net, count, &without);
	assert_int_equal(without, with - 3);
}

static void neighbours_come_and_go(void **state)
{
	struct rig *r = *state;
	struct net_neighbour n = { .ifindex = 1,
				   .family = AF_INET,
				   .address = { { 10, 0, 0, 1 } },
				   .mac = { 2, 0, 0, 0, 0, 7 } };
	const u8 *mac;

	assert_null(net_find_neighbour(r->net, 1, AF_INET, &n.address));
	assert_int_equal(net_set_neighbour(r->net, &n, NULL), 0);
	n.mac[5] = 9;
	assert_int_equal(net_set_neighbour(r->net, &n, NULL), 0);
	mac = net_find_neighbour(r->net, 1, AF_INET, &n.address);
	assert_non_null(mac);
	assert_int_equal(mac[5], 9);
	assert_null(net_find_neighbour(r->net, 2, AF_INET, &n.address));
	assert_int_equal(net_del_neighbour(r->net, 1, AF_INET, &n.address,
					   NULL),
			 0);
	assert_int_equal(net_del_neighbour(r->net, 1, AF_INET, &n.address,
					   NULL),
			 -ENOENT);
	n.ifindex = 5;
	assert_int_equal(net_set_neighbour(r->net, &n, NULL), -ENODEV);
}

static void no_net_is_a_host_with_a_loopback_device(void **state)
{
	struct net_flow flow = { .family = AF_INET };
	struct net_answer answer;

	(void)state;
	assert_int_equal(net_device(NULL, 1)->mtu, 65536);
	assert_null(net_device(NULL, 2));
	assert_int_equal(net_lookup(NULL, &flow, NET_BY_RULES, &answer),
			 -ENETUNREACH);
	assert_null(net_find_neighbour(NULL, 1, AF_INET, &flow.to));
}

static u32 socket_of(struct rig *r, const char *remote, u16 remote_port,
		     const char *local, u16 local_port, u32 ifindex)
{
	struct net_end from = { .port = remote_port };
	struct net_end to = { .port = local_port };
	const struct net_socket *s;
	struct net_prefix p;

	assert_int_equal(net_parse_prefix(remote, &p, NULL), 0);
	from.address = p.address;
	assert_int_equal(net_parse_prefix(local, &p, NULL), 0);
	to.address = p.address;
	s = net_find_socket(r->net, p.family, 6, &from, &to, ifindex);
	return s ? s->attr.mark : 0;
}

/* The narrowest is found; marks say which. */
static void sockets_are_found_and_forgotten(void **state)
{
	static const char *const words[] = {
		"tcp :: 80 mark 0x1",
		"tcp 0.0.0.0 80 mark 0x2",
		"tcp 0.0.0.0 80 dev in mark 0x3",
		"tcp 10.0.0.1 80 mark 0x4",
		"tcp 10.0.0.1 80 from 10.0.0.2 99 mark 0x5",
	};
	struct rig *r = *state;
	u32 n = ARRAY_LEN(words);

	for (u32 i = 0; i < n; i++) {
		assert_int_equal(net_change(r->net, &names, NET_SOCKET, NET_ADD,
					    words[i], NULL),
				 0);
		assert_int_equal(net_change(r->net, &names, NET_SOCKET, NET_ADD,
					    words[i], NULL),
				 -EADDRINUSE);
	}
	assert_int_equal(socket_of(r, "10.0.0.2", 98, "10.0.0.1", 80, 1), 4);
	assert_int_equal(socket_of(r, "10.0.0.2", 99, "10.0.0.3", 80, 1), 3);
	assert_int_equal(socket_of(r, "10.0.0.2", 99, "10.0.0.3", 80, 2), 2);
	assert_int_equal(socket_of(r, "fd00::2", 99, "fd00::3", 80, 2), 1);
	assert_int_equal(socket_of(r, "10.0.0.2", 99, "10.0.0.1", 81, 2), 0);
	for (u32 i = 0; i < n; i++) {
		u32 at = n - 1 - i;

		assert_int_equal(socket_of(r, "10.0.0.2", 99, "10.0.0.1", 80,
					   1),
				 at + 1);
		assert_int_equal(net_change(r->net, &names, NET_SOCKET, NET_DEL,
					    words[at], NULL),
				 0);
		assert_int_equal(net_change(r->net, &names, NET_SOCKET, NET_DEL,
					    words[at], NULL),
				 -ENOENT);
	}
	assert_int_equal(socket_of(r, "10.0.0.2", 99, "10.0.0.1", 80, 1), 0);
}

int main(void)
{
#define NET_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		NET_TEST(words_come_back),
		NET_TEST(wrong_words_are_told),
		NET_TEST(routes_come_and_go),
		NET_TEST(what_is_wrong_of_a_route_is_refused),
		NET_TEST(ways_share_flows_by_weight),
		NET_TEST(rules_choose_tables),
		NET_TEST(addresses_bring_routes),
		NET_TEST(bare_addresses_bring_no_routes_and_take_none),
		NET_TEST(neighbours_come_and_go),
		NET_TEST(sockets_are_found_and_forgotten),
		NET_TEST(no_net_is_a_host_with_a_loopback_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
