/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control.c - calls, tail calls, packet loads and refusals: the same program
 * on the live kernel and on every engine
 *
 * Map 0 of a program is an array of one value that both sides start with all
 * zero; map 1 is a prog array of 40 whose slot 0 has the program "again" and
 * slot 2 the program "seven".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../asm.h"
#include "bpf/btf.h"
#include "kprog.h"
#include "maps/prog_array.h"
#include "../engine.h"

enum { VALUE = 64, FRAME = 64, LOG_SIZE = 1 << 16, INSNS_MAX = 32 };

struct row {
	const char *name;
	const struct bpf_insn *insns;
	u32 cnt;
	const char *license; /* NULL: GPL */
};

#define CODE(...)                                          \
	.insns = (const struct bpf_insn[]){ __VA_ARGS__ }, \
	.cnt = sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / \
	       sizeof(struct bpf_insn)
#define RET(v) ALU64_K(MOV, R0, v), EXIT()
#define TAIL(n) LD_MAP(R2, 1), ALU64_K(MOV, R3, n), CALL(BPF_FUNC_tail_call)

/* Counts its runs, jumps to itself. */
static const struct row again = {
	"again",
	CODE(LD_VALUE(R2, 0, 0), LDX(DW, R3, R2, 0), ALU64_K(ADD, R3, 1),
	     STX(DW, R2, 0, R3), TAIL(0), RET(3))
};
/* The same from a function in a function, which returns to both. */
static const struct row deep = {
	"deep",
	CODE(CALL_LOCAL(2), ALU64_K(ADD, R0, 1), EXIT(), CALL_LOCAL(2),
	     ALU64_K(ADD, R0, 1), EXIT(), LD_VALUE(R2, 0, 0),
	     LDX(DW, R3, R2, 0), ALU64_K(ADD, R3, 1), STX(DW, R2, 0, R3),
	     TAIL(3), RET(3))
};
static const struct row seven = { "seven", CODE(RET(7)) };

static const struct row runs[] = {
	{ "33 tail calls", CODE(TAIL(0), RET(9)) },
	{ "33 tail calls in functions of functions", CODE(TAIL(3), RET(9)) },
	{ "misses do not count",
	  CODE(ALU64_X(MOV, R6, R1), ALU64_K(MOV, R7, 50),
	       ALU64_X(MOV, R1, R6), TAIL(1), ALU64_K(SUB, R7, 1),
	       JMP64_K(JNE, R7, 0, -7), ALU64_X(MOV, R1, R6), TAIL(0),
	       RET(4)) },
	{ "out of range", CODE(TAIL(40), RET(4)) },
	{ "a tail call in a function returns to its caller",
	  CODE(ALU64_K(MOV, R6, 100), CALL_LOCAL(2), ALU64_X(ADD, R0, R6),
	       EXIT(), TAIL(2), RET(1)) },
	{ "functions share the count",
	  CODE(ALU64_X(MOV, R6, R1), CALL_LOCAL(4), ALU64_X(MOV, R1, R6),
	       CALL_LOCAL(2), ALU64_K(ADD, R0, 50), EXIT(), TAIL(0), RET(5)) },
	{ "frames keep r6 to r9",
	  CODE(ALU64_K(MOV, R6, 1), ALU64_K(MOV, R7, 2), ALU64_K(MOV, R8, 4),
	       ALU64_K(MOV, R9, 8), CALL_LOCAL(6), ALU64_X(ADD, R0, R6),
	       ALU64_X(ADD, R0, R7), ALU64_X(ADD, R0, R8),
	       ALU64_X(ADD, R0, R9), JA(0), EXIT(),
	       ALU64_K(MOV, R6, 50), ALU64_K(MOV, R9, 60),
	       ALU64_K(MOV, R0, 100), EXIT()) },
	{ "may_goto ends loops",
	  CODE(ALU64_K(MOV, R0, 0), LD_VALUE(R2, 0, 0), LDX(DW, R1, R2, 8),
	       ALU64_K(ADD, R1, 3), MAY_GOTO(2), ALU64_K(ADD, R0, 1),
	       JMP64_X(JLT, R0, R1, -3), EXIT()) },
};

#define SKB(load) ALU64_X(MOV, R6, R1), load, EXIT()

