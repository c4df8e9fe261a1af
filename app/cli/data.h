/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * data.h - keys and values as bpftool writes them on the command line
 *
 *	key hex 0a 00 00 01	bytes in hexadecimal
 *	key 10 0 0 0x01		bytes, as many as the key has
 *	key '{"port":53}'	JSON by the map's BTF
 *	key 10.0.0.1		what is no JSON is a JSON string
 *	value id 7		of a map of programs or maps: one of these
 */
#ifndef WEIR_APP_CLI_DATA_H
#define WEIR_APP_CLI_DATA_H

#include "cli/call.h"

struct words {
	char **at;
	int n;
};

/* The words after the map: [key <words>] [value <words>] [any|exist|noexist].
 * EXIT_OK or EXIT_USAGE after having said what is wrong. */
struct entry_words {
	struct words key;
	struct words value;
	const char *flags; /* NULL: none given */
};
int data_split(struct cli *cli, struct entry_words *out);

/* Put them into args, by what map.show said of the map.  EXIT_OK, or an exit
 * code after having reported the failure. */
int data_key(struct cli *cli, const json_t *map, const struct words *words,
	     json_t *args);
int data_value(struct cli *cli, const json_t *map, const struct words *words,
	       json_t *args);

#endif
