/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * trace.h - what programs say and why they were stopped, from lcores to the
 * control thread
 */
#ifndef WEIR_LCORE_TRACE_H
#define WEIR_LCORE_TRACE_H

#include "lcore/plane.h"

struct trace;

int trace_create(u32 slots, struct trace **out);
void trace_destroy(struct trace *trace);

/* The world that programs run in on lcores: the host's, but with traces
 * queued. */
struct world *trace_world(struct trace *trace);

int trace_subscribe(struct trace *trace, trace_fn *fn, void *arg);
void trace_unsubscribe(struct trace *trace, int id);
void trace_deliver(struct trace *trace);
u64 trace_lost(const struct trace *trace);

#endif
