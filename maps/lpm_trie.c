/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lpm_trie.c - BPF_MAP_TYPE_LPM_TRIE
 *
 * Elements, found through a trie of nibbles (lpm_fast.h) that
 * lookups read without a lock.  Whoever changes the trie holds the map's lock;
 * so do threads that are no lcore when they read it, since no grace period
 * waits for them.
 *
 * T1  A lookup sees every change of another thread as a whole: each is one
 *     store, of an element's index or of a block's.
 * T2  A replacement is a new element in the place of the old: a lookup finds
 *     old or new, never neither.
 * T3  Nodes and elements are used again after a grace period, never before.
 *     While it lasts others take their place, which the budget pays for: as
 *     with Linux's trie, only memory ends that.
 * T4  Never more than max_entries elements, those in their grace period not
 *     counted.
 * T5  A deletion needs no memory: the element leaves its place at once, and
 *     without memory the nodes on the way to it stay until they are needed.
 * T6  A key has a number from its insertion to its deletion, whatever element
 *     holds it: walks over all keys go by these numbers.
 *
 * tests/stress/lpm_routes.c attacks T1 to T4 and T6.
 */
#include "maps/lpm_trie.h"

#include <errno.h>
#include <stdlib.h>

#include "bpf/btf.h"
#include "maps/words.h"

#define LPM_FLAGS (BPF_F_NO_PREALLOC | BPF_F_NUMA_NODE | MAP_ACCESS_FLAGS)
#define LINUX_NODE_HEAD 24
/* Units of blocks that wait for a grace period while others are needed */
#define SLACK (4u << 20)

static int check_btf(const struct map_attr *attr, struct err *err)
{
	const struct btf_type *type =
		btf_type(attr->btf, btf_skip(attr->btf, attr->btf_key));

	if (type && BTF_INFO_KIND(type->info) == BTF_KIND_STRUCT)
		return 0;
	return err_fail(err, -EINVAL,
			"the key's BTF type is no struct: it begins with "
			"struct bpf_lpm_trie_key");
}

static int lpm_check(const struct map_attr *attr, struct err *err)
{
	u32 value_max = MAP_ELEM_MAX - LPM_DATA_MAX - LINUX_NODE_HEAD;
	int code = map_check_flags(attr, LPM_FLAGS, err);

	if (code)
		return code;
	if (!(attr->flags & BPF_F_NO_PREALLOC))
		return err_fail(err, -EINVAL,
				"LPM tries need BPF_F_NO_PREALLOC");
	if (!attr->max_entries)
		return err_fail(err, -EINVAL, "max_entries must not be 0");
	if (attr->key_size <= sizeof(u32) ||
	    attr->key_size > sizeof(u32) + LPM_DATA_MAX)
		return err_fail(err, -EINVAL,
				"a key has its prefixlen and 1 to %u bytes, "
				"key_size is %u",
				LPM_DATA_MAX, attr->key_size);
	if (!attr->value_size || attr->value_size > value_max)
		return err_fail(err, -EINVAL,
				"value_size is 1 to %u bytes, not %u",
				value_max, attr->value_size);
	return 0;
}

struct layout {
	u32 elem_units;
	u32 entries;
	u32 units;
	u64 ids_off;
	u64 total;
};

/*
 * Memory is only reserved here, so the numbers may be high, but no higher than
 * what the budget can pay for.  A key makes at most one node for every eight
 * of its nibbles and three more, and blocks of five sizes take twice what is
 * in them, and again what smaller ones left behind.  Elements may wait for
 * their grace period as many times as they are used.
 */
static void lay_out(const struct map_attr *attr, const struct mem *mem,
		    struct layout *l)
{
	u64 nodes = (attr->key_size - sizeof(u32)) * 2 / 8 + 3;
	u64 budget = mem_budget(mem), units;

	units = (round_up(attr->key_size, 8) + round_up(attr->value_size, 8) +
		 LPM_UNIT - 1) /
		LPM_UNIT;
	l->elem_units = 1 + (u32)units;
	l->entries = (u32)MIN((u64)MIN(attr->max_entries, 1u << 30),
			      budget / LPM_UNIT / l->elem_units + 1);
	units = (nodes * 12 + 2ull * l->elem_units) * l->entries + SLACK;
	units = MIN(units, budget / LPM_UNIT) + 64;
	l->units = (u32)MIN(units, (u64)UINT32_MAX - 1);
	l->ids_off = round_up((l->units + 1ull) * LPM_UNIT, CACHE_LINE);
	l->total = l->ids_off + 4ull * l->entries;
}

