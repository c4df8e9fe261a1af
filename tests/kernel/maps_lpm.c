/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * maps_lpm.c - prefix tries against the live kernel
 *
 * Random sequences of every command with every flag, for keys of many sizes
 * with prefixes that nest: answers, the order of the keys, and the contents.
 * The seed is printed; `maps_lpm SEED` repeats it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pair.h"

#define VALUE_MAX 32
#define OPS 10000u

static void say(const struct pair *p, const char *what, s64 theirs, s64 mine)
{
	if (!pair_differs())
		return;
	printf("key %u value %u entries %u: %s: Linux %" PRId64
	       ", Weir %" PRId64 "\n",
	       p->attr.key_size, p->attr.value_size, p->attr.max_entries, what,
	       theirs, mine);
}

static void both(struct pair *p, const struct pair_op *op)
{
	struct pair_answer mine, theirs;
	u32 size = op->command == PAIR_NEXT_KEY ? p->attr.key_size
						: p->attr.value_size;

	pair_ask(p, op, &mine, &theirs);
	pair_tally.compared++;
	if (mine.code != theirs.code)
		say(p, pair_commands[op->command], theirs.code, mine.code);
	else if (mine.code == 0 && memcmp(mine.out, theirs.out, size) != 0)
		say(p, pair_commands[op->command], theirs.out[0], mine.out[0]);
}

/* From the first key to the last: the same keys in the same order with the
 * same values. */
static void compare_contents(struct pair *p)
{
	u8 key[PAIR_KEY_MAX], mine[PAIR_KEY_MAX], theirs[PAIR_KEY_MAX];
	const u8 *from = NULL;
	u8 a[VALUE_MAX], b[VALUE_MAX];
	u32 n = 0;

	for (;; n++) {
		int e = p->mine->ops->next_key(p->mine, from, mine);
		int f = kmap_next_key(p->theirs, from, theirs);

		pair_tally.compared++;
		if (e != f || (!e && memcmp(mine, theirs, p->attr.key_size))) {
			say(p, "the key that follows", f, e);
			return;
		}
		if (e)
			break;
		memcpy(key, mine, p->attr.key_size);
		from = key;
		if (p->mine->ops->read(p->mine, key, a, 0) != 0 ||
		    kmap_read(p->theirs, key, b, 0) != 0 ||
		    memcmp(a, b, p->attr.value_size) != 0)
			say(p, "value", b[0], a[0]);
	}
	if (n != p->mine->ops->count(p->mine))
		say(p, "number of elements", n,
		    (s64)p->mine->ops->count(p->mine));
}

/* Few values a byte, so that prefixes nest; lengths up to one too long. */
static void make_op(struct pair *p, u64 *seed, struct pair_op *op)
{
	static const u8 bytes[] = { 0, 0, 0, 0, 0x80, 0xff, 1, 0x0f };
	static const u64 flags[] = { 0,		  0,	     0, 0,
				     BPF_NOEXIST, BPF_EXIST, 3, BPF_F_LOCK };
	u32 size = p->attr.key_size - 4;
	u32 len = pair_random(seed, 8 * size + 2);

	if (pair_random(seed, 2))
		len = MIN(len, 2 + pair_random(seed, 30));
	memcpy(op->key, &len, sizeof(len));
	for (u32 i = 0; i < size; i++)
		op->key[4 + i] = bytes[pair_random(seed, ARRAY_LEN(bytes))];
	if (pair_random(seed, 2))
		memset(op->key + 4, 0, pair_random(seed, size + 1));
	for (u32 i = 0; i < VALUE_MAX; i++)
		op->value[i] = (u8)pair_random(seed, 256);
	op->command = pair_random(seed, PAIR_COMMANDS);
	op->flags = flags[pair_random(seed, ARRAY_LEN(flags))];
}

/* A key that is there, every other time. */
static void aim(struct pair *p, u64 *seed, struct pair_op *op)
{
	u8 next[PAIR_KEY_MAX];

	if (pair_random(seed, 2) ||
	    p->mine->ops->next_key(p->mine, op->key, next) != 0)
		return;
	for (u32 i = pair_random(seed, 20); i; i--) {
		memcpy(op->key, next, p->attr.key_size);
		if (p->mine->ops->next_key(p->mine, op->key, next) != 0)
			return;
	}
}

static void sequence(const struct map_env *env, u32 data_size, u32 entries,
		     u64 *seed)
{
	const struct map_attr attr = { .type = BPF_MAP_TYPE_LPM_TRIE,
				       .key_size = 4 + data_size,
				       .value_size = 1 + data_size % VALUE_MAX,
				       .max_entries = entries,
				       .flags = BPF_F_NO_PREALLOC };
	static struct pair_op op;
	struct pair p;

	if (!pair_open(env, &attr, &p))
		return;
	for (u32 i = 0; i < OPS; i++) {
		make_op(&p, seed, &op);
		aim(&p, seed, &op);
		both(&p, &op);
		if (i % 500 == 499)
			compare_contents(&p);
	}
	while (p.mine->ops->next_key(p.mine, NULL, op.key) == 0) {
		op.command = PAIR_ERASE;
		both(&p, &op);
	}
	compare_contents(&p);
	pair_close(&p);
}

static void run(const struct map_env *env, u64 seed)
{
	static const u32 sizes[] = { 1, 2, 3, 4, 6, 8, 9, 16, 31, 256 };
	static const u32 entries[] = { 5, 60, 3000 };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		for (size_t e = 0; e < ARRAY_LEN(entries); e++)
			sequence(env, sizes[i], entries[e], &seed);
	}
}

int main(int argc, char **argv)
{
	return pair_main(argc, argv, 256ull << 20, OPS, run);
}
