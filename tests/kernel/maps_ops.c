/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * maps_ops.c - what a map answers, and what is in it then, against the live
 * kernel: from programs (the helpers) and from outside (bpf(2))
 *
 * Every command with every flag, in every state of the map, for many key and
 * value sizes; then random sequences.  The seed is printed; `maps_ops SEED`
 * repeats it.
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

#define KEY_MAX 128
#define VALUE_MAX 64
#define RANDOM_OPS 1000000u

static u64 compared, different;

/* The same map twice. */
struct pair {
	struct map_attr attr;
	struct map *mine;
	int theirs;
	struct kmap_progs progs;
	u32 cpus;
	u32 bytes; /* a value from outside */
};

/* ---- one operation on both ---- */

static bool is_array(const struct map_attr *a)
{
	return a->type == BPF_MAP_TYPE_ARRAY ||
	       a->type == BPF_MAP_TYPE_PERCPU_ARRAY;
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
	const u8 *key;
	const u8 *value;
	u64 flags;
};

struct answer {
	int code;
	u8 value[VALUE_MAX * SLOT_MAX];
	u32 size;
};

static void ask_weir(struct pair *p, const struct op *op, struct answer *a)
{
	struct map *map = p->mine;
	const struct map_ops *ops = map->ops;
	void *found;

	switch (op->command) {
	case READ:
		a->code = ops->read(map, op->key, a->value, op->flags);
		a->size = p->bytes;
		break;
	case WRITE:
		a->code = ops->write(map, op->key, op->value, op->flags);
		break;
	case ERASE: a->code = ops->erase(map, op->key); break;
	case NEXT_KEY:
		a->code = ops->next_key(map, op->key, a->value);
		/* which key follows is Linux's only in an array */
		a->size = is_array(&p->attr) ? p->attr.key_size : 0;
		break;
	case PROG_LOOKUP:
		found = ops->lookup(map, op->key);
		a->code = found ? 0 : -ENOENT;
		a->size = map->value_size;
		if (found)
			memcpy(a->value, found, map->value_size);
		break;
	case PROG_UPDATE:
		a->code = ops->update(map, op->key, op->value, op->flags);
		break;
	case PROG_DELETE: a->code = ops->delete (map, op->key); break;
	default: abort();
	}
	rcu_quiescent(mem_rcu(map->env->mem), 0);
}

static void ask_linux(struct pair *p, const struct op *op, struct answer *a)
{
	switch (op->command) {
	case READ:
		a->code = kmap_read(p->theirs, op->key, a->value, op->flags);
		a->size = p->bytes;
		break;
	case WRITE:
		a->code = kmap_write(p->theirs, op->key, op->value, op->flags);
		break;
	case ERASE: a->code = kmap_erase(p->theirs, op->key); break;
	case NEXT_KEY:
		a->code = kmap_next_key(p->theirs, op->key, a->value);
		break;
	case PROG_LOOKUP:
		a->code = kmap_prog_lookup(&p->progs, op->key, a->value);
		a->size = p->attr.value_size;
		break;
	case PROG_UPDATE:
		a->code = kmap_prog_update(&p->progs, op->key, op->value,
					   op->flags);
		break;
	case PROG_DELETE: a->code = kmap_prog_delete(&p->progs, op->key); break;
	default: abort();
	}
}

static void say(const struct pair *p, const struct op *op, const char *what,
		int theirs, int mine)
{
	if (++different > 20)
		return;
	printf("%s, key %u value %u entries %u flags 0x%x: %s flags %" PRIu64
	       " key %02x%02x..: %s: Linux %d, Weir %d\n",
	       map_type_name(p->attr.type), p->attr.key_size,
	       p->attr.value_size, p->attr.max_entries, p->attr.flags,
	       op ? command_names[op->command] : "contents", op ? op->flags : 0,
	       op ? op->key[0] : 0, op ? op->key[1] : 0, what, theirs, mine);
}

/* Padding between per-CPU values is not compared: in a new element Linux leaves
 * in it what an older one had there. */
static bool same(const struct pair *p, const struct answer *a,
		 const struct answer *b)
{
	u32 each = p->attr.value_size;
	u32 stride = (u32)round_up(each, 8);

	if (a->size != stride * p->cpus || !map_is_percpu(p->mine))
		return memcmp(a->value, b->value, a->size) == 0;
	for (u32 i = 0; i < p->cpus; i++) {
		if (memcmp(a->value + i * stride, b->value + i * stride,
			   each) != 0)
			return false;
	}
	return true;
}

static void both(struct pair *p, const struct op *op)
{
	static struct answer mine, theirs;

	memset(&mine, 0, sizeof(mine));
	memset(&theirs, 0, sizeof(theirs));
	ask_weir(p, op, &mine);
	ask_linux(p, op, &theirs);
	compared++;
	if (mine.code != theirs.code)
		say(p, op, "result", theirs.code, mine.code);
	else if (mine.code == 0 && !same(p, &mine, &theirs))
		say(p, op, "value", theirs.value[0], mine.value[0]);
}

/* ---- contents ---- */

/* Every key of Linux's is in ours with the same value, and the numbers agree;
 * next_key() of either side visits each once. */
