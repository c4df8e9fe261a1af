/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hash_of_maps.c - BPF_MAP_TYPE_HASH_OF_MAPS
 *
 * A hash whose values are pointers.  Programs read it without a lock; only the
 * control side writes, under one.
 *
 * M1  An entry holds a reference to its map, of the kind that programs have.
 * M2  A map that a program found in an entry stays until its burst ends: a map
 *     is freed a grace period after its last reference (map.c).  Who found an
 *     element that is another key's by now gets that key's map or none: every
 *     pointer comes by a release of its own.
 * M3  Every map in it is like the template (inner.h), for good.
 * M4  Replacing is one store into the element that is there: a lookup finds
 *     the old map or the new, never neither.
 *
 * tests/stress/inner_maps.c attacks M1, M2 and M4.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "maps/family.h"
#include "maps/inner.h"

struct hash_of_maps {
	struct map map;
	struct map *table;    /* key to pointer */
	pthread_mutex_t lock; /* of writers, and of who reads pointers */
};

static struct hash_of_maps *hash_of_maps_of(const struct map *map)
{
	return container_of(map, struct hash_of_maps, map);
}

static int hash_of_maps_check(const struct map_attr *attr, struct err *err)
{
	int code;

	if (attr->value_size != sizeof(u32))
		return err_fail(err, -EINVAL,
				"the value of a hash_of_maps is 4 bytes, not "
				"%u",
				attr->value_size);
	code = htab_ops.check(attr, err);
	return code ? code : inner_check(attr, err);
}

static int hash_of_maps_create(const struct map_env *env,
			       const struct map_attr *attr, struct map **out)
{
	struct map_attr table = *attr;
	struct hash_of_maps *h = calloc(1, sizeof(*h));
	int err;

	if (!h)
		return -ENOMEM;
	table.type = BPF_MAP_TYPE_HASH;
	table.value_size = sizeof(struct map *);
	table.inner = NULL;
	table.btf = NULL;
	table.btf_key = table.btf_value = 0;
	memset(table.name, 0, sizeof(table.name)); /* checked later */
	err = map_create(env, &table, NULL, &h->table);
	if (err) {
		free(h);
		return err;
	}
	pthread_mutex_init(&h->lock, NULL);
	*out = &h->map;
	return 0;
}

static int release_entry(void *arg, const void *key, const void *value)
{
	struct map *inner;

	(void)arg;
	(void)key;
	memcpy(&inner, value, sizeof(inner));
	map_release(inner);
	return 0;
}

static void hash_of_maps_destroy(struct map *map)
{
	struct hash_of_maps *h = hash_of_maps_of(map);
	u64 cursor = 0;

	/* One bucket at a time: if there is no memory for a copy of one, the
	 * next turn may find some. */
	while (h->table->ops->scan(h->table, &cursor, 1, release_entry, NULL) !=
	       -ENOENT)
		;
	pthread_mutex_destroy(&h->lock);
	map_put(h->table);
	free(h);
}

/* Where the pointer of a key is, or NULL. */
static _Atomic(struct map *) *place_of(const struct hash_of_maps *h,
				       const void *key)
{
	return h->table->ops->lookup(h->table, key);
}

static void *hash_of_maps_lookup(struct map *map, const void *key)
{
	_Atomic(struct map *) *at = place_of(hash_of_maps_of(map), key);

	return at ? atomic_load_explicit(at, memory_order_acquire) : NULL;
}

static int put_map(struct hash_of_maps *h, const void *key, struct map *inner,
		   u64 flags, struct map **old)
{
	_Atomic(struct map *) *at = place_of(h, key);
	struct map *none = NULL;
	int err;

	*old = NULL;
	if (at && flags == BPF_NOEXIST)
		return -EEXIST;
	if (!at) {
		err = h->table->ops->write(h->table, key, &none, flags);
		if (err)
			return err;
		at = place_of(h, key);
	}
	*old = atomic_exchange_explicit(at, inner, memory_order_acq_rel);
	return 0;
}

/* Linux looks at the map before it looks at the flags. */
static int hash_of_maps_write_object(struct map *map, const void *key,
				     void *inner, u64 flags)
{
	struct hash_of_maps *h = hash_of_maps_of(map);
	struct map *old;
	int err = inner_fits(map, inner);

	if (err)
		return err;
	if (flags > BPF_EXIST)
		return -EINVAL;
	map_hold(inner);
	pthread_mutex_lock(&h->lock);
	err = put_map(h, key, inner, flags, &old);
	pthread_mutex_unlock(&h->lock);
	if (err)
		map_release(inner);
	if (old)
		map_release(old);
	return err;
}

