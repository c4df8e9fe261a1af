/* SPDX-License-Identifier: BSD-3-Clause */
/* request_attach.c - which programs run at which port and hook */
#include <errno.h>
#include <string.h>

#include "ctl/counters.h"
#include "ctl/ctl_priv.h"
#include "ctl/object.h"
#include "ctl/request.h"

#define PRIORITY_DEFAULT 50

/* Where the verdicts of a program continue, as an array of their names. */
static int take_chain_actions(const struct request *rq, u32 *mask,
			      struct err *err)
{
	json_t *list = json_object_get(rq->args, "chain_actions"), *item;
	size_t i;

	if (!list)
		return 0;
	if (!json_is_array(list))
		return err_fail(err, -EINVAL,
				"\"chain_actions\" is an array of names");
	*mask = 0;
	json_array_foreach(list, i, item) {
		s32 code = XDP_REDIRECT;

		while (code >= 0 &&
		       (!json_is_string(item) ||
			strcmp(verdict_code_name(HOOK_XDP, code),
			       json_string_value(item)) != 0))
			code--;
		if (code < 0)
			return err_fail(err, -EINVAL,
					"chain action %zu is no XDP verdict",
					i);
		*mask |= 1u << code;
	}
	return 0;
}

static int take_style(const struct request *rq, enum hook_kind hook,
		      struct chain_entry *entry, struct err *err)
{
	u32 attach = entry->prog->expected_attach_type;
	const char *style;
	int res;

	entry->style = hook == HOOK_XDP ? CHAIN_XDP :
		       attach == BPF_TCX_INGRESS || attach == BPF_TCX_EGRESS ?
					  CHAIN_TCX :
					  CHAIN_CLS_BPF;
	if (!arg_has(rq, "style"))
		return 0;
	res = arg_string(rq, "style", &style, err);
	if (res)
		return res;
	if (hook != HOOK_XDP && strcmp(style, "tcx") == 0)
		entry->style = CHAIN_TCX;
	else if (hook != HOOK_XDP && strcmp(style, "cls_bpf") == 0)
		entry->style = CHAIN_CLS_BPF;
	else
		return err_fail(err, -EINVAL,
				"\"style\" of a tc hook is \"tcx\" or "
				"\"cls_bpf\"");
	return 0;
}

static int take_entry(const struct request *rq, enum hook_kind hook,
		      struct chain_entry *entry, struct err *err)
{
	const struct elf_prog *ep =
		loaded_elf_prog(rq->ctl->loaded, entry->prog);
	int res;

	entry->priority = ep && hook == HOOK_XDP ? ep->xdp_priority :
						   PRIORITY_DEFAULT;
	entry->chain_actions = ep && hook == HOOK_XDP ?
				       ep->xdp_chain_actions :
				       1u << XDP_PASS;
	entry->direct_action = true;
	res = take_style(rq, hook, entry, err);
	if (!res && arg_has(rq, "priority"))
		res = arg_u32(rq, "priority", &entry->priority, err);
	if (!res && arg_has(rq, "direct_action"))
		res = arg_bool(rq, "direct_action", &entry->direct_action,
			       err);
	if (!res && arg_has(rq, "classid"))
		res = arg_u32(rq, "classid", &entry->classid, err);
	return res ? res : take_chain_actions(rq, &entry->chain_actions, err);
}

/* As long as the request. */
static int arg_prog(const struct request *rq, struct prog **out,
		    struct err *err)
{
	int handle = arg_object(rq, "prog", &object_prog, err);

	if (handle < 0)
		return handle;
	*out = wclient_prog(rq->bpf, handle);
	return 0;
}

static int prog_attach(struct request *rq, struct err *err)
{
	struct chain_entry entry = { 0 };
	enum hook_kind hook;
	u32 port;
	int res = arg_port(rq, &port, err);

	if (!res)
		res = arg_hook(rq, &hook, err);
	if (!res)
		res = arg_prog(rq, &entry.prog, err);
	if (res)
		return res;
	res = take_entry(rq, hook, &entry, err);
	if (!res)
		res = hook_accepts(hook, entry.prog, err);
	if (!res)
		res = plane_attach(request_plane(rq), port, hook, &entry,
				   err);
	if (res < 0)
		return res;
	json_begin_object(&rq->json);
	json_ku64(&rq->json, "attachment", (u64)res);
	json_end_object(&rq->json);
	return 0;
}

/* The attachment of this program at this port and hook. */
static int find_attachment(struct request *rq, u32 *id, struct err *err)
{
	struct attachment *list;
	enum hook_kind hook;
	struct prog *prog;
	u32 port, n;
	int res = arg_port(rq, &port, err);

	if (!res)
		res = arg_hook(rq, &hook, err);
	if (!res)
		res = arg_prog(rq, &prog, err);
	if (!res)
		res = attachments_get(request_plane(rq), &list, &n, err);
	if (res)
		return res;
	*id = 0;
	for (u32 i = 0; i < n && !*id; i++)
		if (list[i].port == port && list[i].hook == hook &&
		    list[i].entry.prog == prog)
			*id = list[i].id;
	attachments_put(list, n);
	return *id ? 0 :
		     err_fail(err, -ENOENT, "program %s is not attached there",
			      prog->full_name);
}

static int prog_detach(struct request *rq, struct err *err)
{
	u32 id;
	int res = arg_has(rq, "attachment") ?
			  arg_u32(rq, "attachment", &id, err) :
			  find_attachment(rq, &id, err);

	return res ? res : plane_detach(request_plane(rq), id, err);
}

static int prog_replace(struct request *rq, struct err *err)
{
	struct prog *prog;
	u32 id;
	int res = arg_u32(rq, "attachment", &id, err);

	if (!res)
		res = arg_prog(rq, &prog, err);
	return res ? res : plane_replace(request_plane(rq), id, prog, err);
}

const struct method attach_methods[] = {
	{ "prog.attach",
	  "prog port hook priority chain_actions style direct_action classid",
	  prog_attach },
	{ "prog.detach", "attachment prog port hook", prog_detach },
	{ "prog.replace", "attachment prog", prog_replace },
	{ 0 },
};
