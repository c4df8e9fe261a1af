/* SPDX-License-Identifier: BSD-3-Clause */
/* request_load.c - object files that clients load and let go of */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl_priv.h"
#include "ctl/request.h"

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
	if (res == -EACCES)
		err_hint(err,
			 "it is read without capabilities: user %u must be "
			 "allowed to, by the modes of file and folders",
			 geteuid());
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
	if (!res) {
		res = load(rq->ctl, args, &l, err);
		if (res && res != -ENOENT)
			err_rejected(err);
	}
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

const struct method load_methods[] = {
	{ "prog.load", "path only overrides", prog_load },
	{ "prog.objects", "", prog_objects },
	{ "prog.unload", "object", prog_unload },
	{ 0 },
};
