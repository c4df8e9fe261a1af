/* SPDX-License-Identifier: BSD-3-Clause */
/* map_print.h - maps and entries as text, in bpftool's layout */
#ifndef WEIR_APP_CLI_MAP_PRINT_H
#define WEIR_APP_CLI_MAP_PRINT_H

#include "cli/call.h"

void print_map(const json_t *map);
/* entry: a result of map.lookup of this map */
void print_entry(const json_t *map, const json_t *entry);
void print_next_key(const json_t *result);

/* Ask for every entry and print it, as text or JSON.  An exit code. */
int print_dump(struct cli *cli, const json_t *map, json_t *args);

#endif
