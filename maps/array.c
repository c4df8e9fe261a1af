/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * array.c - BPF_MAP_TYPE_ARRAY
 *
 * Values side by side, each padded to a multiple of 8: with BPF_F_MMAPABLE the
 * memory is laid out as Linux's mmap() of the map shows it.
 */
#include "maps/array.h"

#include <errno.h>
#include <stdlib.h>

#include "bpf/btf.h"
#include "maps/fields.h"

#define ARRAY_FLAGS \
	(BPF_F_NUMA_NODE | BPF_F_MMAPABLE | BPF_F_INNER_MAP | MAP_ACCESS_FLAGS)

const struct map_fast array_map_fast = {
	.off = offsetof(struct array, fast),
	.words = sizeof(struct array_fast) / 8,
	.moving = 1u << offsetof(struct array_fast, base) / 8,
};

int array_check_sizes(const struct map_attr *attr, u32 flags, struct err *err)
{
	int code;

	if (attr->max_entries == 0)
		return err_fail(err, -EINVAL, "max_entries must not be 0");
	if (attr->key_size != 4)
		return err_fail(err, -EINVAL,
				"the key of an array is 4 bytes, not %u",
				attr->key_size);
	if (attr->value_size == 0)
		return err_fail(err, -EINVAL, "value_size must not be 0");
	code = map_check_flags(attr, flags, err);
	if (code)
		return code;
	if (attr->value_size > INT32_MAX)
		return err_fail(err, -E2BIG, "value_size %u is too big",
				attr->value_size);
	return 0;
}

static int array_check(const struct map_attr *attr, struct err *err)
{
	return array_check_sizes(attr, ARRAY_FLAGS, err);
}

/* Only a data section has no key, and describes all. */
int array_check_btf(const struct map_attr *attr, struct err *err)
{
	u32 id = attr->btf_key ? attr->btf_key : attr->btf_value;
	const struct btf_type *t = btf_type(attr->btf, btf_skip(attr->btf, id));

	if (attr->btf_key) {
		if (BTF_INFO_KIND(t->info) == BTF_KIND_INT &&
		    (*(const u32 *)(t + 1) & 0xffffff) == 32)
			return 0;
		return err_fail(err, -EINVAL,
				"the index's BTF type %u is no 32-bit integer",
				attr->btf_key);
	}
	if (attr->type == BPF_MAP_TYPE_ARRAY && attr->max_entries == 1 &&
	    BTF_INFO_KIND(t->info) == BTF_KIND_DATASEC)
		return 0;
	return err_fail(err, -EINVAL, "the key has no BTF type");
}

/* Programs have the size of an array in them, unless told not to. */
static bool array_alike(const struct map *map, const struct map *like)
{
	return like->flags & BPF_F_INNER_MAP ||
	       map->max_entries == like->max_entries;
}

static int array_memory_fd(const struct map *map)
{
	const struct array *a = container_of(map, const struct array, map);

	return map->flags & BPF_F_MMAPABLE ? a->arena.fd : -1;
}

static int array_create(const struct map_env *env, const struct map_attr *attr,
			struct map **out)
{
	u64 stride = round_up(attr->value_size, 8);
	struct array *a;
	int err;

	a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	/* Both factors are 32 bits: no overflow. */
	err = arena_create(env->mem, attr->name, attr->max_entries * stride,
			   attr->flags & BPF_F_MMAPABLE ? ARENA_SHARED
							: ARENA_FULL,
			   &a->arena);
	if (err) {
		free(a);
		return -ENOMEM;
	}
	a->fast = (struct array_fast){
		.base = a->arena.base,
		.max_entries = attr->max_entries,
		.stride = (u32)stride,
	};
	*out = &a->map;
	return 0;
}

void array_destroy(struct map *map)
{
	struct array *a = array_of(map);

	arena_destroy(&a->arena);
	free(a);
}

static void *array_lookup(struct map *map, const void *key)
{
	return array_at(&array_of(map)->fast, array_index(key), 0);
}

int array_check_update(const struct map *map, const void *key, u64 flags)
{
	return array_refuses(map->max_entries, array_index(key), flags,
			     map_has_lock(map));
}

static int array_update(struct map *map, const void *key, const void *value,
			u64 flags)
{
	int err = array_check_update(map, key, flags);

	if (err)
		return err;
	if (flags & BPF_F_LOCK)
		value_over_locked(map, array_lookup(map, key), value);
	else
		value_over(map, array_lookup(map, key), value);
	value_gone(map, array_lookup(map, key));
	return 0;
}

/* Every index always exists, so there is nothing to delete. */
int array_delete(struct map *map, const void *key)
{
	(void)map;
	(void)key;
	return -EINVAL;
}

u32 array_for_each(struct map *map, map_reach *fn, void *arg)
{
	const struct array_fast *a = &array_of(map)->fast;
	u32 index = 0;
	bool more = true;

	while (more && index < a->max_entries) {
		u32 key = index++;

		more = fn(arg, &key, array_at(a, key, map_slot()));
	}
	return index;
}

static int array_read(struct map *map, const void *key, void *value, u64 flags)
{
	void *at = array_lookup(map, key);

	if (flags & ~(u64)BPF_F_LOCK || (flags && !map_has_lock(map)))
		return -EINVAL;
	if (!at)
		return -ENOENT;
	if (flags & BPF_F_LOCK)
		value_out_locked(map, value, at);
	else
		value_out(map, value, at);
	return 0;
}

/* Linux looks for the lock first. */
static int array_write(struct map *map, const void *key, const void *value,
		       u64 flags)
{
	if (flags & BPF_F_LOCK && !map_has_lock(map))
		return -EINVAL;
	return array_update(map, key, value, flags);
}

int array_next_key(struct map *map, const void *key, void *next)
{
	u32 index = key ? array_index(key) : UINT32_MAX;

	if (index >= map->max_entries)
		index = 0;
	else if (index == map->max_entries - 1)
		return -ENOENT;
	else
		index++;
	memcpy(next, &index, sizeof(index));
	return 0;
}

u64 array_count(const struct map *map)
{
	return map->max_entries;
}

u64 array_bytes(const struct map *map)
{
	return array_of((struct map *)map)->arena.charged;
}

const struct map_ops array_ops = {
	.name = "array",
	.check = array_check,
	.create = array_create,
	.destroy = array_destroy,
	.lookup = array_lookup,
	.update = array_update,
	.delete = array_delete,
	.read = array_read,
	.write = array_write,
	.erase = array_delete,
	.next_key = array_next_key,
	.for_each = array_for_each,
	.check_btf = array_check_btf,
	.alike = array_alike,
	.memory_fd = array_memory_fd,
	.fast = &array_map_fast,
	.count = array_count,
	.bytes = array_bytes,
};
