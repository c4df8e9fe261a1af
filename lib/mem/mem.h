/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mem.h - the memory of one dataplane: its budget, its arenas, its slots
 *
 * A map is one contiguous region backed by a file descriptor, linked inside
 * by u32 indices, so that another process can map it and a restart can find
 * it again (architecture decision 4).  Works with and without EAL.
 */
#ifndef WEIR_MEM_MEM_H
#define WEIR_MEM_MEM_H

#include "base/types.h"

struct mem;
struct rcu;

struct mem_config {
	u64 budget; /* bytes all arenas together may take; 0: half of
		       MemAvailable at creation */
	u32 slots;  /* lcores, 1 to SLOT_MAX */
	bool huge;  /* back ARENA_FULL by huge pages when enough are free */
};

/* -EINVAL, -ENOMEM.  The caller destroys it after everything made from it. */
int mem_create(const struct mem_config *config, struct mem **out);
void mem_destroy(struct mem *mem);

u32 mem_slots(const struct mem *mem);
struct rcu *mem_rcu(struct mem *mem);
u64 mem_budget(const struct mem *mem);
u64 mem_used(const struct mem *mem);

/* Take bytes from the budget: -ENOMEM if it has not enough, or, with
 * from_machine (they are no reserved huge pages), if the machine has not.
 * Arenas do so for theirs. */
int mem_charge(struct mem *mem, u64 bytes, bool from_machine);
void mem_uncharge(struct mem *mem, u64 bytes);

enum arena_kind {
	ARENA_FULL,   /* populated up front, huge pages when enough are free */
	ARENA_SPARSE, /* pages appear when touched (BPF_F_NO_PREALLOC); charged
			 by arena_charge() as the owner starts to use them */
	ARENA_SHARED, /* 4 KiB pages, populated: what Linux lets one mmap */
};

/* Zeroed memory.  size is rounded up to pages.  Charged to the budget and
 * checked against MemAvailable before anything is touched. */
struct arena {
	u8 *base;
	u64 size;
	int fd;
	int huge_fd; /* ARENA_SPARSE: of its huge pages; -1: it has none */
	bool huge;
	enum arena_kind kind;
	struct mem *mem;
	_Atomic u64 charged; /* of the budget */
};

/* -E2BIG: the size itself is absurd; -ENOMEM: budget or machine lack it.
 * name shows in /proc/PID/maps. */
int arena_create(struct mem *mem, const char *name, u64 size,
		 enum arena_kind kind, struct arena *out);
void arena_destroy(struct arena *arena);

/* The owner of an ARENA_SPARSE is about to touch this many more bytes of it.
 * -ENOMEM: budget or machine lack them; nothing is charged.  Usable anywhere.
 */
int arena_charge(struct arena *arena, u64 bytes);

/* A part of an ARENA_SPARSE, which one thread at a time uses, from its start
 * on.  In offsets of the arena. */
struct arena_part {
	u64 from;
	u64 end;
	u64 paid; /* charged below this; at first it is `from` */
};

/* The owner is about to touch what is below upto.  -ENOMEM, as arena_charge().
 * Of a part that has grown beyond 2 MB what comes is on huge pages while there
 * are free ones. */
int arena_use(struct arena *arena, struct arena_part *part, u64 upto);

#endif
