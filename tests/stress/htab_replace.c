/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * htab_replace.c - attacks H2, H3, H5 and H6 of maps/htab.c
 *
 * Each test says what would break without the protection it is about.
 */
#include <errno.h>

#include "maps/htab.h"
#include "sealed.h"
#include "stress.h"

#define SLOTS 4

static struct map *new_map(struct map_env *env, u32 type, u32 entries,
			   u32 flags)
{
	const struct map_attr attr = { .type = type,
				       .key_size = 4,
				       .value_size = sizeof(struct sealed),
				       .max_entries = entries,
				       .flags = flags,
				       .name = "stress" };
	struct map *map;

	stress_env(env, SLOTS, NULL);
	require(map_create(env, &attr, NULL, &map) == 0);
	return map;
}

static void end_map(struct map_env *env, struct map *map)
{
	require(htab_verify(map) == 0);
	map_put(map);
	mem_destroy(env->mem);
}

static void put_sealed(struct map *map, u32 key, u32 version, u64 flags)
{
	const struct sealed v = seal(key, version);

	require(map->ops->update(map, &key, &v, flags) == 0);
}

/* ---- H2, H3: a key that is being replaced is always found, whole, and what
 * was found stays whole until the burst ends ---- */

#define HOT 64
#define UPDATES 400 /* by a writer, in a grace period: more than it has spares */
#define YIELDS 2000 /* of a reader that lets others go on, at most */

static atomic_uint updates;

static void replace_hot(struct worker *w)
{
	for (u32 i = 0; i < w->ops; i++) {
		put_sealed(w->map, worker_random(w, HOT), i,
			   i & 1 ? BPF_ANY : BPF_EXIST);
		atomic_fetch_add(&updates, 1);
		if (i % UPDATES == 0) /* never out of elements: see below */
			worker_grace(w);
	}
}

/* Nearly all that a writer may do meanwhile. */
static void let_replace(void)
{
	u32 start = atomic_load(&updates);

	for (u32 i = 0; i < YIELDS; i++) {
		if (atomic_load(&updates) - start >= UPDATES - BURST)
			break;
		sched_yield();
	}
}

static void find_hot(struct worker *w)
{
	const struct sealed *found[BURST];
	u32 keys[BURST];

	while (!worker_stopped(w)) {
		for (u32 i = 0; i < BURST; i++) {
			keys[i] = worker_random(w, HOT);
			found[i] = w->map->ops->lookup(w->map, &keys[i]);
			require(found[i]);
			require(intact(found[i], keys[i]));
		}
		if (w->arg)
			let_replace();
		for (u32 i = 0; i < BURST; i++)
			require(intact(found[i], keys[i]));
		worker_quiescent(w);
	}
}

static void read_hot(struct worker *w)
{
	struct sealed v;

	while (!worker_stopped(w)) {
		u32 key = worker_random(w, HOT);

		require(w->map->ops->read(w->map, &key, &v, 0) == 0);
		require(intact(&v, key));
	}
}

static void replaced_keys_are_found_whole(u32 flags)
{
	struct map_env env;
	/* Two writers retire at most 2 x UPDATES elements a grace period. */
	struct map *map = new_map(&env, BPF_MAP_TYPE_HASH, 1024, flags);
	struct worker w[] = {
		{ &env, map, 0, 20000, .fn = replace_hot },
		{ &env, map, 1, 0, .fn = find_hot },
		{ &env, map, 2, 0, .fn = find_hot, .arg = &updates },
		{ &env, map, SLOT_NONE, 20000, .fn = replace_hot },
		{ &env, map, SLOT_NONE, 0, .fn = read_hot },
	};

	for (u32 key = 0; key < HOT; key++)
		put_sealed(map, key, 0, BPF_NOEXIST);
	workers_run(w, ARRAY_LEN(w));
	require(map->ops->count(map) == HOT);
	end_map(&env, map);
}

/* ---- H5: elements reused at once, in other buckets, lead no lookup astray;
 * one long chain makes the way long ---- */

#define STAY 40
#define COME 80

struct crowd {
	u32 stay[STAY]; /* keys of one bucket */
	u32 come[COME]; /* half of that bucket, half of others */
};

