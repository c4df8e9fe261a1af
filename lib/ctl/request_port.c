/* SPDX-License-Identifier: BSD-3-Clause */
/* request_port.c - ports, what they forward to, what is attached to them */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/counters.h"
#include "ctl/request.h"

static void print_info(struct json *j, const struct port_info *info)
{
	char text[sizeof(info->error) + 8];

	json_kstr(j, "name", info->name);
	json_ku64(j, "ifindex", info->ifindex);
	json_kstr(j, "spec", info->spec);
	json_kstr(j, "driver", info->driver);
	json_key(j, "mac");
	json_fmt(j, "%02x:%02x:%02x:%02x:%02x:%02x", info->mac[0],
		 info->mac[1], info->mac[2], info->mac[3], info->mac[4],
		 info->mac[5]);
	json_ku64(j, "mtu", info->mtu);
	json_ku64(j, "queues", info->queues);
	json_kbool(j, "promiscuous", info->promiscuous);
	json_kstr(j, "link", info->link == LINK_UP ? "up" : "down");
	json_ku64(j, "speed_mbps", info->speed_mbps);
	json_kbool(j, "ended", info->ended);
	if (info->error.code)
		json_kstr(j, "error",
			  err_text(&info->error, text, sizeof(text)));
}

static void print_attachment(struct json *j, const struct attachment *a)
{
	static const char *const styles[] = {
		[CHAIN_XDP] = "xdp",
		[CHAIN_TCX] = "tcx",
		[CHAIN_CLS_BPF] = "cls_bpf",
	};

	json_begin_object(j);
	json_ku64(j, "attachment", a->id);
	json_ku64(j, "prog", a->entry.prog->id);
	json_kstr(j, "name", a->entry.prog->full_name);
	json_ku64(j, "priority", a->entry.priority);
	json_kstr(j, "style", styles[a->entry.style]);
	json_end_object(j);
}

static void print_hooks(struct json *j, u32 port, const struct attachment *a,
			u32 n)
{
	json_key(j, "hooks");
	json_begin_object(j);
	for (int hook = 0; hook < HOOK_KINDS; hook++) {
		json_key(j, hook_name((enum hook_kind)hook));
		json_begin_array(j);
		for (u32 i = 0; i < n; i++)
			if (a[i].port == port && (int)a[i].hook == hook)
				print_attachment(j, &a[i]);
		json_end_array(j);
	}
	json_end_object(j);
}

static int port_list(struct request *rq, struct err *err)
{
	struct plane *plane = request_plane(rq);
	struct json *j = &rq->json;
	struct attachment *list;
	u32 n;
	int res = attachments_get(plane, &list, &n, err);

	if (res)
		return res;
	json_begin_array(j);
	for (u32 i = 0; i < plane_port_count(plane); i++) {
		struct port_info info;
		struct forward forward;
		char text[FORWARD_TEXT_MAX];

		plane_port_info(plane, i, &info);
		plane_forward(plane, i, &forward);
		json_begin_object(j);
		print_info(j, &info);
		forward_text(&forward, text, sizeof(text));
		json_kstr(j, "forward", text);
		print_hooks(j, i, list, n);
		json_end_object(j);
	}
	json_end_array(j);
	attachments_put(list, n);
	return 0;
}

static int port_stats(struct request *rq, struct err *err)
{
	struct plane *plane = request_plane(rq);
	u32 first = 0, end = plane_port_count(plane);

	if (arg_has(rq, "port")) {
		int res = arg_port(rq, &first, err);

		if (res)
			return res;
		end = first + 1;
	}
	json_begin_array(&rq->json);
	for (u32 i = first; i < end; i++)
		counters_port(&rq->json, plane, i);
	json_end_array(&rq->json);
	return 0;
}

static int port_set_forward(struct request *rq, struct err *err)
{
	const char *to;
	struct forward f;
	u32 port;
	int res = arg_port(rq, &port, err);

	if (!res)
		res = arg_string(rq, "to", &to, err);
	if (!res)
		res = forward_parse(to, &f, err);
	return res ? res : plane_set_forward(request_plane(rq), port, &f, err);
}

const struct method port_methods[] = {
	{ "port.list", "", port_list },
	{ "port.stats", "port", port_stats },
	{ "port.set_forward", "port to", port_set_forward },
	{ 0 },
};
