/* SPDX-License-Identifier: BSD-3-Clause */
/* redirect.c - redirect: notes where to, the hook does it */
#include <linux/pkt_cls.h>

#include "helper/helpers.h"

/* XDP knows no flags, tc the one that says which way. */
HELPER_2(redirect, u32, ifindex, u64, flags)
{
	bool xdp = run->prog->type == BPF_PROG_TYPE_XDP;

	if (flags & ~(xdp ? 0ull : (u64)BPF_F_INGRESS))
		return xdp ? XDP_ABORTED : TC_ACT_SHOT;
	run->redirect.ifindex = ifindex;
	run->redirect.flags = flags;
	run->redirect.set = true;
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
