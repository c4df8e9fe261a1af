/* SPDX-License-Identifier: BSD-3-Clause */
/* redirect.c - entries of the redirect maps, and arrays of them */
#include "maps/redirect_entry.h"

#include <errno.h>
#include <stdlib.h>

#include "maps/pkt_queue.h"

int redirect_check(const struct map_attr *attr, u32 flags, struct err *err)
{
	if (attr->max_entries == 0)
		return err_fail(err, -EINVAL, "max_entries must not be 0");
	if (attr->key_size != 4)
		return err_fail(err, -EINVAL,
				"the key of a %s is 4 bytes, not %u",
				map_type_name(attr->type), attr->key_size);
	if (attr->value_size != 4 && attr->value_size != 8)
		return err_fail(err, -EINVAL,
				"the value of a %s is 4 bytes, or 8 with a "
				"program, not %u",
				map_type_name(attr->type), attr->value_size);
	return map_check_flags(attr, flags, err);
}

/* ---- entries ---- */

/* Who redirects and who sits in the map differ in attach type. */
static int agree(const struct map_env *env, _Atomic u64 *kind,
		 const struct prog *prog)
{
	u64 have = 0, mine = env->progs->kind(prog) & ~(u64)UINT32_MAX;

	if (atomic_compare_exchange_strong(kind, &have, mine))
		return 0;
	return have == mine ? 0 : -EINVAL;
}

static int adopt(const struct map_env *env, _Atomic u64 *kind,
		 const struct redirect_want *want)
{
	if (!env->progs->is_xdp_for(want->prog, want->attach_type))
		return -EINVAL;
	return agree(env, kind, want->prog);
}

int redirect_entry_new(const struct map_env *env, _Atomic u64 *kind,
		       const struct redirect_want *want,
		       struct redirect_entry **out)
{
	struct redirect_entry *e;
	u32 id = 0;
	int err;

	if (want->prog) {
		err = adopt(env, kind, want);
		if (err)
			return err;
		id = env->progs->id(want->prog);
	}
	if (mem_charge(env->mem, sizeof(*e), false) != 0)
		return -ENOMEM;
	e = aligned_alloc(CACHE_LINE, sizeof(*e));
	if (!e) {
		mem_uncharge(env->mem, sizeof(*e));
		return -ENOMEM;
	}
	*e = (struct redirect_entry){ .key = want->key,
				      .cpu = want->attach_type ==
					     BPF_XDP_CPUMAP,
				      .prog = want->prog,
				      .queue = want->queue,
				      .env = env };
	memcpy(e->value.bytes, want->value, sizeof(want->value));
	memcpy(e->value.bytes + 4, &id, sizeof(id));
	atomic_init(&e->refs, 1);
	if (e->prog)
		env->progs->get(e->prog);
	if (e->queue)
		pkt_queue_get(e->queue);
	*out = e;
	return 0;
}

void redirect_entry_put(struct redirect_entry *e)
{
	if (atomic_fetch_sub_explicit(&e->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (e->prog)
		e->env->progs->put(e->prog);
	if (e->queue)
		pkt_queue_put(e->queue);
	mem_uncharge(e->env->mem, sizeof(*e));
	free(e);
}

static void put_retired(struct rcu_head *head)
{
	redirect_entry_put(
		container_of(head, struct redirect_entry, free_head));
}

void redirect_entry_retire(struct redirect_entry *e)
{
	rcu_defer(mem_rcu(e->env->mem), &e->free_head, put_retired);
}

bool redirect_queue(struct redirect_entry *e)
{
	u32 max = e->value.cpu.qsize;

	if (atomic_fetch_add_explicit(&e->queued, 1, memory_order_relaxed) >=
	    max) {
		atomic_fetch_sub_explicit(&e->queued, 1, memory_order_relaxed);
		return false;
	}
	atomic_fetch_add_explicit(&e->refs, 1, memory_order_relaxed);
	return true;
}

void redirect_unqueue(struct redirect_entry *e)
{
	atomic_fetch_sub_explicit(&e->queued, 1, memory_order_relaxed);
	redirect_entry_put(e);
}

/* ---- arrays of them ---- */

static void get_object(const struct map_env *env, void *object)
{
	struct redirect_entry *e = object;

	(void)env;
	atomic_fetch_add_explicit(&e->refs, 1, memory_order_relaxed);
}

static void put_object(const struct map_env *env, void *object)
{
	(void)env;
	redirect_entry_retire(object);
}

static const struct object_kind entries = {
	.get = get_object,
	.put = put_object,
};

int redirect_array_create(const struct map_env *env,
			  const struct map_attr *attr, struct map **out)
{
	struct redirect_array *a = calloc(1, sizeof(*a));
	int err;

	if (!a)
		return -ENOMEM;
	err = object_array_init(&a->objects, env, attr, &entries);
	if (!err)
		*out = &a->objects.map;
	return err;
}

int redirect_array_adopt(struct map *map, const struct prog *prog)
{
	return agree(map->env, &redirect_array_of(map)->kind, prog);
}

int redirect_array_read(struct map *map, const void *key, void *value,
			u64 flags)
{
	struct object_array *a = object_array_of(map);
	const struct redirect_entry *e;
	int err = -ENOENT;

	if (flags)
		return -EINVAL;
	spin_lock(&a->lock);
	e = object_at(map, object_index(key));
	if (e) {
		memcpy(value, e->value.bytes, map->value_size);
		err = 0;
	}
	spin_unlock(&a->lock);
	return err;
}

u64 redirect_array_bytes(const struct map *map)
{
	return object_array_bytes(map) +
	       object_array_count(map) * sizeof(struct redirect_entry);
}

int redirect_array_erase(struct map *map, const void *key)
{
	if (object_index(key) >= map->max_entries)
		return -EINVAL;
	object_array_erase(map, key);
	return 0;
}

int redirect_no_write(struct map *map, const void *key, const void *value,
		      u64 flags)
{
	(void)map;
	(void)key;
	(void)value;
	(void)flags;
	return -EOPNOTSUPP;
}

/* ---- for lcores ---- */

struct redirect_entry *redirect_next(const struct map *map,
				     const struct redirect_entry *entry)
{
	struct redirect_entry *next = NULL;

	if (map->type == BPF_MAP_TYPE_DEVMAP_HASH)
		return devmap_hash_next(map, entry);
	for (u64 i = entry ? entry->key + 1ull : 0;
	     !next && i < map->max_entries; i++)
		next = redirect_at(map, (u32)i);
	return next;
}
