/* SPDX-License-Identifier: BSD-3-Clause */
/* skb_xfrm.c - skb_get_xfrm_state: no packet has been through IPsec */
#include <string.h>

#include "helper/helpers.h"

HELPER_5(get_xfrm_state, struct pkt *, p, u32, index, void *, to, u32, size,
	 u64, flags)
{
	(void)p;
	(void)index;
	(void)flags;
	memset(to, 0, size);
	return helper_error(-EINVAL);
}

const struct helper helper_skb_get_xfrm_state = {
	.id = BPF_FUNC_skb_get_xfrm_state,
	.name = "skb_get_xfrm_state",
	.fn = get_xfrm_state,
	.progs = PROG_TC,
	.ret = RET_INT,
	.arg = { ARG_CTX, ARG_ANY, ARG_MEM_OUT, ARG_SIZE, ARG_ANY },
};
