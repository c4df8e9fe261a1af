/* SPDX-License-Identifier: BSD-3-Clause */
/* capture_events.h - packets of a port, for a client */
#ifndef WEIR_CTL_CAPTURE_EVENTS_H
#define WEIR_CTL_CAPTURE_EVENTS_H

#include <event2/buffer.h>

#include "lcore/capture.h"

/* Writes what is there as events to out, until that has max bytes. */
void capture_deliver(struct capture *capture, struct evbuffer *out, size_t max);

#endif
