/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * maps_ops.c - what a map answers, and what is in it then, against the live
 * kernel: from programs (the helpers) and from outside (bpf(2))
 *
 * Every command with every flag, in every state of the map, for many key and
 * value sizes; then random sequences.  The seed is printed; `maps_ops SEED`
 * repeats it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pair.h"

#define RANDOM_OPS 1000000u

/* ---- one operation on both ---- */

static bool is_array(const struct map_attr *a)
{
	return a->type == BPF_MAP_TYPE_ARRAY ||
	       a->type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static void say(const struct pair *p, const struct pair_op *op,
		const char *what, int theirs, int mine)
{
	if (!pair_differs())
		return;
	printf("%s, key %u value %u entries %u flags 0x%x: %s flags %" PRIu64
	       " key %02x%02x..: %s: Linux %d, Weir %d\n",
	       map_type_name(p->attr.type), p->attr.key_size,
	       p->attr.value_size, p->attr.max_entries, p->attr.flags,
	       op ? pair_commands[op->command] : "contents", op ? op->flags : 0,
	       op ? op->key[0] : 0, op ? op->key[1] : 0, what, theirs, mine);
}

static bool same(const struct pair *p, enum pair_command command, const u8 *a,
		 const u8 *b)
{
	switch (command) {
	case PAIR_READ: return pair_same_value(p, a, b);
	case PAIR_PROG_LOOKUP: return !memcmp(a, b, p->attr.value_size);
	case PAIR_NEXT_KEY: /* which one follows is Linux's only in an array */
		return !is_array(&p->attr) || !memcmp(a, b, p->attr.key_size);
	default: return true;
	}
}

static void both(struct pair *p, const struct pair_op *op)
{
	static struct pair_answer mine, theirs;

	pair_ask(p, op, &mine, &theirs);
	pair_tally.compared++;
	if (mine.code != theirs.code)
		say(p, op, "result", theirs.code, mine.code);
	else if (mine.code == 0 && !same(p, op->command, mine.out, theirs.out))
		say(p, op, "value", theirs.out[0], mine.out[0]);
}

/* ---- contents ---- */

/* Every key of Linux's is in ours with the same value, and the numbers agree;
 * next_key() of either side visits each once. */
static void compare_contents(struct pair *p)
{
	static struct pair_answer mine, theirs;
	u8 key[PAIR_KEY_MAX], next[PAIR_KEY_MAX];
	const u8 *from = NULL;
	u32 n = 0, m = 0;

	while (kmap_next_key(p->theirs, from, next) == 0 && n < 1000) {
		memcpy(key, next, p->attr.key_size);
		from = key;
		n++;
		mine.code = p->mine->ops->read(p->mine, key, mine.out, 0);
		theirs.code = kmap_read(p->theirs, key, theirs.out, 0);
		if (mine.code != theirs.code)
			say(p, NULL, "element", theirs.code, mine.code);
		else if (mine.code == 0 &&
			 !pair_same_value(p, mine.out, theirs.out))
			say(p, NULL, "value", theirs.out[0], mine.out[0]);
	}
	from = NULL;
	while (p->mine->ops->next_key(p->mine, from, next) == 0 && m < 1000) {
		memcpy(key, next, p->attr.key_size);
		from = key;
		m++;
	}
	pair_tally.compared++;
	if (n != m || m != p->mine->ops->count(p->mine))
		say(p, NULL, "number of elements", (int)n, (int)m);
}

static int counting(void *arg, const void *key, const void *value)
{
	(void)key;
	(void)value;
	++*(u32 *)arg;
	return 0;
}

static void compare_each(struct pair *p)
{
	u32 n = 0;

	if (map_each(p->mine, counting, &n) != 0 ||
	    n != p->mine->ops->count(p->mine))
		say(p, NULL, "map_each", (int)p->mine->ops->count(p->mine),
		    (int)n);
}

static void make_key(const struct map_attr *a, u32 n, u8 *key)
{
	memset(key, 0, PAIR_KEY_MAX);
	for (u32 i = 0; i < a->key_size; i++)
		key[i] = (u8)(is_array(a) ? n >> 8 * i : n * (i + 1));
}

static void make_value(u32 n, u8 *value)
{
	for (u32 i = 0; i < PAIR_BYTES_MAX; i++)
		value[i] = (u8)(n + i * 7 + 1);
}

enum state { EMPTY, ONE, FULL, REPLACED, DELETED, STATES };

static void set_state(struct pair *p, enum state state)
{
	static struct pair_op op;
	u32 n = state == EMPTY ? 0 : state == ONE ? 1 : p->attr.max_entries;

	op.command = PAIR_WRITE;
	op.flags = 0;
	for (u32 i = 0; i < n; i++) {
		make_key(&p->attr, i, op.key);
		make_value(i, op.value);
		both(p, &op);
	}
	for (u32 i = 0; state == REPLACED && i < n; i++) {
		make_key(&p->attr, i, op.key);
		make_value(i + 50, op.value);
		op.command = i & 1 ? PAIR_WRITE : PAIR_PROG_UPDATE;
		both(p, &op);
	}
	op.command = PAIR_PROG_DELETE;
	for (u32 i = 0; state == DELETED && i < n; i++) {
		make_key(&p->attr, i, op.key);
		both(p, &op);
		op.command = PAIR_ERASE;
	}
}

/* ---- the generated sequence ---- */

static void every_command(struct pair *p, enum pair_command c, u64 flags)
{
	static struct pair_op op;
	/* there (mostly), the last, not there */
	const u32 which[] = { 0, p->attr.max_entries - 1, p->attr.max_entries,
			      200 };

	op.command = c;
	op.flags = flags;
	for (size_t i = 0; i < ARRAY_LEN(which); i++) {
		make_key(&p->attr, which[i], op.key);
		make_value(which[i] + 100, op.value);
		/* Which key follows a present one is the order of a hash. */
		if (c == PAIR_NEXT_KEY && !is_array(&p->attr) &&
		    p->mine->ops->count(p->mine) > 1 && i < 2)
			continue;
		both(p, &op);
	}
}

static void sequence(const struct map_env *env, const struct map_attr *attr)
{
	static const u64 flags[] = { BPF_ANY,
				     BPF_NOEXIST,
				     BPF_EXIST,
				     3,
				     BPF_F_LOCK,
				     BPF_F_LOCK | BPF_NOEXIST,
				     BPF_F_LOCK | BPF_EXIST,
				     1ull << 32,
				     UINT64_MAX };

	for (int state = EMPTY; state < STATES; state++) {
		for (int c = PAIR_READ; c < PAIR_COMMANDS; c++) {
			struct pair p;

			if (!pair_open(env, attr, &p))
				return;
			for (size_t f = 0; f < ARRAY_LEN(flags); f++) {
				set_state(&p, (enum state)state);
				every_command(&p, (enum pair_command)c,
					      flags[f]);
			}
			compare_contents(&p);
			compare_each(&p);
			pair_close(&p);
		}
	}
}

static void sequences(const struct map_env *env)
{
	static const struct {
		u32 type;
		u32 flags;
	} kinds[] = {
		{ BPF_MAP_TYPE_HASH, 0 },
		{ BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC },
		{ BPF_MAP_TYPE_PERCPU_HASH, 0 },
		{ BPF_MAP_TYPE_PERCPU_HASH, BPF_F_NO_PREALLOC },
		{ BPF_MAP_TYPE_ARRAY, 0 },
		{ BPF_MAP_TYPE_ARRAY, BPF_F_MMAPABLE },
		{ BPF_MAP_TYPE_PERCPU_ARRAY, 0 },
	};
	static const u32 keys[] = { 1,	2,  3,	4,  5,	6,  7,	8,  9,	10,
				    11, 12, 13, 14, 15, 16, 20, 32, 64, 128 };
	static const u32 values[] = { 1, 4, 7, 8, 13, 64 };
	static const u32 entries[] = { 1, 2, 7 };

	for (size_t t = 0; t < ARRAY_LEN(kinds); t++) {
		for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
			struct map_attr a = {
				.type = kinds[t].type,
				.flags = kinds[t].flags,
				.key_size = keys[k],
				.value_size = values[k % ARRAY_LEN(values)],
				.max_entries = entries[k % ARRAY_LEN(entries)],
			};

			if (is_array(&a) && k >= 6)
				break;
			if (is_array(&a))
				a.key_size = 4;
			sequence(env, &a);
		}
	}
}

