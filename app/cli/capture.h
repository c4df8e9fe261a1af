/* SPDX-License-Identifier: BSD-3-Clause */
/* capture.h - weir port capture */
#ifndef WEIR_APP_CLI_CAPTURE_H
#define WEIR_APP_CLI_CAPTURE_H

#include "cli/command.h"

extern const struct cli_option capture_options[];
int capture_command(struct cli *cli);

#endif
