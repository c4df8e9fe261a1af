/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * maps_lpm.c - prefix tries against the live kernel
 *
 * Random sequences of every command with every flag, for keys of many sizes
 * with prefixes that nest: answers, the order of the keys, and the contents.
 * The seed is printed; `maps_lpm SEED` repeats it.
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

#define KEY_MAX 260
#define VALUE_MAX 32
#define OPS 10000u

static u64 compared, different;

struct pair {
	struct map_attr attr;
	struct map *mine;
	int theirs;
	struct kmap_progs progs;
	bool has_progs;
};

static u32 random_below(u64 *seed, u32 n)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(*seed >> 33) % n;
}

enum command {
	READ,
	WRITE,
	ERASE,
	NEXT_KEY,
	PROG_LOOKUP,
	PROG_UPDATE,
	PROG_DELETE,
	COMMANDS,
};

static const char *const command_names[] = {
	"read",	       "write",	      "erase",	     "next_key",
	"prog lookup", "prog update", "prog delete",
};

struct op {
	enum command command;
	u8 key[KEY_MAX];
	u8 value[VALUE_MAX];
	u64 flags;
};

struct answer {
	int code;
	u8 out[KEY_MAX];
};

static void say(const struct pair *p, const char *what, s64 theirs, s64 mine)
{
	if (++different > 20)
		return;
	printf("key %u value %u entries %u: %s: Linux %" PRId64
	       ", Weir %" PRId64 "\n",
	       p->attr.key_size, p->attr.value_size, p->attr.max_entries, what,
	       theirs, mine);
}

static void ask_weir(struct pair *p, const struct op *op, struct answer *a)
{
	struct map *map = p->mine;
	const struct map_ops *ops = map->ops;
	void *found;

	switch (op->command) {
	case READ: a->code = ops->read(map, op->key, a->out, op->flags); break;
	case WRITE:
		a->code = ops->write(map, op->key, op->value, op->flags);
		break;
	case ERASE: a->code = ops->erase(map, op->key); break;
	case NEXT_KEY: a->code = ops->next_key(map, op->key, a->out); break;
	case PROG_LOOKUP:
		found = ops->lookup(map, op->key);
		a->code = found ? 0 : -ENOENT;
		if (found)
			memcpy(a->out, found, map->value_size);
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
		a->code = kmap_read(p->theirs, op->key, a->out, op->flags);
		break;
	case WRITE:
		a->code = kmap_write(p->theirs, op->key, op->value, op->flags);
		break;
	case ERASE: a->code = kmap_erase(p->theirs, op->key); break;
	case NEXT_KEY:
		a->code = kmap_next_key(p->theirs, op->key, a->out);
		break;
	case PROG_LOOKUP:
		a->code = kmap_prog_lookup(&p->progs, op->key, a->out);
		break;
	case PROG_UPDATE:
		a->code = kmap_prog_update(&p->progs, op->key, op->value,
					   op->flags);
		break;
	default: a->code = kmap_prog_delete(&p->progs, op->key); break;
	}
}

static void both(struct pair *p, const struct op *op)
{
	struct answer mine, theirs;
	u32 size =
		op->command == NEXT_KEY ? p->attr.key_size : p->attr.value_size;

	memset(&mine, 0, sizeof(mine));
	memset(&theirs, 0, sizeof(theirs));
	ask_weir(p, op, &mine);
	ask_linux(p, op, &theirs);
	compared++;
	if (mine.code != theirs.code)
		say(p, command_names[op->command], theirs.code, mine.code);
	else if (mine.code == 0 && memcmp(mine.out, theirs.out, size) != 0)
		say(p, command_names[op->command], theirs.out[0], mine.out[0]);
}

/* From the first key to the last: the same keys in the same order with the
 * same values. */
static void compare_contents(struct pair *p)
{
	u8 key[KEY_MAX], mine[KEY_MAX], theirs[KEY_MAX];
	const u8 *from = NULL;
	u8 a[VALUE_MAX], b[VALUE_MAX];
	u32 n = 0;

	for (;; n++) {
		int e = p->mine->ops->next_key(p->mine, from, mine);
		int f = kmap_next_key(p->theirs, from, theirs);

		compared++;
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
static void make_op(struct pair *p, u64 *seed, struct op *op)
{
	static const u8 bytes[] = { 0, 0, 0, 0, 0x80, 0xff, 1, 0x0f };
	static const u64 flags[] = { 0,		  0,	     0, 0,
				     BPF_NOEXIST, BPF_EXIST, 3, BPF_F_LOCK };
	u32 size = p->attr.key_size - 4;
	u32 len = random_below(seed, 8 * size + 2);

	if (random_below(seed, 2))
		len = MIN(len, 2 + random_below(seed, 30));
	memcpy(op->key, &len, sizeof(len));
	for (u32 i = 0; i < size; i++)
		op->key[4 + i] = bytes[random_below(seed, ARRAY_LEN(bytes))];
	if (random_below(seed, 2))
		memset(op->key + 4, 0, random_below(seed, size + 1));
	for (u32 i = 0; i < VALUE_MAX; i++)
		op->value[i] = (u8)random_below(seed, 256);
	op->command = random_below(seed, p->has_progs ? COMMANDS : PROG_LOOKUP);
	op->flags = flags[random_below(seed, ARRAY_LEN(flags))];
}

/* A key that is there, every other time. */
static void aim(struct pair *p, u64 *seed, struct op *op)
{
	u8 next[KEY_MAX];

	if (random_below(seed, 2) ||
	    p->mine->ops->next_key(p->mine, op->key, next) != 0)
		return;
	for (u32 i = random_below(seed, 20); i; i--) {
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
	struct pair p = { .attr = attr };
	static struct op op;

	p.theirs = kmap_create(&attr);
	if (p.theirs < 0 || map_create(env, &attr, NULL, &p.mine) != 0 ||
	    kmap_progs_load(&p.progs, p.theirs, &attr) != 0) {
		printf("cannot make the maps\n");
		different++;
		return;
	}
	p.has_progs = true;
	for (u32 i = 0; i < OPS; i++) {
		make_op(&p, seed, &op);
		aim(&p, seed, &op);
		both(&p, &op);
		if (i % 500 == 499)
			compare_contents(&p);
	}
	while (p.mine->ops->next_key(p.mine, NULL, op.key) == 0) {
		op.command = ERASE;
		both(&p, &op);
	}
	compare_contents(&p);
	kmap_progs_close(&p.progs);
	close(p.theirs);
	map_put(p.mine);
	rcu_quiescent(mem_rcu(env->mem), 0);
	rcu_reclaim(mem_rcu(env->mem));
}

int main(int argc, char **argv)
{
	static const u32 sizes[] = { 1, 2, 3, 4, 6, 8, 9, 16, 31, 256 };
	static const u32 entries[] = { 5, 60, 3000 };
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
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		for (size_t e = 0; e < ARRAY_LEN(entries); e++)
			sequence(&env, sizes[i], entries[e], &seed);
	}
	rcu_offline(mem_rcu(env.mem), 0);
	mem_destroy(env.mem);
	printf("%" PRIu64 " compared, %" PRIu64 " different\n", compared,
	       different);
	return different != 0 || compared < OPS ? 1 : 0;
}
