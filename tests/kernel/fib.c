/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fib.c - fib_lookup and check_mtu: the same tables on both sides, made by the
 * same words, and random questions
 *
 *	kernel-fib [SEED]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frames.h"
#include "knet.h"
#include "kprog.h"
#include "net/text.h"

#define QUESTIONS 20 /* cases of DUO_CALLS questions, each time */
#define SLOT ((u32)sizeof(struct bpf_fib_lookup))
#define LOOPBACK 1

static u64 seed = 1;
static struct knet kernel;
static struct net *ours;

static const char *const devices[KNET_DEVS] = { "weir-a", "weir-b", "weir-c",
						"weir-d" };

static u32 draw(u32 n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(seed >> 33) % n;
}

/* ---- the two networks ---- */

static u32 find_device(void *arg, const char *name)
{
	(void)arg;
	if (strcmp(name, "lo") == 0)
		return LOOPBACK;
	for (u32 i = 0; i < KNET_DEVS; i++)
		if (strcmp(devices[i], name) == 0)
			return kernel.ifindex[i];
	return 0;
}

static const char *name_device(void *arg, u32 ifindex)
{
	(void)arg;
	for (u32 i = 0; i < KNET_DEVS; i++)
		if (kernel.ifindex[i] == ifindex)
			return devices[i];
	return NULL;
}

static const struct net_names names = { find_device, name_device, NULL };

struct line {
	enum net_noun noun;
	const char *words;
	bool del;
};

static int add_ours(const struct line *l, struct err *err)
{
	return net_change(ours, &names, l->noun, l->del ? NET_DEL : NET_ADD,
			  l->words, err);
}

/* What comes before the first "dev" or "via" says. */
static bool is_ipv6(const struct line *l)
{
	const char *colon = strchr(l->words, ':');
	const char *via = strstr(l->words, " via ");
	const char *mac = strstr(l->words, " lladdr ");

	return colon && (!via || colon < via) && (!mac || colon < mac);
}

static int add_kernel(const struct line *l)
{
	static const char *const nouns[NET_NOUNS] = { "addr", "route", "rule",
						      "neigh" };
	const char *more = "";
	char command[512];

	if (l->noun == NET_NEIGHBOUR)
		more = " nud permanent";
	else if (l->noun == NET_ADDRESS && strchr(l->words, ':') && !l->del)
		more = " nodad";
	snprintf(command, sizeof(command), "ip %s %s %s %s%s",
		 is_ipv6(l) ? "-6" : "-4", nouns[l->noun],
		 l->del ? "del" : "add", l->words, more);
	return system(command) ? -EINVAL : 0;
}

static void change(struct duo *d, const struct line *lines, u32 cnt)
{
	for (u32 i = 0; i < cnt; i++) {
		struct err err = { 0 };

		if (add_kernel(&lines[i]))
			duo_differs(d, "the kernel refuses: %s",
				    lines[i].words);
		if (add_ours(&lines[i], &err))
			duo_differs(d, "ours refuses: %s: %s", lines[i].words,
				    err.reason);
	}
}

