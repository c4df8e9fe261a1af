/* SPDX-License-Identifier: BSD-3-Clause */
/* spares.c - the elements a slot keeps for replacements, by age */
#include "mem/spares.h"

static struct spare *spare_at(const struct spares *s, u32 i)
{
	u32 at = s->oldest + i;

	return &s->ring[at < s->size ? at : at - s->size];
}

static void set_len(struct spares *s, u32 len)
{
	atomic_store_explicit(&s->len, len, memory_order_relaxed);
}

/* Starts the grace period of those that have no stamp. */
static void stamp_youngest(struct spares *s, struct rcu *rcu)
{
	u64 stamp = rcu_stamp(rcu);
	u32 len = spares_len(s);

	for (; s->unstamped; s->unstamped--)
		spare_at(s, len - s->unstamped)->stamp = stamp;
	rcu_poll(rcu, stamp);
}

static u32 pop(struct spares *s)
{
	u32 index = s->ring[s->oldest].index, len = spares_len(s) - 1;

	if (++s->oldest == s->size)
		s->oldest = 0;
	s->unstamped = MIN(s->unstamped, len);
	set_len(s, len);
	return index;
}

u32 spares_take(struct spares *s, struct rcu *rcu)
{
	u32 len = spares_len(s);
	u64 stamp;

	if (!len)
		return 0;
	if (len == s->unstamped)
		stamp_youngest(s, rcu);
	stamp = s->ring[s->oldest].stamp;
	if (!rcu_known(rcu, stamp) && !rcu_poll(rcu, stamp))
		return 0;
	return pop(s);
}

u32 spares_take_oldest(struct spares *s)
{
	return spares_len(s) ? pop(s) : 0;
}

u64 spares_stamp(const struct spares *s)
{
	u32 len = spares_len(s);

	return len > s->unstamped ? s->ring[s->oldest].stamp : UINT64_MAX;
}

static void push(struct spares *s, u32 index, u64 stamp)
{
	u32 len = spares_len(s);

	*spare_at(s, len) = (struct spare){ stamp, index };
	set_len(s, len + 1);
}

bool spares_put(struct spares *s, struct rcu *rcu, u32 index)
{
	if (spares_len(s) == s->size)
		return false;
	push(s, index, 0);
	if (++s->unstamped * 4 >= s->size)
		stamp_youngest(s, rcu);
	return true;
}

void spares_put_aged(struct spares *s, struct rcu *rcu, u32 index, u64 stamp)
{
	if (s->unstamped)
		stamp_youngest(s, rcu);
	push(s, index, stamp);
}
