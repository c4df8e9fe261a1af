/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * queue_stack.c - BPF_MAP_TYPE_QUEUE and BPF_MAP_TYPE_STACK
 *
 * A ring of values: `used` of them from `first` on, the oldest first.  A queue
 * gives out the oldest, a stack the newest.
 *
 * Q1  Every operation is done under the lock and is whole: values are neither
 *     torn, nor lost, nor given out twice.
 * Q2  Exactly max_entries values fit.
 * Q3  With BPF_EXIST a push into a full map drops the oldest value and cannot
 *     fail.
 *
 * Q4  A walk from outside sees every value that stays, once, oldest first, and
 *     removes none.
 *
 * tests/stress/queue_pass.c attacks Q1 and Q2.
 */
#include <errno.h>
#include <stdlib.h>

#include "maps/family.h"
#include "maps/words.h"
#include "mem/spin.h"

struct ring {
	struct map map;
	struct arena arena;
	u64 stride;
	_Alignas(CACHE_LINE) struct spin lock;
	u32 first;
	_Atomic u32 used; /* written under the lock */
	u64 dropped;	  /* values that have gone from the front so far */
};

static struct ring *ring_of(const struct map *map)
{
	return container_of(map, struct ring, map);
}

static int ring_check(const struct map_attr *attr, struct err *err)
{
	int code =
		map_check_flags(attr, BPF_F_NUMA_NODE | MAP_ACCESS_FLAGS, err);

	if (code)
		return code;
	if (attr->key_size)
		return err_fail(err, -EINVAL,
				"a %s has no keys: key_size is 0, not %u",
				map_type_name(attr->type), attr->key_size);
	if (!attr->max_entries || !attr->value_size)
		return err_fail(err, -EINVAL,
				"max_entries and value_size must not be 0");
	if (attr->value_size > MAP_ELEM_MAX)
		return err_fail(err, -E2BIG,
				"value_size %u is more than %u bytes",
				attr->value_size, MAP_ELEM_MAX);
	return 0;
}

static int ring_create(const struct map_env *env, const struct map_attr *attr,
		       struct map **out)
{
	struct ring *r = aligned_alloc(CACHE_LINE, sizeof(*r));

	if (!r)
		return -ENOMEM;
	memset(r, 0, sizeof(*r));
	r->stride = round_up(attr->value_size, 8);
	/* At most 2^32 x 2^22: no overflow. */
	if (arena_create(env->mem, attr->name, attr->max_entries * r->stride,
			 ARENA_FULL, &r->arena) != 0) {
		free(r);
		return -ENOMEM;
	}
	*out = &r->map;
	return 0;
}

static void ring_destroy(struct map *map)
{
	struct ring *r = ring_of(map);

	arena_destroy(&r->arena);
	free(r);
}

/* The n-th value from the oldest on. */
static void *value_at(const struct ring *r, u32 n)
{
	u64 i = (u64)r->first + n;

	if (i >= r->map.max_entries)
		i -= r->map.max_entries;
	return r->arena.base + i * r->stride;
}

static u32 used_of(const struct ring *r)
{
	return atomic_load_explicit(&r->used, memory_order_relaxed);
}

static void set_used(struct ring *r, u32 used)
{
	atomic_store_explicit(&r->used, used, memory_order_relaxed);
}

static void drop_first(struct ring *r)
{
	r->first = r->first + 1 == r->map.max_entries ? 0 : r->first + 1;
	r->dropped++;
	set_used(r, used_of(r) - 1);
}

static int ring_push(struct map *map, const void *value, u64 flags)
{
	struct ring *r = ring_of(map);
	int err = 0;

	if (flags != BPF_ANY && flags != BPF_EXIST)
		return -EINVAL;
	spin_lock(&r->lock);
	if (used_of(r) == map->max_entries) {
		if (flags == BPF_EXIST)
			drop_first(r);
		else
			err = -E2BIG;
	}
	if (!err) {
		words_in(value_at(r, used_of(r)), value, map->value_size);
		set_used(r, used_of(r) + 1);
	}
	spin_unlock(&r->lock);
	return err;
}

