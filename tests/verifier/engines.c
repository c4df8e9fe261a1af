/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engines.c - generated programs on every engine, and on the live kernel
 *
 *	verify-engines [PROGRAMS [SEED]]
 *	verify-engines show SEED
 *
 * What a program that was verified returns, and its packet and maps afterwards,
 * are the same interpreted, compiled without LLVM's changes and with them, and
 * on Linux.  Runs that depend on addresses are not compared: they differ with
 * maps and packet at other places.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../engine.h"
#include "../kernel/kprog.h"
#include "ours.h"

#define RUNS 4
#define O0_EVERY 4 /* programs: to compile takes its time */

struct all {
	struct bench ours, again; /* at other addresses */
	struct live live;
	bool asks; /* the live kernel, too */
	u32 accepted, lacking, compared, asked, different;
};

/* A program on one engine, with a copy of its instructions. */
struct ready {
	struct prog prog;
	struct bpf_insn insns[GEN_INSNS];
	bool there;
};

static int prepare(struct bench *b, const struct bench_prog *p,
		   const struct verify_result *result, enum engine e,
		   struct ready *r, struct err *err)
{
	const struct jit_opts opts = {
		.level = e == ENGINE_O0 ? JIT_O0 : JIT_O2,
	};
	struct verify_result mine = { .facts = malloc(p->cnt) };
	int ret;

	memcpy(r->insns, p->insns, p->cnt * sizeof(r->insns[0]));
	memcpy(mine.facts, result->facts, p->cnt);
	r->prog = (struct prog){ .type = p->type,
				 .gpl = true,
				 .insns = r->insns,
				 .insn_cnt = p->cnt,
				 .maps = b->maps,
				 .map_cnt = GEN_MAPS };
	verify_fix(&mine, &r->prog);
	ret = vm_prepare(&r->prog, e == ENGINE_CHECKED ? VM_CHECKED : VM_PLAIN,
			 err);
	if (!ret && engine_is_jit(e)) {
		ret = jit_prepare(&r->prog, &opts, err);
		if (ret)
			engine_free(&r->prog);
	}
	r->there = !ret;
	return ret;
}

static void finish(struct ready *r)
{
	if (r->there)
		engine_free(&r->prog);
	free(r->prog.facts);
	*r = (struct ready){ 0 };
}

static bool says(struct all *a, u64 seed, const char *who,
		 const struct outcome *want, const struct outcome *got)
{
	if (!memcmp(want, got, sizeof(*want)))
		return true;
	printf("seed %llu: %s: returned %llx instead of %llx%s%s\n",
	       (unsigned long long)seed, who, (unsigned long long)got->ret,
	       (unsigned long long)want->ret,
	       memcmp(want->packet, got->packet, sizeof(want->packet))
		       ? ", another packet"
		       : "",
	       memcmp(want->values, got->values, sizeof(want->values)) ||
			       memcmp(want->hash, got->hash, sizeof(want->hash))
		       ? ", other maps"
		       : "");
	a->different++;
	return false;
}

/* One packet on all of them.  False: something differs. */
static bool compare(struct all *a, struct ready *ready, struct ready *again,
		    u64 seed, int fd)
{
	static struct outcome want, got;
	u8 packet[BENCH_PACKET_MAX];
	u32 len = 64;

	bench_shuffle(&a->ours);
	memcpy(packet, a->ours.packet, sizeof(packet));
	if (!ours_run(&a->ours, &ready[ENGINE_CHECKED].prog, packet, len,
		      &want) ||
	    !ours_run(&a->again, &again->prog, packet, len, &got) ||
	    memcmp(&want, &got, sizeof(want)))
		return true;
	a->compared++;
	for (enum engine e = 0; e < ENGINES; e++) {
		if (!ready[e].there)
			continue;
		ours_run(&a->ours, &ready[e].prog, packet, len, &got);
		if (!says(a, seed, engine_names[e], &want, &got))
			return false;
	}
	if (fd < 0 || !live_run(&a->live, fd, packet, len, &got))
		return true;
	a->asked++;
	return says(a, seed, "the kernel", &want, &got);
}

static void run(struct all *a, const struct bench_prog *p,
		const struct verify_result *result, u64 seed, int fd)
{
	static struct ready ready[ENGINES], again;
	struct err err = { 0 };
	bool same = true;

	if (prepare(&a->again, p, result, ENGINE_CHECKED, &again, &err)) {
		a->lacking++;
		finish(&again);
		return;
	}
	for (enum engine e = 0; e < ENGINES; e++) {
		if (!engine_there(e) || (e == ENGINE_O0 && seed % O0_EVERY))
			continue;
		if (!prepare(&a->ours, p, result, e, &ready[e], &err))
			continue;
		printf("seed %llu: %s: %s\n", (unsigned long long)seed,
		       engine_names[e], err.reason);
		a->different++;
	}
	for (u32 i = 0; same && i < RUNS; i++)
		same = compare(a, ready, &again, seed, fd);
	for (enum engine e = 0; e < ENGINES; e++)
		finish(&ready[e]);
	finish(&again);
}

static void try(struct all *a, u64 seed, bool show)
{
	static struct gen g;
	struct verify_result result;
	struct err err = { 0 };
	struct verify_attr attr;
	struct bench_prog p;
	int fd = -1;

	gen_program(&g, seed, true);
	p = bench_prog_of(&g);
	if (show)
		bench_print(p.insns, p.cnt);
	attr = bench_attr(&a->ours, &p);
	if (!verify(&attr, &result, &err)) {
		a->accepted++;
		if (a->asks)
			fd = live_load(&a->live, &p, 0);
		run(a, &p, &result, seed, fd);
		if (fd >= 0)
			close(fd);
	}
	verify_result_free(&result);
}

int main(int argc, char **argv)
{
	static struct all a;
	bool show = argc > 2 && strcmp(argv[1], "show") == 0;
	u32 programs = show ? 1 : argc > 1 ? (u32)atoi(argv[1]) : 1500;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;

	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	if (!bench_open(&a.ours) || !bench_open(&a.again))
		return 1;
	a.asks = !kprog_unavailable() && live_open(&a.live);
	for (u32 i = 0; i < programs; i++)
		try(&a, seed + i, show);
	printf("%u programs: %u accepted, %u call what is not there; %u runs "
	       "compared, %u with the kernel, %u differ\n",
	       programs, a.accepted, a.lacking, a.compared, a.asked,
	       a.different);
	if (a.asks)
		live_close(&a.live);
	bench_close(&a.ours);
	bench_close(&a.again);
	return a.different || !a.compared;
}
