/* SPDX-License-Identifier: BSD-3-Clause */
/* deploy.c - from a configuration to programs that run, and to the next one */
#include "daemon/deploy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ctl/counters.h"

#define PRIORITY_DEFAULT 50

static int no_memory(struct err *err)
{
	return err_fail(err, -ENOMEM, "out of memory");
}

/* ---- making ---- */

static struct deploy_object *object_at(const struct deploy *d, const char *path)
{
	for (u32 i = 0; i < d->objects.len; i++)
		if (strcmp(d->objects.items[i]->path, path) == 0)
			return d->objects.items[i];
	return NULL;
}

static int load_objects(struct deploy *d, const struct config *config,
			const struct deploy *old, struct err *err)
{
	struct config_object *c;

	vec_each(c, &config->objects) {
		struct deploy_object **slot = vec_add(&d->objects);
		int res = slot ? deploy_object_load(d->sys, c, old, err, slot)
			       : no_memory(err);

		if (!res)
			continue;
		if (slot)
			d->objects.len--;
		config_place_err(&c->place, err);
		return res;
	}
	return 0;
}

static enum chain_style style_of(const struct config_prog *c,
				 const struct elf_prog *ep)
{
	if (c->has_style)
		return c->style;
	if (c->hook == HOOK_XDP)
		return CHAIN_XDP;
	return ep->expected_attach_type == BPF_TCX_INGRESS ||
			       ep->expected_attach_type == BPF_TCX_EGRESS
		       ? CHAIN_TCX
		       : CHAIN_CLS_BPF;
}

/* What the configuration says, else what the object says. */
static struct chain_entry entry_of(const struct config_prog *c,
				   const struct elf_prog *ep, struct prog *prog)
{
	bool xdp = c->hook == HOOK_XDP;
	struct chain_entry e = { .prog = prog,
				 .style = style_of(c, ep),
				 .direct_action = c->direct_action,
				 .classid = c->classid };

	e.priority = xdp ? ep->xdp_priority : PRIORITY_DEFAULT;
	if (c->has_priority)
		e.priority = c->priority;
	e.chain_actions = xdp ? ep->xdp_chain_actions : 0;
	if (c->has_chain_actions)
		e.chain_actions = c->chain_actions;
	return e;
}

static int place(struct deploy *d, struct plane *plane,
		 const struct config_prog *c, struct err *err)
{
	struct placement *p = vec_add(&d->placements);
	const struct elf_prog *ep;
	int port = plane_port_find(plane, c->port, err);

	if (!p)
		return no_memory(err);
	if (port < 0)
		return port;
	p->object = object_at(d, c->object);
	p->port = (u32)port;
	p->hook = c->hook;
	ep = deploy_find_prog(p->object, c->hook, c->prog, err);
	if (!ep)
		return err->code;
	p->name = ep->name;
	p->entry = entry_of(c, ep,
			    p->object->so->progs[ep - p->object->obj->progs]);
	return hook_accepts(p->hook, p->entry.prog, err);
}

static int find_pins(struct deploy *d, const struct config_object *c,
		     struct err *err)
{
	const struct deploy_object *o = object_at(d, c->path);
	const struct config_pin *want;

	vec_each(want, &c->pins) {
		const struct elf_map *em = elf_map_find(o->obj, want->map);
		struct map *map = em ? o->so->maps[em - o->obj->maps] : NULL;
		struct deploy_pin *pin = map ? vec_add(&d->pins) : NULL;

		if (!map)
			return err_fail(err, -ENOENT, "%s has no map '%s'",
					c->path, want->map);
		if (pin)
			pin->path = strdup(want->path);
		if (!pin || !pin->path)
			return no_memory(err);
		pin->map = map;
	}
	return 0;
}

int deploy_make(struct plane *plane, const struct config *config,
		const struct deploy *old, struct err *err, struct deploy **out)
{
	struct deploy *d = calloc(1, sizeof(*d));
	struct config_object *o;
	struct config_prog *p;
	int res;

	if (!d)
		return no_memory(err);
	d->sys = plane_sys(plane);
	res = load_objects(d, config, old, err);
	if (res)
		goto free_deploy;
	vec_each(p, &config->progs) {
		res = place(d, plane, p, err);
		if (!res)
			continue;
		config_place_err(&p->place, err);
		goto free_deploy;
	}
	vec_each(o, &config->objects) {
		res = find_pins(d, o, err);
		if (!res)
			continue;
		config_place_err(&o->place, err);
		goto free_deploy;
	}
	*out = d;
	return 0;

free_deploy:
	/* a name that stands for nothing, or for two, is the configuration's */
	if (res != -ENOENT && res != -ENOTUNIQ)
		err_rejected(err);
	deploy_free(d);
	return res;
}

void deploy_free(struct deploy *d)
{
	struct deploy_object **o;
	struct deploy_pin *pin;

	vec_each(pin, &d->pins)
		free(pin->path);
	vec_each(o, &d->objects)
		deploy_object_put(*o);
	vec_free(&d->pins);
	vec_free(&d->placements);
	vec_free(&d->objects);
	free(d);
}

/* ---- switching ---- */

struct change_list {
	VEC(struct plane_change) changes;
	VEC(struct placement *) whose; /* gets the id of an attachment */
};

static bool add_change(struct change_list *l, struct plane_change c,
		       struct placement *whose)
{
	struct plane_change *change = vec_add(&l->changes);
	struct placement **slot = vec_add(&l->whose);

	if (!change || !slot)
		return false;
	*change = c;
	*slot = whose;
	return true;
}

