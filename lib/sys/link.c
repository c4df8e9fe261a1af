/* SPDX-License-Identifier: BSD-3-Clause */
/* link.c - links: attached, updated, detached, found */
#include "sys/link.h"

#include <errno.h>
#include <stdlib.h>

#include "sys/mprog.h"
#include "sys/sys_priv.h"

struct link {
	/* constant */
	struct sys *sys;
	u32 id;
	u32 ifindex;
	enum attach_hook hook;
	u32 prog_type;

	atomic_uint refs; /* 0 until it is attached: nobody finds it */

	pthread_mutex_t lock;
	struct prog *prog;
	u32 attachment; /* 0: none */
};

static void link_free(struct link *link)
{
	id_remove(&link->sys->links, link->id);
	pthread_mutex_destroy(&link->lock);
	prog_put(link->prog);
	free(link);
}

static int link_create(struct sys *sys, struct prog *prog, struct link **out)
{
	struct link *link = calloc(1, sizeof(*link));

	if (!link)
		return -ENOMEM;
	if (id_add(&sys->links, link, &link->id) != 0) {
		free(link);
		return -ENOMEM;
	}
	link->sys = sys;
	link->prog = prog_get(prog);
	link->prog_type = prog->type;
	pthread_mutex_init(&link->lock, NULL);
	*out = link;
	return 0;
}

/* ---- changes ---- */

struct attaching {
	const struct link *link;
	attach_decide *decide;
	void *ctx;
};

static int decide_attach(void *ctx, const struct attached_list *list,
			 struct attach_change *change)
{
	const struct attaching *a = ctx;

	change->link = a->link->id;
	change->prog = a->link->prog;
	return a->decide(a->ctx, list, change);
}

int link_attach(struct sys *sys, struct prog *prog, u32 ifindex,
		enum attach_hook hook, attach_decide *decide, void *ctx,
		struct link **out)
{
	struct attaching a = { .decide = decide, .ctx = ctx };
	struct attach_change change;
	struct link *link;
	int res = link_create(sys, prog, &link);

	if (res)
		return res;
	link->ifindex = ifindex;
	link->hook = hook;
	a.link = link;
	res = attach_change(sys, ifindex, hook, decide_attach, &a, &change);
	if (res) {
		link_free(link);
		return res;
	}
	link->attachment = change.id;
	atomic_store(&link->refs, 1);
	*out = link;
	return 0;
}

static int decide_remove(void *ctx, const struct attached_list *list,
			 struct attach_change *change)
{
	(void)ctx;
	(void)list;
	change->kind = ATTACH_REMOVE;
	return 0;
}

void link_detach(struct link *link)
{
	struct attach_change change;

	pthread_mutex_lock(&link->lock);
	/* somebody else may have taken it away */
	if (link->attachment)
		attach_change_of(link->sys, link->attachment, decide_remove,
				 NULL, &change);
	link->attachment = 0;
	pthread_mutex_unlock(&link->lock);
}

struct update {
	const struct link *link;
	struct prog *new;
	const struct prog *old; /* what it is to be, or NULL */
};

static int check_xdp(const struct prog *was, const struct prog *new)
{
	return was->type == new->type && was->expected_attach_type ==
						 new->expected_attach_type
		       ? 0
		       : -EINVAL;
}

static int decide_update(void *ctx, const struct attached_list *list,
			 struct attach_change *change)
{
	const struct update *u = ctx;
	const struct prog *was = u->link->prog;
	bool xdp = list->hook == ATTACH_XDP;
	int res = 0;

	if (u->old && was != u->old)
		return -EPERM;
	if (xdp)
		res = check_xdp(was, u->new);
	if (res || was == u->new)
		return res;
	if (!xdp)
		res = mprog_check_update(list, was, u->new);
	change->kind = ATTACH_REPLACE;
	change->link = u->link->id;
	change->prog = u->new;
	return res;
}

int link_update(struct link *link, struct prog *new, const struct prog *old)
{
	struct update u = { .link = link, .new = new, .old = old };
	struct attach_change change;
	struct prog *was = NULL;
	int res = -ENOENT;

	pthread_mutex_lock(&link->lock);
	if (link->attachment)
		res = attach_change_of(link->sys, link->attachment,
				       decide_update, &u, &change);
	if (!res && change.kind == ATTACH_REPLACE) {
		was = link->prog;
		link->prog = prog_get(new);
	}
	pthread_mutex_unlock(&link->lock);
	if (was)
		prog_put(was);
	return res == -ENOENT ? -ENOLINK : res;
}

/* ---- questions ---- */

static int decide_nothing(void *ctx, const struct attached_list *list,
			  struct attach_change *change)
{
	(void)ctx;
	(void)list;
	(void)change;
	return 0;
}

static bool is_attached(struct link *link)
{
	struct attach_change change;

	return link->attachment &&
	       attach_change_of(link->sys, link->attachment, decide_nothing,
				NULL, &change) == 0;
}

void link_info(struct link *link, struct bpf_link_info *info)
{
	u32 ifindex;

	pthread_mutex_lock(&link->lock);
	ifindex = is_attached(link) ? link->ifindex : 0;
	info->id = link->id;
	info->prog_id = link->prog->id;
	pthread_mutex_unlock(&link->lock);
	if (link->hook == ATTACH_XDP) {
		info->type = BPF_LINK_TYPE_XDP;
		info->xdp.ifindex = ifindex;
		return;
	}
	info->type = BPF_LINK_TYPE_TCX;
	info->tcx.ifindex = ifindex;
	info->tcx.attach_type = link->hook == ATTACH_TCX_INGRESS
					? BPF_TCX_INGRESS
					: BPF_TCX_EGRESS;
}

u32 link_id(const struct link *link)
{
	return link->id;
}

u32 link_prog_type(const struct link *link)
{
	return link->prog_type;
}

/* ---- references ---- */

struct link *link_get(struct link *link)
{
	atomic_fetch_add_explicit(&link->refs, 1, memory_order_relaxed);
	return link;
}

void link_put(struct link *link)
{
	if (atomic_fetch_sub_explicit(&link->refs, 1, memory_order_acq_rel) !=
	    1)
		return;
	link_detach(link);
	link_free(link);
}

static void *try_get_link(void *obj)
{
	struct link *link = obj;
	u32 refs = atomic_load_explicit(&link->refs, memory_order_relaxed);

	do {
		if (!refs)
			return NULL;
	} while (!atomic_compare_exchange_weak_explicit(&link->refs, &refs,
							refs + 1,
							memory_order_acquire,
							memory_order_relaxed));
	return link;
}

struct link *sys_link_by_id(struct sys *sys, u32 id)
{
	return id_find(&sys->links, id, try_get_link);
}

u32 sys_next_link_id(struct sys *sys, u32 id)
{
	return id_next(&sys->links, id);
}
