/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * prog_array.c - BPF_MAP_TYPE_PROG_ARRAY, the jump tables of tail calls
 *
 * P1  An entry holds a reference to its program (object_array.h, O1).
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

#include "maps/array.h"
#include "maps/object_array.h"

struct prog_array {
	struct object_array objects;
	_Atomic u64 kind; /* 0: no program yet */
};

static struct prog_array *prog_array_of(const struct map *map)
{
	return container_of(object_array_of(map), struct prog_array, objects);
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

static void put_after_grace(const struct map_env *env, void *prog)
{
	struct rcu *rcu = mem_rcu(env->mem);
	struct late_put *late;

	late = malloc(sizeof(*late));
	if (!late) {
		rcu_synchronize(rcu);
		env->progs->put(prog);
		return;
	}
	late->progs = env->progs;
	late->prog = prog;
	rcu_defer(rcu, &late->head, put_late);
}

static void get_prog(const struct map_env *env, void *prog)
{
	env->progs->get(prog);
}

static u32 id_of(const struct map_env *env, const void *prog)
{
	return env->progs->id(prog);
}

static const struct object_kind programs = {
	.get = get_prog,
	.put = put_after_grace,
	.id = id_of,
};

static int prog_array_create(const struct map_env *env,
			     const struct map_attr *attr, struct map **out)
{
	struct prog_array *a = calloc(1, sizeof(*a));
	int err;

	if (!a)
		return -ENOMEM;
	err = object_array_init(&a->objects, env, attr, &programs);
	if (!err)
		*out = &a->objects.map;
	return err;
}

const struct prog *prog_array_at(const struct map *map, u32 index)
{
	return object_at(map, index);
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

static int prog_array_write_object(struct map *map, const void *key, void *prog,
				   u64 flags)
{
	int err = object_array_check_write(map, key, flags);

	if (!err)
		err = prog_array_adopt(map, prog);
	if (!err)
		object_array_set(map, object_index(key), prog);
	return err;
}

static const struct map_fast prog_array_fast = {
	.off = offsetof(struct prog_array, objects.fast),
	.words = sizeof(struct object_fast) / 8,
	.moving = 1,
};

/* Programs jump through it and do nothing else with it. */
const struct map_ops prog_array_ops = {
	.name = "prog_array",
	.check = object_array_check,
	.create = prog_array_create,
	.destroy = object_array_destroy,
	.lookup = map_no_lookup,
	.update = object_array_write,
	.delete = object_array_delete,
	.read = object_array_read,
	.write = object_array_write,
	.erase = object_array_erase,
	.next_key = array_next_key,
	.holds = HOLDS_PROGS,
	.check_write = object_array_check_write,
	.write_object = prog_array_write_object,
	.adopt = prog_array_adopt,
	.forget = object_array_clear,
	.count = object_array_count,
	.bytes = object_array_bytes,
	.fast = &prog_array_fast,
};
