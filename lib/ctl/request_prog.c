/* SPDX-License-Identifier: BSD-3-Clause */
/* request_prog.c - programs: what there is, what is attached where */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/counters.h"
#include "ctl/ctl_priv.h"
#include "ctl/request.h"

#define PRIORITY_DEFAULT 50

/* Seconds since 1970 of a time of CLOCK_BOOTTIME. */
static u64 wall_seconds(u64 boot_ns)
{
	struct timespec wall, boot;
	s64 since;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	since = (boot.tv_sec * 1000000000LL + boot.tv_nsec) - (s64)boot_ns;
	return (u64)((wall.tv_sec * 1000000000LL + wall.tv_nsec - since) /
		     1000000000);
}

static void print_places(struct json *j, const struct plane *plane,
			 const struct prog *prog, const struct attachment *a,
			 u32 n)
{
	json_key(j, "attached");
	json_begin_array(j);
	for (u32 i = 0; i < n; i++) {
		struct port_info info;

		if (a[i].entry.prog != prog)
			continue;
		plane_port_info(plane, a[i].port, &info);
		json_begin_object(j);
		json_ku64(j, "attachment", a[i].id);
		json_kstr(j, "port", info.name);
		json_kstr(j, "hook", hook_name(a[i].hook));
		json_ku64(j, "priority", a[i].entry.priority);
		json_end_object(j);
	}
	json_end_array(j);
}

static void print_prog(struct request *rq, const struct prog *prog,
		       const struct attachment *list, u32 n)
{
	struct json *j = &rq->json;
	struct prog_counts counts = counters_prog(prog);

	json_begin_object(j);
	json_ku64(j, "id", prog->id);
	json_kstr(j, "type", prog_type_name(prog->type));
	json_kstr(j, "name", prog->full_name);
	json_key(j, "tag");
	json_fmt(j, "%02x%02x%02x%02x%02x%02x%02x%02x", prog->tag[0],
		 prog->tag[1], prog->tag[2], prog->tag[3], prog->tag[4],
		 prog->tag[5], prog->tag[6], prog->tag[7]);
	json_kbool(j, "gpl_compatible", prog->gpl);
	json_ku64(j, "run_cnt", counts.runs);
	json_ku64(j, "stopped", counts.stopped);
	json_ku64(j, "loaded_at", wall_seconds(prog->loaded_ns));
	json_ku64(j, "bytes_xlated",
		  (u64)prog->insn_cnt * sizeof(struct bpf_insn));
	json_kbool(j, "jited", false);
	json_key(j, "map_ids");
	json_begin_array(j);
	for (u32 i = 0; i < prog->map_cnt; i++)
		json_u64(j, prog->maps[i]->id);
	json_end_array(j);
	print_places(j, request_plane(rq), prog, list, n);
	json_end_object(j);
}

static int prog_list(struct request *rq, struct err *err)
{
	struct sys *sys = request_sys(rq);
	struct attachment *list;
	u32 n;
	int res = attachments_get(request_plane(rq), &list, &n, err);

	if (res)
		return res;
	json_begin_array(&rq->json);
	for (u32 id = 0; (id = sys_next_prog_id(sys, id));) {
		struct prog *prog = sys_prog_by_id(sys, id);

		if (!prog)
			continue;
		print_prog(rq, prog, list, n);
		prog_put(prog);
	}
	json_end_array(&rq->json);
	attachments_put(list, n);
	return 0;
}

static int prog_show(struct request *rq, struct err *err)
{
	struct attachment *list;
	struct prog *prog;
	u32 n;
	int res = arg_prog(rq, "prog", &prog, err);

	if (res)
		return res;
	res = attachments_get(request_plane(rq), &list, &n, err);
	if (!res) {
		print_prog(rq, prog, list, n);
		attachments_put(list, n);
	}
	prog_put(prog);
	return res;
}

/* ---- loading ---- */

#define OVERRIDES_MAX 64

struct load_args {
	const char *path;
	struct sys_load_opts opts;
	struct sys_override overrides[OVERRIDES_MAX];
	char texts[OVERRIDES_MAX][128]; /* what the overrides point into */
};

static int take_overrides(struct load_args *args, const json_t *list,
			  struct err *err)
{
	if (!json_is_array(list) || json_array_size(list) > OVERRIDES_MAX)
		return err_fail(err, -EINVAL,
				"\"overrides\" is an array of up to %d "
				"strings: \"MAP.max_entries=N\"",
				OVERRIDES_MAX);
	for (u32 i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));
		int res;

		if (!text || strlen(text) >= sizeof(args->texts[i]))
			return err_fail(err, -EINVAL,
					"override %u is no string of up to %zu "
					"characters",
					i, sizeof(args->texts[i]) - 1);
		strcpy(args->texts[i], text);
		res = sys_override_parse(args->texts[i], &args->overrides[i],
					 err);
		if (res)
			return res;
	}
	args->opts.overrides = args->overrides;
	args->opts.override_cnt = (u32)json_array_size(list);
	return 0;
}

static int take_load_args(const struct request *rq, struct load_args *args,
			  struct err *err)
{
	json_t *list = json_object_get(rq->args, "overrides");
	int res = arg_string(rq, "path", &args->path, err);

