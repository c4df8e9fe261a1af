/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * inline.c - what is compiled into programs: lookups in maps, tail calls, the
 * loop over a burst
 *
 * Built to bitcode that every program's module begins with.  A map's struct of
 * constants is one of the module's, so its fields become numbers.  map.c knows
 * which function is for which type.
 */
#include <linux/pkt_cls.h>

#include <time.h>

#include "bpf/uapi.h"
#include "helper/hot.h"
#include "jit/calls.h"
#include "maps/array_fast.h"
#include "maps/htab_write.h"
#include "maps/object_fast.h"
#include "prog/prog.h"

#define INLINED __attribute__((always_inline))

void *array_lookup(const struct array_fast *f, const void *key,
		   const struct run *run);
void *percpu_array_lookup(const struct array_fast *f, const void *key,
			  const struct run *run);
void *hash_lookup(const struct htab_fast *f, const void *key,
		  const struct run *run);
void *percpu_hash_lookup(const struct htab_fast *f, const void *key,
			 const struct run *run);
void *lru_hash_lookup(const struct htab_fast *f, const void *key,
		      const struct run *run);
void *lru_percpu_hash_lookup(const struct htab_fast *f, const void *key,
			     const struct run *run);
/* Of the maps whose values are data alone; size is theirs, map the map. */
int array_update(const struct array_fast *f, const void *key,
		 const struct run *run, const void *value, u64 flags, u32 size,
		 struct map *map);
int percpu_array_update(const struct array_fast *f, const void *key,
			const struct run *run, const void *value, u64 flags,
			u32 size, struct map *map);
int hash_update(const struct htab_fast *f, const void *key,
		const struct run *run, const void *value, u64 flags, u32 size,
		struct map *map);
int hash_delete(const struct htab_fast *f, const void *key,
		const struct run *run, const void *value, u64 flags, u32 size,
		struct map *map);
/* What is still to be asked for, of a lookup that a slice ended at: the
 * element, when its bucket is there.  No map: nothing. */
struct fetch {
	const struct htab_fast *map;
	u64 hash;
};

void array_fetch(const struct array_fast *f, const void *key,
		 const struct run *run, struct fetch *fetch);
void percpu_array_fetch(const struct array_fast *f, const void *key,
			const struct run *run, struct fetch *fetch);
void hash_fetch(const struct htab_fast *f, const void *key,
		const struct run *run, struct fetch *fetch);
const void *tail_target(const struct object_fast *f, u32 max_entries, u32 index,
			struct run *run);

/* Helpers, under the names that calls of them have: they take the place of the
 * functions outside. */
