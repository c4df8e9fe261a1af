/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * percpu_array.c - BPF_MAP_TYPE_PERCPU_ARRAY
 *
 * One array a slot, each on cache lines of its own: lcores never share one.
 */
#include "maps/array.h"

#include <errno.h>
#include <stdlib.h>

#include "maps/words.h"

static int percpu_array_check(const struct map_attr *attr, struct err *err)
{
	int code = array_check_sizes(attr, BPF_F_NUMA_NODE | MAP_ACCESS_FLAGS,
				     err);

	if (code)
		return code;
	if ((attr->flags & BPF_F_NUMA_NODE) && attr->numa_node != UINT32_MAX)
		return err_fail(err, -EINVAL, "per-CPU maps have no NUMA node");
	if (round_up(attr->value_size, 8) > MAP_PERCPU_VALUE_MAX)
		return err_fail(err, -E2BIG,
				"value_size %u is more than the %u bytes of a "
				"per-CPU value",
				attr->value_size, MAP_PERCPU_VALUE_MAX);
	return 0;
}

static int percpu_array_create(const struct map_env *env,
			       const struct map_attr *attr, struct map **out)
{
	u64 stride = round_up(attr->value_size, 8);
	u64 plane = round_up(attr->max_entries * stride, CACHE_LINE);
	struct array *a;
	int err;

	a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	/* At most 2^32 x 2^15 x 2^7: no overflow. */
	err = arena_create(env->mem, attr->name, plane * mem_slots(env->mem),
			   ARENA_FULL, &a->arena);
	if (err) {
		free(a);
		return -ENOMEM;
	}
	a->fast = (struct array_fast){
		.base = a->arena.base,
		.max_entries = attr->max_entries,
		.stride = (u32)stride,
		.slot_stride = plane,
	};
	*out = &a->map;
	return 0;
}

static void *percpu_array_lookup(struct map *map, const void *key)
{
	return array_at(&array_of(map)->fast, array_index(key), map_slot());
}

static int percpu_array_update(struct map *map, const void *key,
			       const void *value, u64 flags)
{
	int err = array_check_update(map, key, flags);

	if (!err)
		words_over(percpu_array_lookup(map, key), value,
			   map->value_size);
	return err;
}

static void *percpu_array_lookup_slot(struct map *map, const void *key,
				      u32 slot)
{
	return array_at(&array_of(map)->fast, array_index(key), slot);
}

static int percpu_array_read(struct map *map, const void *key, void *value,
			     u64 flags)
{
	const struct array_fast *a = &array_of(map)->fast;
	u8 *to = value;

	if (flags)
		return -EINVAL;
	if (array_index(key) >= map->max_entries)
		return -ENOENT;
	for (u32 slot = 0; slot < map->slots; slot++, to += a->stride)
		words_out(to, array_at(a, array_index(key), slot), a->stride);
	return 0;
}

/* The padding of each value is the caller's, as on Linux. */
static int percpu_array_write(struct map *map, const void *key,
			      const void *value, u64 flags)
{
	const struct array_fast *a = &array_of(map)->fast;
	const u8 *from = value;
	int err;

	if (flags > BPF_EXIST)
		return -EINVAL;
	err = array_check_update(map, key, flags);
	if (err)
		return err;
	for (u32 slot = 0; slot < map->slots; slot++, from += a->stride)
		words_in(array_at(a, array_index(key), slot), from, a->stride);
	return 0;
}

const struct map_ops percpu_array_ops = {
	.name = "percpu_array",
	.check = percpu_array_check,
	.create = percpu_array_create,
	.destroy = array_destroy,
	.lookup = percpu_array_lookup,
	.update = percpu_array_update,
	.delete = array_delete,
	.read = percpu_array_read,
	.write = percpu_array_write,
	.erase = array_delete,
	.next_key = array_next_key,
	.for_each = array_for_each,
	.lookup_slot = percpu_array_lookup_slot,
	.check_btf = array_check_btf,
	.fast = &array_map_fast,
	.count = array_count,
	.bytes = array_bytes,
};
