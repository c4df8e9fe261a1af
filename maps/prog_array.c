/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * prog_array.c - BPF_MAP_TYPE_PROG_ARRAY, the jump tables of tail calls
 *
 * P1  An entry holds a reference to its program.  Entries change under the
 *     lock; whoever takes a pointer out owns that reference.
 * P2  The reference goes when a grace period has passed: a program that an
 *     lcore found in an entry stays until the lcore's burst ends.
 * P3  All programs of the array, in entries or jumping through it, are of one
 *     kind, set by the first and kept while the array lives.
 * P4  After the last user reference there are no entries (map.h).
 *
 * tests/stress/prog_array_swap.c attacks P1 and P2.
 */
#include "maps/prog_array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "maps/family.h"
#include "mem/spin.h"

struct prog_array {
	struct map map;
	struct arena arena;
	struct spin lock;
	_Atomic(struct prog *) *entries; /* read by lcores without the lock */
	_Atomic u64 kind;		 /* 0: no program yet */
};

static struct prog_array *prog_array_of(const struct map *map)
{
	return container_of(map, struct prog_array, map);
}

static int prog_array_check(const struct map_attr *attr, struct err *err)
{
	if (attr->max_entries == 0)
		return err_fail(err, -EINVAL, "max_entries must not be 0");
	if (attr->key_size != 4 || attr->value_size != 4)
		return err_fail(
			err, -EINVAL,
			"key and value of a prog_array are 4 bytes, not %u, %u",
			attr->key_size, attr->value_size);
	return map_check_flags(attr,
			       BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY,
			       err);
}

static int prog_array_create(const struct map_env *env,
			     const struct map_attr *attr, struct map **out)
{
	struct prog_array *a;

	a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	if (arena_create(env->mem, attr->name,
			 attr->max_entries * (u64)sizeof(*a->entries),
			 ARENA_FULL, &a->arena) != 0) {
		free(a);
		return -ENOMEM;
	}
	a->entries = (void *)a->arena.base;
	*out = &a->map;
	return 0;
}

static void prog_array_destroy(struct map *map)
{
	struct prog_array *a = prog_array_of(map);

	arena_destroy(&a->arena);
	free(a);
}

static u32 index_of(const void *key)
{
	u32 index;

	memcpy(&index, key, sizeof(index));
	return index;
}

struct late_put {
	struct rcu_head head;
	const struct prog_ref_ops *progs;
	struct prog *prog;
};

static void put_late(struct rcu_head *head)
{
	struct late_put *late = container_of(head, struct late_put, head);

	late->progs->put(late->prog);
	free(late);
}

/* Give up the reference of an entry that prog was just taken out of. */
static void put_after_grace(const struct map *map, struct prog *prog)
{
	struct rcu *rcu = mem_rcu(map->env->mem);
	struct late_put *late;

	late = malloc(sizeof(*late));
	if (!late) {
		rcu_synchronize(rcu);
		map->env->progs->put(prog);
		return;
	}
	late->progs = map->env->progs;
	late->prog = prog;
	rcu_defer(rcu, &late->head, put_late);
}

static struct prog *swap_entry(struct prog_array *a, u32 index,
			       struct prog *prog)
{
	struct prog *old;

	spin_lock(&a->lock);
	old = atomic_exchange_explicit(&a->entries[index], prog,
				       memory_order_acq_rel);
	spin_unlock(&a->lock);
	return old;
}

static void prog_array_forget(struct map *map)
{
	struct prog_array *a = prog_array_of(map);
	struct prog *prog;

	for (u32 i = 0; i < map->max_entries; i++) {
		if (!atomic_load_explicit(&a->entries[i], memory_order_relaxed))
			continue;
		prog = swap_entry(a, i, NULL);
		if (prog)
			put_after_grace(map, prog);
	}
}

const struct prog *prog_array_at(const struct map *map, u32 index)
{
	if (unlikely(index >= map->max_entries))
		return NULL;
	return atomic_load_explicit(&prog_array_of(map)->entries[index],
				    memory_order_acquire);
}

