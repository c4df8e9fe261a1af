/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ctl.h - the control socket: one JSON object a line, documented in
 * docs/protocol.md
 */
#ifndef WEIR_CTL_CTL_H
#define WEIR_CTL_CTL_H

#include "base/err.h"
#include "lcore/plane.h"

#define CTL_DEFAULT_SOCKET "/run/weir.sock"
/* Counts up when a client of the last one would misunderstand this one. */
#define CTL_PROTOCOL 1

struct ctl;
struct endpoint;

/* The right to serve on a path, taken before anything else is: -EADDRINUSE if
 * another process has it.  A stale socket is removed. */
int ctl_claim(const char *path, struct err *err, struct endpoint **out);
void ctl_unclaim(struct endpoint *endpoint);

struct ctl_config {
	struct endpoint *endpoint; /* claimed; outlives ctl */
	/* 0 stands for what the comment says */
	u32 max_clients;	/* 64 */
	u64 max_request_bytes;	/* 8 MiB: one line */
	u64 max_reply_bytes;	/* 8 MiB: one answer, and unsent, per client */
	/* a client's "reload", as SIGHUP; NULL: there is nothing to reload */
	int (*reload)(void *arg, struct err *err);
	void *arg;
};

/* Binds the socket (mode 0600) and starts the control thread. */
int ctl_start(struct plane *plane, const struct ctl_config *config,
	      struct err *err, struct ctl **out);
/* Closes clients, joins the thread, removes the socket. */
void ctl_stop(struct ctl *ctl);

/* ---- the client's side ---- */

struct json_t;
struct ctl_client;

/* False: the daemon has gone. */
bool ctl_is_connected(const struct ctl_client *c);

/* -ECONNREFUSED, -ENOENT, -EACCES with a suggestion in err. */
int ctl_connect(const char *path, struct err *err, struct ctl_client **out);
void ctl_disconnect(struct ctl_client *c);
/*
 * One request and its reply.  args is stolen.  0 and *result (to be
 * json_decref'd), or the daemon's error in err: its code as negative errno.
 */
int ctl_call(struct ctl_client *c, const char *method, struct json_t *args,
	     struct json_t **result, struct err *err);
/* The same with the result as the daemon wrote it, to be freed: JSON readers
 * lose numbers above 2^63-1 and members of the same name. */
int ctl_call_text(struct ctl_client *c, const char *method,
		  struct json_t *args, char **text, struct err *err);
/*
 * The same for an answer in parts (map.dump): each part's JSON text, without
 * anything around it, goes to part(); the text is gone afterwards.  A non-zero
 * return ends the call with it, and the connection is of no more use.
 */
typedef int ctl_part_fn(void *arg, const char *text, size_t len,
			struct err *err);
int ctl_call_parts(struct ctl_client *c, const char *method,
		   struct json_t *args, ctl_part_fn *part, void *arg,
		   struct json_t **result, struct err *err);
/* The same for an answer that comes with a descriptor, the caller's. */
int ctl_call_fd(struct ctl_client *c, const char *method, struct json_t *args,
		struct json_t **result, int *fd, struct err *err);
/* Read the next unasked message (subscriptions). */
int ctl_next_event(struct ctl_client *c, struct json_t **event,
		   struct err *err);

#endif
