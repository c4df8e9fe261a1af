/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * htab_each.c - every element of a hash map, for a program that may change it
 *
 * No lock is held while the program looks at an element.  Those in a bucket's
 * ways keep their places meanwhile.  The chain behind them is noted before the
 * program gets the first of it, and what is no more in it then is left out.
 */
#include "maps/htab.h"

#include <stdlib.h>

#define CHAIN_FEW 32

struct chain {
	u32 *at;
	u32 cnt;
	u32 room;
	u32 few[CHAIN_FEW];
};

struct walk {
	struct htab *h;
	map_reach *fn;
	void *arg;
	u32 seen;
};

/* Without memory for a longer chain the rest is not walked. */
static bool note(struct chain *c, u32 index)
{
	u32 *more;

	if (c->cnt == c->room) {
		more = malloc(2ul * c->room * sizeof(*more));
		if (!more)
			return false;
		memcpy(more, c->at, c->cnt * sizeof(*more));
		if (c->at != c->few)
			free(c->at);
		c->at = more;
		c->room *= 2;
	}
	c->at[c->cnt++] = index;
	return true;
}

/* What the links say while nothing is removed; returns the bucket's seq. */
static u32 note_chain(const struct htab *h, const struct htab_bucket *b,
		      struct chain *c)
{
	u32 seq, index;

	do {
		seq = htab_load32(&b->seq);
		c->cnt = 0;
		index = htab_load32(&b->chain);
		while (index && htab_load32(&b->seq) == seq && note(c, index))
			index = htab_load32(htab_link(&h->fast, index));
		atomic_thread_fence(memory_order_acquire);
	} while (htab_load32(&b->seq) != seq);
	return seq;
}

static bool reach(struct walk *w, u32 index)
{
	const struct htab_fast *f = &w->h->fast;
	void *value = f->planes ? htab_percpu_value(f, index, map_slot())
				: htab_value(f, index);

	w->seen++;
	return w->fn(w->arg, htab_elem(f, index), value);
}

/* Is it still in the bucket? */
static bool holds(const struct htab *h, struct htab_bucket *b, u32 index)
{
	u32 at = 0, found = 0;

	spin_lock(htab_lock_of(b));
	do {
		found = htab_next_place(h, b, &at, found);
	} while (found && found != index);
	spin_unlock(htab_lock_of(b));
	return found != 0;
}

static bool walk_chain(struct walk *w, struct htab_bucket *b)
{
	struct chain c = { .at = c.few, .room = CHAIN_FEW };
	u32 seq = note_chain(w->h, b, &c);
	bool more = true;

	for (u32 i = 0; more && i < c.cnt; i++) {
		if (htab_load32(&b->seq) != seq && !holds(w->h, b, c.at[i]))
			continue;
		more = reach(w, c.at[i]);
	}
	if (c.at != c.few)
		free(c.at);
	return more;
}

static bool walk_bucket(struct walk *w, struct htab_bucket *b)
{
	bool more = true;

	for (u32 way = 0; more && way < HTAB_WAYS; way++) {
		u32 index = htab_load32(&b->elem[way]);

		if (index)
			more = reach(w, index);
	}
	if (more && htab_load32(&b->chain))
		more = walk_chain(w, b);
	return more;
}

u32 htab_for_each(struct map *map, map_reach *fn, void *arg)
{
	struct walk w = { .h = htab_of(map), .fn = fn, .arg = arg };
	const struct htab_fast *f = &w.h->fast;
	bool more = true;

	for (u64 i = 0; more && i < f->buckets_len; i++)
		more = walk_bucket(&w, &f->buckets[i]);
	return w.seen;
}
