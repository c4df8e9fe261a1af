/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * maps_create.c - the attributes of BPF_MAP_CREATE: what the live kernel says
 * to each combination, Weir says too
 *
 * How much memory there is differs, so a combination that Weir has no memory
 * for is compared only if no machine has it and Linux sees that at once: an
 * array.  (It allocates other maps piece by piece until all memory is gone.)
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "kmap.h"

static const u32 types[] = {
	0,
	BPF_MAP_TYPE_HASH,
	BPF_MAP_TYPE_ARRAY,
	BPF_MAP_TYPE_PROG_ARRAY,
	BPF_MAP_TYPE_PERCPU_HASH,
	BPF_MAP_TYPE_PERCPU_ARRAY,
	BPF_MAP_TYPE_LRU_HASH,
	BPF_MAP_TYPE_LRU_PERCPU_HASH,
	BPF_MAP_TYPE_LPM_TRIE,
	BPF_MAP_TYPE_RINGBUF,
	BPF_MAP_TYPE_USER_RINGBUF,
	BPF_MAP_TYPE_STACK_TRACE,
	BPF_MAP_TYPE_CGROUP_ARRAY,
	BPF_MAP_TYPE_ARRAY_OF_MAPS,
	BPF_MAP_TYPE_HASH_OF_MAPS,
	BPF_MAP_TYPE_REUSEPORT_SOCKARRAY,
	BPF_MAP_TYPE_QUEUE,
	BPF_MAP_TYPE_STACK,
	BPF_MAP_TYPE_SK_STORAGE,
	BPF_MAP_TYPE_BLOOM_FILTER,
	BPF_MAP_TYPE_PERF_EVENT_ARRAY,
	BPF_MAP_TYPE_DEVMAP,
	BPF_MAP_TYPE_DEVMAP_HASH,
	BPF_MAP_TYPE_CPUMAP,
	BPF_MAP_TYPE_XSKMAP,
	1000,
};
/* around: KMALLOC_MAX_SIZE less Linux's element header */
static const u32 keys[] = {
	0, 1, 3, 4, 5, 8, 260, 261, 512, 4194200, UINT32_MAX
};
static const u32 values[] = { 0,
			      1,
			      4,
			      7,
			      32760,
			      32761,
			      32768,
			      32769,
			      (4u << 20) - 256 - 24,
			      (4u << 20) - 256 - 23,
			      (4u << 20) - 48 - 5,
			      (4u << 20) - 48 - 4,
			      (4u << 20) - 48 - 3,
			      (4u << 20) - 48 - 2,
			      INT32_MAX,
			      1u << 31,
			      UINT32_MAX };
static const u32 entries[] = {
	0, 1, 3, (1u << 27) + 1, 1u << 31, (1u << 31) + 1, UINT32_MAX
};
static const u32 flags[] = {
	0,
	BPF_F_NO_PREALLOC,
	BPF_F_NO_COMMON_LRU,
	BPF_F_NUMA_NODE,
	BPF_F_RDONLY,
	BPF_F_WRONLY,
	BPF_F_RDONLY | BPF_F_WRONLY,
	BPF_F_STACK_BUILD_ID,
	BPF_F_ZERO_SEED,
	BPF_F_RDONLY_PROG,
	BPF_F_WRONLY_PROG,
	BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG,
	BPF_F_CLONE,
	BPF_F_MMAPABLE,
	BPF_F_PRESERVE_ELEMS,
	BPF_F_INNER_MAP,
	BPF_F_LINK,
	BPF_F_NO_PREALLOC | BPF_F_ZERO_SEED | BPF_F_RDONLY,
	1u << 30,
	UINT32_MAX,
};

#define BUDGET (64ull << 20)

static u64 compared, different;

static int weir_create(const struct map_env *env, const struct map_attr *attr)
{
	struct map *map;
	int err = map_create(env, attr, NULL, &map);

	if (!err)
		map_put(map);
	rcu_reclaim(mem_rcu(env->mem));
	return err;
}

/* Linux frees maps late: do not get too far ahead of it. */
static void wait_for_memory(void)
{
	struct sysinfo info;

	for (int i = 0; i < 1000; i++) {
		if (sysinfo(&info) != 0 || info.freeram > info.totalram / 4)
			return;
		usleep(10000);
	}
}

