/* SPDX-License-Identifier: BSD-3-Clause */
/* random.c - get_prandom_u32, as the world gives it */
#include "helper/helpers.h"

HELPER_0(get_prandom_u32)
{
	return run->world->ops->random(run->world, run->slot);
}

const struct helper helper_get_prandom_u32 = {
	.id = BPF_FUNC_get_prandom_u32,
	.name = "get_prandom_u32",
	.fn = get_prandom_u32,
	.progs = PROG_ANY,
	.ret = RET_INT,
};
