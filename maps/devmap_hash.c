/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * devmap_hash.c - BPF_MAP_TYPE_DEVMAP_HASH: ports by any number
 *
 * A power of two of buckets, the newest entry of each first, as in Linux: keys
 * follow one another in the same order.  Lookups take no lock.
 *
 * D5  A key that is replaced is found at any moment.
 */
#include <errno.h>
#include <stdlib.h>

#include "maps/redirect_entry.h"

struct devmap_hash {
	struct map map;
	struct arena arena;
	_Atomic(struct redirect_entry *) *buckets;
	u32 mask;
	_Atomic u64 kind;
	struct spin lock;
	_Atomic u32 items; /* under lock */
};

static struct devmap_hash *hash_of(const struct map *map)
{
	return container_of(map, struct devmap_hash, map);
}

static int devmap_hash_create(const struct map_env *env,
			      const struct map_attr *attr, struct map **out)
{
	struct devmap_hash *h;
	u64 buckets = 1;

	while (buckets < attr->max_entries)
		buckets <<= 1;
	if (buckets > 1u << 31)
		return -EINVAL;
	h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	if (arena_create(env->mem, attr->name, buckets * sizeof(*h->buckets),
			 ARENA_FULL, &h->arena) != 0) {
		free(h);
		return -ENOMEM;
	}
	h->buckets = (void *)h->arena.base;
	h->mask = (u32)buckets - 1;
	h->map.flags = BPF_F_RDONLY_PROG;
	*out = &h->map;
	return 0;
}

static struct redirect_entry *
next_of(const _Atomic(struct redirect_entry *) *link)
{
	return atomic_load_explicit(link, memory_order_acquire);
}

static void devmap_hash_destroy(struct map *map)
{
	struct devmap_hash *h = hash_of(map);

	for (u64 i = 0; i <= h->mask && atomic_load(&h->items); i++) {
		struct redirect_entry *e = next_of(&h->buckets[i]), *next;

		for (; e; e = next) {
			next = next_of(&e->next);
			redirect_entry_retire(e);
			atomic_fetch_sub(&h->items, 1);
		}
	}
	arena_destroy(&h->arena);
	free(h);
}

struct redirect_entry *devmap_hash_at(const struct map *map, u32 key)
{
	const struct devmap_hash *h = hash_of(map);
	struct redirect_entry *e = next_of(&h->buckets[key & h->mask]);

	while (e && e->key != key)
		e = next_of(&e->next);
	return e;
}

/* The first of the buckets from i on. */
static struct redirect_entry *first_from(const struct devmap_hash *h, u64 i)
{
	struct redirect_entry *e = NULL;

	for (; !e && i <= h->mask; i++)
		e = next_of(&h->buckets[i]);
	return e;
}

struct redirect_entry *devmap_hash_next(const struct map *map,
					const struct redirect_entry *entry)
{
	const struct devmap_hash *h = hash_of(map);
	struct redirect_entry *next;

	if (!entry)
		return first_from(h, 0);
	next = next_of(&entry->next);
	return next ? next : first_from(h, (u64)(entry->key & h->mask) + 1);
}

/* Under the lock. */
static void unlink_entry(struct devmap_hash *h, struct redirect_entry *e)
{
	_Atomic(struct redirect_entry *) *link = &h->buckets[e->key & h->mask];

	while (next_of(link) != e)
		link = &next_of(link)->next;
	atomic_store_explicit(link, next_of(&e->next), memory_order_release);
	redirect_entry_retire(e);
}

/* Under the lock; takes over the reference when it succeeds. */
static int link_entry(struct devmap_hash *h, struct redirect_entry *e,
		      struct redirect_entry *old)
{
	_Atomic(struct redirect_entry *) *head = &h->buckets[e->key & h->mask];
	u32 items = atomic_load_explicit(&h->items, memory_order_relaxed);

	if (!old && items >= h->map.max_entries)
		return -E2BIG;
	atomic_store_explicit(&e->next, next_of(head), memory_order_relaxed);
	atomic_store_explicit(head, e, memory_order_release);
	if (old)
		unlink_entry(h, old);
	else
		atomic_store_explicit(&h->items, items + 1,
				      memory_order_relaxed);
	return 0;
}