static const struct line first[] = {
	{ NET_ADDRESS, "10.1.0.1/24 dev weir-a" },
	{ NET_ADDRESS, "10.1.0.9/24 dev weir-a" },
	{ NET_ADDRESS, "10.9.0.1/16 dev weir-a" },
	{ NET_ADDRESS, "10.2.0.1/31 dev weir-b" },
	{ NET_ADDRESS, "10.3.0.1/32 dev weir-c" },
	{ NET_ADDRESS, "fd01::1/64 dev weir-a" },
	{ NET_ADDRESS, "fd02::1/127 dev weir-b" },
	{ NET_ADDRESS, "2001:db8::5/64 dev weir-c" },
	{ NET_ROUTE, "10.3.0.0/24 dev weir-c" },
	{ NET_ROUTE, "default via 10.1.0.254 dev weir-a metric 20" },
	{ NET_ROUTE, "20.0.0.0/8 via 10.1.0.2 dev weir-a" },
	{ NET_ROUTE, "20.1.0.0/16 via 10.2.0.0 dev weir-b metric 7" },
	{ NET_ROUTE, "20.1.0.0/16 via 10.1.0.3 dev weir-a metric 9" },
	{ NET_ROUTE, "20.1.1.0/24 dev weir-c src 10.3.0.1" },
	{ NET_ROUTE, "20.2.0.0/16 via 10.1.0.2 dev weir-a mtu lock 1300" },
	{ NET_ROUTE, "20.3.0.0/16 tos 0x10 via 10.1.0.4 dev weir-a" },
	{ NET_ROUTE, "20.3.0.0/16 via 10.1.0.5 dev weir-a metric 3" },
	{ NET_ROUTE, "20.4.0.0/16 via inet6 fd01::2 dev weir-a" },
	{ NET_ROUTE, "blackhole 30.0.0.0/8" },
	{ NET_ROUTE, "unreachable 30.1.0.0/16" },
	{ NET_ROUTE, "prohibit 30.2.0.0/16" },
	{ NET_ROUTE, "throw 30.3.0.0/16" },
	{ NET_ROUTE, "30.4.0.0/16 dev weir-d" },
	{ NET_ROUTE, "20.1.1.0/24 via 10.2.0.0 dev weir-b table 7" },
	{ NET_ROUTE, "default via 10.1.0.77 dev weir-a table 7 metric 1" },
	{ NET_ROUTE, "local 40.0.0.0/8 dev weir-a table local" },
	{ NET_ROUTE, "40.1.0.0/16 via 10.1.0.2 dev weir-a" },
	{ NET_ROUTE, "fd10::/16 via fd01::2 dev weir-a" },
	{ NET_ROUTE, "fd10:1::/32 via fd02:: dev weir-b metric 5" },
	{ NET_ROUTE, "fd10:1::/32 via fd01::3 dev weir-a metric 9" },
	{ NET_ROUTE, "fd10:2::/32 via fd01::2 dev weir-a mtu lock 1290" },
	{ NET_ROUTE, "fd10:3::/32 dev weir-c" },
	{ NET_ROUTE, "blackhole fd30::/16" },
	{ NET_ROUTE, "unreachable fd30:1::/32" },
	{ NET_ROUTE, "prohibit fd30:2::/32" },
	{ NET_ROUTE, "2000::/3 via fd01::fe dev weir-a" },
	{ NET_ROUTE, "fd10::/16 via fd01::77 dev weir-a table 7" },
	{ NET_NEIGHBOUR, "10.1.0.2 lladdr 02:00:00:00:01:02 dev weir-a" },
	{ NET_NEIGHBOUR, "10.1.0.3 lladdr 02:00:00:00:01:03 dev weir-a" },
	{ NET_NEIGHBOUR, "10.1.0.5 lladdr 02:00:00:00:01:05 dev weir-a" },
	{ NET_NEIGHBOUR, "10.1.0.254 lladdr 02:00:00:00:01:fe dev weir-a" },
	{ NET_NEIGHBOUR, "10.2.0.0 lladdr 02:00:00:00:02:00 dev weir-b" },
	{ NET_NEIGHBOUR, "10.3.0.7 lladdr 02:00:00:00:03:07 dev weir-c" },
	{ NET_NEIGHBOUR, "20.1.1.1 lladdr 02:00:00:00:20:01 dev weir-c" },
	{ NET_NEIGHBOUR, "fd01::2 lladdr 02:00:00:00:06:02 dev weir-a" },
	{ NET_NEIGHBOUR, "fd02:: lladdr 02:00:00:00:06:00 dev weir-b" },
	{ NET_NEIGHBOUR, "fd10:3::3 lladdr 02:00:00:00:06:33 dev weir-c" },
};

