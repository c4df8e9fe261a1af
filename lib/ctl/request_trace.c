/* SPDX-License-Identifier: BSD-3-Clause */
/* request_trace.c - lines of bpf_trace_printk, what programs write into maps and
 * the packets of ports, as events */
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

static int packets_of_port(struct request *rq, struct err *err)
{
	struct prog *filter = NULL;
	u32 port;
	int res = arg_port(rq, &port, err), handle;

	if (res)
		return res;
	if (arg_has(rq, "filter")) {
		handle = arg_object(rq, "filter", &object_prog, err);
		if (handle < 0)
			return handle;
		filter = wclient_prog(rq->bpf, handle);
	}
	return session_capture(rq->session, port, filter, err);
}

const struct method trace_methods[] = {
	{ "port.capture", "port filter", packets_of_port },
	{ "map.events", "map", events_of_map },
	{ "trace.subscribe", "", trace_subscribe },
	{ 0 },
};
