/* SPDX-License-Identifier: BSD-3-Clause */
/* fib.c - fib_lookup: where a packet would be forwarded to */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <string.h>
#include <sys/socket.h>

#include "helper/helpers.h"
#include "net/net.h"

#define FLAGS                                              \
	(BPF_FIB_LOOKUP_DIRECT | BPF_FIB_LOOKUP_OUTPUT |   \
	 BPF_FIB_LOOKUP_SKIP_NEIGH | BPF_FIB_LOOKUP_TBID | \
	 BPF_FIB_LOOKUP_SRC | BPF_FIB_LOOKUP_MARK)
#define TOS_BITS 0x1c /* that IPv4 routes and rules are chosen by */
#define CLASS_BITS 0xfc
#define VLAN_BYTES 4
#define LOOPBACK 1 /* what starts at a host comes from there */

static void put_address(void *to, u16 family, const struct net_address *from)
{
	memcpy(to, from, net_bytes(family));
}

static struct net_flow flow_of(const struct bpf_fib_lookup *params, u32 flags)
{
	bool output = flags & BPF_FIB_LOOKUP_OUTPUT;
	bool direct = flags & BPF_FIB_LOOKUP_DIRECT;
	struct net_flow flow = {
		.family = params->family,
		.iif = output ? LOOPBACK : params->ifindex,
		.oif = output ? params->ifindex : 0,
		.proto = params->l4_protocol,
		.sport = params->sport,
		.dport = params->dport,
	};

	if (!direct && flags & BPF_FIB_LOOKUP_MARK)
		flow.mark = params->mark;
	if (params->family == AF_INET)
		flow.tos = params->tos & TOS_BITS;
	else
		flow.tos = ntohl(params->flowinfo) >> 20 & CLASS_BITS;
	memcpy(&flow.to, params->ipv6_dst, net_bytes(flow.family));
	memcpy(&flow.from, params->ipv6_src, net_bytes(flow.family));
	return flow;
}

/* IPv6's multicast and what is of the link or the host alone. */
static bool stays_here(const u32 address[4])
{
	const u8 *byte = (const u8 *)address;
	static const u8 host[16] = { [15] = 1 };

	return byte[0] == 0xff ||
	       (byte[0] == 0xfe && (byte[1] & 0xc0) == 0x80) ||
	       memcmp(byte, host, sizeof(host)) == 0;
}

/* BPF_FIB_LKUP_RET_*, or 0 and the answer. */
static int find_route(const struct net *net, struct bpf_fib_lookup *params,
		      u32 flags, const struct net_flow *flow,
		      struct net_answer *answer)
{
	u32 table = NET_BY_RULES;
	int res;

	if (flags & BPF_FIB_LOOKUP_DIRECT) {
		table = RT_TABLE_MAIN;
		if (flags & BPF_FIB_LOOKUP_TBID) {
			table = params->tbid ? params->tbid : RT_TABLE_MAIN;
			params->tbid = 0;
		}
	}
	res = net_lookup(net, flow, table, answer);
	if (!res && answer->route->type == RTN_UNICAST)
		return 0;
	if (!res && flow->family == AF_INET6) {
		switch (answer->route->type) {
		case RTN_BLACKHOLE: return BPF_FIB_LKUP_RET_BLACKHOLE;
		case RTN_UNREACHABLE: return BPF_FIB_LKUP_RET_UNREACHABLE;
		case RTN_PROHIBIT: return BPF_FIB_LKUP_RET_PROHIBIT;
		}
	}
	switch (res) {
	case -EINVAL: return BPF_FIB_LKUP_RET_BLACKHOLE;
	case -EHOSTUNREACH: return BPF_FIB_LKUP_RET_UNREACHABLE;
	case -EACCES: return BPF_FIB_LKUP_RET_PROHIBIT;
	default: return BPF_FIB_LKUP_RET_NOT_FWDED;
	}
}

/* The next hop's MAC and the device's. */
static int find_macs(const struct net *net, struct bpf_fib_lookup *params,
		     u16 family)
{
	const struct net_device *dev = net_device(net, params->ifindex);
	struct net_address next = { 0 };
	const u8 *mac;

	memcpy(&next, params->ipv6_dst, net_bytes(family));
	mac = net_find_neighbour(net, params->ifindex, family, &next);
	if (!mac)
		return BPF_FIB_LKUP_RET_NO_NEIGH;
	memcpy(params->dmac, mac, ETH_ALEN);
	memcpy(params->smac, dev->mac, ETH_ALEN);
	return 0;
}

