/* SPDX-License-Identifier: BSD-3-Clause */
/* request_trace.c - lines of bpf_trace_printk, and what programs write into maps,
 * as events */
#include <errno.h>
#include <string.h>

#include "ctl/session.h"

static int trace_subscribe(struct request *rq, struct err *err)
{
	int res = session_trace(rq->session);

	if (res == -EALREADY)
		return err_fail(err, res,
				"this client has the trace events already");
	return res ? err_fail(err, res, "cannot subscribe: %s",
			      strerror(-res)) :
		     0;
}

static int events_of_map(struct request *rq, struct err *err)
{
	struct map *map;
	int res = arg_map(rq, "map", &map, err);

	if (res)
		return res;
	res = session_map_events(rq->session, map, err);
	map_put(map);
	return res;
}

const struct method trace_methods[] = {
	{ "map.events", "map", events_of_map },
	{ "trace.subscribe", "", trace_subscribe },
	{ 0 },
};
