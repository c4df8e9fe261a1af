/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/disasm.h"
#include "bpf/insn.h"
#include "maps/ringbuf.h"
#include "vm/shadow.h"

#define RUN_LIMIT 4000
/* Longer verifications are not for embedding: they keep too much. */
#define PROCESSED_LIMIT 2000
#define UNPRUNED_LIMIT 400 /* with pruning, for those without */

static void no_ref(struct prog *prog)
{
	(void)prog;
}

static u32 no_id(const struct prog *prog)
{
	return prog->id;
}

static u64 kind_of(const struct prog *prog)
{
	return prog->type;
}

static const struct prog_ref_ops refs = {
	.get = no_ref,
	.put = no_ref,
	.id = no_id,
	.kind = kind_of,
};

static bool make_map(struct bench *b, u32 i)
{
	const struct gen_map_shape *s = &gen_maps[i];
	struct err err = { 0 };
	struct map_attr attr = {
		.type = s->type,
		.key_size = s->key_size,
		.value_size = s->value_size,
		.max_entries = s->max_entries,
		.btf = s->btf_value ? b->btf : NULL,
		.btf_key = s->btf_key,
		.btf_value = s->btf_value,
		.inner = s->outer ? b->maps[GEN_INNER] : NULL,
	};

	snprintf(attr.name, sizeof(attr.name), "%s", s->name);
	if (map_create(&b->env, &attr, &err, &b->maps[i])) {
		fprintf(stderr, "map %s: %s\n", s->name, err.reason);
		return false;
	}
	b->shapes[i] = (struct verify_map){
		.name = s->name,
		.type = s->type,
		.key_size = s->key_size,
		.value_size = s->value_size,
		.max_entries = s->max_entries,
		.btf = attr.btf,
		.btf_key = s->btf_key,
		.btf_value = s->btf_value,
		.inner = s->outer ? &b->shapes[GEN_INNER] : NULL,
	};
	return true;
}

static bool make_maps(struct bench *b)
{
	struct map *outer;
	u32 key = 0;

	for (u32 i = 0; i < GEN_MAPS; i++)
		if (!make_map(b, i))
			return false;
	outer = b->maps[GEN_OUTER];
	return !outer->ops->write_object(outer, &key,
					 map_hold(b->maps[GEN_INNER]), 0);
}

bool bench_open(struct bench *b)
{
	const struct mem_config config = { .slots = 1 };
	struct err err = { 0 };
	const void *btf;
	u32 size;

	memset(b, 0, sizeof(*b));
	b->random = 1;
	if (mem_create(&config, &b->mem))
		return false;
	btf = gen_btf(&size);
	if (btf_parse(btf, size, &err, &b->btf)) {
		fprintf(stderr, "BTF: %s\n", err.reason);
		return false;
	}
	b->env.mem = b->mem;
	b->env.progs = &refs;
	b->buf = malloc(PKT_HEADROOM + BENCH_PACKET_MAX + 512);
	b->run.world = &world_host;
	b->run.insn_limit = RUN_LIMIT;
	return b->buf && make_maps(b);
}

void bench_close(struct bench *b)
{
	for (u32 i = GEN_MAPS; i; i--)
		if (b->maps[i - 1])
			map_put(b->maps[i - 1]);
	btf_put(b->btf);
	mem_destroy(b->mem);
	free(b->buf);
}

struct bench_prog bench_prog_of(const struct gen *g)
{
	struct bench_prog p = {
		.type = g->type,
		.insns = g->insns,
		.cnt = g->cnt,
		.func_cnt = g->func_cnt,
		.kfunc_cnt = g->kfunc_cnt,
	};

	for (u32 i = 0; i < g->func_cnt; i++)
		p.funcs[i] = (struct prog_func){
			.insn = g->starts[i],
			.type_id = g->types[i],
			.name = "f",
		};
	for (u32 i = 0; i < g->kfunc_cnt; i++)
		p.kfuncs[i] = (struct verify_kfunc){
			.insn = g->kfuncs[i].at,
			.name = g->kfuncs[i].name,
		};
	return p;
}

struct verify_attr bench_attr(struct bench *b, const struct bench_prog *p)
{
	return (struct verify_attr){
		.type = p->type,
		.license = "GPL",
		.insns = p->insns,
		.insn_cnt = p->cnt,
		.maps = b->shapes,
		.map_cnt = GEN_MAPS,
		.btf = p->func_cnt ? b->btf : NULL,
		.funcs = p->funcs,
		.func_cnt = p->func_cnt,
		.kfuncs = p->kfuncs,
		.kfunc_cnt = p->kfunc_cnt,
	};
}

