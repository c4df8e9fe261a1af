/* SPDX-License-Identifier: BSD-3-Clause */
/* wbpf_obj.c - objects by name */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "sys/wclient.h"

/* A path that ends, read no further than it goes. */
static int read_path(struct wcall *w, u64 from, char *path)
{
	for (size_t i = 0; i < PATH_MAX; i++) {
		int res = w->mem->read(w->mem->arg, &path[i], from + i, 1);

		if (res)
			return res;
		if (!path[i])
			return i ? 0 : -ENOENT;
	}
	return -ENAMETOOLONG;
}

/* Paths are whole: there is no folder that one could be relative to. */
static int check_path_fd(const struct wcall *w)
{
	u32 flags = w->u.attr.file_flags;

	if (!(flags & BPF_F_PATH_FD) && w->u.attr.path_fd)
		return -EINVAL;
	return flags & BPF_F_PATH_FD ? -EBADF : 0;
}

int wbpf_pin(struct wcall *w)
{
	const union bpf_attr *u = &w->u.attr;
	char path[PATH_MAX];
	struct handle h;
	int res;

	if (!wcall_only(w, ATTR_END(path_fd)) ||
	    u->file_flags & ~(u32)BPF_F_PATH_FD)
		return -EINVAL;
	res = check_path_fd(w);
	if (res)
		return res;
	if (handle_get(w->c, u->bpf_fd, &h) != 0)
		return -EINVAL;
	if (h.ref.kind == REF_BTF)
		res = -EINVAL;
	if (!res)
		res = read_path(w, u->pathname, path);
	if (!res)
		res = pin_add(w->sys, path, h.ref);
	ref_put(h.ref);
	return res;
}

int wbpf_obj_get(struct wcall *w)
{
	const union bpf_attr *u = &w->u.attr;
	int mode = wcall_mode(u->file_flags), res;
	char path[PATH_MAX];
	struct ref ref;

	if (!wcall_only(w, ATTR_END(path_fd)) || u->bpf_fd ||
	    u->file_flags & ~(u32)(BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_PATH_FD))
		return -EINVAL;
	res = check_path_fd(w);
	if (!res && mode < 0)
		res = mode;
	if (!res)
		res = read_path(w, u->pathname, path);
	if (res)
		return res;
	ref = pin_find(w->sys, path);
	if (ref.kind == REF_NONE)
		return -ENOENT;
	if (ref.kind == REF_LINK && mode != (MODE_READ | MODE_WRITE)) {
		ref_put(ref);
		return -EINVAL;
	}
	return handle_new(w->c, ref, (u32)mode);
}
