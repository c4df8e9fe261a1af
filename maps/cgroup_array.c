/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cgroup_array.c - BPF_MAP_TYPE_CGROUP_ARRAY
 *
 * An entry names a group of ports or lcores (group.h) where on Linux it is a
 * cgroup.  Groups are numbers: there is nothing to keep alive.
 */
#include "maps/group.h"

#include <errno.h>
#include <stdlib.h>

#include "maps/array.h"

struct cgroup_array {
	struct map map;
	struct arena arena;
	_Atomic u32 *groups; /* GROUP_NONE: empty */
};

static struct cgroup_array *cgroup_array_of(const struct map *map)
{
	return container_of(map, struct cgroup_array, map);
}

bool group_exists(u32 group)
{
	u32 kind = group >> GROUP_KIND_SHIFT;

	return group == GROUP_ALL || kind == GROUP_PORT || kind == GROUP_LCORE;
}

/* Two levels: everything, and in it a port or an lcore. */
bool group_is_under(u32 group, u32 ancestor)
{
	return ancestor == GROUP_ALL || group == ancestor;
}

u32 group_ancestor(u32 group, s32 level)
{
	if (level == 0)
		return GROUP_ALL;
	return level == 1 && group != GROUP_ALL ? group : GROUP_NONE;
}

u32 cgroup_array_at(const struct map *map, u32 index)
{
	if (index >= map->max_entries)
		return GROUP_NONE;
	return atomic_load_explicit(&cgroup_array_of(map)->groups[index],
				    memory_order_relaxed);
}

int cgroup_array_holds(const struct map *map, u32 index, u32 group)
{
	u32 held;

	if (index >= map->max_entries)
		return -E2BIG;
	held = cgroup_array_at(map, index);
	return held == GROUP_NONE ? -EAGAIN : group_is_under(group, held);
}

static int cgroup_array_check(const struct map_attr *attr, struct err *err)
{
	if (attr->value_size != sizeof(u32))
		return err_fail(err, -EINVAL,
				"the value of a cgroup_array is 4 bytes, not "
				"%u",
				attr->value_size);
	return array_check_sizes(attr,
				 BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY,
				 err);
}

static int cgroup_array_create(const struct map_env *env,
			       const struct map_attr *attr, struct map **out)
{
	struct cgroup_array *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	if (arena_create(env->mem, attr->name,
			 attr->max_entries * (u64)sizeof(*a->groups),
			 ARENA_FULL, &a->arena) != 0) {
		free(a);
		return -ENOMEM;
	}
	a->groups = (void *)a->arena.base;
	*out = &a->map;
	return 0;
}

static void cgroup_array_destroy(struct map *map)
{
	struct cgroup_array *a = cgroup_array_of(map);

	arena_destroy(&a->arena);
	free(a);
}

static int cgroup_array_write(struct map *map, const void *key,
			      const void *value, u64 flags)
{
	u32 index = array_index(key), group;

	if (flags != BPF_ANY)
		return -EINVAL;
	if (index >= map->max_entries)
		return -E2BIG;
	memcpy(&group, value, sizeof(group));
	if (!group_exists(group))
		return -EBADF;
	atomic_store_explicit(&cgroup_array_of(map)->groups[index], group,
			      memory_order_relaxed);
	return 0;
}

static int cgroup_array_erase(struct map *map, const void *key)
{
	u32 index = array_index(key), old;

	if (index >= map->max_entries)
		return -E2BIG;
	old = atomic_exchange_explicit(&cgroup_array_of(map)->groups[index],
				       GROUP_NONE, memory_order_relaxed);
	return old == GROUP_NONE ? -ENOENT : 0;
}

/* Linux has no number that would name a cgroup. */
static int cgroup_array_read(struct map *map, const void *key, void *value,
			     u64 flags)
{
	(void)map;
	(void)key;
	(void)value;
	(void)flags;
	return -LINUX_ENOTSUPP;
}

static int cgroup_array_scan(struct map *map, u64 *cursor, u32 n, map_visit *fn,
			     void *arg)
{
	u32 seen = 0;
	int err = 0;

	while (!err && seen < n && *cursor < map->max_entries) {
		u32 index = (u32)(*cursor)++;
		u32 group = cgroup_array_at(map, index);

		if (group == GROUP_NONE)
			continue;
		seen++;
		err = fn(arg, &index, &group);
	}
	return err || seen ? err : -ENOENT;
}

static int no_update(struct map *map, const void *key, const void *value,
		     u64 flags)
{
	(void)map;
	(void)key;
	(void)value;
	(void)flags;
	return -EOPNOTSUPP;
}

static int no_delete(struct map *map, const void *key)
{
	(void)map;
	(void)key;
	return -EOPNOTSUPP;
}

static u64 cgroup_array_count(const struct map *map)
{
	u64 n = 0;

	for (u32 i = 0; i < map->max_entries; i++)
		n += cgroup_array_at(map, i) != GROUP_NONE;
	return n;
}

static u64 cgroup_array_bytes(const struct map *map)
{
	return cgroup_array_of(map)->arena.charged;
}

const struct map_ops cgroup_array_ops = {
	.name = "cgroup_array",
	.check = cgroup_array_check,
	.create = cgroup_array_create,
	.destroy = cgroup_array_destroy,
	.lookup = map_no_lookup,
	.update = no_update,
	.delete = no_delete,
	.read = cgroup_array_read,
	.write = cgroup_array_write,
	.erase = cgroup_array_erase,
	.next_key = array_next_key,
	.scan = cgroup_array_scan,
	.check_btf = map_check_no_btf,
	.count = cgroup_array_count,
	.bytes = cgroup_array_bytes,
};
