/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * attach.c - which programs run where: changes, all or nothing
 *
 * A change is made on a draft: a copy of the attachments and forwards, with
 * new chains for the hooks it touches.  When all of it is there, it becomes
 * the plane's; otherwise it is thrown away.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lcore/plane_priv.h"

struct draft {
	struct plane *plane;
	u32 last_id;
	attachment_vec attachments; /* each holds its program */
	struct forward *forwards;
	bool (*touched)[HOOK_KINDS];
	chain_row *chains; /* of what is touched */
	struct plan *plan;
};

static int no_memory(struct err *err)
{
	return err_fail(err, -ENOMEM, "out of memory");
}

static void put_attachments(attachment_vec *v)
{
	struct attachment *a;

	vec_each(a, v)
		prog_put(a->entry.prog);
	vec_free(v);
}

static void put_chains(chain_row *rows, u32 n)
{
	for (u32 i = 0; rows && i < n; i++)
		for (u32 hook = 0; hook < HOOK_KINDS; hook++)
			if (rows[i][hook])
				chain_put(rows[i][hook]);
	free(rows);
}

static void draft_drop(struct draft *d)
{
	put_chains(d->chains, d->plane->port_cnt);
	put_attachments(&d->attachments);
	free(d->plan);
	free(d->touched);
	free(d->forwards);
}

/* The plane as it is now. */
static int draft_begin(struct draft *d, struct plane *plane)
{
	u32 n = plane->port_cnt;
	struct attachment *a;

	*d = (struct draft){ .plane = plane, .last_id = plane->last_id };
	d->plan = plan_new(n);
	d->touched = calloc(n, sizeof(*d->touched));
	d->chains = calloc(n, sizeof(*d->chains));
	d->forwards = malloc(n * sizeof(*d->forwards));
	if (!d->plan || !d->touched || !d->chains || !d->forwards)
		return -ENOMEM;
	memcpy(d->forwards, plane->forwards, n * sizeof(*d->forwards));
	vec_each(a, &plane->attachments) {
		struct attachment *mine = vec_add(&d->attachments);

		if (!mine)
			return -ENOMEM;
		*mine = *a;
		prog_get(mine->entry.prog);
	}
	return 0;
}

/* The order that attachments run in; equal ones as they came. */
static bool runs_before(const struct attachment *a, const struct attachment *b)
{
	if (a->port != b->port)
		return a->port < b->port;
	if (a->hook != b->hook)
		return a->hook < b->hook;
	if (a->entry.style != b->entry.style)
		return a->entry.style < b->entry.style;
	if (a->entry.priority != b->entry.priority)
		return a->entry.priority < b->entry.priority;
	return a->id < b->id;
}

static int check_port(const struct draft *d, u32 port, struct err *err)
{
	if (port < d->plane->port_cnt)
		return 0;
	return err_fail(err, -ENOENT, "there is no port %u", port + 1);
}

/* Is new's place before that of the one that is before at? */
static bool comes_before(const struct draft *d, const struct plane_change *c,
			 const struct attachment *new,
			 const struct attachment *at)
{
	const struct attachment *end = d->attachments.items +
				       d->attachments.len - 1;

	if (c->before)
		return at == end || at->id != c->before;
	return runs_before(new, at - 1);
}

static int attach(struct draft *d, struct plane_change *c, struct err *err)
{
	struct attachment *at, new = { .id = d->last_id + 1,
				       .port = c->port,
				       .hook = c->hook,
				       .link = c->link,
				       .entry = c->entry };
	int res = check_port(d, c->port, err);

	if (res)
		return res;
	if (d->last_id == INT32_MAX)
		return err_fail(err, -ENOSPC, "all attachment ids were used");
	at = vec_add(&d->attachments);
	if (!at)
		return no_memory(err);
	while (at > d->attachments.items && comes_before(d, c, &new, at)) {
		*at = at[-1];
		at--;
	}
	*at = new;
	prog_get(new.entry.prog);
	c->id = ++d->last_id;
	d->touched[c->port][c->hook] = true;
	return 0;
}

