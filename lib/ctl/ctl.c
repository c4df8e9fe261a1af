/* SPDX-License-Identifier: BSD-3-Clause */
/* ctl.c - the control thread: start, accept, tick, stop */
#include "ctl/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/thread.h"
#include "ctl/ctl_priv.h"
#include "ctl/session.h"
#include "mem/rcu.h"

#define TICK_MS 20
#define MAX_CLIENTS 64
#define MAX_REQUEST_BYTES (8ULL << 20)
#define MAX_REPLY_BYTES (8ULL << 20)

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
		      struct sockaddr *addr, int len, void *arg)
{
	(void)listener;
	(void)addr;
	(void)len;
	session_open(arg, fd);
}

/* Out of descriptors, most likely: leave the clients waiting for a moment. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
	(void)arg;
	log_warn("control: cannot accept a client: %s", strerror(errno));
	evconnlistener_disable(listener); /* on_tick() enables it */
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct ctl *ctl = arg;

	(void)fd;
	(void)what;
	plane_trace_deliver(ctl->plane);
	session_deliver_all(ctl);
	rcu_reclaim(mem_rcu(sys_mem(plane_sys(ctl->plane))));
	evconnlistener_enable(ctl->listener);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct ctl *ctl = arg;

	(void)fd;
	(void)what;
	event_base_loopbreak(ctl->base);
}

/* Without signals: that a client is gone is an error of write(). */
static void *serve(void *arg)
{
	struct ctl *ctl = arg;

	event_base_dispatch(ctl->base);
	return NULL;
}

static struct event_base *new_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base;

	if (!config)
		return NULL;
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

static void free_loop(struct ctl *ctl)
{
	if (ctl->tick)
		event_free(ctl->tick);
	if (ctl->wake_event)
		event_free(ctl->wake_event);
	if (ctl->listener)
		evconnlistener_free(ctl->listener);
	if (ctl->base)
		event_base_free(ctl->base);
	close(ctl->wake[0]);
	close(ctl->wake[1]);
}

static int make_loop(struct ctl *ctl)
{
	struct timeval period = { .tv_usec = TICK_MS * 1000 };

	if (pipe2(ctl->wake, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	ctl->base = new_base();
	if (!ctl->base)
		goto fail;
	ctl->listener = evconnlistener_new(ctl->base, on_accept, ctl,
					   LEV_OPT_CLOSE_ON_EXEC, 0,
					   ctl->endpoint->fd);
	ctl->tick = event_new(ctl->base, -1, EV_PERSIST, on_tick, ctl);
	ctl->wake_event = event_new(ctl->base, ctl->wake[0],
				    EV_READ | EV_PERSIST, on_wake, ctl);
	if (!ctl->listener || !ctl->tick || !ctl->wake_event ||
	    event_add(ctl->tick, &period) ||
	    event_add(ctl->wake_event, NULL))
		goto fail;
	evconnlistener_set_error_cb(ctl->listener, on_accept_error);
	return 0;

fail:
	free_loop(ctl);
	return -ENOMEM;
}

static void set_config(struct ctl *ctl, const struct ctl_config *config)
{
	ctl->config = *config;
	ctl->endpoint = config->endpoint;
	if (!ctl->config.max_clients)
		ctl->config.max_clients = MAX_CLIENTS;
	if (!ctl->config.max_request_bytes)
		ctl->config.max_request_bytes = MAX_REQUEST_BYTES;
	if (!ctl->config.max_reply_bytes)
		ctl->config.max_reply_bytes = MAX_REPLY_BYTES;
}

int ctl_claim(const char *path, struct err *err, struct endpoint **out)
{
	struct endpoint *ep = calloc(1, sizeof(*ep));
	int res;

	if (!ep)
		return err_fail(err, -ENOMEM, "out of memory");
	res = endpoint_claim(ep, path, err);
	if (res) {
		free(ep);
		return res;
	}
	*out = ep;
	return 0;
}

void ctl_unclaim(struct endpoint *endpoint)
{
	endpoint_release(endpoint);
	free(endpoint);
}

int ctl_start(struct plane *plane, const struct ctl_config *config,
	      struct err *err, struct ctl **out)
{
	struct err ignored;
	struct timespec now;
	struct ctl *ctl;
	int res;

	if (!err)
		err = &ignored;
	ctl = calloc(1, sizeof(*ctl));
	if (!ctl)
		return err_fail(err, -ENOMEM, "out of memory");
	ctl->plane = plane;
	set_config(ctl, config);
	clock_gettime(CLOCK_MONOTONIC, &now);
	ctl->started_ns = (u64)now.tv_sec * 1000000000 + (u64)now.tv_nsec;

	res = endpoint_bind(ctl->endpoint, err);
	if (res)
		goto free_ctl;
	res = make_loop(ctl);
	if (res) {
		err_fail(err, res, "cannot make the control loop: %s",
			 strerror(-res));
		goto unbind;
	}
	res = thread_start(&ctl->thread, "weir-ctl", serve, ctl);
	if (res) {
		err_fail(err, res, "cannot start the control thread: %s",
			 strerror(-res));
		goto free_loop;
	}
	*out = ctl;
	return 0;

free_loop:
	free_loop(ctl);
unbind:
	endpoint_unbind(ctl->endpoint);
free_ctl:
	free(ctl);
	return res;
}

void ctl_stop(struct ctl *ctl)
{
	if (write(ctl->wake[1], "", 1) < 0)
		log_error("control: cannot wake the thread: %s",
			  strerror(errno));
	pthread_join(ctl->thread, NULL);
	session_close_all(ctl);
	while (atomic_load(&ctl->runs)) /* they know */
		usleep(1000);
	free_loop(ctl);
	endpoint_unbind(ctl->endpoint);
	while (ctl->loaded) {
		struct loaded *l = ctl->loaded;

		ctl->loaded = l->next;
		loaded_free(l);
	}
	free(ctl);
}
