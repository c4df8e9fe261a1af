/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * compile.c - how long programs take to compile, and to be had from the cache
 *
 *   compile-time OBJECT...
 *
 * A JSON object a program: milliseconds, medians of ROUNDS.
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "elf/elf_obj.h"
#include "jit/jit.h"
#include "sys/sys.h"

#define ROUNDS 5
#define PROGRAMS 64 /* of an object, at most */
#define SELF "/proc/self/exe"

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *took)
{
	qsort(took, ROUNDS, sizeof(took[0]), by_size);
	return took[ROUNDS / 2];
}

/* All programs one after the other, as an object is loaded: the first waits
 * for the process, too. */
static int one_round(const struct sys_obj *so, u32 cnt, const char *folder,
		     u32 round, double (*took)[ROUNDS], struct err *err)
{
	struct jit_kept kept;
	const struct jit_opts opts = { .level = JIT_O2,
				       .compiler = SELF,
				       .kept = &kept,
				       .cache = folder };
	int ret = 0;

	jit_kept_init(&kept);
	for (u32 i = 0; !ret && i < cnt; i++) {
		double start = now_ms();

		ret = jit_prepare(so->progs[i], &opts, err);
		took[i][round] = now_ms() - start;
	}
	jit_kept_end(&kept);
	return ret;
}

static int time_programs(const struct elf_obj *obj, const struct sys_obj *so,
			 const char *path, const char *folder, struct err *err)
{
	double compiled[PROGRAMS][ROUNDS], cached[PROGRAMS][ROUNDS];
	u32 cnt = MIN(obj->prog_cnt, (u32)PROGRAMS);
	int ret = 0;

	for (u32 i = 0; !ret && i < ROUNDS; i++)
		ret = one_round(so, cnt, NULL, i, compiled, err);
	if (!ret)
		ret = one_round(so, cnt, folder, 0, cached, err);
	for (u32 i = 0; !ret && i < ROUNDS; i++)
		ret = one_round(so, cnt, folder, i, cached, err);
	for (u32 i = 0; !ret && i < cnt; i++)
		printf("{\"object\":\"%s\",\"program\":\"%s\",\"insns\":%u,"
		       "\"compile_ms\":%.2f,\"cache_ms\":%.3f}\n",
		       path, so->progs[i]->full_name, so->progs[i]->insn_cnt,
		       median(compiled[i]), median(cached[i]));
	return ret;
}

static int time_object(struct sys *sys, const char *path, const char *folder)
{
	struct err err = { 0 };
	struct elf_obj *obj;
	struct sys_obj *so;
	int ret = elf_open(path, NULL, &err, &obj);

	if (!ret) {
		ret = sys_load(sys, obj, NULL, &err, &so);
		if (!ret) {
			ret = time_programs(obj, so, path, folder, &err);
			sys_obj_put(so);
		}
		elf_close(obj);
	}
	if (ret)
		fprintf(stderr, "%s: %s\n", path, err.reason);
	return ret;
}

static int drop(const char *path, const struct stat *st, int flag,
		struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

static int time_all(char *const *paths)
{
	const struct mem_config config = { .budget = 1ull << 30, .slots = 1 };
	char folder[] = "/tmp/weir-compile-XXXXXX";
	struct mem *mem;
	struct sys *sys;
	int ret = 0;

	if (!mkdtemp(folder) || mem_create(&config, &mem))
		return 1;
	if (sys_create(mem, &sys) == 0) {
		sys_set_engine(sys, SYS_INTERP);
		for (; *paths; paths++)
			ret |= time_object(sys, *paths, folder) != 0;
		sys_destroy(sys);
	} else {
		ret = 1;
	}
	mem_destroy(mem);
	nftw(folder, drop, 8, FTW_DEPTH | FTW_PHYS);
	return ret;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], JIT_COMPILER_ARG) == 0)
		return jit_compiler();
	if (argc < 2) {
		fprintf(stderr, "usage: compile-time OBJECT...\n");
		return 2;
	}
	return time_all(argv + 1);
}
