/* SPDX-License-Identifier: BSD-3-Clause */
/* arg.c - a request's arguments, checked once */
#include <errno.h>
#include <string.h>

#include "ctl/base64.h"
#include "ctl/request.h"

bool arg_has(const struct request *rq, const char *name)
{
	return json_object_get(rq->args, name) != NULL;
}

static int missing(const char *name, const char *what, const json_t *value,
		   struct err *err)
{
	if (!value)
		return err_fail(err, -EINVAL, "\"%s\" is missing: %s", name,
				what);
	return err_fail(err, -EINVAL, "\"%s\" is not %s", name, what);
}

int arg_string(const struct request *rq, const char *name, const char **out,
	       struct err *err)
{
	json_t *value = json_object_get(rq->args, name);

	if (!json_is_string(value))
		return missing(name, "a string", value, err);
	if (strlen(json_string_value(value)) != json_string_length(value))
		return err_fail(err, -EINVAL, "\"%s\" has a zero byte", name);
	*out = json_string_value(value);
	return 0;
}

int arg_u64(const struct request *rq, const char *name, u64 max, u64 *out,
	    struct err *err)
{
	json_t *value = json_object_get(rq->args, name);

	if (!json_is_integer(value))
		return missing(name, "a whole number", value, err);
	if (json_integer_value(value) < 0 ||
	    (u64)json_integer_value(value) > max)
		return err_fail(err, -ERANGE, "\"%s\" is not in 0 to %llu",
				name, (unsigned long long)max);
	*out = (u64)json_integer_value(value);
	return 0;
}

int arg_u32(const struct request *rq, const char *name, u32 *out,
	    struct err *err)
{
	u64 value;
	int res = arg_u64(rq, name, UINT32_MAX, &value, err);

	if (!res)
		*out = (u32)value;
	return res;
}

int arg_bool(const struct request *rq, const char *name, bool *out,
	     struct err *err)
{
	json_t *value = json_object_get(rq->args, name);

	if (!json_is_boolean(value))
		return missing(name, "true or false", value, err);
	*out = json_is_true(value);
	return 0;
}

int arg_base64(const struct request *rq, const char *name, u8 **bytes,
	       size_t *size, struct err *err)
{
	json_t *value = json_object_get(rq->args, name);

	if (!json_is_string(value))
		return missing(name, "a string of base64", value, err);
	*bytes = base64_decode(json_string_value(value),
			       json_string_length(value), size);
	if (!*bytes && errno == ENOMEM)
		return err_fail(err, -ENOMEM, "out of memory");
	return *bytes ? 0 : missing(name, "base64 (RFC 4648, padded)", value,
				    err);
}

int arg_flags(const struct request *rq, u64 *flags, struct err *err)
{
	static const char *const names[] = { "any", "noexist", "exist" };
	json_t *value = json_object_get(rq->args, "flags");

	*flags = BPF_ANY;
	if (!value)
		return 0;
	if (json_is_integer(value) && json_integer_value(value) >= 0) {
		*flags = (u64)json_integer_value(value);
		return 0;
	}
	for (u64 i = 0; i < ARRAY_LEN(names); i++) {
		if (json_is_string(value) &&
		    strcmp(json_string_value(value), names[i]) == 0) {
			*flags = i;
			return 0;
		}
	}
	return missing("flags", "\"any\", \"noexist\", \"exist\" or a number",
		       value, err);
}

/* What a reference says: exactly one of these is set. */
struct reference {
	u64 id; /* 0: not by id */
	const char *name;
	const char *pinned;
};

static int parse_reference(const struct request *rq, const char *arg,
			   struct reference *ref, struct err *err)
{
	json_t *value = json_object_get(rq->args, arg), *inner;

	memset(ref, 0, sizeof(*ref));
	if (json_is_object(value) && json_object_size(value) == 1) {
		inner = json_object_get(value, "pinned");
		if (json_is_string(inner)) {
			ref->pinned = json_string_value(inner);
			return 0;
		}
		inner = json_object_get(value, "id");
		if (!inner)
			inner = json_object_get(value, "name");
		value = json_is_integer(inner) ==
					(json_object_get(value, "id") != NULL) ?
				inner :
				NULL;
	}
	if (json_is_integer(value) && json_integer_value(value) > 0 &&
	    json_integer_value(value) <= UINT32_MAX)
		ref->id = (u64)json_integer_value(value);
	else if (json_is_string(value) && json_string_length(value))
		ref->name = json_string_value(value);
	else
		return missing(arg,
			       "{\"id\":N}, {\"name\":\"...\"} or "
			       "{\"pinned\":\"...\"}",
			       json_object_get(rq->args, arg), err);
	return 0;
}