/* What the interpreter says of helpers and kernel functions that it has not. */
static bool is_lacking(const struct err *err)
{
	return strncmp(err->reason, "unknown func", 12) == 0 ||
	       strncmp(err->reason, "calling kernel function", 23) == 0;
}

int bench_prepare(struct bench *b, const struct bench_prog *p,
		  struct prog *prog, struct err *err)
{
	int ret;

	*prog = (struct prog){
		.type = p->type,
		.gpl = true,
		.insns = (struct bpf_insn *)p->insns,
		.insn_cnt = p->cnt,
		.maps = b->maps,
		.map_cnt = GEN_MAPS,
	};
	ret = vm_prepare(prog, VM_CHECKED, err);
	return ret && is_lacking(err) ? -EOPNOTSUPP : ret;
}

/* ---- what a run meets ---- */

static u64 rnd(struct bench *b)
{
	b->random ^= b->random << 13;
	b->random ^= b->random >> 7;
	b->random ^= b->random << 17;
	return b->random;
}

/* Small numbers pass more checks than random ones. */
static void fill(struct bench *b, u8 *to, u32 len)
{
	for (u32 i = 0; i < len; i++) {
		u64 r = rnd(b);

		to[i] = r & 0x300 ? (u8)r : (u8)(r & 7);
		if (!(r & 0xf000))
			to[i] = 0xff;
	}
}

static void empty_hash(struct map *map)
{
	u32 key, n = 0;

	while (!map->ops->next_key(map, NULL, &key) && n++ < map->max_entries)
		map->ops->erase(map, &key);
}

static int skip_record(void *arg, const void *data, u32 size)
{
	(void)arg;
	(void)data;
	(void)size;
	return 0;
}

void bench_reset(struct bench *b, const u8 *packet, u32 len)
{
	u8 zero[64] = { 0 };
	struct map *map;

	for (u32 i = 0; i < GEN_OUTER; i++) {
		map = b->maps[i];
		for (u32 key = 0; i != GEN_HASH && key < map->max_entries;
		     key++)
			map->ops->write(map, &key, zero, 0);
	}
	empty_hash(b->maps[GEN_HASH]);
	ringbuf_read(b->maps[GEN_RING], skip_record, NULL);
	if (pkt_init(&b->pkt, b->buf, PKT_HEADROOM + BENCH_PACKET_MAX + 512,
		     packet, len))
		abort();
	b->pkt.ifindex = b->pkt.ingress_ifindex = 1;
	b->pkt.generation = 1;
	pkt_to_skb(&b->pkt, (const u8[6]){ 0 }, false);
	run_begin(&b->run, &b->pkt);
}

void bench_shuffle(struct bench *b)
{
	u8 value[64];
	struct map *map;

	b->packet_len = 14 + (u32)(rnd(b) % 100);
	fill(b, b->packet, b->packet_len);
	bench_reset(b, b->packet, b->packet_len);
	for (u32 i = 0; i < GEN_OUTER; i++) {
		map = b->maps[i];
		for (u32 key = 0; key < 2 && key < map->max_entries; key++) {
			fill(b, value, sizeof(value));
			if (rnd(b) % 4)
				map->ops->write(map, &key, value, 0);
		}
	}
	b->pkt.mark = (u32)rnd(b);
	b->pkt.rx_queue = (u32)rnd(b) % 8;
}

/* ---- a run as a view of it ---- */

struct seen {
	struct embed_view view;
	const struct machine *m;
	const struct bench *bench;
};

static u32 map_index(const struct seen *s, const struct map *map)
{
	for (u32 i = 0; i < GEN_MAPS; i++)
		if (s->bench->maps[i] == map)
			return i;
	return UINT32_MAX;
}

static void see_packet(const struct seen *s, u8 kind, u32 life,
		       struct embed_value *x)
{
	const struct pkt *p = s->m->vm.run->pkt;
	const u8 *at = (const u8 *)(uintptr_t)x->bits;

	x->kind = EMBED_NUMBER; /* no pointer since the packet moved */
	if (life != p->generation)
		return;
	if (kind == K_PACKET) {
		x->kind = EMBED_PACKET;
		x->off = at - p->data;
		x->room = p->data_end - at;
	} else {
		x->kind = EMBED_META;
		x->off = at - p->data_meta;
		x->room = p->data - at;
	}
}

