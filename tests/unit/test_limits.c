/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_limits.c - maps that are too large or too many are refused before
 * anything is touched, and leave nothing
 *
 * What was touched is seen from outside: the most memory the process has had,
 * its descriptors, the budget, the ids.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sys/wbpf.h"

#define MB (1ull << 20)
#define BUDGET (64 * MB)
#define SLACK (8 * MB) /* what the test and a sanitizer take themselves */
#define MILLION 1000000

static struct mem *mem;
static struct sys *sys;
static struct wclient *client;

static int begin_with(u64 budget)
{
	const struct mem_config config = { .budget = budget, .slots = 2 };

	return mem_create(&config, &mem) || sys_create(mem, &sys) ||
	       wclient_create(sys, &client);
}

static int begin(void **state)
{
	(void)state;
	return begin_with(BUDGET);
}

/* More than any machine has. */
static int begin_without_budget(void **state)
{
	(void)state;
	return begin_with(UINT64_MAX / 2);
}

static int end(void **state)
{
	(void)state;
	wclient_destroy(client);
	sys_destroy(sys);
	assert_int_equal(mem_used(mem), 0);
	mem_destroy(mem);
	return 0;
}

static int call(int cmd, union bpf_attr attr)
{
	return wbpf(client, cmd, &attr, sizeof(attr), &wmem_self);
}

/* ---- what has been touched ---- */

static u32 open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	u32 n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* From now on most_memory() counts anew. */
static void forget_memory(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY);

	if (fd < 0)
		return;
	assert_int_equal(write(fd, "5", 1), 1);
	close(fd);
}

static u64 most_memory(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	unsigned long long kb = 0;
	char line[128];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "VmHWM: %llu", &kb) == 1)
			break;
	fclose(f);
	return kb << 10;
}

struct before {
	u64 used;
	u64 memory;
	u32 files;
	u32 last_map;
};

static u32 last_map(void)
{
	u32 id = 0, next;

	while ((next = sys_next_map_id(sys, id)))
		id = next;
	return id;
}

static struct before before(void)
{
	struct before b = {
		.used = mem_used(mem),
		.files = open_files(),
		.last_map = last_map(),
	};

	forget_memory();
	b.memory = most_memory();
	return b;
}

static void nothing_left(const struct before *b, const char *what)
{
	rcu_barrier(mem_rcu(mem));
	rcu_barrier(mem_rcu(mem)); /* what waits for others that wait */
	if (mem_used(mem) != b->used)
		fail_msg("%s: %llu bytes are charged", what,
			 (unsigned long long)(mem_used(mem) - b->used));
	if (open_files() != b->files)
		fail_msg("%s: files are open", what);
	if (last_map() != b->last_map)
		fail_msg("%s: there is a map", what);
}

static void nothing_changed(const struct before *b, const char *what)
{
	nothing_left(b, what);
	if (most_memory() > b->memory + SLACK)
		fail_msg("%s: memory was touched", what);
}

/* ---- every family ---- */

struct family {
	const char *name;
	u32 type, key, value, flags;
	/* entries that exceed the budget; 0: they take memory when they come,
	 * or are limited otherwise */
	u32 too_many;
	bool inner;
};

#define ALL_ONES UINT32_MAX
#define ENTRIES_2G (1u << 31)

static const struct family families[] = {
	{ "hash", BPF_MAP_TYPE_HASH, 4, 4096, 0, ENTRIES_2G / 4 },
	{ "sparse hash", BPF_MAP_TYPE_HASH, 4, 4096, BPF_F_NO_PREALLOC,
	  ENTRIES_2G },
	{ "percpu_hash", BPF_MAP_TYPE_PERCPU_HASH, 4, 4096, 0, ENTRIES_2G / 4 },
	{ "lru_hash", BPF_MAP_TYPE_LRU_HASH, 4, 4096, 0, ENTRIES_2G / 4 },
	{ "lru_percpu_hash", BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 4096, 0,
	  ENTRIES_2G / 4 },
	{ "lpm_trie", BPF_MAP_TYPE_LPM_TRIE, 8, 4096, BPF_F_NO_PREALLOC, 0 },
	{ "array", BPF_MAP_TYPE_ARRAY, 4, 4096, 0, ENTRIES_2G / 4 },
	{ "mmapable array", BPF_MAP_TYPE_ARRAY, 4, 4096, BPF_F_MMAPABLE,
	  ENTRIES_2G / 4 },
	{ "percpu_array", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 4096, 0,
	  ENTRIES_2G / 4 },
	{ "prog_array", BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 0, ALL_ONES },
	{ "cgroup_array", BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, 0, ALL_ONES },
	{ "perf_event_array", BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 0,
	  ALL_ONES },
	{ "array_of_maps", BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 0, ALL_ONES,
	  true },
	{ "hash_of_maps", BPF_MAP_TYPE_HASH_OF_MAPS, 4, 4, 0, ENTRIES_2G,
	  true },
	{ "devmap", BPF_MAP_TYPE_DEVMAP, 4, 4, 0, ALL_ONES },
	{ "devmap_hash", BPF_MAP_TYPE_DEVMAP_HASH, 4, 4, 0, ENTRIES_2G },
	{ "cpumap", BPF_MAP_TYPE_CPUMAP, 4, 4, 0, 0 },
	{ "xskmap", BPF_MAP_TYPE_XSKMAP, 4, 4, 0, ALL_ONES },
	{ "queue", BPF_MAP_TYPE_QUEUE, 0, 4096, 0, ENTRIES_2G / 4 },
	{ "stack", BPF_MAP_TYPE_STACK, 0, 4096, 0, ENTRIES_2G / 4 },
	{ "bloom_filter", BPF_MAP_TYPE_BLOOM_FILTER, 0, 4096, 0, 0 },
	{ "ringbuf", BPF_MAP_TYPE_RINGBUF, 0, 0, 0, 0 },
	{ "user_ringbuf", BPF_MAP_TYPE_USER_RINGBUF, 0, 0, 0, 0 },
	{ "stack_trace", BPF_MAP_TYPE_STACK_TRACE, 4, 8, 0, 0 },
	{ "reuseport_sockarray", BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 4, 8, 0, 0 },
};

