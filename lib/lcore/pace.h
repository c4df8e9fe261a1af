/* SPDX-License-Identifier: BSD-3-Clause */
/* pace.h - how many packets run at once */
#ifndef WEIR_LCORE_PACE_H
#define WEIR_LCORE_PACE_H

#include "base/types.h"

/* How many packets at most run next, 1 to most, after at most burst of them
 * took so many instructions of unverified programs. */
u32 pace_next(u32 burst, u64 insns, u32 most);

#endif