static struct embed_value see(const struct seen *s, u8 kind,
			      const struct object *o, u64 bits)
{
	struct embed_value x = { .bits = bits, .map = UINT32_MAX };
	u64 stack = (u64)(uintptr_t)s->m->vm.stack;

	switch (kind) {
	case K_NUMBER:
	case K_LOST: x.kind = EMBED_NUMBER; break;
	case K_STACK:
		x.kind = EMBED_STACK;
		x.frame = (u8)((o->base - stack) / BPF_STACK_BYTES);
		x.off = (s64)(bits - o->base) - BPF_STACK_BYTES;
		break;
	case K_CTX:
		x.kind = EMBED_CTX;
		x.off = (s64)(bits - (u64)(uintptr_t)s->m->vm.run->pkt);
		break;
	case K_PACKET:
	case K_META: see_packet(s, kind, o->life, &x); break;
	case K_PACKET_END: x.kind = EMBED_PACKET_END; break;
	case K_MAP:
		x.kind = EMBED_MAP;
		x.map = map_index(s, (const struct map *)(uintptr_t)bits);
		break;
	case K_VALUE:
		x.kind = EMBED_VALUE;
		x.map = map_index(s, o->map);
		x.off = (s64)(bits - o->base);
		break;
	case K_MEM:
		x.kind = EMBED_MEM;
		x.size = o->size;
		x.off = (s64)(bits - o->base);
		break;
	case K_FUNC: x.kind = EMBED_FUNC; break;
	default: break;
	}
	return x;
}

static u32 callsite(const struct embed_view *view, u32 frame)
{
	return ((const struct seen *)view)->bench->at[frame - 1];
}

static struct embed_value see_reg(const struct embed_view *view, u32 frame,
				  u32 reg)
{
	const struct seen *s = (const struct seen *)view;
	const struct machine *m = s->m;

	if (frame == m->vm.depth)
		return see(s, m->s.kind[reg], &m->s.obj[reg], m->vm.r[reg]);
	/* what the callee has saved for its caller */
	return see(s, m->frames[frame + 1].saved_kind[reg - BPF_REG_6],
		   &m->frames[frame + 1].saved_obj[reg - BPF_REG_6],
		   m->vm.frames[frame + 1].saved[reg - BPF_REG_6]);
}

static struct embed_value see_slot(const struct embed_view *view, u32 frame,
				   u32 n)
{
	const struct seen *s = (const struct seen *)view;
	const struct frame_shadow *f = &s->m->frames[frame];
	u32 slot = VM_SLOTS - 1 - n;
	u64 bits;

	memcpy(&bits, &s->m->vm.stack[frame][slot * 8], 8);
	return see(s, f->kind[slot], &f->obj[slot], bits);
}

static bool step(struct vm_watch *watch, const struct machine *m, u32 insn)
{
	struct bench *b =
		(struct bench *)((char *)watch - offsetof(struct bench, watch));
	const struct seen s = {
		.view = { .depth = m->vm.depth,
			  .callsite = callsite,
			  .reg = see_reg,
			  .slot = see_slot },
		.m = m,
		.bench = b,
	};
	enum embed_answer answer;

	if (b->wrong[0]) /* in a callback */
		return false;
	b->at[m->vm.depth] = insn;
	answer = verify_states_admit(b->states, insn, &s.view);
	b->steps++;
	if (answer == EMBED_INSIDE)
		return true;
	snprintf(b->wrong, sizeof(b->wrong), "at %u: %s", insn,
		 answer == EMBED_UNREACHED ? "no path was seen to get here"
					   : "no state has this in it");
	for (u32 i = 0; i < BPF_REG_10; i++)
		fprintf(stderr, " r%u=%u:%llx", i, m->s.kind[i],
			(unsigned long long)m->vm.r[i]);
	fprintf(stderr, "\n");
	return false;
}

bool bench_run(struct bench *b, const struct prog *prog,
	       const struct verify_states *states, u64 *ret)
{
	b->wrong[0] = '\0';
	b->watch.step = step;
	b->states = states;
	*ret = states ? vm_run_watched(prog, &b->run, &b->watch)
		      : prog_run(prog, &b->run);
	b->runs++;
	if (b->run.fault.code && b->run.fault.code != -E2BIG)
		snprintf(b->wrong, sizeof(b->wrong), "stopped at %u: %.200s",
			 b->run.fault.insn, b->run.fault.text);
	return !b->wrong[0];
}

