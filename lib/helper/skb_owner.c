/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * skb_owner.c - whose a packet is: its socket, its groups, its route's realm
 *
 * Packets come from ports, so they have no socket, and what Linux answers for
 * those without one is the answer here.  A group is that of the port a packet
 * is on.
 */
#include "helper/helpers.h"
#include "maps/group.h"

#define UID_OF_NOBODY 65534 /* Linux's overflowuid */
#define FIRST_NETNS 1	    /* the cookie of the first network namespace */

HELPER_0(nothing)
{
	return 0;
}

#define OF_PACKET(of, may, what)                                 \
	const struct helper helper_##of = { .id = BPF_FUNC_##of, \
					    .name = #of,         \
					    .fn = nothing,       \
					    .progs = may,        \
					    .ret = RET_INT,      \
					    .arg = { what } }

/* of the task where there is no sk_buff */
OF_PACKET(get_cgroup_classid, PROG_ANY, ARG_TC_CTX);
OF_PACKET(get_route_realm, PROG_TC, ARG_CTX);
OF_PACKET(get_socket_cookie, PROG_TC | PROG_SOCKET, ARG_CTX);
OF_PACKET(skb_cgroup_id, PROG_TC, ARG_CTX);
OF_PACKET(skb_cgroup_classid, PROG_TC, ARG_CTX);

const struct helper helper_skb_ancestor_cgroup_id = {
	.id = BPF_FUNC_skb_ancestor_cgroup_id,
	.name = "skb_ancestor_cgroup_id",
	.fn = nothing,
	.progs = PROG_TC,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_ANY },
};

HELPER_0(get_socket_uid)
{
	return UID_OF_NOBODY;
}

const struct helper helper_get_socket_uid = {
	.id = BPF_FUNC_get_socket_uid,
	.name = "get_socket_uid",
	.fn = get_socket_uid,
	.progs = PROG_TC | PROG_SOCKET,
	.ret = RET_INT,
	.arg = { ARG_CTX },
};

HELPER_0(get_netns_cookie)
{
	return FIRST_NETNS;
}

const struct helper helper_get_netns_cookie = {
	.id = BPF_FUNC_get_netns_cookie,
	.name = "get_netns_cookie",
	.fn = get_netns_cookie,
	.progs = PROG_TC | PROG_SOCKET,
	.ret = RET_INT,
	.arg = { ARG_CTX_OR_NULL },
};

HELPER_3(skb_under_cgroup, const struct pkt *, p, const struct map *, map, u32,
	 index)
{
	int under = cgroup_array_holds(map, index, group_of_port(p->ifindex));

	return under < 0 ? helper_error(under) : (u64)under;
}

const struct helper helper_skb_under_cgroup = {
	.id = BPF_FUNC_skb_under_cgroup,
	.name = "skb_under_cgroup",
	.fn = skb_under_cgroup,
	.progs = PROG_TC,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_MAP, ARG_ANY },
};
