/* SPDX-License-Identifier: BSD-3-Clause */
/* redirect.c - redirect, redirect_map: note where to, the hook does it */
#include <linux/pkt_cls.h>

#include "helper/helpers.h"
#include "maps/redirect.h"

/* XDP knows no flags, tc the one that says which way. */
HELPER_2(redirect, u32, ifindex, u64, flags)
{
	bool xdp = run->prog->type == BPF_PROG_TYPE_XDP;

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

const struct helper helper_redirect = {
	.id = BPF_FUNC_redirect,
	.name = "redirect",
	.fn = redirect,
	.progs = PROG_XDP | PROG_TC,
	.ret = RET_INT,
	.arg = { ARG_ANY, ARG_ANY },
};

/* The low bits are what a program returns when there is no entry. */
#define DEFAULT_ACTION ((u64)(XDP_ABORTED | XDP_DROP | XDP_PASS | XDP_TX))

HELPER_3(redirect_map, const struct map *, map, u64, key, u64, flags)
{
	struct redirect_entry *entry;
	bool all = flags & BPF_F_BROADCAST;

	if (flags & ~(DEFAULT_ACTION | redirect_flags(map)))
		return XDP_ABORTED;
	entry = redirect_at(map, (u32)key);
	run->redirect.set = entry || all;
	if (!run->redirect.set)
		return flags & DEFAULT_ACTION;
	run->redirect.how = REDIRECT_PORT;
	run->redirect.entry = all ? NULL : entry;
	run->redirect.map = all ? map : NULL;
	run->redirect.flags = all ? flags : 0;
	return XDP_REDIRECT;
}

const struct helper helper_redirect_map = {
	.id = BPF_FUNC_redirect_map,
	.name = "redirect_map",
	.fn = redirect_map,
	.progs = PROG_XDP,
	.ret = RET_INT,
	.arg = { ARG_MAP, ARG_ANY, ARG_ANY },
};
