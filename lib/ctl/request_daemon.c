/* SPDX-License-Identifier: BSD-3-Clause */
/* request_daemon.c - the daemon itself */
#include <errno.h>
#include <rte_version.h>
#include <time.h>
#include <unistd.h>

#include "ctl/ctl_priv.h"
#include "ctl/request.h"

static int version(struct request *rq, struct err *err)
{
	struct json *j = &rq->json;
	struct timespec now;

	(void)err;
	clock_gettime(CLOCK_MONOTONIC, &now);
	json_begin_object(j);
	json_kstr(j, "version", WEIR_VERSION);
	json_ku64(j, "protocol", CTL_PROTOCOL);
	json_kstr(j, "dpdk", rte_version());
	json_ku64(j, "pid", (u64)getpid());
	json_ku64(j, "uptime_seconds",
		  (u64)now.tv_sec - rq->ctl->started_ns / 1000000000);
	json_key(j, "methods");
	request_list_methods(j);
	json_end_object(j);
	return 0;
}

static int reload(struct request *rq, struct err *err)
{
	const struct ctl_config *config = &rq->ctl->config;

	if (!config->reload)
		return err_fail(err, -EOPNOTSUPP,
				"this daemon has nothing to reload");
	return config->reload(config->arg, err);
}

const struct method daemon_methods[] = {
	{ "version", "", version },
	{ "reload", "", reload },
	{ 0 },
};
