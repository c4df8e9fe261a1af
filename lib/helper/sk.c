/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sk.c - sk_lookup_tcp, sk_lookup_udp, skc_lookup_tcp and what is done with a
 * socket: sk_release, sk_fullsock, tcp_sock, get_listener_sock, sk_assign
 *
 * A socket stays as long as the packet's run, so there is nothing to count.
 */
#include <arpa/inet.h>
#include <linux/in.h>
#include <string.h>
#include <sys/socket.h>

#include "helper/helpers.h"
#include "net/socket.h"

static void end_of(struct net_end *end, const void *address, u16 family,
		   u16 port)
{
	memset(end, 0, sizeof(*end));
	memcpy(&end->address, address, net_bytes(family));
	end->port = ntohs(port);
}

/* Of other namespaces than the own there are none. */
static u64 look_up(const struct run *run, const struct bpf_sock_tuple *tuple,
		   u32 len, u8 protocol, u64 netns, u64 flags)
{
	struct net_end remote, local;
	struct net_socket *s;
	u16 family;

	if (len == sizeof(tuple->ipv4))
		family = AF_INET;
	else if (len == sizeof(tuple->ipv6))
		family = AF_INET6;
	else
		return 0;
	if (flags || (s32)netns >= 0)
		return 0;
	if (family == AF_INET) {
		end_of(&remote, &tuple->ipv4.saddr, family, tuple->ipv4.sport);
		end_of(&local, &tuple->ipv4.daddr, family, tuple->ipv4.dport);
	} else {
		end_of(&remote, tuple->ipv6.saddr, family, tuple->ipv6.sport);
		end_of(&local, tuple->ipv6.daddr, family, tuple->ipv6.dport);
	}
	s = net_find_socket(run->world->net, family, protocol, &remote, &local,
			    run->pkt->ifindex);
	return (u64)(uintptr_t)s;
}

HELPER_5(sk_lookup_tcp, const void *, ctx, const struct bpf_sock_tuple *, tuple,
	 u32, len, u64, netns, u64, flags)
{
	(void)ctx;
	return look_up(run, tuple, len, IPPROTO_TCP, netns, flags);
}

HELPER_5(sk_lookup_udp, const void *, ctx, const struct bpf_sock_tuple *, tuple,
	 u32, len, u64, netns, u64, flags)
{
	(void)ctx;
	return look_up(run, tuple, len, IPPROTO_UDP, netns, flags);
}

#define LOOKUP(of, function, returns)                                    \
	const struct helper helper_##of = {                              \
		.id = BPF_FUNC_##of,                                     \
		.name = #of,                                             \
		.fn = function,                                          \
		.progs = PROG_XDP | PROG_TC,                             \
		.pkt_access = true,                                      \
		.ret = returns,                                          \
		.acquires = true,                                        \
		.arg = { ARG_CTX, ARG_MEM, ARG_SIZE, ARG_ANY, ARG_ANY }, \
	}

LOOKUP(sk_lookup_tcp, sk_lookup_tcp, RET_SOCK_OR_NULL);
LOOKUP(sk_lookup_udp, sk_lookup_udp, RET_SOCK_OR_NULL);
LOOKUP(skc_lookup_tcp, sk_lookup_tcp, RET_SOCK_COMMON_OR_NULL);

HELPER_0(sk_release)
{
	return 0;
}

const struct helper helper_sk_release = {
	.id = BPF_FUNC_sk_release,
	.name = "sk_release",
	.fn = sk_release,
	.progs = PROG_XDP | PROG_TC,
	.ret = RET_INT,
	.releases = true,
	.arg = { ARG_SOCK_COMMON },
};

/* All that are known are whole. */
HELPER_1(sk_fullsock, u64, sk)
{
	return (u64)(uintptr_t)net_socket_of(sk);
}

const struct helper helper_sk_fullsock = {
	.id = BPF_FUNC_sk_fullsock,
	.name = "sk_fullsock",
	.fn = sk_fullsock,
	.progs = PROG_TC,
	.ret = RET_SOCK_OR_NULL,
	.casts = true,
	.arg = { ARG_SOCK_COMMON },
};

HELPER_1(tcp_sock, u64, sk)
{
	struct net_socket *s = net_socket_of(sk);

	return sk && s->attr.protocol == IPPROTO_TCP ? (u64)(uintptr_t)&s->tcp
						     : 0;
}

const struct helper helper_tcp_sock = {
	.id = BPF_FUNC_tcp_sock,
	.name = "tcp_sock",
	.fn = tcp_sock,
	.progs = PROG_TC,
	.ret = RET_TCP_SOCK_OR_NULL,
	.casts = true,
	.arg = { ARG_SOCK_COMMON },
};

HELPER_1(get_listener_sock, u64, sk)
{
	struct net_socket *s = net_socket_of(sk);

	return s->attr.protocol == IPPROTO_TCP && !s->attr.connected
		       ? (u64)(uintptr_t)s
		       : 0;
}

const struct helper helper_get_listener_sock = {
	.id = BPF_FUNC_get_listener_sock,
	.name = "get_listener_sock",
	.fn = get_listener_sock,
	.progs = PROG_TC,
	.ret = RET_SOCK_OR_NULL,
	.arg = { ARG_SOCK_COMMON },
};

/* Nothing here would give the packet to it. */
HELPER_3(sk_assign, const struct pkt *, p, u64, sk, u64, flags)
{
	if (!sk || flags)
		return helper_error(-EINVAL);
	return helper_error(p->at_ingress ? 0 : -EOPNOTSUPP);
}

const struct helper helper_sk_assign = {
	.id = BPF_FUNC_sk_assign,
	.name = "sk_assign",
	.fn = sk_assign,
	.progs = PROG_TC,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_SOCK_COMMON, ARG_ANY },
};
