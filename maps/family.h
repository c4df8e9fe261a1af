/* SPDX-License-Identifier: BSD-3-Clause */
/* family.h - what the families have in common; inside maps/ only */
#ifndef WEIR_MAPS_FAMILY_H
#define WEIR_MAPS_FAMILY_H

#include "base/slot.h"
#include "maps/map.h"

extern const struct map_ops array_ops;
extern const struct map_ops percpu_array_ops;
extern const struct map_ops htab_ops;
extern const struct map_ops percpu_htab_ops;
extern const struct map_ops lru_htab_ops;
extern const struct map_ops lru_percpu_htab_ops;
extern const struct map_ops lpm_trie_ops;
extern const struct map_ops prog_array_ops;
extern const struct map_ops array_of_maps_ops;
extern const struct map_ops hash_of_maps_ops;
extern const struct map_ops queue_ops;
extern const struct map_ops stack_ops;
extern const struct map_ops bloom_filter_ops;
extern const struct map_ops cgroup_array_ops;
extern const struct map_ops reuseport_sockarray_ops;
extern const struct map_ops sk_storage_ops;
extern const struct map_ops stack_trace_ops;
extern const struct map_ops cpumap_ops;
extern const struct map_ops devmap_ops;
extern const struct map_ops devmap_hash_ops;
extern const struct map_ops perf_event_array_ops;
extern const struct map_ops ringbuf_ops;
extern const struct map_ops xskmap_ops;
extern const struct map_ops user_ringbuf_ops;

#define MAP_ACCESS_FLAGS \
	(BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)

/* Linux's limits, as 6.18 on x86-64 has them */
#define MAP_PERCPU_VALUE_MAX 32768u /* PCPU_MIN_UNIT_SIZE */
#define MAP_ELEM_MAX (4u << 20)	    /* KMALLOC_MAX_SIZE */

#define LINUX_ENOTSUPP 524 /* not in <errno.h>, and yet bpf(2) returns it */

/* -EINVAL if attr has flags besides those allowed, or both of the pair that
 * limits programs. */
int map_check_flags(const struct map_attr *attr, u32 allowed, struct err *err);

/* For check_btf: the key has a type; the family has none at all (-ENOTSUPP). */
int map_check_btf_key(const struct map_attr *attr, struct err *err);
int map_check_no_btf(const struct map_attr *attr, struct err *err);

/* What families without an operation answer. */
void *map_no_lookup(struct map *map, const void *key);
int map_no_update(struct map *map, const void *key, const void *value,
		  u64 flags);
/* scan() of a family that cannot tell what is in it */
int map_scan_nothing(struct map *map, u64 *cursor, u32 n, map_visit *fn,
		     void *arg);

/* The slot whose values the calling thread sees; one that is no lcore sees
 * those of slot 0. */
static inline u32 map_slot(void)
{
	return lcore_slot == SLOT_NONE ? 0 : lcore_slot;
}

#endif
