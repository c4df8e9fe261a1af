/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * redirect_swap.c - attacks D2 to D5 of maps/redirect.h and devmap_hash.c
 *
 * lcores look up entries that control threads set, replace and erase, and pass
 * packets of a cpumap on to each other.  Programs are counted: each is freed
 * once, after the last burst and the last packet that had its entry.
 */
#include <errno.h>

#include "maps/redirect.h"
#include "stress.h"

#define ENTRIES 8
#define ALIVE 0xa11feu
#define PIPE 64
#define QSIZE 5

struct prog {
	atomic_uint refs;
	u32 alive;
};

static atomic_uint programs;

static struct prog *new_prog(void)
{
	struct prog *p = malloc(sizeof(*p));

	require(p);
	atomic_init(&p->refs, 1);
	p->alive = ALIVE;
	atomic_fetch_add(&programs, 1);
	return p;
}

static void get(struct prog *prog)
{
	atomic_fetch_add_explicit(&prog->refs, 1, memory_order_relaxed);
}

static void put(struct prog *prog)
{
	if (atomic_fetch_sub_explicit(&prog->refs, 1, memory_order_acq_rel) !=
	    1)
		return;
	require(prog->alive == ALIVE);
	prog->alive = 0;
	free(prog);
	atomic_fetch_sub(&programs, 1);
}

static u32 id_of(const struct prog *prog)
{
	return prog->alive;
}

static u64 kind_of(const struct prog *prog)
{
	(void)prog;
	return 1ull << 63;
}

static bool is_xdp_for(const struct prog *prog, u32 attach_type)
{
	(void)prog;
	(void)attach_type;
	return true;
}

static const struct prog_ref_ops progs = {
	.get = get,
	.put = put,
	.id = id_of,
	.kind = kind_of,
	.is_xdp_for = is_xdp_for,
};

static void check(const struct redirect_entry *e)
{
	u32 id;

	if (!e)
		return;
	require(e->prog && e->prog->alive == ALIVE);
	memcpy(&id, e->value.bytes + 4, sizeof(id));
	require(id == ALIVE);
}

/* Key 0 is replaced and never erased: it is always found. */
static void look(struct worker *w)
{
	struct redirect_entry *found[BURST];

	while (!worker_stopped(w)) {
		const struct redirect_entry *e = NULL;

		for (u32 i = 0; i < BURST; i++) {
			u32 key = worker_random(w, ENTRIES);

			found[i] = redirect_at(w->map, key);
			require(found[i] || key);
		}
		for (u32 i = 0; i < BURST; i++)
			check(found[i]);
		while ((e = redirect_next(w->map, e)))
			check(e);
		worker_quiescent(w);
	}
}

static void rewire(struct worker *w)
{
	for (u32 i = 0; i < w->ops; i++) {
		u32 key = worker_random(w, ENTRIES), value[2] = { QSIZE, 7 };
		struct prog *p;

		if (key && worker_random(w, 3) == 0) {
			int err = w->map->ops->erase(w->map, &key);

			require(err == 0 || err == -ENOENT);
		} else {
			p = new_prog();
			require(w->map->ops->write_linked(w->map, &key, value,
							  p, 0) == 0);
			put(p);
		}
		rcu_reclaim(worker_rcu(w));
	}
}

static void ask(struct worker *w)
{
	while (!worker_stopped(w)) {
		u32 key = worker_random(w, ENTRIES), value[2], next;

		if (w->map->ops->read(w->map, &key, value, 0) == 0)
			require(value[0] == QSIZE && value[1] == ALIVE);
		w->map->ops->next_key(w->map, &key, &next);
	}
}

static struct map *new_map(struct map_env *env, u32 type, bool first)
{
	const struct map_attr attr = { .type = type,
				       .key_size = 4,
				       .value_size = 8,
				       .max_entries = ENTRIES,
				       .name = "targets" };
	u32 key = 0, value[2] = { QSIZE, 7 };
	struct prog *p;
	struct map *map;

	stress_env(env, ENTRIES, &progs);
	require(map_create(env, &attr, NULL, &map) == 0);
	if (!first)
		return map;
	p = new_prog();
	require(map->ops->write_linked(map, &key, value, p, 0) == 0);
	put(p);
	return map;
}