#define HOT(name, number)                                               \
	_Static_assert(BPF_FUNC_##name == (number), "Linux's number");  \
	u64 name(struct run *run, u64 a, u64 b, u64 c, u64 d, u64 e)    \
		__asm__("helper." #number);                             \
	INLINED u64 name(struct run *run, u64 a, u64 b, u64 c, u64 d, u64 e)

extern const u32 program_type;
extern const u32 program_calls; /* enum ir_calls */

/* The program's main function. */
u64 entry(const struct prog *prog, struct run *run);
u32 burst(const struct prog *prog, struct run *run, struct pkt **pkts, u32 n,
	  s32 *codes);

/* Of the program, up to lookup number lookups in a large map (ahead.c). */
u64 slice(struct run *run, u32 lookups, struct fetch *fetch);
extern const u32 slice_lookups; /* there are */
void look_ahead(const struct prog *prog, struct run *run, struct pkt **pkts,
		u32 n);

/* A thread that is no lcore sees the values of slot 0. */
static inline u32 slot_of(const struct run *run)
{
	return run->slot == UINT32_MAX ? 0 : run->slot;
}

static inline u32 index_of(const void *key)
{
	u32 index;

	memcpy(&index, key, sizeof(index));
	return index;
}

INLINED void *array_lookup(const struct array_fast *f, const void *key,
			   const struct run *run)
{
	(void)run;
	return array_at(f, index_of(key), 0);
}

INLINED void *percpu_array_lookup(const struct array_fast *f, const void *key,
				  const struct run *run)
{
	return array_at(f, index_of(key), slot_of(run));
}

INLINED void *hash_lookup(const struct htab_fast *f, const void *key,
			  const struct run *run)
{
	u32 index = htab_find(f, key, false);

	(void)run;
	return index ? htab_value(f, index) : NULL;
}

INLINED void *percpu_hash_lookup(const struct htab_fast *f, const void *key,
				 const struct run *run)
{
	u32 index = htab_find(f, key, false);

	return index ? htab_percpu_value(f, index, slot_of(run)) : NULL;
}

INLINED void *lru_hash_lookup(const struct htab_fast *f, const void *key,
			      const struct run *run)
{
	u32 index = htab_find(f, key, true);

	(void)run;
	return index ? htab_value(f, index) : NULL;
}

INLINED void *lru_percpu_hash_lookup(const struct htab_fast *f, const void *key,
				     const struct run *run)
{
	u32 index = htab_find(f, key, true);

	return index ? htab_percpu_value(f, index, slot_of(run)) : NULL;
}

INLINED int array_update(const struct array_fast *f, const void *key,
			 const struct run *run, const void *value, u64 flags,
			 u32 size, struct map *map)
{
	u32 index = index_of(key);
	int err = array_refuses(f->max_entries, index, flags, false);

	(void)run;
	(void)map;
	if (!err)
		words_over(array_at(f, index, 0), value, size);
	return err;
}

INLINED int percpu_array_update(const struct array_fast *f, const void *key,
				const struct run *run, const void *value,
				u64 flags, u32 size, struct map *map)
{
	u32 index = index_of(key);
	int err = array_refuses(f->max_entries, index, flags, false);

	(void)map;
	if (!err)
		words_over(array_at(f, index, slot_of(run)), value, size);
	return err;
}

/* lcore_slot, which compiled code has no way to; it stays what it is for as
 * long as a burst runs. */
__attribute__((const)) u32 thread_slot(void);

/* The last is for all who have no slot. */
static inline struct pool_list *own_list(const struct htab *h)
{
	u32 last = h->pool.lists_len - 1, slot = thread_slot();

	return &h->pool.lists[MIN(slot, last)];
}

INLINED int hash_update(const struct htab_fast *f, const void *key,
			const struct run *run, const void *value, u64 flags,
			u32 size, struct map *map)
{
	const struct htab_source from = { .key = key,
					  .value = value,
					  .flags = flags };
	struct htab *h = htab_of(map);

	(void)run;
	if (flags > BPF_EXIST)
		return -EINVAL;
	return htab_put(h, f, own_list(h), &from, f->key_size, size);
}

INLINED int hash_delete(const struct htab_fast *f, const void *key,
			const struct run *run, const void *value, u64 flags,
			u32 size, struct map *map)
{
	struct htab *h = htab_of(map);

	(void)run;
	(void)value;
	return htab_remove(h, f, own_list(h), key, f->key_size, size, NULL,
			   flags);
}

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wunused-parameter"

HOT(ktime_get_ns, 5)
{
	return hot_clock(run, CLOCK_MONOTONIC);
}

HOT(redirect, 23)
{
	return hot_redirect(run, program_type == BPF_PROG_TYPE_XDP, (u32)a, b);
}

HOT(skb_load_bytes, 26)
{
	return hot_skb_load_bytes((const struct pkt *)a, (u32)b, (void *)c,
				  (u32)d);
}

HOT(csum_diff, 28)
{
	return hot_csum_diff((const void *)a, (u32)b, (const void *)c, (u32)d,
			     (u32)e);
}

HOT(xdp_adjust_head, 44)
{
	return hot_xdp_adjust_head((struct pkt *)a, (s32)b);
}

HOT(redirect_map, 51)
{
	return hot_redirect_map(run, (const struct map *)a, b, c);
}

#pragma clang diagnostic pop

INLINED void array_fetch(const struct array_fast *f, const void *key,
			 const struct run *run, struct fetch *fetch)
{
	(void)fetch;
	__builtin_prefetch(array_lookup(f, key, run));
}

INLINED void percpu_array_fetch(const struct array_fast *f, const void *key,
				const struct run *run, struct fetch *fetch)
{
	(void)fetch;
	__builtin_prefetch(percpu_array_lookup(f, key, run));
}

INLINED void hash_fetch(const struct htab_fast *f, const void *key,
			const struct run *run, struct fetch *fetch)
{
	(void)run;
	fetch->map = f;
	fetch->hash = htab_hash(f, key);
	__builtin_prefetch(htab_bucket_of(f, fetch->hash));
}

static inline void fetch_element(const struct fetch *fetch, u32 slot)
{
	const struct htab_fast *f = fetch->map;
	u32 index = htab_fetch_elem(f, htab_bucket_of(f, fetch->hash),
				    htab_tag(fetch->hash));

	if (index && f->planes)
		__builtin_prefetch(htab_percpu_value(f, index, slot));
}

/* As prog->look_ahead: first all buckets are on their way, then all elements;
 * then what the next lookup of each packet needs, which may depend on what the
 * one before it found. */
void look_ahead(const struct prog *prog, struct run *run, struct pkt **pkts,
		u32 n)
{
	struct fetch fetches[PROG_BURST];

	(void)prog;
	for (u32 lookups = 0; lookups < slice_lookups; lookups++) {
		for (u32 i = 0; i < n; i++) {
			fetches[i].map = NULL;
			run->pkt = pkts[i];
			slice(run, lookups, &fetches[i]);
		}
		for (u32 i = 0; i < n; i++)
			if (fetches[i].map)
				fetch_element(&fetches[i], slot_of(run));
	}
}

/* The program that a tail call goes to, counted; NULL: nowhere.  Only slots
 * that hold a program count towards the limit. */
INLINED const void *tail_target(const struct object_fast *f, u32 max_entries,
				u32 index, struct run *run)
{
	const void *prog;

	if (run->tail_calls >= BPF_MAX_TAIL_CALLS || index >= max_entries)
		return NULL;
	prog = object_fast_at(f, index);
	if (prog)
		run->tail_calls++;
	return prog;
}

/* As prog->run_burst.  What run_begin() sets is set again where the program may
 * have changed it: LLVM keeps every store among those of the program. */
u32 burst(const struct prog *prog, struct run *restrict run,
	  struct pkt **restrict pkts, u32 n, s32 *restrict codes)
{
	run_begin(run, pkts[0]);
	for (u32 i = 0; i < n; i++) {
		run->pkt = pkts[i];
		if (program_calls & IR_CALLS_REDIRECT)
			run->redirect.set = false;
		if (program_calls & IR_CALLS_TAIL) {
			run->tail_calls = 0;
			run->insns = 0;
		}
		codes[i] = (s32)entry(prog, run);
		if (codes[i] == XDP_REDIRECT || codes[i] == TC_ACT_REDIRECT ||
		    (program_calls && unlikely(run->fault.code)))
			return i + 1;
	}
	return n;
}
