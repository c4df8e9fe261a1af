/* SPDX-License-Identifier: BSD-3-Clause */
/* wbpf_link.c - BPF_LINK_CREATE, BPF_LINK_UPDATE, BPF_LINK_DETACH */
#include <errno.h>
#include <linux/if_link.h>

#include "sys/mprog.h"
#include "sys/wclient.h"

#define CREATE_END ATTR_END(link_create.uprobe_multi.pid)

/* ---- XDP ---- */

/* One program, by a link or in chains: whoever comes second has to wait. */
static int decide_xdp(void *ctx, const struct attached_list *list,
		      struct attach_change *change)
{
	const struct prog *prog = ctx;

	if (list->cnt)
		return -EBUSY;
	if (prog->expected_attach_type == BPF_XDP_DEVMAP ||
	    prog->expected_attach_type == BPF_XDP_CPUMAP)
		return -EINVAL;
	change->kind = ATTACH_ADD;
	return 0;
}

static int attach_xdp(struct wcall *w, struct prog *prog, struct link **out)
{
	u32 ifindex = w->u.attr.link_create.target_ifindex;
	u32 flags = w->u.attr.link_create.flags;
	struct attach_port port;

	if (!attach_port(w->sys, ifindex, &port))
		return -EINVAL;
	if (flags & ~(u32)XDP_FLAGS_MODES || flags & (flags - 1))
		return -EINVAL;
	if (flags & XDP_FLAGS_HW_MODE)
		return -EOPNOTSUPP;
	return link_attach(w->sys, prog, ifindex, ATTACH_XDP, decide_xdp, prog,
			   out);
}

/* ---- tcx ---- */

static int attach_tcx(struct wcall *w, struct prog *prog, struct link **out)
{
	const union bpf_attr *u = &w->u.attr;
	struct mprog m = { .w = w,
			   .flags = u->link_create.flags,
			   .relative = u->link_create.tcx.relative_fd,
			   .revision = u->link_create.tcx.expected_revision,
			   .prog = prog };
	int res = link_attach(w->sys, prog, u->link_create.target_ifindex,
			      u->link_create.attach_type == BPF_TCX_INGRESS
				      ? ATTACH_TCX_INGRESS
				      : ATTACH_TCX_EGRESS,
			      mprog_attach, &m, out);

	ref_put(m.anchor);
	return res;
}

/* ---- the commands ---- */

static int attach(struct wcall *w, struct prog *prog, struct link **out)
{
	u32 type = w->u.attr.link_create.attach_type;

	if (prog->type == BPF_PROG_TYPE_XDP && type == BPF_XDP)
		return attach_xdp(w, prog, out);
	if (prog->type == BPF_PROG_TYPE_SCHED_CLS &&
	    (type == BPF_TCX_INGRESS || type == BPF_TCX_EGRESS))
		return attach_tcx(w, prog, out);
	return -EINVAL;
}

int wbpf_link_create(struct wcall *w)
{
	struct link *link;
	struct handle h;
	int res;

	if (!wcall_only(w, CREATE_END))
		return -EINVAL;
	res = handle_get_kind(w->c, w->u.attr.link_create.prog_fd, REF_PROG,
			      &h);
	if (res)
		return res;
	res = attach(w, h.ref.prog, &link);
	ref_put(h.ref);
	return res ? res : handle_new(w->c, ref_link(link), 0);
}

static int update(struct wcall *w, struct link *link)
{
	const union bpf_attr *u = &w->u.attr;
	struct handle new, old = { .ref.kind = REF_NONE };
	int res = handle_get_kind(w->c, u->link_update.new_prog_fd, REF_PROG,
				  &new);

	if (res)
		return res;
	if (u->link_update.flags & BPF_F_REPLACE)
		res = handle_get_kind(w->c, u->link_update.old_prog_fd,
				      REF_PROG, &old);
	else if (u->link_update.old_prog_fd)
		res = -EINVAL;
	if (!res)
		res = link_update(link, new.ref.prog, ref_object(old.ref));
	if (old.ref.kind == REF_PROG)
		ref_put(old.ref);
	ref_put(new.ref);
	return res;
}

int wbpf_link_update(struct wcall *w)
{
	struct handle h;
	int res;

	if (!wcall_only(w, ATTR_END(link_update.old_prog_fd)) ||
	    w->u.attr.link_update.flags & ~(u32)BPF_F_REPLACE)
		return -EINVAL;
	res = handle_get_kind(w->c, w->u.attr.link_update.link_fd, REF_LINK,
			      &h);
	if (res)
		return res;
	res = update(w, h.ref.link);
	ref_put(h.ref);
	return res;
}

int wbpf_link_detach(struct wcall *w)
{
	struct handle h;
	int res;

	if (!wcall_only(w, ATTR_END(link_detach.link_fd)))
		return -EINVAL;
	res = handle_get_kind(w->c, w->u.attr.link_detach.link_fd, REF_LINK,
			      &h);
	if (res)
		return res;
	link_detach(h.ref.link);
	ref_put(h.ref);
	return 0;
}
