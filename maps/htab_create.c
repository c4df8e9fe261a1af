/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * htab_create.c - BPF_MAP_TYPE_HASH, PERCPU_HASH, LRU_HASH and LRU_PERCPU_HASH:
 * what may be asked for, and how it lies in memory
 *
 * Buckets, then the elements of a pool, their links and, per slot, a plane of
 * values.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "maps/htab.h"

#define HTAB_FLAGS                                                   \
	(BPF_F_NO_PREALLOC | BPF_F_NO_COMMON_LRU | BPF_F_NUMA_NODE | \
	 BPF_F_ZERO_SEED | MAP_ACCESS_FLAGS)
/* Linux's bucket is 16 bytes, and the array of them below 4 GiB. */
#define LINUX_BUCKETS_MAX (UINT32_MAX / 16)
#define LINUX_ELEM_HEAD 48
#define LOAD 5 /* elements a bucket when all are in use */

static bool wants_percpu(const struct map_attr *attr)
{
	return attr->type == BPF_MAP_TYPE_PERCPU_HASH ||
	       attr->type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static bool wants_lru(const struct map_attr *attr)
{
	return attr->type == BPF_MAP_TYPE_LRU_HASH ||
	       attr->type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static int check_flags(const struct map_attr *attr, struct err *err)
{
	bool apart = attr->flags & BPF_F_NO_COMMON_LRU;
	int code = map_check_flags(attr, HTAB_FLAGS, err);

	if (code)
		return code;
	if (apart && !wants_lru(attr))
		return err_fail(err, -EINVAL,
				"BPF_F_NO_COMMON_LRU is for LRU maps");
	if (wants_lru(attr) && (attr->flags & BPF_F_NO_PREALLOC))
		return err_fail(err, -LINUX_ENOTSUPP,
				"LRU maps have all elements from the start: "
				"no BPF_F_NO_PREALLOC");
	if ((wants_percpu(attr) || apart) && (attr->flags & BPF_F_NUMA_NODE) &&
	    attr->numa_node != UINT32_MAX)
		return err_fail(err, -EINVAL,
				"per-CPU maps and BPF_F_NO_COMMON_LRU have no "
				"NUMA node");
	return 0;
}

static int htab_check(const struct map_attr *attr, struct err *err)
{
	int code = check_flags(attr, err);

	if (code)
		return code;
	if (!attr->max_entries || !attr->key_size || !attr->value_size)
		return err_fail(err, -EINVAL,
				"max_entries, key_size and value_size must "
				"not be 0");
	if ((u64)attr->key_size + attr->value_size >=
	    MAP_ELEM_MAX - LINUX_ELEM_HEAD)
		return err_fail(err, -E2BIG,
				"key and value together have %llu bytes, the "
				"limit is %u",
				(unsigned long long)attr->key_size +
					attr->value_size,
				MAP_ELEM_MAX - LINUX_ELEM_HEAD - 1);
	if (wants_percpu(attr) &&
	    round_up(attr->value_size, 8) > MAP_PERCPU_VALUE_MAX)
		return err_fail(err, -E2BIG,
				"value_size %u is more than the %u bytes of a "
				"per-CPU value",
				attr->value_size, MAP_PERCPU_VALUE_MAX);
	return 0;
}

static u64 power_of_two(u64 n)
{
	return n <= 1 ? 1 : 1ull << (64 - __builtin_clzll(n - 1));
}

struct layout {
	u64 buckets;
	u64 elem_size;
	u64 elem_bytes; /* with per-CPU values */
	u64 capacity;
	u64 elems_off;
	u64 links_off;
	u64 planes_off;
	u64 plane_size;
	u64 heat_off;
	u64 total;
};

/* All factors are below 2^32 and limited by htab_check() such that no product
 * reaches 2^63: 2^28 elements, 2^23 bytes each, 2^22 of per-CPU values. */
static void lay_out(const struct map_attr *attr, u32 slots, struct layout *l)
{
	u64 value = round_up(attr->value_size, 8);
	u64 key = round_up(attr->key_size, 8);
	bool percpu = wants_percpu(attr);

	l->buckets = (attr->max_entries + LOAD - 1ull) / LOAD;
	l->elem_size = key + (percpu ? 0 : value);
	l->elem_bytes =
		l->elem_size + sizeof(u32) + (percpu ? slots * value : 0);
	l->capacity = pool_capacity(attr->max_entries, slots, l->elem_bytes);
	l->elems_off = l->buckets * sizeof(struct htab_bucket);
	l->links_off = l->elems_off + l->capacity * l->elem_size;
	l->planes_off = round_up(l->links_off + (l->capacity + 1) * sizeof(u32),
				 CACHE_LINE);
	l->plane_size =
		percpu ? round_up((l->capacity + 1) * value, CACHE_LINE) : 0;
	l->heat_off = l->planes_off + slots * l->plane_size;
	l->total = l->heat_off + (wants_lru(attr) ? l->capacity + 1 : 0);
}

static int set_up(struct htab *h, const struct map_env *env,
		  const struct map_attr *attr, const struct layout *l)
{
	bool sparse = attr->flags & BPF_F_NO_PREALLOC;
	struct pool_config config = {
		.mem = env->mem,
		.arena = &h->arena,
		.offset = l->elems_off,
		.links = l->links_off,
		.size = l->elem_size,
		.elem_bytes = l->elem_bytes,
		.entries = attr->max_entries,
		.sparse = sparse,
	};
	int err;

	if (sparse) {
		err = arena_charge(&h->arena, l->elems_off);
		if (err)
			return err;
	}
	err = pool_init(&h->pool, &config);
	if (err)
		return err;
	h->fast = (struct htab_fast){
		.buckets = (void *)h->arena.base,
		.buckets_len = l->buckets,
		.elems = h->pool.elems,
		.elem_size = l->elem_size,
		.links = h->pool.links,
		.key_size = attr->key_size,
		.value_off = (u32)round_up(attr->key_size, 8),
		.planes = l->plane_size ? h->arena.base + l->planes_off : NULL,
		.plane_size = l->plane_size,
		.value_stride = round_up(attr->value_size, 8),
		.heat = wants_lru(attr) ? h->arena.base + l->heat_off : NULL,
	};
	if (!(attr->flags & BPF_F_ZERO_SEED) &&
	    getrandom(h->fast.seed, sizeof(h->fast.seed), 0) !=
		    sizeof(h->fast.seed))
		goto fini_pool;
	/* A multiplier has to have bits everywhere. */
	h->fast.seed[1] ^= 0xa0761d6478bd642full;
	h->fast.seed[3] ^= 0xe7037ed1a0b428dbull;
	if (wants_lru(attr)) {
		h->lru = lru_create(l->buckets, h->pool.lists_len);
		if (!h->lru)
			goto fini_pool;
	}
	return 0;

fini_pool:
	pool_fini(&h->pool);
	return -ENOMEM;
}

/* As Linux, where BPF_F_NO_COMMON_LRU gives every CPU as many. */
static u32 rounded_entries(const struct map_attr *attr, u32 slots)
{
	u32 rest = attr->max_entries % slots;

	if (!(attr->flags & BPF_F_NO_COMMON_LRU) || !rest)
		return attr->max_entries;
	if (attr->max_entries > UINT32_MAX - (slots - rest))
		return attr->max_entries - rest;
	return attr->max_entries + (slots - rest);
}

static int create(const struct map_env *env, const struct map_attr *attr,
		  struct map **out)
{
	bool sparse = attr->flags & BPF_F_NO_PREALLOC;
	struct layout l;
	struct htab *h;
	int err;

	if (attr->max_entries > 1u << 31 ||
	    power_of_two(attr->max_entries) > LINUX_BUCKETS_MAX)
		return -E2BIG;
	lay_out(attr, mem_slots(env->mem), &l);
	h = aligned_alloc(CACHE_LINE, round_up(sizeof(*h), CACHE_LINE));
	if (!h)
		return -ENOMEM;
	memset(h, 0, sizeof(*h));
	err = arena_create(env->mem, attr->name, l.total,
			   sparse ? ARENA_SPARSE : ARENA_FULL, &h->arena);
	if (err)
		goto free_htab;
	err = set_up(h, env, attr, &l);
	if (err)
		goto destroy_arena;
	h->map.max_entries = attr->max_entries;
	*out = &h->map;
	return 0;

destroy_arena:
	arena_destroy(&h->arena);
free_htab:
	free(h);
	return -ENOMEM;
}

static int htab_create(const struct map_env *env, const struct map_attr *attr,
		       struct map **out)
{
	struct map_attr rounded = *attr;

	rounded.max_entries = rounded_entries(attr, mem_slots(env->mem));
	return create(env, &rounded, out);
}

static void htab_destroy(struct map *map)
{
	struct htab *h = htab_of(map);

	lru_destroy(h->lru);
	pool_fini(&h->pool);
	arena_destroy(&h->arena);
	free(h);
}

static u64 htab_count(const struct map *map)
{
	return pool_used(&htab_of(map)->pool);
}

static u64 htab_bytes(const struct map *map)
{
	return htab_of(map)->arena.charged;
}

/* What all hashes do alike. */
#define HTAB_OPS                                                          \
	.check = htab_check, .create = htab_create, .destroy = htab_destroy, \
	.lookup_burst = htab_lookup_burst, .update = htab_update,         \
	.delete = htab_delete, .read = htab_read, .write = htab_write,    \
	.erase = htab_delete, .next_key = htab_next_key,                  \
	.for_each = htab_for_each, .take = htab_take, .scan = htab_scan,  \
	.count = htab_count, .bytes = htab_bytes, .fast = &htab_map_fast

const struct map_ops htab_ops = {
	HTAB_OPS,
	.name = "hash",
	.lookup = htab_lookup,
};

const struct map_ops percpu_htab_ops = {
	HTAB_OPS,
	.name = "percpu_hash",
	.lookup = percpu_htab_lookup,
	.lookup_slot = htab_lookup_slot,
};

const struct map_ops lru_htab_ops = {
	HTAB_OPS,
	.name = "lru_hash",
	.lookup = lru_htab_lookup,
};

const struct map_ops lru_percpu_htab_ops = {
	HTAB_OPS,
	.name = "lru_percpu_hash",
	.lookup = lru_percpu_htab_lookup,
	.lookup_slot = htab_lookup_slot,
};
