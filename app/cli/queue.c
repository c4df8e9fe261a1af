/* SPDX-License-Identifier: BSD-3-Clause */
/* queue.c - weir queue ... : packets that programs hand to other processes */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/call.h"
#include "maps/pkt_queue.h"
#include "port/pcap_file.h"

static void print_queue(const json_t *queue)
{
	json_t *pins = json_object_get(queue, "pinned"), *pin;
	size_t i;

	printf("port %s  queue %llu  slots %llu  waiting %llu\n",
	       get_str(queue, "port"),
	       (unsigned long long)get_u64(queue, "queue"),
	       (unsigned long long)get_u64(queue, "slots"),
	       (unsigned long long)get_u64(queue, "waiting"));
	json_array_foreach(pins, i, pin)
		printf("\tpinned %s\n", json_string_value(pin));
}

static int queue_list(struct cli *cli)
{
	json_t *result, *queue;
	size_t i;
	int code;

	if (!cli_at_end(cli))
		return EXIT_USAGE;
	code = cli_call(cli, "queue.list", NULL, &result);
	if (code)
		return code;
	if (cli->json)
		cli_print(cli, result);
	else
		json_array_foreach(result, i, queue) print_queue(queue);
	json_decref(result);
	return EXIT_OK;
}

static const struct cli_option create_options[] = {
	{ 'q', "queue", "N", "receive queue of the port (0)" },
	{ 'n', "slots", "N", "packets it holds (1024)" },
	{ 0 },
};

/* PATH PORT */
static int queue_create(struct cli *cli)
{
	static const char *const names[] = { "path", "port" };
	json_t *args = json_object();
	u32 words = 0;
	u64 n;
	int what, code = EXIT_OK;

	while (!code && (what = cli_next(cli)) != CLI_END) {
		if (what == CLI_ARG && words < ARRAY_LEN(names))
			json_object_set_new(args, names[words++],
					    json_string(cli->value));
		else if (what == CLI_ARG)
			code = cli_usage(cli, "'%s' is one word too many",
					 cli->value);
		else if (what == CLI_BAD)
			code = EXIT_USAGE;
		else if (cli_number(cli->value, UINT32_MAX, &n) < 0)
			code = cli_usage(cli, "'%s' is no number", cli->value);
		else
			json_object_set_new(args,
					    what == 'q' ? "queue" : "slots",
					    json_integer((json_int_t)n));
	}
	if (!code && words < ARRAY_LEN(names))
		code = cli_usage(cli, "which %s?", names[words]);
	if (code) {
		json_decref(args);
		return code;
	}
	code = cli_call(cli, "queue.create", args, NULL);
	return code ? code : cli_done(cli);
}

static int queue_unpin(struct cli *cli)
{
	return cli_unpin(cli, "queue");
}

/* ---- read ---- */

static const struct cli_option read_options[] = {
	{ 'w', "write", "FILE",
	  "a capture, written over; - is standard output" },
	{ 'c', "count", "N", "end after so many packets" },
	{ 0 },
};

struct reading {
	const char *path;
	u64 left;
	struct pkt_reader *reader;
	struct pcap_out *out;
};

static volatile sig_atomic_t stopped;

static void on_signal(int signal)
{
	(void)signal;
	stopped = 1;
}

/* The capture is whole however it ends. */
static void stop_on_signals(void)
{
	const struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* Frames without their metadata, until there have been enough. */
static int copy_frames(const struct cli *cli, struct reading *r,
		       struct err *err)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	static struct pkt_queue_slot slot;
	int res = 0;

	while (!res && r->left && !stopped) {
		struct pcap_packet p = { .bytes = slot.bytes };

		if (!pkt_reader_next(r->reader, &slot)) {
			res = pcap_out_flush(r->out, err);
			if (!ctl_is_connected(cli->client))
				break;
			nanosleep(&nap, NULL);
			continue;
		}
		p.bytes += slot.meta;
		p.len = p.wire_len = slot.len;
		p.ns = slot.ns;
		res = pcap_out_write(r->out, &p, err);
		r->left--;
	}
	return res;
}

static int open_reader(struct cli *cli, json_t *ref, struct reading *r,
		       struct err *err)
{
	json_t *result;
	int fd, res;

	res = ctl_call_fd(cli->client, "queue.open",
			  json_pack("{s:o}", "queue", ref), &result, &fd, err);
	if (res)
		return res;
	json_decref(result);
	res = pkt_reader_open(fd, &r->reader);
	if (res == -EBUSY)
		return err_fail(err, res, "another process reads the queue");
	return res ? err_fail(err, res, "cannot map the queue: %s",
			      strerror(-res))
		   : 0;
}

static int read_queue(struct cli *cli, json_t *ref, struct reading *r)
{
	struct err err = { 0 };
	int res = open_reader(cli, ref, r, &err);

	if (res)
		return cli_fail(cli, &err);
	stop_on_signals();
	res = pcap_out_open(r->path, 0, &err, &r->out);
	if (!res) {
		res = copy_frames(cli, r, &err);
		if (pcap_out_close(r->out, res ? NULL : &err) && !res)
			res = err.code;
	}
	pkt_reader_close(r->reader);
	return res ? cli_fail(cli, &err) : EXIT_OK;
}

static int queue_read(struct cli *cli)
{
	json_t *ref = cli_reference(cli, "queue");
	struct reading r = { .left = UINT64_MAX };
	int what, code = EXIT_OK;

	if (!ref)
		return EXIT_USAGE;
	while (!code && (what = cli_next(cli)) != CLI_END) {
		if (what == 'w')
			r.path = cli->value;
		else if (what != 'c')
			code = what == CLI_BAD
				       ? EXIT_USAGE
				       : cli_usage(cli,
						   "'%s' is one word too many",
						   cli->value);
		else if (cli_number(cli->value, UINT64_MAX, &r.left) < 0)
			code = cli_usage(cli, "'%s' is no number", cli->value);
	}
	if (!code && !r.path)
		code = cli_usage(cli, "into which file? -w FILE");
	if (!code && strcmp(r.path, "-") == 0)
		r.path = "/dev/stdout";
	if (!code)
		code = cli_connect(cli);
	if (code) {
		json_decref(ref);
		return code;
	}
	return read_queue(cli, ref, &r);
}

#define QUEUE_WORDS                                                      \
	"A queue takes what bpf_redirect_map() sends to an entry of an " \
	"xskmap "                                                        \
	"that names it:\n`weir map update <map> key <key> value pinned " \
	"<path>`."

const struct command queue_commands[] = {
	{ "queue list", "", "List queues of packets.", queue_list },
	{ "queue create", "<path> <port>",
	  "Make a queue for what a port's receive queue receives, and pin it.",
	  queue_create, create_options, QUEUE_WORDS },
	{ "queue read", "<path> -w <file>",
	  "Write what comes into a queue to a capture.", queue_read,
	  read_options, "One process at a time reads a queue." },
	{ "queue unpin", "<path>", "Let go of a pinned queue.", queue_unpin },
	{ 0 },
};
