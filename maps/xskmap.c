/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * xskmap.c - BPF_MAP_TYPE_XSKMAP: AF_XDP sockets by queue
 *
 * There are no such sockets: the map is made and asked as in Linux, and stays
 * empty, so a program's default action is what happens.
 */
#include <errno.h>

#include "maps/array.h"
#include "maps/redirect_entry.h"

#define XSKMAP_FLAGS (BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY)

static int xskmap_check(const struct map_attr *attr, struct err *err)
{
	if (attr->value_size != sizeof(u32))
		return err_fail(err, -EINVAL,
				"the value of an xskmap is 4 bytes, not %u",
				attr->value_size);
	return redirect_check(attr, XSKMAP_FLAGS, err);
}

static int xskmap_check_write(const struct map *map, const void *key, u64 flags)
{
	if (flags > BPF_EXIST)
		return -EINVAL;
	return object_index(key) >= map->max_entries ? -E2BIG : 0;
}

/* Only programs look entries up. */
static int xskmap_read(struct map *map, const void *key, void *value, u64 flags)
{
	(void)map;
	(void)key;
	(void)value;
	return flags ? -EINVAL : -EOPNOTSUPP;
}

const struct map_ops xskmap_ops = {
	.name = "xskmap",
	.check = xskmap_check,
	.check_btf = map_check_no_btf,
	.create = redirect_array_create,
	.destroy = object_array_destroy,
	.lookup = map_no_lookup,
	.read = xskmap_read,
	.write = redirect_no_write,
	.erase = redirect_array_erase,
	.next_key = array_next_key,
	.holds = HOLDS_SOCKETS,
	.check_write = xskmap_check_write,
	.count = object_array_count,
	.bytes = object_array_bytes,
};
