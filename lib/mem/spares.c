/* SPDX-License-Identifier: BSD-3-Clause */
/* spares.c - the elements a slot keeps for replacements, by age */
#include "mem/spares.h"

void spares_stamp_youngest(struct spares *s, struct rcu *rcu)
{
	u64 stamp = rcu_stamp(rcu);

	for (; s->stamped != spares_end(s); s->stamped++)
		spares_at(s, s->stamped)->stamp = stamp;
	rcu_begin(rcu, stamp);
}

bool spares_ready(struct spares *s, struct rcu *rcu)
{
	u32 oldest = spares_oldest(s);
	u64 stamp;

	if (oldest == spares_end(s))
		return false;
	if (oldest == s->stamped)
		spares_stamp_youngest(s, rcu);
	stamp = spares_at(s, oldest)->stamp;
	if (!rcu_known(rcu, stamp) && !rcu_poll(rcu, stamp))
		return false;
	while (s->ready != s->stamped && spares_at(s, s->ready)->stamp <= stamp)
		s->ready++;
	return true;
}

/* What one position passes, the others do not fall behind. */
u32 spares_take_oldest(struct spares *s)
{
	u32 oldest = spares_oldest(s);

	if (oldest == spares_end(s))
		return 0;
	if (s->ready == oldest)
		s->ready++;
	if (s->stamped == oldest)
		s->stamped++;
	atomic_store_explicit(&s->oldest, oldest + 1, memory_order_relaxed);
	return spares_at(s, oldest)->index;
}

u64 spares_stamp(const struct spares *s)
{
	u32 oldest = spares_oldest(s);

	return oldest == s->stamped ? UINT64_MAX : spares_at(s, oldest)->stamp;
}

void spares_put_aged(struct spares *s, struct rcu *rcu, u32 index, u64 stamp)
{
	u32 end = spares_end(s);

	if (s->stamped != end)
		spares_stamp_youngest(s, rcu);
	*spares_at(s, end) = (struct spare){ stamp, index };
	s->stamped = end + 1;
	atomic_store_explicit(&s->end, end + 1, memory_order_relaxed);
}
