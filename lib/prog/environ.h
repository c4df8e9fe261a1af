/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * environ.h - a packet as BPF_PROG_TEST_RUN presents it
 *
 * It came on the loopback device, whose address is zero: ifindex 1, queue 0.
 * At tc its VLAN tags stay in the data, it is neither at ingress nor at egress
 * and came from no other device.
 */
#ifndef WEIR_PROG_ENVIRON_H
#define WEIR_PROG_ENVIRON_H

#include <linux/bpf.h>

#include "prog/pkt.h"

#define ENVIRON_TAIL 16384 /* room behind a packet at tc: none gets longer */

/* The most bytes a buffer for environ_lay() needs. */
#define ENVIRON_BUFFER (PKT_HEADROOM + ENVIRON_SKB_MAX + ENVIRON_TAIL)
#define ENVIRON_SKB_MAX 3712 /* a page less 64 and skb_shared_info */

/* Why BPF_PROG_TEST_RUN refused such a packet, as far as is known. */
const char *environ_refuses(u32 prog_type, u32 attach_type, const u8 *bytes,
			    u32 len);

/* Another device that it is said to have come on. */
struct environ_device {
	u32 ifindex;
	u32 queue;
	u8 mac[6];
};

/* Lay it into a buffer of ENVIRON_BUFFER bytes; on the loopback device if dev
 * is NULL.  A socket's packet is without its link header.  -EMSGSIZE; at tc and
 * sockets -EINVAL: shorter than its headers. */
int environ_lay(u32 prog_type, struct pkt *p, u8 *buffer, const void *bytes,
		u32 len, const struct environ_device *dev);
/* The run is over: what comes back of a socket's has a link header of zeros. */
int environ_end(u32 prog_type, struct pkt *p);

/* The context that goes into a test run with it, and comes back: struct xdp_md
 * or struct __sk_buff. */
union environ_ctx {
	struct xdp_md xdp;
	struct __sk_buff skb;
};
u32 environ_ctx(u32 prog_type, u32 len, union environ_ctx *ctx);

/* What a context says of a packet at tc before a run, -EINVAL if it says what
 * it must not; what it shows after one.  ctx holds what else was given. */
int environ_take_skb(struct pkt *p, const struct __sk_buff *ctx);
void environ_give_skb(const struct pkt *p, struct __sk_buff *ctx);

/* A field of the context that both sides show after the run. */
struct environ_field {
	const char *name;
	u64 mine;
	u64 theirs;
};

/* The n-th of them; false: there are no more. */
bool environ_field(u32 prog_type, const struct pkt *p,
		   const union environ_ctx *theirs, u32 n,
		   struct environ_field *out);

#endif
