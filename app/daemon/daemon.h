/* SPDX-License-Identifier: BSD-3-Clause */
/* daemon.h - one `weir run`, from boot to its end */
#ifndef WEIR_APP_DAEMON_DAEMON_H
#define WEIR_APP_DAEMON_DAEMON_H

#include <pthread.h>

#include "cli/code_cache.h"
#include "cli/command.h"
#include "ctl/ctl.h"
#include "daemon/config.h"
#include "daemon/deploy.h"
#include "net/mirror.h"

struct daemon {
	struct cli *cli;
	const struct flags *flags;

	/* what boot made, in its order */
	struct config *config;
	struct endpoint *endpoint;
	struct eal *eal;
	struct mem *mem;
	struct sys *sys;
	struct jit_perf *perf; /* NULL: nobody asked */
	char code_cache[CODE_CACHE_MAX];
	struct plane *plane;
	struct net_mirror *mirror; /* NULL: no port has one */
	struct deploy *deploy;
	struct ctl *ctl;

	/* A signal and a client may ask for a reload at once.  Whoever holds
	 * the lock writes config and deploy. */
	pthread_mutex_t reload_lock;
};

/* EXIT_OK, or an exit code after having said what is wrong and undone
 * everything. */
int daemon_boot(struct daemon *d);
void daemon_unwind(struct daemon *d);

/* The configuration again; on failure everything is as it was. */
int daemon_reload(void *arg, struct err *err);

/* caps.c: the calling thread does without its capabilities, or has them
 * again. */
int caps_use(bool use);
/* Every thread of the process gives up its capabilities. */
int caps_drop(struct err *err);

/* result.c: what was counted and, if wanted, what is in the maps. */
void result_print(const struct daemon *d);

#endif
