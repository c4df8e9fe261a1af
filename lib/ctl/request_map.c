/* SPDX-License-Identifier: BSD-3-Clause */
/* request_map.c - maps one entry at a time */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/btf.h"
#include "ctl/request.h"
#include "ctl/value.h"

/* ---- what a map is ---- */

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

/* ---- entries ---- */

struct entry {
	struct map *map;
	u8 *key;
	u8 *value; /* all slots */
};

static void entry_free(struct entry *e)
{
	free(e->key);
	free(e->value);
	map_put(e->map);
}

/* The map that the request names, and room for one of its entries. */
static int entry_begin(struct request *rq, struct entry *e, struct err *err)
{
	int res = arg_map(rq, "map", &e->map, err);

	if (res)
		return res;
	e->key = malloc(e->map->key_size + 1ULL);
	e->value = malloc(map_value_bytes(e->map) + 1);
	if (e->key && e->value)
		return 0;
	entry_free(e);
	return err_fail(err, -ENOMEM, "out of memory");
}

/* The same with the key of the request. */
static int entry_open(struct request *rq, struct entry *e, struct err *err)
{
	int res = entry_begin(rq, e, err);

	if (res)
		return res;
	res = arg_key(rq, e->map, e->key, err);
	if (res)
		entry_free(e);
	return res;
}

int map_failed(const struct map *map, const char *what, int code,
	       struct err *err)
{
	switch (code) {
	case -ENOENT:
		return err_fail(err, code, "map %s has no such entry",
				map->name);
	case -EEXIST:
		return err_fail(err, code, "map %s has that entry already",
				map->name);
	case -E2BIG:
		if (map->ops->count && map->ops->count(map) >= map->max_entries)
			return err_fail(err, code,
					"map %s is full: %u entries",
					map->name, map->max_entries);
		return err_fail(err, code,
				"the key is outside map %s of %u entries",
				map->name, map->max_entries);
	case -EPERM:
		return atomic_load(&map->frozen) ?
			       err_fail(err, code, "map %s is frozen",
					map->name) :
			       err_fail(err, code, "map %s does not allow it",
					map->name);
	case -EOPNOTSUPP:
		return err_fail(err, code, "a %s map has no %s",
				map->ops->name, what);
	default:
		return err_fail(err, code, "%s in map %s failed: %s", what,
				map->name, strerror(-code));
	}
}

static int map_lookup(struct request *rq, struct err *err)
{
	enum value_format format;
	struct entry e;
	int res;

	res = arg_format(rq, &format, err);
	if (res)
		return res;
	if (format == VALUE_PACKED)
		return err_fail(err, -EINVAL, "one entry is not packed");
	res = entry_open(rq, &e, err);
	if (res)
		return res;
	res = sys_map_read(request_sys(rq), e.map, e.key, e.value, 0);
	if (res)
		map_failed(e.map, "lookup", res, err);
	else
		value_entry(&rq->json, e.map, e.key, e.value, format);
	entry_free(&e);
	return res;
}

/* An entry of a prog array is given as the program it names. */
static int update_prog(struct request *rq, struct entry *e, u64 flags,
		       struct err *err)
{
	struct prog *prog;
	int res;

	if (!e->map->ops->write_prog)
		return err_fail(err, -EINVAL, "map %s holds no programs",
				e->map->name);
	res = arg_prog(rq, "prog", &prog, err);
	if (res)
		return res;
	if (atomic_load(&e->map->frozen))
		res = -EPERM;
	else
		res = e->map->ops->write_prog(e->map, e->key, prog, flags);
	if (res == -EINVAL) {
		err_fail(err, res, "program %s does not fit into map %s",
			 prog->full_name, e->map->name);
		err_hint(err, "programs of one array share type and "
			      "properties");
	} else if (res) {
		map_failed(e->map, "update", res, err);
	}
	prog_put(prog);
	return res;
}

