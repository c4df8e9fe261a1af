/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * redirect.h - what bpf_redirect_map() looks up: entries of DEVMAP,
 * DEVMAP_HASH, CPUMAP and XSKMAP
 *
 * D1  An entry never changes; an update puts another in its place.
 * D2  What a program looked up lives until its burst ends, and longer for as
 *     long as packets are queued to it.
 * D3  An entry holds a reference to its program.  All programs of a map are of
 *     one kind, set by the first and kept while the map lives.
 * D4  No more packets are queued to a cpumap's entry than its qsize.
 *
 * tests/stress/redirect_swap.c attacks D2 to D4.
 */
#ifndef WEIR_MAPS_REDIRECT_H
#define WEIR_MAPS_REDIRECT_H

#include "maps/object_array.h"

struct pkt_queue;

struct redirect_entry {
	/* constant; as read from outside: with the program's id */
	union {
		struct bpf_devmap_val dev;
		struct bpf_cpumap_val cpu;
		struct bpf_xdp_sock xsk;
		u8 bytes[8];
	} value;
	u32 key;
	bool cpu;	   /* of a cpumap: key is an lcore's slot */
	struct prog *prog; /* NULL: none */
	struct pkt_queue *queue; /* of an xskmap */
	const struct map_env *env;

	/* devmap_hash: the next in the bucket, written under the map's lock */
	_Atomic(struct redirect_entry *) next;

	_Alignas(CACHE_LINE) atomic_uint queued; /* packets */
	atomic_uint refs; /* the map's and those of packets */
	struct rcu_head free_head;
};

/* devmap_hash.c */
struct redirect_entry *devmap_hash_at(const struct map *map, u32 key);

/* For lcores.  NULL: no such entry, or a map of another type. */
static inline struct redirect_entry *redirect_at(const struct map *map, u32 key)
{
	switch (map->type) {
	case BPF_MAP_TYPE_DEVMAP:
	case BPF_MAP_TYPE_CPUMAP:
	case BPF_MAP_TYPE_XSKMAP: return object_at(map, key);
	case BPF_MAP_TYPE_DEVMAP_HASH: return devmap_hash_at(map, key);
	default: return NULL;
	}
}

/* The entry after this one, NULL: the first; while the caller is a reader.
 * NULL: that was the last. */
struct redirect_entry *redirect_next(const struct map *map,
				     const struct redirect_entry *entry);
/* Flags of bpf_redirect_map() beside the default action. */
static inline u64 redirect_flags(const struct map *map)
{
	if (map->type == BPF_MAP_TYPE_DEVMAP ||
	    map->type == BPF_MAP_TYPE_DEVMAP_HASH)
		return BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS;
	return 0;
}

/* A packet takes a place in the queue, until it is unqueued. */
bool redirect_queue(struct redirect_entry *entry);
void redirect_unqueue(struct redirect_entry *entry);

#endif
