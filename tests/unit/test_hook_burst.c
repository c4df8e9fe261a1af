/* SPDX-License-Identifier: BSD-3-Clause */
/* Bursts through a hook: what is counted, what stops, and how long things
 * last. */
#include <rte_cycles.h>

#include "hook/ahead.h"
#include "hook_rig.h"

static void a_stopped_program_is_named_and_its_packet_dropped(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, HOOK_TC_INGRESS);
	add(&rig, CHAIN_TCX, TCX_NEXT);
	add(&rig, CHAIN_CLS_BPF, TC_ACT_OK);
	rig.scripts[0].fault = true;
	assert_int_equal(rig_run(&rig)->kind, VERDICT_DROP);
	assert_int_equal(rig.v.drop, DROP_STOPPED);
	assert_int_equal(rig.scripts[1].runs, 0);
	assert_ptr_equal(last_stopped, rig.entries[0].prog);
	assert_int_equal(stat_read(&rig.entries[0].prog->stats[SLOT].stopped),
			 1);
	assert_int_equal(stat_read(&rig.entries[0].prog->stats[SLOT].runs), 1);
	/* the next packet starts afresh */
	rig.scripts[0].fault = false;
	assert_int_equal(rig_run(&rig)->kind, VERDICT_PASS);
	rig_close(&rig);
}

/* On an entry of a devmap or cpumap it is as alone in a chain, redirects and
 * stops included. */
static void the_program_of_an_entry_gives_a_verdict(void **state)
{
	struct run run = { .world = &world, .slot = SLOT };
	struct script s = returns(XDP_PASS);
	struct prog *prog = make_typed(&s, BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP);
	struct rig rig;

	(void)state;
	rig_open(&rig, HOOK_XDP);
	entry_run(prog, &run, &rig.pkt, &rig.v);
	assert_int_equal(rig.v.kind, VERDICT_PASS);
	s.code = XDP_DROP;
	entry_run(prog, &run, &rig.pkt, &rig.v);
	assert_int_equal(rig.v.kind, VERDICT_DROP);
	assert_int_equal(rig.v.drop, DROP_XDP_DROP);
	s.code = XDP_REDIRECT;
	s.redirect = 3;
	entry_run(prog, &run, &rig.pkt, &rig.v);
	assert_int_equal(rig.v.kind, VERDICT_REDIRECT);
	assert_int_equal(rig.v.ifindex, 3);
	s.fault = true;
	entry_run(prog, &run, &rig.pkt, &rig.v);
	assert_int_equal(rig.v.drop, DROP_STOPPED);
	assert_int_equal(stat_read(&prog->stats[SLOT].runs), 4);
	assert_int_equal(stat_read(&prog->stats[SLOT].stopped), 1);
	prog_put(prog);
}

static void every_run_counts_once_in_its_slot(void **state)
{
	enum { BURST = 32 };
	struct run run = { .world = &world, .slot = SLOT };
	struct pkt *pkts[BURST];
	struct verdict verdicts[BURST];
	struct rig rig;

	(void)state;
	rig_open(&rig, HOOK_XDP);
	add(&rig, CHAIN_XDP, XDP_PASS);
	add(&rig, CHAIN_XDP, XDP_DROP);
	add(&rig, CHAIN_XDP, XDP_PASS);
	rig_run(&rig);
	for (u32 i = 0; i < BURST; i++)
		pkts[i] = &rig.pkt;
	assert_false(chain_run_burst(rig.chain, &run, pkts, BURST, verdicts));
	for (u32 i = 0; i < BURST; i++)
		assert_int_equal(verdicts[i].drop, DROP_XDP_DROP);
	for (u32 i = 0; i < 3; i++) {
		const struct prog_stats *s = rig.entries[i].prog->stats;

		assert_int_equal(stat_read(&s[SLOT].runs),
				 i < 2 ? BURST + 1 : 0);
		assert_int_equal(stat_read(&s[0].runs), 0);
		assert_int_equal(stat_read(&s[SLOT].stopped), 0);
	}
	/* each program has all its tail calls, whoever ran before */
	assert_int_equal(rig.scripts[1].saw_tail_calls, 0);
	rig_close(&rig);
}

