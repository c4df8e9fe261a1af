/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf_event_array.h - BPF_MAP_TYPE_PERF_EVENT_ARRAY: a ring of samples for
 * each lcore
 *
 * An entry is a reader's ring for what one lcore writes, where Linux has the
 * descriptor of a perf event.  It goes with the reader that put it there.
 */
#ifndef WEIR_MAPS_PERF_EVENT_ARRAY_H
#define WEIR_MAPS_PERF_EVENT_ARRAY_H

#include "maps/map.h"

struct perf_reader;

/* One reader of all lcores: at index i of the map a ring of so many bytes (a
 * power of two, from 4096) for slot i, as far as the map and the slots go.  In
 * the place of who was there.  -EINVAL, -ENOMEM.  Keeps the map. */
int perf_reader_open(struct map *map, u32 bytes, struct perf_reader **out);
/* Its rings leave the map, if they are still there. */
void perf_reader_close(struct perf_reader *reader);

/* data is what perf's PERF_SAMPLE_RAW has: what the program gave, the part of
 * the packet it asked for, zeros up to 4 less than a multiple of 8.  Or, with
 * data NULL, so many samples were lost before the next. */
struct perf_sample {
	u32 slot;
	u32 size;
	u32 pad; /* of the size, what it was rounded up by */
	const void *data;
	u64 lost;
};

/* Gives fn all samples there are, slot by slot, each slot's in order; returns
 * how many, or fn's first negative return, after whose sample the next call
 * goes on.  One thread at a time. */
typedef int perf_visit(void *arg, const struct perf_sample *sample);
s64 perf_reader_read(struct perf_reader *reader, perf_visit *fn, void *arg);
/* All that were lost since it was opened. */
u64 perf_reader_lost(const struct perf_reader *reader);

/*
 * For lcores: the calling slot's sample, of data and then the first bytes of
 * the packet, of which some may lie in frags.  flags' low 32 bits are the
 * index, BPF_F_CURRENT_CPU the slot's own. -E2BIG, -ENOENT: no such entry,
 * -EOPNOTSUPP: another slot's, -ENOSPC: full.
 */
#define PERF_PARTS 3

struct perf_part {
	const void *data;
	u32 size;
};

int perf_output(struct map *map, u64 flags,
		const struct perf_part parts[PERF_PARTS]);

#endif
