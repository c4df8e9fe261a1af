/* SPDX-License-Identifier: BSD-3-Clause */
/* secret.h - a number of this process alone; inside lib/helper only */
#ifndef WEIR_HELPER_SECRET_H
#define WEIR_HELPER_SECRET_H

#include "base/types.h"

/* The same in all threads.  Seeds hashes that programs see. */
u64 secret(void);
/* 256 bits for one use, which says what it is. */
void secret_key(const char *use, u64 key[4]);

#endif
