/* SPDX-License-Identifier: BSD-3-Clause */
/* config_file.c - what the YAML file says, into a config */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config.h"
#include "daemon/config_yaml.h"

struct source {
	struct config *config;
	const char *path;   /* of the file */
	char dir[PATH_MAX]; /* what its paths are relative to */
};

static int fail_at(const struct source *s, const char *list, u32 item,
		   const char *setting, struct err *err)
{
	return err_place(err, "%s:%u", s->path,
			 config_line(s->path, list, item, setting));
}

static struct config_place place_of(const struct source *s, const char *list,
				    u32 item)
{
	return (struct config_place){ .file = s->path,
				      .list = list,
				      .item = item };
}

/* Relative to the file.  NULL: out of memory. */
static const char *path_of(const struct source *s, const char *path)
{
	char whole[2 * PATH_MAX];

	if (path[0] == '/')
		return config_string(s->config, path);
	snprintf(whole, sizeof(whole), "%s/%s", s->dir, path);
	return config_string(s->config, whole);
}

static int no_memory(struct err *err)
{
	return err_fail(err, -ENOMEM, "out of memory");
}

static int take_port(const struct source *s, u32 i, const struct file_port *f,
		     struct err *err)
{
	struct config_port *p = vec_add(&s->config->ports);
	const char *setting = "name";
	int res;

	if (!p)
		return no_memory(err);
	p->port.queues = f->queues;
	p->port.mtu = f->mtu;
	p->port.promiscuous = f->promiscuous;
	p->port.checksum = f->checksum;
	p->port.memory = f->memory;
	p->port.spec = config_string(s->config, f->spec);
	p->place = place_of(s, "ports", i);
	if (!p->port.spec)
		return no_memory(err);
	res = text_name(f->name, p->port.name, err);
	if (!res && f->mac) {
		setting = "mac";
		res = text_mac(f->mac, p->port.mac, err);
	}
	if (!res && f->replay) {
		setting = "replay";
		res = text_replay(f->replay, &p->port.replay, err);
	}
	if (!res && f->forward) {
		setting = "forward";
		res = forward_parse(f->forward, &p->forward, err);
	}
	if (!res && f->mirror) {
		setting = "mirror";
		res = text_device(f->mirror, p->mirror, err);
	}
	return res ? fail_at(s, "ports", i, setting, err) : 0;
}

/* text is the file's and of no more use afterwards. */
static int check_override(char *text, struct err *err)
{
	struct sys_override ignored;
	int res = sys_override_parse(text, &ignored, err);

	if (res)
		err->place[0] = '\0';
	return res;
}

static int take_object(const struct source *s, u32 i,
		       const struct file_object *f, struct err *err)
{
	const char *path = path_of(s, f->path);
	struct config_object *o = path ? config_object(s->config, path) : NULL;

	if (!o)
		return no_memory(err);
	o->place = place_of(s, "objects", i);
	for (u32 k = 0; k < f->override_cnt; k++) {
		const char **text = vec_add(&o->overrides);

		if (!text)
			return no_memory(err);
		*text = config_string(s->config, f->overrides[k]);
		if (!*text)
			return no_memory(err);
		if (check_override(f->overrides[k], err))
			return fail_at(s, "objects", i, "overrides", err);
	}
	for (u32 k = 0; k < f->pin_cnt; k++) {
		struct config_pin *pin = vec_add(&o->pins);

		if (!pin)
			return no_memory(err);
		pin->map = config_string(s->config, f->pins[k].map);
		pin->path = config_string(s->config, f->pins[k].path);
		if (!pin->map || !pin->path)
			return no_memory(err);
	}
	return 0;
}

static int take_prog(const struct source *s, u32 i, const struct file_prog *f,
		     struct err *err)
{
	struct config_prog *p = vec_add(&s->config->progs);
	const char *setting = "hook";
	int res;