/* The same program file and name at the same place in the same manner. */
static bool same_place(const struct placement *a, const struct placement *b)
{
	const struct chain_entry *x = &a->entry, *y = &b->entry;

	return a->port == b->port && a->hook == b->hook &&
	       strcmp(a->object->path, b->object->path) == 0 &&
	       strcmp(a->name, b->name) == 0 && x->style == y->style &&
	       x->priority == y->priority &&
	       x->chain_actions == y->chain_actions &&
	       x->direct_action == y->direct_action && x->classid == y->classid;
}

static const struct attachment *alive(const struct attachment *now, u32 n,
				      u32 id)
{
	for (u32 i = 0; i < n; i++)
		if (now[i].id == id)
			return &now[i];
	return NULL;
}

/* Each new program takes over an attachment that is the same but for the
 * program, or gets one of its own; what is left of the old ones goes. */
static bool plan_progs(struct change_list *l, const struct deploy *old,
		       struct deploy *new, const struct attachment *now, u32 n)
{
	u32 old_cnt = old ? old->placements.len : 0;
	bool taken[old_cnt + 1];
	struct placement *p;
	u32 i;

	memset(taken, 0, sizeof(taken));
	vec_each(p, &new->placements) {
		struct plane_change c = { .kind = CHANGE_ATTACH,
					  .port = p->port,
					  .hook = p->hook,
					  .entry = p->entry };
		const struct attachment *a = NULL;

		for (i = 0; i < old_cnt && !a; i++) {
			const struct placement *q = &old->placements.items[i];

			if (taken[i] || !same_place(p, q))
				continue;
			taken[i] = true;
			a = alive(now, n, q->id);
		}
		if (a) {
			c.kind = CHANGE_REPLACE;
			c.id = p->id = a->id;
		}
		if ((!a || a->entry.prog != p->entry.prog) &&
		    !add_change(l, c, p))
			return false;
	}
	for (i = 0; i < old_cnt; i++) {
		struct plane_change c = { .kind = CHANGE_DETACH,
					  .id = old->placements.items[i].id };

		if (!taken[i] && alive(now, n, c.id) && !add_change(l, c, NULL))
			return false;
	}
	return true;
}

static bool plan_forwards(struct change_list *l, const struct config *config)
{
	for (u32 i = 0; i < config->ports.len; i++) {
		struct plane_change c = {
			.kind = CHANGE_FORWARD,
			.port = i,
			.forward = config->ports.items[i].forward,
		};

		if (!add_change(l, c, NULL))
			return false;
	}
	return true;
}

static int apply(struct plane *plane, struct change_list *l, struct err *err)
{
	int res = plane_apply(plane, l->changes.items, l->changes.len, err);

	for (u32 i = 0; !res && i < l->changes.len; i++)
		if (l->whose.items[i])
			l->whose.items[i]->id = l->changes.items[i].id;
	return res;
}

static int switch_progs(struct plane *plane, const struct config *config,
			const struct deploy *old, struct deploy *new,
			struct err *err)
{
	struct change_list l = { 0 };
	struct attachment *now;
	u32 n;
	int res = attachments_get(plane, &now, &n, err);

	if (res)
		return res;
	if (plan_progs(&l, old, new, now, n) && plan_forwards(&l, config))
		res = apply(plane, &l, err);
	else
		res = no_memory(err);
	vec_free(&l.changes);
	vec_free(&l.whose);
	attachments_put(now, n);
	return res;
}

static struct map *pinned_by(const struct deploy *d, const char *path)
{
	for (u32 i = 0; d && i < d->pins.len; i++)
		if (strcmp(d->pins.items[i].path, path) == 0)
			return d->pins.items[i].map;
	return NULL;
}

static void unpin_from(const struct deploy *new, const struct deploy *old,
		       u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (!pinned_by(old, new->pins.items[i].path))
			sys_unpin(new->sys, new->pins.items[i].path);
}

/* Pins that are new.  Those of old that name another map now follow when
 * nothing can fail any more. */
static int add_pins(const struct deploy *old, const struct deploy *new,
		    struct err *err)
{
	for (u32 i = 0; i < new->pins.len; i++) {
		const struct deploy_pin *pin = &new->pins.items[i];
		int res;

		if (pinned_by(old, pin->path))
			continue;
		res = sys_pin_map(new->sys, pin->path, pin->map);
		if (!res)
			continue;
		unpin_from(new, old, i);
		return err_fail(err, res, "cannot pin map %s at %s: %s",
				pin->map->name, pin->path, strerror(-res));
	}
	return 0;
}

static void settle_pins(const struct deploy *old, const struct deploy *new)
{
	for (u32 i = 0; old && i < old->pins.len; i++) {
		const struct deploy_pin *pin = &old->pins.items[i];
		struct map *map = pinned_by(new, pin->path);
		int res;

		if (map == pin->map)
			continue;
		res = sys_unpin(new->sys, pin->path);
		if (!res && map)
			res = sys_pin_map(new->sys, pin->path, map);
		if (res)
			log_warn("pin %s: %s", pin->path, strerror(-res));
	}
}

int deploy_switch(struct plane *plane, const struct config *config,
		  const struct deploy *old, struct deploy *new, struct err *err)
{
	int res = add_pins(old, new, err);

	if (res)
		return res;
	res = switch_progs(plane, config, old, new, err);
	if (res) {
		unpin_from(new, old, new->pins.len);
		return res;
	}
	settle_pins(old, new);
	return 0;
}
