/* SPDX-License-Identifier: BSD-3-Clause */
/* capture.c - weir port capture: what a port receives and sends, into a file */
#include "cli/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/call.h"
#include "cli/pcapng.h"
#include "ctl/base64.h"

enum { OPT_FILTER = 256 };

const struct cli_option capture_options[] = {
	{ 'w', "write", "FILE", "pcapng, written over; - is standard output" },
	{ OPT_FILTER, "filter", "PROG",
	  "a loaded SEC(\"socket\") program, by name or id" },
	{ 'c', "count", "N", "end after so many packets" },
	{ 0 },
};

struct capturing {
	const char *port;
	const char *path;
	const char *filter;
	u64 left;
	u64 lost; /* that no packet told of yet */
	FILE *out;
};

static int take_options(struct cli *cli, struct capturing *c)
{
	int what;

	while ((what = cli_next(cli)) != CLI_END) {
		if (what == CLI_BAD)
			return EXIT_USAGE;
		if (what == 'w')
			c->path = cli->value;
		else if (what == OPT_FILTER)
			c->filter = cli->value;
		else if (what == CLI_ARG && !c->port)
			c->port = cli->value;
		else if (what == CLI_ARG)
			return cli_usage(cli, "'%s' is one word too many",
					 cli->value);
		else if (cli_number(cli->value, UINT64_MAX, &c->left) < 0)
			return cli_usage(cli, "'%s' is no number", cli->value);
	}
	if (!c->port)
		return cli_usage(cli, "of which port?");
	if (!c->path)
		return cli_usage(cli, "into which file? -w FILE");
	return EXIT_OK;
}

static json_t *arguments(const struct capturing *c)
{
	json_t *args = json_pack("{s:s}", "port", c->port);
	u64 id;

	if (c->filter && cli_number(c->filter, UINT32_MAX, &id) == 0)
		json_object_set_new(args, "filter",
				    json_integer((json_int_t)id));
	else if (c->filter)
		json_object_set_new(args, "filter", json_string(c->filter));
	return args;
}

static int write_packet(struct capturing *c, json_t *event)
{
	const char *text = get_str(event, "data");
	struct pcapng_packet p = {
		.wire_len = (u32)get_u64(event, "length"),
		.ns = get_u64(event, "ns"),
		.lost = c->lost,
		.sent = strcmp(get_str(event, "direction"), "out") == 0,
	};
	size_t size = 0;
	u8 *bytes = base64_decode(text, strlen(text), &size);
	int res;

	if (!bytes)
		return -errno;
	p.bytes = bytes;
	p.len = (u32)size;
	res = pcapng_write(c->out, &p);
	free(bytes);
	c->lost = 0;
	c->left--;
	return res;
}

static int write_failed(struct cli *cli, const struct capturing *c, int code)
{
	struct err err = { 0 };

	err_fail(&err, code, "cannot be written: %s", strerror(-code));
	err_place(&err, "%s", c->path);
	return cli_fail(cli, &err);
}

/* Until there have been enough; the file is whole after every packet. */
static int copy_packets(struct cli *cli, struct capturing *c)
{
	int res = pcapng_begin(c->out, c->port);

	while (!res && c->left) {
		struct err err = { 0 };
		json_t *event;

		if (ctl_next_event(cli->client, &event, &err))
			return cli_fail(cli, &err);
		c->lost += get_u64(event, "lost");
		if (json_object_get(event, "data"))
			res = write_packet(c, event);
		json_decref(event);
	}
	return res ? write_failed(cli, c, res) : EXIT_OK;
}

int capture_command(struct cli *cli)
{
	struct capturing c = { .left = UINT64_MAX };
	int code = take_options(cli, &c);

	if (!code)
		code = cli_call(cli, "port.capture", arguments(&c), NULL);
	if (code)
		return code;
	c.out = strcmp(c.path, "-") == 0 ? stdout : fopen(c.path, "wb");
	if (!c.out)
		return write_failed(cli, &c, -errno);
	code = copy_packets(cli, &c);
	if (c.out != stdout && fclose(c.out) != 0 && !code)
		code = write_failed(cli, &c, -errno);
	return code;
}
