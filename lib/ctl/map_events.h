/* SPDX-License-Identifier: BSD-3-Clause */
/* map_events.h - what programs write into a ring buffer or a perf event array,
 * for a client */
#ifndef WEIR_CTL_MAP_EVENTS_H
#define WEIR_CTL_MAP_EVENTS_H

#include <event2/buffer.h>

#include "base/err.h"
#include "maps/map.h"

struct map_events;

/* Takes a reference to the map.  -EINVAL: it has no events. */
int map_events_open(struct map *map, struct err *err, struct map_events **out);
void map_events_close(struct map_events *events);
const struct map *map_events_map(const struct map_events *events);

/* Writes what is there as events to out, until that has max bytes: then the
 * rest waits in the map, and programs are told that it is full. */
void map_events_deliver(struct map_events *events, struct evbuffer *out,
			size_t max);

#endif