/* From here on IPv4's tables local and main are two. */
static const struct line then[] = {
	{ NET_RULE, "fwmark 1 lookup 7 priority 100" },
	{ NET_RULE, "from 10.66.0.0/16 lookup 7 priority 200" },
	{ NET_RULE, "to 20.5.0.0/16 iif weir-c lookup 8 priority 300" },
	{ NET_RULE, "from fd66::/16 fwmark 0x20/0xf0 lookup 7 priority 100" },
	{ NET_RULE, "to 20.0.0.0/8 tos 0x08 lookup 8 priority 400" },
	{ NET_RULE, "to fd10::/16 tos 0x20 lookup 7 priority 400" },
	{ NET_ROUTE, "default dev weir-d table 8" },
	{ NET_ROUTE, "20.1.0.0/16 via 10.2.0.0 dev weir-b metric 7", true },
	{ NET_ROUTE, "fd10:1::/32 via fd02:: dev weir-b metric 5", true },
	{ NET_ADDRESS, "10.1.0.1/24 dev weir-a", true },
	{ NET_ADDRESS, "fd02::1/127 dev weir-b", true },
};

static const char *const ends[] = {
	"10.1.0.1",  "10.1.0.9",	"10.1.0.255", "10.1.0.0",  "10.1.0.2",
	"10.1.0.3",  "10.2.0.0",	"10.2.0.1",   "10.3.0.1",  "10.3.0.7",
	"10.9.1.1",  "10.66.0.1",	"20.0.0.1",   "20.1.0.1",  "20.1.1.1",
	"20.1.1.2",  "20.2.0.1",	"20.3.0.1",   "20.4.0.1",  "20.5.0.1",
	"30.0.0.1",  "30.1.0.1",	"30.2.0.1",   "30.3.0.1",  "30.4.0.1",
	"40.0.0.1",  "40.1.0.1",	"99.9.9.9",   "127.0.0.1", "0.0.0.0",
	"224.0.0.1", "255.255.255.255",
};

static const char *const ends6[] = {
	"fd01::1",	 "fd01::2",   "fd01::",	     "fd01::3",
	"fd02::",	 "fd02::1",   "fd10::1",     "fd10:1::1",
	"fd10:2::1",	 "fd10:3::3", "fd10:3::4",   "fd30::1",
	"fd30:1::1",	 "fd30:2::1", "2001:db8::5", "2001:db8::9",
	"2001:db8:1::1", "2002::1",   "fe80::1",     "ff02::1",
	"::1",		 "::",	      "fd66::1",     "fc00::1",
};

static void ask_one(struct bpf_fib_lookup *q)
{
	static const u16 lens[] = { 0,	  0,	100,  1290, 1291, 1300,
				    1301, 1400, 1500, 1501, 9000 };
	static const u32 tables[] = {
		0, 7, 8, 9, RT_TABLE_MAIN, RT_TABLE_LOCAL, RT_TABLE_DEFAULT
	};
	bool ipv6 = draw(2);

	memset(q, draw(3) ? 0 : 0x5a, sizeof(*q));
	q->family = ipv6 ? AF_INET6 : AF_INET;
	q->tot_len = lens[draw(ARRAY_LEN(lens))];
	q->ifindex = draw(12) ? kernel.ifindex[draw(KNET_DEVS)] : draw(70);
	if (ipv6) {
		q->flowinfo = draw(3) ? 0 : draw(UINT32_MAX);
		inet_pton(AF_INET6, ends6[draw(ARRAY_LEN(ends6))], q->ipv6_dst);
		inet_pton(AF_INET6, ends6[draw(ARRAY_LEN(ends6))], q->ipv6_src);
	} else {
		q->tos = draw(3) ? 0 : (u8)draw(256);
		inet_pton(AF_INET, ends[draw(ARRAY_LEN(ends))], &q->ipv4_dst);
		inet_pton(AF_INET, ends[draw(ARRAY_LEN(ends))], &q->ipv4_src);
	}
	if (draw(2))
		q->mark = draw(64);
	else
		q->tbid = tables[draw(ARRAY_LEN(tables))];
	if (!draw(40))
		q->family = (u8)draw(256);
}

