/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * map_weir.c - Weir's side of the map benchmarks: native calls through the
 * map's operations, as helpers make them; and, for lookup_inline, the header
 * with the fast path of arrays compiled into the loop, as compiled programs and
 * applications that include it have it
 */
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "base/slot.h"
#include "maps/array.h"
#include "side.h"

#define BURST 32
#define BURSTS 512 /* a run */

struct weir {
	struct map_env env;
	struct map *map;
};

static void fill(struct weir *w, const struct map_load *load)
{
	u64 value[MAP_VALUE_MAX / 8] = { 0 };
	__u64 key[MAP_KEY_MAX / 8] = { 0 };

	for (u32 i = 0; i < side_filled(load); i++) {
		if (load->type == BPF_MAP_TYPE_LPM_TRIE)
			side_prefix(i, (u32 *)key);
		else
			load_key(load, i, key);
		if (w->map->ops->update(w->map, key, value, BPF_ANY))
			side_fail("the map refuses entry %u", i);
		if (i % BURST == 0)
			rcu_quiescent(mem_rcu(w->env.mem), 0);
	}
}

static void weir_setup(struct side *side)
{
	struct weir *w = calloc(1, sizeof(*w));
	struct mem_config config = {
		.slots = side->load.threads,
		.huge = getenv("BENCH_HUGE") != NULL,
	};
	struct map_attr attr = {
		.type = side->load.type,
		.key_size = side->load.key_size,
		.value_size = side->load.value_size,
		.max_entries = side->load.entries,
		.name = "bench",
	};
	struct err err = { 0 };

	if (!w)
		side_fail("no memory");
	side->arg = w;
	if (attr.type == BPF_MAP_TYPE_LPM_TRIE)
		attr.flags = BPF_F_NO_PREALLOC;
	if (mem_create(&config, &w->env.mem))
		side_fail("no memory");
	if (map_create(&w->env, &attr, &err, &w->map))
		side_fail("the map is refused: %s", err.reason);
	if (rcu_online(mem_rcu(w->env.mem), 0))
		side_fail("no slot");
	fill(w, &side->load);
	rcu_offline(mem_rcu(w->env.mem), 0);
}

static void weir_enter(struct side *side, u32 thread)
{
	struct weir *w = side->arg;

	if (rcu_online(mem_rcu(w->env.mem), thread))
		side_fail("no slot");
}

static void weir_leave(struct side *side, u32 thread)
{
	struct weir *w = side->arg;

	rcu_offline(mem_rcu(w->env.mem), thread);
}

static inline __attribute__((always_inline)) u64
do_one(struct map *map, const struct map_load *load, u32 op, __u64 *random)
{
	const struct map_ops *ops = map->ops;
	__u64 key[MAP_KEY_MAX / 8];
	u64 value[MAP_VALUE_MAX / 8] = { 0 };
	u64 *found;

	load_key(load, load_number(load, op, random), key);
	switch (op) {
	case LOAD_LOOKUP_HIT:
	case LOAD_LOOKUP_MISS:
		found = ops->lookup(map, key);
		return found ? *found : 0;
	case LOAD_UPDATE: ops->update(map, key, value, BPF_ANY); return 0;
	case LOAD_INSERT_DELETE:
		ops->update(map, key, value, BPF_ANY);
		ops->delete (map, key);
		return 0;
	default:
		found = ops->lookup(map, key);
		if (found)
			return *found;
		ops->update(map, key, value, BPF_ANY);
		return 0;
	}
}

/* What of the map does not change is read before the loop. */
static inline __attribute__((always_inline)) u64
find_inline(const struct array_fast *a, const struct map_load *load, u32 slot,
	    __u64 *random)
{
	u64 *found = array_at(a, load_number(load, LOAD_LOOKUP_INLINE, random),
			      slot);

	return found ? *found : 0;
}

static u64 find_burst(struct map *map, const struct map_load *load,
		      __u64 *random)
{
	__u64 keys[BURST][MAP_KEY_MAX / 8];
	const void *at[BURST];
	void *found[BURST];
	u64 sum = 0;

	for (u32 i = 0; i < BURST; i++) {
		load_key(load, load_number(load, LOAD_LOOKUP_BURST, random),
			 keys[i]);
		at[i] = keys[i];
	}
	map->ops->lookup_burst(map, at, BURST, found);
	for (u32 i = 0; i < BURST; i++)
		sum += found[i] ? *(u64 *)found[i] : 0;
	return sum;
}

static inline __attribute__((always_inline)) u64
run_op(struct side *side, u32 op, u32 thread, __u64 *random)
{
	struct weir *w = side->arg;
	const struct map_load load = side->load;
	struct rcu *rcu = mem_rcu(w->env.mem);
	struct array_fast array = { 0 };
	__u64 state = *random;
	u64 sum = 0;

	if (op == LOAD_LOOKUP_INLINE)
		array = array_of(w->map)->fast;
	for (u32 i = 0; i < BURSTS; i++) {
		if (op == LOAD_LOOKUP_BURST)
			sum += find_burst(w->map, &load, &state);
		for (u32 j = 0; j < BURST && op != LOAD_LOOKUP_BURST; j++)
			sum += op == LOAD_LOOKUP_INLINE
				       ? find_inline(&array, &load, thread,
						     &state)
				       : do_one(w->map, &load, op, &state);
		rcu_quiescent(rcu, thread);
	}
	*random = state;
	__asm__ volatile("" : : "r"(sum));
	return (u64)BURSTS * BURST;
}

/* One case a line, so that the operation is constant in each. */
static u64 weir_run(struct side *side, u32 thread, __u64 *random)
{
	switch (side->load.op) {
	case LOAD_LOOKUP_HIT:
		return run_op(side, LOAD_LOOKUP_HIT, thread, random);
	case LOAD_LOOKUP_MISS:
		return run_op(side, LOAD_LOOKUP_MISS, thread, random);
	case LOAD_LOOKUP_BURST:
		return run_op(side, LOAD_LOOKUP_BURST, thread, random);
	case LOAD_LOOKUP_INLINE:
		return run_op(side, LOAD_LOOKUP_INLINE, thread, random);
	case LOAD_UPDATE: return run_op(side, LOAD_UPDATE, thread, random);
	case LOAD_INSERT_DELETE:
		return run_op(side, LOAD_INSERT_DELETE, thread, random);
	default: return run_op(side, LOAD_CHURN, thread, random);
	}
}

static u64 weir_memory(struct side *side)
{
	struct weir *w = side->arg;

	return map_bytes(w->map);
}

int main(int argc, char **argv)
{
	static const struct side_ops ops = {
		.setup = weir_setup,
		.enter = weir_enter,
		.leave = weir_leave,
		.run = weir_run,
		.memory = weir_memory,
	};

	return side_main(argc, argv, &ops);
}