static struct attachment *find(struct draft *d, u32 id, struct err *err)
{
	struct attachment *a;

	vec_each(a, &d->attachments)
		if (a->id == id)
			return a;
	err_fail(err, -ENOENT, "there is no attachment %u", id);
	err_hint(err, "`weir prog list` shows what is attached");
	return NULL;
}

static int replace(struct draft *d, const struct plane_change *c,
		   struct err *err)
{
	struct attachment *a = find(d, c->id, err);

	if (!a)
		return -ENOENT;
	if (a->link && a->link != c->link) {
		err_fail(err, -EBUSY, "attachment %u is link %u's", c->id,
			 a->link);
		return err_hint(err, "detach it, or update the link");
	}
	prog_get(c->entry.prog);
	prog_put(a->entry.prog);
	a->entry.prog = c->entry.prog;
	d->touched[a->port][a->hook] = true;
	return 0;
}

static int detach(struct draft *d, const struct plane_change *c,
		  struct err *err)
{
	struct attachment *a = find(d, c->id, err);
	struct attachment *end = d->attachments.items + d->attachments.len;

	if (!a)
		return -ENOENT;
	d->touched[a->port][a->hook] = true;
	prog_put(a->entry.prog);
	memmove(a, a + 1, (size_t)(end - a - 1) * sizeof(*a));
	d->attachments.len--;
	return 0;
}

static int change(struct draft *d, struct plane_change *c, struct err *err)
{
	int res;

	switch (c->kind) {
	case CHANGE_ATTACH: return attach(d, c, err);
	case CHANGE_REPLACE: return replace(d, c, err);
	case CHANGE_DETACH: return detach(d, c, err);
	case CHANGE_FORWARD:
		res = check_port(d, c->port, err);
		if (!res)
			d->forwards[c->port] = c->forward;
		return res;
	}
	return err_fail(err, -EINVAL, "%d is no kind of change", (int)c->kind);
}

static int make_chain(struct draft *d, u32 port, enum hook_kind hook,
		      struct err *err)
{
	struct chain_entry *entries;
	struct attachment *a;
	u32 n = 0;
	int res;

	entries = calloc(d->attachments.len + 1, sizeof(*entries));
	if (!entries)
		return no_memory(err);
	vec_each(a, &d->attachments)
		if (a->port == port && a->hook == hook)
			entries[n++] = a->entry;
	res = n ? chain_create(d->plane->rcu, hook, entries, n, err,
			       &d->chains[port][hook])
		: 0;
	free(entries);
	return res;
}

static int make_plan(struct draft *d, struct err *err)
{
	struct plane *plane = d->plane;

	for (u32 i = 0; i < plane->port_cnt; i++) {
		struct plan_port *p = &d->plan->port[i];
		int res = plan_forward(&d->forwards[i], i, plane->names,
				       plane->port_cnt, &p->out, err);

		for (u32 hook = 0; !res && hook < HOOK_KINDS; hook++) {
			p->chain[hook] = plane->chains[i][hook];
			if (!d->touched[i][hook])
				continue;
			res = make_chain(d, i, (enum hook_kind)hook, err);
			p->chain[hook] = d->chains[i][hook];
		}
		if (res)
			return res;
	}
	plan_finish(d->plan);
	return 0;
}

static void free_plan(struct rcu_head *head)
{
	free(container_of(head, struct plan, free_head));
}

static bool has_any(const struct draft *d, u32 port, u32 hook)
{
	struct attachment *a;

	vec_each(a, &d->attachments)
		if (a->port == port && (u32)a->hook == hook &&
		    a->entry.style != CHAIN_CLS_BPF)
			return true;
	return false;
}

