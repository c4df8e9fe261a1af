/* SPDX-License-Identifier: BSD-3-Clause */
/* wbpf_attach.c - BPF_PROG_ATTACH, BPF_PROG_DETACH, BPF_PROG_QUERY: tcx */
#include <errno.h>
#include <stdlib.h>

#include "sys/mprog.h"
#include "sys/wclient.h"

#define FLAGS \
	(BPF_F_REPLACE | BPF_F_BEFORE | BPF_F_AFTER | BPF_F_ID | BPF_F_LINK)

static bool is_tcx(u32 attach_type)
{
	return attach_type == BPF_TCX_INGRESS || attach_type == BPF_TCX_EGRESS;
}

static enum attach_hook hook_of(u32 attach_type)
{
	return attach_type == BPF_TCX_INGRESS ? ATTACH_TCX_INGRESS
					      : ATTACH_TCX_EGRESS;
}

/* A classifier by its handle. */
static int get_prog(struct wcall *w, u32 number, struct prog **out)
{
	struct handle h;
	int res = handle_get_kind(w->c, number, REF_PROG, &h);

	if (res)
		return res;
	*out = h.ref.prog;
	if (h.ref.prog->type == BPF_PROG_TYPE_SCHED_CLS)
		return 0;
	prog_put(*out);
	*out = NULL;
	return -EINVAL;
}

static int begin(struct wcall *w, struct mprog *m)
{
	const union bpf_attr *u = &w->u.attr;

	*m = (struct mprog){ .w = w,
			     .flags = u->attach_flags,
			     .relative = u->relative_fd,
			     .revision = u->expected_revision };
	if (!wcall_only(w, ATTR_END(expected_revision)) ||
	    !is_tcx(u->attach_type) || u->attach_flags & ~(u32)FLAGS)
		return -EINVAL;
	return 0;
}

static int change(struct wcall *w, struct mprog *m, attach_decide *decide)
{
	const union bpf_attr *u = &w->u.attr;
	struct attach_change done;
	int res = attach_change(w->sys, u->target_ifindex,
				hook_of(u->attach_type), decide, m, &done);

	ref_put(m->anchor);
	return res;
}

int wbpf_prog_attach(struct wcall *w)
{
	const union bpf_attr *u = &w->u.attr;
	struct attach_port port;
	struct mprog m;
	int res = begin(w, &m);

	if (!res)
		res = get_prog(w, u->attach_bpf_fd, &m.prog);
	if (res)
		return res;
	if (!attach_port(w->sys, u->target_ifindex, &port))
		res = -ENODEV;
	if (!res && u->attach_flags & BPF_F_REPLACE)
		res = get_prog(w, u->replace_bpf_fd, &m.old);
	if (!res)
		res = change(w, &m, mprog_attach);
	if (m.old)
		prog_put(m.old);
	prog_put(m.prog);
	return res;
}

int wbpf_prog_detach(struct wcall *w)
{
	const union bpf_attr *u = &w->u.attr;
	struct mprog m;
	int res = begin(w, &m);

	if (!res && u->attach_bpf_fd)
		res = get_prog(w, u->attach_bpf_fd, &m.prog);
	if (res)
		return res;
	res = change(w, &m, mprog_detach);
	if (m.prog)
		prog_put(m.prog);
	return res;
}

/* ---- query ---- */

struct shown {
	u32 prog;
	u32 link;
};

struct query {
	u64 revision;
	VEC(struct shown) list;
};

static int decide_copy(void *ctx, const struct attached_list *list,
		       struct attach_change *change)
{
	struct query *q = ctx;

	(void)change;
	q->revision = list->revision;
	for (u32 i = 0; i < list->cnt; i++) {
		struct shown *s = vec_add(&q->list);

		if (!s)
			return -ENOMEM;
		*s = (struct shown){ list->items[i].prog->id,
				     list->items[i].link };
	}
	return 0;
}

static int put_head(struct wcall *w, const struct query *q)
{
	u64 revision = w->uattr + offsetof(union bpf_attr, query.revision);

	if (wcall_put_u32(w, offsetof(union bpf_attr, query.attach_flags), 0) ||
	    wcall_copy_out(w, revision, &q->revision, sizeof(q->revision)) ||
	    wcall_put_u32(w, offsetof(union bpf_attr, query.count),
			  q->list.len))
		return -EFAULT;
	return 0;
}

static int put_u32(struct wcall *w, u64 array, u32 i, u32 value)
{
	return array ? wcall_copy_out(w, array + i * 4ull, &value,
				      sizeof(value))
		     : 0;
}

static int put_list(struct wcall *w, const struct query *q)
{
	const union bpf_attr *u = &w->u.attr;
	u32 n = q->list.len, room = u->query.count;

	if (!room || !u->query.prog_ids)
		return 0;
	for (u32 i = 0; i < MIN(n, room); i++) {
		const struct shown *s = &q->list.items[i];

		if (put_u32(w, u->query.prog_ids, i, s->prog) ||
		    put_u32(w, u->query.prog_attach_flags, i, 0) ||
		    put_u32(w, u->query.link_ids, i, s->link) ||
		    put_u32(w, u->query.link_attach_flags, i, 0))
			return -EFAULT;
	}
	return n > room ? -ENOSPC : 0;
}

int wbpf_prog_query(struct wcall *w)
{
	const union bpf_attr *u = &w->u.attr;
	struct attach_change none;
	struct query q = { 0 };
	int res;

	if (!wcall_only(w, ATTR_END(query.revision)) ||
	    u->query.query_flags & ~(u32)BPF_F_QUERY_EFFECTIVE ||
	    !is_tcx(u->query.attach_type))
		return -EINVAL;
	res = attach_change(w->sys, u->query.target_ifindex,
			    hook_of(u->query.attach_type), decide_copy, &q,
			    &none);
	if (!res && (u->query.query_flags || u->query.attach_flags))
		res = -EINVAL;
	if (!res)
		res = put_head(w, &q);
	if (!res)
		res = put_list(w, &q);
	vec_free(&q.list);
	return res;
}
