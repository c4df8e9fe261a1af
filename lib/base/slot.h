/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * slot.h - which lcore's values this thread sees
 *
 * Every polling lcore owns one slot, 0 to mem_slots() - 1: the index of its
 * per-CPU values, free lists, counters and what bpf_get_smp_processor_id()
 * returns.  Threads that are no lcore (control, tests) have SLOT_NONE and
 * take the locked path where a slot would be needed.
 */
#ifndef WEIR_BASE_SLOT_H
#define WEIR_BASE_SLOT_H

#include "base/types.h"

#define SLOT_MAX 128
#define SLOT_NONE UINT32_MAX

extern _Thread_local u32 lcore_slot;

#endif