/* As an engine that loops itself: each packet's number says what it is. */
static u32 play_burst(const struct prog *prog, struct run *run,
		      struct pkt **pkts, u32 n, s32 *codes)
{
	for (u32 i = 0; i < n; i++) {
		run_begin(run, pkts[i]);
		codes[i] = (s32)(pkts[i]->number % 7);
		if (codes[i] == XDP_REDIRECT) {
			run->redirect.set = pkts[i]->number >= 7;
			run->redirect.ifindex = (u32)pkts[i]->number;
			return i + 1;
		}
		if (codes[i] == 6) {
			run->fault.code = -EACCES;
			run->fault.prog = prog;
			return i + 1;
		}
	}
	return n;
}

static void a_program_that_loops_itself_gives_the_same_verdicts(void **state)
{
	enum { BURST = PROG_BURST };
	static struct pkt packets[BURST];
	static struct verdict verdicts[BURST];
	struct run run = { .world = &world, .slot = SLOT };
	struct pkt *pkts[BURST];
	const struct prog_stats *s;
	struct chain_entry *e;
	struct rig rig;
	u32 stopped = 0;

	(void)state;
	rig_open(&rig, HOOK_XDP);
	e = add(&rig, CHAIN_XDP, XDP_PASS);
	e->prog->run_burst = play_burst;
	e->chain_actions |= 1 << XDP_TX;
	rig_run(&rig);
	for (u32 i = 0; i < BURST; i++) {
		packets[i] = rig.pkt;
		packets[i].number = i;
		pkts[i] = &packets[i];
	}
	assert_false(chain_run_burst(rig.chain, &run, pkts, BURST, verdicts));
	for (u32 i = 0; i < BURST; i++) {
		const struct verdict *v = &verdicts[i];

		switch (i % 7) {
		case XDP_TX: /* goes on to the end: has passed */
		case XDP_PASS:
			assert_int_equal(v->kind, VERDICT_PASS);
			break;
		case XDP_REDIRECT:
			if (i < 7) {
				assert_int_equal(v->drop, DROP_REDIRECT);
				break;
			}
			assert_int_equal(v->kind, VERDICT_REDIRECT);
			assert_int_equal(v->ifindex, i);
			break;
		case 6:
			assert_int_equal(v->drop, DROP_STOPPED);
			stopped++;
			break;
		default: assert_int_equal(v->kind, VERDICT_DROP); break;
		}
	}
	s = e->prog->stats;
	/* and the one packet of rig_run() */
	assert_int_equal(stat_read(&s[SLOT].runs), BURST + 1);
	assert_int_equal(stat_read(&s[SLOT].stopped), stopped);
	rig_close(&rig);
}

static void a_burst_ends_with_the_chain_it_found(void **state)
{
	struct rcu *rcu = mem_rcu(mem);
	struct rig rig;

	(void)state;
	rig_open(&rig, HOOK_XDP);
	add(&rig, CHAIN_XDP, XDP_DROP);
	assert_int_equal(rcu_online(rcu, SLOT), 0);
	rig_run(&rig);
	chain_put(rig.chain);
	prog_put(rig.entries[0].prog);
	rcu_reclaim(rcu);
	rig_run(&rig);
	rcu_offline(rcu, SLOT);
	assert_int_equal(rig.v.drop, DROP_XDP_DROP);
	assert_int_equal(rig.scripts[0].runs, 2);
	rcu_barrier(rcu);
	rcu_barrier(rcu);
}

/* ---- looking ahead ---- */

static bool looked;
static u32 looks;

static void spin(u64 cycles)
{
	u64 start = rte_rdtsc();

	while (rte_rdtsc() - start < cycles)
		;
}