/* The top and an empty root. */
static int make_top(struct lpm_trie *t)
{
	struct lpm_node *top, root = { .block = 0 };
	u32 block, below;

	lpm_edit_begin(&t->edit);
	block = lpm_edit_make(&t->edit, sizeof(*top));
	below = block ? lpm_edit_make(&t->edit, sizeof(root)) : 0;
	if (!below)
		return -ENOMEM;
	*lpm_children(&t->fast, below) = root;
	top = lpm_children(&t->fast, block);
	*top = (struct lpm_node){ .block = below, .children = 1 };
	t->fast.top = top;
	return 0;
}

static int set_up(struct lpm_trie *t, const struct map_env *env,
		  const struct map_attr *attr, const struct layout *l)
{
	t->ids = (u32 *)(t->arena.base + l->ids_off);
	t->ids_free = LPM_ID_FREE - 1;
	t->ids_part = (struct arena_part){ .from = l->ids_off,
					   .end = l->total,
					   .paid = l->ids_off };
	t->fast = (struct lpm_fast){
		.units = t->arena.base,
		.value_off = LPM_UNIT + (u32)round_up(attr->key_size, 8),
		.data_size = attr->key_size - (u32)sizeof(u32),
	};
	t->blocks = (struct lpm_blocks){
		.units = t->arena.base,
		.capacity = l->units,
		.elem_units = l->elem_units,
		.arena = &t->arena,
		.rcu = mem_rcu(env->mem),
		.fresh = 1,
		.part = { .end = l->ids_off },
	};
	t->edit.blocks = &t->blocks;
	return make_top(t);
}

static int lpm_create(const struct map_env *env, const struct map_attr *attr,
		      struct map **out)
{
	struct lpm_trie *t;
	struct layout l;
	int err;

	lay_out(attr, env->mem, &l);
	t = aligned_alloc(CACHE_LINE, round_up(sizeof(*t), CACHE_LINE));
	if (!t)
		return -ENOMEM;
	memset(t, 0, sizeof(*t));
	err = arena_create(env->mem, attr->name, l.total, ARENA_SPARSE,
			   &t->arena);
	if (err)
		goto free_trie;
	err = set_up(t, env, attr, &l);
	if (err)
		goto destroy_arena;
	*out = &t->map;
	return 0;

destroy_arena:
	arena_destroy(&t->arena);
free_trie:
	free(t);
	return -ENOMEM;
}

static void lpm_destroy(struct map *map)
{
	struct lpm_trie *t = lpm_of(map);

	arena_destroy(&t->arena);
	free(t);
}

/* ---- numbers of keys; under the lock ---- */

/* Room for one more number. */
static int reserve_id(struct lpm_trie *t)
{
	u64 end = t->ids_part.from + 4ull * (t->ids_len + 1);

	if (t->ids_free != LPM_ID_FREE - 1)
		return 0;
	return end > t->ids_part.end ? -ENOMEM
				     : arena_use(&t->arena, &t->ids_part, end);
}

static u32 take_id(struct lpm_trie *t)
{
	u32 id = t->ids_free;

	if (id == LPM_ID_FREE - 1)
		return t->ids_len++;
	t->ids_free = t->ids[id] & ~LPM_ID_FREE;
	return id;
}

static void give_id(struct lpm_trie *t, u32 id)
{
	t->ids[id] = t->ids_free | LPM_ID_FREE;
	t->ids_free = id;
}

static u32 id_of(const struct lpm_trie *t, u32 elem)
{
	return lpm_block_at(&t->blocks, elem)->next;
}

static void set_id(struct lpm_trie *t, u32 elem, u32 id)
{
	lpm_block_at(&t->blocks, elem)->next = id;
	t->ids[id] = elem;
}

/* ---- writing ---- */

static void add_used(struct lpm_trie *t, u32 n)
{
	u32 used = atomic_load_explicit(&t->used, memory_order_relaxed);

	atomic_store_explicit(&t->used, used + n, memory_order_relaxed);
}

/* A new element, 0: no memory. */
static u32 make_elem(struct lpm_trie *t, const void *key, const void *value)
{
	u32 elem = lpm_elem_take(&t->blocks);

	if (elem) {
		words_in(lpm_key(&t->blocks, elem), key, t->map.key_size);
		words_in(lpm_value(&t->fast, elem), value, t->map.value_size);
	}
	return elem;
}

