/* SPDX-License-Identifier: BSD-3-Clause */
#include "maps/object_array.h"

#include <errno.h>
#include <stdlib.h>

#include "maps/array.h"

int object_array_check(const struct map_attr *attr, struct err *err)
{
	if (attr->value_size != sizeof(u32))
		return err_fail(err, -EINVAL,
				"the value of a %s is 4 bytes, not %u",
				map_type_name(attr->type), attr->value_size);
	return array_check_sizes(attr,
				 BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY,
				 err);
}

int object_array_init(struct object_array *a, const struct map_env *env,
		      const struct map_attr *attr,
		      const struct object_kind *kind)
{
	if (arena_create(env->mem, attr->name,
			 attr->max_entries * (u64)sizeof(*a->fast.entries),
			 ARENA_FULL, &a->arena) != 0) {
		free(a);
		return -ENOMEM;
	}
	a->kind = kind;
	a->fast.entries = (void *)a->arena.base;
	return 0;
}

void object_array_destroy(struct map *map)
{
	struct object_array *a = object_array_of(map);

	object_array_clear(map);
	arena_destroy(&a->arena);
	free(a);
}

static void *swap_entry(struct object_array *a, u32 index, void *object)
{
	void *old;

	spin_lock(&a->lock);
	old = atomic_exchange_explicit(&a->fast.entries[index], object,
				       memory_order_acq_rel);
	spin_unlock(&a->lock);
	return old;
}

/* Until map_create() has succeeded max_entries is 0: there is none yet. */
void object_array_clear(struct map *map)
{
	struct object_array *a = object_array_of(map);
	void *object;

	for (u32 i = 0; i < map->max_entries; i++) {
		if (!atomic_load_explicit(&a->fast.entries[i], memory_order_relaxed))
			continue;
		object = swap_entry(a, i, NULL);
		if (object)
			a->kind->put(map->env, object);
	}
}

void object_array_set(struct map *map, u32 index, void *object)
{
	struct object_array *a = object_array_of(map);
	void *old;

	a->kind->get(map->env, object);
	old = swap_entry(a, index, object);
	if (old)
		a->kind->put(map->env, old);
}

void object_array_unset(struct map *map, u32 index, const void *object)
{
	struct object_array *a = object_array_of(map);
	void *found;

	spin_lock(&a->lock);
	found = object_at(map, index);
	if (found == object)
		atomic_store_explicit(&a->fast.entries[index], NULL,
				      memory_order_release);
	spin_unlock(&a->lock);
	if (found == object)
		a->kind->put(map->env, found);
}

int object_array_check_write(const struct map *map, const void *key, u64 flags)
{
	if (flags != BPF_ANY)
		return -EINVAL;
	return object_index(key) >= map->max_entries ? -E2BIG : 0;
}

int object_array_erase(struct map *map, const void *key)
{
	struct object_array *a = object_array_of(map);
	u32 index = object_index(key);
	void *old;

	if (index >= map->max_entries)
		return -E2BIG;
	old = swap_entry(a, index, NULL);
	if (!old)
		return -ENOENT;
	a->kind->put(map->env, old);
	return 0;
}

/* The value is the object's id. */
int object_array_read(struct map *map, const void *key, void *value, u64 flags)
{
	struct object_array *a = object_array_of(map);
	u32 index = object_index(key), id = 0;
	void *object;

	if (flags)
		return -EINVAL;
	if (index >= map->max_entries)
		return -ENOENT;
	spin_lock(&a->lock);
	object = atomic_load_explicit(&a->fast.entries[index], memory_order_acquire);
	if (object)
		id = a->kind->id(map->env, object);
	spin_unlock(&a->lock);
	if (!object)
		return -ENOENT;
	memcpy(value, &id, sizeof(id));
	return 0;
}

int object_array_write(struct map *map, const void *key, const void *value,
		       u64 flags)
{
	(void)map;
	(void)key;
	(void)value;
	(void)flags;
	return -EOPNOTSUPP;
}

int object_array_delete(struct map *map, const void *key)
{
	(void)map;
	(void)key;
	return -EOPNOTSUPP;
}

u64 object_array_count(const struct map *map)
{
	const struct object_array *a = object_array_of(map);
	u64 n = 0;

	for (u32 i = 0; i < map->max_entries; i++)
		n += atomic_load_explicit(&a->fast.entries[i],
					  memory_order_relaxed) != NULL;
	return n;
}

u64 object_array_bytes(const struct map *map)
{
	return object_array_of(map)->arena.charged;
}