/* A value, and whether it goes; an empty map gives zeros. */
static int give(struct map *map, void *value, bool newest, bool remove)
{
	struct ring *r = ring_of(map);
	u32 used;

	spin_lock(&r->lock);
	used = used_of(r);
	if (used)
		words_out(value, value_at(r, newest ? used - 1 : 0),
			  map->value_size);
	if (used && remove) {
		if (newest)
			set_used(r, used - 1);
		else
			drop_first(r);
	}
	spin_unlock(&r->lock);
	if (used)
		return 0;
	memset(value, 0, map->value_size);
	return -ENOENT;
}

static int queue_pop(struct map *map, void *value)
{
	return give(map, value, false, true);
}

static int queue_peek(struct map *map, void *value)
{
	return give(map, value, false, false);
}

static int stack_pop(struct map *map, void *value)
{
	return give(map, value, true, true);
}

static int stack_peek(struct map *map, void *value)
{
	return give(map, value, true, false);
}

/* ---- the control side ---- */

static int ring_read(struct map *map, const void *key, void *value, u64 flags)
{
	(void)key;
	return flags ? -EINVAL : map->ops->peek(map, value);
}

static int ring_write(struct map *map, const void *key, const void *value,
		      u64 flags)
{
	(void)key;
	return ring_push(map, value, flags);
}

static int ring_take(struct map *map, const void *key, void *value, u64 flags)
{
	(void)key;
	return flags ? -EINVAL : map->ops->pop(map, value);
}

static int ring_delete(struct map *map, const void *key)
{
	(void)map;
	(void)key;
	return -EINVAL;
}

static int ring_next_key(struct map *map, const void *key, void *next)
{
	(void)map;
	(void)key;
	(void)next;
	return -EINVAL;
}

/* Copies of at most n values from the one with number *cursor on, numbered from
 * the first that ever was. */
static u32 copy_values(struct ring *r, u64 *cursor, u32 n, u8 *to)
{
	u32 from, cnt;

	spin_lock(&r->lock);
	if (*cursor < r->dropped)
		*cursor = r->dropped;
	from = (u32)MIN(*cursor - r->dropped, used_of(r));
	cnt = MIN(n, used_of(r) - from);
	for (u32 i = 0; i < cnt; i++)
		words_out(to + i * r->stride, value_at(r, from + i),
			  r->map.value_size);
	spin_unlock(&r->lock);
	*cursor += cnt;
	return cnt;
}

#define SCAN_BYTES (64u << 10) /* are copied under the lock at a time */

static int ring_scan(struct map *map, u64 *cursor, u32 n, map_visit *fn,
		     void *arg)
{
	struct ring *r = ring_of(map);
	u32 room = (u32)MAX(SCAN_BYTES / r->stride, 1), cnt;
	u8 *values;
	int err = 0;

	room = MIN(room, MAX(n, 1));
	values = malloc(room * r->stride);
	if (!values)
		return -ENOMEM;
	cnt = copy_values(r, cursor, room, values);
	for (u32 i = 0; i < cnt && !err; i++)
		err = fn(arg, "", values + i * r->stride);
	free(values);
	return err || cnt ? err : -ENOENT;
}

static u64 ring_count(const struct map *map)
{
	return used_of(ring_of(map));
}

static u64 ring_bytes(const struct map *map)
{
	return ring_of(map)->arena.charged;
}

const struct map_ops queue_ops = {
	.name = "queue",
	.check = ring_check,
	.create = ring_create,
	.destroy = ring_destroy,
	.lookup = map_no_lookup,
	.update = map_no_update,
	.delete = ring_delete,
	.push = ring_push,
	.pop = queue_pop,
	.peek = queue_peek,
	.read = ring_read,
	.write = ring_write,
	.erase = ring_delete,
	.take = ring_take,
	.next_key = ring_next_key,
	.scan = ring_scan,
	.count = ring_count,
	.bytes = ring_bytes,
};

const struct map_ops stack_ops = {
	.name = "stack",
	.check = ring_check,
	.create = ring_create,
	.destroy = ring_destroy,
	.lookup = map_no_lookup,
	.update = map_no_update,
	.delete = ring_delete,
	.push = ring_push,
	.pop = stack_pop,
	.peek = stack_peek,
	.read = ring_read,
	.write = ring_write,
	.erase = ring_delete,
	.take = ring_take,
	.next_key = ring_next_key,
	.scan = ring_scan,
	.count = ring_count,
	.bytes = ring_bytes,
};
