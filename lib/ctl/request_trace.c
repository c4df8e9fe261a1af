/* SPDX-License-Identifier: BSD-3-Clause */
/* request_trace.c - lines of bpf_trace_printk as events */
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

const struct method trace_methods[] = {
	{ "trace.subscribe", "", trace_subscribe },
	{ 0 },
};