static void compare_contents(struct pair *p)
{
	static struct answer mine, theirs;
	u8 key[KEY_MAX], next[KEY_MAX];
	const u8 *from = NULL;
	u32 n = 0, m = 0;

	mine.size = p->bytes;
	while (kmap_next_key(p->theirs, from, next) == 0 && n < 1000) {
		memcpy(key, next, p->attr.key_size);
		from = key;
		n++;
		mine.code = p->mine->ops->read(p->mine, key, mine.value, 0);
		theirs.code = kmap_read(p->theirs, key, theirs.value, 0);
		if (mine.code != theirs.code)
			say(p, NULL, "element", theirs.code, mine.code);
		else if (!same(p, &mine, &theirs))
			say(p, NULL, "value", theirs.value[0], mine.value[0]);
	}
	from = NULL;
	while (p->mine->ops->next_key(p->mine, from, next) == 0 && m < 1000) {
		memcpy(key, next, p->attr.key_size);
		from = key;
		m++;
	}
	compared++;
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

/* ---- pairs ---- */

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
	p->bytes = (u32)map_value_bytes(p->mine);
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

static void make_key(const struct map_attr *a, u32 n, u8 *key)
{
	memset(key, 0, KEY_MAX);
	for (u32 i = 0; i < a->key_size; i++)
		key[i] = (u8)(is_array(a) ? n >> 8 * i : n * (i + 1));
}

static void make_value(u32 n, u8 *value)
{
	for (u32 i = 0; i < VALUE_MAX * SLOT_MAX; i++)
		value[i] = (u8)(n + i * 7 + 1);
}

enum state { EMPTY, ONE, FULL, REPLACED, DELETED, STATES };

static void set_state(struct pair *p, enum state state)
{
	static u8 value[VALUE_MAX * SLOT_MAX];
	u8 key[KEY_MAX];
	struct op op = { .command = WRITE, .key = key, .value = value };
	u32 n = state == EMPTY ? 0 : state == ONE ? 1 : p->attr.max_entries;

	for (u32 i = 0; i < n; i++) {
		make_key(&p->attr, i, key);
		make_value(i, value);
		both(p, &op);
	}
	for (u32 i = 0; state == REPLACED && i < n; i++) {
		make_key(&p->attr, i, key);
		make_value(i + 50, value);
		op.command = i & 1 ? WRITE : PROG_UPDATE;
		both(p, &op);
	}
	op.command = PROG_DELETE;
	for (u32 i = 0; state == DELETED && i < n; i++) {
		make_key(&p->attr, i, key);
		both(p, &op);
		op.command = ERASE;
	}
}

/* ---- the generated sequence ---- */

static void every_command(struct pair *p, enum command c, u64 flags)
{
	static u8 value[VALUE_MAX * SLOT_MAX];
	u8 key[KEY_MAX];
	const struct op op = { c, key, value, flags };
	/* there (mostly), the last, not there */
	const u32 which[] = { 0, p->attr.max_entries - 1, p->attr.max_entries,
			      200 };

	for (size_t i = 0; i < ARRAY_LEN(which); i++) {
		make_key(&p->attr, which[i], key);
		make_value(which[i] + 100, value);
		/* Which key follows a present one is the order of a hash. */
		if (c == NEXT_KEY && !is_array(&p->attr) &&
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
		for (int c = READ; c < COMMANDS; c++) {
			struct pair p;

			if (!open_pair(env, attr, &p))
				return;
			for (size_t f = 0; f < ARRAY_LEN(flags); f++) {
				set_state(&p, (enum state)state);
				every_command(&p, (enum command)c, flags[f]);
			}
			compare_contents(&p);
			compare_each(&p);
			close_pair(&p);
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

static u32 random_below(u64 *seed, u32 n)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(*seed >> 33) % n;
}

static void random_ops(struct pair *p, u64 *seed, u32 n)
{
	static u8 value[VALUE_MAX * SLOT_MAX];
	static const u64 flags[] = { 0, 0, 0, 0, BPF_NOEXIST, BPF_EXIST, 3 };
	u8 key[KEY_MAX];
	struct op op = { .key = key, .value = value };
	u32 keys = p->attr.max_entries * 3 / 2 + 1;

	for (u32 i = 0; i < n; i++) {
		op.command = random_below(seed, COMMANDS);
		if (op.command == NEXT_KEY)
			op.command = WRITE;
		op.flags = flags[random_below(seed, ARRAY_LEN(flags))];
		make_key(&p->attr, random_below(seed, keys), key);
		make_value(random_below(seed, 256), value);
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

		if (!open_pair(env, &maps[i], &p))
			return;
		random_ops(&p, &seed, RANDOM_OPS / ARRAY_LEN(maps) + 1);
		compare_each(&p);
		close_pair(&p);
	}
}

int main(int argc, char **argv)
{
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
	sequences(&env);
	printf("seed %" PRIu64 "\n", seed);
	random_sequences(&env, seed);
	rcu_offline(mem_rcu(env.mem), 0);
	mem_destroy(env.mem);
	printf("%" PRIu64 " compared, %" PRIu64 " different\n", compared,
	       different);
	return different != 0 || compared < RANDOM_OPS ? 1 : 0;
}
