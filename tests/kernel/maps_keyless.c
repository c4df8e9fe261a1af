/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * maps_keyless.c - queues, stacks and Bloom filters against the live kernel
 *
 * Random sequences of every command with every flag, from outside and from
 * programs, compared after every step; the values a Bloom filter finds wrongly
 * are Linux's.  The seed is printed; `maps_keyless SEED` repeats it.
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

#define VALUE_MAX 64
#define OPS 4000u

static u64 compared, different;

struct pair {
	struct map_attr attr;
	struct map *mine;
	int theirs;
	struct kmap_progs progs;
};

enum command {
	READ,
	WRITE,
	TAKE,
	ERASE,
	NEXT_KEY,
	PROG_PUSH,
	PROG_PEEK,
	PROG_POP,
	COMMANDS,
};

static const char *const names[] = {
	"read",	    "write",	 "take",      "erase",
	"next_key", "prog push", "prog peek", "prog pop",
};

struct op {
	enum command command;
	u8 value[VALUE_MAX];
	u64 flags;
};

static bool is_set(const struct pair *p)
{
	return p->attr.type == BPF_MAP_TYPE_BLOOM_FILTER;
}

static int ask_weir(struct pair *p, const struct op *op, u8 *value)
{
	const struct map_ops *ops = p->mine->ops;

	switch (op->command) {
	case READ: return ops->read(p->mine, NULL, value, op->flags);
	case WRITE: return ops->write(p->mine, NULL, value, op->flags);
	case TAKE:
		return ops->take ? ops->take(p->mine, NULL, value, op->flags)
				 : -524;
	case ERASE: return ops->erase(p->mine, NULL);
	case NEXT_KEY: return ops->next_key(p->mine, NULL, value);
	case PROG_PUSH: return ops->push(p->mine, value, op->flags);
	case PROG_PEEK: return ops->peek(p->mine, value);
	default: return ops->pop(p->mine, value);
	}
}

static int take(int fd, void *value, u64 flags)
{
	union bpf_attr attr = { .map_fd = (u32)fd,
				.value = (u64)(uintptr_t)value,
				.flags = flags };

	return kmap_bpf(BPF_MAP_LOOKUP_AND_DELETE_ELEM, &attr);
}

static int ask_linux(struct pair *p, const struct op *op, u8 *value)
{
	switch (op->command) {
	case READ: return kmap_read(p->theirs, NULL, value, op->flags);
	case WRITE: return kmap_write(p->theirs, NULL, value, op->flags);
	case TAKE: return take(p->theirs, value, op->flags);
	case ERASE: return kmap_erase(p->theirs, NULL);
	case NEXT_KEY: return kmap_next_key(p->theirs, NULL, value);
	case PROG_PUSH:
		return kmap_prog_call(&p->progs, BPF_FUNC_map_push_elem, NULL,
				      value, op->flags);
	case PROG_PEEK:
		return kmap_prog_call(&p->progs, BPF_FUNC_map_peek_elem, NULL,
				      value, 0);
	default:
		return kmap_prog_call(&p->progs, BPF_FUNC_map_pop_elem, NULL,
				      value, 0);
	}
}

static void both(struct pair *p, const struct op *op)
{
	u8 mine[VALUE_MAX], theirs[VALUE_MAX];
	int a, b;

	memcpy(mine, op->value, sizeof(mine));
	memcpy(theirs, op->value, sizeof(theirs));
	a = ask_weir(p, op, mine);
	b = ask_linux(p, op, theirs);
	compared++;
	/* What bpf(2) fills in when it fails is nobody's. */
	if (a == b && (a || memcmp(mine, theirs, p->attr.value_size) == 0))
		return;
	if (++different <= 20)
		printf("%s, value %u entries %u: %s flags %" PRIu64
		       ": Linux %d %02x, Weir %d %02x\n",
		       map_type_name(p->attr.type), p->attr.value_size,
		       p->attr.max_entries, names[op->command], op->flags, b,
		       theirs[0], a, mine[0]);
}

static u32 random_below(u64 *seed, u32 n)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(*seed >> 33) % n;
}

/* Flags that bpf(2) looks at before the map are not the map's. */
static void make_op(const struct pair *p, u64 *seed, struct op *op)
{
	static const u64 flags[] = { 0, 0, 0, 0, BPF_EXIST, BPF_NOEXIST, 3, 8 };

	op->command = random_below(seed, is_set(p) ? PROG_POP : COMMANDS);
	op->flags = flags[random_below(seed, ARRAY_LEN(flags))];
	if (op->command == TAKE)
		op->flags = 0;
	for (u32 i = 0; i < VALUE_MAX; i++)
		op->value[i] = (u8)random_below(seed, i < 3 ? 256 : 2);
}

static void sequence(const struct map_env *env, const struct map_attr *attr,
		     u64 *seed)
{
	struct pair p = { .attr = *attr };
	struct op op;

	p.theirs = kmap_create(attr);
	if (p.theirs < 0 || map_create(env, attr, NULL, &p.mine) != 0 ||
	    kmap_progs_load(&p.progs, p.theirs, attr) != 0) {
		printf("cannot make the maps\n");
		different++;
		return;
	}
	for (u32 i = 0; i < OPS; i++) {
		make_op(&p, seed, &op);
		both(&p, &op);
	}
	/* empty, and then full */
	for (u32 i = 0; i <= attr->max_entries && !is_set(&p); i++) {
		op = (struct op){ .command = i & 1 ? PROG_POP : TAKE };
		both(&p, &op);
	}
	for (u32 i = 0; i <= attr->max_entries + 1; i++) {
		op = (struct op){ .command = i & 1 ? PROG_PUSH : WRITE };
		memcpy(op.value, &i, sizeof(i));
		both(&p, &op);
		op.command = READ;
		both(&p, &op);
	}
	kmap_progs_close(&p.progs);
	close(p.theirs);
	map_put(p.mine);
	rcu_reclaim(mem_rcu(env->mem));
}

static void sequences(const struct map_env *env, u64 seed)
{
	static const u32 types[] = { BPF_MAP_TYPE_QUEUE, BPF_MAP_TYPE_STACK,
				     BPF_MAP_TYPE_BLOOM_FILTER };
	static const u32 values[] = { 1, 3, 4, 8, 12, 13, 24, 31, 64 };
	static const u32 entries[] = { 1, 2, 7, 40, 900 };

	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		for (size_t v = 0; v < ARRAY_LEN(values); v++) {
			struct map_attr a = {
				.type = types[t],
				.value_size = values[v],
				.max_entries = entries[v % ARRAY_LEN(entries)],
			};

			if (a.type == BPF_MAP_TYPE_BLOOM_FILTER) {
				a.flags = BPF_F_ZERO_SEED;
				a.extra = v * 2 % 16;
			}
			sequence(env, &a, &seed);
		}
	}
}

int main(int argc, char **argv)
{
	const char *why = kmap_unavailable();
	const struct mem_config config = { .budget = 64ull << 20,
					   .slots = kmap_cpus() };
	u64 seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (u64)time(NULL);
	struct map_env env = { 0 };

	if (why) {
		printf("bpf(2): %s\n", why);
		return KMAP_SKIP;
	}
	if (mem_create(&config, &env.mem) != 0)
		return 1;
	printf("seed %" PRIu64 "\n", seed);
	sequences(&env, seed);
	mem_destroy(env.mem);
	printf("%" PRIu64 " compared, %" PRIu64 " different\n", compared,
	       different);
	return different != 0 || compared < OPS ? 1 : 0;
}
