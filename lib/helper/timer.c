/* SPDX-License-Identifier: BSD-3-Clause */
/* timer.c - timer_init, timer_set_callback, timer_start, timer_cancel */
#include "maps/timer.h"

#include "helper/helpers.h"

/* A program has its timers from one of its maps. */
static struct timers *timers_of(const struct run *run)
{
	return run->prog->maps[0]->env->timers;
}

HELPER_3(init, void *, timer, struct map *, map, u64, flags)
{
	return helper_error(timer_init(map, timer, flags));
}

const struct helper helper_timer_init = {
	.id = BPF_FUNC_timer_init,
	.name = "timer_init",
	.fn = init,
	.progs = PROG_ANY,
	.gpl_only = true,
	.ret = RET_INT,
	.arg = { ARG_TIMER, ARG_MAP, ARG_ANY },
};

HELPER_2(set_callback, void *, timer, u64, func)
{
	struct prog *prog = (struct prog *)(uintptr_t)run->prog;

	return helper_error(
		timer_set_callback(timers_of(run), timer, prog, func));
}

const struct helper helper_timer_set_callback = {
	.id = BPF_FUNC_timer_set_callback,
	.name = "timer_set_callback",
	.fn = set_callback,
	.progs = PROG_ANY,
	.gpl_only = true,
	.ret = RET_INT,
	.arg = { ARG_TIMER, ARG_FUNC },
};

HELPER_3(start, void *, timer, u64, nsecs, u64, flags)
{
	return helper_error(timer_start(timers_of(run), timer, nsecs, flags));
}

const struct helper helper_timer_start = {
	.id = BPF_FUNC_timer_start,
	.name = "timer_start",
	.fn = start,
	.progs = PROG_ANY,
	.gpl_only = true,
	.ret = RET_INT,
	.arg = { ARG_TIMER, ARG_ANY, ARG_ANY },
};

HELPER_1(cancel, void *, timer)
{
	return helper_error(timer_cancel(timers_of(run), timer, run));
}

const struct helper helper_timer_cancel = {
	.id = BPF_FUNC_timer_cancel,
	.name = "timer_cancel",
	.fn = cancel,
	.progs = PROG_ANY,
	.gpl_only = true,
	.ret = RET_INT,
	.arg = { ARG_TIMER },
};
