/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lpm_block.c - memory for the nodes and elements of a prefix trie
 *
 * Nodes are in blocks of five sizes, each about twice the one before, so that a
 * node that grows a child at a time leaves behind no more than it has in the
 * end.  A block that readers may still have is used again after a grace period,
 * never before: they follow what is in it, and programs read values.  Until
 * then new memory serves, as long as there is any.
 */
#include "maps/lpm_trie.h"

#include <errno.h>

/* in units, header included; the last holds 16 children and 14 prefixes */
static const u32 node_units[LPM_NODE_GRADES] = { 2, 4, 7, 12, 21 };

/* Ask for the end of a grace period when so many blocks wait for it. */
#define POLL_AT 32

static u32 units_of(const struct lpm_blocks *b, u32 grade)
{
	return grade == LPM_ELEM ? b->elem_units : node_units[grade];
}

static u32 take_fresh(struct lpm_blocks *b, u32 grade)
{
	u32 size = units_of(b, grade), block = b->fresh;

	if (size > b->capacity - b->fresh ||
	    arena_use(b->arena, &b->part, (u64)(block + size) * LPM_UNIT) != 0)
		return 0;
	b->fresh += size;
	lpm_block_at(b, block)->grade = grade;
	return block;
}

static u32 take_used(struct lpm_blocks *b, u32 grade, bool poll)
{
	u32 block = b->lists[grade].ready;
	u64 stamp;

	if (block) {
		b->lists[grade].ready = lpm_block_at(b, block)->next;
		return block;
	}
	block = b->lists[grade].oldest;
	if (!block)
		return 0;
	stamp = lpm_block_at(b, block)->stamp;
	if (!(poll ? rcu_poll(b->rcu, stamp) : rcu_known(b->rcu, stamp)))
		return 0;
	b->lists[grade].oldest = lpm_block_at(b, block)->next;
	b->lists[grade].retired--;
	return block;
}

static u32 take(struct lpm_blocks *b, u32 grade)
{
	u32 block = take_used(b, grade, b->lists[grade].retired >= POLL_AT);

	if (!block)
		block = take_fresh(b, grade);
	if (!block)
		block = take_used(b, grade, true);
	return block;
}

static void give_ready(struct lpm_blocks *b, u32 block)
{
	struct lpm_block *head = lpm_block_at(b, block);

	head->next = b->lists[head->grade].ready;
	b->lists[head->grade].ready = block;
}

static void give_retired(struct lpm_blocks *b, u32 block, u64 stamp)
{
	struct lpm_block *head = lpm_block_at(b, block);
	u32 grade = head->grade;

	head->next = 0;
	head->stamp = stamp;
	if (b->lists[grade].oldest)
		lpm_block_at(b, b->lists[grade].newest)->next = block;
	else
		b->lists[grade].oldest = block;
	b->lists[grade].newest = block;
	b->lists[grade].retired++;
}

u32 lpm_elem_take(struct lpm_blocks *b)
{
	return take(b, LPM_ELEM);
}

void lpm_elem_return(struct lpm_blocks *b, u32 elem)
{
	give_ready(b, elem);
}

void lpm_elem_retire(struct lpm_blocks *b, u32 elem)
{
	give_retired(b, elem, rcu_stamp(b->rcu));
}

void lpm_edit_begin(struct lpm_edit *e)
{
	e->made_len = 0;
	e->dropped_len = 0;
}

u32 lpm_edit_make(struct lpm_edit *e, u32 bytes)
{
	u32 units = (bytes + LPM_UNIT - 1) / LPM_UNIT + 1, grade = 0, block = 0;

	while (node_units[grade] < units)
		grade++;
	/* Without memory a bigger one does. */
	for (; !block && grade < LPM_NODE_GRADES; grade++)
		block = take(e->blocks, grade);
	if (block)
		e->made[e->made_len++] = block;
	return block;
}

void lpm_edit_drop(struct lpm_edit *e, u32 block)
{
	if (block)
		e->dropped[e->dropped_len++] = block;
}

void lpm_edit_commit(struct lpm_edit *e)
{
	u64 stamp;

	if (!e->dropped_len)
		return;
	stamp = rcu_stamp(e->blocks->rcu);
	for (u32 i = 0; i < e->dropped_len; i++)
		give_retired(e->blocks, e->dropped[i], stamp);
}

void lpm_edit_abort(struct lpm_edit *e)
{
	for (u32 i = 0; i < e->made_len; i++)
		give_ready(e->blocks, e->made[i]);
}

/* Units in a list, -EUCLEAN if it has blocks of another grade. */
static s64 units_in(const struct lpm_blocks *b, u32 first, u32 grade)
{
	s64 units = 0;

	for (u32 block = first; block; block = lpm_block_at(b, block)->next) {
		if (lpm_block_at(b, block)->grade != grade || units > b->fresh)
			return -EUCLEAN;
		units += units_of(b, grade);
	}
	return units;
}

int lpm_blocks_check(const struct lpm_blocks *b, const u64 *used)
{
	s64 all = 0;

	for (u32 grade = 0; grade < LPM_GRADES; grade++) {
		s64 ready = units_in(b, b->lists[grade].ready, grade);
		s64 retired = units_in(b, b->lists[grade].oldest, grade);

		if (ready < 0 || retired < 0 ||
		    retired !=
			    (s64)b->lists[grade].retired * units_of(b, grade))
			return -EUCLEAN;
		all += (s64)used[grade] * units_of(b, grade) + ready + retired;
	}
	return all == (s64)b->fresh - 1 ? 0 : -EUCLEAN;
}
