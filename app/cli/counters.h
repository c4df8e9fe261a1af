/* SPDX-License-Identifier: BSD-3-Clause */
/* counters.h - counters as text */
#ifndef WEIR_APP_CLI_COUNTERS_H
#define WEIR_APP_CLI_COUNTERS_H

#include "cli/call.h"

/* packets, drops by reason and verdicts by hook of port.stats or stats */
void print_counters(const char *name, const json_t *counters);

#endif
