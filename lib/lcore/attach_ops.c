/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * attach_ops.c - the plane's hooks as bpf(2) sees them
 *
 * What is at a hook is told, decided on and changed under the plane's lock.  A
 * program that is to run between others gets the priority of one beside it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lcore/plane_priv.h"

#define PRIORITY_DEFAULT 50

static const enum hook_kind hooks[] = {
	[ATTACH_XDP] = HOOK_XDP,
	[ATTACH_TCX_INGRESS] = HOOK_TC_INGRESS,
	[ATTACH_TCX_EGRESS] = HOOK_TC_EGRESS,
};

static enum chain_style style_of(enum attach_hook hook)
{
	return hook == ATTACH_XDP ? CHAIN_XDP : CHAIN_TCX;
}

static bool ops_port(void *arg, u32 ifindex, struct attach_port *port)
{
	const struct plane *plane = arg;

	if (ifindex == 0 || ifindex > plane->port_cnt)
		return false;
	port->queues = plane->ports[ifindex - 1].queues;
	memcpy(port->mac, plane->ports[ifindex - 1].mac, sizeof(port->mac));
	return true;
}

static bool is_at(const struct attachment *a, u32 ifindex,
		  enum attach_hook hook)
{
	return a->port == ifindex - 1 && a->hook == hooks[hook] &&
	       a->entry.style == style_of(hook);
}

/* Those of one hook, in their order. */
struct hook_view {
	struct attached_list list;
	struct attached *items;
	const struct attachment **from;
};

static int view_open(const struct plane *plane, u32 ifindex,
		     enum attach_hook hook, struct hook_view *v)
{
	const struct attachment *a;
	u32 n = 0;

	v->items = calloc(plane->attachments.len + 1, sizeof(*v->items));
	v->from = calloc(plane->attachments.len + 1, sizeof(*v->from));
	if (!v->items || !v->from)
		return -ENOMEM;
	vec_each (a, &plane->attachments) {
		if (!is_at(a, ifindex, hook))
			continue;
		v->from[n] = a;
		v->items[n++] = (struct attached){ .id = a->id,
						   .link = a->link,
						   .prog = a->entry.prog };
	}
	v->list = (struct attached_list){
		.ifindex = ifindex,
		.hook = hook,
		.revision = plane->revisions[ifindex - 1][hooks[hook]] + 1,
		.cnt = n,
		.items = v->items,
	};
	return 0;
}

static void view_close(struct hook_view *v)
{
	free(v->from);
	free(v->items);
}

static void fill_add(const struct hook_view *v,
		     const struct attach_change *want, struct plane_change *c)
{
	u32 beside = want->at ? want->at - 1 : 0;

	c->kind = CHANGE_ATTACH;
	c->port = v->list.ifindex - 1;
	c->hook = hooks[v->list.hook];
	c->entry.style = style_of(v->list.hook);
	c->entry.chain_actions = 1u << XDP_PASS;
	c->entry.priority = v->list.cnt ? v->from[beside]->entry.priority
					: PRIORITY_DEFAULT;
	if (want->at < v->list.cnt)
		c->before = v->items[want->at].id;
}

static int make_change(struct plane *plane, const struct hook_view *v,
		       struct attach_change *want)
{
	struct plane_change c = { .link = want->link,
				  .entry.prog = want->prog };
	int res;

	switch (want->kind) {
	case ATTACH_NONE: return 0;
	case ATTACH_ADD: fill_add(v, want, &c); break;
	case ATTACH_REPLACE: c.kind = CHANGE_REPLACE; break;
	case ATTACH_REMOVE: c.kind = CHANGE_DETACH; break;
	}
	if (want->kind != ATTACH_ADD)
		c.id = v->items[want->at].id;
	res = plane_apply_locked(plane, &c, 1, NULL);
	want->id = c.id;
	return res;
}

static int change(struct plane *plane, u32 ifindex, enum attach_hook hook,
		  attach_decide *decide, void *ctx, struct attach_change *want)
{
	struct hook_view v = { 0 };
	int res = view_open(plane, ifindex, hook, &v);

	if (!res)
		res = decide(ctx, &v.list, want);
	if (!res)
		res = make_change(plane, &v, want);
	view_close(&v);
	return res;
}

static int ops_change(void *arg, u32 ifindex, enum attach_hook hook,
		      attach_decide *decide, void *ctx,
		      struct attach_change *want)
{
	struct plane *plane = arg;
	int res;

	if (ifindex == 0 || ifindex > plane->port_cnt)
		return -ENODEV;
	pthread_mutex_lock(&plane->lock);
	res = change(plane, ifindex, hook, decide, ctx, want);
	pthread_mutex_unlock(&plane->lock);
	return res;
}

static enum attach_hook hook_of(const struct attachment *a)
{
	if (a->hook == HOOK_XDP)
		return ATTACH_XDP;
	return a->hook == HOOK_TC_INGRESS ? ATTACH_TCX_INGRESS
					  : ATTACH_TCX_EGRESS;
}

/* The attachment's hook, and its place there. */
static const struct attachment *find(const struct plane *plane, u32 id, u32 *at)
{
	const struct attachment *a, *found = NULL;

	vec_each (a, &plane->attachments)
		if (a->id == id)
			found = a;
	*at = 0;
	if (!found || found->entry.style == CHAIN_CLS_BPF)
		return NULL;
	for (a = plane->attachments.items; a < found; a++)
		*at += is_at(a, found->port + 1, hook_of(found));
	return found;
}

static int ops_change_of(void *arg, u32 id, attach_decide *decide, void *ctx,
			 struct attach_change *want)
{
	struct plane *plane = arg;
	const struct attachment *a;
	int res = -ENOENT;

	pthread_mutex_lock(&plane->lock);
	a = find(plane, id, &want->at);
	if (a)
		res = change(plane, a->port + 1, hook_of(a), decide, ctx, want);
	pthread_mutex_unlock(&plane->lock);
	return res;
}

const struct attach_ops plane_attach_ops = {
	.port = ops_port,
	.change = ops_change,
	.change_of = ops_change_of,
};
