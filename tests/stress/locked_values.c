/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * locked_values.c - attacks F1 and F4 of maps/fields.h
 *
 * All members of a value are one number.  Programs write it in place under the
 * lock, programs and control threads update it with BPF_F_LOCK, others delete
 * and replace elements; who reads with BPF_F_LOCK sees one number.  So does who
 * holds the lock of an element that is used again for another value meanwhile.
 */
#include <errno.h>
#include <time.h>

#include "../btf_make.h"
#include "bpf/btf.h"
#include "maps/fields.h"
#include "stress.h"

#define KEYS 4
#define WORDS 7

/* 4 bytes of the number lie beside the lock. */
struct value {
	u32 half;
	u32 lock;
	u64 word[WORDS];
};

static struct btf_blob *types(u32 *value)
{
	static struct btf_make m;
	struct btf_blob *btf;
	u32 word, half, lock, words, size;

	make_init(&m);
	half = make_int(&m, "u32", 4, 0);
	word = make_int(&m, "u64", 8, 0);
	lock = make_type(&m, "bpf_spin_lock", BTF_KIND_STRUCT, 1, 4);
	make_member(&m, "val", half, 0);
	words = make_array(&m, word, half, WORDS);
	*value = make_type(&m, "value", BTF_KIND_STRUCT, 3,
			   sizeof(struct value));
	make_member(&m, "half", half, 0);
	make_member(&m, "lock", lock, 32);
	make_member(&m, "word", words, 64);
	size = make_end(&m);
	require(btf_parse(m.out, size, NULL, &btf) == 0);
	return btf;
}

static struct value value_of(u32 n)
{
	struct value v = { .half = n, .lock = UINT32_MAX };

	for (u32 i = 0; i < WORDS; i++)
		v.word[i] = n;
	return v;
}

static void require_whole(const struct value *v)
{
	require(v->lock == 0);
	for (u32 i = 0; i < WORDS; i++)
		require(v->word[i] == v->half);
}

/* What a program does between bpf_spin_lock() and bpf_spin_unlock(). */
static void write_in_place(struct map *map, struct value *v, u32 n)
{
	spin_lock(value_lock(map, v));
	for (u32 i = 0; i < WORDS; i++) {
		require(__atomic_load_n(&v->word[i], __ATOMIC_RELAXED) ==
			__atomic_load_n(&v->half, __ATOMIC_RELAXED));
	}
	for (u32 i = 0; i < WORDS; i++)
		__atomic_store_n(&v->word[i], n, __ATOMIC_RELAXED);
	__atomic_store_n(&v->half, n, __ATOMIC_RELAXED);
	spin_unlock(value_lock(map, v));
}

static void write_some(struct worker *w)
{
	const struct map_ops *ops = w->map->ops;

	for (u32 i = 0; i < w->ops; i++) {
		u32 key = worker_random(w, KEYS);
		struct value v = value_of(worker_random(w, 1u << 30)), *at;

		switch (worker_random(w, 4)) {
		case 0:
			/* a pointer into the map is for an lcore */
			at = w->slot == SLOT_NONE ? NULL
						  : ops->lookup(w->map, &key);
			if (at)
				write_in_place(w->map, at, v.half);
			break;
		case 1:
			require(ops->update(w->map, &key, &v, BPF_F_LOCK) == 0);
			break;
		case 2:
			require(ops->write(w->map, &key, &v, BPF_F_LOCK) == 0);
			break;
		default:
			/* Of an array it would be written without the lock. */
			if (w->map->type == BPF_MAP_TYPE_HASH) {
				require(ops->update(w->map, &key, &v, 0) == 0);
				ops->delete (w->map, &key);
			}
		}
		worker_quiescent(w);
	}
}

static int entry_is_whole(void *arg, const void *key, const void *value)
{
	(void)arg;
	(void)key;
	require_whole(value);
	return 0;
}

