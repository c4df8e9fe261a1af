/* SPDX-License-Identifier: BSD-3-Clause */
/* stats.c - weir stats, weir trace, weir version */
#include <string.h>

#include "cli/call.h"
#include "cli/counters.h"

static void print_named(const char *title, json_t *counts)
{
	const char *name;
	json_t *n;

	if (!json_object_size(counts))
		return;
	printf("\t%s", title);
	json_object_foreach(counts, name, n)
		printf("  %s %lld", name, (long long)json_integer_value(n));
	putchar('\n');
}

void print_counters(const char *name, const json_t *c)
{
	const char *hook;
	json_t *codes;

	printf("%s\n", name);
	printf("\trx  %llu packets  %llu bytes\n",
	       (unsigned long long)get_u64(c, "rx_packets"),
	       (unsigned long long)get_u64(c, "rx_bytes"));
	printf("\ttx  %llu packets  %llu bytes\n",
	       (unsigned long long)get_u64(c, "tx_packets"),
	       (unsigned long long)get_u64(c, "tx_bytes"));
	print_named("drops", json_object_get(c, "drops"));
	json_object_foreach(json_object_get(c, "verdicts"), hook, codes)
		print_named(hook, codes);
}

static int stats(struct cli *cli)
{
	json_t *result, *item, *list, *memory;
	size_t i;
	int code;

	if (!cli_at_end(cli))
		return EXIT_USAGE;
	code = cli_call(cli, "stats", NULL, &result);
	if (code)
		return code;
	if (cli->json) {
		cli_print(cli, result);
		json_decref(result);
		return EXIT_OK;
	}
	print_counters("total", json_object_get(result, "total"));
	list = json_object_get(result, "ports");
	json_array_foreach(list, i, item)
		print_counters(get_str(item, "name"), item);
	list = json_object_get(result, "programs");
	json_array_foreach(list, i, item)
		printf("program %llu %s\n\truns %llu  stopped %llu\n",
		       (unsigned long long)get_u64(item, "id"),
		       get_str(item, "name"),
		       (unsigned long long)get_u64(item, "run_cnt"),
		       (unsigned long long)get_u64(item, "stopped"));
	memory = json_object_get(result, "memory");
	printf("memory\n\tused %llu of %llu bytes\n",
	       (unsigned long long)get_u64(memory, "used"),
	       (unsigned long long)get_u64(memory, "budget"));
	json_decref(result);
	return EXIT_OK;
}

static void print_event(const struct cli *cli, const json_t *event)
{
	u64 ns = get_u64(event, "ns");

	if (cli->json) {
		cli_print(cli, event);
		return;
	}
	if (get_u64(event, "lost"))
		printf("(%llu lines lost)\n",
		       (unsigned long long)get_u64(event, "lost"));
	printf("%llu.%06llu: program %llu: %s\n",
	       (unsigned long long)(ns / 1000000000),
	       (unsigned long long)(ns % 1000000000 / 1000),
	       (unsigned long long)get_u64(event, "prog"),
	       get_str(event, "line"));
}

/* Until the daemon goes or the user has seen enough. */
static int trace(struct cli *cli)
{
	int code;

	if (!cli_at_end(cli))
		return EXIT_USAGE;
	code = cli_call(cli, "trace.subscribe", NULL, NULL);
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

/* Weir's own version needs no daemon; the daemon's may differ. */
static int version(struct cli *cli)
{
	json_t *out = json_pack("{s:s}", "version", WEIR_VERSION);
	json_t *daemon = NULL;
	struct err err = { 0 };

	if (!cli_at_end(cli)) {
		json_decref(out);
		return EXIT_USAGE;
	}
	if (ctl_connect(cli->socket, &err, &cli->client) == 0)
		cli_call_quiet(cli, "version", NULL, &daemon, &err);
	if (cli->json) {
		json_object_set_new(out, "daemon",
				    daemon ? daemon : json_null());
		cli_print(cli, out);
		json_decref(out);
		return EXIT_OK;
	}
	json_decref(out);
	printf("weir %s\n", WEIR_VERSION);
	if (daemon)
		printf("daemon %s  pid %llu  up %llu s  protocol %llu  %s\n",
		       get_str(daemon, "version"),
		       (unsigned long long)get_u64(daemon, "pid"),
		       (unsigned long long)get_u64(daemon, "uptime_seconds"),
		       (unsigned long long)get_u64(daemon, "protocol"),
		       get_str(daemon, "dpdk"));
	json_decref(daemon);
	return EXIT_OK;
}

static int reload(struct cli *cli)
{
	int code;

	if (!cli_at_end(cli))
		return EXIT_USAGE;
	code = cli_call(cli, "reload", NULL, NULL);
	return code ? code : cli_done(cli);
}

const struct command stats_commands[] = {
	{ "stats", "", "Print everything that is counted.", stats },
	{ "trace", "", "Print lines of bpf_trace_printk as they come.",
	  trace },
	{ "reload", "", "Read the daemon's configuration again.", reload },
	{ "version", "", "Print the version, and the daemon's.", version },
	{ 0 },
};
