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

#include "maps/words.h"

#define ARRAY_FLAGS \
	(BPF_F_NUMA_NODE | BPF_F_MMAPABLE | BPF_F_INNER_MAP | MAP_ACCESS_FLAGS)

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
	if ((flags & ~(u64)BPF_F_LOCK) > BPF_EXIST)
		return -EINVAL;
	if (array_index(key) >= map->max_entries)
		return -E2BIG;
	if (flags & BPF_NOEXIST)
		return -EEXIST;
	return flags & BPF_F_LOCK ? -EINVAL : 0; /* the value has no lock */
}

static int array_update(struct map *map, const void *key, const void *value,
			u64 flags)
{
	int err = array_check_update(map, key, flags);

	if (!err)
		words_over(array_lookup(map, key), value, map->value_size);
	return err;
}

/* Every index always exists, so there is nothing to delete. */
int array_delete(struct map *map, const void *key)
{
	(void)map;
	(void)key;
	return -EINVAL;
}

static int array_read(struct map *map, const void *key, void *value, u64 flags)
{
	void *at = array_lookup(map, key);

	if (flags)
		return -EINVAL;
	if (!at)
		return -ENOENT;
	words_out(value, at, map->value_size);
	return 0;
}

static int array_write(struct map *map, const void *key, const void *value,
		       u64 flags)
{
	if (flags & BPF_F_LOCK)
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
	.count = array_count,
	.bytes = array_bytes,
};
