/* SPDX-License-Identifier: BSD-3-Clause */
/* map_events.c - weir map events: what programs write, as it comes */
#include <stdlib.h>
#include <string.h>

#include "cli/call.h"
#include "cli/map_events.h"
#include "ctl/base64.h"

#define BYTES_A_LINE 16

static void print_bytes(const u8 *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		printf("%s%02x", i % BYTES_A_LINE ? " " : "\n\t", bytes[i]);
	printf("\n");
}

/* As bpftool shows values: an array of "0x01". */
static json_t *hex(const u8 *bytes, size_t size)
{
	json_t *array = json_array();

	for (size_t i = 0; i < size; i++)
		json_array_append_new(array, json_sprintf("0x%02x", bytes[i]));
	return array;
}

static void print_data(const struct cli *cli, json_t *event)
{
	const char *text = get_str(event, "data");
	size_t size = 0;
	u8 *bytes = base64_decode(text, strlen(text), &size);

	if (!bytes)
		return;
	if (cli->json) {
		json_object_set_new(event, "data", hex(bytes, size));
		cli_print(cli, event);
	} else {
		printf("%zu bytes", size);
		if (json_object_get(event, "lcore"))
			printf(" from lcore %llu",
			       (unsigned long long)get_u64(event, "lcore"));
		print_bytes(bytes, size);
	}
	free(bytes);
}

static void print_event(const struct cli *cli, json_t *event)
{
	if (json_object_get(event, "data"))
		print_data(cli, event);
	else if (cli->json)
		cli_print(cli, event);
	else
		printf("%llu lost on lcore %llu\n",
		       (unsigned long long)get_u64(event, "lost"),
		       (unsigned long long)get_u64(event, "lcore"));
}

int map_events(struct cli *cli)
{
	json_t *ref = cli_reference(cli, "map");
	int code;

	if (!ref)
		return EXIT_USAGE;
	if (!cli_at_end(cli)) {
		json_decref(ref);
		return EXIT_USAGE;
	}
	code = cli_call(cli, "map.events", json_pack("{s:o}", "map", ref),
			NULL);
	if (code)
		return code;
	for (;;) {
		struct err err = { 0 };
		json_t *event;

		if (ctl_next_event(cli->client, &event, &err))
			return cli_fail(cli, &err);
		print_event(cli, event);
		fflush(stdout);
		json_decref(event);
	}
}