/* Linux keeps 15 characters of a name. */
static bool same_name(const char *kept, const char *asked)
{
	return strncmp(kept, asked, BPF_OBJ_NAME_LEN - 1) == 0;
}

static int ambiguous(const char *what, const char *name, u32 a, u32 b,
		     struct err *err)
{
	err_fail(err, -ENOTUNIQ, "more than one %s is called %.32s", what,
		 name);
	return err_hint(err, "name it by id: %u or %u, for example", a, b);
}

static int map_by_name(struct sys *sys, const char *name, struct map **out,
		       struct err *err)
{
	struct map *found = NULL;

	for (u32 id = 0; (id = sys_next_map_id(sys, id));) {
		struct map *map = sys_map_by_id(sys, id);

		if (!map)
			continue;
		if (!same_name(map->name, name)) {
			map_put(map);
		} else if (found) {
			ambiguous("map", name, found->id, map->id, err);
			map_put(found);
			map_put(map);
			return err->code;
		} else {
			found = map;
		}
	}
	*out = found;
	return 0;
}

static int prog_by_name(struct sys *sys, const char *name, struct prog **out,
			struct err *err)
{
	struct prog *found = NULL;

	for (u32 id = 0; (id = sys_next_prog_id(sys, id));) {
		struct prog *prog = sys_prog_by_id(sys, id);

		if (!prog)
			continue;
		if (strcmp(prog->full_name, name) != 0 &&
		    strcmp(prog->name, name) != 0) {
			prog_put(prog);
		} else if (found) {
			ambiguous("program", name, found->id, prog->id, err);
			prog_put(found);
			prog_put(prog);
			return err->code;
		} else {
			found = prog;
		}
	}
	*out = found;
	return 0;
}

static int not_found(const char *what, const struct reference *ref,
		     struct err *err)
{
	if (ref->pinned)
		err_fail(err, -ENOENT, "no %s is pinned as %.200s", what,
			 ref->pinned);
	else if (ref->name)
		err_fail(err, -ENOENT, "no %s is called %.200s", what,
			 ref->name);
	else
		err_fail(err, -ENOENT, "no %s has id %llu", what,
			 (unsigned long long)ref->id);
	return err_hint(err, "`weir %s list` shows what there is",
			strcmp(what, "map") == 0 ? "map" : "prog");
}

int arg_map(const struct request *rq, const char *name, struct map **out,
	    struct err *err)
{
	struct sys *sys = request_sys(rq);
	struct reference ref;
	int res;

	*out = NULL;
	res = parse_reference(rq, name, &ref, err);
	if (res)
		return res;
	if (ref.pinned)
		*out = sys_pinned_map(sys, ref.pinned);
	else if (ref.name)
		res = map_by_name(sys, ref.name, out, err);
	else
		*out = sys_map_by_id(sys, (u32)ref.id);
	return res || *out ? res : not_found("map", &ref, err);
}

int arg_prog(const struct request *rq, const char *name, struct prog **out,
	     struct err *err)
{
	struct sys *sys = request_sys(rq);
	struct reference ref;
	int res;

	*out = NULL;
	res = parse_reference(rq, name, &ref, err);
	if (res)
		return res;
	if (ref.name)
		res = prog_by_name(sys, ref.name, out, err);
	else if (ref.id)
		*out = sys_prog_by_id(sys, (u32)ref.id);
	return res || *out ? res : not_found("program", &ref, err);
}

int arg_port(const struct request *rq, u32 *port, struct err *err)
{
	struct plane *plane = request_plane(rq);
	json_t *value = json_object_get(rq->args, "port");
	int found;

	if (json_is_integer(value)) {
		for (u32 i = 0; i < plane_port_count(plane); i++) {
			struct port_info info;

			plane_port_info(plane, i, &info);
			if (info.ifindex == json_integer_value(value)) {
				*port = i;
				return 0;
			}
		}
		return err_fail(err, -ENOENT, "no port has ifindex %lld",
				(long long)json_integer_value(value));
	}
	if (!json_is_string(value))
		return missing("port", "a port's name or ifindex", value, err);
	found = plane_port_find(plane, json_string_value(value), err);
	if (found < 0)
		return found;
	*port = (u32)found;
	return 0;
}