static void gather(const struct htab *h, struct crowd *c)
{
	u32 stay = 0, near = 0, far = 0;

	for (u32 key = 0; stay < STAY || near < COME / 2 || far < COME / 2;
	     key++) {
		u64 hash = htab_hash_sized(&h->fast, (const u8 *)&key, 4);
		bool first = htab_bucket_number(&h->fast, hash) == 0;

		if (first && stay < STAY)
			c->stay[stay++] = key;
		else if (first && near < COME / 2)
			c->come[2 * near++] = key;
		else if (!first && far < COME / 2)
			c->come[2 * far++ + 1] = key;
	}
}

static void come_and_go(struct worker *w)
{
	const struct crowd *c = w->arg;

	for (u32 i = 0; i < w->ops; i++) {
		u32 key = c->come[worker_random(w, COME)];
		const struct sealed v = seal(key, i);
		int err;

		if (i & 1)
			err = w->map->ops->delete (w->map, &key);
		else
			err = w->map->ops->update(w->map, &key, &v, 0);
		require(err == 0 || err == -ENOENT || err == -E2BIG);
	}
}

static void find_those_that_stay(struct worker *w)
{
	const struct crowd *c = w->arg;

	while (!worker_stopped(w)) {
		u32 key = c->stay[worker_random(w, STAY)];
		const struct sealed *v = w->map->ops->lookup(w->map, &key);

		require(v && v->key == key);
		worker_quiescent(w);
	}
}

struct visits {
	const struct crowd *crowd;
	u32 seen[STAY];
};

static int visit(void *arg, const void *key, const void *value)
{
	struct visits *v = arg;
	const struct sealed *sealed = value;
	u32 k;

	memcpy(&k, key, sizeof(k));
	require(intact(sealed, k));
	for (u32 i = 0; i < STAY; i++)
		v->seen[i] += v->crowd->stay[i] == k;
	return 0;
}

/* Whoever stays is seen once in a walk over all. */
static void visit_all(struct worker *w)
{
	while (!worker_stopped(w)) {
		struct visits v = { .crowd = w->arg };

		require(map_each(w->map, visit, &v) == 0);
		for (u32 i = 0; i < STAY; i++)
			require(v.seen[i] == 1);
	}
}

static void those_that_stay_are_always_found(void)
{
	struct map_env env;
	/* As many as stay, and few more: what goes is reused at once. */
	struct map *map =
		new_map(&env, BPF_MAP_TYPE_HASH, STAY + 8, BPF_F_ZERO_SEED);
	struct crowd c;
	struct worker w[] = {
		{ &env, map, 0, 40000, .fn = come_and_go, .arg = &c },
		{ &env, map, 1, 40000, .fn = come_and_go, .arg = &c },
		{ &env, map, 2, 0, .fn = find_those_that_stay, .arg = &c },
		{ &env, map, 3, 0, .fn = find_those_that_stay, .arg = &c },
		{ &env, map, SLOT_NONE, 0, .fn = visit_all, .arg = &c },
	};

	gather(htab_of(map), &c);
	for (u32 i = 0; i < STAY; i++)
		put_sealed(map, c.stay[i], 0, BPF_NOEXIST);
	workers_run(w, ARRAY_LEN(w));
	end_map(&env, map);
}

/* ---- H6: never more than max_entries, and every one of them ---- */

#define LIMIT 100

/* A full map still lets its elements be replaced. */
static void replace_last(struct worker *w, u32 key, u32 version)
{
	const struct sealed *v;

	put_sealed(w->map, key, version, BPF_EXIST);
	if (w->slot == SLOT_NONE || map_is_percpu(w->map))
		return;
	v = w->map->ops->lookup(w->map, &key);
	require(v && v->version == version);
}

static void insert_and_delete(struct worker *w)
{
	u32 mine[LIMIT], n = 0;

	for (u32 i = 0; i < w->ops; i++) {
		u32 key = (w->slot << 24) + i;
		const struct sealed v = seal(key, i);
		int err;

		if (n == LIMIT || worker_random(w, 3) == 0) {
			if (n == 0)
				continue;
			require(w->map->ops->delete (w->map, &mine[--n]) == 0);
			continue;
		}
		err = w->map->ops->update(w->map, &key, &v, 0);
		require(err == 0 || err == -E2BIG);
		if (!err)
			mine[n++] = key;
		if (n)
			replace_last(w, mine[n - 1], i);
		if (i % BURST == 0)
			worker_quiescent(w);
	}
	w->result = n;
}

static u32 linked(const struct map *map)
{
	const struct htab *h = htab_of(map);
	u32 n = 0;

	for (u64 i = 0; i < h->fast.buckets_len; i++) {
		u32 at = 0, index = 0;

		while ((index = htab_next_place(h, &h->fast.buckets[i], &at,
						index)) != 0)
			n++;
	}
	return n;
}

