/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl/object.h"

#include <errno.h>
#include <string.h>

/* Linux keeps 15 characters of a name. */
static bool map_is_called(struct wclient *c, int handle, const char *name)
{
	return strncmp(wclient_map(c, handle)->name, name,
		       BPF_OBJ_NAME_LEN - 1) == 0;
}

static bool prog_is_called(struct wclient *c, int handle, const char *name)
{
	const struct prog *prog = wclient_prog(c, handle);

	return strcmp(prog->full_name, name) == 0 ||
	       strcmp(prog->name, name) == 0;
}

static bool has_no_name(struct wclient *c, int handle, const char *name)
{
	(void)c;
	(void)handle;
	(void)name;
	return false;
}

static bool is_map(struct wclient *c, int handle)
{
	return wclient_map(c, handle) != NULL;
}

static bool is_prog(struct wclient *c, int handle)
{
	return wclient_prog(c, handle) != NULL;
}

static bool is_link(struct wclient *c, int handle)
{
	return wclient_link(c, handle) != NULL;
}

static bool is_btf(struct wclient *c, int handle)
{
	return wclient_btf(c, handle) != NULL;
}

const struct object_kind object_map = {
	"map",	"map",	       BPF_MAP_GET_NEXT_ID, BPF_MAP_GET_FD_BY_ID,
	is_map, map_is_called,
};

const struct object_kind object_prog = {
	"program", "prog",	   BPF_PROG_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID,
	is_prog,   prog_is_called,
};

const struct object_kind object_link = {
	"link",	 "link",      BPF_LINK_GET_NEXT_ID, BPF_LINK_GET_FD_BY_ID,
	is_link, has_no_name,
};

const struct object_kind object_btf = {
	"BTF",	"btf",	     BPF_BTF_GET_NEXT_ID, BPF_BTF_GET_FD_BY_ID,
	is_btf, has_no_name,
};

static bool is_queue(struct wclient *c, int handle)
{
	return wclient_queue(c, handle) != NULL;
}

/* Only pins name queues: bpf(2) does not number them. */
const struct object_kind object_queue = {
	"queue", "queue", -1, -1, is_queue, has_no_name,
};

int object_open(const struct request *rq, const struct object_kind *kind,
		u32 id)
{
	union bpf_attr attr = { .map_id = id };

	return request_bpf(rq, kind->open, &attr);
}

u32 object_next(const struct request *rq, const struct object_kind *kind,
		u32 id, int *handle)
{
	union bpf_attr attr = { .start_id = id };

	while (request_bpf(rq, kind->next_id, &attr) == 0) {
		id = attr.next_id;
		*handle = object_open(rq, kind, id);
		if (*handle >= 0)
			return id;
		attr = (union bpf_attr){ .start_id = id };
	}
	return 0;
}

/* What a reference says: exactly one of these is set. */
struct reference {
	u32 id; /* 0: not by id */
	const char *name;
	const char *pinned;
};

static int not_understood(const char *arg, bool there, struct err *err)
{
	err_fail(err, -EINVAL,
		 there ? "\"%s\" names no object" : "\"%s\" is missing", arg);
	return err_hint(err, "{\"id\":N}, {\"name\":\"...\"} or "
			     "{\"pinned\":\"...\"}");
}

static int parse_reference(const struct request *rq, const char *arg,
			   struct reference *ref, struct err *err)
{
	json_t *value = json_object_get(rq->args, arg), *inner;
	bool by_id = true, by_name = true;

	*ref = (struct reference){ 0 };
	if (json_is_object(value) && json_object_size(value) == 1) {
		inner = json_object_get(value, "pinned");
		if (json_is_string(inner)) {
			ref->pinned = json_string_value(inner);
			return 0;
		}
		by_id = json_object_get(value, "id");
		by_name = json_object_get(value, "name");
		value = json_object_get(value, by_id ? "id" : "name");
	}
	if (json_is_string(value) && json_string_value(value)[0] == '/')
		ref->pinned = json_string_value(value);
	else if (by_id && json_is_integer(value) && json_integer_value(value) > 0 &&
	    json_integer_value(value) <= UINT32_MAX)
		ref->id = (u32)json_integer_value(value);
	else if (by_name && json_is_string(value) && json_string_length(value))
		ref->name = json_string_value(value);
	else
		return not_understood(arg, arg_has(rq, arg), err);
	return 0;
}

static int open_pinned(const struct request *rq, const struct object_kind *kind,
		       const char *path)
{
	union bpf_attr attr = { .pathname = (u64)(uintptr_t)path };
	int handle = request_bpf(rq, BPF_OBJ_GET, &attr);

	if (handle < 0 || kind->is(rq->bpf, handle))
		return handle;
	wclient_close(rq->bpf, handle);
	return -ENOENT;
}

static int open_called(const struct request *rq, const struct object_kind *kind,
		       const char *name, struct err *err)
{
	u32 found = 0;
	int handle;

	for (u32 id = 0; (id = object_next(rq, kind, id, &handle));) {
		bool is = kind->is_called(rq->bpf, handle, name);

		wclient_close(rq->bpf, handle);
		if (is && found) {
			err_fail(err, -ENOTUNIQ,
				 "more than one %s is called %.32s", kind->what,
				 name);
			return err_hint(err,
					"name it by id: %u or %u, for example",
					found, id);
		}
		if (is)
			found = id;
	}
	return found ? object_open(rq, kind, found) : -ENOENT;
}

static int not_found(const struct object_kind *kind,
		     const struct reference *ref, struct err *err)
{
	if (ref->pinned)
		err_fail(err, -ENOENT, "no %s is pinned as %.200s", kind->what,
			 ref->pinned);
	else if (ref->name)
		err_fail(err, -ENOENT, "no %s is called %.200s", kind->what,
			 ref->name);
	else
		err_fail(err, -ENOENT, "no %s has id %u", kind->what, ref->id);
	return err_hint(err, "`weir %s list` shows what there is",
			kind->command);
}

int arg_object(const struct request *rq, const char *name,
	       const struct object_kind *kind, struct err *err)
{
	struct reference ref;
	int res = parse_reference(rq, name, &ref, err);

	if (res)
		return res;
	if (ref.pinned)
		res = open_pinned(rq, kind, ref.pinned);
	else if (ref.name)
		res = open_called(rq, kind, ref.name, err);
	else
		res = object_open(rq, kind, ref.id);
	if (res == -ENOENT || (res == -EINVAL && kind->open < 0))
		return not_found(kind, &ref, err);
	if (res < 0 && res != -ENOTUNIQ)
		return err_fail(err, res, "cannot open the %s: %s", kind->what,
				strerror(-res));
	return res;
}

struct pin_list {
	struct json *json;
	const void *object;
	bool any;
};

static int print_pin(void *arg, const char *path, const void *object)
{
	struct pin_list *list = arg;

	if (object != list->object)
		return 0;
	if (!list->any) {
		json_key(list->json, "pinned");
		json_begin_array(list->json);
	}
	list->any = true;
	json_str(list->json, path);
	return 0;
}

void print_pins(const struct request *rq, struct json *j, const void *object)
{
	struct pin_list list = { .json = j, .object = object };

	sys_each_pin(request_sys(rq), print_pin, &list);
	if (list.any)
		json_end_array(j);
}
