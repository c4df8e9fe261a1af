/* SPDX-License-Identifier: BSD-3-Clause */
#include "live.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "../kernel/kmap.h"
#include "../kernel/kprog.h"
#include "bpf/insn.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"
#define PAGE 4096u

/* ---- maps ---- */

static int load_btf(void)
{
	union bpf_attr attr = { 0 };
	u32 size;

	attr.btf = (u64)(uintptr_t)gen_btf(&size);
	attr.btf_size = size;
	return kmap_bpf(BPF_BTF_LOAD, &attr);
}

static int make_map(const struct live *l, u32 i)
{
	const struct gen_map_shape *s = &gen_maps[i];
	union bpf_attr attr = {
		.map_type = s->type,
		.key_size = s->key_size,
		.value_size = s->value_size,
		.max_entries = s->max_entries,
		.btf_fd = s->btf_value ? (u32)l->btf : 0,
		.btf_key_type_id = s->btf_key,
		.btf_value_type_id = s->btf_value,
		.inner_map_fd = s->outer ? (u32)l->maps[GEN_INNER] : 0,
	};

	return kmap_bpf(BPF_MAP_CREATE, &attr);
}

/* Records are skipped, so that there is room for the next program's. */
static bool map_ring(struct live *l)
{
	int fd = l->maps[GEN_RING];

	l->consumer =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	l->producer = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, PAGE);
	return l->consumer != MAP_FAILED && l->producer != MAP_FAILED;
}

static bool read_kernel_types(struct live *l)
{
	static u8 bytes[16u << 20];
	struct err err = { 0 };
	FILE *f = fopen(KERNEL_BTF, "rb");
	size_t n = f ? fread(bytes, 1, sizeof(bytes), f) : 0;

	if (f)
		fclose(f);
	if (n && !btf_parse(bytes, (u32)n, &err, &l->kernel))
		return true;
	fprintf(stderr, KERNEL_BTF ": %s\n", err.reason);
	return false;
}

bool live_open(struct live *l)
{
	u32 key = 0;

	l->btf = load_btf();
	if (l->btf < 0 || !read_kernel_types(l))
		return false;
	for (u32 i = 0; i < GEN_MAPS; i++) {
		l->maps[i] = make_map(l, i);
		if (l->maps[i] < 0) {
			fprintf(stderr, "the kernel's map %s: %s\n",
				gen_maps[i].name, strerror(-l->maps[i]));
			return false;
		}
	}
	return map_ring(l) && kmap_pin() == 0 &&
	       !kmap_write(l->maps[GEN_OUTER], &key, &l->maps[GEN_INNER], 0);
}

void live_close(struct live *l)
{
	munmap(l->consumer, PAGE);
	munmap(l->producer, PAGE);
	for (u32 i = 0; i < GEN_MAPS; i++)
		close(l->maps[i]);
	close(l->btf);
	btf_put(l->kernel);
}

/* ---- programs ---- */

static void wake(int signal)
{
	(void)signal;
}

/* Linux leaves a verification when there is a signal. */
static int load_in_time(const struct kprog_load *load)
{
	const struct sigaction action = { .sa_handler = wake };
	const struct itimerval none = { 0 };
	const struct itimerval seconds = { .it_value = { .tv_sec = 10 } };
	int fd;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &seconds, NULL);
	fd = kprog_load(load);
	setitimer(ITIMER_REAL, &none, NULL);
	return fd;
}

int live_load(struct live *l, const struct bench_prog *p, u32 log_level)
{
	struct bpf_insn insns[GEN_INSNS];
	struct bpf_func_info funcs[GEN_CALLS + 1];
	struct kprog_load load = {
		.type = p->type,
		.insns = insns,
		.cnt = p->cnt,
		.license = "GPL",
		.log_level = log_level,
		.log = l->log,
		.log_size = sizeof(l->log),
		.btf = p->func_cnt ? l->btf : 0,
		.funcs = funcs,
		.func_cnt = p->func_cnt,
	};

	memcpy(insns, p->insns, p->cnt * sizeof(insns[0]));
	for (u32 i = 0; i < p->cnt; i++) {
		if (!insn_is_wide(&insns[i]))
			continue;
		if (insns[i].src_reg == BPF_PSEUDO_MAP_FD ||
		    insns[i].src_reg == BPF_PSEUDO_MAP_VALUE)
			insns[i].imm = l->maps[insns[i].imm];
		i++;
	}
	for (u32 i = 0; i < p->func_cnt; i++)
		funcs[i] = (struct bpf_func_info){ p->funcs[i].insn,
						   p->funcs[i].type_id };
	for (u32 i = 0; i < p->kfunc_cnt; i++)
		insns[p->kfuncs[i].insn].imm =
			btf_find(l->kernel, p->kfuncs[i].name, BTF_KIND_FUNC);
	return load_in_time(&load);
}

/* ---- runs ---- */

static int by_key(const void *a, const void *b)
{
	return memcmp(a, b, 4);
}

void outcome_sort(struct outcome *o)
{
	qsort(o->hash, o->hash_cnt, sizeof(o->hash[0]), by_key);
}

static void reset(struct live *l)
{
	u8 zero[64] = { 0 };
	u32 key;

	for (u32 i = 0; i < GEN_OUTER; i++)
		for (key = 0; i != GEN_HASH && key < gen_maps[i].max_entries;
		     key++)
			kmap_write(l->maps[i], &key, zero, 0);
	while (!kmap_next_key(l->maps[GEN_HASH], NULL, &key))
		kmap_erase(l->maps[GEN_HASH], &key);
	*l->consumer = *l->producer;
}

bool live_run(struct live *l, int fd, const u8 *packet, u32 len,
	      struct outcome *o)
{
	struct kprog_test t = { .data = packet,
				.len = len,
				.out = o->packet,
				.out_len = sizeof(o->packet) };
	u32 key, *from = NULL;

	memset(o, 0, sizeof(*o));
	reset(l);
	if (kprog_test(fd, &t))
		return false;
	o->ret = t.ret;
	o->len = t.out_len;
	for (u32 i = 0; i < GEN_OUTER; i++)
		for (key = 0; i != GEN_HASH && key < gen_maps[i].max_entries;
		     key++)
			kmap_read(l->maps[i], &key, o->values[i][key], 0);
	while (o->hash_cnt < 8 &&
	       !kmap_next_key(l->maps[GEN_HASH], from, &key)) {
		memcpy(o->hash[o->hash_cnt], &key, 4);
		kmap_read(l->maps[GEN_HASH], &key, o->hash[o->hash_cnt++] + 4,
			  0);
		from = &key;
	}
	outcome_sort(o);
	return true;
}
