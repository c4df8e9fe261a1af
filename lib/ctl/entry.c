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

/* What its errno alone does not tell. */
static const struct {
	u32 type;
	const char *what;
	const char *hint;
} hints[] = {
	{ BPF_MAP_TYPE_ARRAY, "delete",
	  "an array's entries are always there: write zeros" },
	{ BPF_MAP_TYPE_PERCPU_ARRAY, "delete",
	  "an array's entries are always there: write zeros" },
	{ BPF_MAP_TYPE_LPM_TRIE, NULL,
	  "a key begins with its prefix's length, in bits of what follows" },
	{ BPF_MAP_TYPE_DEVMAP, "update",
	  "a value begins with the number of a port: weir port list" },
	{ BPF_MAP_TYPE_DEVMAP_HASH, "update",
	  "a value begins with the number of a port: weir port list" },
	{ BPF_MAP_TYPE_CPUMAP, "update",
	  "a key is an lcore, a value begins with the length of its queue, "
	  "from 1 to 16384" },
};

static int refused(const struct map *map, const char *what, int code,
		   struct err *err)
{
	err_fail(err, code, "%s in map %s failed: %s", what, map->name,
		 strerror(-code));
	for (size_t i = 0; code == -EINVAL && i < ARRAY_LEN(hints); i++)
		if (hints[i].type == map->type &&
		    (!hints[i].what || strcmp(hints[i].what, what) == 0))
			return err_hint(err, "%s", hints[i].hint);
	return code;
}

/* Are its keys the numbers below max_entries? */
static bool is_indexed(const struct map *map)
{
	switch (map->type) {
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_PROG_ARRAY:
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
	case BPF_MAP_TYPE_CGROUP_ARRAY:
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_DEVMAP:
	case BPF_MAP_TYPE_CPUMAP:
	case BPF_MAP_TYPE_XSKMAP:
	case BPF_MAP_TYPE_REUSEPORT_SOCKARRAY: return true;
	default: return false;
	}
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
		if (!is_indexed(map))
			return err_fail(err, code, "map %s is full: %u entries",
					map->name, map->max_entries);
		err_fail(err, code, "map %s of %u entries has no such index",
			 map->name, map->max_entries);
		return err_hint(err, "its keys are the numbers from 0 to %u",
				map->max_entries - 1);
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
	default: return refused(map, what, code, err);
	}
}
