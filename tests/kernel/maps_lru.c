/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * maps_lru.c - LRU maps against the live kernel
 *
 * While all keys fit, every answer and the contents are Linux's.  When they do
 * not, each side chooses whom to evict: then the answer is compared when both
 * sides have the key or both lack it, and the sizes are.  Last, which of the
 * two keeps more of what is used.
 *
 * Linux evicts before a map is full, and for an update of a key that is there:
 * perhaps this very key.  So an update of a full map that depends on the key
 * being there is not compared.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pair.h"

#define OPS 20000u

static void say(const struct pair *p, const char *what, s64 theirs, s64 mine)
{
	if (!pair_differs())
		return;
	printf("%s, key %u value %u entries %u flags 0x%x: %s: Linux %" PRId64
	       ", Weir %" PRId64 "\n",
	       map_type_name(p->attr.type), p->attr.key_size,
	       p->attr.value_size, p->attr.max_entries, p->attr.flags, what,
	       theirs, mine);
}

static bool mine_has(struct pair *p, const u8 *key)
{
	static u8 value[PAIR_BYTES_MAX];

	return p->mine->ops->read(p->mine, key, value, 0) == 0;
}

static bool theirs_has(struct pair *p, const u8 *key)
{
	static u8 value[PAIR_BYTES_MAX];

	return kmap_read(p->theirs, key, value, 0) == 0;
}

/* Linux finds every element it should in at most max_entries steps. */
static u32 theirs_count(struct pair *p)
{
	u8 key[64], next[64];
	const u8 *from = NULL;
	u32 n = 0;

	while (kmap_next_key(p->theirs, from, next) == 0 && n < 100000) {
		memcpy(key, next, p->attr.key_size);
		from = key;
		n++;
	}
	return n;
}

static bool depends_on_the_key(const struct pair_op *op)
{
	return (op->command == PAIR_WRITE || op->command == PAIR_PROG_UPDATE) &&
	       (op->flags == BPF_EXIST || op->flags == BPF_NOEXIST);
}

static void both(struct pair *p, const struct pair_op *op, bool fits)
{
	static struct pair_answer mine, theirs;
	bool mine_had = mine_has(p, op->key);
	bool theirs_had = theirs_has(p, op->key);

	pair_ask(p, op, &mine, &theirs);
	if (fits && mine_had != theirs_had)
		say(p, "element", theirs_had, mine_had);
	if (mine_had != theirs_had ||
	    (!fits && mine_had && depends_on_the_key(op)))
		return;
	pair_tally.compared++;
	if (mine.code != theirs.code)
		say(p, pair_commands[op->command], theirs.code, mine.code);
	else if (fits && mine.code == 0 &&
		 !pair_same_value(p, mine.out, theirs.out))
		say(p, "value", theirs.out[0], mine.out[0]);
}

static void make_op(struct pair *p, u64 *seed, u32 keys, struct pair_op *op)
{
	static const u64 flags[] = { 0,		  0,	     0, 0,
				     BPF_NOEXIST, BPF_EXIST, 3, BPF_F_LOCK };
	u32 n = pair_random(seed, keys);

	memset(op->key, 0, sizeof(op->key));
	for (u32 i = 0; i < p->attr.key_size; i++)
		op->key[i] = (u8)(n >> 8 * (i % 4));
	for (u32 i = 0; i < sizeof(op->value); i++)
		op->value[i] = (u8)pair_random(seed, 256);
	op->command = pair_random(seed, PAIR_COMMANDS);
	if (op->command == PAIR_NEXT_KEY) /* the order is each side's own */
		op->command = PAIR_WRITE;
	op->flags = flags[pair_random(seed, ARRAY_LEN(flags))];
}

static void while_all_keys_fit(struct pair *p, u64 *seed)
{
	static struct pair_op op;
	u32 share = p->attr.max_entries;

	/* On one CPU Linux has that CPU's part, and an update needs one more.
	 */
	if (p->attr.flags & BPF_F_NO_COMMON_LRU)
		share /= p->cpus;
	for (u32 i = 0; i < OPS; i++) {
		make_op(p, seed, share - 1, &op);
		both(p, &op, true);
		if (i % 1000 == 999 &&
		    theirs_count(p) != p->mine->ops->count(p->mine))
			say(p, "number of elements", theirs_count(p),
			    (s64)p->mine->ops->count(p->mine));
	}
}

