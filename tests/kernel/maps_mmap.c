/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * maps_mmap.c - what mmap() of a mappable array shows is what Linux's shows,
 * byte for byte, whoever wrote it
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kmap.h"

#define PAGE 4096u
#define VALUE_MAX 5000

static u64 compared, different;

struct pair {
	struct map_attr attr;
	struct map *mine;
	int theirs;
	u8 *my_bytes;
	u8 *their_bytes;
	size_t size; /* whole pages */
};

static bool show(struct pair *p)
{
	int prot = PROT_READ | PROT_WRITE;

	p->size =
		round_up(p->attr.max_entries * round_up(p->attr.value_size, 8),
			 PAGE);
	p->my_bytes = mmap(NULL, p->size, prot, MAP_SHARED,
			   map_memory_fd(p->mine), 0);
	p->their_bytes = mmap(NULL, p->size, prot, MAP_SHARED, p->theirs, 0);
	return p->my_bytes != MAP_FAILED && p->their_bytes != MAP_FAILED;
}

static void compare(const struct pair *p, const char *what)
{
	compared++;
	if (memcmp(p->my_bytes, p->their_bytes, p->size) == 0)
		return;
	different++;
	printf("%u values of %u bytes differ after %s\n", p->attr.max_entries,
	       p->attr.value_size, what);
}

/* Written by calls, seen in memory; and the other way. */
static void write_both(struct pair *p)
{
	static u8 value[VALUE_MAX], mine[VALUE_MAX], theirs[VALUE_MAX];

	for (u32 key = 0; key < p->attr.max_entries; key++) {
		memset(value, (int)key + 1, sizeof(value));
		p->mine->ops->write(p->mine, &key, value, 0);
		kmap_write(p->theirs, &key, value, 0);
	}
	compare(p, "updates");
	for (size_t i = 0; i < p->size; i++)
		p->my_bytes[i] = p->their_bytes[i] = (u8)(i * 7 + i / 256);
	for (u32 key = 0; key < p->attr.max_entries; key++) {
		int a = p->mine->ops->read(p->mine, &key, mine, 0);
		int b = kmap_read(p->theirs, &key, theirs, 0);

		compared++;
		if (a == b && memcmp(mine, theirs, p->attr.value_size) == 0)
			continue;
		different++;
		printf("value %u of %u bytes: Linux %d, Weir %d\n", key,
		       p->attr.value_size, b, a);
	}
}

static int map_pair(const struct map_env *env, u32 value_size, u32 entries)
{
	struct pair p = { .attr = { .type = BPF_MAP_TYPE_ARRAY,
				    .key_size = 4,
				    .value_size = value_size,
				    .max_entries = entries,
				    .flags = BPF_F_MMAPABLE } };

	p.theirs = kmap_create(&p.attr);
	if (p.theirs < 0 || map_create(env, &p.attr, NULL, &p.mine) != 0 ||
	    !show(&p)) {
		printf("cannot make or map the maps\n");
		return 1;
	}
	compare(&p, "creation");
	write_both(&p);
	munmap(p.my_bytes, p.size);
	munmap(p.their_bytes, p.size);
	close(p.theirs);
	map_put(p.mine);
	rcu_reclaim(mem_rcu(env->mem));
	return 0;
}

int main(void)
{
	static const u32 values[] = { 1, 4, 7, 8, 12, 64, 100, VALUE_MAX };
	static const u32 entries[] = { 1, 2, 63, 600 };
	const char *why = kmap_unavailable();
	const struct mem_config config = { .budget = 64ull << 20, .slots = 1 };
	struct map_env env = { 0 };

	if (why) {
		printf("bpf(2): %s\n", why);
		return KMAP_SKIP;
	}
	if (mem_create(&config, &env.mem) != 0)
		return 1;
	for (size_t v = 0; v < ARRAY_LEN(values); v++) {
		for (size_t e = 0; e < ARRAY_LEN(entries); e++) {
			if (map_pair(&env, values[v], entries[e]) != 0)
				return 1;
		}
	}
	mem_destroy(env.mem);
	printf("%" PRIu64 " compared, %" PRIu64 " different\n", compared,
	       different);
	return different != 0;
}
