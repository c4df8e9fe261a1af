/* SPDX-License-Identifier: BSD-3-Clause */
/* budget.h - what arenas take from their mem; inside mem/ only */
#ifndef WEIR_MEM_BUDGET_H
#define WEIR_MEM_BUDGET_H

#include "mem/mem.h"

/* Bytes the machine can give without swapping or killing. */
u64 mem_available(void);

/* From the charge until its pages are there, so that two arenas do not count
 * on the same free memory. */
void mem_lock(struct mem *mem);
void mem_unlock(struct mem *mem);

bool mem_wants_huge(const struct mem *mem);
/* Huge pages ran out: says so, once. */
void mem_lacks_huge(struct mem *mem, u64 bytes);

#endif
