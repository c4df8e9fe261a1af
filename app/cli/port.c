/* SPDX-License-Identifier: BSD-3-Clause */
/* port.c - weir port ... : ports and their counters */
#include "cli/call.h"
#include "cli/capture.h"
#include "cli/counters.h"

static void print_hooks(json_t *hooks)
{
	const char *hook;
	json_t *list, *a;
	size_t i;

	json_object_foreach(hooks, hook, list)
		json_array_foreach(list, i, a)
			printf("\t%s  %s (program %llu)  priority %llu  "
			       "attachment %llu\n",
			       hook, get_str(a, "name"),
			       (unsigned long long)get_u64(a, "prog"),
			       (unsigned long long)get_u64(a, "priority"),
			       (unsigned long long)get_u64(a, "attachment"));
}

static void print_port(json_t *port)
{
	printf("%llu: %s  %s  driver %s  mac %s  link %s%s\n",
	       (unsigned long long)get_u64(port, "ifindex"),
	       get_str(port, "name"), get_str(port, "spec"),
	       get_str(port, "driver"), get_str(port, "mac"),
	       get_str(port, "link"),
	       json_is_true(json_object_get(port, "ended")) ? "  ended" : "");
	printf("\tmtu %llu  queues %llu  forward %s\n",
	       (unsigned long long)get_u64(port, "mtu"),
	       (unsigned long long)get_u64(port, "queues"),
	       get_str(port, "forward"));
	if (json_object_get(port, "error"))
		printf("\terror %s\n", get_str(port, "error"));
	print_hooks(json_object_get(port, "hooks"));
}

static int port_list(struct cli *cli)
{
	json_t *result, *port;
	size_t i;
	int code;

	if (!cli_at_end(cli))
		return EXIT_USAGE;
	code = cli_call(cli, "port.list", NULL, &result);
	if (code)
		return code;
	if (cli->json)
		cli_print(cli, result);
	else
		json_array_foreach(result, i, port)
			print_port(port);
	json_decref(result);
	return EXIT_OK;
}

static int port_stats(struct cli *cli)
{
	json_t *args = NULL, *result, *port;
	int code, what = cli_next(cli);
	size_t i;

	if (what == CLI_BAD)
		return EXIT_USAGE;
	if (what == CLI_ARG) {
		args = json_pack("{s:s}", "port", cli->value);
		if (!cli_at_end(cli)) {
			json_decref(args);
			return EXIT_USAGE;
		}
	}
	code = cli_call(cli, "port.stats", args, &result);
	if (code)
		return code;
	if (cli->json)
		cli_print(cli, result);
	else
		json_array_foreach(result, i, port)
			print_counters(get_str(port, "name"), port);
	json_decref(result);
	return EXIT_OK;
}

static int port_forward(struct cli *cli)
{
	const char *port = cli_word(cli), *to = cli_word(cli);
	int code;

	if (!to)
		return cli_usage(cli, port ? "to where?" : "which port?");
	if (!cli_at_end(cli))
		return EXIT_USAGE;
	code = cli_call(cli, "port.set_forward",
			json_pack("{s:s, s:s}", "port", port, "to", to), NULL);
	return code ? code : cli_done(cli);
}

const struct command port_commands[] = {
	{ "port list", "", "List ports and what is attached to them.",
	  port_list },
	{ "port stats", "[<port>]", "Print what ports counted.", port_stats },
	{ "port forward", "<port> pair|back|drop|port:<port>",
	  "Say where what passes goes.", port_forward },
	{ "port capture", "<port> -w FILE [--filter PROG] [-c N]",
	  "Write what a port receives and sends to a capture.",
	  capture_command, capture_options,
	  "Received packets are as they come, before XDP; sent ones as they "
	  "leave.  A filter\nsees each from the link header on and says how "
	  "many bytes are kept, 0: none.  It is\nloaded by `weir prog load`.  "
	  "One client at a time captures a port." },
	{ 0 },
};
