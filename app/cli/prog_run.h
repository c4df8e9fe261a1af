/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_CLI_PROG_RUN_H
#define WEIR_CLI_PROG_RUN_H

#include "cli/call.h"

/* `prog run`'s words after the command. */
int run_prog(struct cli *cli);

#endif
