/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * generate.c - generated programs, asked of the live kernel and of Weir
 *
 *	verify-generate [PROGRAMS [SEED]]
 *	verify-generate show SEED
 *
 * Counts the four cases, prints what only one side takes, and runs what both
 * do on both: what they return, and packet and maps afterwards, are the same.
 * Fails when Linux refuses a program that Weir takes.
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../kernel/kmap.h"
#include "../kernel/kprog.h"
#include "bench.h"
#include "bpf/insn.h"

#define RUNS 4

struct both {
	struct bench ours, again; /* at other addresses */
	int maps[GEN_MAPS];
	u32 cnt[2][2]; /* [the kernel takes it][Weir does] */
	u32 unsupported;
	u32 compared, different;
	char log[1 << 20];
};

static bool open_both(struct both *b)
{
	if (!bench_open(&b->ours) || !bench_open(&b->again))
		return false;
	for (u32 i = 0; i < GEN_MAPS; i++) {
		const struct gen_map_shape *s = &gen_maps[i];
		const struct map_attr attr = {
			.type = s->type,
			.key_size = s->key_size,
			.value_size = s->value_size,
			.max_entries = s->max_entries,
		};

		b->maps[i] = kmap_create(&attr);
		if (b->maps[i] < 0)
			return false;
	}
	return kmap_pin() == 0;
}

static void close_both(struct both *b)
{
	for (u32 i = 0; i < GEN_MAPS; i++)
		close(b->maps[i]);
	bench_close(&b->ours);
	bench_close(&b->again);
}

/* ---- verdicts ---- */

/* With maps by descriptor. */
static int ask_kernel(struct both *b, const struct gen *g, u32 log_level)
{
	struct bpf_insn insns[GEN_INSNS];
	struct kprog_load l = {
		.type = g->type,
		.insns = insns,
		.cnt = g->cnt,
		.license = "GPL",
		.log_level = log_level,
		.log = b->log,
		.log_size = sizeof(b->log),
	};

	memcpy(insns, g->insns, g->cnt * sizeof(insns[0]));
	for (u32 i = 0; i < g->cnt; i++) {
		if (!insn_is_wide(&insns[i]))
			continue;
		if (insns[i].src_reg)
			insns[i].imm = b->maps[insns[i].imm];
		i++;
	}
	return kprog_load(&l);
}

static int ask_weir(struct both *b, const struct gen *g, struct err *err,
		    bool *unsupported)
{
	struct verify_attr attr =
		bench_attr(&b->ours, g->type, g->insns, g->cnt);
	struct verify_result result;
	int ret = verify(&attr, &result, err);

	*unsupported = result.code == VERIFY_UNSUPPORTED;
	verify_result_free(&result);
	return ret;
}

static void say_difference(struct both *b, const struct gen *g, u64 seed,
			   int kernel, const struct err *err)
{
	bool taken = kernel >= 0;

	if (!taken)
		ask_kernel(b, g, 1);
	printf("seed %llu: %s; %s\n", (unsigned long long)seed,
	       taken ? "the kernel accepts" : "Weir accepts",
	       taken ? err->reason : kprog_reason(b->log));
}

/* ---- runs ---- */

struct outcome {
	u64 ret;
	u32 len;
	u8 packet[BENCH_PACKET_MAX * 2];
	u8 array[2][16], block[64];
	u8 hash[8][28];
	u32 hash_cnt;
	bool stopped;
};

static int by_key(const void *a, const void *b)
{
	return memcmp(a, b, 4);
}

static void our_outcome(struct bench *b, const struct gen *g, const u8 *packet,
			u32 len, struct outcome *o)
{
	struct err err = { 0 };
	struct prog prog;
	struct map *hash = b->maps[GEN_HASH];
	u32 key, n = 0, *from = NULL;

	memset(o, 0, sizeof(*o));
	if (bench_prepare(b, g->type, g->insns, g->cnt, &prog, &err)) {
		o->stopped = true;
		return;
	}
	bench_reset(b, packet, len);
	o->stopped = !bench_run(b, &prog, NULL, &o->ret) || b->run.fault.code;
	o->ret = (u32)o->ret;
	prog.free_image(prog.image);
	o->len = pkt_len(&b->pkt);
	memcpy(o->packet, b->pkt.data, MIN(o->len, sizeof(o->packet)));
	for (key = 0; key < 2; key++)
		b->maps[GEN_ARRAY]->ops->read(b->maps[GEN_ARRAY], &key,
					      o->array[key], 0);
	key = 0;
	b->maps[GEN_BLOCK]->ops->read(b->maps[GEN_BLOCK], &key, o->block, 0);
	while (n < 8 && !hash->ops->next_key(hash, from, &key)) {
		memcpy(o->hash[n], &key, 4);
		hash->ops->read(hash, &key, o->hash[n++] + 4, 0);
		from = &key;
	}
	o->hash_cnt = n;
	qsort(o->hash, n, sizeof(o->hash[0]), by_key);
}

