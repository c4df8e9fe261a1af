/* SPDX-License-Identifier: BSD-3-Clause */
/* redirect.c - redirect, redirect_map: note where to, the hook does it */
#include "helper/helpers.h"
#include "helper/hot.h"

HELPER_2(redirect, u32, ifindex, u64, flags)
{
	return hot_redirect(run, run->prog->type == BPF_PROG_TYPE_XDP, ifindex,
			    flags);
}

const struct helper helper_redirect = {
	.id = BPF_FUNC_redirect,
	.name = "redirect",
	.fn = redirect,
	.progs = PROG_XDP | PROG_TC,
	.ret = RET_INT,
	.arg = { ARG_ANY, ARG_ANY },
};

HELPER_3(redirect_map, const struct map *, map, u64, key, u64, flags)
{
	return hot_redirect_map(run, map, key, flags);
}

const struct helper helper_redirect_map = {
	.id = BPF_FUNC_redirect_map,
	.name = "redirect_map",
	.fn = redirect_map,
	.progs = PROG_XDP,
	.ret = RET_INT,
	.arg = { ARG_MAP, ARG_ANY, ARG_ANY },
};
