/* SPDX-License-Identifier: BSD-3-Clause */
/* map_print.h - maps and entries as text, in bpftool's layout */
#ifndef WEIR_APP_CLI_MAP_PRINT_H
#define WEIR_APP_CLI_MAP_PRINT_H

#include "cli/call.h"

void print_map(const json_t *map);
/* Are its entries shown by type (format "typed"), not as bytes? */
bool shows_types(const json_t *map);
/* An entry as map.lookup gives it, "typed" if shows_types(). */
void print_entry(const json_t *map, const char *text);
void print_next_key(const json_t *result);

/* Ask for every entry and print it, as text or JSON.  An exit code. */
int print_dump(struct cli *cli, const json_t *map, json_t *args);

#endif
