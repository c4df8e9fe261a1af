/* SPDX-License-Identifier: BSD-3-Clause */
/* config.c - flags and file become one config, looked at as a whole */
#include "daemon/config.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "ctl/ctl.h"

static int no_memory(struct err *err)
{
	return err_fail(err, -ENOMEM, "out of memory");
}

const char *config_string(struct config *config, const char *text)
{
	char **slot = vec_add(&config->strings);

	if (!slot)
		return NULL;
	*slot = strdup(text);
	return *slot;
}

struct config_object *config_object(struct config *config, const char *path)
{
	struct config_object *o;

	vec_each(o, &config->objects)
		if (strcmp(o->path, path) == 0)
			return o;
	o = vec_add(&config->objects);
	if (o)
		o->path = path;
	return o;
}

void config_free(struct config *config)
{
	struct config_object *o;
	char **text;

	vec_each(o, &config->objects) {
		vec_free(&o->overrides);
		vec_free(&o->pins);
	}
	vec_each(text, &config->strings)
		free(*text);
	vec_free(&config->strings);
	vec_free(&config->objects);
	vec_free(&config->progs);
	vec_free(&config->net);
	vec_free(&config->ports);
	vec_free(&config->eal_args);
	vec_free(&config->lcores);
}

static int flag_place(const struct flag *f, struct err *err)
{
	return err_place(err, "--%s %.200s", f->name, f->value);
}

int config_place_err(const struct config_place *place, struct err *err)
{
	if (place->flag)
		return flag_place(place->flag, err);
	if (place->file)
		err_place(err, "%s:%u", place->file,
			  config_line(place->file, place->list, place->item,
				      NULL));
	return err->code;
}

/* ---- flags ---- */

/* "WHAT=REST": WHAT into name, REST returned; or NULL. */
static const char *split(const char *text, char *name, const char *form,
			 struct err *err)
{
	const char *equals = strchr(text, '=');
	char what[PORT_NAME_MAX * 2];

	if (!equals || !equals[1]) {
		err_fail(err, -EINVAL, "'%.100s' is not %s", text, form);
		return NULL;
	}
	snprintf(what, sizeof(what), "%.*s",
		 (int)MIN(equals - text, (ptrdiff_t)sizeof(what) - 1), text);
	return text_name(what, name, err) ? NULL : equals + 1;
}

static int take_port(struct config *config, const struct flag *f,
		     struct err *err)
{
	struct config_port *p = vec_add(&config->ports);
	const char *spec;

	if (!p)
		return no_memory(err);
	p->place.flag = f;
	spec = split(f->value, p->port.name, "NAME=SPEC", err);
	if (!spec)
		return -EINVAL;
	p->port.spec = config_string(config, spec);
	return p->port.spec ? 0 : no_memory(err);
}

/* The object's path and, after the last colon, a program. */
static int split_object(struct config *config, struct config_prog *p,
			const char *text, struct err *err)
{
	char path[PATH_MAX], whole[PATH_MAX];
	const char *colon = strrchr(text, ':');
	size_t len;

	if (colon && (strchr(colon, '/') || access(text, F_OK) == 0))
		colon = NULL;
	len = colon ? (size_t)(colon - text) : strlen(text);
	if (len == 0 || len >= sizeof(path) || (colon && !colon[1]))
		return err_fail(err, -EINVAL,
				"'%.100s' is not OBJECT[:PROGRAM]", text);
	memcpy(path, text, len);
	path[len] = '\0';
	p->object = config_string(config, realpath(path, whole) ? whole : path);
	p->prog = colon ? config_string(config, colon + 1) : NULL;
	if (!p->object || (colon && !p->prog) ||
	    !config_object(config, p->object))
		return no_memory(err);
	return 0;
}

