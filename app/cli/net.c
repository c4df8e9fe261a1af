/* SPDX-License-Identifier: BSD-3-Clause */
/* net.c - weir address, route, rule, neigh: the network that programs ask */
#include <stdio.h>
#include <string.h>

#include "cli/call.h"
#include "net/text.h"

/* The rest of the words are one argument. */
static int take_words(struct cli *cli, char line[NET_LINE_MAX])
{
	size_t len = 0;
	const char *word;

	line[0] = '\0';
	while ((word = cli_word(cli))) {
		int n = snprintf(line + len, NET_LINE_MAX - len, "%s%s",
				 len ? " " : "", word);

		if (n >= (int)(NET_LINE_MAX - len))
			return cli_usage(cli, "these are too many words");
		len += (size_t)n;
	}
	return len ? EXIT_OK : cli_usage(cli, "which?");
}

/* The command's first word is what it is about. */
static size_t noun(const struct cli *cli, const char **name)
{
	*name = cli->command->name;
	return strcspn(*name, " ");
}

static int change(struct cli *cli, const char *verb, bool replace)
{
	char line[NET_LINE_MAX], method[32], key[16];
	const char *name;
	size_t len = noun(cli, &name);
	json_t *args;
	int code = take_words(cli, line);

	if (code)
		return code;
	snprintf(method, sizeof(method), "%.*s.%s", (int)len, name, verb);
	snprintf(key, sizeof(key), "%.*s", (int)len, name);
	args = json_pack("{s:s}", key, line);
	if (replace)
		json_object_set_new(args, "replace", json_true());
	code = cli_call(cli, method, args, NULL);
	return code ? code : cli_done(cli);
}

static int add(struct cli *cli)
{
	return change(cli, "add", false);
}

static int replace(struct cli *cli)
{
	return change(cli, "add", true);
}

static int del(struct cli *cli)
{
	return change(cli, "del", false);
}

static int list(struct cli *cli)
{
	json_t *result, *line;
	const char *name;
	size_t len = noun(cli, &name), i;
	char method[32];
	int code;

	if (!cli_at_end(cli))
		return EXIT_USAGE;
	snprintf(method, sizeof(method), "%.*s.list", (int)len, name);
	code = cli_call(cli, method, NULL, &result);
	if (code)
		return code;
	if (cli->json)
		cli_print(cli, result);
	else
		json_array_foreach(result, i, line)
			puts(json_string_value(line));
	json_decref(result);
	return EXIT_OK;
}

#define ADDRESS "<address>/<length> dev <port>"
#define ROUTE                                                          \
	"[<type>] <prefix> [via <address>] [dev <port>] [metric <n>] " \
	"[table <n>] [src <address>] [mtu lock <n>]"
#define RULE                                                                \
	"[from <prefix>] [to <prefix>] [fwmark <n>[/<mask>]] [iif <port>] " \
	"[priority <n>] lookup <table>"
#define SOCKET "tcp|udp <address> <port> [from <address> <port>] [dev <port>]"
#define NEIGH "<address> lladdr <mac> dev <port>"

const struct command net_commands[] = {
	{ "address list", "", "List the addresses of ports.", list },
	{ "address add", ADDRESS, "Give a port an address, and its routes.",
	  add },
	{ "address del", ADDRESS, "Take it away.", del },
	{ "route list", "", "List all routes of all tables.", list },
	{ "route add", ROUTE, "Add a route for bpf_fib_lookup().", add, NULL,
	  "Types are unicast, local, broadcast, blackhole, unreachable, "
	  "prohibit, throw;\ntables local, main, default or a number.  Several "
	  "ways:\nnexthop [via <address>] dev <port> [weight <n>] ..." },
	{ "route replace", ROUTE, "Add it in the place of one that is there.",
	  replace },
	{ "route del", ROUTE, "Delete the first route that has all this.",
	  del },
	{ "rule list", "", "List which tables are asked, in order.", list },
	{ "rule add", RULE, "Add a rule.", add },
	{ "rule del", RULE, "Delete a rule.", del },
	{ "socket list", "", "List the sockets that programs may find.", list },
	{ "socket add", SOCKET, "Let programs find a socket.", add },
	{ "socket del", SOCKET, "Let them find it no more.", del },
	{ "neigh list", "", "List the link addresses of neighbours.", list },
	{ "neigh add", NEIGH, "Say which link address a neighbour has.", add },
	{ "neigh del", "<address> dev <port>", "Forget a neighbour.", del },
	{ 0 },
};