static int map_update(struct request *rq, struct err *err)
{
	struct entry e;
	u64 flags;
	int res;

	res = arg_flags(rq, &flags, err);
	if (res)
		return res;
	res = entry_open(rq, &e, err);
	if (res)
		return res;
	if (arg_has(rq, "prog")) {
		res = update_prog(rq, &e, flags, err);
	} else if (e.map->ops->write_prog) {
		res = err_fail(err, -EINVAL, "map %s holds programs",
			       e.map->name);
		err_hint(err, "name one: \"prog\": {\"id\": 7}");
	} else {
		res = arg_value(rq, e.map, e.value, err);
		if (!res) {
			res = sys_map_write(request_sys(rq), e.map, e.key,
					    e.value, flags);
			if (res)
				map_failed(e.map, "update", res, err);
		}
	}
	entry_free(&e);
	return res;
}

static int map_delete(struct request *rq, struct err *err)
{
	struct entry e;
	int res = entry_open(rq, &e, err);

	if (res)
		return res;
	res = sys_map_erase(request_sys(rq), e.map, e.key);
	if (res)
		map_failed(e.map, "delete", res, err);
	entry_free(&e);
	return res;
}

static int map_next(struct request *rq, struct err *err)
{
	bool first = !arg_has(rq, "key") && !arg_has(rq, "key_hex");
	struct entry e;
	u8 *next;
	int res = first ? entry_begin(rq, &e, err) : entry_open(rq, &e, err);

	if (res)
		return res;
	next = malloc(e.map->key_size + 1ULL);
	if (!next)
		res = err_fail(err, -ENOMEM, "out of memory");
	if (!res) {
		res = e.map->ops->next_key(e.map, first ? NULL : e.key, next);
		if (res == -ENOENT)
			err_fail(err, res, "there is no entry after it");
		else if (res)
			map_failed(e.map, "next key", res, err);
	}
	if (!res) {
		json_begin_object(&rq->json);
		json_key(&rq->json, "key");
		if (first)
			json_put_null(&rq->json);
		else
			json_bytes(&rq->json, e.key, e.map->key_size);
		json_key(&rq->json, "next_key");
		json_bytes(&rq->json, next, e.map->key_size);
		json_end_object(&rq->json);
	}
	free(next);
	entry_free(&e);
	return res;
}

/* ---- maps as a whole ---- */

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
		map_failed(map, "freeze", res, err);
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

static int create_attr(struct request *rq, struct map_attr *attr,
		       struct err *err)
{
	const char *type, *name;
	int res = arg_string(rq, "type", &type, err);

	memset(attr, 0, sizeof(*attr));
	if (!res)
		res = arg_u32(rq, "key_size", &attr->key_size, err);
	if (!res)
		res = arg_u32(rq, "value_size", &attr->value_size, err);
	if (!res)
		res = arg_u32(rq, "max_entries", &attr->max_entries, err);
	if (!res && arg_has(rq, "flags"))
		res = arg_u32(rq, "flags", &attr->flags, err);
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

/* The pin is what keeps the map. */
static int map_make(struct request *rq, struct err *err)
{
	struct map_attr attr;
	const char *path;
	struct map *map;
	int res = arg_string(rq, "path", &path, err);

	if (!res)
		res = create_attr(rq, &attr, err);
	if (!res)
		res = sys_map_create(request_sys(rq), &attr, err, &map);
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
	{ "map.lookup", "map key key_hex format", map_lookup },
	{ "map.update", "map key key_hex value value_hex values prog flags",
	  map_update },
	{ "map.delete", "map key key_hex", map_delete },
	{ "map.next_key", "map key key_hex", map_next },
	{ "map.freeze", "map", map_freeze },
	{ "map.pin", "map path", map_pin },
	{ "map.unpin", "path", map_unpin },
	{ "map.create",
	  "path type name key_size value_size max_entries flags", map_make },
	{ 0 },
};
