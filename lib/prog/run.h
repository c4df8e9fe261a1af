/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * run.h - one lcore's running of programs
 *
 * Lives as long as the lcore; what belongs to one packet is reset by
 * run_begin().  Helpers get it as their first argument.
 */
#ifndef WEIR_PROG_RUN_H
#define WEIR_PROG_RUN_H

#include <linux/bpf.h>

#include "prog/pkt.h"

struct world;
struct fault;
struct map;
struct net;
struct prog;
struct redirect_entry;

/* Upcalls of helpers into what surrounds the programs. */
struct world_ops {
	/* CLOCK_MONOTONIC, its COARSE, CLOCK_BOOTTIME or CLOCK_TAI */
	u64 (*ktime_ns)(struct world *w, int clock);
	u32 (*random)(struct world *w, u32 slot);
	u32 (*cpu)(struct world *w, u32 slot); /* bpf_get_smp_processor_id */
	/* Of bpf_get_hash_recalc(); NULL: a secret of the process. */
	u64 (*hash_seed)(struct world *w);
	/* A finished line of bpf_trace_printk, without the newline. */
	void (*trace)(struct world *w, const struct prog *prog,
		      const char *line, u32 len);
	/* A hook's chain met a fault, which the next packet overwrites; may be
	 * NULL. */
	void (*stopped)(struct world *w, const struct fault *fault);
};

struct world {
	const struct world_ops *ops;
	/* NULL: as on a host that has a loopback device alone */
	const struct net *net;
};

/* The plain one: the host's clock, per-slot random numbers, the slot as CPU,
 * trace lines to the log. */
extern struct world world_host;

/* Why a program was stopped (checked mode). */
struct fault {
	int code; /* 0: none, else negative errno */
	u32 insn; /* in the program below */
	const struct prog *prog;
	char text[192];
};

/* What a redirect to a port is. */
enum redirect_how {
	REDIRECT_PORT,
	REDIRECT_NEIGH, /* with the link addresses of the next hop */
	REDIRECT_NEXT,	/* the next hop is given */
	REDIRECT_PEER,	/* to who is at the other end */
};

struct redirect_next {
	u32 family;
	u8 address[16];
};

struct run {
	/* the lcore's */
	struct world *world;
	u32 slot;
	u64 insn_limit; /* per packet; 0: the default of 1,000,000 */
	/* A copy of the packet goes to a device that there is (clone_redirect);
	 * 0 or -ENOMEM.  NULL: it goes nowhere. */
	int (*clone)(struct run *run, u32 ifindex, u64 flags);

	/* the packet's */
	struct pkt *pkt;
	const struct prog *prog; /* running now, follows tail calls */
	void *machine; /* its engine's, NULL: nothing runs, or it needs none */
	u32 tail_calls;
	u64 insns;	       /* executed so far */
	struct fault fault;

	/* what bpf_redirect and friends asked for: a port, an entry of a map,
	 * or all entries of a map */
	struct {
		u32 ifindex;
		u64 flags;
		enum redirect_how how;
		struct redirect_next next; /* REDIRECT_NEXT */
		bool set;
		struct redirect_entry *entry;
		const struct map *map;
	} redirect;
};

static inline void run_begin(struct run *r, struct pkt *pkt)
{
	r->pkt = pkt;
	r->tail_calls = 0;
	r->insns = 0;
	r->fault.code = 0;
	r->redirect.set = false;
}

#endif