static void when_they_do_not(struct pair *p, u64 *seed)
{
	u32 limit = p->mine->max_entries;
	static struct pair_op op;

	for (u32 i = 0; i < OPS; i++) {
		u64 before = p->mine->ops->count(p->mine), after;
		bool had;

		make_op(p, seed, 3 * limit, &op);
		had = mine_has(p, op.key);
		both(p, &op, false);
		after = p->mine->ops->count(p->mine);
		if (!had && mine_has(p, op.key) && before < limit)
			before++;
		if (had && !mine_has(p, op.key))
			before--;
		if (after != before)
			say(p, "elements after an operation", (s64)before,
			    (s64)after);
		if (i % 100 == 99 && theirs_count(p) > limit)
			say(p, "Linux's limit", theirs_count(p), limit);
	}
	op.command = PAIR_WRITE;
	op.flags = 0;
	for (u32 i = 0; i < 3 * limit; i++) {
		memcpy(op.key, &i, MIN(p->attr.key_size, 4u));
		both(p, &op, false);
	}
	if (p->mine->ops->count(p->mine) != limit || theirs_count(p) > limit)
		say(p, "elements in the end", theirs_count(p),
		    (s64)p->mine->ops->count(p->mine));
}

/* ---- who keeps more of what is used ---- */

/* Few keys come often: the product of three numbers. */
static u32 popular(u64 *seed, u32 keys)
{
	u64 a = pair_random(seed, keys), b = pair_random(seed, keys);

	return (u32)(a * b / keys * pair_random(seed, keys) / keys);
}

static u32 cache_weir(struct pair *p, struct pair_op *op)
{
	struct pair_answer a;

	op->command = PAIR_PROG_LOOKUP;
	pair_ask_weir(p, op, &a);
	if (a.code == 0)
		return 1;
	op->command = PAIR_PROG_UPDATE;
	pair_ask_weir(p, op, &a);
	return 0;
}

static u32 cache_linux(struct pair *p, struct pair_op *op)
{
	struct pair_answer a;

	op->command = PAIR_PROG_LOOKUP;
	pair_ask_linux(p, op, &a);
	if (a.code == 0)
		return 1;
	op->command = PAIR_PROG_UPDATE;
	pair_ask_linux(p, op, &a);
	return 0;
}

static void keeps_what_is_used(const struct map_env *env, u64 seed)
{
	const struct map_attr attr = { BPF_MAP_TYPE_LRU_HASH, 4, 4, 500, 0 };
	static struct pair_op op;
	u32 mine = 0, theirs = 0;
	struct pair p;

	if (!pair_open(env, &attr, &p))
		return;
	for (u32 i = 0; i < OPS; i++) {
		u32 key = popular(&seed, 5000);

		memcpy(op.key, &key, sizeof(key));
		mine += cache_weir(&p, &op);
		theirs += cache_linux(&p, &op);
	}
	printf("hits of %u: Linux %u, Weir %u\n", OPS, theirs, mine);
	pair_tally.compared++;
	if (mine < theirs - OPS / 100)
		say(&p, "hits", theirs, mine);
	pair_close(&p);
}

static void run(const struct map_env *env, u64 seed)
{
	static const struct map_attr maps[] = {
		{ BPF_MAP_TYPE_LRU_HASH, 4, 8, 100, 0 },
		{ BPF_MAP_TYPE_LRU_HASH, 13, 16, 2000, 0 },
		{ BPF_MAP_TYPE_LRU_HASH, 2, 3, 64, BPF_F_ZERO_SEED },
		{ BPF_MAP_TYPE_LRU_HASH, 4, 8, 101, BPF_F_NO_COMMON_LRU },
		{ BPF_MAP_TYPE_LRU_PERCPU_HASH, 5, 12, 50, 0 },
		{ BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 4, 40, BPF_F_NO_COMMON_LRU },
	};

	for (size_t i = 0; i < ARRAY_LEN(maps); i++) {
		struct pair p;

		if (!pair_open(env, &maps[i], &p))
			continue;
		while_all_keys_fit(&p, &seed);
		when_they_do_not(&p, &seed);
		pair_close(&p);
	}
	keeps_what_is_used(env, seed);
}

int main(int argc, char **argv)
{
	return pair_main(argc, argv, 256ull << 20, OPS, run);
}
