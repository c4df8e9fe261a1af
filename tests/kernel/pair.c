/* SPDX-License-Identifier: BSD-3-Clause */
/* pair.c - see pair.h */
#include "pair.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINES_MAX 20

static_assert(PAIR_KEY_MAX <= PAIR_BYTES_MAX, "an answer may be a key");

struct pair_tally pair_tally;

const char *const pair_commands[PAIR_COMMANDS] = {
	"read",	       "write",	      "erase",	     "next_key",
	"prog lookup", "prog update", "prog delete",
};

bool pair_open(const struct map_env *env, const struct map_attr *attr,
	       struct pair *p)
{
	*p = (struct pair){ .attr = *attr, .cpus = mem_slots(env->mem) };
	p->theirs = kmap_create(attr);
	if (p->theirs < 0 || map_create(env, attr, NULL, &p->mine) != 0 ||
	    kmap_progs_load(&p->progs, p->theirs, attr) != 0) {
		printf("%s, key %u value %u: cannot make the maps\n",
		       map_type_name(attr->type), attr->key_size,
		       attr->value_size);
		pair_tally.different++;
		return false;
	}
	p->bytes = (u32)map_value_bytes(p->mine);
	return true;
}

void pair_close(struct pair *p)
{
	struct rcu *rcu = mem_rcu(p->mine->env->mem);

	kmap_progs_close(&p->progs);
	close(p->theirs);
	map_put(p->mine);
	rcu_quiescent(rcu, 0);
	rcu_reclaim(rcu);
}

void pair_ask_weir(struct pair *p, const struct pair_op *op,
		   struct pair_answer *a)
{
	struct map *map = p->mine;
	const struct map_ops *ops = map->ops;
	const void *found;

	switch (op->command) {
	case PAIR_READ:
		a->code = ops->read(map, op->key, a->out, op->flags);
		break;
	case PAIR_WRITE:
		a->code = ops->write(map, op->key, op->value, op->flags);
		break;
	case PAIR_ERASE: a->code = ops->erase(map, op->key); break;
	case PAIR_NEXT_KEY:
		a->code = ops->next_key(map, op->key, a->out);
		break;
	case PAIR_PROG_LOOKUP:
		found = ops->lookup(map, op->key);
		a->code = found ? 0 : -ENOENT;
		if (found)
			memcpy(a->out, found, map->value_size);
		break;
	case PAIR_PROG_UPDATE:
		a->code = ops->update(map, op->key, op->value, op->flags);
		break;
	case PAIR_PROG_DELETE: a->code = ops->delete (map, op->key); break;
	default: abort();
	}
	rcu_quiescent(mem_rcu(map->env->mem), 0);
}

void pair_ask_linux(struct pair *p, const struct pair_op *op,
		    struct pair_answer *a)
{
	switch (op->command) {
	case PAIR_READ:
		a->code = kmap_read(p->theirs, op->key, a->out, op->flags);
		break;
	case PAIR_WRITE:
		a->code = kmap_write(p->theirs, op->key, op->value, op->flags);
		break;
	case PAIR_ERASE: a->code = kmap_erase(p->theirs, op->key); break;
	case PAIR_NEXT_KEY:
		a->code = kmap_next_key(p->theirs, op->key, a->out);
		break;
	case PAIR_PROG_LOOKUP:
		a->code = kmap_prog_lookup(&p->progs, op->key, a->out);
		break;
	case PAIR_PROG_UPDATE:
		a->code = kmap_prog_update(&p->progs, op->key, op->value,
					   op->flags);
		break;
	case PAIR_PROG_DELETE:
		a->code = kmap_prog_delete(&p->progs, op->key);
		break;
	default: abort();
	}
}

void pair_ask(struct pair *p, const struct pair_op *op,
	      struct pair_answer *mine, struct pair_answer *theirs)
{
	memset(mine, 0, sizeof(*mine));
	memset(theirs, 0, sizeof(*theirs));
	pair_ask_weir(p, op, mine);
	pair_ask_linux(p, op, theirs);
}

bool pair_same_value(const struct pair *p, const u8 *a, const u8 *b)
{
	u64 each = p->attr.value_size;
	u32 n = map_is_percpu(p->mine) ? p->cpus : 1;

	for (u32 i = 0; i < n; i++) {
		u64 at = i * round_up(each, 8);

		if (memcmp(a + at, b + at, each) != 0)
			return false;
	}
	return true;
}

bool pair_differs(void)
{
	return ++pair_tally.different <= LINES_MAX;
}

u32 pair_random(u64 *seed, u32 n)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(*seed >> 33) % n;
}

int pair_main(int argc, char **argv, u64 budget, u64 at_least,
	      void (*run)(const struct map_env *env, u64 seed))
{
	const char *why = kmap_unavailable();
	const struct mem_config config = { .budget = budget,
					   .slots = kmap_cpus() };
	u64 seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (u64)time(NULL);
	struct map_env env = { 0 };

	if (why) {
		printf("bpf(2): %s\n", why);
		return KMAP_SKIP;
	}
	if (kmap_pin() != 0 || mem_create(&config, &env.mem) != 0 ||
	    rcu_online(mem_rcu(env.mem), 0) != 0)
		return EXIT_FAILURE;
	printf("seed %" PRIu64 "\n", seed);
	run(&env, seed);
	rcu_offline(mem_rcu(env.mem), 0);
	mem_destroy(env.mem);
	printf("%" PRIu64 " compared, %" PRIu64 " different\n",
	       pair_tally.compared, pair_tally.different);
	return pair_tally.different != 0 || pair_tally.compared < at_least
		       ? EXIT_FAILURE
		       : EXIT_SUCCESS;
}
