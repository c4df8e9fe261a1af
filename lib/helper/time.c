/* SPDX-License-Identifier: BSD-3-Clause */
/* time.c - clocks, as the world gives them */
#include <time.h>

#include "helper/helpers.h"

static u64 now(struct run *run, int clock)
{
	return run->world->ops->ktime_ns(run->world, clock);
}

HELPER_0(ktime_get_ns)
{
	return now(run, CLOCK_MONOTONIC);
}

const struct helper helper_ktime_get_ns = {
	.id = BPF_FUNC_ktime_get_ns,
	.name = "ktime_get_ns",
	.fn = ktime_get_ns,
	.progs = PROG_ANY,
	.ret = RET_INT,
};
