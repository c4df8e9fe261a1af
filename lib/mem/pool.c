/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pool.c - free lists
 *
 * A list holds ready elements (a stack) and retired ones (a queue in order of
 * their stamps).  Beside these it has `spares` elements for replacements, which
 * stay with it: what is given back first makes up for a spare that was lent.
 * So
 *
 *	entries in use  =  capacity - lists * spares - elements in lists
 *
 * which is at most `entries`: nobody counts them.  A thread works on its own
 * list.  When that is empty it takes some from the shared elements, or from
 * other lists; when that has too many it shares some.
 *
 * F1  Elements move between lists under pool->lock, between the two
 *     increments of `moves`.  So whoever finds all lists empty, and `moves`
 *     even and unchanged, has missed no element on its way.  (That one list
 *     gains an element after it was looked at and another loses one before is
 *     a race that Linux's free lists have too.)
 * F2  pool->lock is taken before a list's lock, and one list's at a time.
 * F3  A retired element's stamp is that of its group, taken when the group is
 *     complete or is asked for it: after all in it were retired.  A list that
 *     has no room for another group makes the newest younger.
 */
#include "mem/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/slot.h"

/* Spares let some bursts of replacements go on until the grace period of the
 * first is over; they are not worth more than this many bytes a list. */
#define SPARES_MAX 256
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

static u32 next_of(const struct pool *pool, u32 index)
{
	return __atomic_load_n(&pool->links[index], __ATOMIC_RELAXED);
}

/* The owner's readers may still look at it. */
static void set_next(struct pool *pool, u32 index, u32 next)
{
	__atomic_store_n(&pool->links[index], next, __ATOMIC_RELEASE);
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
	set_next(pool, index, l->ready);
	l->ready = index;
	l->ready_len++;
	add(&l->len, 1);
}

static u32 pop_ready(struct pool *pool, struct pool_list *l)
{
	u32 index = l->ready;

	if (!index)
		return 0;
	l->ready = next_of(pool, index);
	l->ready_len--;
	add(&l->len, -1u);
	return index;
}

static struct pool_group *newest_group(struct pool_list *l)
{
	return &l->groups[(l->group + l->groups_len - 1) % POOL_GROUPS];
}

static void join_group(struct pool_list *l)
{
	if (!l->groups_len || (newest_group(l)->stamp != POOL_NO_STAMP &&
			       l->groups_len < POOL_GROUPS)) {
		l->groups_len++;
		newest_group(l)->len = 0;
	}
	newest_group(l)->stamp = POOL_NO_STAMP;
	newest_group(l)->len++;
}

/* When the oldest retired element, which there is, may be had. */
static u64 oldest_stamp(const struct pool *pool, struct pool_list *l)
{
	struct pool_group *g = &l->groups[l->group];

	if (g->stamp == POOL_NO_STAMP)
		g->stamp = rcu_stamp(pool->rcu);
	return g->stamp;
}

/* Start the grace period of a whole group, find out whether that of the oldest
 * is over: once for many. */
static void complete_group(const struct pool *pool, struct pool_list *l)
{
	struct pool_group *g = newest_group(l);

	if (g->len % POOL_GROUP != 0)
		return;
	g->stamp = rcu_stamp(pool->rcu);
	rcu_begin(pool->rcu, g->stamp);
	rcu_passed(pool->rcu, oldest_stamp(pool, l));
}

static void push_retired(struct pool *pool, struct pool_list *l, u32 index)
{
	set_next(pool, index, 0);
	if (l->oldest)
		set_next(pool, l->newest, index);
	else
		l->oldest = index;
	l->newest = index;
	join_group(l);
	complete_group(pool, l);
	add(&l->len, 1);
}

/* One with a stamp: before the others if it is older. */
static void push_aged(struct pool *pool, struct pool_list *l, u32 index,
		      u64 stamp)
{
	struct pool_group *g = &l->groups[l->group];

	if (!l->oldest || stamp > g->stamp) {
		push_retired(pool, l, index);
		return;
	}
	set_next(pool, index, l->oldest);
	l->oldest = index;
	g->len++;
	add(&l->len, 1);
}

static u32 pop_retired(struct pool *pool, struct pool_list *l)
{
	u32 index = l->oldest;

	if (!index)
		return 0;
	l->oldest = next_of(pool, index);
	/* Others wrote to its line, perhaps: have it when its turn comes. */
	__builtin_prefetch(&pool->links[l->oldest]);
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
	stamp = oldest_stamp(pool, l);
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
	set_next(pool, index, c->first);
	c->first = index;
	if (!c->len++)
		c->last = index;
}

/* Up to POOL_BATCH usable elements of a list. */
static void detach(struct pool *pool, struct pool_list *l, struct chain *c)
{
	u32 index;

	while (c->len < POOL_BATCH &&
	       (index = pop_usable(pool, l, c->len == 0)) != 0)
		chain_push(pool, c, index);
}

static void attach(struct pool *pool, struct pool_list *l, u32 first)
{
	u32 next;

	for (; first; first = next) {
		next = next_of(pool, first);
		push_ready(pool, l, first);
	}
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
	set_next(pool, c->last, pool->ready);
	pool->ready = c->first;
	add(&pool->shared, c->len);
}

static void take_shared(struct pool *pool, u32 max, struct chain *c)
{
	u32 index;

	while (c->len < max && (index = pool->ready) != 0) {
		pool->ready = next_of(pool, index);
		chain_push(pool, c, index);
	}
	add(&pool->shared, -c->len);
}

static void rob_others(struct pool *pool, const struct pool_list *own,
		       struct chain *c)
{
	for (u32 i = 0; i < pool->lists_len && !c->len; i++) {
		struct pool_list *l = &pool->lists[i];

		if (l == own || !load(&l->len))
			continue;
		spin_lock(&l->lock);
		detach(pool, l, c);
		spin_unlock(&l->lock);
	}
}

/* The list whose first retired element is the oldest, and older than that. */
static struct pool_list *find_older(struct pool *pool, u64 than)
{
	struct pool_list *best = NULL;

	for (u32 i = 0; i < pool->lists_len; i++) {
		struct pool_list *l = &pool->lists[i];

		spin_lock(&l->lock);
		if (l->oldest && oldest_stamp(pool, l) < than) {
			than = oldest_stamp(pool, l);
			best = l;
		}
		spin_unlock(&l->lock);
	}
	return best;
}

/* Whatever there is but elements in their grace period, then the oldest of
 * these if it is older than that.  Part of a move. */
static u32 refill(struct pool *pool, struct pool_list *own, u64 than, int *err)
{
	struct chain c = { 0 };
	struct pool_list *l;
	u32 index;

	spin_lock(&own->lock);
	index = pop_usable(pool, own, true);
	spin_unlock(&own->lock);
	if (index)
		return index;

	take_shared(pool, POOL_BATCH, &c);
	if (!c.len)
		*err = take_fresh(pool, POOL_BATCH, &c);
	if (!c.len)
		rob_others(pool, own, &c);
	if (c.len) {
		index = c.first;
		spin_lock(&own->lock);
		attach(pool, own, next_of(pool, index));
		spin_unlock(&own->lock);
	}

	while (!index && (l = find_older(pool, than)) != NULL) {
		spin_lock(&l->lock);
		index = pop_ready(pool, l);
		if (!index)
			index = pop_retired(pool, l);
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
		if (load(&pool->lists[i].len))
			return false;
	}
	return atomic_load_explicit(&pool->moves, memory_order_seq_cst) ==
	       moves;
}

/* A spare that is ready for one of the list that is not.  Under its lock. */
static u32 trade(struct pool *pool, struct pool_list *own)
{
	u32 index = own->oldest ? spares_take(&own->spares, pool->rcu) : 0;
	u64 stamp;

	if (!index)
		return 0;
	stamp = oldest_stamp(pool, own);
	spares_put_aged(&own->spares, pool->rcu, pop_retired(pool, own), stamp);
	return index;
}

/* The own list is empty, or all in it are in their grace period. */
static int take_slowly(struct pool *pool, struct pool_list *own, u32 *index)
{
	int err = 0;

	if (all_used(pool))
		return -E2BIG;
	spin_lock(&pool->lock);
	begin_move(pool);
	*index = refill(pool, own, UINT64_MAX, &err);
	end_move(pool);
	spin_unlock(&pool->lock);
	if (*index)
		return 0;
	return err ? err : -E2BIG;
}

int pool_take(struct pool *pool, u32 *index)
{
	struct pool_list *own = pool_own_list(pool);
	int err = 0;

	spin_lock(&own->lock);
	*index = pop_usable(pool, own, false);
	if (!*index)
		*index = trade(pool, own);
	spin_unlock(&own->lock);
	if (!*index)
		err = take_slowly(pool, own, index);
	return err;
}

static void lock_spares(struct pool *pool, struct pool_list *own)
{
	if (pool_is_common(pool, own))
		spin_lock(&own->lock);
}

static void unlock_spares(struct pool *pool, struct pool_list *own)
{
	if (pool_is_common(pool, own))
		spin_unlock(&own->lock);
}

/* The oldest spare takes the place of an element that left the lists.  false:
 * there is none. */
static bool replace_in_list(struct pool *pool, struct pool_list *own)
{
	u64 stamp;
	u32 index;

	spin_lock(&own->lock);
	stamp = spares_stamp(&own->spares);
	index = spares_take_oldest(&own->spares);
	if (index)
		push_aged(pool, own, index, stamp);
	spin_unlock(&own->lock);
	return index != 0;
}

/* All spares are in their grace period: exchange the oldest for something
 * better, if there is any, in one move.  Threads that have spares together may
 * have borrowed all of them meanwhile. */
static u32 exchange(struct pool *pool, struct pool_list *own)
{
	u32 index;
	u64 stamp;
	int err;

	spin_lock(&pool->lock);
	begin_move(pool);
	lock_spares(pool, own);
	stamp = spares_stamp(&own->spares);
	unlock_spares(pool, own);
	index = refill(pool, own, stamp, &err);
	if (index && !replace_in_list(pool, own)) {
		spin_lock(&own->lock);
		push_retired(pool, own, index);
		spin_unlock(&own->lock);
		index = 0;
	} else if (!index) {
		lock_spares(pool, own);
		index = spares_take_oldest(&own->spares);
		unlock_spares(pool, own);
	}
	end_move(pool);
	spin_unlock(&pool->lock);
	return index;
}

u32 pool_swap_slowly(struct pool *pool, struct pool_list *own)
{
	u32 index;

	lock_spares(pool, own);
	index = spares_take(&own->spares, pool->rcu);
	unlock_spares(pool, own);
	return index ? index : exchange(pool, own);
}

static bool make_up(struct pool *pool, struct pool_list *own, u32 index)
{
	bool done;

	lock_spares(pool, own);
	done = spares_put(&own->spares, pool->rcu, index);
	unlock_spares(pool, own);
	return done;
}

/* Share some when this list has more than it is likely to need. */
static void spill(struct pool *pool, struct pool_list *own)
{
	struct chain c = { 0 };

	spin_lock(&pool->lock);
	begin_move(pool);
	spin_lock(&own->lock);
	detach(pool, own, &c);
	spin_unlock(&own->lock);
	share(pool, &c);
	end_move(pool);
	spin_unlock(&pool->lock);
}

void pool_return(struct pool *pool, u32 index)
{
	struct pool_list *own = pool_own_list(pool);
	bool full;

	if (make_up(pool, own, index))
		return;
	spin_lock(&own->lock);
	push_ready(pool, own, index);
	full = own->ready_len > 2 * POOL_BATCH;
	spin_unlock(&own->lock);
	if (full)
		spill(pool, own);
}

void pool_drop(struct pool *pool, struct pool_list *own, u32 index)
{
	bool full;

	spin_lock(&own->lock);
	push_retired(pool, own, index);
	full = load(&own->len) > 2 * POOL_BATCH &&
	       (own->ready_len > POOL_BATCH ||
		rcu_known(pool->rcu, oldest_stamp(pool, own)));
	spin_unlock(&own->lock);
	if (full)
		spill(pool, own);
}

void pool_retire_slowly(struct pool *pool, struct pool_list *own, u32 index)
{
	if (!make_up(pool, own, index))
		pool_drop(pool, own, index);
}

/* Another makes up for it, which as a spare can wait for the end of its grace
 * period. */
int pool_keep(struct pool *pool)
{
	struct pool_list *own = pool_own_list(pool);
	u32 index;
	int err = 0;

	spin_lock(&own->lock);
	index = pop_ready(pool, own);
	if (!index)
		index = pop_retired(pool, own);
	spin_unlock(&own->lock);
	if (!index)
		err = take_slowly(pool, own, &index);
	if (!err)
		pool_retire(pool, own, index);
	return err;
}

u32 pool_used(const struct pool *pool)
{
	u32 unused = load(&pool->shared);

	for (u32 i = 0; i < pool->lists_len; i++)
		unused += load(&pool->lists[i].len) +
			  spares_len(&pool->lists[i].spares);
	return unused < pool->capacity ? pool->capacity - unused : 0;
}

static int init_list(struct pool *pool, u32 i)
{
	struct pool_list *l = &pool->lists[i];
	u32 ring = spares_ring(pool->spares);
	struct chain c = { 0 };
	int err;

	*l = (struct pool_list){
		.spares = { .ring = pool->rings + (size_t)i * ring,
			    .mask = ring - 1,
			    .size = pool->spares },
	};
	err = take_fresh(pool, pool->spares, &c);
	for (u32 index = c.first; index; index = next_of(pool, index))
		spares_put_aged(&l->spares, pool->rcu, index, 0);
	return err;
}

int pool_init(struct pool *pool, const struct pool_config *config)
{
	u32 lists = mem_slots(config->mem) + 1;
	size_t ring_bytes;
	int err = 0;

	*pool = (struct pool){
		.elems = config->arena->base + config->offset - config->size,
		.links = (u32 *)(config->arena->base + config->links),
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
	ring_bytes = lists * spares_ring(pool->spares) * sizeof(*pool->rings);
	pool->rings = aligned_alloc(CACHE_LINE, ring_bytes);
	if (!pool->lists || !pool->rings)
		err = -ENOMEM;
	else
		memset(pool->rings, 0, ring_bytes);
	pool->common = pool->lists + lists - 1;
	for (u32 i = 0; i < lists && !err; i++)
		err = init_list(pool, i);
	if (err)
		pool_fini(pool);
	return err;
}

void pool_fini(struct pool *pool)
{
	free(pool->rings);
	free(pool->lists);
	pool->rings = NULL;
	pool->lists = NULL;
}

/* Mark the elements of a chain as seen; their number, or -EUCLEAN. */
static s64 walk(const struct pool *pool, u32 first, u8 *seen)
{
	s64 n = 0;

	for (u32 i = first; i; i = next_of(pool, i), n++) {
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

static int check_spares(const struct pool *pool, const struct spares *s,
			u8 *seen)
{
	u32 index;

	for (u32 i = 0; i < spares_len(s); i++) {
		index = spares_at(s, spares_oldest(s) + i)->index;
		if (!index || index >= load(&pool->fresh) || seen[index])
			return -EUCLEAN;
		seen[index] = 1;
	}
	return 0;
}

int pool_check(struct pool *pool, u8 *seen, u32 *free_elems)
{
	u32 total = pool->capacity + 1 - load(&pool->fresh);
	s64 n = walk(pool, pool->ready, seen), m;

	if (n < 0 || n + total != load(&pool->shared))
		return -EUCLEAN;
	for (u32 i = load(&pool->fresh); i <= pool->capacity; i++)
		seen[i] = 1;
	total += (u32)n;
	for (u32 i = 0; i < pool->lists_len; i++) {
		struct pool_list *l = &pool->lists[i];

		n = walk(pool, l->ready, seen);
		m = walk(pool, l->oldest, seen);
		if (n != l->ready_len || m != grouped(l) ||
		    n + m != load(&l->len))
			return -EUCLEAN;
		total += (u32)(n + m);
		if (check_spares(pool, &l->spares, seen))
			return -EUCLEAN;
		total += spares_len(&l->spares);
	}
	*free_elems = total;
	return 0;
}
