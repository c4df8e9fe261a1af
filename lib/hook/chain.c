/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * chain.c - the programs of a hook, in their order
 *
 * C1  A chain never changes.  It holds a reference to each of its programs,
 *     given up a grace period after chain_put(): a burst that found the chain
 *     ends with it.
 * C2  A run of an entry is counted here and only here, in the entry's program;
 *     a stop in the program that was stopped, which may be one that a tail
 *     call went to.  The counters of a slot are written by its lcore alone.
 */
#include <errno.h>
#include <linux/pkt_cls.h>
#include <stdlib.h>

#include "hook/ahead.h"
#include "hook/verdict.h"
#include "mem/rcu.h"
#include "stats/stats.h"

struct chain {
	struct rcu *rcu;
	struct rcu_head head;
	enum hook_kind kind;
	u32 len;
	const struct prog *looker; /* the first that looks ahead, or NULL */
	struct chain_entry entries[];
};

/* ---- making one ---- */

static int check_entry(enum hook_kind kind, const struct chain_entry *e,
		       struct err *err)
{
	bool xdp = e->style == CHAIN_XDP;

	if (xdp != (kind == HOOK_XDP))
		return err_fail(err, -EINVAL, "%s entries do not run at %s",
				xdp ? "XDP" : "tc", hook_name(kind));
	return hook_accepts(kind, e->prog, err);
}

/* tcx goes first; of equals the one that came first. */
static bool runs_before(const struct chain_entry *a,
			const struct chain_entry *b)
{
	if (a->style != b->style)
		return a->style < b->style;
	return a->priority < b->priority;
}

static void insert(struct chain *chain, const struct chain_entry *e)
{
	u32 at = chain->len++;

	for (; at && runs_before(e, &chain->entries[at - 1]); at--)
		chain->entries[at] = chain->entries[at - 1];
	chain->entries[at] = *e;
	prog_get(e->prog);
}

static const struct prog *find_looker(const struct chain *chain)
{
	for (u32 i = 0; i < chain->len; i++)
		if (chain->entries[i].prog->look_ahead)
			return chain->entries[i].prog;
	return NULL;
}

int chain_create(struct rcu *rcu, enum hook_kind kind,
		 const struct chain_entry *entries, u32 n, struct err *err,
		 struct chain **out)
{
	struct chain *chain;
	int ret;

	for (u32 i = 0; i < n; i++) {
		ret = check_entry(kind, &entries[i], err);
		if (ret)
			return ret;
	}
	chain = malloc(sizeof(*chain) + n * sizeof(*entries));
	if (!chain)
		return err_fail(err, -ENOMEM, "no memory for a chain of %u", n);
	chain->rcu = rcu;
	chain->kind = kind;
	chain->len = 0;
	for (u32 i = 0; i < n; i++)
		insert(chain, &entries[i]);
	chain->looker = find_looker(chain);
	*out = chain;
	return 0;
}

static void free_chain(struct rcu_head *head)
{
	struct chain *chain = container_of(head, struct chain, head);

	for (u32 i = 0; i < chain->len; i++)
		prog_put(chain->entries[i].prog);
	free(chain);
}

void chain_put(struct chain *chain)
{
	rcu_defer(chain->rcu, &chain->head, free_chain);
}

u32 chain_len(const struct chain *chain)
{
	return chain->len;
}

u64 chain_reads(const struct chain *chain)
{
	u64 reads = 0;

	for (u32 i = 0; i < chain->len; i++) {
		const struct prog *prog = chain->entries[i].prog;

		reads |= prog->facts ? prog->ctx_reads : UINT64_MAX;
	}
	return reads;
}

const struct chain_entry *chain_at(const struct chain *chain, u32 i)
{
	return i < chain->len ? &chain->entries[i] : NULL;
}

/* ---- running it ---- */

static void report_stop(struct run *run)
{
	const struct fault *fault = &run->fault;

	stat_add(&fault->prog->stats[run->slot].stopped, 1);
	if (run->world->ops->stopped)
		run->world->ops->stopped(run->world, fault);
}

/* False: the program was stopped. */
static bool run_prog(const struct prog *prog, struct run *run, s32 *code)
{
	run->tail_calls = 0;
	stat_add(&prog->stats[run->slot].runs, 1);
	*code = (s32)prog_run(prog, run);
	if (likely(!run->fault.code))
		return true;
	report_stop(run);
	return false;
}

