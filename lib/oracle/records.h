/* SPDX-License-Identifier: BSD-3-Clause */
/* records.h - what is in a ring buffer of Weir's and in the kernel's */
#ifndef WEIR_ORACLE_RECORDS_H
#define WEIR_ORACLE_RECORDS_H

#include "maps/map.h"

struct record {
	const void *data; /* NULL: the side has no such record */
	u32 size;
};

/* Gives fn each pair of records that differ, in order; nothing is taken out. */
typedef void records_differ(void *arg, const struct record *mine,
			    const struct record *theirs);
int records_compare(int fd, const struct map *map, records_differ *fn,
		    void *arg);

#endif
