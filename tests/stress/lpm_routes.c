/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lpm_routes.c - attacks T1 to T4 and T6 of maps/lpm_trie.c, in tries that are
 * full most of the time
 *
 * Each test says what would break without the protection it is about.
 */
#include <errno.h>

#include "maps/lpm_trie.h"
#include "sealed.h"
#include "stress.h"

#define SLOTS 4

struct route {
	u32 len;
	u8 addr[4];
};

static struct route route(u32 addr, u32 len)
{
	return (struct route){ len,
			       { (u8)(addr >> 24), (u8)(addr >> 16),
				 (u8)(addr >> 8), (u8)addr } };
}

static struct map *new_map(struct map_env *env, u32 entries)
{
	const struct map_attr attr = { .type = BPF_MAP_TYPE_LPM_TRIE,
				       .key_size = sizeof(struct route),
				       .value_size = sizeof(struct sealed),
				       .max_entries = entries,
				       .flags = BPF_F_NO_PREALLOC,
				       .name = "stress" };
	struct map *map;

	stress_env(env, SLOTS, NULL);
	require(map_create(env, &attr, NULL, &map) == 0);
	return map;
}

static void end_map(struct map_env *env, struct map *map)
{
	require(lpm_verify(map) == 0);
	map_put(map);
	mem_destroy(env->mem);
}

static void put_route(struct map *map, u32 addr, u32 len, u32 version,
		      u64 flags)
{
	const struct sealed v = seal(addr + len, version);
	struct route key = route(addr, len);

	require(map->ops->update(map, &key, &v, flags) == 0);
}

static const struct sealed *find_route(struct map *map, u32 addr)
{
	struct route key = route(addr, 32);

	return map->ops->lookup(map, &key);
}

/* ---- T2, T3: a prefix that is being replaced is always found, whole, and
 * what was found stays whole until the burst ends ---- */

#define HOT 64

/* Each in the one before: 10.0.0.0/8 down to /24, then single addresses. */
static u32 hot_addr(u32 i)
{
	return i < 17 ? 10u << 24 : (10u << 24) + i;
}

static u32 hot_len(u32 i)
{
	return i < 17 ? 8 + i : 32;
}

static void replace_hot(struct worker *w)
{
	for (u32 i = 0; i < w->ops; i++) {
		u32 k = worker_random(w, HOT);

		put_route(w->map, hot_addr(k), hot_len(k), i,
			  i & 1 ? BPF_ANY : BPF_EXIST);
		if (i % BURST == 0)
			worker_quiescent(w);
	}
}

static void find_hot(struct worker *w)
{
	const struct sealed *found[BURST];
	u32 keys[BURST];

	while (!worker_stopped(w)) {
		for (u32 i = 0; i < BURST; i++) {
			u32 k = 17 + worker_random(w, HOT - 17);

			keys[i] = hot_addr(k) + hot_len(k);
			found[i] = find_route(w->map, hot_addr(k));
			require(found[i]);
			require(intact(found[i], keys[i]));
		}
		for (u32 i = 0; i < BURST; i++)
			require(intact(found[i], keys[i]));
		worker_quiescent(w);
	}
}

static void read_hot(struct worker *w)
{
	struct sealed v;

	while (!worker_stopped(w)) {
		u32 k = 17 + worker_random(w, HOT - 17);
		struct route key = route(hot_addr(k), 32);

		require(w->map->ops->read(w->map, &key, &v, 0) == 0);
		require(intact(&v, hot_addr(k) + 32));
	}
}

static void replaced_routes_are_found_whole(void)
{
	struct map_env env;
	/* As many as there are: a full trie lets them be replaced. */
	struct map *map = new_map(&env, HOT);
	struct worker w[] = {
		{ &env, map, 0, 10000, .fn = replace_hot },
		{ &env, map, 1, 0, .fn = find_hot },
		{ &env, map, SLOT_NONE, 10000, .fn = replace_hot },
		{ &env, map, SLOT_NONE, 0, .fn = read_hot },
	};

	for (u32 i = 0; i < HOT; i++)
		put_route(map, hot_addr(i), hot_len(i), 0, BPF_NOEXIST);
	workers_run(w, ARRAY_LEN(w));
	require(map->ops->count(map) == HOT);
	end_map(&env, map);
}

/* ---- T1, T3, T6: nodes that come, go, split and merge, in blocks that are
 * used again, hide no prefix that stays ---- */

#define STAY 48

/* Addresses and networks of 256, of which only the upper half is looked up. */
static u32 stay_addr(u32 i)
{
	return i & 1 ? 0x0a000000 + 0x10101 * i : 0x0a800000 + (i << 8);
}

static u32 stay_len(u32 i)
{
	return i & 1 ? 32 : 24;
}

/* Around those that stay: less specific, beside them, or in the lower half. */
static struct route passing(struct worker *w)
{
	u32 i = worker_random(w, STAY), len = worker_random(w, 24);
	u32 addr = stay_addr(i);

	switch (worker_random(w, 3)) {
	case 0: return route(addr, len);
	case 1:
		return route(addr ^ 1u << (8 + worker_random(w, 16)),
			     25 + len % 7);
	default:
		if (i & 1)
			return route(addr ^ 1, 32);
		return route(addr + worker_random(w, 128), 25 + len % 8);
	}
}