static bool run_entry(const struct chain_entry *e, struct run *run, s32 *code)
{
	return run_prog(e->prog, run, code);
}

/* Who is continued after to the end of the chain has passed, whatever the last
 * one said. */
static bool run_xdp(const struct chain *chain, struct run *run, s32 *code)
{
	for (u32 i = 0; i < chain->len; i++) {
		const struct chain_entry *e = &chain->entries[i];

		if (unlikely(!run_entry(e, run, code)))
			return false;
		if ((u32)*code > XDP_REDIRECT ||
		    !(e->chain_actions & 1u << *code))
			return true;
	}
	*code = XDP_PASS;
	return true;
}

/* A result of tcx; one that it does not know leaves the packet to the
 * classifiers. */
static s32 tcx_result(struct pkt *p, s32 code)
{
	switch (code) {
	case TCX_PASS: p->tc_index = p->tc_classid; return code;
	case TCX_DROP:
	case TCX_REDIRECT: return code;
	default: return TCX_NEXT;
	}
}

/* The first result that is no TCX_NEXT ends the tcx entries. */
static bool run_tcx(const struct chain *chain, struct run *run, u32 *at,
		    s32 *code)
{
	u32 i = *at;

	*code = TCX_NEXT;
	for (; i < chain->len && chain->entries[i].style == CHAIN_TCX; i++)
		if (*code == TCX_NEXT &&
		    unlikely(!run_entry(&chain->entries[i], run, code)))
			return false;
	*at = i;
	*code = tcx_result(run->pkt, *code);
	return true;
}

/* The opcode a classifier in direct action gives, TC_ACT_UNSPEC: none. */
static s32 direct_action(s32 code)
{
	switch (code) {
	case TC_ACT_OK:
	case TC_ACT_SHOT:
	case TC_ACT_STOLEN:
	case TC_ACT_TRAP:
	case TC_ACT_REDIRECT: return code;
	default: return TC_ACT_UNSPEC;
	}
}

static s32 classifier_result(const struct chain_entry *e, struct pkt *p,
			     s32 code)
{
	u32 classid;

	if (!p->tstamp)
		p->tstamp_type = 0;
	if (e->direct_action) {
		code = direct_action(code);
		classid = p->tc_classid;
	} else {
		classid = code == -1 ? e->classid : (u32)code;
		code = code ? TC_ACT_OK : TC_ACT_UNSPEC;
	}
	if (code == TC_ACT_OK)
		p->tc_index = (u16)classid;
	return code;
}

static bool run_classifier(const struct chain_entry *e, struct run *run,
			   s32 *code)
{
	run->pkt->tc_classid = (u16)e->classid;
	if (unlikely(!run_entry(e, run, code)))
		return false;
	*code = classifier_result(e, run->pkt, *code);
	return true;
}

static bool run_tc(const struct chain *chain, struct run *run, s32 *code)
{
	u32 at = 0;

	pkt_enter_tc(run->pkt, chain->kind == HOOK_TC_INGRESS);
	if (unlikely(!run_tcx(chain, run, &at, code)))
		return false;
	for (; at < chain->len && *code == TC_ACT_UNSPEC; at++)
		if (unlikely(!run_classifier(&chain->entries[at], run, code)))
			return false;
	return true;
}

static void run_packet(const struct chain *chain, struct run *run,
		       struct verdict *v)
{
	s32 code;

	if (likely(chain->kind == HOOK_XDP ? run_xdp(chain, run, &code)
					   : run_tc(chain, run, &code)))
		verdict_burst(v, chain->kind, &code, 1, run);
	else
		verdict_stopped(v, chain->kind);
}

void entry_run(struct prog *prog, struct run *run, struct pkt *pkt,
	       struct verdict *v)
{
	s32 code;

	run_begin(run, pkt);
	if (likely(run_prog(prog, run, &code)))
		verdict_burst(v, HOOK_XDP, &code, 1, run);
	else
		verdict_stopped(v, HOOK_XDP);
}

/* ---- one program, which runs bursts itself ---- */

