/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rcu.c - grace periods over rte_rcu_qsbr, and our own queue of deferred calls
 *
 * rte_rcu_qsbr's inline calls need no EAL; its defer queues do.  All slots are
 * registered once and only go online and offline.
 *
 * Q1  rte_rcu_qsbr_check() is called under check_lock, since it reads a field
 *     that it also writes.  What it found is published in `passed`, with
 *     release, so that whoever reads it has the readers' work behind it.
 * Q2  `passed` never exceeds the last token started: a later stamp is greater.
 * Q3  rcu_defer() pushes on a stack and waits for nobody.  reclaim_lock owns
 *     the queue that the stack is emptied into, and serialises callbacks, so
 *     that they run in the order of the pushes.
 */
#include "mem/rcu.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include <rte_rcu_qsbr.h>

#include "base/slot.h"

struct rcu {
	struct rte_rcu_qsbr *qsbr;
	u32 slots; /* the guest's comes after them */
	pthread_mutex_t guest_lock; /* of the turns */
	pthread_cond_t guest_left;
	u64 guests; /* that came */
	u64 guest;  /* whose turn it is */
	_Alignas(CACHE_LINE) _Atomic u64 passed;
	pthread_mutex_t check_lock;
	_Alignas(CACHE_LINE) _Atomic(struct rcu_head *) pushed;
	pthread_mutex_t reclaim_lock;
	struct rcu_head *first; /* queue, oldest first */
	struct rcu_head **last;
	atomic_bool online[SLOT_MAX];
};

int rcu_create(u32 slots, struct rcu **out)
{
	struct rcu *rcu;
	size_t size;

	if (slots == 0 || slots > SLOT_MAX)
		return -EINVAL;
	size = round_up(sizeof(*rcu), CACHE_LINE);
	rcu = aligned_alloc(CACHE_LINE, size);
	if (!rcu)
		return -ENOMEM;
	*rcu = (struct rcu){ .slots = slots };
	rcu->last = &rcu->first;
	size = round_up(rte_rcu_qsbr_get_memsize(slots + 1), CACHE_LINE);
	rcu->qsbr = aligned_alloc(CACHE_LINE, size);
	if (!rcu->qsbr) {
		free(rcu);
		return -ENOMEM;
	}
	rte_rcu_qsbr_init(rcu->qsbr, slots + 1);
	for (u32 i = 0; i <= slots; i++)
		rte_rcu_qsbr_thread_register(rcu->qsbr, i);
	pthread_mutex_init(&rcu->guest_lock, NULL);
	pthread_cond_init(&rcu->guest_left, NULL);
	pthread_mutex_init(&rcu->check_lock, NULL);
	pthread_mutex_init(&rcu->reclaim_lock, NULL);
	*out = rcu;
	return 0;
}

void rcu_destroy(struct rcu *rcu)
{
	if (!rcu)
		return;
	do {
		rcu_barrier(rcu);
	} while (rcu->first || atomic_load(&rcu->pushed)); /* they deferred */
	pthread_mutex_destroy(&rcu->reclaim_lock);
	pthread_mutex_destroy(&rcu->check_lock);
	pthread_cond_destroy(&rcu->guest_left);
	pthread_mutex_destroy(&rcu->guest_lock);
	free(rcu->qsbr);
	free(rcu);
}

int rcu_online(struct rcu *rcu, u32 slot)
{
	if (slot >= rcu->slots || lcore_slot != SLOT_NONE)
		return -EINVAL;
	if (atomic_exchange(&rcu->online[slot], true))
		return -EBUSY;
	rte_rcu_qsbr_thread_online(rcu->qsbr, slot);
	lcore_slot = slot;
	return 0;
}

void rcu_offline(struct rcu *rcu, u32 slot)
{
	lcore_slot = SLOT_NONE;
	rte_rcu_qsbr_thread_offline(rcu->qsbr, slot);
	atomic_store(&rcu->online[slot], false);
}

void rcu_quiescent(struct rcu *rcu, u32 slot)
{
	rte_rcu_qsbr_quiescent(rcu->qsbr, slot);
}

void rcu_guest_enter(struct rcu *rcu)
{
	u64 turn;

	pthread_mutex_lock(&rcu->guest_lock);
	turn = rcu->guests++;
	while (turn != rcu->guest)
		pthread_cond_wait(&rcu->guest_left, &rcu->guest_lock);
	pthread_mutex_unlock(&rcu->guest_lock);
	rte_rcu_qsbr_thread_online(rcu->qsbr, rcu->slots);
}

