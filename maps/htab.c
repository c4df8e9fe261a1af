/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * htab.c - BPF_MAP_TYPE_HASH, PERCPU_HASH, LRU_HASH and LRU_PERCPU_HASH
 *
 * An array of buckets over elements from a pool sized at creation.  Lookups
 * take no lock (htab_fast.h).  Updates and deletes hold the bucket's lock and
 * never wait for readers.  What makes room in a full LRU map is in lru.c.
 *
 * H1  A reachable element's key never changes.
 * H2  A replacement takes the old element's place with one store: a lookup
 *     finds old or new, never neither.
 * H3  An unlinked element returns to the pool after a grace period; when
 *     only such elements are left, the oldest is reused at once, so that
 *     an update never fails where the kernel's would succeed.
 * H4  Programs write values in place; tearing is theirs to prevent.
 * H5  seq counts up after an element was unlinked and before it goes to the
 *     pool; what is written into an element from the pool is ordered after it.
 *     So a lookup that read anything of a reused element sees seq changed.
 * H6  Never more than max_entries elements: the pool has no more, but for the
 *     spares that are only lent for the time of a replacement.
 *
 * tests/stress/htab_replace.c attacks H2 and H3.
 */
#include "maps/htab.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#define HTAB_FLAGS                                                   \
	(BPF_F_NO_PREALLOC | BPF_F_NO_COMMON_LRU | BPF_F_NUMA_NODE | \
	 BPF_F_ZERO_SEED | MAP_ACCESS_FLAGS)
/* Linux's bucket is 16 bytes, and the array of them below 4 GiB. */
#define LINUX_BUCKETS_MAX (UINT32_MAX / 16)
#define LINUX_ELEM_HEAD 48
#define LOAD 5 /* elements a bucket when all are in use */

static bool is_percpu(const struct htab *h)
{
	return h->fast.planes != NULL;
}

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
	l->elem_size = HTAB_KEY_OFF + key + (percpu ? 0 : value);
	l->elem_bytes = l->elem_size + (percpu ? slots * value : 0);
	l->capacity = pool_capacity(attr->max_entries, slots, l->elem_bytes);
	l->elems_off = l->buckets * sizeof(struct htab_bucket);
	l->planes_off =
		round_up(l->elems_off + l->capacity * l->elem_size, CACHE_LINE);
	l->plane_size =
		percpu ? round_up((l->capacity + 1) * value, CACHE_LINE) : 0;
	l->heat_off = l->planes_off + slots * l->plane_size;
	l->total = l->heat_off +
		   (wants_lru(attr) ? lru_heat_bytes(l->capacity) : 0);
}

