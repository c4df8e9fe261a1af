/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hook.h - XDP, tc ingress, tc egress: chains of programs and their verdicts
 *
 * A chain is immutable and published under RCU: a burst sees the old one or
 * the new one, whole (architecture decisions 6, 8 and 9).
 */
#ifndef WEIR_HOOK_HOOK_H
#define WEIR_HOOK_HOOK_H

#include "prog/prog.h"
#include "prog/run.h"

enum hook_kind { HOOK_XDP, HOOK_TC_INGRESS, HOOK_TC_EGRESS, HOOK_KINDS };

const char *hook_name(enum hook_kind kind); /* "xdp", "tc-ingress" ... */
/* -EINVAL */
int hook_parse(const char *name, enum hook_kind *kind);
/* Can a program of this type sit there?  0 or -EINVAL with the reason. */
int hook_accepts(enum hook_kind kind, const struct prog *prog,
		 struct err *err);

enum chain_style {
	CHAIN_XDP,     /* libxdp's rule; who goes on to the end has passed */
	CHAIN_TCX,     /* NEXT goes on to the next; PASS, DROP, REDIRECT end;
			  others go on to the first classifier */
	CHAIN_CLS_BPF, /* a classifier: direct action or classid */
};

struct chain_entry {
	struct prog *prog;
	enum chain_style style;
	u32 priority;	   /* lower first; 50 by default */
	u32 chain_actions; /* CHAIN_XDP: mask of 1 << verdict to continue on */
	bool direct_action; /* CHAIN_CLS_BPF */
	u32 classid;	   /* CHAIN_CLS_BPF: for a result of -1 */
};

struct chain;

/* What becomes of a packet after a hook. */
enum verdict_kind {
	VERDICT_PASS,	  /* on to the next stage */
	VERDICT_DROP,
	VERDICT_TX,	  /* back out of the port it came from */
	VERDICT_REDIRECT, /* to one of verdict.map, .entry, .ifindex */
};

struct verdict {
	enum verdict_kind kind;
	u8 drop;      /* enum drop_reason if dropped */
	s32 code;     /* as Linux names it: XDP_*, TC_ACT_* */
	/* Set for VERDICT_REDIRECT alone; what is not NULL is usable until the
	 * burst ends. */
	u32 ifindex;
	u64 flags;
	enum redirect_how how; /* to ifindex */
	struct redirect_next next;
	struct redirect_entry *entry; /* of a devmap or cpumap */
	const struct map *map;	      /* all its entries (BPF_F_BROADCAST) */
};

/* Sorted copy of entries, with references.  n may be 0. */
int chain_create(struct rcu *rcu, enum hook_kind kind,
		 const struct chain_entry *entries, u32 n, struct err *err,
		 struct chain **out);
/* Freed after a grace period. */
void chain_put(struct chain *chain);
u32 chain_len(const struct chain *chain);
/* What of the context any of its programs may read: as prog->ctx_reads. */
u64 chain_reads(const struct chain *chain);
const struct chain_entry *chain_at(const struct chain *chain, u32 i);

/* Packet by packet, 1 to PROG_BURST of them, through all programs of the chain.  run->slot is one of the
 * programs'; their runs and stops are counted there.  True: all packets have
 * got verdicts[0], which is no redirect, and no other is set. */
bool chain_run_burst(const struct chain *chain, struct run *run,
		     struct pkt **pkts, u32 n, struct verdict *verdicts);

/* One packet through the program of a devmap's or cpumap's entry, counted as in
 * a chain. */
void entry_run(struct prog *prog, struct run *run, struct pkt *pkt,
	       struct verdict *v);

/* XDP_PASS, TC_ACT_OK ... or NULL */
const char *verdict_code_name(enum hook_kind kind, s32 code);

#endif
