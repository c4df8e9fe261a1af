/* SPDX-License-Identifier: BSD-3-Clause */
#include "../verified.h"
#include "twin.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/insn.h"

#define COMPILED 8 /* one program in so many */

static const struct map_attr value_attr = { .type = BPF_MAP_TYPE_ARRAY,
					    .key_size = 4,
					    .value_size = TWIN_VALUE,
					    .max_entries = 1,
					    .name = "value" };

bool twin_open(struct twin *t, u64 seed)
{
	const struct mem_config config = { .slots = kmap_cpus() };

	memset(t, 0, sizeof(*t));
	t->seed = seed;
	printf("seed %" PRIu64 "\n", seed);
	if (mem_create(&config, &t->mem) != 0)
		return false;
	t->env = (struct map_env){ .mem = t->mem, .progs = &prog_refs };
	t->fds[0] = kprog_shared_value(TWIN_VALUE, (void **)&t->kernel_value);
	if (t->fds[0] < 0 ||
	    map_create(&t->env, &value_attr, NULL, &t->maps[0]) != 0) {
		fprintf(stderr, "cannot make the value\n");
		return false;
	}
	t->btf = kprog_btf();
	t->map_cnt = 1;
	t->our_value = t->maps[0]->ops->lookup(t->maps[0], &(u32){ 0 });
	return true;
}

void twin_close(struct twin *t)
{
	for (u32 i = 0; i < t->map_cnt; i++) {
		close(t->fds[i]);
		map_put(t->maps[i]);
	}
	if (t->btf > 0)
		close(t->btf);
	mem_destroy(t->mem);
}

int twin_map(struct twin *t, const struct map_attr *attr)
{
	u32 i = t->map_cnt;
	struct err err = { 0 };

	t->fds[i] = kmap_create(attr);
	if (t->fds[i] < 0 ||
	    map_create(&t->env, attr, &err, &t->maps[i]) != 0) {
		fprintf(stderr, "map type %u: kernel %d, %s\n", attr->type,
			t->fds[i], err.reason);
		return -1;
	}
	t->map_cnt++;
	return (int)i;
}

u32 twin_random(struct twin *t, u32 below)
{
	t->seed = t->seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(t->seed >> 33) % below;
}

void twin_add(struct twin *t, const struct bpf_insn *insns, u32 cnt)
{
	if (t->cnt + cnt > TWIN_INSNS)
		abort();
	memcpy(&t->insns[t->cnt], insns, cnt * sizeof(*insns));
	t->cnt += cnt;
}

void twin_keep(struct twin *t, u32 reg, u32 off)
{
	TWIN_ADD(t, LD_VALUE(R1, 0, off), STX(DW, R1, 0, reg));
}

void twin_compare(struct twin *t, const char *what, s64 kernel, s64 ours)
{
	t->compared++;
	if (kernel == ours)
		return;
	if (++t->different <= 20)
		fprintf(stderr, "%s: Linux %" PRId64 ", Weir %" PRId64 "\n",
			what, kernel, ours);
}

static bool names_map(const struct bpf_insn *insn)
{
	return insn->src_reg == BPF_PSEUDO_MAP_FD ||
	       insn->src_reg == BPF_PSEUDO_MAP_VALUE;
}

static int run_kernel(struct twin *t, u32 type, const u8 *frame, u32 len,
		      u32 *ret)
{
	struct bpf_insn insns[TWIN_INSNS];
	const struct kprog_load l = {
		.type = type,
		.insns = insns,
		.cnt = t->cnt,
		.license = "GPL",
		.log_level = 1,
		.log = t->log,
		.log_size = sizeof(t->log),
		.btf = t->btf,
	};
	int fd, res;

	memcpy(insns, t->insns, t->cnt * sizeof(*insns));
	for (u32 i = 0; i < t->cnt; i++) {
		if (!insn_is_wide(&insns[i]))
			continue;
		if (names_map(&insns[i]))
			insns[i].imm = t->fds[insns[i].imm];
		i++;
	}
	fd = kprog_load(&l);
	if (fd < 0)
		return fd;
	memset(t->kernel_value, 0, TWIN_VALUE);
	res = kprog_run(fd, frame, len, ret);
	close(fd);
	return res;
}

/* As a program that is loaded. */
static int adopt(struct twin *t, const struct prog *prog)
{
	int res = 0;

	for (u32 i = 0; !res && i < prog->insn_cnt; i++) {
		const struct bpf_insn *insn = &prog->insns[i];
		struct map *map;

		if (!insn_is_wide(insn))
			continue;
		map = names_map(insn) ? t->maps[insn->imm] : NULL;
		if (map && map->ops->adopt)
			res = map->ops->adopt(map, prog);
		i++;
	}
	return res;
}

static int run_ours(struct twin *t, u32 type, enum engine engine,
		    const u8 *frame, u32 len, u32 *ret)
{
	static const u8 mac[6];
	u8 *buffer = calloc(1, 4096);
	struct prog prog = { .type = type,
			     .gpl = true,
			     .insns = t->insns,
			     .insn_cnt = t->cnt,
			     .maps = t->maps,
			     .map_cnt = t->map_cnt };
	struct err err = { 0 };
	struct pkt p;
	int res;

	memset(t->our_value, 0, TWIN_VALUE);
	res = buffer ? engine_prepare(&prog, engine, &err) : -ENOMEM;
	if (!res)
		res = adopt(t, &prog);
	if (res) {
		if (prog.image)
			prog.free_image(prog.image);
		free(buffer);
		return res;
	}
	pkt_init(&p, buffer, 4096, frame, len);
	if (type != BPF_PROG_TYPE_XDP)
		pkt_to_skb(&p, mac, false);
	t->run.world = &world_host;
	run_begin(&t->run, &p);
	*ret = (u32)prog_run(&prog, &t->run);
	prog.free_image(prog.image);
	free(buffer);
	if (t->run.fault.code)
		fprintf(stderr, "stopped: %s\n", t->run.fault.text);
	return t->run.fault.code;
}

enum engine twin_engine(struct twin *t)
{
	if (jit_available() && !twin_random(t, COMPILED))
		return twin_random(t, 4) ? ENGINE_O2 : ENGINE_O0;
	return twin_random(t, 2) ? ENGINE_CHECKED : ENGINE_PLAIN;
}

bool twin_run(struct twin *t, u32 type, enum engine engine)
{
	u8 frame[64];
	u32 kernel = 0, ours = 0;
	int theirs, mine;

	for (u32 i = 0; i < sizeof(frame); i++)
		frame[i] = (u8)(i * 7 + 1);
	theirs = run_kernel(t, type, frame, sizeof(frame), &kernel);
	mine = run_ours(t, type, engine, frame, sizeof(frame), &ours);
	t->cnt = 0;
	twin_compare(t, "loaded", theirs, mine);
	if (theirs || mine)
		return false;
	twin_compare(t, "returned", kernel, ours);
	for (u32 i = 0; i < TWIN_VALUE; i += 8) {
		char what[32];
		s64 a, b;

		memcpy(&a, t->kernel_value + i, 8);
		memcpy(&b, t->our_value + i, 8);
		snprintf(what, sizeof(what), "value at %u", i);
		twin_compare(t, what, a, b);
	}
	return true;
}
