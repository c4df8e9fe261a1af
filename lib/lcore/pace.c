/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pace.c - how many packets run at once
 *
 * An lcore is quiescent between them, and whoever detaches, replaces or
 * reloads waits for that.  Programs that nobody verified may take 1,000,000
 * instructions for each packet: where they take many, a burst is run in
 * parts, down to single packets, until they take few again.
 */
#include "lcore/pace.h"

/* About 10 ms of the interpreter. */
#define PACE_INSNS 1000000

u32 pace_next(u32 burst, u64 insns, u32 most)
{
	if (insns > PACE_INSNS)
		return (u32)MAX(burst * (u64)PACE_INSNS / insns, 1u);
	/* twice as many might take twice as long */
	return insns <= PACE_INSNS / 2 ? MIN(burst * 2, most) : burst;
}
