/* SPDX-License-Identifier: BSD-3-Clause */
/* hook_rig.h - a hook whose programs do what a test's script says */
#ifndef WEIR_TESTS_UNIT_HOOK_RIG_H
#define WEIR_TESTS_UNIT_HOOK_RIG_H

#include <errno.h>
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../asm.h"
#include "hook/hook.h"
#include "mem/rcu.h"
#include "stats/stats.h"

#define SLOT 1
#define FRAME 64

/* What a program does instead of running instructions. */
struct script {
	s64 code;
	s32 set_classid; /* -1: leaves it */
	s32 set_index;	 /* tc_index; -1: leaves it */
	u32 redirect;	 /* bpf_redirect() to it; 0: not called */
	bool fault;
	/* what it saw */
	u32 saw_classid;
	u32 saw_tail_calls;
	u32 runs;
	u32 order; /* of its last run among all programs' */
};

static struct mem *mem;
static u32 clock_ticks;
static struct prog *last_stopped;

static void stopped(struct world *w, const struct fault *fault)
{
	assert_ptr_equal(w->ops->stopped, stopped);
	last_stopped = (struct prog *)fault->prog;
}

static const struct world_ops ops = { .stopped = stopped };
static struct world world = { .ops = &ops };

static u64 play(const struct prog *prog, struct run *run)
{
	struct script *s = prog->image;
	struct pkt *p = run->pkt;

	s->runs++;
	s->order = ++clock_ticks;
	s->saw_classid = p->tc_classid;
	s->saw_tail_calls = run->tail_calls;
	run->tail_calls = 5;
	if (s->set_classid >= 0)
		p->tc_classid = (u16)s->set_classid;
	if (s->set_index >= 0)
		p->tc_index = (u16)s->set_index;
	if (s->redirect) {
		run->redirect.ifindex = s->redirect;
		run->redirect.flags = BPF_F_INGRESS;
		run->redirect.set = true;
	}
	if (s->fault) {
		run->fault.code = -EACCES;
		run->fault.prog = prog;
	}
	return (u64)s->code;
}

static struct prog *make_typed(struct script *s, u32 type, u32 attach_type)
{
	const struct bpf_insn insns[] = { ALU64_K(MOV, R0, 0), EXIT() };
	const struct prog_attr attr = {
		.type = type,
		.expected_attach_type = attach_type,
		.name = "played",
		.license = "GPL",
		.insns = insns,
		.insn_cnt = ARRAY_LEN(insns),
	};
	struct prog *prog;

	assert_int_equal(prog_create(mem, &attr, NULL, &prog), 0);
	prog->run = play;
	prog->image = s;
	return prog;
}

static struct script returns(s64 code)
{
	return (struct script){ .code = code,
				.set_classid = -1,
				.set_index = -1 };
}

/* A hook with up to PROGS programs, each a script. */
#define PROGS 6

struct rig {
	enum hook_kind kind;
	struct script scripts[PROGS];
	struct chain_entry entries[PROGS];
	u32 n;
	struct chain *chain;
	struct pkt pkt;
	struct verdict v;
	u8 buf[PKT_HEADROOM + FRAME];
};

static void rig_open(struct rig *rig, enum hook_kind kind)
{
	static const u8 frame[FRAME];

	memset(rig, 0, sizeof(*rig));
	rig->kind = kind;
	assert_int_equal(pkt_init(&rig->pkt, rig->buf, sizeof(rig->buf), frame,
				  FRAME),
			 0);
}

static struct chain_entry *add(struct rig *rig, enum chain_style style,
			       s64 code)
{
	u32 type = style == CHAIN_XDP ? BPF_PROG_TYPE_XDP
				      : BPF_PROG_TYPE_SCHED_CLS;
	struct chain_entry *e = &rig->entries[rig->n];

	rig->scripts[rig->n] = returns(code);
	*e = (struct chain_entry){
		.prog = make_typed(&rig->scripts[rig->n], type, 0),
		.style = style,
		.priority = 50,
		.chain_actions = 1 << XDP_PASS,
		.direct_action = style == CHAIN_CLS_BPF,
	};
	rig->n++;
	return e;
}

static struct verdict *rig_run(struct rig *rig)
{
	struct run run = { .world = &world, .slot = SLOT };
	struct pkt *p = &rig->pkt;

	if (!rig->chain)
		assert_int_equal(chain_create(mem_rcu(mem), rig->kind,
					      rig->entries, rig->n, NULL,
					      &rig->chain),
				 0);
	chain_run_burst(rig->chain, &run, &p, 1, &rig->v);
	return &rig->v;
}

static void rig_close(struct rig *rig)
{
	if (rig->chain)
		chain_put(rig->chain);
	for (u32 i = 0; i < rig->n; i++)
		prog_put(rig->entries[i].prog);
	rcu_barrier(mem_rcu(mem));
	rcu_barrier(mem_rcu(mem));
}

static int make_mem(void **state)
{
	const struct mem_config config = { .budget = 1 << 20, .slots = 2 };

	(void)state;
	return mem_create(&config, &mem);
}

static int drop_mem(void **state)
{
	(void)state;
	mem_destroy(mem);
	return 0;
}

#endif
