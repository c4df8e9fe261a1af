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

#include "bpf/uapi.h"
#include "maps/array_fast.h"
#include "maps/htab_fast.h"
#include "maps/object_fast.h"
#include "prog/run.h"

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
const void *tail_target(const struct object_fast *f, u32 max_entries, u32 index,
			struct run *run);

/* The program's main function. */
u64 entry(const struct prog *prog, struct run *run);
u32 burst(const struct prog *prog, struct run *run, struct pkt **pkts, u32 n,
	  s32 *codes);

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

/* As prog->run_burst. */
u32 burst(const struct prog *prog, struct run *run, struct pkt **pkts, u32 n,
	  s32 *codes)
{
	for (u32 i = 0; i < n; i++) {
		run_begin(run, pkts[i]);
		codes[i] = (s32)entry(prog, run);
		if (codes[i] == XDP_REDIRECT || codes[i] == TC_ACT_REDIRECT ||
		    unlikely(run->fault.code))
			return i + 1;
	}
	return n;
}
