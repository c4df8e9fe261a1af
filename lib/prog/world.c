/* SPDX-License-Identifier: BSD-3-Clause */
/* world.c - the plain surroundings of programs: the host's own */
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/log.h"
#include "base/slot.h"
#include "prog/prog.h"

static u64 host_ktime_ns(struct world *w, int clock)
{
	struct timespec ts;

	(void)w;
	clock_gettime(clock, &ts);
	return (u64)ts.tv_sec * 1000000000 + (u64)ts.tv_nsec;
}

/* splitmix64; a slot is one thread, so each has a sequence of its own */
static u32 host_random(struct world *w, u32 slot)
{
	static _Thread_local u64 state;
	u64 z;

	(void)w;
	(void)slot;
	if (unlikely(!state) &&
	    getrandom(&state, sizeof(state), GRND_NONBLOCK) < 0)
		state = host_ktime_ns(w, CLOCK_MONOTONIC);
	z = state += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (u32)((z ^ z >> 31) >> 32);
}

static u32 host_cpu(struct world *w, u32 slot)
{
	(void)w;
	return slot == SLOT_NONE ? 0 : slot;
}

static void host_trace(struct world *w, const struct prog *prog,
		       const char *line, u32 len)
{
	(void)w;
	log_info("%s: %.*s", prog->full_name ? prog->full_name : prog->name,
		 (int)len, line);
}

static const struct world_ops host_ops = {
	.ktime_ns = host_ktime_ns,
	.random = host_random,
	.cpu = host_cpu,
	.trace = host_trace,
};

struct world world_host = { .ops = &host_ops };
