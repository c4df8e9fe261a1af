/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle/replay.h"

#include "base/log.h"
#include "prog/prog.h"

static struct replay *replay_of(struct world *w)
{
	return container_of(w, struct replay, world);
}

static u64 replay_ktime(struct world *w, int clock)
{
	(void)clock;
	return replay_of(w)->state.now++;
}

static u32 replay_random(struct world *w, u32 slot)
{
	u64 *random = &replay_of(w)->state.random;

	(void)slot;
	*random = *random * REPLAY_RANDOM_MUL + REPLAY_RANDOM_ADD;
	return (u32)(*random >> 32);
}

static u32 replay_cpu(struct world *w, u32 slot)
{
	(void)slot;
	return replay_of(w)->state.cpu;
}

static u64 replay_hash_seed(struct world *w)
{
	(void)w;
	return 0;
}

static void replay_trace(struct world *w, const struct prog *prog,
			 const char *line, u32 len)
{
	(void)w;
	log_info("%s: %.*s", prog->full_name ? prog->full_name : prog->name,
		 (int)len, line);
}

static const struct world_ops replay_ops = {
	.ktime_ns = replay_ktime,
	.random = replay_random,
	.cpu = replay_cpu,
	.hash_seed = replay_hash_seed,
	.trace = replay_trace,
};

void replay_init(struct replay *r)
{
	*r = (struct replay){ .world.ops = &replay_ops };
}

void replay_packet(struct replay *r, u64 ns)
{
	r->state.now = MAX(r->state.now, ns);
}
