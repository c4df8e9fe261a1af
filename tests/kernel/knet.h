/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * knet.h - a network namespace of the live kernel, of the test's own
 *
 * Two pairs of veth devices: what is sent on one end arrives at the other.
 * Everything goes with the process.
 */
#ifndef WEIR_TESTS_KERNEL_KNET_H
#define WEIR_TESTS_KERNEL_KNET_H

#include "base/types.h"

enum knet_dev { KNET_A, KNET_B, KNET_C, KNET_D, KNET_DEVS }; /* a-b, c-d */

struct knet {
	int netlink;
	u32 ifindex[KNET_DEVS];
	u8 mac[KNET_DEVS][6];
};

/* Moves the process into the namespace.  0 or -errno. */
int knet_open(struct knet *net);
void knet_close(struct knet *net);

/* clsact's hooks. */
int knet_add_clsact(struct knet *net, enum knet_dev dev);
int knet_drop_clsact(struct knet *net, enum knet_dev dev);

struct knet_filter {
	enum knet_dev dev;
	bool ingress;
	u16 priority;
	int prog; /* fd */
	bool direct_action;
	u32 classid; /* 0: none */
};
/* A cls_bpf classifier. */
int knet_add_filter(struct knet *net, const struct knet_filter *f);

/* A BPF link of a program to a device; its fd or -errno.  type is BPF_XDP,
 * then in generic mode, or BPF_TCX_*. */
int knet_attach(const struct knet *net, enum knet_dev dev, u32 type, int prog);

/* A socket that gets, and sends, the frames of one protocol (host byte order)
 * at a device, with their headers.  The fd or -errno. */
int knet_socket(const struct knet *net, enum knet_dev dev, u16 protocol);

#endif
