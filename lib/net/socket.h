/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * socket.h - sockets that are somewhere else, for programs to look up
 *
 * Filled from outside, empty at first.  A program has a pointer to what it
 * sees of one, laid out as the uapi's structs; sockets are aligned so that
 * every such pointer leads to its socket.
 */
#ifndef WEIR_NET_SOCKET_H
#define WEIR_NET_SOCKET_H

#include <linux/bpf.h>

#include "mem/rcu.h"
#include "net/net.h"

#define NET_SOCKET_ALIGN 512

struct net_end {
	struct net_address address; /* zero: any */
	u16 port;		    /* host byte order */
};

struct net_socket_attr {
	u16 family;
	u8 protocol; /* IPPROTO_TCP, IPPROTO_UDP */
	bool connected;
	bool only_ipv6; /* one of :: is none of 0.0.0.0 */
	bool cookies;	/* SYN cookies are given out for it now */
	u32 ifindex;	/* bound to the device, 0: to none */
	u32 mark;
	u32 priority;
	struct net_end local;
	struct net_end remote; /* of one that is connected */
};

struct net_socket {
	struct bpf_sock sock;
	struct bpf_tcp_sock tcp;
	struct net_socket_attr attr;
	struct rcu_head head;
};

_Static_assert(sizeof(struct net_socket) <= NET_SOCKET_ALIGN,
	       "a pointer into it leads to its start");

static inline struct net_socket *net_socket_of(u64 pointer)
{
	return (void *)(uintptr_t)(pointer & ~(u64)(NET_SOCKET_ALIGN - 1));
}

int net_add_socket(struct net *net, const struct net_socket_attr *attr,
		   struct err *err);
int net_del_socket(struct net *net, const struct net_socket_attr *attr,
		   struct err *err);
typedef void net_socket_fn(void *arg, const struct net_socket_attr *attr);
void net_each_socket(struct net *net, net_socket_fn *fn, void *arg);

/* The socket that gets what comes from the remote end at a device: one that is
 * connected, else the one bound most narrowly; NULL: none. */
struct net_socket *net_find_socket(const struct net *net, u16 family,
				   u8 protocol, const struct net_end *remote,
				   const struct net_end *local, u32 ifindex);

#endif