static u32 draw_flags(void)
{
	static const u32 some[] = {
		BPF_FIB_LOOKUP_DIRECT,	   BPF_FIB_LOOKUP_OUTPUT,
		BPF_FIB_LOOKUP_SKIP_NEIGH, BPF_FIB_LOOKUP_TBID,
		BPF_FIB_LOOKUP_SRC,	   BPF_FIB_LOOKUP_MARK
	};
	u32 flags = 0;

	for (u32 i = 0; i < ARRAY_LEN(some); i++)
		if (!draw(3))
			flags |= some[i];
	return draw(50) ? flags : flags | 1u << draw(32);
}

static void ask_some(struct duo *d, u32 type, u32 len)
{
	struct duo_case c = { "fib_lookup", type };

	for (u32 i = 0; i < DUO_CALLS; i++) {
		u32 size = draw(30) ? SLOT : SLOT - 8 + draw(32);

		ask_one((void *)(duo_memory(d) + i * SLOT));
		c.call[i] = (struct duo_call){ BPF_FUNC_fib_lookup,
					       { CTX, MEM(i * SLOT), K(size),
						 K(draw_flags()) } };
	}
	frame_compare(d, &c, &frame_kinds[0], len);
}

static void ask(struct duo *d)
{
	for (u32 i = 0; i < QUESTIONS; i++) {
		ask_some(d, BPF_PROG_TYPE_XDP, 60);
		ask_some(d, BPF_PROG_TYPE_SCHED_CLS, draw(2) ? 60 : 1600);
	}
}

static void lookups_answer_as_the_kernel(struct duo *d)
{
	change(d, first, ARRAY_LEN(first));
	ask(d);
	change(d, then, ARRAY_LEN(then));
	ask(d);
}

static void mtus_are_checked_as_the_kernel_does(struct duo *d)
{
	static const u32 lens[] = { 0,	  1,	60,    1300,  1486,
				    1500, 1501, 65536, 65537, UINT32_MAX };
	static const s64 diffs[] = { 0,	  -1,	 1,	    14,
				     100, -2000, INT32_MAX, INT32_MIN };
	static const u64 flags[] = { 0, 0, 0, BPF_MTU_CHK_SEGS, 2, 1ull << 40 };

	for (u32 i = 0; i < 4 * QUESTIONS; i++) {
		struct duo_case c = { "check_mtu",
				      i & 1 ? BPF_PROG_TYPE_XDP
					    : BPF_PROG_TYPE_SCHED_CLS };
		u32 *mtu = (u32 *)(void *)duo_memory(d);

		for (u32 k = 0; k < DUO_CALLS; k++) {
			u32 dev = draw(4) ? kernel.ifindex[draw(KNET_DEVS)]
					  : draw(3) * 20;

			mtu[k] = lens[draw(ARRAY_LEN(lens))];
			c.call[k] = (struct duo_call){
				BPF_FUNC_check_mtu,
				{ CTX, K(dev), MEM(4 * k),
				  K(diffs[draw(ARRAY_LEN(diffs))]),
				  K(flags[draw(ARRAY_LEN(flags))]) }
			};
		}
		frame_compare(d, &c, &frame_kinds[0], draw(2) ? 60 : 1514);
	}
}

/* What the calls return; what they do is compared in tests/e2e/vs_redirect.py.
 */
