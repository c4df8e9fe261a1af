/* SPDX-License-Identifier: BSD-3-Clause */
/* pace.h - how many packets run at once */
#ifndef WEIR_LCORE_PACE_H
#define WEIR_LCORE_PACE_H

#include "base/types.h"

/* As long as packets may run at once: a hundred times what 32 of them take that
 * do not loop. */
#define PACE_US 1000

/* How many packets at most run next, 1 to most, after at most burst of them
 * took so long; limit is PACE_US in the same unit. */
u32 pace_next(u32 burst, u64 took, u64 limit, u32 most);

#endif
