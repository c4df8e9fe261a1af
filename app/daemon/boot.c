/* SPDX-License-Identifier: BSD-3-Clause */
/* boot.c - one list of steps up, the same list backwards down */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/network.h"
#include "jit/perf.h"

struct step {
	int (*up)(struct daemon *d, struct err *err);
	void (*down)(struct daemon *d);
	/* what a failure means to scripts, and that something is not there */
	enum exit_code failed;
	enum exit_code absent;
};

static int config_up(struct daemon *d, struct err *err)
{
	struct config *c = calloc(1, sizeof(*c));
	int res;

	if (!c)
		return err_fail(err, -ENOMEM, "out of memory");
	res = config_make(c, d->flags, err);
	if (res) {
		config_free(c);
		free(c);
		return res;
	}
	if (c->has_log_level && !d->cli->log_level_given)
		log_set_level(c->log_level);
	d->config = c;
	return 0;
}

static void config_down(struct daemon *d)
{
	config_free(d->config);
	free(d->config);
}

/* Binding the socket and removing it come when capabilities are gone: a place
 * that takes them is no place. */
static int socket_up(struct daemon *d, struct err *err)
{
	int res = caps_use(false), back;

	if (!res)
		res = ctl_claim(d->config->socket, err, &d->endpoint);
	back = caps_use(true);
	if (!res && back)
		ctl_unclaim(d->endpoint);
	if (!res && back)
		res = err_fail(err, back, "cannot use capabilities: %s",
			       strerror(-back));
	return res;
}

static void socket_down(struct daemon *d)
{
	ctl_unclaim(d->endpoint);
}

/* What config has of its ports as lcore and port want it. */
static struct port_config *port_configs(const struct config *c)
{
	struct port_config *all = calloc(c->ports.len, sizeof(*all));

	for (u32 i = 0; all && i < c->ports.len; i++)
		all[i] = c->ports.items[i].port;
	return all;
}

static int eal_up(struct daemon *d, struct err *err)
{
	const struct config *c = d->config;
	struct port_config *ports = port_configs(c);
	const struct eal_config config = {
		.program = "weir",
		.lcores = c->lcores.items,
		.lcore_cnt = c->lcores.len,
		.huge = c->huge,
		.ports = ports,
		.port_cnt = c->ports.len,
		.args = c->eal_args.items,
		.arg_cnt = c->eal_args.len,
	};
	int res = ports ? eal_start(&config, err, &d->eal)
			: err_fail(err, -ENOMEM, "out of memory");

	free(ports);
	return res;
}

static void eal_down(struct daemon *d)
{
	eal_stop(d->eal);
}

static int mem_up(struct daemon *d, struct err *err)
{
	const struct mem_config config = {
		.budget = d->config->memory,
		.slots = d->config->lcores.len,
		/* that there are too few has been said */
		.huge = eal_huge(d->eal),
	};
	int res = mem_create(&config, &d->mem);

	return res ? err_fail(err, res, "no memory for maps: %s",
			      strerror(-res))
		   : 0;
}

static void mem_down(struct daemon *d)
{
	mem_destroy(d->mem);
}

static int sys_up(struct daemon *d, struct err *err)
{
	int res = sys_create(d->mem, &d->sys);

	if (res)
		return err_fail(err, res, "no memory: %s", strerror(-res));
	sys_set_engine(d->sys, d->config->engine);
	code_cache_use(d->sys, d->code_cache);
	if (d->config->perf)
		res = jit_perf_open(d->config->perf, err, &d->perf);
	if (res)
		sys_destroy(d->sys);
	else
		sys_set_perf(d->sys, d->perf);
	return res;
}

static void sys_down(struct daemon *d)
{
	sys_destroy(d->sys);
	if (d->perf)
		jit_perf_close(d->perf);
}

static int check_eof(const struct daemon *d, struct err *err)
{
	if (!d->flags->until_eof)
		return 0;
	for (u32 i = 0; i < d->config->ports.len; i++) {
		struct port_info info;

		plane_port_info(d->plane, i, &info);
		if (info.ends)
			return 0;
	}
	err_fail(err, -EINVAL, "--until-eof, but no port comes to an end");
	return err_hint(err, "give a capture: --port NAME=pcap:FILE");
}

