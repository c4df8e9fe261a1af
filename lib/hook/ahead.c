/* SPDX-License-Identifier: BSD-3-Clause */
/* ahead.c - whether it pays to look ahead over a burst, by measurement */
#include "hook/ahead.h"

#include <rte_cycles.h>

#define FRACTION 8 /* bits: cycles a packet are counted in 256ths */

static bool toss(u64 now)
{
	return now * 0x9e3779b97f4a7c15ull >> 63;
}

/* The time before a burst of a trial, which is never 0. */
u64 ahead_clock(struct prog_ahead *a)
{
	u64 now = rte_rdtsc() | 1;

	if (!(a->bursts & 1))
		a->first = toss(now);
	if (!a->bursts)
		a->wins = 0;
	return now;
}

/* After it. */
void ahead_judge(struct prog_ahead *a, u64 start, u32 n)
{
	u64 cycles = ((rte_rdtsc() - start) << FRACTION) / n;

	if (!(a->bursts & 1)) {
		a->cycles = cycles;
		return;
	}
	a->wins += a->first == (a->cycles < cycles);
	if (a->bursts == 2 * AHEAD_PAIRS - 1)
		a->looks = a->wins > AHEAD_PAIRS / 2;
}
