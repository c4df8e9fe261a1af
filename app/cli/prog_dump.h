/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_CLI_PROG_DUMP_H
#define WEIR_CLI_PROG_DUMP_H

#include "cli/call.h"

/* `prog dump`'s words after the command. */
int dump_prog(struct cli *cli);

#endif