static const struct row loads[] = {
	{ "byte", CODE(SKB(LD_ABS(B, 63))) },
	{ "half", CODE(SKB(LD_ABS(H, 62))) },
	{ "word", CODE(SKB(LD_ABS(W, 60))) },
	{ "past the end by one", CODE(SKB(LD_ABS(W, 61))) },
	{ "far past the end", CODE(SKB(LD_ABS(B, 0x7fffffff))) },
	{ "network header", CODE(SKB(LD_ABS(W, -0x100000))) },
	{ "network header, last", CODE(SKB(LD_ABS(B, -0x100000 + 49))) },
	{ "network header, past", CODE(SKB(LD_ABS(B, -0x100000 + 50))) },
	{ "link header", CODE(SKB(LD_ABS(W, -0x200000 + 12))) },
	{ "link header, past", CODE(SKB(LD_ABS(B, -0x200000 + 64))) },
	{ "below all", CODE(SKB(LD_ABS(B, -0x200001))) },
	{ "ancillary", CODE(SKB(LD_ABS(W, -0x1000))) },
	{ "indexed", CODE(ALU64_K(MOV, R7, 20), SKB(LD_IND(H, R7, 4))) },
	{ "indexed backwards",
	  CODE(ALU64_K(MOV, R7, 20), SKB(LD_IND(H, R7, -4))) },
	{ "the index is 32 bits",
	  CODE(LD64(R7, 0x500000003), SKB(LD_IND(B, R7, 4))) },
	{ "indexed past the end",
	  CODE(ALU64_K(MOV, R7, 60), SKB(LD_IND(W, R7, 1))) },
	{ "indexed from the network header",
	  CODE(ALU64_K(MOV, R7, 2), SKB(LD_IND(B, R7, -0x100000))) },
};

static const struct row refused[] = {
	{ "no such helper", CODE(CALL(99999), EXIT()) },
	{ "not for XDP", CODE(CALL(BPF_FUNC_skb_load_bytes), EXIT()) },
	{ "GPL only", CODE(LD_VALUE(R1, 0, 0), ALU64_K(MOV, R2, 1),
			   CALL(BPF_FUNC_trace_printk), RET(0)),
	  .license = "Proprietary" },
	{ "packet load", CODE(SKB(LD_ABS(B, 0))) },
	{ "past the value", CODE(LD_VALUE(R1, 0, VALUE), RET(0)) },
	{ "no value", CODE(LD_VALUE(R1, 1, 0), RET(0)) },
	{ "high half of a map", CODE(LD_PSEUDO(R1, BPF_PSEUDO_MAP_FD, 0, 1),
				     RET(0)) },
	{ "call into nothing", CODE(CALL_LOCAL(7), EXIT()) },
	{ "call backwards into nothing", CODE(CALL_LOCAL(-7), EXIT()) },
	{ "no end", CODE(ALU64_K(MOV, R0, 0)) },
	{ "jump out", CODE(ALU64_K(MOV, R0, 0), JA(7), EXIT()) },
	{ "conditional jump out",
	  CODE(ALU64_K(MOV, R0, 0), JMP64_K(JEQ, R0, 0, -9), EXIT()) },
	{ "jump into another function",
	  CODE(CALL_LOCAL(2), JA(1), EXIT(), RET(0)) },
	{ "function without an end",
	  CODE(CALL_LOCAL(1), EXIT(), ALU64_K(MOV, R0, 0)) },
	{ "jump into a constant",
	  CODE(JMP64_X(JEQ, R1, R1, 1), LD64(R0, 1), EXIT()) },
};

/* ---- the kernel's side ---- */

static int kernel_value, kernel_jumps, kernel_btf;
static void *kernel_bytes;
static char log_text[LOG_SIZE];

static int load(const struct row *row, u32 type)
{
	struct bpf_insn insns[INSNS_MAX];
	const int fds[] = { kernel_value, kernel_jumps };
	const struct kprog_load l = {
		.type = type,
		.insns = insns,
		.cnt = row->cnt,
		.license = row->license ? row->license : "GPL",
		.log_level = 1,
		.log = log_text,
		.log_size = sizeof(log_text),
		.btf = kernel_btf,
	};

	memcpy(insns, row->insns, row->cnt * sizeof(insns[0]));
	for (u32 i = 0; i < row->cnt; i++)
		if (insns[i].code == (BPF_LD | BPF_DW | BPF_IMM) &&
		    insns[i].src_reg)
			insns[i].imm = fds[insns[i].imm];
	return kprog_load(&l);
}