static int hash_of_maps_write(struct map *map, const void *key,
			      const void *value, u64 flags)
{
	(void)map;
	(void)key;
	(void)value;
	(void)flags;
	return -EOPNOTSUPP;
}

static int hash_of_maps_delete(struct map *map, const void *key)
{
	(void)map;
	(void)key;
	return -EOPNOTSUPP;
}

static int hash_of_maps_erase(struct map *map, const void *key)
{
	struct hash_of_maps *h = hash_of_maps_of(map);
	struct map *old = NULL;
	_Atomic(struct map *) *at;
	int err;

	pthread_mutex_lock(&h->lock);
	at = place_of(h, key);
	if (at)
		old = atomic_load_explicit(at, memory_order_relaxed);
	err = h->table->ops->erase(h->table, key);
	pthread_mutex_unlock(&h->lock);
	if (old)
		map_release(old);
	return err;
}

/* The value is the map's id. */
static int hash_of_maps_read(struct map *map, const void *key, void *value,
			     u64 flags)
{
	struct hash_of_maps *h = hash_of_maps_of(map);
	_Atomic(struct map *) *at;
	u32 id = 0;

	if (flags)
		return -EINVAL;
	pthread_mutex_lock(&h->lock);
	at = place_of(h, key);
	if (at)
		id = atomic_load_explicit(at, memory_order_relaxed)->id;
	pthread_mutex_unlock(&h->lock);
	if (!at)
		return -ENOENT;
	memcpy(value, &id, sizeof(id));
	return 0;
}

static int hash_of_maps_next_key(struct map *map, const void *key, void *next)
{
	struct map *table = hash_of_maps_of(map)->table;

	return table->ops->next_key(table, key, next);
}

/* Keys and ids that were seen under the lock. */
struct seen {
	u8 *bytes;
	u64 key_size;
	u64 size; /* of both */
	u32 len;
	u32 room;
};

static int see(void *arg, const void *key, const void *value)
{
	struct seen *s = arg;
	const struct map *inner;
	u8 *to;

	if (s->len == s->room) {
		u32 room = s->room ? 2 * s->room : 64;
		u8 *bytes = realloc(s->bytes, room * s->size);

		if (!bytes)
			return -ENOMEM;
		s->bytes = bytes;
		s->room = room;
	}
	to = s->bytes + s->len++ * s->size;
	memcpy(&inner, value, sizeof(inner));
	memcpy(to, key, s->key_size);
	memcpy(to + s->key_size, &inner->id, sizeof(inner->id));
	return 0;
}

static int hash_of_maps_scan(struct map *map, u64 *cursor, u32 n, map_visit *fn,
			     void *arg)
{
	struct hash_of_maps *h = hash_of_maps_of(map);
	struct seen s = { .key_size = map->key_size,
			  .size = map->key_size + sizeof(u32) };
	int err, stop = 0;

	pthread_mutex_lock(&h->lock);
	err = h->table->ops->scan(h->table, cursor, n, see, &s);
	pthread_mutex_unlock(&h->lock);
	for (u32 i = 0; i < s.len && !stop && (!err || err == -ENOENT); i++)
		stop = fn(arg, s.bytes + i * s.size,
			  s.bytes + i * s.size + s.key_size);
	free(s.bytes);
	return stop ? stop : err;
}

static u64 hash_of_maps_count(const struct map *map)
{
	const struct map *table = hash_of_maps_of(map)->table;

	return table->ops->count(table);
}

static u64 hash_of_maps_bytes(const struct map *map)
{
	return map_bytes(hash_of_maps_of(map)->table);
}

const struct map_ops hash_of_maps_ops = {
	.name = "hash_of_maps",
	.check = hash_of_maps_check,
	.create = hash_of_maps_create,
	.destroy = hash_of_maps_destroy,
	.lookup = hash_of_maps_lookup,
	.update = hash_of_maps_write,
	.delete = hash_of_maps_delete,
	.read = hash_of_maps_read,
	.write = hash_of_maps_write,
	.erase = hash_of_maps_erase,
	.next_key = hash_of_maps_next_key,
	.holds = HOLDS_MAPS,
	.write_object = hash_of_maps_write_object,
	.check_btf = map_check_no_btf,
	.scan = hash_of_maps_scan,
	.count = hash_of_maps_count,
	.bytes = hash_of_maps_bytes,
};