static int inner_map;

static int make(const struct family *f, u32 value, u32 entries)
{
	return call(BPF_MAP_CREATE,
		    (union bpf_attr){
			    .map_type = f->type,
			    .key_size = f->key,
			    .value_size = value,
			    .max_entries = entries,
			    .map_flags = f->flags,
			    .inner_map_fd = f->inner ? (u32)inner_map : 0,
		    });
}

static void make_inner(void)
{
	inner_map = call(BPF_MAP_CREATE,
			 (union bpf_attr){ .map_type = BPF_MAP_TYPE_ARRAY,
					   .key_size = 4,
					   .value_size = 4,
					   .max_entries = 1 });
	assert_true(inner_map >= 0);
}

static void refused(const struct family *f, u32 value, u32 entries)
{
	struct before b = before();
	int res = make(f, value, entries);
	char what[96];

	snprintf(what, sizeof(what), "%s of %u times %u bytes", f->name,
		 entries, value);
	if (res != -E2BIG && res != -ENOMEM &&
	    !(res == -EINVAL && (value != f->value || entries > ENTRIES_2G)))
		fail_msg("%s: %d", what, res);
	nothing_changed(&b, what);
}

static void maps_beyond_all_sizes_are_refused(void **state)
{
	static const u32 sizes[] = { 1u << 31, INT32_MAX, UINT32_MAX };

	(void)state;
	make_inner();
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
			refused(&families[i], sizes[k], ENTRIES_2G);
			refused(&families[i], sizes[k], UINT32_MAX);
		}
	}
}

/* Sizes that are allowed, and more than the budget. */
static void maps_beyond_the_budget_are_refused(void **state)
{
	(void)state;
	make_inner();
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		const struct family *f = &families[i];

		if (!f->too_many)
			continue;
		refused(f, f->value, f->too_many);
		refused(f, f->value, UINT32_MAX);
	}
}

/* The same with no budget to speak of: two terabytes and more. */
static void maps_beyond_the_machine_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		const struct family *f = &families[i];

		if (f->too_many && f->value == 4096 &&
		    !(f->flags & BPF_F_NO_PREALLOC))
			refused(f, f->value, f->too_many);
	}
}

/* Small ones, until it is enough; then all go. */
static void make_many(const struct family *f)
{
	bool ring = !f->value;
	struct before b = before();
	int *all = malloc(sizeof(*all) * MILLION), res = 0;
	u32 n = 0;

	assert_non_null(all);
	while (n < MILLION) {
		res = make(f, MIN(f->value, 8), ring ? 4096 : 1);
		if (res < 0)
			break;
		all[n++] = res;
	}
	if (res != -ENOMEM || mem_used(mem) > BUDGET)
		fail_msg("%s: %u, then %d", f->name, n, res);
	while (n)
		assert_int_equal(wclient_close(client, all[--n]), 0);
	free(all);
	nothing_left(&b, f->name);
}

static void a_million_maps_are_too_many(void **state)
{
	(void)state;
	make_inner();
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		make_many(&families[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			maps_beyond_all_sizes_are_refused, begin, end),
		cmocka_unit_test_setup_teardown(
			maps_beyond_all_sizes_are_refused, begin_without_budget,
			end),
		cmocka_unit_test_setup_teardown(
			maps_beyond_the_budget_are_refused, begin, end),
		cmocka_unit_test_setup_teardown(
			maps_beyond_the_machine_are_refused,
			begin_without_budget, end),
		cmocka_unit_test_setup_teardown(a_million_maps_are_too_many,
						begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
