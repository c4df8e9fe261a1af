/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * prog_tag.c - the tag of a program: the live kernel's
 *
 * The same instructions are loaded into both; the kernel's have its map's fd
 * where Weir's have an index.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../asm.h"
#include "bpf/insn.h"
#include "kmap.h"
#include "kprog.h"
#include "prog/prog.h"

#define PASS ALU64_K(MOV, R0, 2), EXIT()

static const struct {
	const char *about;
	struct bpf_insn insns[16];
	u32 cnt;
} programs[] = {
	{ "no map", { PASS }, 2 },
	{ "a number as wide as a map", { LD64(R1, 0x123456789abc), PASS }, 4 },
	{ "a map", { LD_MAP(R1, 0), PASS }, 4 },
	{ "a map's value", { LD_VALUE(R1, 0, 4), PASS }, 4 },
	{ "two, one after the other",
	  { LD_MAP(R1, 0), LD_VALUE(R2, 0, 0), PASS },
	  6 },
	{ "two blocks of the digest",
	  { LD_MAP(R1, 0), LD64(R2, 5), LD64(R3, 6), LD64(R4, 7), PASS },
	  10 },
	{ "a function", { CALL_LOCAL(1), EXIT(), PASS }, 4 },
};

static int kernel_tag(u32 i, int map, u8 *tag)
{
	struct bpf_insn insns[ARRAY_LEN(programs[0].insns)];
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = { 0 };
	const struct kprog_load l = {
		.type = BPF_PROG_TYPE_XDP,
		.insns = insns,
		.cnt = programs[i].cnt,
		.license = "GPL",
	};
	int fd, err;

	memcpy(insns, programs[i].insns, sizeof(insns));
	for (u32 at = 0; at < l.cnt; at++)
		if (insn_is_wide(&insns[at]) && insns[at].src_reg)
			insns[at].imm = map;
	fd = kprog_load(&l);
	if (fd < 0)
		return fd;
	attr.info.bpf_fd = (u32)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (u64)(uintptr_t)&info;
	err = kmap_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
	memcpy(tag, info.tag, sizeof(info.tag));
	close(fd);
	return err;
}

static int weir_tag(struct map_env *env, u32 i, struct map *map, u8 *tag)
{
	const struct prog_attr attr = {
		.type = BPF_PROG_TYPE_XDP,
		.insns = programs[i].insns,
		.insn_cnt = programs[i].cnt,
		.license = "GPL",
		.maps = &map,
		.map_cnt = 1,
	};
	struct prog *prog;
	int err = prog_create(env->mem, &attr, NULL, &prog);

	if (err)
		return err;
	memcpy(tag, prog->tag, sizeof(prog->tag));
	prog_put(prog);
	return 0;
}

static const struct map_attr array = {
	.type = BPF_MAP_TYPE_ARRAY,
	.key_size = 4,
	.value_size = 8,
	.max_entries = 1,
};

static u32 compare(struct map_env *env, int kernel_map, struct map *map)
{
	u32 different = 0;

	for (u32 i = 0; i < ARRAY_LEN(programs); i++) {
		u8 theirs[BPF_TAG_SIZE], ours[BPF_TAG_SIZE];
		int err = kernel_tag(i, kernel_map, theirs);

		if (!err)
			err = weir_tag(env, i, map, ours);
		if (err)
			printf("%s: %s\n", programs[i].about, strerror(-err));
		if (!err && memcmp(ours, theirs, sizeof(ours)) == 0)
			continue;
		printf("%s: not Linux's tag\n", programs[i].about);
		different++;
	}
	return different;
}

int main(void)
{
	const struct mem_config config = { .budget = 1 << 20, .slots = 1 };
	struct map_env env = { .progs = &prog_refs };
	const char *why = kprog_unavailable();
	struct map *map;
	u32 different;
	int fd;

	if (why) {
		printf("skipped: %s\n", why);
		return KPROG_SKIP;
	}
	fd = kmap_create(&array);
	if (fd < 0 || mem_create(&config, &env.mem) != 0)
		return 1;
	if (map_create(&env, &array, NULL, &map) != 0)
		return 1;
	different = compare(&env, fd, map);
	map_put(map);
	mem_destroy(env.mem);
	close(fd);
	printf("%zu programs, %u different\n", ARRAY_LEN(programs), different);
	return different != 0;
}
