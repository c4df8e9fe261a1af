/* SPDX-License-Identifier: BSD-3-Clause */
/* request_map.c - maps as a whole */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "bpf/btf.h"
#include "ctl/entry.h"
#include "ctl/object.h"
#include "ctl/session.h"
#include "ctl/value.h"

static void print_type(struct json *j, const char *name,
		       const struct map *map, u32 type)
{
	if (!map->btf || !type)
		return;
	json_kstr(j, name, btf_name(map->btf, type));
}

static void print_map(struct request *rq, int handle)
{
	const struct map *map = wclient_map(rq->bpf, handle);
	struct json *j = &rq->json;

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
	print_pins(rq, j, map);
	json_end_object(j);
}

static int map_list(struct request *rq, struct err *err)
{
	int handle;

	(void)err;
	json_begin_array(&rq->json);
	for (u32 id = 0; (id = object_next(rq, &object_map, id, &handle));) {
		print_map(rq, handle);
		wclient_close(rq->bpf, handle);
	}
	json_end_array(&rq->json);
	return 0;
}

static int map_show(struct request *rq, struct err *err)
{
	int handle = arg_object(rq, "map", &object_map, err);

	if (handle < 0)
		return handle;
	print_map(rq, handle);
	return 0;
}

static int map_freeze(struct request *rq, struct err *err)
{
	union bpf_attr attr = { 0 };
	int handle = arg_object(rq, "map", &object_map, err), res;

	if (handle < 0)
		return handle;
	attr.map_fd = (u32)handle;
	res = request_bpf(rq, BPF_MAP_FREEZE, &attr);
	return res ? map_failed(wclient_map(rq->bpf, handle), "freeze", res,
				err) :
		     0;
}

/* mmap(2): with the answer comes a descriptor to map from its start on.  To
 * write, the map counts as mapped so while the client is there. */
static int map_memory(struct request *rq, struct err *err)
{
	struct wclient *held = session_held(rq->session);
	union bpf_attr attr = { 0 };
	bool write = false;
	const struct map *map;
	int res, handle = arg_object(rq, "map", &object_map, err);
	struct stat st;

	if (handle < 0)
		return handle;
	map = wclient_map(rq->bpf, handle);
	res = arg_has(rq, "write") ? arg_bool(rq, "write", &write, err) : 0;
	if (res)
		return res;
	attr.map_id = map->id;
	handle = wbpf(held, BPF_MAP_GET_FD_BY_ID, &attr, sizeof(attr),
		      &wmem_self);
	res = handle < 0 ? handle : wclient_map_memory(held, handle, write);
	if (handle >= 0 && (res < 0 || !write))
		wclient_close(held, handle);
	if (res == -ENOTSUPP || res == -EINVAL) {
		err_fail(err, -EOPNOTSUPP, "map %s cannot be mapped",
			 map->name);
		return err_hint(err, "arrays with BPF_F_MMAPABLE (0x400) and "
				     "ring buffers can");
	}
	if (res < 0)
		return map_failed(map, "mmap", res, err);
	rq->fd = res;
	if (fstat(rq->fd, &st) != 0)
		return err_fail(err, -errno, "cannot see the map's size");
	json_begin_object(&rq->json);
	json_ku64(&rq->json, "size", (u64)st.st_size);
	json_end_object(&rq->json);
	return 0;
}

static int create_attr(struct request *rq, union bpf_attr *attr,
		       struct err *err)
{
	const char *type, *name;
	u64 extra = 0;
	int res = arg_string(rq, "type", &type, err);

	if (!res)
		res = arg_u32(rq, "key_size", &attr->key_size, err);
	if (!res)
		res = arg_u32(rq, "value_size", &attr->value_size, err);
	if (!res)
		res = arg_u32(rq, "max_entries", &attr->max_entries, err);
	if (!res && arg_has(rq, "flags"))
		res = arg_u32(rq, "flags", &attr->map_flags, err);
	if (!res && arg_has(rq, "extra"))
		res = arg_u64(rq, "extra", UINT64_MAX, &extra, err);
	if (!res)
		res = arg_string(rq, "name", &name, err);
	if (res)
		return res;
	attr->map_extra = extra;
	attr->map_type = map_type_parse(type);
	if (!attr->map_type)
		return err_fail(err, -EINVAL, "there is no map type '%.32s'",
				type);
	if (strlen(name) >= sizeof(attr->map_name))
		return err_fail(err, -EINVAL,
				"a map's name has at most %zu characters",
				sizeof(attr->map_name) - 1);
	strcpy(attr->map_name, name);
	return 0;
}

/* A handle, or a negative errno. */
static int create(struct request *rq, struct err *err)
{
	const struct wmem_ops mem = { .read = wmem_self.read,
				      .write = wmem_self.write,
				      .err = err };
	union bpf_attr attr = { 0 };
	int res = create_attr(rq, &attr, err), inner = 0;

	if (!res && arg_has(rq, "inner"))
		inner = arg_object(rq, "inner", &object_map, err);
	if (res || inner < 0)
		return res ? res : inner;
	attr.inner_map_fd = (u32)inner;
	return wbpf(rq->bpf, BPF_MAP_CREATE, &attr, sizeof(attr), &mem);
}

/* The pin is what keeps the map. */
static int map_make(struct request *rq, struct err *err)
{
	const char *path;
	int handle, res = arg_string(rq, "path", &path, err);

	if (res)
		return res;
	handle = create(rq, err);
	if (handle < 0)
		return handle;
	res = pin_handle(rq, handle, path, err);
	if (!res)
		print_map(rq, handle);
	return res;
}

const struct method map_methods[] = {
	{ "map.list", "", map_list },
	{ "map.show", "map", map_show },
	{ "map.freeze", "map", map_freeze },
	{ "map.memory", "map write", map_memory },
	{ "map.create",
	  "path type name key_size value_size max_entries flags extra inner",
	  map_make },
	{ 0 },
};