static bool open_kernel(void)
{
	int fd;

	kernel_value = kprog_shared_value(VALUE, &kernel_bytes);
	kernel_jumps = kprog_prog_array(40);
	kernel_btf = kprog_btf();
	if (kernel_value < 0 || kernel_jumps < 0 || kernel_btf < 0)
		return false;
	fd = load(&again, BPF_PROG_TYPE_XDP);
	if (fd < 0 || kprog_place(kernel_jumps, 0, fd))
		return false;
	fd = load(&deep, BPF_PROG_TYPE_XDP);
	if (fd < 0 || kprog_place(kernel_jumps, 3, fd))
		return false;
	fd = load(&seven, BPF_PROG_TYPE_XDP);
	return fd >= 0 && !kprog_place(kernel_jumps, 2, fd);
}

/* ---- ours ---- */

static void no_ref(struct prog *prog)
{
	(void)prog;
}

static u64 kind(const struct prog *prog)
{
	return prog->type;
}

static const struct prog_ref_ops refs = { .get = no_ref, .put = no_ref,
					  .kind = kind };

struct ours {
	struct mem *mem;
	struct map_env env;
	struct map *maps[2];
	struct prog again, seven, deep;
	struct btf_blob *btf;
	struct prog_func funcs[KPROG_FUNCS]; /* of the last one */
	u8 frame[PKT_HEADROOM + FRAME];
};

static int prepare(struct ours *o, const struct row *row, u32 type,
		   enum engine engine, struct prog *prog, struct err *err)
{
	struct bpf_func_info funcs[KPROG_FUNCS];

	memset(prog, 0, sizeof(*prog));
	prog->type = type;
	prog->gpl = !row->license;
	prog->insns = (struct bpf_insn *)row->insns;
	prog->insn_cnt = row->cnt;
	prog->maps = o->maps;
	prog->map_cnt = 2;
	prog->btf = o->btf;
	prog->funcs = o->funcs;
	prog->func_cnt = kprog_funcs(row->insns, row->cnt, funcs);
	for (u32 i = 0; i < prog->func_cnt; i++)
		o->funcs[i] = (struct prog_func){ funcs[i].insn_off,
						  funcs[i].type_id, "f" };
	return engine_prepare(prog, engine, err);
}

static bool open_ours(struct ours *o, enum engine engine)
{
	static const struct map_attr attrs[] = {
		{ .type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
		  .value_size = VALUE, .max_entries = 1, .name = "value" },
		{ .type = BPF_MAP_TYPE_PROG_ARRAY, .key_size = 4,
		  .value_size = 4, .max_entries = 40, .name = "jumps" },
	};
	const struct mem_config config = { .slots = 1 };
	const u32 slots[] = { 0, 2, 3 };
	u8 btf[KPROG_BTF_MAX];
	struct map *jumps;

	if (mem_create(&config, &o->mem) ||
	    btf_parse(btf, kprog_btf_bytes(btf), NULL, &o->btf))
		return false;
	o->env.mem = o->mem;
	o->env.progs = &refs;
	for (u32 i = 0; i < 2; i++)
		if (map_create(&o->env, &attrs[i], NULL, &o->maps[i]))
			return false;
	jumps = o->maps[1];
	return !prepare(o, &again, BPF_PROG_TYPE_XDP, engine, &o->again, NULL) &&
	       !prepare(o, &seven, BPF_PROG_TYPE_XDP, engine, &o->seven, NULL) &&
	       !prepare(o, &deep, BPF_PROG_TYPE_XDP, engine, &o->deep, NULL) &&
	       !jumps->ops->write_object(jumps, &slots[0], &o->again, 0) &&
	       !jumps->ops->write_object(jumps, &slots[1], &o->seven, 0) &&
	       !jumps->ops->write_object(jumps, &slots[2], &o->deep, 0);
}

static void close_ours(struct ours *o)
{
	map_put(o->maps[0]);
	map_put(o->maps[1]);
	mem_destroy(o->mem);
	o->again.free_image(o->again.image);
	o->seven.free_image(o->seven.image);
	o->deep.free_image(o->deep.image);
	btf_put(o->btf);
}

static void *our_value(struct ours *o)
{
	return o->maps[0]->ops->lookup(o->maps[0], &(u32){ 0 });
}

/* ---- comparing ---- */

static const u8 frame[FRAME] = {
	2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00, 0x45, 0x00,
	0, 50, 0, 1, 0, 0, 64, 17, 1, 2, 10, 0, 0, 1, 10, 0,
	0, 2, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a,
	0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x91, 0x92, 0x93, 0x94, 0x95,
	0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e,
};

static u32 differs(const struct row *row, const char *what, const char *mode,
		   u64 kernel, u64 ours)
{
	fprintf(stderr, "%s: %s: kernel %#llx, %s %#llx\n", row->name, what,
		(unsigned long long)kernel, mode, (unsigned long long)ours);
	return 1;
}

