/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bloom_filter.c - BPF_MAP_TYPE_BLOOM_FILTER, sets that may say yes wrongly
 *
 * B1  What was pushed is found from then on, by all.
 * B2  Bits are only ever set, each by one atomic operation: nobody waits.
 * B3  Size and hashes are Linux's: with BPF_F_ZERO_SEED the same values are
 *     found, the wrong ones included.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "maps/family.h"
#include "maps/jhash.h"

#define HASHES_DEFAULT 5
#define BITS_MAX (1ull << 31)
#define WORD_BITS 64

struct bloom {
	struct map map;
	struct arena arena;
	u64 *words;
	u32 mask; /* of bits */
	u32 hashes;
	u32 seed;
};

static struct bloom *bloom_of(const struct map *map)
{
	return container_of(map, struct bloom, map);
}

static int bloom_check(const struct map_attr *attr, struct err *err)
{
	int code;

	if (attr->value_size > MAP_ELEM_MAX)
		return err_fail(err, -E2BIG,
				"value_size %u is more than %u bytes",
				attr->value_size, MAP_ELEM_MAX);
	code = map_check_flags(attr,
				   BPF_F_NUMA_NODE | BPF_F_ZERO_SEED |
					   MAP_ACCESS_FLAGS,
				   err);
	if (code)
		return code;
	if (attr->key_size)
		return err_fail(err, -EINVAL,
				"a bloom_filter has no keys: key_size is 0, "
				"not %u",
				attr->key_size);
	if (!attr->max_entries || !attr->value_size)
		return err_fail(err, -EINVAL,
				"max_entries and value_size must not be 0");
	if (attr->extra > 15)
		return err_fail(err, -EINVAL,
				"map_extra is the number of hashes: 1 to 15, "
				"or 0 for %u",
				HASHES_DEFAULT);
	return 0;
}

/* A key's type is one that has no bytes: none. */
static int bloom_check_btf(const struct map_attr *attr, struct err *err)
{
	return attr->btf_key
		       ? err_fail(err, -EINVAL, "a bloom_filter has no keys")
		       : 0;
}

/* As Linux: 7/5 bits an entry and hash, near what n hashes want (n / ln 2),
 * rounded up to a power of two; all that 32 bits address if that overflows. */
static u32 mask_for(const struct map_attr *attr, u32 hashes)
{
	u64 bits = (u64)attr->max_entries * hashes;

	if (bits > UINT32_MAX)
		return UINT32_MAX;
	bits = bits / 5 * 7;
	if (bits > BITS_MAX)
		return UINT32_MAX;
	if (bits <= WORD_BITS)
		return WORD_BITS - 1;
	return (u32)((1ull << (64 - __builtin_clzll(bits - 1))) - 1);
}

static int bloom_create(const struct map_env *env, const struct map_attr *attr,
			struct map **out)
{
	struct bloom *b = calloc(1, sizeof(*b));

	if (!b)
		return -ENOMEM;
	b->hashes = attr->extra ? (u32)attr->extra : HASHES_DEFAULT;
	b->mask = mask_for(attr, b->hashes);
	if (!(attr->flags & BPF_F_ZERO_SEED) &&
	    getrandom(&b->seed, sizeof(b->seed), 0) != sizeof(b->seed))
		goto free_bloom;
	if (arena_create(env->mem, attr->name, ((u64)b->mask + 1) / 8,
			 ARENA_FULL, &b->arena) != 0)
		goto free_bloom;
	b->words = (void *)b->arena.base;
	*out = &b->map;
	return 0;

free_bloom:
	free(b);
	return -ENOMEM;
}

static void bloom_destroy(struct map *map)
{
	struct bloom *b = bloom_of(map);

	arena_destroy(&b->arena);
	free(b);
}

static u32 bit_of(const struct bloom *b, const void *value, u32 hash)
{
	return jhash(value, b->map.value_size, b->seed + hash) & b->mask;
}

static int bloom_push(struct map *map, const void *value, u64 flags)
{
	struct bloom *b = bloom_of(map);

	if (flags != BPF_ANY)
		return -EINVAL;
	for (u32 i = 0; i < b->hashes; i++) {
		u32 bit = bit_of(b, value, i);

		__atomic_fetch_or(&b->words[bit / WORD_BITS],
				  1ull << bit % WORD_BITS, __ATOMIC_RELEASE);
	}
	return 0;
}

static int bloom_peek(struct map *map, void *value)
{
	struct bloom *b = bloom_of(map);

	for (u32 i = 0; i < b->hashes; i++) {
		u32 bit = bit_of(b, value, i);
		u64 word = __atomic_load_n(&b->words[bit / WORD_BITS],
					   __ATOMIC_ACQUIRE);

		if (!(word >> bit % WORD_BITS & 1))
			return -ENOENT;
	}
	return 0;
}

/* ---- the control side ---- */

static int bloom_read(struct map *map, const void *key, void *value, u64 flags)
{
	(void)key;
	return flags ? -EINVAL : bloom_peek(map, value);
}

static int bloom_write(struct map *map, const void *key, const void *value,
		       u64 flags)
{
	(void)key;
	return bloom_push(map, value, flags);
}

static int bloom_delete(struct map *map, const void *key)
{
	(void)map;
	(void)key;
	return -EOPNOTSUPP;
}

static int bloom_next_key(struct map *map, const void *key, void *next)
{
	(void)map;
	(void)key;
	(void)next;
	return -EOPNOTSUPP;
}

static u64 bloom_bytes(const struct map *map)
{
	return bloom_of(map)->arena.charged;
}

const struct map_ops bloom_filter_ops = {
	.name = "bloom_filter",
	.check = bloom_check,
	.create = bloom_create,
	.destroy = bloom_destroy,
	.lookup = map_no_lookup,
	.update = map_no_update,
	.delete = bloom_delete,
	.push = bloom_push,
	.peek = bloom_peek,
	.read = bloom_read,
	.write = bloom_write,
	.erase = bloom_delete,
	.next_key = bloom_next_key,
	.scan = map_scan_nothing,
	.check_btf = bloom_check_btf,
	.bytes = bloom_bytes,
};
