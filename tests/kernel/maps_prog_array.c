/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * maps_prog_array.c - jump tables from outside, against the live kernel
 *
 * Every command with every flag and index, with programs of two types, in
 * random order.  The seed is printed; `maps_prog_array SEED` repeats it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kmap.h"

#define ENTRIES 3
#define PROGS 4 /* even: XDP, odd: socket filter */
#define OPS 20000

/* The kernel's fd and id; for Weir a program with the same id and type. */
struct prog {
	int fd;
	u32 id;
	u64 kind;
	u32 refs;
};

static void get(struct prog *prog)
{
	prog->refs++;
}

static void put(struct prog *prog)
{
	prog->refs--;
}

static u32 id_of(const struct prog *prog)
{
	return prog->id;
}

static u64 kind_of(const struct prog *prog)
{
	return prog->kind;
}

static const struct prog_ref_ops progs = {
	.get = get,
	.put = put,
	.id = id_of,
	.kind = kind_of,
};

static int load(struct prog *p, u32 type)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = { .prog_type = type,
				.insns = (u64)(uintptr_t)insns,
				.insn_cnt = ARRAY_LEN(insns),
				.license = (u64)(uintptr_t) "Dual BSD/GPL" };
	int err;

	p->fd = kmap_bpf(BPF_PROG_LOAD, &attr);
	if (p->fd < 0)
		return p->fd;
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (u32)p->fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (u64)(uintptr_t)&info;
	err = kmap_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
	p->id = info.id;
	p->kind = type;
	p->refs = 1;
	return err;
}

static u64 compared, different;

static void compare(const char *what, u32 index, u64 flags, int theirs,
		    int mine)
{
	compared++;
	if (theirs == mine)
		return;
	if (++different <= 20)
		printf("%s %u flags %" PRIu64 ": Linux %d, Weir %d\n", what,
		       index, flags, theirs, mine);
}

static void one(struct map *map, int fd, struct prog *p, u32 random)
{
	static const u64 flags[] = { 0, 0, 0, 0, 1, 2, 3, 4, 1ull << 40 };
	u64 flag = flags[random % ARRAY_LEN(flags)];
	u32 index = random / 16 % (ENTRIES + 2);
	u32 theirs = 0, mine = 0;
	struct prog *with = &p[random / 128 % PROGS];

	switch (random / 1024 % 4) {
	case 0:
		compare("read", index, flag,
			kmap_read(fd, &index, &theirs, flag),
			map->ops->read(map, &index, &mine, flag));
		compare("id", index, flag, (int)theirs, (int)mine);
		break;
	case 1:
		compare("erase", index, 0, kmap_erase(fd, &index),
			map->ops->erase(map, &index));
		break;
	case 2:
		compare("next_key", index, 0,
			kmap_next_key(fd, &index, &theirs),
			map->ops->next_key(map, &index, &mine));
		compare("key", index, 0, (int)theirs, (int)mine);
		break;
	default:
		compare("write", index, flag,
			kmap_write(fd, &index, &with->fd, flag),
			map->ops->write_object(map, &index, with, flag));
	}
}

static int sequence(struct map_env *env, struct prog *p, u64 seed)
{
	const struct map_attr attr = { .type = BPF_MAP_TYPE_PROG_ARRAY,
				       .key_size = 4,
				       .value_size = 4,
				       .max_entries = ENTRIES };
	int fd = kmap_create(&attr);
	struct map *map;

	if (fd < 0 || map_create(env, &attr, NULL, &map) != 0)
		return -1;
	for (u32 i = 0; i < OPS; i++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		one(map, fd, p, (u32)(seed >> 33));
	}
	map_put(map);
	close(fd);
	return 0;
}

int main(int argc, char **argv)
{
	const char *why = kmap_unavailable();
	const struct mem_config config = { .budget = 1u << 20, .slots = 1 };
	u64 seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (u64)time(NULL);
	struct map_env env = { .progs = &progs };
	struct prog p[PROGS];

	if (why) {
		printf("bpf(2): %s\n", why);
		return KMAP_SKIP;
	}
	if (mem_create(&config, &env.mem) != 0)
		return 1;
	for (u32 i = 0; i < PROGS; i++) {
		if (load(&p[i], i & 1 ? BPF_PROG_TYPE_SOCKET_FILTER
				      : BPF_PROG_TYPE_XDP) != 0)
			return 1;
	}
	printf("seed %" PRIu64 "\n", seed);
	/* The first program that is written decides on the type. */
	for (u32 i = 0; i < 4; i++) {
		if (sequence(&env, p, seed + i) != 0)
			return 1;
	}
	mem_destroy(env.mem);
	for (u32 i = 0; i < PROGS; i++) {
		different += p[i].refs != 1;
		close(p[i].fd);
	}
	printf("%" PRIu64 " compared, %" PRIu64 " different\n", compared,
	       different);
	return different != 0 || compared < OPS ? 1 : 0;
}