static void end(struct map_env *env, struct map *map)
{
	map_put(map);
	mem_destroy(env->mem);
	require(atomic_load(&programs) == 0);
}

static void what_was_found_lives_until_the_burst_ends(u32 type)
{
	struct map_env env;
	struct map *map = new_map(&env, type, true);
	struct worker w[] = {
		{ &env, map, 0, 0, .fn = look },
		{ &env, map, 1, 0, .fn = look },
		{ &env, map, SLOT_NONE, 8000, .fn = rewire },
		{ &env, map, SLOT_NONE, 8000, .fn = rewire },
		{ &env, map, SLOT_NONE, 0, .fn = ask },
	};

	workers_run(w, ARRAY_LEN(w));
	end(&env, map);
}

/* ---- packets ---- */

struct channel {
	_Atomic(struct redirect_entry *) slots[PIPE];
	atomic_bool done;
	u64 passed, refused;
};

static void send(struct worker *w)
{
	struct channel *pipe = w->arg;

	for (u32 i = 0; i < w->ops; i++) {
		struct redirect_entry *e =
			redirect_at(w->map, worker_random(w, ENTRIES));

		if (e && redirect_queue(e)) {
			require(atomic_load(&e->queued) <= QSIZE + 1);
			while (atomic_load_explicit(&pipe->slots[i % PIPE],
						    memory_order_relaxed))
				sched_yield();
			atomic_store_explicit(&pipe->slots[i % PIPE], e,
					      memory_order_release);
			pipe->passed++;
		} else {
			pipe->refused++;
		}
		if (i % 7 == 0)
			worker_quiescent(w);
	}
	atomic_store(&pipe->done, true);
}

static void receive(struct worker *w)
{
	struct channel *pipe = w->arg;
	bool last;

	do {
		last = atomic_load(&pipe->done);
		for (u32 i = 0; i < PIPE; i++) {
			struct redirect_entry *e =
				atomic_exchange_explicit(&pipe->slots[i], NULL,
							 memory_order_acquire);

			check(e);
			if (!e)
				continue;
			w->result++;
			redirect_unqueue(e);
		}
		worker_quiescent(w);
	} while (!last);
}

static void an_entry_lives_as_long_as_its_packets(void)
{
	struct map_env env;
	struct map *map = new_map(&env, BPF_MAP_TYPE_CPUMAP, true);
	struct channel pipe = { .passed = 0 };
	struct worker w[] = {
		{ &env, map, 0, 40000, .fn = send, .arg = &pipe },
		{ &env, map, 1, 1, .fn = receive, .arg = &pipe },
		{ &env, map, SLOT_NONE, 8000, .fn = rewire },
	};

	workers_run(w, ARRAY_LEN(w));
	require(pipe.passed == w[1].result && pipe.passed);
	end(&env, map);
}

static void a_full_queue_takes_no_more(void)
{
	struct map_env env;
	struct map *map = new_map(&env, BPF_MAP_TYPE_CPUMAP, true);
	struct redirect_entry *e = redirect_at(map, 0);
	u32 key = 0;

	for (u32 i = 0; i < QSIZE; i++)
		require(redirect_queue(e));
	require(!redirect_queue(e));
	redirect_unqueue(e);
	require(redirect_queue(e));
	/* The map's reference goes; that of the packets stays. */
	require(map->ops->erase(map, &key) == 0);
	rcu_barrier(mem_rcu(env.mem));
	require(atomic_load(&programs) == 1);
	for (u32 i = 0; i < QSIZE; i++)
		redirect_unqueue(e);
	require(atomic_load(&programs) == 0);
	end(&env, map);
}

int main(void)
{
	what_was_found_lives_until_the_burst_ends(BPF_MAP_TYPE_DEVMAP);
	what_was_found_lives_until_the_burst_ends(BPF_MAP_TYPE_DEVMAP_HASH);
	what_was_found_lives_until_the_burst_ends(BPF_MAP_TYPE_CPUMAP);
	an_entry_lives_as_long_as_its_packets();
	a_full_queue_takes_no_more();
	return 0;
}
