/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * socket_maps.c - BPF_MAP_TYPE_REUSEPORT_SOCKARRAY and BPF_MAP_TYPE_SK_STORAGE
 *
 * Maps of sockets, of which Weir has none: they can be made and asked, and
 * nothing can be put into them.
 */
#include <errno.h>
#include <stdlib.h>

#include "bpf/btf.h"
#include "maps/array.h"

/* Linux's elements are counted in 16 bits, with a head. */
#define LINUX_STORAGE_MAX (UINT16_MAX - 128)

static int socket_map_create(const struct map_env *env,
			     const struct map_attr *attr, struct map **out)
{
	(void)env;
	(void)attr;
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

static void socket_map_destroy(struct map *map)
{
	free(map);
}

static u64 socket_map_nothing(const struct map *map)
{
	(void)map;
	return 0;
}

/* ---- REUSEPORT_SOCKARRAY ---- */

static int sockarray_check(const struct map_attr *attr, struct err *err)
{
	if (attr->value_size != sizeof(u32) && attr->value_size != sizeof(u64))
		return err_fail(err, -EINVAL,
				"the value of a reuseport_sockarray is 4 or 8 "
				"bytes, not %u",
				attr->value_size);
	return array_check_sizes(attr, BPF_F_NUMA_NODE | MAP_ACCESS_FLAGS, err);
}

/* A value of 8 bytes is the socket's cookie; 4 bytes hold none. */
static int sockarray_read(struct map *map, const void *key, void *value,
			  u64 flags)
{
	(void)key;
	(void)value;
	if (flags)
		return -EINVAL;
	return map->value_size == sizeof(u64) ? -ENOENT : -ENOSPC;
}

static int sockarray_check_write(const struct map *map, const void *key,
				 u64 flags)
{
	if (flags > BPF_EXIST)
		return -EINVAL;
	return array_index(key) >= map->max_entries ? -E2BIG : 0;
}

static int sockarray_write(struct map *map, const void *key, const void *value,
			   u64 flags)
{
	int err = sockarray_check_write(map, key, flags);

	(void)value;
	return err ? err : -EBADF;
}

static int sockarray_delete(struct map *map, const void *key)
{
	return array_index(key) >= map->max_entries ? -E2BIG : -ENOENT;
}

const struct map_ops reuseport_sockarray_ops = {
	.name = "reuseport_sockarray",
	.check = sockarray_check,
	.create = socket_map_create,
	.destroy = socket_map_destroy,
	.lookup = map_no_lookup,
	.update = map_no_update,
	.delete = sockarray_delete,
	.read = sockarray_read,
	.write = sockarray_write,
	.erase = sockarray_delete,
	.next_key = array_next_key,
	.scan = map_scan_nothing,
	.holds = HOLDS_SOCKETS,
	.check_write = sockarray_check_write,
	.count = socket_map_nothing,
	.bytes = socket_map_nothing,
};

/* ---- SK_STORAGE ---- */

static int storage_check(const struct map_attr *attr, struct err *err)
{
	int code = map_check_flags(attr, BPF_F_NO_PREALLOC | BPF_F_CLONE, err);

	if (code)
		return code;
	if (!(attr->flags & BPF_F_NO_PREALLOC))
		return err_fail(err, -EINVAL,
				"sk_storage needs BPF_F_NO_PREALLOC");
	if (attr->max_entries || attr->key_size != sizeof(u32) ||
	    !attr->value_size)
		return err_fail(err, -EINVAL,
				"sk_storage has keys of 4 bytes, a value_size "
				"above 0 and max_entries 0");
	if (!attr->btf_key || !attr->btf_value)
		return err_fail(err, -EINVAL,
				"sk_storage needs BTF types of key and value");
	if (attr->value_size > LINUX_STORAGE_MAX)
		return err_fail(err, -E2BIG,
				"value_size %u is more than %u bytes",
				attr->value_size, LINUX_STORAGE_MAX);
	return 0;
}

static int storage_check_btf(const struct map_attr *attr, struct err *err)
{
	u32 id = btf_skip(attr->btf, attr->btf_key);
	const struct btf_type *t = btf_type(attr->btf, id);

	if (BTF_INFO_KIND(t->info) == BTF_KIND_INT &&
	    (*(const u32 *)(t + 1) & 0xffffff) == 32)
		return 0;
	return err_fail(err, -EINVAL,
			"the key's BTF type %u is no 32-bit integer",
			attr->btf_key);
}

/* The key is a socket's descriptor. */
static int storage_read(struct map *map, const void *key, void *value,
			u64 flags)
{
	(void)map;
	(void)key;
	(void)value;
	(void)flags;
	return -EBADF;
}

static int storage_write(struct map *map, const void *key, const void *value,
			 u64 flags)
{
	(void)map;
	(void)key;
	(void)value;
	(void)flags;
	return -EBADF;
}

static int storage_delete(struct map *map, const void *key)
{
	(void)map;
	(void)key;
	return -EBADF;
}

static int storage_next_key(struct map *map, const void *key, void *next)
{
	(void)map;
	(void)key;
	(void)next;
	return -LINUX_ENOTSUPP;
}

const struct map_ops sk_storage_ops = {
	.name = "sk_storage",
	.check = storage_check,
	.create = socket_map_create,
	.destroy = socket_map_destroy,
	.lookup = map_no_lookup,
	.update = map_no_update,
	.delete = storage_delete,
	.read = storage_read,
	.write = storage_write,
	.erase = storage_delete,
	.next_key = storage_next_key,
	.scan = map_scan_nothing,
	.check_btf = storage_check_btf,
	.count = socket_map_nothing,
	.bytes = socket_map_nothing,
};
