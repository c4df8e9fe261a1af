/* SPDX-License-Identifier: BSD-3-Clause */
/* wbpf_id.c - objects by number */
#include <errno.h>

#include "sys/wclient.h"

static int next_id(struct wcall *w, u32 (*next)(struct sys *sys, u32 id))
{
	u32 id = w->u.attr.start_id;

	if (!wcall_only(w, ATTR_END(next_id)) || id >= INT32_MAX)
		return -EINVAL;
	id = next(w->sys, id);
	if (!id)
		return -ENOENT;
	return wcall_put_u32(w, offsetof(union bpf_attr, next_id), id);
}

int wbpf_map_next_id(struct wcall *w)
{
	return next_id(w, sys_next_map_id);
}

int wbpf_prog_next_id(struct wcall *w)
{
	return next_id(w, sys_next_prog_id);
}

int wbpf_btf_next_id(struct wcall *w)
{
	return next_id(w, sys_next_btf_id);
}

int wbpf_link_next_id(struct wcall *w)
{
	return next_id(w, sys_next_link_id);
}

int wbpf_map_by_id(struct wcall *w)
{
	u32 flags = w->u.attr.open_flags;
	int mode = wcall_mode(flags);
	struct map *map;

	if (!wcall_only(w, ATTR_END(open_flags)) ||
	    flags & ~(u32)(BPF_F_RDONLY | BPF_F_WRONLY) || mode < 0)
		return -EINVAL;
	map = sys_map_by_id(w->sys, w->u.attr.map_id);
	return map ? handle_new(w->c, ref_map(map), (u32)mode) : -ENOENT;
}

int wbpf_prog_by_id(struct wcall *w)
{
	struct prog *prog;

	if (!wcall_only(w, ATTR_END(prog_id)))
		return -EINVAL;
	prog = sys_prog_by_id(w->sys, w->u.attr.prog_id);
	return prog ? handle_new(w->c, ref_prog(prog), 0) : -ENOENT;
}

int wbpf_link_by_id(struct wcall *w)
{
	struct link *link;

	if (!wcall_only(w, ATTR_END(link_id)))
		return -EINVAL;
	link = sys_link_by_id(w->sys, w->u.attr.link_id);
	return link ? handle_new(w->c, ref_link(link), 0) : -ENOENT;
}

/* Behind the flags, a token. */
#define BTF_BY_ID_END (ATTR_END(open_flags) + sizeof(u32))

int wbpf_btf_by_id(struct wcall *w)
{
	struct btf_blob *btf;

	if (!wcall_only(w, BTF_BY_ID_END) ||
	    w->u.attr.open_flags & ~(u32)BPF_F_TOKEN_FD)
		return -EINVAL;
	if (w->u.attr.open_flags)
		return -EBADF; /* there are no tokens */
	btf = sys_btf_by_id(w->sys, w->u.attr.btf_id);
	return btf ? handle_new(w->c, ref_btf(btf), 0) : -ENOENT;
}