static void redirects_return_what_the_kernel_s_do(struct duo *d)
{
	static const u64 flags[] = {
		0, 0, 0, BPF_F_INGRESS, 2, 4, 8, 1ull << 32
	};
	static const u32 sizes[] = { 0, 1, 19, 20, 21, 64 };
	static const u32 lens[] = { 54, 60, 1400, 1414 };

	for (u32 i = 0; i < 2 * QUESTIONS; i++) {
		struct duo_case c = { "redirects", BPF_PROG_TYPE_SCHED_CLS };

		for (u32 k = 0; k + 1 < DUO_CALLS; k += 3) {
			u32 dev = draw(5) ? kernel.ifindex[draw(KNET_DEVS)]
					  : draw(3) * 20;
			u64 flag = flags[draw(ARRAY_LEN(flags))];

			c.call[k] =
				(struct duo_call){ BPF_FUNC_clone_redirect,
						   { CTX, K(dev), K(flag) } };
			c.call[k + 1] =
				(struct duo_call){ BPF_FUNC_redirect_peer,
						   { K(dev), K(flag) } };
			if (k + 2 < DUO_CALLS)
				c.call[k + 2] = (struct duo_call){
					BPF_FUNC_redirect_neigh,
					{ K(dev), MEM(0),
					  K(sizes[draw(ARRAY_LEN(sizes))]),
					  K(flag) }
				};
		}
		c.gso_size = draw(6) ? 0 : 100;
		frame_compare(d, &c, &frame_kinds[draw(2)],
			      lens[draw(ARRAY_LEN(lens))]);
	}
}

/* ---- setting up ---- */

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	close(fd);
}

static bool set_up_device(u32 i)
{
	struct net_device dev = { .ifindex = kernel.ifindex[i],
				  .mtu = i == KNET_C ? 1400 : 1500,
				  .forwards = i != KNET_D };
	char path[128], command[128];

	memcpy(dev.mac, kernel.mac[i], sizeof(dev.mac));
	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6",
		 devices[i]);
	write_file(path, "0");
	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/forwarding",
		 devices[i]);
	write_file(path, dev.forwards ? "1" : "0");
	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/forwarding",
		 devices[i]);
	write_file(path, dev.forwards ? "1" : "0");
	snprintf(command, sizeof(command), "ip link set %s mtu %u", devices[i],
		 dev.mtu);
	return system(command) == 0 && !net_set_device(ours, &dev, NULL);
}

static bool set_up(struct duo *d)
{
	static const struct net_device loopback = { .ifindex = LOOPBACK,
						    .mtu = 65536 };
	/* the kernel's has it when it is up */
	static const struct line network = {
		NET_ROUTE, "local 127.0.0.0/8 dev lo table local"
	};
	bool ok = net_create(duo_mem(d), &ours) == 0 &&
		  system("ip link set lo up") == 0 &&
		  net_set_device(ours, &loopback, NULL) == 0 &&
		  add_ours(&network, NULL) == 0;

	for (u32 i = 0; ok && i < KNET_DEVS; i++)
		ok = set_up_device(i);
	return ok;
}

static void everything(struct duo *d)
{
	if (!set_up(d)) {
		duo_differs(d, "cannot set up the networks");
		return;
	}
	duo_set_net(d, ours);
	lookups_answer_as_the_kernel(d);
	mtus_are_checked_as_the_kernel_does(d);
	redirects_return_what_the_kernel_s_do(d);
	duo_set_net(d, NULL);
	net_destroy(ours);
}

int main(int argc, char **argv)
{
	static void (*const tests[])(struct duo * d) = { everything };
	int err;

	if (argc > 1)
		seed = strtoull(argv[1], NULL, 0);
	if (kprog_unavailable() || access("/usr/sbin/ip", X_OK)) {
		printf("skipped: no bpf(2), or no ip\n");
		return KPROG_SKIP;
	}
	err = knet_open(&kernel);
	if (err) {
		printf("skipped: no network namespace: %s\n", strerror(-err));
		return KPROG_SKIP;
	}
	err = duo_main(tests, ARRAY_LEN(tests));
	knet_close(&kernel);
	return err;
}