/* Linux has memory for entries that Weir never has. */
static bool takes_none(u32 type)
{
	return type == BPF_MAP_TYPE_STACK_TRACE ||
	       type == BPF_MAP_TYPE_REUSEPORT_SOCKARRAY;
}

static void compare(const struct map_env *env, const struct map_attr *a)
{
	unsigned __int128 bytes = (unsigned __int128)a->max_entries *
				  ((u64)a->key_size + a->value_size);
	int mine = weir_create(env, a), theirs;

	if (takes_none(a->type) && bytes > BUDGET)
		return;
	if (mine == -ENOMEM && (a->type != BPF_MAP_TYPE_ARRAY ||
				bytes < (unsigned __int128)1 << 40))
		return;
	wait_for_memory();
	theirs = kmap_create(a);
	if (theirs >= 0) {
		close(theirs);
		theirs = 0;
	}
	compared++;
	if (mine == theirs)
		return;
	different++;
	printf("type %u key %u value %u entries %u flags 0x%x node %d "
	       "extra %" PRIu64 " name \"%.16s\": Linux %d, Weir %d\n",
	       a->type, a->key_size, a->value_size, a->max_entries, a->flags,
	       (int)a->numa_node, a->extra, a->name, theirs, mine);
}

static void sizes(const struct map_env *env, struct map_attr a)
{
	for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
		for (size_t v = 0; v < ARRAY_LEN(values); v++) {
			for (size_t e = 0; e < ARRAY_LEN(entries); e++) {
				a.key_size = keys[k];
				a.value_size = values[v];
				a.max_entries = entries[e];
				compare(env, &a);
			}
		}
	}
}

/* Every flag alone, every pair of two, and which of two errors comes first. */
static void flag_pairs(const struct map_env *env, struct map_attr a)
{
	static const u32 some[] = { 0, 4, 8, 1u << 23 };

	for (size_t f = 0; f < ARRAY_LEN(flags) * ARRAY_LEN(flags); f++) {
		a.flags = flags[f % ARRAY_LEN(flags)] |
			  flags[f / ARRAY_LEN(flags)];
		for (size_t i = 0; i < ARRAY_LEN(some); i++) {
			a.key_size = 4;
			a.value_size = some[i];
			a.max_entries = 1;
			compare(env, &a);
			a.key_size = some[i];
			a.value_size = 4;
			compare(env, &a);
		}
	}
}

static void sizes_and_flags(const struct map_env *env)
{
	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		struct map_attr a = { .type = types[t], .inner_err = -EBADF };

		sizes(env, a);
		flag_pairs(env, a);
		a.flags = BPF_F_NO_PREALLOC;
		sizes(env, a);
	}
}

static void the_rest(const struct map_env *env)
{
	static const u32 nodes[] = { 0, 1, 63, 64, 1024, UINT32_MAX };

	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		struct map_attr a = { .type = types[t],
				      .key_size = 4,
				      .value_size = 4,
				      .max_entries = 1,
				      .inner_err = -EBADF };

		for (u32 c = 0; c < 256; c++) {
			a.name[0] = (char)c;
			compare(env, &a);
			a.name[1] = 'a';
			compare(env, &a);
			a.name[1] = '\0';
		}
		memset(a.name, 'x', sizeof(a.name) - 1);
		compare(env, &a);
		memset(a.name, 'x', sizeof(a.name));
		compare(env, &a);
		memset(a.name, 0, sizeof(a.name));
		for (size_t i = 0; i < ARRAY_LEN(nodes); i++) {
			a.flags = BPF_F_NUMA_NODE;
			a.numa_node = nodes[i];
			compare(env, &a);
		}
		a.flags = 0;
		a.numa_node = 0;
		a.extra = 1;
		compare(env, &a);
		a.extra = 0;
		a.btf_key = 1;
		compare(env, &a);
	}
}

int main(void)
{
	const char *why = kmap_unavailable();
	const struct mem_config config = { .budget = BUDGET,
					   .slots = kmap_cpus() };
	struct map_env env = { 0 };

	if (why) {
		printf("bpf(2): %s\n", why);
		return KMAP_SKIP;
	}
	if (mem_create(&config, &env.mem) != 0)
		return 1;
	sizes_and_flags(&env);
	the_rest(&env);
	mem_destroy(env.mem);
	printf("%" PRIu64 " compared, %" PRIu64 " different\n", compared,
	       different);
	return different != 0 || compared < 20000 ? 1 : 0;
}