static int insert(struct lpm_trie *t, struct lpm_way *w, const void *key,
		  const void *value)
{
	u32 elem;
	int err;

	if (t->used == t->map.max_entries)
		return -ENOSPC;
	err = reserve_id(t);
	if (err)
		return err;
	elem = make_elem(t, key, value);
	if (!elem)
		return -ENOMEM;
	err = lpm_insert(t, w, elem);
	if (err) {
		lpm_elem_return(&t->blocks, elem);
		return err;
	}
	set_id(t, elem, take_id(t));
	add_used(t, 1);
	return 0;
}

static int replace(struct lpm_trie *t, u32 *place, const void *key,
		   const void *value)
{
	u32 old = *place, elem = make_elem(t, key, value);

	if (!elem)
		return -ENOMEM;
	set_id(t, elem, id_of(t, old));
	__atomic_store_n(place, elem, __ATOMIC_RELEASE);
	lpm_elem_retire(&t->blocks, old);
	return 0;
}

static u32 prefixlen_of(const void *key)
{
	u32 len;

	memcpy(&len, key, sizeof(len));
	return len;
}

static int lpm_update(struct map *map, const void *key, const void *value,
		      u64 flags)
{
	struct lpm_trie *t = lpm_of(map);
	struct lpm_way w;
	u32 *place;
	int err = 0;

	if (flags > BPF_EXIST || prefixlen_of(key) > 8 * t->fast.data_size)
		return -EINVAL;
	spin_lock(&t->lock);
	lpm_walk(t, key, &w);
	place = lpm_place(t, &w);
	if (place && *place) {
		if (flags == BPF_NOEXIST)
			err = -EEXIST;
		else
			err = replace(t, place, key, value);
	} else if (flags == BPF_EXIST) {
		err = -ENOENT;
	} else {
		err = insert(t, &w, key, value);
	}
	spin_unlock(&t->lock);
	return err;
}

static int lpm_delete(struct map *map, const void *key)
{
	struct lpm_trie *t = lpm_of(map);
	struct lpm_way w;
	u32 *place, elem;

	if (prefixlen_of(key) > 8 * t->fast.data_size)
		return -EINVAL;
	spin_lock(&t->lock);
	lpm_walk(t, key, &w);
	place = lpm_place(t, &w);
	elem = place ? *place : 0;
	if (elem) {
		__atomic_store_n(place, 0, __ATOMIC_RELEASE);
		give_id(t, id_of(t, elem));
		lpm_tidy(t, &w);
		lpm_elem_retire(&t->blocks, elem);
		add_used(t, -1u);
	}
	spin_unlock(&t->lock);
	return elem ? 0 : -ENOENT;
}

/* ---- reading ---- */

static void *lpm_lookup(struct map *map, const void *key)
{
	struct lpm_trie *t = lpm_of(map);
	bool reader = lcore_slot != SLOT_NONE;
	u32 elem;

	if (unlikely(!reader))
		spin_lock(&t->lock);
	elem = lpm_find(&t->fast, key);
	if (unlikely(!reader))
		spin_unlock(&t->lock);
	return elem ? lpm_value(&t->fast, elem) : NULL;
}

static int lpm_read(struct map *map, const void *key, void *value, u64 flags)
{
	struct lpm_trie *t = lpm_of(map);
	u32 elem;

	if (flags)
		return -EINVAL;
	spin_lock(&t->lock);
	elem = lpm_find(&t->fast, key);
	if (elem)
		words_out(value, lpm_value(&t->fast, elem), map->value_size);
	spin_unlock(&t->lock);
	return elem ? 0 : -ENOENT;
}

static u64 lpm_count(const struct map *map)
{
	return atomic_load_explicit(&lpm_of(map)->used, memory_order_relaxed);
}

static u64 lpm_bytes(const struct map *map)
{
	return lpm_of(map)->arena.charged;
}

const struct map_ops lpm_trie_ops = {
	.name = "lpm_trie",
	.check = lpm_check,
	.create = lpm_create,
	.destroy = lpm_destroy,
	.lookup = lpm_lookup,
	.update = lpm_update,
	.delete = lpm_delete,
	.read = lpm_read,
	.write = lpm_update,
	.erase = lpm_delete,
	.next_key = lpm_next_key,
	.check_btf = check_btf,
	.scan = lpm_scan,
	.count = lpm_count,
	.bytes = lpm_bytes,
};