void rcu_guest_quiescent(struct rcu *rcu)
{
	rte_rcu_qsbr_quiescent(rcu->qsbr, rcu->slots);
}

void rcu_guest_leave(struct rcu *rcu)
{
	rte_rcu_qsbr_thread_offline(rcu->qsbr, rcu->slots);
	pthread_mutex_lock(&rcu->guest_lock);
	rcu->guest++;
	pthread_cond_broadcast(&rcu->guest_left);
	pthread_mutex_unlock(&rcu->guest_lock);
}

static u64 last_started(struct rcu *rcu)
{
	return __atomic_load_n(&rcu->qsbr->token, __ATOMIC_ACQUIRE);
}

u64 rcu_start(struct rcu *rcu)
{
	return rte_rcu_qsbr_start(rcu->qsbr);
}

/* The barrier puts the caller's unlinking before the load: whoever starts the
 * next token, a reader that has seen it sees the unlinking too. */
u64 rcu_stamp(struct rcu *rcu)
{
	rte_smp_mb();
	return last_started(rcu) + 1;
}

bool rcu_known(struct rcu *rcu, u64 stamp)
{
	return atomic_load_explicit(&rcu->passed, memory_order_acquire) >=
	       stamp;
}

bool rcu_passed(struct rcu *rcu, u64 token)
{
	bool yes;

	if (rcu_known(rcu, token))
		return true;
	if (token > last_started(rcu))
		return false;
	if (pthread_mutex_trylock(&rcu->check_lock) != 0)
		return false;
	yes = rte_rcu_qsbr_check(rcu->qsbr, token, false);
	if (yes &&
	    atomic_load_explicit(&rcu->passed, memory_order_relaxed) < token)
		atomic_store_explicit(&rcu->passed, token,
				      memory_order_release);
	pthread_mutex_unlock(&rcu->check_lock);
	return yes;
}

void rcu_begin(struct rcu *rcu, u64 stamp)
{
	if (stamp > last_started(rcu))
		rcu_start(rcu);
}

bool rcu_poll(struct rcu *rcu, u64 stamp)
{
	rcu_begin(rcu, stamp);
	return rcu_passed(rcu, stamp);
}

static void nap(void)
{
	const struct timespec t = { .tv_nsec = 20000 };

	nanosleep(&t, NULL);
}

void rcu_synchronize(struct rcu *rcu)
{
	u64 token = rcu_start(rcu);

	while (!rcu_passed(rcu, token))
		nap();
}

void rcu_defer(struct rcu *rcu, struct rcu_head *head,
	       void (*fn)(struct rcu_head *head))
{
	head->fn = fn;
	head->token = rcu_start(rcu);
	head->next = atomic_load_explicit(&rcu->pushed, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(&rcu->pushed, &head->next,
						      head,
						      memory_order_release,
						      memory_order_relaxed))
		;
}

/* The stack holds the youngest first, the queue the oldest. */
static void take_pushed(struct rcu *rcu)
{
	struct rcu_head *head, *next, *oldest = NULL, *youngest;

	head = atomic_exchange_explicit(&rcu->pushed, NULL,
					memory_order_acquire);
	youngest = head;
	for (; head; head = next) {
		next = head->next;
		head->next = oldest;
		oldest = head;
	}
	if (!oldest)
		return;
	*rcu->last = oldest;
	rcu->last = &youngest->next;
}

u32 rcu_reclaim(struct rcu *rcu)
{
	struct rcu_head *head;
	u32 ran = 0;

	if (pthread_mutex_trylock(&rcu->reclaim_lock) != 0)
		return 0;
	/* Stamps given out so far pass without anyone else's help. */
	rcu_start(rcu);
	take_pushed(rcu);
	while ((head = rcu->first) && rcu_passed(rcu, head->token)) {
		rcu->first = head->next;
		if (!rcu->first)
			rcu->last = &rcu->first;
		head->fn(head);
		ran++;
	}
	pthread_mutex_unlock(&rcu->reclaim_lock);
	return ran;
}

struct barrier {
	struct rcu_head head;
	atomic_bool passed;
};

static void barrier_passed(struct rcu_head *head)
{
	struct barrier *b = container_of(head, struct barrier, head);

	atomic_store_explicit(&b->passed, true, memory_order_release);
}

void rcu_barrier(struct rcu *rcu)
{
	struct barrier b = { .passed = false };

	rcu_defer(rcu, &b.head, barrier_passed);
	while (!atomic_load_explicit(&b.passed, memory_order_acquire)) {
		if (rcu_reclaim(rcu) == 0)
			nap();
	}
}