	if (res)
		return res;
	if (args->path[0] != '/') {
		err_fail(err, -EINVAL, "the object's path is not absolute");
		err_place(err, "%.200s", args->path);
		return err_hint(err, "the daemon has a working directory of "
				     "its own");
	}
	if (arg_has(rq, "only"))
		res = arg_string(rq, "only", &args->opts.only, err);
	if (!res && list)
		res = take_overrides(args, list, err);
	return res;
}

static void print_loaded(struct json *j, const struct loaded *l)
{
	json_begin_object(j);
	json_ku64(j, "object", l->id);
	json_kstr(j, "path", l->obj->path);
	json_key(j, "programs");
	json_begin_array(j);
	for (u32 i = 0; i < l->so->prog_cnt; i++) {
		if (!l->so->progs[i])
			continue;
		json_begin_object(j);
		json_ku64(j, "id", l->so->progs[i]->id);
		json_kstr(j, "name", l->obj->progs[i].name);
		json_kstr(j, "type", prog_type_name(l->so->progs[i]->type));
		json_kstr(j, "section", l->obj->progs[i].section);
		json_end_object(j);
	}
	json_end_array(j);
	json_key(j, "maps");
	json_begin_array(j);
	for (u32 i = 0; i < l->so->map_cnt; i++) {
		if (!l->so->maps[i])
			continue;
		json_begin_object(j);
		json_ku64(j, "id", l->so->maps[i]->id);
		json_kstr(j, "name", l->obj->maps[i].name);
		json_end_object(j);
	}
	json_end_array(j);
	json_end_object(j);
}

static int load(struct ctl *ctl, const struct load_args *args,
		struct loaded **out, struct err *err)
{
	struct loaded *l = calloc(1, sizeof(*l));
	int res;

	if (!l)
		return err_fail(err, -ENOMEM, "out of memory");
	res = elf_open(args->path, NULL, err, &l->obj);
	if (res)
		goto free_loaded;
	res = sys_load(plane_sys(ctl->plane), l->obj, &args->opts, err,
		       &l->so);
	if (res)
		goto close_object;
	l->id = ++ctl->last_loaded;
	l->next = ctl->loaded;
	ctl->loaded = l;
	*out = l;
	return 0;

close_object:
	elf_close(l->obj);
free_loaded:
	free(l);
	return res;
}

static int prog_load(struct request *rq, struct err *err)
{
	struct load_args *args = calloc(1, sizeof(*args));
	struct loaded *l = NULL;
	int res;

	if (!args)
		return err_fail(err, -ENOMEM, "out of memory");
	res = take_load_args(rq, args, err);
	if (!res)
		res = load(rq->ctl, args, &l, err);
	free(args);
	if (!res)
		print_loaded(&rq->json, l);
	return res;
}

static int prog_objects(struct request *rq, struct err *err)
{
	(void)err;
	json_begin_array(&rq->json);
	for (const struct loaded *l = rq->ctl->loaded; l; l = l->next)
		print_loaded(&rq->json, l);
	json_end_array(&rq->json);
	return 0;
}

static int prog_unload(struct request *rq, struct err *err)
{
	struct loaded **at = &rq->ctl->loaded, *l;
	u32 id;
	int res = arg_u32(rq, "object", &id, err);

	if (res)
		return res;
	while (*at && (*at)->id != id)
		at = &(*at)->next;
	l = *at;
	if (!l)
		return err_fail(err, -ENOENT, "no client loaded an object %u",
				id);
	*at = l->next;
	loaded_free(l);
	return 0;
}

/* ---- attaching ---- */

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

static int arg_hook(const struct request *rq, enum hook_kind *hook,
		    struct err *err)
{
	const char *name;
	int res = arg_string(rq, "hook", &name, err);

	if (res)
		return res;
	if (hook_parse(name, hook) == 0)
		return 0;
	err_fail(err, -EINVAL, "there is no hook '%.32s'", name);
	return err_hint(err, "xdp, tc-ingress or tc-egress");
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
		res = arg_prog(rq, "prog", &entry.prog, err);
	if (res)
		return res;
	res = take_entry(rq, hook, &entry, err);
	if (!res)
		res = hook_accepts(hook, entry.prog, err);
	if (!res)
		res = plane_attach(request_plane(rq), port, hook, &entry,
				   err);
	prog_put(entry.prog);
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
		res = arg_prog(rq, "prog", &prog, err);
	if (res)
		return res;
	res = attachments_get(request_plane(rq), &list, &n, err);
	if (!res) {
		*id = 0;
		for (u32 i = 0; i < n && !*id; i++)
			if (list[i].port == port && list[i].hook == hook &&
			    list[i].entry.prog == prog)
				*id = list[i].id;
		attachments_put(list, n);
		if (!*id)
			res = err_fail(err, -ENOENT,
				       "program %s is not attached there",
				       prog->full_name);
	}
	prog_put(prog);
	return res;
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
		res = arg_prog(rq, "prog", &prog, err);
	if (res)
		return res;
	res = plane_replace(request_plane(rq), id, prog, err);
	prog_put(prog);
	return res;
}

const struct method prog_methods[] = {
	{ "prog.list", "", prog_list },
	{ "prog.show", "prog", prog_show },
	{ "prog.load", "path only overrides", prog_load },
	{ "prog.objects", "", prog_objects },
	{ "prog.unload", "object", prog_unload },
	{ "prog.attach",
	  "prog port hook priority chain_actions style direct_action classid",
	  prog_attach },
	{ "prog.detach", "attachment prog port hook", prog_detach },
	{ "prog.replace", "attachment prog", prog_replace },
	{ 0 },
};
