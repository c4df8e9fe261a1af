/* SPDX-License-Identifier: BSD-3-Clause */
/* request_pin.c - names that keep maps, programs and links */
#include <errno.h>
#include <string.h>

#include "ctl/object.h"

int pin_handle(const struct request *rq, int handle, const char *path,
	       struct err *err)
{
	union bpf_attr attr = { .pathname = (u64)(uintptr_t)path,
				.bpf_fd = (u32)handle };
	int res = request_bpf(rq, BPF_OBJ_PIN, &attr);

	if (res == -EEXIST)
		err_fail(err, res, "%.200s is pinned already", path);
	else if (res)
		err_fail(err, res, "cannot pin %.200s: %s", path,
			 strerror(-res));
	return res;
}

static int pin(struct request *rq, const char *name,
	       const struct object_kind *kind, struct err *err)
{
	const char *path;
	int handle, res = arg_string(rq, "path", &path, err);

	if (res)
		return res;
	handle = arg_object(rq, name, kind, err);
	return handle < 0 ? handle : pin_handle(rq, handle, path, err);
}

static int map_pin(struct request *rq, struct err *err)
{
	return pin(rq, "map", &object_map, err);
}

static int prog_pin(struct request *rq, struct err *err)
{
	return pin(rq, "prog", &object_prog, err);
}

static int link_pin(struct request *rq, struct err *err)
{
	return pin(rq, "link", &object_link, err);
}

/* Where Linux unlinks a file. */
static int unpin(struct request *rq, struct err *err)
{
	const char *path;
	int res = arg_string(rq, "path", &path, err);

	if (res)
		return res;
	res = sys_unpin(request_sys(rq), path);
	return res ? err_fail(err, res, "nothing is pinned as %.200s", path)
		   : 0;
}

const struct method pin_methods[] = {
	{ "map.pin", "map path", map_pin },
	{ "map.unpin", "path", unpin },
	{ "prog.pin", "prog path", prog_pin },
	{ "prog.unpin", "path", unpin },
	{ "link.pin", "link path", link_pin },
	{ "link.unpin", "path", unpin },
	{ "queue.unpin", "path", unpin },
	{ 0 },
};
