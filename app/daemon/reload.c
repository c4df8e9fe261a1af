/* SPDX-License-Identifier: BSD-3-Clause */
/* reload.c - the configuration again, while packets flow */
#include <errno.h>
#include <stdlib.h>

#include "daemon/daemon.h"
#include "daemon/network.h"

static int reload(struct daemon *d, struct config *config, struct err *err)
{
	struct deploy *deploy;
	int res = config_make(config, d->flags, err);

	if (!res)
		res = config_same_frame(d->config, config, err);
	if (!res)
		res = deploy_make(d->plane, config, d->deploy, err, &deploy);
	if (res)
		return res;
	res = network_switch(d->plane, d->config, config, err);
	if (res)
		goto free_deploy;
	res = deploy_switch(d->plane, config, d->deploy, deploy, err);
	if (res)
		goto old_network;
	deploy_free(d->deploy);
	d->deploy = deploy;
	return 0;

old_network:
	network_switch(d->plane, config, d->config, NULL);
free_deploy:
	deploy_free(deploy);
	return res;
}

int daemon_reload(void *arg, struct err *err)
{
	struct daemon *d = arg;
	struct config *config = calloc(1, sizeof(*config)), *old;
	char text[sizeof(*err) + 8];
	int res;

	if (!config)
		return err_fail(err, -ENOMEM, "out of memory");
	pthread_mutex_lock(&d->reload_lock);
	res = reload(d, config, err);
	old = config;
	if (!res) {
		old = d->config;
		d->config = config;
		if (config->has_log_level && !d->cli->log_level_given)
			log_set_level(config->log_level);
	}
	pthread_mutex_unlock(&d->reload_lock);
	config_free(old);
	free(old);
	if (res)
		log_error("reload: nothing is changed: %s",
			  err_text(err, text, sizeof(text)));
	else
		log_info("reload: done");
	return res;
}
