/* SPDX-License-Identifier: BSD-3-Clause */
/* request_link.c - links: programs that stay at a hook while a pin keeps them
 */
#include <errno.h>
#include <linux/if_link.h>
#include <string.h>

#include "ctl/object.h"

static const u32 attach_types[] = {
	[HOOK_XDP] = BPF_XDP,
	[HOOK_TC_INGRESS] = BPF_TCX_INGRESS,
	[HOOK_TC_EGRESS] = BPF_TCX_EGRESS,
};

/* The port's name as bpftool prints a device's. */
static void print_device(struct request *rq, u32 ifindex)
{
	struct plane *plane = request_plane(rq);
	struct port_info info = { .name = "(detached)" };

	for (u32 i = 0; ifindex && i < plane_port_count(plane); i++) {
		plane_port_info(plane, i, &info);
		if (info.ifindex == ifindex)
			break;
	}
	json_kstr(&rq->json, "devname", info.name);
	json_ku64(&rq->json, "ifindex", ifindex);
}

static int print_link(struct request *rq, int handle, struct err *err)
{
	struct bpf_link_info info = { 0 };
	union bpf_attr attr = { .info = { .bpf_fd = (u32)handle,
					  .info_len = sizeof(info),
					  .info = (u64)(uintptr_t)&info } };
	struct json *j = &rq->json;
	int res = request_bpf(rq, BPF_OBJ_GET_INFO_BY_FD, &attr);

	if (res)
		return err_fail(err, res, "cannot read the link: %s",
				strerror(-res));
	json_begin_object(j);
	json_ku64(j, "id", info.id);
	json_kstr(j, "type", info.type == BPF_LINK_TYPE_XDP ? "xdp" : "tcx");
	json_ku64(j, "prog_id", info.prog_id);
	if (info.type == BPF_LINK_TYPE_XDP) {
		print_device(rq, info.xdp.ifindex);
	} else {
		print_device(rq, info.tcx.ifindex);
		json_kstr(j, "attach_type",
			  info.tcx.attach_type == BPF_TCX_INGRESS
				  ? "tcx_ingress"
				  : "tcx_egress");
	}
	print_pins(rq, j, wclient_link(rq->bpf, handle));
	json_end_object(j);
	return 0;
}

static int link_list(struct request *rq, struct err *err)
{
	int handle, res = 0;
	u32 id = 0;

	json_begin_array(&rq->json);
	while (!res && (id = object_next(rq, &object_link, id, &handle))) {
		res = print_link(rq, handle, err);
		wclient_close(rq->bpf, handle);
	}
	json_end_array(&rq->json);
	return res;
}

static int link_show(struct request *rq, struct err *err)
{
	int handle = arg_object(rq, "link", &object_link, err);

	return handle < 0 ? handle : print_link(rq, handle, err);
}

static int link_failed(const struct prog *prog, int code, struct err *err)
{
	if (code == -EBUSY) {
		err_fail(err, code, "there is a program at the hook already");
		return err_hint(err, "an XDP link wants the hook to itself: "
				     "`weir port list` shows what is there");
	}
	if (code == -EINVAL) {
		err_fail(err, code, "a link cannot have program %s there",
			 prog->full_name);
		return err_hint(err, "XDP programs go to xdp, classifiers to "
				     "tc-ingress and tc-egress");
	}
	if (code == -EEXIST)
		return err_fail(err, code, "program %s is there already",
				prog->full_name);
	if (code == -ENOLINK)
		return err_fail(err, code, "the link is detached");
	return err_fail(err, code, "the link cannot have program %s: %s",
			prog->full_name, strerror(-code));
}

/* The pin is what keeps it. */
static int link_attach(struct request *rq, struct err *err)
{
	union bpf_attr attr = { 0 };
	struct port_info info;
	enum hook_kind hook;
	const char *path;
	u32 port;
	int res = arg_string(rq, "path", &path, err), prog, link;

	if (!res)
		res = arg_port(rq, &port, err);
	if (!res)
		res = arg_hook(rq, &hook, err);
	if (res)
		return res;
	prog = arg_object(rq, "prog", &object_prog, err);
	if (prog < 0)
		return prog;
	plane_port_info(request_plane(rq), port, &info);
	attr.link_create.prog_fd = (u32)prog;
	attr.link_create.target_ifindex = info.ifindex;
	attr.link_create.attach_type = attach_types[hook];
	link = request_bpf(rq, BPF_LINK_CREATE, &attr);
	if (link < 0)
		return link_failed(wclient_prog(rq->bpf, prog), link, err);
	res = pin_handle(rq, link, path, err);
	return res ? res : print_link(rq, link, err);
}

static int link_update(struct request *rq, struct err *err)
{
	union bpf_attr attr = { 0 };
	int link = arg_object(rq, "link", &object_link, err), prog, old, res;

	if (link < 0)
		return link;
	prog = arg_object(rq, "prog", &object_prog, err);
	if (prog < 0)
		return prog;
	attr.link_update.link_fd = (u32)link;
	attr.link_update.new_prog_fd = (u32)prog;
	if (arg_has(rq, "old")) {
		old = arg_object(rq, "old", &object_prog, err);
		if (old < 0)
			return old;
		attr.link_update.old_prog_fd = (u32)old;
		attr.link_update.flags = BPF_F_REPLACE;
	}
	res = request_bpf(rq, BPF_LINK_UPDATE, &attr);
	if (res == -EPERM)
		return err_fail(err, res, "the link has another program");
	return res ? link_failed(wclient_prog(rq->bpf, prog), res, err) : 0;
}

static int link_detach(struct request *rq, struct err *err)
{
	int link = arg_object(rq, "link", &object_link, err), res;
	union bpf_attr attr = { 0 };

	if (link < 0)
		return link;
	attr.link_detach.link_fd = (u32)link;
	res = request_bpf(rq, BPF_LINK_DETACH, &attr);
	return res ? err_fail(err, res, "cannot detach the link: %s",
			      strerror(-res))
		   : 0;
}

const struct method link_methods[] = {
	{ "link.list", "", link_list },
	{ "link.show", "link", link_show },
	{ "link.attach", "prog port hook path", link_attach },
	{ "link.update", "link prog old", link_update },
	{ "link.detach", "link", link_detach },
	{ 0 },
};
