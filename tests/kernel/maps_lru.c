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
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/slot.h"
#include "kmap.h"

#define VALUE_MAX 16
#define OPS 20000u

static u64 compared, different;

struct pair {
	struct map_attr attr;
	struct map *mine;
	int theirs;
	struct kmap_progs progs;
	u32 cpus;
};

static u32 random_below(u64 *seed, u32 n)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(*seed >> 33) % n;
}

static void say(const struct pair *p, const char *what, s64 theirs, s64 mine)
{
	if (++different > 20)
		return;
	printf("%s, key %u value %u entries %u flags 0x%x: %s: Linux %" PRId64
	       ", Weir %" PRId64 "\n",
	       map_type_name(p->attr.type), p->attr.key_size,
	       p->attr.value_size, p->attr.max_entries, p->attr.flags, what,
	       theirs, mine);
}

static bool open_pair(const struct map_env *env, const struct map_attr *attr,
		      struct pair *p)
{
	*p = (struct pair){ .attr = *attr, .cpus = mem_slots(env->mem) };
	p->theirs = kmap_create(attr);
	if (p->theirs < 0 || map_create(env, attr, NULL, &p->mine) != 0 ||
	    kmap_progs_load(&p->progs, p->theirs, attr) != 0) {
		printf("cannot make the maps\n");
		different++;
		return false;
	}
	return true;
}

static void close_pair(struct pair *p)
{
	struct rcu *rcu = mem_rcu(p->mine->env->mem);

	kmap_progs_close(&p->progs);
	close(p->theirs);
	map_put(p->mine);
	rcu_quiescent(rcu, 0);
	rcu_reclaim(rcu);
}

/* ---- one operation on both ---- */

enum command {
	READ,
	WRITE,
	ERASE,
	PROG_LOOKUP,
	PROG_UPDATE,
	PROG_DELETE,
	COMMANDS,
};

static const char *const command_names[] = {
	"read", "write", "erase", "prog lookup", "prog update", "prog delete",
};

struct op {
	enum command command;
	u8 key[64];
	u8 value[VALUE_MAX * SLOT_MAX];
	u64 flags;
};

struct answer {
	int code;
	u8 value[VALUE_MAX * SLOT_MAX];
};

static void ask_weir(struct pair *p, const struct op *op, struct answer *a)
{
	struct map *map = p->mine;
	const struct map_ops *ops = map->ops;
	void *found;

	switch (op->command) {
	case READ:
		a->code = ops->read(map, op->key, a->value, op->flags);
		break;
	case WRITE:
		a->code = ops->write(map, op->key, op->value, op->flags);
		break;
	case ERASE: a->code = ops->erase(map, op->key); break;
	case PROG_LOOKUP:
		found = ops->lookup(map, op->key);
		a->code = found ? 0 : -ENOENT;
		if (found)
			memcpy(a->value, found, map->value_size);
		break;
	case PROG_UPDATE:
		a->code = ops->update(map, op->key, op->value, op->flags);
		break;
	default: a->code = ops->delete (map, op->key); break;
	}
	rcu_quiescent(mem_rcu(map->env->mem), 0);
}

static void ask_linux(struct pair *p, const struct op *op, struct answer *a)
{
	switch (op->command) {
	case READ:
		a->code = kmap_read(p->theirs, op->key, a->value, op->flags);
		break;
	case WRITE:
		a->code = kmap_write(p->theirs, op->key, op->value, op->flags);
		break;
	case ERASE: a->code = kmap_erase(p->theirs, op->key); break;
	case PROG_LOOKUP:
		a->code = kmap_prog_lookup(&p->progs, op->key, a->value);
		break;
	case PROG_UPDATE:
		a->code = kmap_prog_update(&p->progs, op->key, op->value,
					   op->flags);
		break;
	default: a->code = kmap_prog_delete(&p->progs, op->key); break;
	}
}

/* Padding between per-CPU values is not compared: in a new element Linux leaves
 * in it what an older one had there. */
static bool same(const struct pair *p, const struct answer *a,
		 const struct answer *b)
{
	u32 each = p->attr.value_size;
	u32 n = map_is_percpu(p->mine) ? p->cpus : 1;

	for (u32 i = 0; i < n; i++) {
		u64 at = i * round_up(each, 8);

		if (memcmp(a->value + at, b->value + at, each) != 0)
			return false;
	}
	return true;
}

static bool mine_has(struct pair *p, const u8 *key)
{
	static u8 value[VALUE_MAX * SLOT_MAX];

	return p->mine->ops->read(p->mine, key, value, 0) == 0;
}