static void come_and_go(struct worker *w)
{
	for (u32 i = 0; i < w->ops; i++) {
		struct route key = passing(w);
		const struct sealed v = seal(1, i);
		int err;

		if (i & 1)
			err = w->map->ops->delete (w->map, &key);
		else
			err = w->map->ops->update(w->map, &key, &v,
						  BPF_NOEXIST);
		require(err == 0 || err == -ENOENT || err == -EEXIST ||
			err == -ENOSPC);
		if (i % BURST == 0)
			worker_quiescent(w);
	}
}

static void find_those_that_stay(struct worker *w)
{
	while (!worker_stopped(w)) {
		for (u32 n = 0; n < BURST; n++) {
			u32 i = worker_random(w, STAY);
			u32 addr = stay_addr(i);
			const struct sealed *v =
				find_route(w->map, i & 1 ? addr : addr + 0xff);

			require(v && intact(v, addr + stay_len(i)));
		}
		worker_quiescent(w);
	}
}

static void read_those_that_stay(struct worker *w)
{
	struct sealed v;

	while (!worker_stopped(w)) {
		u32 i = worker_random(w, STAY);
		struct route key = route(stay_addr(i) + (i & 1 ? 0 : 0xff), 32);

		require(w->map->ops->read(w->map, &key, &v, 0) == 0);
		require(intact(&v, stay_addr(i) + stay_len(i)));
	}
}

struct visits {
	u32 seen[STAY];
};

static int visit(void *arg, const void *key, const void *value)
{
	struct visits *v = arg;

	(void)value;
	for (u32 i = 0; i < STAY; i++) {
		struct route stay = route(stay_addr(i), stay_len(i));

		v->seen[i] += memcmp(key, &stay, sizeof(stay)) == 0;
	}
	return 0;
}

/* Replaces those that stay in a dump's pauses, and sees each once. */
static void visit_all(struct worker *w)
{
	for (u32 version = 1; !worker_stopped(w); version++) {
		struct visits v = { .seen = { 0 } };
		u64 cursor = 0;
		int err;

		do {
			u32 i = worker_random(w, STAY);

			err = w->map->ops->scan(w->map, &cursor, 8, visit, &v);
			put_route(w->map, stay_addr(i), stay_len(i), version,
				  BPF_EXIST);
		} while (!err);
		require(err == -ENOENT);
		for (u32 i = 0; i < STAY; i++)
			require(v.seen[i] == 1);
	}
}

static void those_that_stay_are_always_found(void)
{
	struct map_env env;
	/* Full again and again. */
	struct map *map = new_map(&env, STAY + 8);
	struct worker w[] = {
		{ &env, map, 0, 20000, .fn = come_and_go },
		{ &env, map, 1, 20000, .fn = come_and_go },
		{ &env, map, 2, 0, .fn = find_those_that_stay },
		{ &env, map, SLOT_NONE, 0, .fn = read_those_that_stay },
		{ &env, map, SLOT_NONE, 0, .fn = visit_all },
	};

	for (u32 i = 0; i < STAY; i++)
		put_route(map, stay_addr(i), stay_len(i), 0, BPF_NOEXIST);
	workers_run(w, ARRAY_LEN(w));
	end_map(&env, map);
}

/* ---- T4: never more than max_entries, and every one of them ---- */

#define LIMIT 100

static void insert_and_delete(struct worker *w)
{
	u32 mine[LIMIT], n = 0;

	for (u32 i = 0; i < w->ops; i++) {
		u32 addr = ((w->slot & 0xff) << 24) + i * 0x10003;
		const struct sealed v = seal(addr + 32, i);
		struct route key;
		int err;

		if (n == LIMIT || worker_random(w, 3) == 0) {
			if (n == 0)
				continue;
			key = route(mine[--n], 32);
			require(w->map->ops->delete (w->map, &key) == 0);
			continue;
		}
		key = route(addr, 32);
		err = w->map->ops->update(w->map, &key, &v, BPF_NOEXIST);
		require(err == 0 || err == -ENOSPC);
		if (!err)
			mine[n++] = addr;
		if (n)
			put_route(w->map, mine[n - 1], 32, i, BPF_EXIST);
		if (i % BURST == 0)
			worker_quiescent(w);
	}
	w->result = n;
}

static void the_limit_is_exact(void)
{
	struct map_env env;
	struct map *map = new_map(&env, LIMIT);
	struct worker w[] = {
		{ &env, map, 0, 10000, .fn = insert_and_delete },
		{ &env, map, 1, 10000, .fn = insert_and_delete },
		{ &env, map, SLOT_NONE, 10000, .fn = insert_and_delete },
	};
	struct route key = route(0xc0000000, 32), next;
	const struct sealed v = seal(0, 0);
	u64 present = 0;
	int err;

	workers_run(w, ARRAY_LEN(w));
	for (size_t i = 0; i < ARRAY_LEN(w); i++)
		present += w[i].result;
	require(present <= LIMIT && map->ops->count(map) == present);
	do {
		key.addr[3]++;
		err = map->ops->update(map, &key, &v, BPF_NOEXIST);
		present += err == 0;
	} while (err == 0);
	require(err == -ENOSPC && present == LIMIT);
	require(lpm_verify(map) == 0);
	while (map->ops->next_key(map, NULL, &next) == 0)
		require(map->ops->erase(map, &next) == 0);
	require(map->ops->count(map) == 0);
	end_map(&env, map);
}

int main(void)
{
	replaced_routes_are_found_whole();
	those_that_stay_are_always_found();
	the_limit_is_exact();
	return 0;
}
