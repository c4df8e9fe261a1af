/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * chain_swap.c - attacks C1 and C2 of hook/chain.c and R3 of prog/prog.c
 *
 * lcores run bursts through a published chain that a control thread replaces.
 * A burst ends with the chain it found and with programs that are alive; all
 * programs of a chain are of one generation.  At the end every run is counted
 * and nothing is left.
 */
#include "hook/hook.h"
#include "stats/stats.h"
#include "stress.h"

#define ALIVE 0xa11feu
#define SLOTS 2
#define LEN 3
#define SWAPS 3000

/* A program's image: what it belongs to. */
struct tag {
	u32 alive;
	u32 generation;
};

struct rig {
	_Atomic(struct chain *) chain;
	atomic_ullong counted; /* runs, by the programs' counters */
};

static atomic_uint tags;
static _Thread_local u32 burst_generation; /* 0: the burst has just begun */
static _Thread_local u64 ran;
static struct rig rig;

static u64 play(const struct prog *prog, struct run *run)
{
	const struct tag *tag = prog->image;

	(void)run;
	require(tag->alive == ALIVE);
	require(!burst_generation || burst_generation == tag->generation);
	burst_generation = tag->generation;
	ran++;
	return XDP_PASS;
}

static void free_tag(void *image)
{
	struct tag *tag = image;

	require(tag->alive == ALIVE);
	tag->alive = 0;
	free(tag);
	atomic_fetch_sub(&tags, 1);
}

/* No lcore runs it any more, so its counters are final. */
static void add_counters(struct prog *prog, void *arg)
{
	(void)arg;
	for (u32 i = 0; i < SLOTS; i++)
		atomic_fetch_add(&rig.counted, stat_read(&prog->stats[i].runs));
}

static struct prog *new_prog(struct mem *mem, u32 generation)
{
	const struct bpf_insn exit = { .code = BPF_JMP | BPF_EXIT };
	const struct prog_attr attr = {
		.type = BPF_PROG_TYPE_XDP,
		.insns = &exit,
		.insn_cnt = 1,
	};
	struct tag *tag = malloc(sizeof(*tag));
	struct prog *prog;

	require(tag && prog_create(mem, &attr, NULL, &prog) == 0);
	*tag = (struct tag){ ALIVE, generation };
	prog->run = play;
	prog->image = tag;
	prog->free_image = free_tag;
	prog->gone = add_counters;
	atomic_fetch_add(&tags, 1);
	return prog;
}

static struct chain *new_chain(struct mem *mem, u32 generation)
{
	struct chain_entry entries[LEN];
	struct chain *chain;

	for (u32 i = 0; i < LEN; i++)
		entries[i] = (struct chain_entry){
			.prog = new_prog(mem, generation),
			.style = CHAIN_XDP,
			.chain_actions = 1 << XDP_PASS,
		};
	require(chain_create(mem_rcu(mem), HOOK_XDP, entries, LEN, NULL,
			     &chain) == 0);
	for (u32 i = 0; i < LEN; i++)
		prog_put(entries[i].prog); /* the chain has its own */
	return chain;
}

static void poll_chain(struct worker *w)
{
	struct run run = { .world = &world_host, .slot = w->slot };
	struct pkt pkt = { 0 }, *pkts[BURST];
	struct verdict verdicts[BURST];

	for (u32 i = 0; i < BURST; i++)
		pkts[i] = &pkt;
	while (!worker_stopped(w)) {
		burst_generation = 0;
		bool same = chain_run_burst(
			atomic_load_explicit(&rig.chain, memory_order_acquire),
			&run, pkts, BURST, verdicts);

		for (u32 i = 0; i < (same ? 1 : BURST); i++)
			require(verdicts[i].kind == VERDICT_PASS);
		worker_quiescent(w);
	}
	w->result = ran;
}

static void swap_chains(struct worker *w)
{
	for (u32 i = 0; i < w->ops; i++) {
		struct chain *old =
			atomic_exchange_explicit(&rig.chain,
						 new_chain(w->env->mem, i + 2),
						 memory_order_acq_rel);

		chain_put(old);
		rcu_reclaim(worker_rcu(w));
	}
}

int main(void)
{
	struct map_env env;
	struct worker w[] = {
		{ &env, NULL, 0, 0, .fn = poll_chain },
		{ &env, NULL, 1, 0, .fn = poll_chain },
		{ &env, NULL, SLOT_NONE, SWAPS, .fn = swap_chains },
	};

	stress_env(&env, SLOTS, &prog_refs);
	atomic_store(&rig.chain, new_chain(env.mem, 1));
	workers_run(w, ARRAY_LEN(w));
	chain_put(atomic_load(&rig.chain));
	mem_destroy(env.mem);
	require(atomic_load(&tags) == 0);
	require(atomic_load(&rig.counted) == w[0].result + w[1].result);
	return 0;
}
