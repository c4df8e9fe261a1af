/* SPDX-License-Identifier: BSD-3-Clause */
/* types.c - map types: their names, as bpftool prints them, and their ops */
#include "maps/family.h"

#include <string.h>

static const struct {
	const char *name;
	const struct map_ops *ops; /* NULL: Linux has it, Weir does not */
} types[] = {
	[BPF_MAP_TYPE_HASH] = { "hash", &htab_ops },
	[BPF_MAP_TYPE_ARRAY] = { "array", &array_ops },
	[BPF_MAP_TYPE_PROG_ARRAY] = { "prog_array", &prog_array_ops },
	[BPF_MAP_TYPE_PERF_EVENT_ARRAY] = { "perf_event_array",
					    &perf_event_array_ops },
	[BPF_MAP_TYPE_PERCPU_HASH] = { "percpu_hash", &percpu_htab_ops },
	[BPF_MAP_TYPE_PERCPU_ARRAY] = { "percpu_array", &percpu_array_ops },
	[BPF_MAP_TYPE_STACK_TRACE] = { "stack_trace", &stack_trace_ops },
	[BPF_MAP_TYPE_CGROUP_ARRAY] = { "cgroup_array", &cgroup_array_ops },
	[BPF_MAP_TYPE_LRU_HASH] = { "lru_hash", &lru_htab_ops },
	[BPF_MAP_TYPE_LRU_PERCPU_HASH] = { "lru_percpu_hash",
					   &lru_percpu_htab_ops },
	[BPF_MAP_TYPE_LPM_TRIE] = { "lpm_trie", &lpm_trie_ops },
	[BPF_MAP_TYPE_ARRAY_OF_MAPS] = { "array_of_maps", &array_of_maps_ops },
	[BPF_MAP_TYPE_HASH_OF_MAPS] = { "hash_of_maps", &hash_of_maps_ops },
	[BPF_MAP_TYPE_DEVMAP] = { "devmap", &devmap_ops },
	[BPF_MAP_TYPE_SOCKMAP] = { "sockmap" },
	[BPF_MAP_TYPE_CPUMAP] = { "cpumap", &cpumap_ops },
	[BPF_MAP_TYPE_XSKMAP] = { "xskmap", &xskmap_ops },
	[BPF_MAP_TYPE_SOCKHASH] = { "sockhash" },
	[BPF_MAP_TYPE_CGROUP_STORAGE] = { "cgroup_storage" },
	[BPF_MAP_TYPE_REUSEPORT_SOCKARRAY] = { "reuseport_sockarray",
						&reuseport_sockarray_ops },
	[BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE] = { "percpu_cgroup_storage" },
	[BPF_MAP_TYPE_QUEUE] = { "queue", &queue_ops },
	[BPF_MAP_TYPE_STACK] = { "stack", &stack_ops },
	[BPF_MAP_TYPE_SK_STORAGE] = { "sk_storage", &sk_storage_ops },
	[BPF_MAP_TYPE_DEVMAP_HASH] = { "devmap_hash", &devmap_hash_ops },
	[BPF_MAP_TYPE_STRUCT_OPS] = { "struct_ops" },
	[BPF_MAP_TYPE_RINGBUF] = { "ringbuf", &ringbuf_ops },
	[BPF_MAP_TYPE_INODE_STORAGE] = { "inode_storage" },
	[BPF_MAP_TYPE_TASK_STORAGE] = { "task_storage" },
	[BPF_MAP_TYPE_BLOOM_FILTER] = { "bloom_filter", &bloom_filter_ops },
	[BPF_MAP_TYPE_USER_RINGBUF] = { "user_ringbuf", &user_ringbuf_ops },
	[BPF_MAP_TYPE_CGRP_STORAGE] = { "cgrp_storage" },
	[BPF_MAP_TYPE_ARENA] = { "arena" },
};

const char *map_type_name(u32 type)
{
	return type < ARRAY_LEN(types) ? types[type].name : NULL;
}

u32 map_type_parse(const char *name)
{
	for (u32 i = 1; i < ARRAY_LEN(types); i++) {
		if (types[i].name && strcmp(types[i].name, name) == 0)
			return i;
	}
	return 0;
}

const struct map_ops *map_type_ops(u32 type)
{
	return type < ARRAY_LEN(types) ? types[type].ops : NULL;
}
