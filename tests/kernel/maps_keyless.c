/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * maps_keyless.c - queues, stacks and Bloom filters against the live kernel
 *
 * Random sequences of every command with every flag, from outside and from
 * programs, compared after every step; the values a Bloom filter finds wrongly
 * are Linux's.  The seed is printed; `maps_keyless SEED` repeats it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pair.h"

#define OPS 4000u

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
	u8 value[PAIR_VALUE_MAX];
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
	u8 mine[PAIR_VALUE_MAX], theirs[PAIR_VALUE_MAX];
	int a, b;

	memcpy(mine, op->value, sizeof(mine));
	memcpy(theirs, op->value, sizeof(theirs));
	a = ask_weir(p, op, mine);
	b = ask_linux(p, op, theirs);
	pair_tally.compared++;
	/* What bpf(2) fills in when it fails is nobody's. */
	if (a == b && (a || memcmp(mine, theirs, p->attr.value_size) == 0))
		return;
	if (pair_differs())
		printf("%s, value %u entries %u: %s flags %" PRIu64
		       ": Linux %d %02x, Weir %d %02x\n",
		       map_type_name(p->attr.type), p->attr.value_size,
		       p->attr.max_entries, names[op->command], op->flags, b,
		       theirs[0], a, mine[0]);
}

/* Flags that bpf(2) looks at before the map are not the map's. */
static void make_op(const struct pair *p, u64 *seed, struct op *op)
{
	static const u64 flags[] = { 0, 0, 0, 0, BPF_EXIST, BPF_NOEXIST, 3, 8 };

	op->command = pair_random(seed, is_set(p) ? PROG_POP : COMMANDS);
	op->flags = flags[pair_random(seed, ARRAY_LEN(flags))];
	if (op->command == TAKE)
		op->flags = 0;
	for (u32 i = 0; i < PAIR_VALUE_MAX; i++)
		op->value[i] = (u8)pair_random(seed, i < 3 ? 256 : 2);
}

static void sequence(const struct map_env *env, const struct map_attr *attr,
		     u64 *seed)
{
	struct pair p;
	struct op op;

	if (!pair_open(env, attr, &p))
		return;
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
	pair_close(&p);
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
	return pair_main(argc, argv, 64ull << 20, OPS, sequences);
}
