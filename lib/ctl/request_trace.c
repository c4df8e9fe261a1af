/* SPDX-License-Identifier: BSD-3-Clause */
/* request_trace.c - lines of bpf_trace_printk, and what programs write into maps,
 * as events */
#include <errno.h>
#include <string.h>

#include "ctl/object.h"
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
	int handle = arg_object(rq, "map", &object_map, err);

	if (handle < 0)
		return handle;
	return session_map_events(rq->session, wclient_map(rq->bpf, handle),
				  err);
}

const struct method trace_methods[] = {
	{ "map.events", "map", events_of_map },
	{ "trace.subscribe", "", trace_subscribe },
	{ 0 },
};