static void the_limit_is_exact(u32 type, u32 flags)
{
	struct map_env env;
	struct map *map = new_map(&env, type, LIMIT, flags);
	struct worker w[] = {
		{ &env, map, 0, 20000, .fn = insert_and_delete },
		{ &env, map, 1, 20000, .fn = insert_and_delete },
		{ &env, map, 2, 20000, .fn = insert_and_delete },
		{ &env, map, SLOT_NONE, 20000, .fn = insert_and_delete },
	};
	u64 present = 0;
	u32 key = 0x7fffff; /* nobody has those that follow */
	int err;

	workers_run(w, ARRAY_LEN(w));
	for (size_t i = 0; i < ARRAY_LEN(w); i++)
		present += w[i].result;
	require(present <= LIMIT && map->ops->count(map) == present);
	require(linked(map) == present);
	/* What is left of the limit can be had, by a thread without a slot,
	 * wherever the free elements lie. */
	do {
		const struct sealed v = seal(++key, 0);

		err = map->ops->update(map, &key, &v, BPF_NOEXIST);
		present += err == 0;
	} while (err == 0);
	require(err == -E2BIG && present == LIMIT);
	end_map(&env, map);
}

/* ---- what a control thread deletes makes room for its next key, although
 * others, with which it shares its elements, replace some meanwhile ---- */

static void delete_and_insert(struct worker *w)
{
	const u32 key = LIMIT;

	for (u32 i = 0; i < w->ops; i++) {
		put_sealed(w->map, key, i, BPF_NOEXIST);
		require(w->map->ops->delete (w->map, &key) == 0);
	}
}

static void replace_any(struct worker *w)
{
	while (!worker_stopped(w))
		put_sealed(w->map, 1 + worker_random(w, LIMIT - 1), 0,
			   BPF_EXIST);
}

static void a_deletion_makes_room(u32 flags)
{
	struct map_env env;
	struct map *map = new_map(&env, BPF_MAP_TYPE_HASH, LIMIT, flags);
	struct worker w[] = {
		{ &env, map, SLOT_NONE, 100000, .fn = delete_and_insert },
		{ &env, map, SLOT_NONE, 0, .fn = replace_any },
		{ &env, map, SLOT_NONE, 0, .fn = replace_any },
	};

	for (u32 key = 1; key < LIMIT; key++)
		put_sealed(map, key, 0, BPF_NOEXIST);
	workers_run(w, ARRAY_LEN(w));
	end_map(&env, map);
}

/* ---- a program's per-CPU values are its lcore's ---- */

#define COUNTERS 16

static void count_up(struct worker *w)
{
	for (u32 i = 0; i < w->ops; i++) {
		u32 key = i % COUNTERS;
		struct sealed *v = w->map->ops->lookup(w->map, &key);

		require(v);
		__atomic_store_n(&v->sum, v->sum + 1, __ATOMIC_RELAXED);
		if (i % BURST == 0)
			worker_quiescent(w);
	}
}

static void percpu_counters_lose_nothing(void)
{
	struct map_env env;
	struct map *map = new_map(&env, BPF_MAP_TYPE_PERCPU_HASH, COUNTERS, 0);
	struct worker w[SLOTS];
	struct sealed slots[SLOTS] = { 0 };

	for (u32 key = 0; key < COUNTERS; key++)
		require(map->ops->write(map, &key, slots, 0) == 0);
	for (u32 i = 0; i < SLOTS; i++)
		w[i] = (struct worker){ &env, map, i, 16000, .fn = count_up };
	workers_run(w, SLOTS);
	for (u32 key = 0; key < COUNTERS; key++) {
		require(map->ops->read(map, &key, slots, 0) == 0);
		for (u32 i = 0; i < SLOTS; i++)
			require(slots[i].sum == 16000 / COUNTERS);
	}
	end_map(&env, map);
}

int main(void)
{
	replaced_keys_are_found_whole(0);
	replaced_keys_are_found_whole(BPF_F_NO_PREALLOC);
	those_that_stay_are_always_found();
	the_limit_is_exact(BPF_MAP_TYPE_HASH, 0);
	the_limit_is_exact(BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC);
	the_limit_is_exact(BPF_MAP_TYPE_PERCPU_HASH, 0);
	a_deletion_makes_room(0);
	a_deletion_makes_room(BPF_F_NO_PREALLOC);
	percpu_counters_lose_nothing();
	return 0;
}
