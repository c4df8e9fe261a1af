/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/slot.h"

_Thread_local u32 lcore_slot = SLOT_NONE;
