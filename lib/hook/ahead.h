/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ahead.h - whether it pays to look ahead over a burst, by measurement
 *
 * Size tells that a map may not be in any cache, not that it is not: traffic
 * may be of a few flows.  So bursts are tried in pairs, one of them with a look
 * ahead and one without, in an order left to chance; who wins most pairs of a
 * trial is right until the next.  A pair that something interrupts is one pair.
 */
#ifndef WEIR_HOOK_AHEAD_H
#define WEIR_HOOK_AHEAD_H

#include "prog/prog.h"

#define AHEAD_PACKETS 4	    /* of fewer packets a burst is not worth it */
#define AHEAD_PAIRS 32	    /* of a trial */
#define AHEAD_PERIOD 16384u /* bursts from one trial to the next */

static inline bool ahead_is_trial(const struct prog_ahead *a)
{
	return a->bursts < 2 * AHEAD_PAIRS;
}

/* Should the burst that comes be looked ahead over? */
static inline bool ahead_looks(const struct prog_ahead *a)
{
	return ahead_is_trial(a) ? a->first == !(a->bursts & 1) : a->looks;
}

u64 ahead_clock(struct prog_ahead *a);
void ahead_judge(struct prog_ahead *a, u64 start, u32 n);

/* Around a burst of n packets; start is what the one before returned. */
static inline u64 ahead_start(struct prog_ahead *a)
{
	return unlikely(ahead_is_trial(a)) ? ahead_clock(a) : 0;
}

static inline void ahead_stop(struct prog_ahead *a, u64 start, u32 n)
{
	if (unlikely(start))
		ahead_judge(a, start, n);
	if (++a->bursts == AHEAD_PERIOD)
		a->bursts = 0;
}

#endif