	if (!p)
		return no_memory(err);
	p->place = place_of(s, "programs", i);
	p->port = config_string(s->config, f->port);
	p->object = path_of(s, f->object);
	p->prog = f->program ? config_string(s->config, f->program) : NULL;
	if (!p->port || !p->object || (f->program && !p->prog) ||
	    !config_object(s->config, p->object))
		return no_memory(err);
	p->has_priority = f->priority;
	p->priority = f->priority ? *f->priority : 0;
	p->direct_action = f->direct_action ? *f->direct_action : true;
	p->has_chain_actions = f->chain_actions;
	p->has_style = f->style;
	res = text_hook(f->hook, &p->hook, err);
	if (!res && f->style) {
		setting = "style";
		res = text_style(f->style, &p->style, err);
	}
	if (!res && f->classid) {
		setting = "classid";
		res = text_classid(f->classid, &p->classid, err);
	}
	for (u32 k = 0; !res && k < f->chain_action_cnt; k++) {
		setting = "chain_actions";
		res = text_actions(f->chain_actions[k], &p->chain_actions, err);
	}
	return res ? fail_at(s, "programs", i, setting, err) : 0;
}

static int take_top(const struct source *s, const struct file *f,
		    struct err *err)
{
	struct config *c = s->config;
	const char *setting = "lcores";
	int res = f->lcores ? text_lcores(c, f->lcores, err) : 0;

	if (!res && f->memory) {
		setting = "memory";
		res = text_size(f->memory, &c->memory, err);
	}
	if (!res && f->log_level) {
		setting = "log_level";
		res = text_log_level(f->log_level, &c->log_level, err);
		c->has_log_level = true;
	}
	if (!res && f->engine) {
		setting = "engine";
		res = sys_engine_parse(f->engine, &c->engine, err);
	}
	if (!res && f->burst > PORT_BURST) {
		setting = "burst";
		res = err_fail(err, -EINVAL, "a burst has at most %d packets",
			       PORT_BURST);
	}
	if (res)
		return fail_at(s, NULL, 0, setting, err);
	if (f->huge_pages)
		c->huge = *f->huge_pages;
	c->burst = f->burst;
	if (f->socket)
		c->socket = path_of(s, f->socket);
	if (f->perf)
		c->perf = path_of(s, f->perf);
	for (u32 i = 0; i < f->eal_cnt; i++) {
		char **arg = vec_add(&c->eal_args);

		if (!arg)
			return no_memory(err);
		*arg = (char *)config_string(c, f->eal[i]);
	}
	return 0;
}

static int take_net(const struct source *s, enum net_noun noun,
		    const char *list, char *const *words, u32 cnt,
		    struct err *err)
{
	for (u32 i = 0; i < cnt; i++) {
		struct config_net *n = vec_add(&s->config->net);

		if (!n)
			return no_memory(err);
		n->noun = noun;
		n->place = place_of(s, list, i);
		n->words = config_string(s->config, words[i]);
		if (!n->words)
			return no_memory(err);
	}
	return 0;
}

static int take_nets(const struct source *s, const struct file *f,
		     struct err *err)
{
	int res = take_net(s, NET_ADDRESS, "addresses", f->addresses,
			   f->address_cnt, err);

	if (!res)
		res = take_net(s, NET_ROUTE, "routes", f->routes, f->route_cnt,
			       err);
	if (!res)
		res = take_net(s, NET_RULE, "rules", f->rules, f->rule_cnt,
			       err);
	if (!res)
		res = take_net(s, NET_NEIGHBOUR, "neighbours", f->neighbours,
			       f->neighbour_cnt, err);
	if (!res)
		res = take_net(s, NET_SOCKET, "sockets", f->sockets,
			       f->socket_cnt, err);
	return res;
}

static int take(const struct source *s, const struct file *f, struct err *err)
{
	int res = take_top(s, f, err);

	for (u32 i = 0; !res && i < f->port_cnt; i++)
		res = take_port(s, i, &f->ports[i], err);
	for (u32 i = 0; !res && i < f->object_cnt; i++)
		res = take_object(s, i, &f->objects[i], err);
	for (u32 i = 0; !res && i < f->program_cnt; i++)
		res = take_prog(s, i, &f->programs[i], err);
	return res ? res : take_nets(s, f, err);
}

int config_read(struct config *config, const char *path, struct err *err)
{
	struct source s = { .config = config, .path = path };
	char whole[PATH_MAX], *slash;
	struct file *file;
	int res = config_yaml_read(path, &file, err);

	if (res)
		return res;
	if (!realpath(path, whole))
		snprintf(whole, sizeof(whole), "%.4000s", path);
	slash = strrchr(whole, '/');
	if (slash)
		*slash = '\0';
	snprintf(s.dir, sizeof(s.dir), "%s", whole);
	if (file)
		res = take(&s, file, err);
	config_yaml_free(file);
	return res;
}
