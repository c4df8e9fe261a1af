/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * array_of_maps.c - BPF_MAP_TYPE_ARRAY_OF_MAPS
 *
 * M1  An entry holds a reference to its map, of the kind that programs have.
 * M2  A map that a program found in an entry stays until its burst ends: a map
 *     is freed a grace period after its last reference (map.c).
 * M3  Every map in it is like the template (inner.h), for good.
 *
 * tests/stress/inner_maps.c attacks M1 and M2.
 */
#include <errno.h>
#include <stdlib.h>

#include "maps/array.h"
#include "maps/inner.h"
#include "maps/object_array.h"

static int array_of_maps_check(const struct map_attr *attr, struct err *err)
{
	int code = object_array_check(attr, err);

	return code ? code : inner_check(attr, err);
}

static void hold_map(const struct map_env *env, void *map)
{
	(void)env;
	map_hold(map);
}

static void release_map(const struct map_env *env, void *map)
{
	(void)env;
	map_release(map);
}

static u32 id_of(const struct map_env *env, const void *map)
{
	(void)env;
	return ((const struct map *)map)->id;
}

static const struct object_kind maps = {
	.get = hold_map,
	.put = release_map,
	.id = id_of,
};

static int array_of_maps_create(const struct map_env *env,
				const struct map_attr *attr, struct map **out)
{
	struct object_array *a = calloc(1, sizeof(*a));
	int err;

	if (!a)
		return -ENOMEM;
	err = object_array_init(a, env, attr, &maps);
	if (!err)
		*out = &a->map;
	return err;
}

static void *array_of_maps_lookup(struct map *map, const void *key)
{
	return object_at(map, object_index(key));
}

static int array_of_maps_write_object(struct map *map, const void *key,
				      void *inner, u64 flags)
{
	int err = object_array_check_write(map, key, flags);

	if (!err)
		err = inner_fits(map, inner);
	if (!err)
		object_array_set(map, object_index(key), inner);
	return err;
}

const struct map_ops array_of_maps_ops = {
	.name = "array_of_maps",
	.check = array_of_maps_check,
	.create = array_of_maps_create,
	.destroy = object_array_destroy,
	.lookup = array_of_maps_lookup,
	.update = object_array_write,
	.delete = object_array_delete,
	.read = object_array_read,
	.write = object_array_write,
	.erase = object_array_erase,
	.next_key = array_next_key,
	.holds = HOLDS_MAPS,
	.check_write = object_array_check_write,
	.write_object = array_of_maps_write_object,
	.check_btf = map_check_no_btf,
	.count = object_array_count,
	.bytes = object_array_bytes,
};