static void reset_kernel(struct both *b)
{
	u8 zero[64] = { 0 };
	u32 key;

	for (key = 0; key < 2; key++)
		kmap_write(b->maps[GEN_ARRAY], &key, zero, 0);
	key = 0;
	kmap_write(b->maps[GEN_BLOCK], &key, zero, 0);
	while (!kmap_next_key(b->maps[GEN_HASH], NULL, &key))
		kmap_erase(b->maps[GEN_HASH], &key);
}

static bool kernel_outcome(struct both *b, int fd, const u8 *packet, u32 len,
			   struct outcome *o)
{
	struct kprog_test t = { .data = packet,
				.len = len,
				.out = o->packet,
				.out_len = sizeof(o->packet) };
	u32 key, n = 0, *from = NULL;

	memset(o, 0, sizeof(*o));
	reset_kernel(b);
	if (kprog_test(fd, &t))
		return false;
	o->ret = t.ret;
	o->len = t.out_len;
	for (key = 0; key < 2; key++)
		kmap_read(b->maps[GEN_ARRAY], &key, o->array[key], 0);
	key = 0;
	kmap_read(b->maps[GEN_BLOCK], &key, o->block, 0);
	while (n < 8 && !kmap_next_key(b->maps[GEN_HASH], from, &key)) {
		memcpy(o->hash[n], &key, 4);
		kmap_read(b->maps[GEN_HASH], &key, o->hash[n++] + 4, 0);
		from = &key;
	}
	o->hash_cnt = n;
	qsort(o->hash, n, sizeof(o->hash[0]), by_key);
	return true;
}

/* What depends on addresses is nobody's business. */
static void compare_runs(struct both *b, const struct gen *g, u64 seed, int fd)
{
	static struct outcome ours, again, kernel;

	for (u32 i = 0; i < RUNS; i++) {
		u32 len = 64;

		bench_shuffle(&b->ours);
		our_outcome(&b->ours, g, b->ours.packet, len, &ours);
		our_outcome(&b->again, g, b->ours.packet, len, &again);
		if (ours.stopped || memcmp(&ours, &again, sizeof(ours)) ||
		    !kernel_outcome(b, fd, b->ours.packet, len, &kernel))
			continue;
		b->compared++;
		if (!memcmp(&ours, &kernel, sizeof(ours)))
			continue;
		b->different++;
		printf("seed %llu: runs differ: returned %llx, kernel %llx\n",
		       (unsigned long long)seed, (unsigned long long)ours.ret,
		       (unsigned long long)kernel.ret);
		return;
	}
}

/* ---- all of them ---- */

static void try(struct both *b, struct gen *g, u64 seed)
{
	struct err err = { 0 };
	bool unsupported;
	int kernel, weir;

	gen_program(g, seed);
	kernel = ask_kernel(b, g, 0);
	weir = ask_weir(b, g, &err, &unsupported);
	b->unsupported += unsupported;
	b->cnt[kernel >= 0][!weir]++;
	if ((kernel >= 0) != !weir && !unsupported)
		say_difference(b, g, seed, kernel, &err);
	else if (kernel >= 0 && !weir)
		compare_runs(b, g, seed, kernel);
	if (kernel >= 0)
		close(kernel);
}

static int show(struct both *b, struct gen *g, u64 seed)
{
	struct err err = { 0 };
	bool unsupported;
	int fd, weir;

	gen_program(g, seed);
	bench_print(g->insns, g->cnt);
	fd = ask_kernel(b, g, 2);
	weir = ask_weir(b, g, &err, &unsupported);
	printf("%s\nkernel %d, Weir %d %s\n", b->log, fd, weir, err.reason);
	return 0;
}

int main(int argc, char **argv)
{
	static struct both b;
	static struct gen g;
	bool shows = argc > 2 && strcmp(argv[1], "show") == 0;
	u32 programs = argc > 1 ? (u32)atoi(argv[1]) : 200;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	const char *why = kprog_unavailable();

	if (why) {
		printf("skipped: %s\n", why);
		return KPROG_SKIP;
	}
	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	if (!open_both(&b))
		return 1;
	if (shows)
		return show(&b, &g, seed);
	for (u32 i = 0; i < programs; i++)
		try(&b, &g, seed + i);
	printf("%u programs: both accept %u, both reject %u, only the kernel "
	       "accepts %u, only Weir %u, unsupported %u; %u runs compared, %u "
	       "differ\n",
	       programs, b.cnt[1][1], b.cnt[0][0], b.cnt[1][0], b.cnt[0][1],
	       b.unsupported, b.compared, b.different);
	close_both(&b);
	return b.cnt[0][1] || b.different || !b.cnt[1][1] || !b.cnt[0][0];
}
