/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pace.c - how many packets run at once
 *
 * An lcore is quiescent between them, and whoever detaches, replaces or
 * reloads waits for that.  A program may take a million instructions for each
 * packet and more: where packets take long, a burst is run in parts, down to
 * single packets, until they do not any more.
 */
#include "lcore/pace.h"

u32 pace_next(u32 burst, u64 took, u64 limit, u32 most)
{
	if (took > limit)
		return (u32)MAX(burst * limit / took, 1u);
	/* twice as many might take twice as long */
	return took <= limit / 2 ? MIN(burst * 2, most) : burst;
}
