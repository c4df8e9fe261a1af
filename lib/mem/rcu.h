/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rcu.h - grace periods, over DPDK's rte_rcu_qsbr
 *
 * R1  A reader is a registered slot.  Between two rcu_quiescent() calls it may
 *     use whatever it found reachable.
 * R2  What was unreachable before rcu_defer() or rcu_synchronize() is used by
 *     no reader after the callback starts or the call returns.
 * R3  A thread in SLOT_NONE is no reader: it holds references or locks.
 * R4  But for the guest: a control thread that runs a program, one at a time.
 *     It reads as a slot does and has no values of its own.
 */
#ifndef WEIR_MEM_RCU_H
#define WEIR_MEM_RCU_H

#include "base/types.h"

struct rcu;

/* For slots 0 to slots - 1.  mem_create() makes one; mem_destroy() waits for
 * what is deferred and frees it. */
int rcu_create(u32 slots, struct rcu **out);
void rcu_destroy(struct rcu *rcu);

struct rcu_head {
	struct rcu_head *next;
	u64 token;
	void (*fn)(struct rcu_head *head);
};

/* The slot starts, or stops, being waited for.  Called by the thread that
 * owns the slot; online also sets lcore_slot, offline resets it.  -EINVAL: no
 * such slot, -EBUSY: another thread has it. */
int rcu_online(struct rcu *rcu, u32 slot);
void rcu_offline(struct rcu *rcu, u32 slot);

/* The slot holds nothing that it found before this call. */
void rcu_quiescent(struct rcu *rcu, u32 slot);

/* The calling control thread is the guest until it leaves; those who wait for
 * that have their turns in the order they came.  Quiescent while no program runs. */
void rcu_guest_enter(struct rcu *rcu);
void rcu_guest_quiescent(struct rcu *rcu);
void rcu_guest_leave(struct rcu *rcu);

/* A token that has passed once every reader went through a quiescent state. */
u64 rcu_start(struct rcu *rcu);
bool rcu_passed(struct rcu *rcu, u64 token);

/* A token of a grace period that has not started yet: covers what was made
 * unreachable before the call.  Writes no shared line, so it is for lcores. */
u64 rcu_stamp(struct rcu *rcu);
/* Has somebody found out already that it passed?  One load. */
bool rcu_known(struct rcu *rcu, u64 stamp);
/* Starts the grace period of a stamp unless somebody has. */
void rcu_begin(struct rcu *rcu, u64 stamp);
/* Both at once: has the stamp passed? */
bool rcu_poll(struct rcu *rcu, u64 stamp);

/* Waits for a grace period.  Never called by a reader. */
void rcu_synchronize(struct rcu *rcu);
/* fn runs after a grace period, in a thread that calls one of the two below;
 * in the order of the calls.  fn may defer more but not wait. */
void rcu_defer(struct rcu *rcu, struct rcu_head *head,
	       void (*fn)(struct rcu_head *head));
/* Runs what is due; never waits.  Returns how many callbacks ran. */
u32 rcu_reclaim(struct rcu *rcu);
/* Waits until everything deferred before the call has run. */
void rcu_barrier(struct rcu *rcu);

#endif
