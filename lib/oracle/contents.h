/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * contents.h - what is in a map of Weir's and in its mirror in the kernel
 *
 * Per-CPU values are compared in the one slot that programs ran on; where
 * values are programs or maps, by which of the object's they are; an LRU map
 * entry by entry until one side has been full, which is when it evicts as it
 * likes, and from then on by its size, which in Linux is less by what it evicts
 * at a time; a ring buffer record by record.
 */
#ifndef WEIR_ORACLE_CONTENTS_H
#define WEIR_ORACLE_CONTENTS_H

#include <stdio.h>

#include "oracle/mirror.h"

/* Make the kernel's as Weir's is. */
int contents_copy(const struct mirror *m, u32 map, struct err *err);

enum contents { CONTENTS_SAME, CONTENTS_DIFFERENT, CONTENTS_UNREADABLE };

/* Or a negative errno.  Writes the first differences to text. */
int contents_compare(const struct mirror *m, u32 map, FILE *text,
		     struct err *err);

#endif
