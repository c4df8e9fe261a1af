/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pool.c - free lists
 *
 * A list holds ready elements (a stack) and retired ones (a queue in order of
 * their stamps).  Every list keeps `spares` elements, so that
 *
 *	entries in use  =  capacity - free  <=  capacity - lists * spares
 *
 * which is `entries`: nobody counts them.  A thread works on its own list.
 * When that has no ready element beyond the spares it takes some from the
 * shared ones, or from other lists; when that has too many it shares some.
 *
 * F1  Elements move between lists under pool->lock, between the two
 *     increments of `moves`.  So whoever finds all lists short, and `moves`
 *     even and unchanged, has missed no element on its way.  (That one list
 *     gains an element after it was looked at and another loses one before is
 *     a race that Linux's free lists have too.)
 * F2  pool->lock is taken before a list's lock, and one list's at a time.
 * F3  A retired element's stamp is that of its group, which is never less
 *     than its own: an element joins the newest group if that is as young, or
 *     makes it younger when the list has no room for another group.
 */
#include "mem/pool.h"

#include <errno.h>
#include <stdlib.h>

#include "base/slot.h"

/* Spares let a burst of replacements go on until the grace period of the first
 * is over; they are not worth more than this many bytes a list. */
#define SPARES_MAX 64
#define SPARES_BYTES (256u << 10)
/* Sparse memory is charged in steps of about this. */
#define CHARGE_STEP (1u << 20)

u32 pool_spares(u32 entries, u64 elem_bytes)
{
	u64 n = MIN(SPARES_BYTES / elem_bytes, (u64)SPARES_MAX);

	return (u32)MAX(MIN(n, entries), 2ull);
}

u64 pool_capacity(u32 entries, u32 slots, u64 elem_bytes)
{
	return entries + (slots + 1ull) * pool_spares(entries, elem_bytes);
}

static u32 load(const _Atomic u32 *at)
{
	return atomic_load_explicit(at, memory_order_relaxed);
}

static void add(_Atomic u32 *at, u32 n)
{
	atomic_store_explicit(at, load(at) + n, memory_order_relaxed);
}

/* ---- one list; under its lock ---- */

static void push_ready(struct pool *pool, struct pool_list *l, u32 index)
{
	pool_at(pool, index)->next = l->ready;
	l->ready = index;
	l->ready_len++;
	add(&l->len, 1);
}

static u32 pop_ready(struct pool *pool, struct pool_list *l)
{
	u32 index = l->ready;

	if (!index)
		return 0;
	l->ready = pool_at(pool, index)->next;
	l->ready_len--;
	add(&l->len, -1u);
	return index;
}

static u64 oldest_stamp(const struct pool_list *l)
{
	return l->groups[l->group].stamp;
}

static void join_group(struct pool_list *l, u64 stamp)
{
	u32 newest = (l->group + l->groups_len - 1) % POOL_GROUPS;
	bool young = l->groups_len && l->groups[newest].stamp >= stamp;

	if (!young && l->groups_len < POOL_GROUPS) {
		newest = (l->group + l->groups_len++) % POOL_GROUPS;
		l->groups[newest].len = 0;
	}
	if (!young)
		l->groups[newest].stamp = stamp;
	l->groups[newest].len++;
}

static void push_retired(struct pool *pool, struct pool_list *l, u32 index,
			 u64 stamp)
{
	pool_at(pool, index)->next = 0;
	if (l->oldest)
		pool_at(pool, l->newest)->next = index;
	else
		l->oldest = index;
	l->newest = index;
	join_group(l, stamp);
	add(&l->len, 1);
}

static u32 pop_retired(struct pool *pool, struct pool_list *l)
{
	u32 index = l->oldest;

	if (!index)
		return 0;
	l->oldest = pool_at(pool, index)->next;
	if (--l->groups[l->group].len == 0) {
		l->group = (l->group + 1) % POOL_GROUPS;
		l->groups_len--;
	}
	add(&l->len, -1u);
	return index;
}

/* Is an element ready, or can the oldest retired one be had?  poll: find out,
 * otherwise only what is known already. */
static u32 pop_usable(struct pool *pool, struct pool_list *l, bool poll)
{
	u32 index = pop_ready(pool, l);
	u64 stamp;

	if (index || !l->oldest)
		return index;
	stamp = oldest_stamp(l);
	if (poll ? rcu_poll(pool->rcu, stamp) : rcu_known(pool->rcu, stamp))
		return pop_retired(pool, l);
	return 0;
}

/* Elements on their way between lists. */
struct chain {
	u32 first;
	u32 last;
	u32 len;
};

static void chain_push(struct pool *pool, struct chain *c, u32 index)
{
	pool_at(pool, index)->next = c->first;
	c->first = index;
	if (!c->len++)
		c->last = index;
}

/* Up to max usable elements of a list that keeps `keep`. */
static void detach(struct pool *pool, struct pool_list *l, u32 keep, u32 max,
		   struct chain *c)
{
	u32 index;

	while (c->len < max && load(&l->len) > keep &&
	       (index = pop_usable(pool, l, c->len == 0)) != 0)
		chain_push(pool, c, index);
}

static void attach(struct pool *pool, struct pool_list *l, u32 first)
{
	u32 next;

	for (; first; first = next) {
		next = pool_at(pool, first)->next;
		push_ready(pool, l, first);
	}
}

static struct pool_list *own_list(const struct pool *pool)
{
	u32 slot = lcore_slot;

	return &pool->lists[slot < pool->lists_len - 1 ? slot
						       : pool->lists_len - 1];
}

/* ---- between lists; under pool->lock ---- */

static void begin_move(struct pool *pool)
{
	atomic_store_explicit(&pool->moves, load(&pool->moves) + 1,
			      memory_order_seq_cst);
}

static void end_move(struct pool *pool)
{
	atomic_store_explicit(&pool->moves, load(&pool->moves) + 1,
			      memory_order_seq_cst);
}

/* Up to max elements never used before; -ENOMEM: they cannot be paid. */
static int take_fresh(struct pool *pool, u32 max, struct chain *c)
{
	u32 fresh = load(&pool->fresh), left = pool->capacity + 1 - fresh;
	u32 n = MIN(max, left), step;

	if (n == 0)
		return 0;
	if (fresh + n - 1 > pool->charged) {
		step = (u32)MAX(CHARGE_STEP / pool->unit, (u64)n);
		step = MIN(step, pool->capacity - pool->charged);
		if (arena_charge(pool->arena, step * pool->unit) != 0)
			return -ENOMEM;
		pool->charged += step;
	}
	for (u32 i = n; i-- > 0;)
		chain_push(pool, c, fresh + i);
	add(&pool->fresh, n);
	add(&pool->shared, -n);
	return 0;
}

static void share(struct pool *pool, const struct chain *c)
{
	if (!c->len)
		return;
	pool_at(pool, c->last)->next = pool->ready;
	pool->ready = c->first;
	add(&pool->shared, c->len);
}

static void take_shared(struct pool *pool, u32 max, struct chain *c)
{
	u32 index;

	while (c->len < max && (index = pool->ready) != 0) {
		pool->ready = pool_at(pool, index)->next;
		chain_push(pool, c, index);
	}
	add(&pool->shared, -c->len);
}

static void rob_others(struct pool *pool, const struct pool_list *own,
		       struct chain *c)
{
	for (u32 i = 0; i < pool->lists_len && !c->len; i++) {
		struct pool_list *l = &pool->lists[i];

		if (l == own || load(&l->len) <= pool->spares)
			continue;
		spin_lock(&l->lock);
		detach(pool, l, pool->spares, POOL_BATCH, c);
		spin_unlock(&l->lock);
	}
}

/* The list whose first retired element is the oldest, with more than keep
 * (its own: own_keep) elements. */
static struct pool_list *find_oldest(struct pool *pool, struct pool_list *own,
				     u32 own_keep)
{
	struct pool_list *best = NULL;
	u64 least = UINT64_MAX;

	for (u32 i = 0; i < pool->lists_len; i++) {
		struct pool_list *l = &pool->lists[i];
		u64 stamp = UINT64_MAX;

		spin_lock(&l->lock);
		if (load(&l->len) > (l == own ? own_keep : pool->spares) &&
		    l->oldest)
			stamp = oldest_stamp(l);
		spin_unlock(&l->lock);
		if (stamp < least) {
			least = stamp;
			best = l;
		}
	}
	return best;
}

/* Whatever there is but elements in their grace period, then these. */
static u32 refill(struct pool *pool, struct pool_list *own, u32 keep, int *err)
{
	struct chain c = { 0 };
	struct pool_list *l;
	u32 index = 0;

	spin_lock(&own->lock);
	if (load(&own->len) > keep)
		index = pop_usable(pool, own, true);
	spin_unlock(&own->lock);
	if (index)
		return index;

	begin_move(pool);
	take_shared(pool, POOL_BATCH, &c);
	if (!c.len)
		*err = take_fresh(pool, POOL_BATCH, &c);
	if (!c.len)
		rob_others(pool, own, &c);
	if (c.len) {
		index = c.first;
		spin_lock(&own->lock);
		attach(pool, own, pool_at(pool, index)->next);
		spin_unlock(&own->lock);
	}
	end_move(pool);

	while (!index && (l = find_oldest(pool, own, keep)) != NULL) {
		spin_lock(&l->lock);
		if (load(&l->len) > (l == own ? keep : pool->spares)) {
			index = pop_ready(pool, l);
			if (!index)
				index = pop_retired(pool, l);
		}
		spin_unlock(&l->lock);
	}
	return index;
}

/* E1's other half: no list has an element to give, none is on its way. */
static bool all_used(struct pool *pool)
{
	u32 moves = atomic_load_explicit(&pool->moves, memory_order_seq_cst);

	if ((moves & 1) || load(&pool->shared))
		return false;
	for (u32 i = 0; i < pool->lists_len; i++) {
		if (load(&pool->lists[i].len) > pool->spares)
			return false;
	}
	return atomic_load_explicit(&pool->moves, memory_order_seq_cst) ==
	       moves;
}

static u32 take(struct pool *pool, u32 keep, int *err)
{
	struct pool_list *own = own_list(pool);
	u32 index = 0;

	spin_lock(&own->lock);
	if (load(&own->len) > keep)
		index = pop_usable(pool, own, false);
	spin_unlock(&own->lock);
	if (!index) {
		if (keep && all_used(pool))
			return 0;
		spin_lock(&pool->lock);
		index = refill(pool, own, keep, err);
		spin_unlock(&pool->lock);
	}
	if (index)
		pool_at(pool, index)->next = POOL_USED;
	return index;
}

int pool_take(struct pool *pool, u32 *index)
{
	int err = 0;

	*index = take(pool, pool->spares, &err);
	if (*index)
		return 0;
	return err ? err : -E2BIG;
}

u32 pool_swap(struct pool *pool)
{
	int err = 0;

	return take(pool, 0, &err);
}

/* Share some when this list has more than it is likely to need. */
static void spill(struct pool *pool, struct pool_list *own)
{
	struct chain c = { 0 };

	spin_lock(&pool->lock);
	begin_move(pool);
	spin_lock(&own->lock);
	detach(pool, own, pool->spares + POOL_BATCH, POOL_BATCH, &c);
	spin_unlock(&own->lock);
	share(pool, &c);
	end_move(pool);
	spin_unlock(&pool->lock);
}

void pool_return(struct pool *pool, u32 index)
{
	struct pool_list *own = own_list(pool);
	bool full;

	spin_lock(&own->lock);
	push_ready(pool, own, index);
	full = own->ready_len > pool->spares + 2 * POOL_BATCH;
	spin_unlock(&own->lock);
	if (full)
		spill(pool, own);
}

void pool_retire(struct pool *pool, u32 index)
{
	struct pool_list *own = own_list(pool);
	u64 stamp = rcu_stamp(pool->rcu);
	bool full;

	spin_lock(&own->lock);
	push_retired(pool, own, index, stamp);
	full = load(&own->len) > pool->spares + 2 * POOL_BATCH &&
	       (own->ready_len > POOL_BATCH ||
		rcu_known(pool->rcu, oldest_stamp(own)));
	spin_unlock(&own->lock);
	if (full)
		spill(pool, own);
}

bool pool_can_give(const struct pool *pool)
{
	return load(&own_list(pool)->len) > pool->spares;
}

u32 pool_used(const struct pool *pool)
{
	u32 unused = load(&pool->shared);

	for (u32 i = 0; i < pool->lists_len; i++)
		unused += load(&pool->lists[i].len);
	return unused < pool->capacity ? pool->capacity - unused : 0;
}

int pool_init(struct pool *pool, const struct pool_config *config)
{
	u32 lists = mem_slots(config->mem) + 1;
	int err = 0;

	*pool = (struct pool){
		.elems = config->arena->base + config->offset - config->size,
		.size = config->size,
		.entries = config->entries,
		.spares = pool_spares(config->entries, config->elem_bytes),
		.capacity = (u32)pool_capacity(config->entries, lists - 1,
					       config->elem_bytes),
		.lists_len = lists,
		.unit = config->sparse ? config->elem_bytes : 0,
		.arena = config->arena,
		.rcu = mem_rcu(config->mem),
		.fresh = 1,
	};
	pool->shared = pool->capacity;
	pool->charged = config->sparse ? 0 : pool->capacity;
	pool->lists = aligned_alloc(CACHE_LINE, lists * sizeof(*pool->lists));
	if (!pool->lists)
		return -ENOMEM;
	for (u32 i = 0; i < lists && !err; i++) {
		struct chain c = { 0 };

		pool->lists[i] = (struct pool_list){ .ready = 0 };
		err = take_fresh(pool, pool->spares, &c);
		attach(pool, &pool->lists[i], c.first);
	}
	if (err)
		pool_fini(pool);
	return err;
}

void pool_fini(struct pool *pool)
{
	free(pool->lists);
	pool->lists = NULL;
}

/* Mark the elements of a chain as seen; their number, or -EUCLEAN. */
static s64 walk(const struct pool *pool, u32 first, u8 *seen)
{
	s64 n = 0;

	for (u32 i = first; i; i = pool_at(pool, i)->next, n++) {
		if (i >= load(&pool->fresh) || seen[i])
			return -EUCLEAN;
		seen[i] = 1;
	}
	return n;
}

static s64 grouped(const struct pool_list *l)
{
	s64 n = 0;

	for (u32 i = 0; i < l->groups_len; i++)
		n += l->groups[(l->group + i) % POOL_GROUPS].len;
	return n;
}

static int check_lists(struct pool *pool, u8 *seen, u32 *free_elems)
{
	u32 total = pool->capacity + 1 - load(&pool->fresh);
	s64 n = walk(pool, pool->ready, seen), m;

	if (n < 0 || n + total != load(&pool->shared))
		return -EUCLEAN;
	total += (u32)n;
	for (u32 i = 0; i < pool->lists_len; i++) {
		struct pool_list *l = &pool->lists[i];

		n = walk(pool, l->ready, seen);
		m = walk(pool, l->oldest, seen);
		if (n != l->ready_len || m != grouped(l) ||
		    n + m != load(&l->len))
			return -EUCLEAN;
		total += (u32)(n + m);
	}
	*free_elems = total;
	return 0;
}

int pool_check(struct pool *pool, u32 *free_elems)
{
	u8 *seen = calloc(1, pool->capacity + 1ull);
	int err;

	if (!seen)
		return -ENOMEM;
	err = check_lists(pool, seen, free_elems);
	free(seen);
	return err;
}
