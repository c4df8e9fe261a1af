/* SPDX-License-Identifier: BSD-3-Clause */
/* request_port.c - ports, what they forward to, what is attached to them */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/counters.h"
#include "ctl/request.h"

static const char *const forward_names[] = {
	[FORWARD_PAIR] = "pair",
	[FORWARD_BACK] = "back",
	[FORWARD_PORT] = "port",
	[FORWARD_DROP] = "drop",
};

static void print_forward(struct json *j, const struct forward *f)
{
	if (f->kind == FORWARD_PORT)
		json_fmt(j, "port:%s", f->port);
	else
		json_str(j, forward_names[f->kind]);
}

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

		plane_port_info(plane, i, &info);
		plane_forward(plane, i, &forward);
		json_begin_object(j);
		print_info(j, &info);
		json_key(j, "forward");
		print_forward(j, &forward);
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

/* "pair", "back", "drop" or "port:NAME". */
static int parse_forward(const char *text, struct forward *f, struct err *err)
{
	memset(f, 0, sizeof(*f));
	if (strncmp(text, "port:", 5) == 0 && text[5] &&
	    strlen(text + 5) < sizeof(f->port)) {
		f->kind = FORWARD_PORT;
		strcpy(f->port, text + 5);
		return 0;
	}
	for (u32 i = 0; i < ARRAY_LEN(forward_names); i++) {
		if (i != FORWARD_PORT && strcmp(text, forward_names[i]) == 0) {
			f->kind = (enum forward_kind)i;
			return 0;
		}
	}
	err_fail(err, -EINVAL, "'%.64s' is nothing to forward to", text);
	return err_hint(err, "pair, back, drop or port:NAME");
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
		res = parse_forward(to, &f, err);
	return res ? res : plane_set_forward(request_plane(rq), port, &f, err);
}

const struct method port_methods[] = {
	{ "port.list", "", port_list },
	{ "port.stats", "port", port_stats },
	{ "port.set_forward", "port to", port_set_forward },
	{ 0 },
};