int prog_array_adopt(struct map *map, const struct prog *prog)
{
	u64 kind = map->env->progs->kind(prog);
	u64 have = 0;

	if (atomic_compare_exchange_strong(&prog_array_of(map)->kind, &have,
					   kind))
		return 0;
	return have == kind ? 0 : -EINVAL;
}

static int prog_array_write_prog(struct map *map, const void *key,
				 struct prog *prog, u64 flags)
{
	u32 index = index_of(key);
	struct prog *old;
	int err;

	if (flags != BPF_ANY)
		return -EINVAL;
	if (index >= map->max_entries)
		return -E2BIG;
	err = prog_array_adopt(map, prog);
	if (err)
		return err;
	map->env->progs->get(prog);
	old = swap_entry(prog_array_of(map), index, prog);
	if (old)
		put_after_grace(map, old);
	return 0;
}

static int prog_array_erase(struct map *map, const void *key)
{
	u32 index = index_of(key);
	struct prog *old;

	if (index >= map->max_entries)
		return -E2BIG;
	old = swap_entry(prog_array_of(map), index, NULL);
	if (!old)
		return -ENOENT;
	put_after_grace(map, old);
	return 0;
}

/* The value is the program's id. */
static int prog_array_read(struct map *map, const void *key, void *value,
			   u64 flags)
{
	struct prog_array *a = prog_array_of(map);
	u32 index = index_of(key), id = 0;
	struct prog *prog;

	if (flags)
		return -EINVAL;
	if (index >= map->max_entries)
		return -ENOENT;
	spin_lock(&a->lock);
	prog = atomic_load_explicit(&a->entries[index], memory_order_acquire);
	if (prog)
		id = map->env->progs->id(prog);
	spin_unlock(&a->lock);
	if (!prog)
		return -ENOENT;
	memcpy(value, &id, sizeof(id));
	return 0;
}

static int prog_array_write(struct map *map, const void *key, const void *value,
			    u64 flags)
{
	(void)map;
	(void)key;
	(void)value;
	(void)flags;
	return -EOPNOTSUPP;
}

static int prog_array_next_key(struct map *map, const void *key, void *next)
{
	u32 index = key ? index_of(key) : UINT32_MAX;

	if (index >= map->max_entries)
		index = 0;
	else if (index == map->max_entries - 1)
		return -ENOENT;
	else
		index++;
	memcpy(next, &index, sizeof(index));
	return 0;
}

static u64 prog_array_count(const struct map *map)
{
	const struct prog_array *a = prog_array_of(map);
	u64 n = 0;

	for (u32 i = 0; i < map->max_entries; i++)
		n += atomic_load_explicit(&a->entries[i],
					  memory_order_relaxed) != NULL;
	return n;
}

static u64 prog_array_bytes(const struct map *map)
{
	return prog_array_of(map)->arena.charged;
}

/* Programs jump through it and do nothing else with it. */
static void *prog_array_lookup(struct map *map, const void *key)
{
	(void)map;
	(void)key;
	return NULL;
}

static int prog_array_update(struct map *map, const void *key,
			     const void *value, u64 flags)
{
	return prog_array_write(map, key, value, flags);
}

static int prog_array_delete(struct map *map, const void *key)
{
	(void)map;
	(void)key;
	return -EOPNOTSUPP;
}

const struct map_ops prog_array_ops = {
	.name = "prog_array",
	.check = prog_array_check,
	.create = prog_array_create,
	.destroy = prog_array_destroy,
	.lookup = prog_array_lookup,
	.update = prog_array_update,
	.delete = prog_array_delete,
	.read = prog_array_read,
	.write = prog_array_write,
	.erase = prog_array_erase,
	.next_key = prog_array_next_key,
	.write_prog = prog_array_write_prog,
	.forget = prog_array_forget,
	.count = prog_array_count,
	.bytes = prog_array_bytes,
};
