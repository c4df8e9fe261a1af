/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * session.h - a client
 *
 * S1  Requests of a client are answered in order, one at a time.
 * S2  Its next request is not even read while an answer is in the making or
 *     more than max_reply_bytes are unsent: a client that does not read waits
 *     for itself alone.
 * S3  A turn ends after TURN_REQUESTS requests or one step of a job; then
 *     everybody else has theirs.
 * S4  What goes with a descriptor is sent when all before it is.
 * S5  A client that is gone takes nothing with it but its own answers.
 */
#ifndef WEIR_CTL_SESSION_H
#define WEIR_CTL_SESSION_H

#include "ctl/ctl_priv.h"
#include "ctl/request.h"

/* Takes fd over.  A client that is not allowed is told so and left out. */
void session_open(struct ctl *ctl, evutil_socket_t fd);
void session_close_all(struct ctl *ctl);

/* Handles that stay open as long as the session. */
struct wclient *session_held(const struct session *s);

/* The job of its request has something to do again. */
void session_resume(struct session *s);
/* Another descriptor of its connection, for the caller to close; -1. */
int session_peer(const struct session *s);

/* From now on the client gets trace events.  -EALREADY. */
int session_trace(struct session *s);

/* And these of the map.  -EALREADY: it has those of a map; -EBUSY: another
 * client has these.  err says so. */
int session_map_events(struct session *s, struct map *map, struct err *err);
/* And what the port receives and sends, as filter (NULL: all) keeps it.
 * -EALREADY: it has that of a port. */
int session_capture(struct session *s, u32 port, struct prog *filter,
		    struct err *err);
/* Everybody gets what is there. */
void session_deliver_all(struct ctl *ctl);

#endif