/* The draft becomes the plane; what it took the place of is the draft's. */
static void publish(struct draft *d)
{
	struct plane *plane = d->plane;
	struct plan *old = atomic_exchange(&plane->plan, d->plan);
	attachment_vec attachments = plane->attachments;
	struct forward *forwards = plane->forwards;

	for (u32 i = 0; i < plane->port_cnt; i++) {
		for (u32 hook = 0; hook < HOOK_KINDS; hook++) {
			struct chain *chain = plane->chains[i][hook];

			if (!d->touched[i][hook])
				continue;
			plane->chains[i][hook] = d->chains[i][hook];
			d->chains[i][hook] = chain;
			if (has_any(d, i, hook))
				plane->revisions[i][hook]++;
			else
				plane->revisions[i][hook] = 0;
		}
	}
	plane->attachments = d->attachments;
	plane->forwards = d->forwards;
	plane->last_id = d->last_id;
	d->attachments = attachments;
	d->forwards = forwards;
	d->plan = NULL;
	if (old)
		rcu_defer(plane->rcu, &old->free_head, free_plan);
}

int plane_apply_locked(struct plane *plane, struct plane_change *changes, u32 n,
		       struct err *err)
{
	struct draft d;
	int res = draft_begin(&d, plane);

	if (res)
		no_memory(err);
	for (u32 i = 0; !res && i < n; i++)
		res = change(&d, &changes[i], err);
	if (!res)
		res = make_plan(&d, err);
	if (!res)
		publish(&d);
	draft_drop(&d);
	return res;
}

int plane_apply(struct plane *plane, struct plane_change *changes, u32 n,
		struct err *err)
{
	int res;

	pthread_mutex_lock(&plane->lock);
	res = plane_apply_locked(plane, changes, n, err);
	pthread_mutex_unlock(&plane->lock);
	return res;
}

void plane_forget_plan(struct plane *plane)
{
	put_attachments(&plane->attachments);
	put_chains(plane->chains, plane->port_cnt);
	free(plane->revisions);
	free(plane->forwards);
	free(atomic_load(&plane->plan));
}

int plane_attach(struct plane *plane, u32 port, enum hook_kind hook,
		 const struct chain_entry *entry, struct err *err)
{
	struct plane_change c = { .kind = CHANGE_ATTACH,
				  .port = port,
				  .hook = hook,
				  .entry = *entry };
	int res = plane_apply(plane, &c, 1, err);

	return res ? res : (int)c.id;
}

int plane_replace(struct plane *plane, u32 id, struct prog *prog,
		  struct err *err)
{
	struct plane_change c = { .kind = CHANGE_REPLACE,
				  .id = id,
				  .entry.prog = prog };

	return plane_apply(plane, &c, 1, err);
}

int plane_detach(struct plane *plane, u32 id, struct err *err)
{
	struct plane_change c = { .kind = CHANGE_DETACH, .id = id };

	return plane_apply(plane, &c, 1, err);
}

int plane_set_forward(struct plane *plane, u32 port, const struct forward *f,
		      struct err *err)
{
	struct plane_change c = { .kind = CHANGE_FORWARD,
				  .port = port,
				  .forward = *f };

	return plane_apply(plane, &c, 1, err);
}

void plane_forward(const struct plane *plane, u32 port, struct forward *out)
{
	struct plane *p = (struct plane *)plane;

	pthread_mutex_lock(&p->lock);
	*out = plane->forwards[port];
	pthread_mutex_unlock(&p->lock);
}

u32 plane_attachments(struct plane *plane, struct attachment *out, u32 n)
{
	u32 len;

	pthread_mutex_lock(&plane->lock);
	len = plane->attachments.len;
	for (u32 i = 0; i < len && i < n; i++) {
		out[i] = plane->attachments.items[i];
		prog_get(out[i].entry.prog);
	}
	pthread_mutex_unlock(&plane->lock);
	return len;
}
