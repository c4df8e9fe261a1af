/* SPDX-License-Identifier: BSD-3-Clause */
/* network.h - addresses, routes, rules and neighbours of a configuration */
#ifndef WEIR_APP_DAEMON_NETWORK_H
#define WEIR_APP_DAEMON_NETWORK_H

#include "daemon/config.h"
#include "lcore/plane.h"

struct net_mirror;

/* What the configuration's ports mirror of the host; *out is NULL if none
 * does.  err's place is the first that does. */
int network_mirror(struct plane *plane, const struct config *config,
		   struct err *err, struct net_mirror **out);

/* From a configuration, NULL: none, to the next.  On failure everything is as
 * it was, and err's place is what cannot be. */
int network_switch(struct plane *plane, const struct config *from,
		   const struct config *to, struct err *err);

#endif
