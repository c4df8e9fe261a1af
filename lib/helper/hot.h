/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hot.h - what the helpers do that are called most; compiled to bitcode too
 *
 * Arguments are as the helper's prototype cuts them.
 */
#ifndef WEIR_HELPER_HOT_H
#define WEIR_HELPER_HOT_H

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <string.h>

#include "helper/csum.h"
#include "maps/redirect.h"
#include "prog/run.h"

static inline u64 hot_error(int err)
{
	return (u64)(s64)err;
}

static inline u64 hot_clock(struct run *run, int clock)
{
	return run->world->ops->ktime_ns(run->world, clock);
}

/* ---- checksums ---- */

static inline u64 hot_csum_diff(const void *from, u32 from_size, const void *to,
				u32 to_size, u32 seed)
{
	u32 sum = seed;

	if (from_size && to_size)
		sum = csum_sub(csum_bytes(to, to_size, seed),
			       csum_bytes(from, from_size, 0));
	else if (to_size)
		sum = csum_bytes(to, to_size, seed);
	else if (from_size)
		sum = ~csum_bytes(from, from_size, ~seed);
	return csum_fold16(sum);
}

/* ---- the packet ---- */

static inline u64 hot_skb_load_bytes(const struct pkt *p, u32 offset, void *to,
				     u32 len)
{
	if (unlikely((u64)offset + len > pkt_len(p))) {
		memset(to, 0, len);
		return hot_error(-EFAULT);
	}
	memcpy(to, p->data + offset, len);
	return 0;
}

static inline u64 hot_xdp_adjust_head(struct pkt *p, s32 offset)
{
	s64 meta = p->data - p->data_meta;
	s64 data = (p->data - p->head) + (s64)offset;

	if (unlikely(data < PKT_XDP_FRAME + meta ||
		     data > (p->data_end - p->head) - ETH_HLEN))
		return hot_error(-EINVAL);
	if (unlikely(meta))
		memmove(p->data_meta + offset, p->data_meta, (size_t)meta);
	p->data_meta += offset;
	p->data += offset;
	return 0;
}

/* ---- where it goes ---- */

/* XDP knows no flags, tc the one that says which way. */
static inline u64 hot_redirect(struct run *run, bool xdp, u32 ifindex,
			       u64 flags)
{
	if (flags & ~(xdp ? 0ull : (u64)BPF_F_INGRESS))
		return xdp ? XDP_ABORTED : TC_ACT_SHOT;
	run->redirect.ifindex = ifindex;
	run->redirect.flags = flags;
	run->redirect.how = REDIRECT_PORT;
	run->redirect.set = true;
	run->redirect.entry = NULL;
	run->redirect.map = NULL;
	return xdp ? XDP_REDIRECT : TC_ACT_REDIRECT;
}

/* The low bits are what a program returns when there is no entry. */
#define REDIRECT_DEFAULT \
	((u64)(XDP_ABORTED | XDP_DROP | XDP_PASS | XDP_TX))

static inline u64 hot_redirect_map(struct run *run, const struct map *map,
				   u64 key, u64 flags)
{
	struct redirect_entry *entry;
	bool all = flags & BPF_F_BROADCAST;

	if (flags & ~(REDIRECT_DEFAULT | redirect_flags(map)))
		return XDP_ABORTED;
	entry = redirect_at(map, (u32)key);
	run->redirect.set = entry || all;
	if (!run->redirect.set)
		return flags & REDIRECT_DEFAULT;
	run->redirect.how = REDIRECT_PORT;
	run->redirect.entry = all ? NULL : entry;
	run->redirect.map = all ? map : NULL;
	run->redirect.flags = all ? flags : 0;
	return XDP_REDIRECT;
}

#endif
