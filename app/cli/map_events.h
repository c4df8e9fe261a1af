/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_CLI_MAP_EVENTS_H
#define WEIR_CLI_MAP_EVENTS_H

#include "cli/call.h"

/* Until the daemon goes or the user has seen enough. */
int map_events(struct cli *cli);

#endif