static int plane_up(struct daemon *d, struct err *err)
{
	const struct config *c = d->config;
	struct port_config *ports = port_configs(c);
	const struct plane_config config = {
		.ports = ports,
		.port_cnt = c->ports.len,
		.burst = c->burst,
	};
	int res = ports ? plane_create(d->eal, d->sys, &config, err, &d->plane)
			: err_fail(err, -ENOMEM, "out of memory");

	free(ports);
	if (res)
		return res;
	res = check_eof(d, err);
	if (res) {
		plane_destroy(d->plane);
		return res;
	}
	sys_set_attach(d->sys, &plane_attach_ops, d->plane);
	sys_set_net(d->sys, plane_net(d->plane));
	return 0;
}

static void plane_down(struct daemon *d)
{
	sys_set_attach(d->sys, NULL, NULL);
	sys_set_net(d->sys, NULL);
	plane_destroy(d->plane);
}

static int network_up(struct daemon *d, struct err *err)
{
	return network_switch(d->plane, NULL, d->config, err);
}

static int mirror_up(struct daemon *d, struct err *err)
{
	return network_mirror(d->plane, d->config, err, &d->mirror);
}

static void mirror_down(struct daemon *d)
{
	if (d->mirror)
		net_mirror_close(d->mirror);
}

/* Read without capabilities, as a reload reads them. */
static int objects_up(struct daemon *d, struct err *err)
{
	return deploy_make(d->plane, d->config, NULL, err, &d->deploy);
}

static void objects_down(struct daemon *d)
{
	deploy_free(d->deploy);
}

static int attach_up(struct daemon *d, struct err *err)
{
	return deploy_switch(d->plane, d->config, NULL, d->deploy, err);
}

static int caps_up(struct daemon *d, struct err *err)
{
	(void)d;
	return caps_drop(err);
}

static int ctl_up(struct daemon *d, struct err *err)
{
	const struct ctl_config config = {
		.endpoint = d->endpoint,
		.reload = daemon_reload,
		.arg = d,
	};

	return ctl_start(d->plane, &config, err, &d->ctl);
}

static void ctl_down(struct daemon *d)
{
	ctl_stop(d->ctl);
}

static int start_up(struct daemon *d, struct err *err)
{
	return plane_start(d->plane, err);
}

static void start_down(struct daemon *d)
{
	plane_stop(d->plane);
}

static const struct step steps[] = {
	{ config_up, config_down, EXIT_FAILED, EXIT_NOT_FOUND },
	{ socket_up, socket_down, EXIT_FAILED, EXIT_FAILED },
	{ eal_up, eal_down, EXIT_FAILED, EXIT_FAILED },
	{ mem_up, mem_down, EXIT_FAILED, EXIT_FAILED },
	{ sys_up, sys_down, EXIT_FAILED, EXIT_FAILED },
	{ plane_up, plane_down, EXIT_FAILED, EXIT_NOT_FOUND },
	{ network_up, NULL, EXIT_FAILED, EXIT_NOT_FOUND },
	{ mirror_up, mirror_down, EXIT_FAILED, EXIT_FAILED },
	{ caps_up, NULL, EXIT_FAILED, EXIT_FAILED },
	{ objects_up, objects_down, EXIT_REJECTED, EXIT_NOT_FOUND },
	{ attach_up, NULL, EXIT_FAILED, EXIT_FAILED },
	{ ctl_up, ctl_down, EXIT_FAILED, EXIT_FAILED },
	{ start_up, start_down, EXIT_FAILED, EXIT_FAILED },
};

static void unwind(struct daemon *d, u32 n)
{
	while (n-- > 0)
		if (steps[n].down)
			steps[n].down(d);
}

static int report(const struct daemon *d, const struct step *step,
		  const struct err *err)
{
	enum exit_code code = step->failed;

	if (err->code == -ENOENT || err->code == -ENODEV)
		code = step->absent;
	else if (err->code == -ENOTUNIQ ||
		 (step->up == config_up && strncmp(err->place, "--", 2) == 0))
		code = EXIT_USAGE;
	return cli_fail_as(d->cli, code, err);
}

int daemon_boot(struct daemon *d)
{
	struct err err = { 0 };

	for (u32 i = 0; i < ARRAY_LEN(steps); i++) {
		if (steps[i].up(d, &err) == 0)
			continue;
		unwind(d, i);
		return report(d, &steps[i], &err);
	}
	return EXIT_OK;
}

void daemon_unwind(struct daemon *d)
{
	unwind(d, ARRAY_LEN(steps));
}
