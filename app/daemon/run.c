/* SPDX-License-Identifier: BSD-3-Clause */
/* run.c - weir run: the dataplane, until a signal or the end of its input */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/daemon.h"

#define WATCH_MS 500 /* between looks at the links */
#define EOF_MS 5     /* between looks for the end of captures */

enum { OPT_UNTIL_EOF = 400, OPT_DUMP_MAPS };

static void block_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* From here on a signal to end ends at once. */
static void unblock_ending(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void serve(struct daemon *d, const sigset_t *signals, bool until_eof)
{
	u32 ms = until_eof ? EOF_MS : WATCH_MS, waited = 0;
	const struct timespec t = { .tv_nsec = ms * 1000000l };

	for (;;) {
		struct err err = { 0 };
		int sig = sigtimedwait(signals, NULL, &t);

		if (sig == SIGHUP)
			daemon_reload(d, &err);
		else if (sig > 0)
			break;
		if (until_eof && plane_ended(d->plane))
			break;
		waited += ms;
		if (waited < WATCH_MS)
			continue;
		waited = 0;
		plane_watch(d->plane);
	}
	unblock_ending();
}

/* What stopped a port before its end. */
static int port_errors(const struct daemon *d)
{
	int code = EXIT_OK;

	for (u32 i = 0; i < plane_port_count(d->plane); i++) {
		struct port_info info;

		plane_port_info(d->plane, i, &info);
		if (info.error.code)
			code = cli_fail_as(d->cli, EXIT_FAILED, &info.error);
	}
	return code;
}

static const char *plural(u32 n)
{
	return n == 1 ? "" : "s";
}

static void say_ready(struct daemon *d)
{
	u32 ports = plane_port_count(d->plane);
	u32 lcores = plane_lcore_count(d->plane);

	pthread_mutex_lock(&d->reload_lock);
	log_info("%u port%s on %u lcore%s, socket %s", ports, plural(ports),
		 lcores, plural(lcores), d->config->socket);
	pthread_mutex_unlock(&d->reload_lock);
}

static int run_daemon(struct daemon *d)
{
	bool until_eof = d->flags->until_eof;
	sigset_t signals;
	int code;

	block_signals(&signals);
	code = daemon_boot(d);
	if (code)
		return code;
	say_ready(d);
	serve(d, &signals, until_eof);
	plane_stop(d->plane);
	if (until_eof) {
		pthread_mutex_lock(&d->reload_lock);
		result_print(d);
		pthread_mutex_unlock(&d->reload_lock);
		code = port_errors(d);
	}
	daemon_unwind(d);
	return code;
}

static int take(struct flags *flags, const struct cli *cli, int id)
{
	const struct cli_option *o = cli->command->options;
	struct flag *f = vec_add(&flags->items);

	if (!f)
		return -ENOMEM;
	while (o->id != id)
		o++;
	*f = (struct flag){ id, o->name, cli->value };
	return 0;
}

static int run(struct cli *cli)
{
	struct flags flags = { .eal_argc = cli->rest_argc,
			       .eal_argv = cli->rest_argv };
	struct daemon d = { .cli = cli, .flags = &flags };
	int what, code = EXIT_OK;

	while (!code && (what = cli_next(cli)) != CLI_END) {
		if (what == 'c')
			flags.file = cli->value;
		else if (what == OPT_UNTIL_EOF)
			flags.until_eof = true;
		else if (what == OPT_DUMP_MAPS)
			flags.dump_maps = true;
		else if (what == CLI_ARG)
			code = cli_usage(cli, "'%s' is no option of run",
					 cli->value);
		else if (what == CLI_BAD || take(&flags, cli, what))
			code = EXIT_USAGE;
	}
	if (cli->socket_given)
		flags.socket = cli->socket;
	if (!code) {
		pthread_mutex_init(&d.reload_lock, NULL);
		code = run_daemon(&d);
		pthread_mutex_destroy(&d.reload_lock);
	}
	vec_free(&flags.items);
	return code;
}

static const struct cli_option run_options[] = {
	{ 'c', "config", "FILE",
	  "read this configuration, SIGHUP reads it again" },
	{ FLAG_PORT, "port", "NAME=SPEC",
	  "open a port: tap:NAME, null, af_packet:IF, pcap:IN[,OUT], devargs" },
	{ FLAG_XDP, "xdp", "PORT=OBJ[:PROG]", "run a program at XDP" },
	{ FLAG_TC_INGRESS, "tc-ingress", "PORT=OBJ[:PROG]",
	  "run a program at tc ingress" },
	{ FLAG_TC_EGRESS, "tc-egress", "PORT=OBJ[:PROG]",
	  "run a program at tc egress" },
	{ FLAG_FORWARD, "forward", "PORT=WHERE",
	  "what passes goes to: pair, back, drop or port:NAME" },
	{ FLAG_LCORES, "lcores", "LIST", "poll on these CPUs: 1, 1-3 or 1,3" },
	{ FLAG_MEMORY, "memory", "SIZE", "what maps may take: 512M, 4G" },
	{ FLAG_NO_HUGE, "no-huge", NULL, "use ordinary pages" },
	{ FLAG_ENGINE, "engine", "ENGINE",
	  "what programs run on: jit (the default) or interp" },
	{ FLAG_PERF, "perf", "DIR",
	  "tell perf(1) of compiled code: /tmp/perf-PID.map and "
	  "DIR/jit-PID.dump" },
	{ OPT_UNTIL_EOF, "until-eof", NULL,
	  "end when all captures have ended, and say what was counted" },
	{ OPT_DUMP_MAPS, "dump-maps", NULL, "then print the maps as well" },
	{ 0 },
};

const struct command run_commands[] = {
	{ "run",
	  "[-c FILE] [--port NAME=SPEC]... [--xdp PORT=OBJ[:PROG]]... "
	  "[-- EAL ARGUMENTS]",
	  "Run programs on the packets of ports.", run, run_options,
	  "Programs of one object share its maps, whatever hooks they are "
	  "given "
	  "for.\nWithout --forward, packets that pass go to the paired port: "
	  "the first with the\nsecond, the third with the fourth; an odd one "
	  "gets its own back.\n\n"
	  "SIGTERM and SIGINT let what is in flight go out and end with 0; a "
	  "second one\nends at once.  SIGHUP reads the configuration again: "
	  "what changed of programs\nand forwarding takes effect as a whole "
	  "between two bursts, or not at all." },
	{ 0 },
};
