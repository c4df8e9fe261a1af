/* SPDX-License-Identifier: BSD-3-Clause */
/* indent.h - JSON for people to read */
#ifndef WEIR_APP_CLI_INDENT_H
#define WEIR_APP_CLI_INDENT_H

#include <stdio.h>

#include "base/types.h"

/* Print JSON without white space over several lines, four spaces a level, that
 * of the first given.  The text is not parsed: what is in it is printed as it
 * is. */
void print_indented(FILE *f, const char *text, size_t len, u32 depth);

#endif
