/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What rtnetlink says of a host in a net of its own, while a reader looks
 * routes up.  That lookups answer as Linux's do, change by change, is shown in
 * tests/e2e/run_mirror.py; here is what has to be seen under sanitizers.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "mem/rcu.h"
#include "net/mirror.h"
#include "net/text.h"

#define SKIP 77
#define ROUTES 300
#define WAIT_MS 20000

static struct mem *mem;
static struct net *net;

/* What ip(8) answers to these lines, all of them. */
static int ip(const char *lines)
{
	FILE *f = popen("ip -batch - >/dev/null 2>&1", "w");

	if (!f)
		return -1;
	fputs(lines, f);
	return pclose(f);
}

static const char *const network =
	"link set lo up\n"
	"link add lan type veth peer name lan_\n"
	"link set lan_ up\n"
	"link set lan up\n"
	"addr add 10.1.0.1/24 dev lan\n"
	"addr add fd01::1/64 dev lan nodad\n"
	"neigh add 10.1.0.2 lladdr 02:00:00:00:01:02 dev lan\n"
	"route add 20.0.0.0/8 via 10.1.0.2\n"
	"rule add fwmark 7 lookup 77 priority 100\n"
	"rule add fwmark 8 prohibit priority 101\n";

static struct net_flow to(u8 first)
{
	return (struct net_flow){ .family = AF_INET,
				  .to = { .byte = { first, 0, 0, 1 } },
				  .from = { .byte = { 10, 1, 0, 9 } },
				  .iif = 1 };
}

static bool answers(u8 first)
{
	const struct net_flow flow = to(first);
	struct net_answer answer;

	return net_lookup(net, &flow, NET_BY_RULES, &answer) == 0 &&
	       answer.hop->ifindex == 1;
}

/* Reads as an lcore does, until it is so. */
static void until(bool (*is)(u32 arg), u32 arg)
{
	for (u32 i = 0; i < WAIT_MS && !is(arg); i++) {
		const struct timespec ms = { .tv_nsec = 1000000 };

		answers(20);
		rcu_quiescent(mem_rcu(mem), 0);
		rcu_reclaim(mem_rcu(mem));
		nanosleep(&ms, NULL);
	}
	assert_true(is(arg));
}

static void count(void *arg, const struct net_route *route)
{
	*(u32 *)arg += route->to.family == AF_INET &&
		       route->to.address.byte[0] == 90;
}

static bool has_nineties(u32 n)
{
	u32 cnt = 0;

	net_each_route(net, count, &cnt);
	return cnt == n;
}

static bool goes_to_20(u32 yes)
{
	return answers(20) == (bool)yes;
}

static void what_the_host_has_is_there_at_once(void **state)
{
	const struct net_address gateway = { .byte = { 10, 1, 0, 2 } };
	const u8 *mac;

	(void)state;
	assert_true(answers(20));
	mac = net_find_neighbour(net, 1, AF_INET, &gateway);
	assert_non_null(mac);
	assert_memory_equal(mac, "\x02\0\0\0\x01\x02", 6);
}

static void changes_come_while_others_look_up(void **state)
{
	static char lines[ROUTES * 64];
	size_t at = 0;

	(void)state;
	for (u32 i = 0; i < ROUTES; i++)
		at += (size_t)snprintf(lines + at, sizeof(lines) - at,
				       "route add 90.%u.%u.0/24 via 10.1.0.2\n",
				       i / 256, i % 256);
	assert_int_equal(ip(lines), 0);
	until(has_nineties, ROUTES);
	assert_int_equal(ip("route flush root 90.0.0.0/8\n"), 0);
	until(has_nineties, 0);
}

static void a_device_goes_and_comes_back(void **state)
{
	(void)state;
	assert_int_equal(ip("link set lan down\n"), 0);
	until(goes_to_20, false);
	assert_int_equal(ip("link del lan\n"), 0);
	assert_int_equal(ip("link add lan type veth peer name lan_\n"
			    "link set lan_ up\nlink set lan up\n"
			    "addr add 10.1.0.1/24 dev lan\n"
			    "route add 20.0.0.0/8 via 10.1.0.2\n"),
			 0);
	until(goes_to_20, true);
}

static int set_up(void **state)
{
	const struct mem_config config = { .slots = 1 };
	const struct net_device device = { .ifindex = 1,
					   .mtu = 1500,
					   .mac = { 2 },
					   .forwards = true };
	const struct net_mirror_device mirrored = { .host = "lan",
						    .ifindex = 1 };
	struct net_mirror *m;
	struct err err = { 0 };

	if (mem_create(&config, &mem) || net_create(mem, &net) ||
	    net_set_device(net, &device, NULL) ||
	    rcu_online(mem_rcu(mem), 0) ||
	    net_mirror_open(net, &mirrored, 1, &err, &m))
		return -1;
	*state = m;
	return 0;
}

static int tear_down(void **state)
{
	net_mirror_close(*state);
	rcu_offline(mem_rcu(mem), 0);
	net_destroy(net);
	mem_destroy(mem);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_host_has_is_there_at_once),
		cmocka_unit_test(changes_come_while_others_look_up),
		cmocka_unit_test(a_device_goes_and_comes_back),
	};

	if (unshare(CLONE_NEWNET) || ip(network)) {
		puts("skipped: no network namespace of its own with veths");
		return SKIP;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