static int set_up(struct htab *h, const struct map_env *env,
		  const struct map_attr *attr, const struct layout *l)
{
	bool sparse = attr->flags & BPF_F_NO_PREALLOC;
	struct pool_config config = {
		.mem = env->mem,
		.arena = &h->arena,
		.offset = l->elems_off,
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
		.key_size = attr->key_size,
		.value_off = HTAB_KEY_OFF + (u32)round_up(attr->key_size, 8),
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
	if (wants_lru(attr)) {
		h->lru = lru_create(h->pool.capacity, h->pool.lists_len);
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

/* ---- a bucket's places; under its lock ---- */

static void set_tag(struct htab_bucket *b, u32 way, u16 tag)
{
	u64 *word = &b->tags[way / 4];
	u32 shift = 16 * (way % 4);

	__atomic_store_n(word,
			 (*word & ~(0xffffull << shift)) | (u64)tag << shift,
			 __ATOMIC_RELEASE);
}

static void set_index(u32 *at, u32 index)
{
	__atomic_store_n(at, index, __ATOMIC_RELEASE);
}

static void set_heat(struct htab *h, u32 index, u8 heat)
{
	if (h->lru)
		__atomic_store_n(&h->fast.heat[index], heat, __ATOMIC_RELAXED);
}

/* Where the index of the element stands: in a way or in a link, NULL: it is in
 * another bucket or in none. */
static u32 *place_of(struct htab *h, struct htab_bucket *b, u32 index)
{
	u32 *at;

	for (u32 way = 0; way < HTAB_WAYS; way++) {
		if (b->elem[way] == index)
			return &b->elem[way];
	}
	for (at = &b->chain; *at && *at != index; at = htab_link(h, *at))
		;
	return *at ? at : NULL;
}

static void link_new(struct htab *h, struct htab_bucket *b, u32 index, u16 tag)
{
	for (u32 way = 0; way < HTAB_WAYS; way++) {
		if (b->elem[way])
			continue;
		set_index(&b->elem[way], index);
		set_tag(b, way, tag);
		return;
	}
	set_index(htab_link(h, index), b->chain);
	set_index(&b->chain, index);
}

static void count_removal(struct htab_bucket *b)
{
	__atomic_store_n(&b->seq, b->seq + 1, __ATOMIC_RELEASE);
}

static bool is_way(const struct htab_bucket *b, const u32 *at)
{
	return at >= b->elem && at < b->elem + HTAB_WAYS;
}

/* The link of an element in a way is never read. */
static void replace(struct htab *h, struct htab_bucket *b, u32 old, u32 new)
{
	u32 *at = place_of(h, b, old);

	if (!is_way(b, at))
		set_index(htab_link(h, new), *htab_link(h, old));
	set_heat(h, new, HTAB_HOT);
	set_heat(h, old, HTAB_UNLINKED);
	set_index(at, new);
	count_removal(b);
}

static void unlink_at(struct htab *h, struct htab_bucket *b, u32 *at, u32 index)
{
	set_heat(h, index, HTAB_UNLINKED);
	if (is_way(b, at)) {
		set_tag(b, (u32)(at - b->elem), 0);
		set_index(at, 0);
	} else {
		set_index(at, *htab_link(h, index));
	}
	count_removal(b);
}

/* ---- writing ---- */

/* Where a write's value comes from and goes to. */
struct source {
	const void *value;
	bool all_slots; /* control: a value for each slot, padding included */
	bool in_place;	/* into the old value under its lock (BPF_F_LOCK) */
};

static void fill_percpu(struct htab *h, u32 index, const struct source *from,
			bool new)
{
	const struct htab_fast *f = &h->fast;
	const u8 *value = from->value;
	u32 own = map_slot();

	for (u32 slot = 0; slot < h->map.slots; slot++) {
		void *to = htab_percpu_value(f, index, slot);

		if (from->all_slots)
			words_in(to, value + slot * f->value_stride,
				 (u32)f->value_stride);
		else if (slot == own && new)
			words_in(to, value, h->map.value_size);
		else if (slot == own)
			words_over(to, value, h->map.value_size);
		else if (new)
			words_zero(to, h->map.value_size);
	}
}

static void fill(struct htab *h, u32 index, const void *key,
		 const struct source *from)
{
	/* H5: whoever sees one of the stores below sees seq changed. */
	atomic_thread_fence(memory_order_release);
	set_index(htab_link(h, index), 0);
	words_in(htab_elem(&h->fast, index) + HTAB_KEY_OFF, key,
		 h->map.key_size);
	if (is_percpu(h))
		fill_percpu(h, index, from, true);
	else
		value_new(&h->map, htab_value(&h->fast, index), from->value);
}

static void give_back(struct htab *h, u32 index)
{
	if (!is_percpu(h))
		value_gone(&h->map, htab_value(&h->fast, index));
	pool_retire(&h->pool, index);
	if (h->lru && pool_can_give(&h->pool))
		lru_has_room(h->lru);
}

/* Only more threads without a slot than spares can make it wait, for one of
 * them to give back what it replaced. */
static u32 borrow(struct htab *h)
{
	u32 index;

	while ((index = pool_swap(&h->pool)) == 0)
		sched_yield();
	return index;
}

/* What a write has in hand; given back when it is done. */
struct hand {
	u32 filled; /* borrowed, with the new key and value in it; 0: none */
	u32 victim; /* evicted, may be lent for; 0: none */
	u32 old;    /* what was replaced */
};

static int insert(struct htab *h, struct htab_bucket *b, const void *key,
		  u16 tag, const struct source *from, struct hand *hand)
{
	u32 index = hand->filled;
	int err = 0;

	if (!hand->victim)
		err = index ? pool_keep(&h->pool) : pool_take(&h->pool, &index);
	else if (!index)
		index = borrow(h);
	if (err)
		return err;
	if (!hand->victim && h->lru)
		lru_has_room(h->lru);
	if (!hand->filled)
		fill(h, index, key, from);
	hand->filled = 0;
	set_heat(h, index, HTAB_WARM);
	link_new(h, b, index, tag);
	return 0;
}

static int put_locked(struct htab *h, struct htab_bucket *b, const void *key,
		      u64 hash, u64 flags, const struct source *from,
		      struct hand *hand)
{
	u32 old = htab_probe_any(&h->fast, b, key, hash);

	if (old && flags == BPF_NOEXIST)
		return -EEXIST;
	if (!old && flags == BPF_EXIST)
		return -ENOENT;
	if (!old)
		return insert(h, b, key, htab_tag(hash), from, hand);
	if (is_percpu(h)) {
		fill_percpu(h, old, from, false);
		if (h->lru)
			htab_touch(&h->fast, old);
	} else if (from->in_place) {
		value_over_locked(&h->map, htab_value(&h->fast, old),
				  from->value);
	} else {
		replace(h, b, old, hand->filled);
		hand->filled = 0;
		hand->old = old;
	}
	return 0;
}

/* Whatever happens, victim is given back.  While the bucket comes from memory
 * the element that will probably be linked is filled. */
static int put_once(struct htab *h, const void *key, u64 flags,
		    const struct source *from, u32 victim)
{
	u64 hash = htab_hash(&h->fast, key);
	struct htab_bucket *b = htab_bucket_of(&h->fast, hash);
	struct hand hand = { .victim = victim };
	int err;

	__builtin_prefetch(b, 1);
	if (!is_percpu(h) && !from->in_place) {
		hand.filled = borrow(h);
		fill(h, hand.filled, key, from);
	}
	spin_lock(htab_lock_of(b));
	err = put_locked(h, b, key, hash, flags, from, &hand);
	spin_unlock(htab_lock_of(b));
	if (hand.filled)
		pool_return(&h->pool, hand.filled);
	if (hand.old)
		give_back(h, hand.old);
	if (victim)
		give_back(h, victim);
	return err;
}

/* A full LRU map evicts first, so that no thread holds two buckets' locks.  It
 * has no victim while all elements are on their way between other threads'
 * evictions and insertions: these will be done. */
static int put(struct htab *h, const void *key, u64 flags,
	       const struct source *from)
{
	u32 victim = 0;
	int err;

	if (h->lru && lru_is_full(h->lru) && flags != BPF_EXIST &&
	    !htab_find(&h->fast, key))
		victim = lru_evict(h);
	err = put_once(h, key, flags, from, victim);
	while (err == -E2BIG && h->lru) {
		victim = lru_fill_up(h->lru) ? 0 : lru_evict(h);
		if (!victim)
			sched_yield();
		err = put_once(h, key, flags, from, victim);
	}
	return err;
}

bool htab_holds(struct htab *h, struct htab_bucket *b, u32 index)
{
	bool holds;

	spin_lock(htab_lock_of(b));
	holds = place_of(h, b, index) != NULL;
	spin_unlock(htab_lock_of(b));
	return holds;
}

bool htab_evict(struct htab *h, u32 index)
{
	u64 hash = htab_hash_elem(&h->fast, index);
	struct htab_bucket *b = htab_bucket_of(&h->fast, hash);
	u32 *at;

	spin_lock(htab_lock_of(b));
	at = place_of(h, b, index);
	if (at)
		unlink_at(h, b, at, index);
	spin_unlock(htab_lock_of(b));
	return at != NULL;
}

static int update(struct htab *h, const void *key, struct source *from,
		  u64 flags)
{
	from->in_place = flags & BPF_F_LOCK;
	flags &= ~(u64)BPF_F_LOCK;
	if (flags > BPF_EXIST || (from->in_place && !map_has_lock(&h->map)))
		return -EINVAL;
	return put(h, key, flags, from);
}

static int htab_update(struct map *map, const void *key, const void *value,
		       u64 flags)
{
	struct source from = { .value = value };

	return update(htab_of(map), key, &from, flags);
}

static int htab_write(struct map *map, const void *key, const void *value,
		      u64 flags)
{
	struct htab *h = htab_of(map);
	struct source from = { .value = value, .all_slots = is_percpu(h) };

	return update(h, key, &from, flags);
}

/* value: where to leave a copy of what is deleted, or NULL. */
static int remove_key(struct map *map, const void *key, void *value, u64 flags)
{
	struct htab *h = htab_of(map);
	u64 hash = htab_hash(&h->fast, key);
	struct htab_bucket *b = htab_bucket_of(&h->fast, hash);
	u32 index;

	spin_lock(htab_lock_of(b));
	index = htab_probe_any(&h->fast, b, key, hash);
	if (index && value)
		htab_copy_value(h, index, value, flags & BPF_F_LOCK);
	if (index)
		unlink_at(h, b, place_of(h, b, index), index);
	spin_unlock(htab_lock_of(b));
	if (!index)
		return -ENOENT;
	give_back(h, index);
	return 0;
}

static int htab_delete(struct map *map, const void *key)
{
	return remove_key(map, key, NULL, 0);
}

static int htab_take(struct map *map, const void *key, void *value, u64 flags)
{
	return remove_key(map, key, value, flags);
}

static u64 htab_count(const struct map *map)
{
	return pool_used(&htab_of(map)->pool);
}

static u64 htab_bytes(const struct map *map)
{
	return htab_of(map)->arena.charged;
}

const struct map_ops htab_ops = {
	.name = "hash",
	.check = htab_check,
	.create = htab_create,
	.destroy = htab_destroy,
	.lookup = htab_lookup,
	.lookup_burst = htab_lookup_burst,
	.update = htab_update,
	.delete = htab_delete,
	.read = htab_read,
	.write = htab_write,
	.erase = htab_delete,
	.next_key = htab_next_key,
	.for_each = htab_for_each,
	.take = htab_take,
	.scan = htab_scan,
	.count = htab_count,
	.bytes = htab_bytes,
};

const struct map_ops percpu_htab_ops = {
	.name = "percpu_hash",
	.check = htab_check,
	.create = htab_create,
	.destroy = htab_destroy,
	.lookup = percpu_htab_lookup,
	.lookup_burst = htab_lookup_burst,
	.lookup_slot = htab_lookup_slot,
	.update = htab_update,
	.delete = htab_delete,
	.read = htab_read,
	.write = htab_write,
	.erase = htab_delete,
	.next_key = htab_next_key,
	.for_each = htab_for_each,
	.take = htab_take,
	.scan = htab_scan,
	.count = htab_count,
	.bytes = htab_bytes,
};

const struct map_ops lru_htab_ops = {
	.name = "lru_hash",
	.check = htab_check,
	.create = htab_create,
	.destroy = htab_destroy,
	.lookup = lru_htab_lookup,
	.lookup_burst = htab_lookup_burst,
	.update = htab_update,
	.delete = htab_delete,
	.read = htab_read,
	.write = htab_write,
	.erase = htab_delete,
	.next_key = htab_next_key,
	.for_each = htab_for_each,
	.take = htab_take,
	.scan = htab_scan,
	.count = htab_count,
	.bytes = htab_bytes,
};

const struct map_ops lru_percpu_htab_ops = {
	.name = "lru_percpu_hash",
	.check = htab_check,
	.create = htab_create,
	.destroy = htab_destroy,
	.lookup = lru_percpu_htab_lookup,
	.lookup_burst = htab_lookup_burst,
	.lookup_slot = htab_lookup_slot,
	.update = htab_update,
	.delete = htab_delete,
	.read = htab_read,
	.write = htab_write,
	.erase = htab_delete,
	.next_key = htab_next_key,
	.for_each = htab_for_each,
	.take = htab_take,
	.scan = htab_scan,
	.count = htab_count,
	.bytes = htab_bytes,
};