static int set(struct devmap_hash *h, const struct redirect_want *want,
	       u64 flags)
{
	struct redirect_entry *old, *e = NULL;
	int err = 0;

	spin_lock(&h->lock);
	old = devmap_hash_at(&h->map, want->key);
	if (old && flags & BPF_NOEXIST)
		err = -EEXIST;
	if (!err)
		err = redirect_entry_new(h->map.env, &h->kind, want, &e);
	if (!err)
		err = link_entry(h, e, old);
	spin_unlock(&h->lock);
	if (err && e)
		redirect_entry_put(e);
	return err;
}

static int devmap_hash_write_linked(struct map *map, const void *key,
				    const void *value, struct prog *prog,
				    u64 flags)
{
	struct redirect_want want = { .key = object_index(key),
				      .prog = prog,
				      .attach_type = BPF_XDP_DEVMAP };
	struct bpf_devmap_val val = { 0 };

	memcpy(&val, value, map->value_size);
	if (flags > BPF_EXIST || !val.ifindex)
		return -EINVAL;
	/* before the port and the program are looked at */
	if (flags & BPF_NOEXIST && devmap_hash_at(map, want.key))
		return -EEXIST;
	if (!devmap_has_port(map->env, val.ifindex) ||
	    !!map_link(map, value) != !!prog)
		return -EINVAL;
	memcpy(want.value, &val, sizeof(val));
	return set(hash_of(map), &want, flags);
}

static int devmap_hash_erase(struct map *map, const void *key)
{
	struct devmap_hash *h = hash_of(map);
	struct redirect_entry *e;

	spin_lock(&h->lock);
	e = devmap_hash_at(map, object_index(key));
	if (e) {
		unlink_entry(h, e);
		atomic_fetch_sub_explicit(&h->items, 1, memory_order_relaxed);
	}
	spin_unlock(&h->lock);
	return e ? 0 : -ENOENT;
}

static int devmap_hash_read(struct map *map, const void *key, void *value,
			    u64 flags)
{
	struct devmap_hash *h = hash_of(map);
	const struct redirect_entry *e;

	if (flags)
		return -EINVAL;
	spin_lock(&h->lock);
	e = devmap_hash_at(map, object_index(key));
	if (e)
		memcpy(value, e->value.bytes, map->value_size);
	spin_unlock(&h->lock);
	return e ? 0 : -ENOENT;
}

static int devmap_hash_next_key(struct map *map, const void *key, void *next)
{
	struct devmap_hash *h = hash_of(map);
	const struct redirect_entry *e = NULL, *found;

	spin_lock(&h->lock);
	if (key)
		e = devmap_hash_at(map, object_index(key));
	found = devmap_hash_next(map, e);
	if (found)
		memcpy(next, &found->key, sizeof(found->key));
	spin_unlock(&h->lock);
	return found ? 0 : -ENOENT;
}

static void *devmap_hash_lookup(struct map *map, const void *key)
{
	struct redirect_entry *e = devmap_hash_at(map, object_index(key));

	return e ? e->value.bytes : NULL;
}

static u64 devmap_hash_count(const struct map *map)
{
	return atomic_load_explicit(&hash_of(map)->items, memory_order_relaxed);
}

static u64 devmap_hash_bytes(const struct map *map)
{
	return hash_of(map)->arena.charged +
	       devmap_hash_count(map) * sizeof(struct redirect_entry);
}

const struct map_ops devmap_hash_ops = {
	.name = "devmap_hash",
	.check = devmap_check,
	.check_btf = map_check_no_btf,
	.create = devmap_hash_create,
	.destroy = devmap_hash_destroy,
	.lookup = devmap_hash_lookup,
	.read = devmap_hash_read,
	.write = redirect_no_write,
	.erase = devmap_hash_erase,
	.next_key = devmap_hash_next_key,
	.holds = HOLDS_LINKED,
	.write_linked = devmap_hash_write_linked,
	.count = devmap_hash_count,
	.bytes = devmap_hash_bytes,
};