void bench_print(const struct bpf_insn *insns, u32 cnt)
{
	char text[128];

	for (u32 i = 0; i < cnt; i++) {
		fprintf(stderr, "%4u: %s\n", i,
			disasm_insn(insns, cnt, i, NULL, text, sizeof(text)));
		i += insn_is_wide(&insns[i]);
	}
}

static int run_all(struct bench *b, const struct bench_prog *p,
		   const struct verify_states *states, u32 runs)
{
	struct err err = { 0 };
	struct prog prog;
	u64 ret;
	bool right = true;
	int err_code = bench_prepare(b, p, &prog, &err);

	if (err_code == -EOPNOTSUPP)
		return 0;
	if (err_code) {
		fprintf(stderr, "accepted, but: %s\n", err.reason);
		return -1;
	}
	for (u32 i = 0; right && i < runs; i++) {
		bench_shuffle(b);
		right = bench_run(b, &prog, states, &ret);
	}
	prog.free_image(prog.image);
	if (right)
		return 0;
	bench_print(p->insns, p->cnt);
	fprintf(stderr, "wrong %s\n", b->wrong);
	return -1;
}

/* Loops that end by themselves, and callbacks: without pruning the walk through
 * them does not end. */
static bool is_open(const struct bench_prog *p)
{
	for (u32 i = 0; i < p->cnt; i++)
		if (p->insns[i].code == (BPF_JMP | BPF_JCOND) ||
		    insn_is_func_ref(&p->insns[i]))
			return true;
	for (u32 i = 0; i < p->kfunc_cnt; i++)
		if (strcmp(p->kfuncs[i].name, "bpf_iter_num_next") == 0)
			return true;
	return false;
}

/*
 * A store of a part of a slot, through a pointer: at one offset the rest of a
 * zero that was spilled there is unknown, at several it stays zero, on Linux as
 * in Weir.  A way with one offset may be refused, and end where a way with
 * several was accepted.
 */
static bool knows_less_of_one(const struct bench_prog *p)
{
	for (u32 i = 0; i < p->cnt; i++) {
		u8 class = BPF_CLASS(p->insns[i].code);

		if ((class == BPF_ST || class == BPF_STX) &&
		    BPF_MODE(p->insns[i].code) == BPF_MEM &&
		    BPF_SIZE(p->insns[i].code) != BPF_DW &&
		    p->insns[i].dst_reg != BPF_REG_10)
			return true;
	}
	return false;
}

/* What pruning refused is refused without it, if that comes to an end. */
static int refused_too(struct verify_attr *attr)
{
	struct verify_result result;
	struct err err = { 0 };
	int ret;

	attr->no_prune = true;
	ret = verify(attr, &result, &err);
	verify_result_free(&result);
	if (ret)
		return 1;
	bench_print(attr->insns, attr->insn_cnt);
	fprintf(stderr, "wrong: refused, but accepted without pruning\n");
	return -1;
}

int bench_embed(struct bench *b, const struct bench_prog *p,
		const struct bench_how *how)
{
	struct verify_attr attr = bench_attr(b, p);
	struct verify_result result;
	struct err err = { 0 };
	u32 limit;
	int ret;

	ret = verify(&attr, &result, &err);
	limit = how->no_prune ? UNPRUNED_LIMIT : PROCESSED_LIMIT;
	if (how->no_prune && is_open(p))
		limit = 0;
	verify_result_free(&result);
	if (ret && ret != -E2BIG && how->no_prune && limit)
		return refused_too(&attr);
	if (ret || result.processed > limit)
		return 1;
	attr.no_prune = how->no_prune;
	attr.keep_states = true;
	if (how->every_state)
		attr.flags |= BPF_F_TEST_STATE_FREQ;
	ret = verify(&attr, &result, &err);
	if (ret == -E2BIG || (ret && how->no_prune && knows_less_of_one(p))) {
		ret = 1;
	} else if (ret) {
		bench_print(p->insns, p->cnt);
		fprintf(stderr, "wrong at %u: accepted, but in this way: %s\n",
			result.insn, err.reason);
	} else {
		ret = run_all(b, p, result.states, how->runs);
	}
	verify_result_free(&result);
	return ret;
}