static int take_prog(struct config *config, enum hook_kind hook,
		     const struct flag *f, struct err *err)
{
	struct config_prog *p = vec_add(&config->progs);
	char port[PORT_NAME_MAX];
	const char *object;

	if (!p)
		return no_memory(err);
	p->place.flag = f;
	p->hook = hook;
	p->direct_action = true;
	object = split(f->value, port, "PORT=OBJECT[:PROGRAM]", err);
	if (!object)
		return -EINVAL;
	p->port = config_string(config, port);
	if (!p->port)
		return no_memory(err);
	return split_object(config, p, object, err);
}

static struct config_port *find_port(struct config *config, const char *name,
				     struct err *err)
{
	const char *names[STATS_PORT_MAX];
	struct config_port *p;
	const char *near;
	u32 n = 0;

	vec_each(p, &config->ports) {
		if (strcmp(p->port.name, name) == 0)
			return p;
		if (n < ARRAY_LEN(names))
			names[n++] = p->port.name;
	}
	near = cli_nearest(name, names, n);
	err_fail(err, -ENOENT, "no port is called '%s'", name);
	if (near)
		err_hint(err, "did you mean '%s'?", near);
	return NULL;
}

static int take_forward(struct config *config, const char *text,
			struct err *err)
{
	char name[PORT_NAME_MAX];
	const char *to =
		split(text, name, "PORT=pair|back|drop|port:NAME", err);
	struct config_port *p = to ? find_port(config, name, err) : NULL;

	return p ? forward_parse(to, &p->forward, err) : err->code;
}

static int take_flag(struct config *config, const struct flag *f,
		     struct err *err)
{
	switch (f->id) {
	case FLAG_PORT: return take_port(config, f, err);
	case FLAG_XDP: return take_prog(config, HOOK_XDP, f, err);
	case FLAG_TC_INGRESS: return take_prog(config, HOOK_TC_INGRESS, f, err);
	case FLAG_TC_EGRESS: return take_prog(config, HOOK_TC_EGRESS, f, err);
	case FLAG_LCORES: return text_lcores(config, f->value, err);
	case FLAG_MEMORY: return text_size(f->value, &config->memory, err);
	case FLAG_NO_HUGE: config->huge = false; return 0;
	case FLAG_ENGINE:
		return sys_engine_parse(f->value, &config->engine, err);
	case FLAG_PERF: config->perf = f->value; return 0;
	default: return 0;
	}
}

static int take_flags(struct config *config, const struct flags *flags,
		      struct err *err)
{
	const struct flag *f;
	int res = 0;

	vec_each(f, &flags->items) {
		res = take_flag(config, f, err);
		if (res)
			goto fail;
	}
	/* A port may come after what its packets are forwarded to. */
	vec_each(f, &flags->items) {
		if (f->id != FLAG_FORWARD)
			continue;
		res = take_forward(config, f->value, err);
		if (res)
			goto fail;
	}
	if (flags->socket)
		config->socket = flags->socket;
	for (int i = 0; i < flags->eal_argc; i++) {
		char **arg = vec_add(&config->eal_args);

		if (!arg)
			return no_memory(err);
		*arg = flags->eal_argv[i];
	}
	return 0;

fail:
	return flag_place(f, err);
}

/* ---- the whole ---- */

/* The last CPU: interrupts and everybody else gather on the first. */
static int default_lcore(struct config *config, struct err *err)
{
	cpu_set_t allowed;
	u32 *slot = vec_add(&config->lcores);

	if (!slot)
		return no_memory(err);
	CPU_ZERO(&allowed);
	sched_getaffinity(0, sizeof(allowed), &allowed);
	for (u32 cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed))
			*slot = cpu;
	return 0;
}