#define LONG 200000 /* cycles; a burst takes so long, or next to nothing */

static void look_in_vain(const struct prog *prog, struct run *run,
			 struct pkt **pkts, u32 n)
{
	(void)prog, (void)run, (void)pkts, (void)n;
	looks++;
	spin(LONG);
}

static void look(const struct prog *prog, struct run *run, struct pkt **pkts,
		 u32 n)
{
	(void)prog, (void)run, (void)pkts, (void)n;
	looks++;
	looked = true;
}

/* Takes long if nobody has looked ahead. */
static u32 play_slow(const struct prog *prog, struct run *run,
		     struct pkt **pkts, u32 n, s32 *codes)
{
	(void)prog, (void)run, (void)pkts;
	if (!looked)
		spin(LONG);
	looked = false;
	memset(codes, 0, n * sizeof(*codes));
	return n;
}

static u32 play_fast(const struct prog *prog, struct run *run,
		     struct pkt **pkts, u32 n, s32 *codes)
{
	(void)prog, (void)run, (void)pkts;
	memset(codes, 0, n * sizeof(*codes));
	return n;
}

/* How many of cnt bursts of n packets were looked ahead over. */
static u32 count_looks(struct rig *rig, u32 cnt, u32 n)
{
	struct run run = { .world = &world, .slot = SLOT };
	struct verdict verdicts[PROG_BURST];
	struct pkt *pkts[PROG_BURST];

	for (u32 i = 0; i < n; i++)
		pkts[i] = &rig->pkt;
	looks = 0;
	for (u32 i = 0; i < cnt; i++)
		chain_run_burst(rig->chain, &run, pkts, n, verdicts);
	return looks;
}

static void who_gains_by_it_looks_ahead(void **state)
{
	struct chain_entry *e;
	struct rig rig;

	(void)state;
	rig_open(&rig, HOOK_XDP);
	e = add(&rig, CHAIN_XDP, XDP_PASS);
	e->prog->run_burst = play_slow;
	e->prog->look_ahead = look;
	rig_run(&rig);
	assert_int_equal(count_looks(&rig, 10, AHEAD_PACKETS - 1), 0);
	/* every pair of a trial has one that looks */
	assert_int_equal(count_looks(&rig, 2 * AHEAD_PAIRS, 32), AHEAD_PAIRS);
	assert_int_equal(count_looks(&rig, 100, 32), 100);
	rig_close(&rig);
}

static void who_loses_by_it_does_not(void **state)
{
	struct chain_entry *e;
	struct rig rig;
	u32 rest = AHEAD_PERIOD - 2 * AHEAD_PAIRS;

	(void)state;
	rig_open(&rig, HOOK_XDP);
	e = add(&rig, CHAIN_XDP, XDP_PASS);
	e->prog->run_burst = play_fast;
	e->prog->look_ahead = look_in_vain;
	rig_run(&rig);
	assert_int_equal(count_looks(&rig, 2 * AHEAD_PAIRS, 32), AHEAD_PAIRS);
	assert_int_equal(count_looks(&rig, rest, 32), 0);
	/* what has changed is found out */
	e->prog->run_burst = play_slow;
	e->prog->look_ahead = look;
	assert_int_equal(count_looks(&rig, 2 * AHEAD_PAIRS, 32), AHEAD_PAIRS);
	assert_int_equal(count_looks(&rig, 100, 32), 100);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_stopped_program_is_named_and_its_packet_dropped),
		cmocka_unit_test(the_program_of_an_entry_gives_a_verdict),
		cmocka_unit_test(every_run_counts_once_in_its_slot),
		cmocka_unit_test(
			a_program_that_loops_itself_gives_the_same_verdicts),
		cmocka_unit_test(a_burst_ends_with_the_chain_it_found),
		cmocka_unit_test(who_gains_by_it_looks_ahead),
		cmocka_unit_test(who_loses_by_it_does_not),
	};

	return cmocka_run_group_tests(tests, make_mem, drop_mem);
}
