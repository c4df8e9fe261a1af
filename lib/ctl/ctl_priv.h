/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ctl_priv.h - the server behind ctl.h: one thread, its event loop, its
 * clients
 *
 * C1  Everything here belongs to the control thread between ctl_start() and
 *     ctl_stop(), which only sets stop and waits.
 * C2  Nothing in a request waits: for a client, for an lcore, or for a file
 *     other than the object that prog.load names and what a reload reads.
 */
#ifndef WEIR_CTL_CTL_PRIV_H
#define WEIR_CTL_CTL_PRIV_H

#include <event2/event.h>
#include <event2/listener.h>
#include <pthread.h>
#include <stdatomic.h>

#include "ctl/ctl.h"
#include "ctl/endpoint.h"
#include "ctl/loaded.h"

struct ctl {
	/* constant while the thread runs */
	struct plane *plane;
	struct ctl_config config;
	struct endpoint *endpoint;
	pthread_t thread;
	u64 started_ns; /* CLOCK_MONOTONIC */

	/* the control thread's */
	struct event_base *base;
	struct evconnlistener *listener;
	struct event *tick;
	int wake[2]; /* a pipe: ctl_stop() writes, the thread ends */
	struct event *wake_event;
	struct session *sessions;
	u32 session_cnt;
	struct loaded *loaded; /* objects of prog.load */
	u32 last_loaded;

	atomic_uint runs; /* threads of prog.run */
};

#endif