static bool theirs_has(struct pair *p, const u8 *key)
{
	static u8 value[VALUE_MAX * SLOT_MAX];

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

static bool depends_on_the_key(const struct op *op)
{
	return (op->command == WRITE || op->command == PROG_UPDATE) &&
	       (op->flags == BPF_EXIST || op->flags == BPF_NOEXIST);
}

static void both(struct pair *p, const struct op *op, bool fits)
{
	static struct answer mine, theirs;
	bool mine_had = mine_has(p, op->key);
	bool theirs_had = theirs_has(p, op->key);

	memset(&mine, 0, sizeof(mine));
	memset(&theirs, 0, sizeof(theirs));
	ask_weir(p, op, &mine);
	ask_linux(p, op, &theirs);
	if (fits && mine_had != theirs_had)
		say(p, "element", theirs_had, mine_had);
	if (mine_had != theirs_had ||
	    (!fits && mine_had && depends_on_the_key(op)))
		return;
	compared++;
	if (mine.code != theirs.code)
		say(p, command_names[op->command], theirs.code, mine.code);
	else if (fits && mine.code == 0 && !same(p, &mine, &theirs))
		say(p, "value", theirs.value[0], mine.value[0]);
}

static void make_op(struct pair *p, u64 *seed, u32 keys, struct op *op)
{
	static const u64 flags[] = { 0,		  0,	     0, 0,
				     BPF_NOEXIST, BPF_EXIST, 3, BPF_F_LOCK };
	u32 n = random_below(seed, keys);

	memset(op->key, 0, sizeof(op->key));
	for (u32 i = 0; i < p->attr.key_size; i++)
		op->key[i] = (u8)(n >> 8 * (i % 4));
	for (u32 i = 0; i < sizeof(op->value); i++)
		op->value[i] = (u8)random_below(seed, 256);
	op->command = random_below(seed, COMMANDS);
	op->flags = flags[random_below(seed, ARRAY_LEN(flags))];
}

static void while_all_keys_fit(struct pair *p, u64 *seed)
{
	static struct op op;
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
	static struct op op;

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
	op.command = WRITE;
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
	u64 a = random_below(seed, keys), b = random_below(seed, keys);

	return (u32)(a * b / keys * random_below(seed, keys) / keys);
}

static u32 cache_weir(struct pair *p, struct op *op)
{
	struct answer a;

	op->command = PROG_LOOKUP;
	ask_weir(p, op, &a);
	if (a.code == 0)
		return 1;
	op->command = PROG_UPDATE;
	ask_weir(p, op, &a);
	return 0;
}

static u32 cache_linux(struct pair *p, struct op *op)
{
	struct answer a;

	op->command = PROG_LOOKUP;
	ask_linux(p, op, &a);
	if (a.code == 0)
		return 1;
	op->command = PROG_UPDATE;
	ask_linux(p, op, &a);
	return 0;
}

static void keeps_what_is_used(const struct map_env *env, u64 seed)
{
	const struct map_attr attr = { BPF_MAP_TYPE_LRU_HASH, 4, 4, 500, 0 };
	static struct op op;
	u32 mine = 0, theirs = 0;
	struct pair p;

	if (!open_pair(env, &attr, &p))
		return;
	for (u32 i = 0; i < OPS; i++) {
		u32 key = popular(&seed, 5000);

		memcpy(op.key, &key, sizeof(key));
		mine += cache_weir(&p, &op);
		theirs += cache_linux(&p, &op);
	}
	printf("hits of %u: Linux %u, Weir %u\n", OPS, theirs, mine);
	compared++;
	if (mine < theirs - OPS / 100)
		say(&p, "hits", theirs, mine);
	close_pair(&p);
}

int main(int argc, char **argv)
{
	static const struct map_attr maps[] = {
		{ BPF_MAP_TYPE_LRU_HASH, 4, 8, 100, 0 },
		{ BPF_MAP_TYPE_LRU_HASH, 13, 16, 2000, 0 },
		{ BPF_MAP_TYPE_LRU_HASH, 2, 3, 64, BPF_F_ZERO_SEED },
		{ BPF_MAP_TYPE_LRU_HASH, 4, 8, 101, BPF_F_NO_COMMON_LRU },
		{ BPF_MAP_TYPE_LRU_PERCPU_HASH, 5, 12, 50, 0 },
		{ BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 4, 40, BPF_F_NO_COMMON_LRU },
	};
	const char *why = kmap_unavailable();
	const struct mem_config config = { .budget = 256ull << 20,
					   .slots = kmap_cpus() };
	u64 seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (u64)time(NULL);
	struct map_env env = { 0 };

	if (why) {
		printf("bpf(2): %s\n", why);
		return KMAP_SKIP;
	}
	if (kmap_pin() != 0 || mem_create(&config, &env.mem) != 0 ||
	    rcu_online(mem_rcu(env.mem), 0) != 0)
		return 1;
	printf("seed %" PRIu64 "\n", seed);
	for (size_t i = 0; i < ARRAY_LEN(maps); i++) {
		struct pair p;

		if (!open_pair(&env, &maps[i], &p))
			continue;
		while_all_keys_fit(&p, &seed);
		when_they_do_not(&p, &seed);
		close_pair(&p);
	}
	keeps_what_is_used(&env, seed);
	rcu_offline(mem_rcu(env.mem), 0);
	mem_destroy(env.mem);
	printf("%" PRIu64 " compared, %" PRIu64 " different\n", compared,
	       different);
	return different != 0 || compared < OPS ? 1 : 0;
}
