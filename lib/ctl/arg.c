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

int arg_hook(const struct request *rq, enum hook_kind *hook, struct err *err)
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