/* Whoever XDP's only program lets continue has passed. */
static void xdp_results(const struct chain_entry *e, s32 *codes, u32 n)
{
	u32 go_on = e->chain_actions & ((2u << XDP_REDIRECT) - 1);

	for (u32 i = 0; i < n; i++)
		if ((u32)codes[i] <= XDP_REDIRECT && go_on & 1u << codes[i])
			codes[i] = XDP_PASS;
}

static void tc_results(const struct chain_entry *e, struct pkt **pkts,
		       s32 *codes, u32 n)
{
	for (u32 i = 0; i < n; i++)
		codes[i] = e->style == CHAIN_TCX
				   ? tcx_result(pkts[i], codes[i])
				   : classifier_result(e, pkts[i], codes[i]);
}

/* What each packet has before tc's only program. */
static void tc_enter(const struct chain *chain, struct pkt **pkts, u32 n)
{
	const struct chain_entry *e = &chain->entries[0];

	for (u32 i = 0; i < n; i++) {
		pkt_enter_tc(pkts[i], chain->kind == HOOK_TC_INGRESS);
		if (e->style == CHAIN_CLS_BPF)
			pkts[i]->tc_classid = (u16)e->classid;
	}
}

/* As prog->run_burst; codes are those that the chain ends with. */
static u32 burst_alone(const struct chain *chain, struct run *run,
		       struct pkt **pkts, u32 n, s32 *codes)
{
	const struct chain_entry *e = &chain->entries[0];
	u32 ran = e->prog->run_burst(e->prog, run, pkts, n, codes);

	stat_add(&e->prog->stats[run->slot].runs, ran);
	if (chain->kind == HOOK_XDP)
		xdp_results(e, codes, ran);
	else
		tc_results(e, pkts, codes, ran);
	return ran;
}

/* As chain_run_burst(). */
static bool run_alone(const struct chain *chain, struct run *run,
		      struct pkt **pkts, u32 n, struct verdict *verdicts)
{
	s32 codes[PROG_BURST];
	u32 ran;

	if (chain->kind != HOOK_XDP)
		tc_enter(chain, pkts, n);
	ran = burst_alone(chain, run, pkts, n, codes);
	if (ran == n && likely(!run->fault.code) &&
	    verdict_same(verdicts, chain->kind, codes, n))
		return true;
	for (;;) {
		verdict_burst(verdicts, chain->kind, codes, ran, run);
		if (unlikely(run->fault.code)) {
			report_stop(run);
			verdict_stopped(&verdicts[ran - 1], chain->kind);
		}
		n -= ran;
		if (!n)
			return false;
		pkts += ran;
		verdicts += ran;
		ran = burst_alone(chain, run, pkts, n, codes);
	}
}

static bool run_through(const struct chain *chain, struct run *run,
		     struct pkt **pkts, u32 n, struct verdict *verdicts)
{
	if (chain->len == 1 && chain->entries[0].prog->run_burst)
		return run_alone(chain, run, pkts, n, verdicts);
	for (u32 i = 0; i < n; i++) {
		run_begin(run, pkts[i]);
		run_packet(chain, run, &verdicts[i]);
	}
	return false;
}

static void look_ahead(const struct chain *chain, struct run *run,
		       struct pkt **pkts, u32 n)
{
	for (u32 i = 0; i < chain->len; i++) {
		const struct prog *prog = chain->entries[i].prog;

		if (prog->look_ahead)
			prog->look_ahead(prog, run, pkts, n);
	}
}

/* Some program of the chain looks ahead, if that pays. */
static bool run_looking(const struct chain *chain, struct run *run,
			struct pkt **pkts, u32 n, struct verdict *verdicts)
{
	struct prog_ahead *ahead = &chain->looker->stats[run->slot].ahead;
	u64 start = ahead_start(ahead);
	bool same;

	if (ahead_looks(ahead))
		look_ahead(chain, run, pkts, n);
	same = run_through(chain, run, pkts, n, verdicts);
	ahead_stop(ahead, start, n);
	return same;
}

bool chain_run_burst(const struct chain *chain, struct run *run,
		     struct pkt **pkts, u32 n, struct verdict *verdicts)
{
	if (chain->looker && n >= AHEAD_PACKETS)
		return run_looking(chain, run, pkts, n, verdicts);
	return run_through(chain, run, pkts, n, verdicts);
}
