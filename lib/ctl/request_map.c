/* SPDX-License-Identifier: BSD-3-Clause */
/* request_map.c - maps as a whole */
#include <errno.h>
#include <string.h>

#include "bpf/btf.h"
#include "ctl/request.h"
#include "ctl/value.h"

struct pin_list {
	struct json *json;
	const struct map *map;
	bool any;
};

static int print_pin(void *arg, const char *path, struct map *map)
{
	struct pin_list *list = arg;

	if (map != list->map)
		return 0;
	if (!list->any) {
		json_key(list->json, "pinned");
		json_begin_array(list->json);
	}
	list->any = true;
	json_str(list->json, path);
	return 0;
}

static void print_type(struct json *j, const char *name,
		       const struct map *map, u32 type)
{
	if (!map->btf || !type)
		return;
	json_kstr(j, name, btf_name(map->btf, type));
}

static void print_map(struct request *rq, struct map *map)
{
	struct json *j = &rq->json;
	struct pin_list pins = { .json = j, .map = map };

	json_begin_object(j);
	json_ku64(j, "id", map->id);
	json_kstr(j, "type", map->ops->name);
	if (map->name[0])
		json_kstr(j, "name", map->name);
	json_ku64(j, "flags", map->flags);
	json_ku64(j, "bytes_key", map->key_size);
	json_ku64(j, "bytes_value", map->value_size);
	json_ku64(j, "max_entries", map->max_entries);
	json_ku64(j, "bytes_memlock", map_bytes(map));
	json_ku64(j, "frozen", atomic_load(&map->frozen));
	if (map->ops->count)
		json_ku64(j, "entries", map->ops->count(map));
	if (map_is_percpu(map))
		json_ku64(j, "slots", map->slots);
	print_type(j, "key_type", map, map->btf_key);
	print_type(j, "value_type", map, map->btf_value);
	sys_each_pin(request_sys(rq), print_pin, &pins);
	if (pins.any)
		json_end_array(j);
	json_end_object(j);
}

static int map_list(struct request *rq, struct err *err)
{
	struct sys *sys = request_sys(rq);

	(void)err;
	json_begin_array(&rq->json);
	for (u32 id = 0; (id = sys_next_map_id(sys, id));) {
		struct map *map = sys_map_by_id(sys, id);

		if (!map)
			continue;
		print_map(rq, map);
		map_put(map);
	}
	json_end_array(&rq->json);
	return 0;
}

static int map_show(struct request *rq, struct err *err)
{
	struct map *map;
	int res = arg_map(rq, "map", &map, err);

	if (res)
		return res;
	print_map(rq, map);
	map_put(map);
	return 0;
}

static int map_freeze(struct request *rq, struct err *err)
{
	struct map *map;
	int res = arg_map(rq, "map", &map, err);

	if (res)
		return res;
	res = sys_map_freeze(request_sys(rq), map);
	if (res == -EBUSY)
		err_fail(err, res, "map %s is frozen already", map->name);
	else if (res)
		res = map_failed(map, "freeze", res, err);
	map_put(map);
	return res;
}

static int pin_as(struct request *rq, struct map *map, const char *path,
		  struct err *err)
{
	int res = sys_pin_map(request_sys(rq), path, map);

	if (res == -EEXIST)
		err_fail(err, res, "%.200s is pinned already", path);
	else if (res)
		err_fail(err, res, "cannot pin %.200s: %s", path,
			 strerror(-res));
	return res;
}

static int map_pin(struct request *rq, struct err *err)
{
	const char *path;
	struct map *map;
	int res = arg_string(rq, "path", &path, err);

	if (!res)
		res = arg_map(rq, "map", &map, err);
	if (res)
		return res;
	res = pin_as(rq, map, path, err);
	map_put(map);
	return res;
}

static int map_unpin(struct request *rq, struct err *err)
{
	const char *path;
	int res = arg_string(rq, "path", &path, err);

	if (res)
		return res;
	res = sys_unpin(request_sys(rq), path);
	return res ? err_fail(err, res, "nothing is pinned as %.200s", path) :
		     0;
}

/* attr->inner comes with a reference. */
static int create_attr(struct request *rq, struct map_attr *attr,
		       struct err *err)
{
	const char *type, *name;
	int res = arg_string(rq, "type", &type, err);

	if (!res)
		res = arg_u32(rq, "key_size", &attr->key_size, err);
	if (!res)
		res = arg_u32(rq, "value_size", &attr->value_size, err);
	if (!res)
		res = arg_u32(rq, "max_entries", &attr->max_entries, err);
	if (!res && arg_has(rq, "flags"))
		res = arg_u32(rq, "flags", &attr->flags, err);
	if (!res && arg_has(rq, "extra"))
		res = arg_u64(rq, "extra", UINT64_MAX, &attr->extra, err);
	if (!res && arg_has(rq, "inner"))
		res = arg_map(rq, "inner", &attr->inner, err);
	if (!res)
		res = arg_string(rq, "name", &name, err);
	if (res)
		return res;
	attr->type = map_type_parse(type);
	if (!attr->type)
		return err_fail(err, -EINVAL, "there is no map type '%.32s'",
				type);
	if (strlen(name) >= sizeof(attr->name))
		return err_fail(err, -EINVAL,
				"a map's name has at most %zu characters",
				sizeof(attr->name) - 1);
	strcpy(attr->name, name);
	return 0;
}

static int create(struct request *rq, struct map **out, struct err *err)
{
	struct map_attr attr = { .inner_err = -EBADF };
	int res = create_attr(rq, &attr, err);

	if (!res)
		res = sys_map_create(request_sys(rq), &attr, err, out);
	map_put(attr.inner);
	return res;
}

/* The pin is what keeps the map. */
static int map_make(struct request *rq, struct err *err)
{
	const char *path;
	struct map *map;
	int res = arg_string(rq, "path", &path, err);

	if (!res)
		res = create(rq, &map, err);
	if (res)
		return res;
	res = pin_as(rq, map, path, err);
	if (!res)
		print_map(rq, map);
	map_put(map);
	return res;
}

const struct method map_methods[] = {
	{ "map.list", "", map_list },
	{ "map.show", "map", map_show },
	{ "map.freeze", "map", map_freeze },
	{ "map.pin", "map path", map_pin },
	{ "map.unpin", "path", map_unpin },
	{ "map.create",
	  "path type name key_size value_size max_entries flags extra inner",
	  map_make },
	{ 0 },
};