static u32 run_ours(struct ours *o, const struct row *row, u32 type,
		    enum engine engine, u32 kernel)
{
	const char *name = engine_names[engine];
	struct run run = { .world = &world_host };
	struct pkt pkt = { .head = o->frame };
	struct err err = { 0 };
	struct prog prog;
	u32 wrong = 0;
	u64 r0;

	if (prepare(o, row, type, engine, &prog, &err)) {
		fprintf(stderr, "%s: refused: %s\n", row->name, err.reason);
		return 1;
	}
	pkt.data = pkt.data_meta = o->frame + PKT_HEADROOM;
	pkt.data_end = pkt.end = pkt.data + FRAME;
	pkt.network_header = 14;
	memcpy(pkt.data, frame, FRAME);
	memset(our_value(o), 0, VALUE);
	run_begin(&run, &pkt);
	r0 = prog_run(&prog, &run);
	prog.free_image(prog.image);
	if (run.fault.code) {
		fprintf(stderr, "%s: stopped: %s\n", row->name, run.fault.text);
		return 1;
	}
	if ((u32)r0 != kernel)
		wrong += differs(row, "r0", name, kernel, r0);
	if (memcmp(our_value(o), kernel_bytes, VALUE) != 0)
		wrong += differs(row, "value", name, *(u64 *)kernel_bytes,
				 *(u64 *)our_value(o));
	return wrong;
}

static u32 compare_runs(struct ours *o, const struct row *rows, u32 n, u32 type)
{
	u32 wrong = 0, kernel;

	for (u32 i = 0; i < n; i++) {
		int fd = load(&rows[i], type);

		memset(kernel_bytes, 0, VALUE);
		if (fd < 0 || kprog_run(fd, frame, FRAME, &kernel)) {
			fprintf(stderr, "%s: the kernel refuses: %s\n",
				rows[i].name, kprog_reason(log_text));
			wrong++;
			continue;
		}
		close(fd);
		for (enum engine e = 0; e < ENGINES; e++)
			if (engine_there(e))
				wrong += run_ours(o, &rows[i], type, e, kernel);
	}
	return wrong;
}

static u32 compare_refusals(struct ours *o)
{
	u32 wrong = 0;

	for (u32 i = 0; i < ARRAY_LEN(refused); i++) {
		struct err err = { 0 };
		struct prog prog;
		const char *kernel;
		int fd = load(&refused[i], BPF_PROG_TYPE_XDP);

		if (fd >= 0) {
			close(fd);
			fprintf(stderr, "%s: the kernel takes it\n",
				refused[i].name);
			wrong++;
			continue;
		}
		kernel = kprog_reason(log_text);
		if (!prepare(o, &refused[i], BPF_PROG_TYPE_XDP, ENGINE_CHECKED,
			     &prog, &err))
			prog.free_image(prog.image);
		if (strcmp(kernel, err.reason) == 0)
			continue;
		fprintf(stderr, "%s: kernel '%s', ours '%s'\n",
			refused[i].name, kernel, err.reason);
		wrong++;
	}
	return wrong;
}

/* The programs in the array run on that engine. */
static u32 compare_all(enum engine jumps)
{
	struct ours o;
	u32 wrong = 0;

	memset(&o, 0, sizeof(o));
	if (!open_ours(&o, jumps)) {
		fprintf(stderr, "cannot set up ours\n");
		return 1;
	}
	wrong += compare_runs(&o, runs, ARRAY_LEN(runs), BPF_PROG_TYPE_XDP);
	wrong += compare_runs(&o, loads, ARRAY_LEN(loads),
			      BPF_PROG_TYPE_SCHED_CLS);
	wrong += compare_refusals(&o);
	close_ours(&o);
	return wrong;
}

int main(void)
{
	const char *why = kprog_unavailable();
	u32 wrong = 0;

	if (why) {
		printf("skipped: %s\n", why);
		return KPROG_SKIP;
	}
	if (!open_kernel()) {
		fprintf(stderr, "cannot set up: %s\n", log_text);
		return EXIT_FAILURE;
	}
	/* an engine calls the other where engines meet */
	for (enum engine e = ENGINE_CHECKED; e < ENGINES; e++)
		if (engine_there(e))
			wrong += compare_all(e);
	printf("%zu programs, %zu refusals: %u different\n",
	       ARRAY_LEN(runs) + ARRAY_LEN(loads), ARRAY_LEN(refused), wrong);
	return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