static void read_some(struct worker *w)
{
	const struct map_ops *ops = w->map->ops;

	while (!worker_stopped(w)) {
		u32 key = worker_random(w, KEYS);
		struct value v;

		if (ops->read(w->map, &key, &v, BPF_F_LOCK) == 0)
			require_whole(&v);
		if (w->map->type == BPF_MAP_TYPE_HASH && key == 0)
			require(map_each(w->map, entry_is_whole, NULL) == 0);
	}
}

static struct map *new_map(struct map_env *env, u32 type, u32 entries)
{
	u32 value;
	struct btf_blob *btf = types(&value);
	const struct map_attr attr = { .type = type,
				       .key_size = 4,
				       .value_size = sizeof(struct value),
				       .max_entries = entries,
				       .btf = btf,
				       .btf_key = 1,
				       .btf_value = value,
				       .name = "locked" };
	struct map *map;

	stress_env(env, 2, NULL);
	require(map_create(env, &attr, NULL, &map) == 0);
	require(map_has_lock(map));
	btf_put(btf);
	return map;
}

static void values_are_whole(u32 type)
{
	struct map_env env;
	struct map *map = new_map(&env, type, 64);
	struct worker w[] = {
		{ &env, map, 0, 10000, .fn = write_some },
		{ &env, map, 1, 10000, .fn = write_some },
		{ &env, map, SLOT_NONE, 10000, .fn = write_some },
		{ &env, map, SLOT_NONE, 0, .fn = read_some },
	};

	workers_run(w, ARRAY_LEN(w));
	map_put(map);
	mem_destroy(env.mem);
}

/* ---- F1: the only element there is, and the spares, are used again while
 * their grace period lasts; a lock that is held makes that wait ---- */

#define TURNS 16

static void replace_only(struct worker *w)
{
	atomic_uint *replaced = w->arg;
	const u32 key = 0;

	while (!worker_stopped(w)) {
		struct value v = value_of(worker_random(w, 1u << 30));

		require(w->map->ops->update(w->map, &key, &v, 0) == 0);
		atomic_fetch_add(replaced, 1);
		worker_quiescent(w);
	}
}

/* Until what was found has been used again or cannot be. */
static void hold(struct worker *w, struct value *v)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	atomic_uint *replaced = w->arg;
	u32 first, n;

	spin_lock(value_lock(w->map, v));
	first = atomic_load(replaced);
	n = __atomic_load_n(&v->half, __ATOMIC_RELAXED);
	for (u32 i = 0; i < 30 && atomic_load(replaced) - first < TURNS; i++)
		nanosleep(&nap, NULL);
	for (u32 k = 0; k < WORDS; k++)
		require(__atomic_load_n(&v->word[k], __ATOMIC_RELAXED) == n);
	spin_unlock(value_lock(w->map, v));
}

static void hold_only(struct worker *w)
{
	const u32 key = 0;

	for (u32 i = 0; i < w->ops; i++) {
		hold(w, w->map->ops->lookup(w->map, &key));
		worker_quiescent(w);
	}
}

static void an_element_whose_lock_is_held_waits(void)
{
	const struct value v = value_of(0);
	atomic_uint replaced = 0;
	struct map_env env;
	struct map *map = new_map(&env, BPF_MAP_TYPE_HASH, 1);
	struct worker w[] = {
		{ &env, map, 0, 20, .fn = hold_only, .arg = &replaced },
		{ &env, map, 1, 0, .fn = replace_only, .arg = &replaced },
	};
	const u32 key = 0;

	require(map->ops->update(map, &key, &v, 0) == 0);
	workers_run(w, ARRAY_LEN(w));
	map_put(map);
	mem_destroy(env.mem);
}

int main(void)
{
	values_are_whole(BPF_MAP_TYPE_ARRAY);
	values_are_whole(BPF_MAP_TYPE_HASH);
	an_element_whose_lock_is_held_waits();
	return 0;
}