/* ---- random sequences ---- */

static void random_ops(struct pair *p, u64 *seed, u32 n)
{
	static const u64 flags[] = { 0, 0, 0, 0, BPF_NOEXIST, BPF_EXIST, 3 };
	static struct pair_op op;
	u32 keys = p->attr.max_entries * 3 / 2 + 1;

	for (u32 i = 0; i < n; i++) {
		op.command = pair_random(seed, PAIR_COMMANDS);
		if (op.command == PAIR_NEXT_KEY)
			op.command = PAIR_WRITE;
		op.flags = flags[pair_random(seed, ARRAY_LEN(flags))];
		make_key(&p->attr, pair_random(seed, keys), op.key);
		make_value(pair_random(seed, 256), op.value);
		both(p, &op);
		if (i % 1000 == 999)
			compare_contents(p);
	}
}

static void random_sequences(const struct map_env *env, u64 seed)
{
	static const struct map_attr maps[] = {
		{ BPF_MAP_TYPE_HASH, 4, 8, 100, 0 },
		{ BPF_MAP_TYPE_HASH, 13, 24, 64, BPF_F_NO_PREALLOC },
		{ BPF_MAP_TYPE_PERCPU_HASH, 5, 12, 33, 0 },
		{ BPF_MAP_TYPE_PERCPU_HASH, 8, 4, 50, BPF_F_NO_PREALLOC },
		{ BPF_MAP_TYPE_ARRAY, 4, 10, 20, 0 },
		{ BPF_MAP_TYPE_PERCPU_ARRAY, 4, 9, 20, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(maps); i++) {
		struct pair p;

		if (!pair_open(env, &maps[i], &p))
			return;
		random_ops(&p, &seed, RANDOM_OPS / ARRAY_LEN(maps) + 1);
		compare_each(&p);
		pair_close(&p);
	}
}

static void run(const struct map_env *env, u64 seed)
{
	sequences(env);
	random_sequences(env, seed);
}

int main(int argc, char **argv)
{
	return pair_main(argc, argv, 256ull << 20, RANDOM_OPS, run);
}
