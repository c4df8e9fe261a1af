/* SPDX-License-Identifier: BSD-3-Clause */
/* entry.h - entries of maps, by bpf(2) */
#ifndef WEIR_CTL_ENTRY_H
#define WEIR_CTL_ENTRY_H

#include "ctl/request.h"

/* BPF_MAP_LOOKUP_ELEM and others of its shape, by the map's handle. */
int entry_call(const struct request *rq, int cmd, int map, const void *key,
	       void *value, u64 flags);

/* BPF_MAP_UPDATE_ELEM, but that objects are named by their ids, as lookups show
 * them: for the call they become handles in value. */
int entry_update(const struct request *rq, int map, const void *key,
		 void *value, u64 flags);

/* What a failed operation on a map means.  Returns code. */
int map_failed(const struct map *map, const char *what, int code,
	       struct err *err);

#endif
