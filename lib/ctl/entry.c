/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl/entry.h"

#include <errno.h>
#include <string.h>

#include "bpf/uapi.h"
#include "ctl/object.h"

int entry_call(const struct request *rq, int cmd, int map, const void *key,
	       void *value, u64 flags)
{
	union bpf_attr attr = {
		.map_fd = (u32)map,
		.value = (u64)(uintptr_t)value,
		.flags = flags,
	};

	if (wclient_map(rq->bpf, map)->key_size)
		attr.key = (u64)(uintptr_t)key;
	return request_bpf(rq, cmd, &attr);
}

/* Where a value of the map has an object's number, and of which kind it is. */
static const struct object_kind *number_in(const struct map *map, void *value,
					   u8 **at)
{
	*at = value;
	switch (map->ops->holds) {
	case HOLDS_PROGS: return &object_prog;
	case HOLDS_MAPS: return &object_map;
	case HOLDS_LINKED:
		*at += sizeof(u32);
		return map_link(map, value) ? &object_prog : NULL;
	default: return NULL;
	}
}

int entry_update(const struct request *rq, int map, const void *key,
		 void *value, u64 flags)
{
	const struct object_kind *kind;
	int handle, res;
	u8 *at;
	u32 id;

	kind = number_in(wclient_map(rq->bpf, map), value, &at);
	if (!kind)
		return entry_call(rq, BPF_MAP_UPDATE_ELEM, map, key, value,
				  flags);
	memcpy(&id, at, sizeof(id));
	handle = object_open(rq, kind, id);
	if (handle < 0)
		return handle;
	memcpy(at, &handle, sizeof(handle));
	res = entry_call(rq, BPF_MAP_UPDATE_ELEM, map, key, value, flags);
	memcpy(at, &id, sizeof(id));
	wclient_close(rq->bpf, handle);
	return res;
}

int map_failed(const struct map *map, const char *what, int code,
	       struct err *err)
{
	switch (code) {
	case -ENOENT:
		if (map->ops->pop)
			return err_fail(err, code, "map %s is empty",
					map->name);
		return err_fail(err, code, "map %s has no such entry",
				map->name);
	case -EEXIST:
		return err_fail(err, code, "map %s has that entry already",
				map->name);
	case -E2BIG:
		if (map->ops->count && map->ops->count(map) >= map->max_entries)
			return err_fail(err, code, "map %s is full: %u entries",
					map->name, map->max_entries);
		return err_fail(err, code,
				"the key is outside map %s of %u entries",
				map->name, map->max_entries);
	case -EPERM:
		return atomic_load(&map->frozen)
			       ? err_fail(err, code, "map %s is frozen",
					  map->name)
			       : err_fail(err, code, "map %s does not allow it",
					  map->name);
	case -EBUSY:
		return err_fail(err, code,
				"a process has map %s mapped to write",
				map->name);
	case -EOPNOTSUPP:
		return err_fail(err, code, "a %s map has no %s", map->ops->name,
				what);
	case -ENOTSUPP: /* has no name outside of Linux */
		return err_fail(err, -EOPNOTSUPP, "a %s map has no %s",
				map->ops->name, what);
	default:
		return err_fail(err, code, "%s in map %s failed: %s", what,
				map->name, strerror(-code));
	}
}