static int set_next(const struct net *net, struct bpf_fib_lookup *params,
		    u32 flags, const struct net_flow *flow,
		    const struct net_answer *answer, u32 mtu)
{
	const struct net_hop *hop = answer->hop;
	struct net_address source;
	u16 family = flow->family;
	int res;

	params->rt_metric = answer->route->metric;
	params->ifindex = hop->ifindex;
	/* Linux puts IPv6's gateway before it asks for the source, IPv4's after
	 * it, which only shows where there is no source */
	if (family == AF_INET6 && hop->family)
		put_address(params->ipv6_dst, family, &hop->gateway);
	if (flags & BPF_FIB_LOOKUP_SRC) {
		if (!net_source(net, flow, answer, &source))
			return BPF_FIB_LKUP_RET_NO_SRC_ADDR;
		put_address(params->ipv6_src, family, &source);
	}
	if (family == AF_INET && hop->family) {
		family = hop->family;
		if (family == AF_INET6)
			params->family = AF_INET6;
		put_address(params->ipv6_dst, family, &hop->gateway);
	}
	if (!(flags & BPF_FIB_LOOKUP_SKIP_NEIGH)) {
		res = find_macs(net, params, family);
		if (res)
			return res;
	}
	params->h_vlan_TCI = 0;
	params->h_vlan_proto = 0;
	if (mtu)
		params->mtu_result = (u16)mtu;
	return BPF_FIB_LKUP_RET_SUCCESS;
}

static int look_up(const struct net *net, struct bpf_fib_lookup *params,
		   u32 flags, bool check_mtu)
{
	const struct net_device *dev;
	struct net_answer answer;
	struct net_flow flow;
	u32 mtu = 0;
	int res;

	if (params->family != AF_INET && params->family != AF_INET6)
		return -EAFNOSUPPORT;
	if (params->family == AF_INET6 &&
	    (stays_here(params->ipv6_dst) || stays_here(params->ipv6_src)))
		return BPF_FIB_LKUP_RET_NOT_FWDED;
	dev = net_device(net, params->ifindex);
	if (!dev)
		return -ENODEV;
	if (!dev->forwards)
		return BPF_FIB_LKUP_RET_FWD_DISABLED;
	flow = flow_of(params, flags);
	res = find_route(net, params, flags, &flow, &answer);
	if (res)
		return res;
	if (check_mtu) {
		mtu = net_mtu(net, &answer);
		if (params->tot_len > mtu) {
			params->mtu_result = (u16)mtu;
			return BPF_FIB_LKUP_RET_FRAG_NEEDED;
		}
	}
	return set_next(net, params, flags, &flow, &answer, mtu);
}

HELPER_4(fib_lookup, const struct pkt *, p, struct bpf_fib_lookup *, params,
	 s32, size, u32, flags)
{
	const struct net *net = run->world->net;
	bool xdp = run->prog->type == BPF_PROG_TYPE_XDP;
	const struct net_device *dev;
	bool check_mtu;
	int res;

	if ((u32)size < sizeof(*params) || flags & ~(u32)FLAGS)
		return helper_error(-EINVAL);
	check_mtu = xdp || params->tot_len;
	res = look_up(net, params, flags, check_mtu);
	if (res || check_mtu)
		return helper_error(res);
	/* without a length given, that of the packet counts */
	dev = net_device(net, params->ifindex);
	params->mtu_result = (u16)dev->mtu;
	if (pkt_len(p) > dev->mtu + ETH_HLEN + VLAN_BYTES && !p->gso_size)
		return BPF_FIB_LKUP_RET_FRAG_NEEDED;
	return BPF_FIB_LKUP_RET_SUCCESS;
}

const struct helper helper_fib_lookup = {
	.id = BPF_FUNC_fib_lookup,
	.name = "fib_lookup",
	.fn = fib_lookup,
	.progs = PROG_XDP | PROG_TC,
	.gpl_only = true,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_MEM_WRITE, ARG_SIZE, ARG_ANY },
};