static int check_ports(struct config *config, struct err *err)
{
	struct config_port *p, *q;

	if (!config->ports.len) {
		err_fail(err, -EINVAL, "there is no port");
		return err_hint(err, "give one: --port NAME=SPEC");
	}
	if (config->ports.len > STATS_PORT_MAX)
		return err_fail(err, -EINVAL, "%u ports are more than %d",
				config->ports.len, STATS_PORT_MAX);
	vec_each(p, &config->ports) {
		for (q = config->ports.items; q < p; q++) {
			if (p->mirror[0] && strcmp(q->mirror, p->mirror) == 0) {
				err_fail(err, -EINVAL,
					 "ports '%s' and '%s' both mirror %s",
					 q->port.name, p->port.name, p->mirror);
				return config_place_err(&p->place, err);
			}
			if (strcmp(p->port.name, q->port.name) != 0)
				continue;
			err_fail(err, -EEXIST, "two ports are called '%s'",
				 p->port.name);
			return config_place_err(&p->place, err);
		}
		if (p->forward.kind == FORWARD_PORT &&
		    !find_port(config, p->forward.port, err))
			return config_place_err(&p->place, err);
	}
	return 0;
}

static int check_progs(struct config *config, struct err *err)
{
	struct config_prog *p;

	vec_each(p, &config->progs) {
		bool xdp = p->hook == HOOK_XDP;

		if (!find_port(config, p->port, err))
			return config_place_err(&p->place, err);
		if (p->has_style && xdp != (p->style == CHAIN_XDP))
			err_fail(err, -EINVAL,
				 "a program at %s has no such style",
				 hook_name(p->hook));
		else if (p->has_chain_actions && !xdp)
			err_fail(err, -EINVAL,
				 "chain_actions are for XDP programs");
		else
			continue;
		return config_place_err(&p->place, err);
	}
	return 0;
}

int config_make(struct config *config, const struct flags *flags,
		struct err *err)
{
	int res = 0;

	*config = (struct config){ .socket = CTL_DEFAULT_SOCKET,
				   .huge = true,
				   .engine = sys_engine_default() };
	if (flags->file)
		res = config_read(config, flags->file, err);
	if (!res)
		res = take_flags(config, flags, err);
	if (!res && !config->lcores.len)
		res = default_lcore(config, err);
	if (!res)
		res = check_ports(config, err);
	if (!res)
		res = check_progs(config, err);
	return res;
}

static bool same_port(const struct port_config *a, const struct port_config *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->spec, b->spec) == 0 &&
	       a->queues == b->queues && a->mtu == b->mtu &&
	       a->promiscuous == b->promiscuous && a->checksum == b->checksum &&
	       a->replay == b->replay && a->memory == b->memory &&
	       memcmp(a->mac, b->mac, 6) == 0;
}

static bool same_eal_args(const struct config *a, const struct config *b)
{
	if (a->eal_args.len != b->eal_args.len)
		return false;
	for (u32 i = 0; i < a->eal_args.len; i++)
		if (strcmp(a->eal_args.items[i], b->eal_args.items[i]) != 0)
			return false;
	return true;
}

int config_same_frame(const struct config *a, const struct config *b,
		      struct err *err)
{
	const char *what = NULL;
	const struct config_port *p = NULL;

	if (a->ports.len != b->ports.len)
		what = "the ports";
	for (u32 i = 0; !what && i < a->ports.len; i++) {
		p = &b->ports.items[i];
		if (!same_port(&a->ports.items[i].port, &p->port) ||
		    strcmp(a->ports.items[i].mirror, p->mirror) != 0)
			what = "a port";
	}
	if (!what) {
		p = NULL;
		if (a->lcores.len != b->lcores.len ||
		    memcmp(a->lcores.items, b->lcores.items,
			   a->lcores.len * sizeof(u32)) != 0)
			what = "the lcores";
		else if (a->memory != b->memory || a->huge != b->huge)
			what = "the memory";
		else if (a->engine != b->engine)
			what = "the engine";
		else if (a->burst != b->burst)
			what = "the burst";
		else if (strcmp(a->socket, b->socket) != 0)
			what = "the socket";
		else if (!same_eal_args(a, b))
			what = "EAL's arguments";
		else
			return 0;
	}
	err_fail(err, -EBUSY, "%s cannot change while Weir runs", what);
	if (p)
		config_place_err(&p->place, err);
	return err_hint(err, "start it again; until then nothing is changed");
}
