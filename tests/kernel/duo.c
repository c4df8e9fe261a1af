/* SPDX-License-Identifier: BSD-3-Clause */
#include "../verified.h"
#include "duo.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../asm.h"
#include "bpf/insn.h"
#include "kprog.h"

#define RESULTS 0 /* in the value: what calls return */
#define FIELDS (8 * DUO_CALLS)
#define FIELD_CNT 12
#define MEMORY (FIELDS + 8 * FIELD_CNT)
#define VALUE (MEMORY + DUO_MEM)
#define INSNS 512
#define LOG_SIZE (1 << 18)
#define BUFFER 40000 /* as far as sk_buffs can grow */
#define STACK 512
#define ALL_COMPILED 200
#define COMPILED 100

enum { MAP_VALUE, MAP_HASH, MAP_JUMPS, MAP_STRING, MAP_THAWED, MAPS };

#define STRING "text"

struct code {
	struct bpf_insn insns[INSNS];
	u32 cnt;
};

/* What a side has made of a case. */
struct outcome {
	int err;
	u8 value[VALUE];
	u8 frame[DUO_FRAME];
	u32 len;
};

struct duo {
	u32 count; /* of cases */
	u32 wrong;
	u8 memory[DUO_MEM];
	char log[LOG_SIZE];
	struct code code;
	/* the kernel's */
	int fds[MAPS];
	u8 *value;
	/* ours */
	struct mem *mem;
	struct map_env env;
	struct map *maps[MAPS];
	u8 buffer[BUFFER];
	struct fault fault;
	struct world world;
	struct world_ops world_ops;
	char traced[1024];
	struct outcome kernel, ours;
};

/* ---- the program ---- */

static void add(struct code *c, const struct bpf_insn *insns, u32 cnt)
{
	if (c->cnt + cnt > INSNS)
		abort();
	memcpy(&c->insns[c->cnt], insns, cnt * sizeof(*insns));
	c->cnt += cnt;
}

#define ADD(c, ...)                                            \
	add(c, (const struct bpf_insn[]){ __VA_ARGS__ },       \
	    sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / \
		    sizeof(struct bpf_insn))

/* r6 keeps the context; the stack is zero. */
static void add_start(struct code *c)
{
	ADD(c, ALU64_X(MOV, R6, R1));
	for (s16 off = -STACK; off < 0; off += 8)
		ADD(c, ST(DW, R10, off, 0));
}

/* The packet's data in reg, proven for 64 bytes from off; else the end. */
static void add_packet(struct code *c, u32 type, u32 reg, u64 off)
{
	bool xdp = type == BPF_PROG_TYPE_XDP;
	s16 data = xdp ? 0 : offsetof(struct __sk_buff, data);

	ADD(c, LDX(W, R7, R6, data), LDX(W, R8, R6, data + 4),
	    ALU64_K(ADD, R7, (s32)off), ALU64_X(MOV, R9, R7),
	    ALU64_K(ADD, R9, 64), JMP64_X(JLE, R9, R8, 2), ALU64_K(MOV, R0, 2),
	    EXIT(), ALU64_X(MOV, reg, R7));
}

static void add_arg(struct code *c, u32 type, u32 reg,
		    const struct duo_arg *arg)
{
	switch (arg->kind) {
	case DUO_NONE:
	case DUO_UNSET:
		break;
	case DUO_NUMBER:
		ADD(c, LD64(reg, arg->value));
		break;
	case DUO_CTX:
		ADD(c, ALU64_X(MOV, reg, R6));
		break;
	case DUO_MEMORY:
		ADD(c, LD_VALUE(reg, MAP_VALUE, MEMORY + arg->value));
		break;
	case DUO_MAP:
		ADD(c, LD_MAP(reg, MAP_HASH));
		break;
	case DUO_JUMPS:
		ADD(c, LD_MAP(reg, MAP_JUMPS));
		break;
	case DUO_STRING:
		ADD(c, LD_VALUE(reg, MAP_STRING, (s32)arg->value));
		break;
	case DUO_THAWED:
		ADD(c, LD_VALUE(reg, MAP_THAWED, 0));
		break;
	case DUO_PACKET:
		add_packet(c, type, reg, arg->value);
		break;
	case DUO_STACK:
		ADD(c, ALU64_X(MOV, reg, R10),
		    ALU64_K(ADD, reg, (s32)arg->value));
		break;
	}
}

static void add_call(struct code *c, u32 type, const struct duo_call *call)
{
	for (u32 i = 0; i < 5; i++)
		add_arg(c, type, R1 + i, &call->arg[i]);
	ADD(c, CALL((s32)call->helper));
}

static void keep(struct code *c, u32 reg, u32 off)
{
	ADD(c, LD_VALUE(R1, MAP_VALUE, off), STX(DW, R1, 0, reg));
}

static void add_xdp_fields(struct code *c)
{
	ADD(c, LDX(W, R7, R6, offsetof(struct xdp_md, data)),
	    LDX(W, R8, R6, offsetof(struct xdp_md, data_end)),
	    ALU64_X(SUB, R8, R7));
	keep(c, R8, FIELDS);
	ADD(c, LDX(W, R8, R6, offsetof(struct xdp_md, data_meta)),
	    ALU64_X(SUB, R7, R8));
	keep(c, R7, FIELDS + 8);
	ADD(c, ALU64_K(MOV, R0, XDP_PASS), EXIT());
}

static const struct {
	const char *name;
	u32 off;
	bool hash;
} skb_fields[FIELD_CNT] = {
#define SKB_FIELD(name)                                 \
	{                                               \
#name, offsetof(struct __sk_buff, name) \
	}
	SKB_FIELD(len),
	SKB_FIELD(protocol),
	SKB_FIELD(vlan_tci),
	SKB_FIELD(vlan_proto),
	SKB_FIELD(pkt_type),
	SKB_FIELD(mark),
	SKB_FIELD(tc_classid),
	SKB_FIELD(vlan_present),
	SKB_FIELD(gso_size),
	SKB_FIELD(gso_segs),
	{ "hash", offsetof(struct __sk_buff, hash), true },
#undef SKB_FIELD
};

static bool has_field(const struct duo_case *dc, u32 i)
{
	return skb_fields[i].name && !(skb_fields[i].hash && dc->no_hash);
}

static void add_skb_fields(struct code *c, const struct duo_case *dc)
{
	for (u32 i = 0; i < FIELD_CNT; i++) {
		if (!has_field(dc, i))
			continue;
		ADD(c, LDX(W, R7, R6, (s16)skb_fields[i].off));
		keep(c, R7, FIELDS + 8 * i);
	}
	ADD(c, ALU64_K(MOV, R0, 0), EXIT());
}

static void make(struct code *c, const struct duo_case *dc)
{
	c->cnt = 0;
	add_start(c);
	for (u32 i = 0; i < DUO_CALLS && dc->call[i].helper; i++) {
		add_call(c, dc->type, &dc->call[i]);
		keep(c, R0, RESULTS + 8 * i);
	}
	if (dc->type == BPF_PROG_TYPE_XDP)
		add_xdp_fields(c);
	else
		add_skb_fields(c, dc);
}

/* ---- the kernel's side ---- */

static int load(struct duo *d, u32 type, const char *license)
{
	struct bpf_insn insns[INSNS];
	const struct kprog_load l = {
		.type = type,
		.insns = insns,
		.cnt = d->code.cnt,
		.license = license,
		.log_level = 1,
		.log = d->log,
		.log_size = sizeof(d->log),
	};

	memcpy(insns, d->code.insns, d->code.cnt * sizeof(insns[0]));
	for (u32 i = 0; i < d->code.cnt; i++) {
		if (!insn_is_wide(&insns[i]))
			continue;
		if (insns[i].src_reg)
			insns[i].imm = d->fds[insns[i].imm];
		i++;
	}
	return kprog_load(&l);
}

static bool run_kernel(struct duo *d, const struct duo_case *dc)
{
	const struct __sk_buff ctx = { .gso_size = dc->gso_size };
	struct kprog_test test = {
		.data = dc->frame,
		.len = dc->len,
		.out = d->kernel.frame,
		.out_len = sizeof(d->kernel.frame),
		.ctx = dc->gso_size ? &ctx : NULL,
		.ctx_size = dc->gso_size ? sizeof(ctx) : 0,
		.flags = dc->complete ? BPF_F_TEST_SKB_CHECKSUM_COMPLETE : 0,
	};
	int fd = load(d, dc->type, "GPL");

	if (fd < 0) {
		fprintf(stderr, "%s: the kernel refuses: %s\n", dc->name,
			kprog_reason(d->log));
		return false;
	}
	memset(d->value, 0, VALUE);
	memcpy(d->value + MEMORY, d->memory, DUO_MEM);
	d->kernel.err = kprog_test(fd, &test);
	close(fd);
	memcpy(d->kernel.value, d->value, VALUE);
	d->kernel.len = d->kernel.err ? 0 : test.out_len;
	return true;
}

/* ---- ours ---- */

/* As BPF_PROG_TEST_RUN presents a packet. */
static void present(struct duo *d, struct pkt *p, const struct duo_case *dc)
{
	static const u8 mac[6];
	u32 room = dc->type == BPF_PROG_TYPE_XDP
			   ? PKT_HEADROOM + PKT_XDP_LINEAR_MAX
			   : BUFFER;

	pkt_init(p, d->buffer, room, dc->frame, dc->len);
	p->ifindex = 1;
	if (dc->type == BPF_PROG_TYPE_XDP)
		return;
	pkt_to_skb(p, mac, false);
	p->at_ingress = false;
	p->gso_size = dc->gso_size;
}

static u32 sum(const u8 *at, const u8 *end, u32 seed)
{
	u64 total = seed;

	for (; at < end; at += 4) {
		u32 word = 0;

		memcpy(&word, at, (size_t)MIN(4, end - at));
		total += word;
		total = (total & UINT32_MAX) + (total >> 32);
	}
	return (u32)total;
}

static u16 fold(u32 total)
{
	total = (total & 0xffff) + (total >> 16);
	return (u16)(total + (total >> 16));
}

static void run_ours(struct duo *d, struct prog *prog, struct pkt *p,
		     const struct duo_case *dc)
{
	struct run run = { .world = &d->world };
	u8 *value = d->maps[MAP_VALUE]->ops->lookup(d->maps[MAP_VALUE],
						    &(u32){ 0 });
	struct outcome *o = &d->ours;

	memset(value, 0, VALUE);
	memcpy(value + MEMORY, d->memory, DUO_MEM);
	d->traced[0] = '\0';
	present(d, p, dc);
	if (dc->complete) {
		p->csum_state = 2; /* CHECKSUM_COMPLETE */
		p->csum = sum(p->data + p->network_header, p->data_end, 0);
	}
	run_begin(&run, p);
	prog_run(prog, &run);
	d->fault = run.fault;
	memcpy(o->value, value, VALUE);
	o->err = 0;
	if (dc->complete &&
	    fold(p->csum) !=
		    fold(sum(p->data + p->network_header, p->data_end, 0)))
		o->err = -EBADMSG;
	o->len = o->err ? 0 : (u32)(p->data_end - p->data_meta);
	memcpy(o->frame, p->data_meta, MIN(o->len, sizeof(o->frame)));
}

static int prepare(struct duo *d, u32 type, bool gpl, enum engine engine,
		   struct prog *prog, struct err *err)
{
	memset(prog, 0, sizeof(*prog));
	prog->type = type;
	prog->gpl = gpl;
	prog->insns = d->code.insns;
	prog->insn_cnt = d->code.cnt;
	prog->maps = d->maps;
	prog->map_cnt = ARRAY_LEN(d->maps);
	return engine_prepare(prog, engine, err);
}

/* ---- comparing ---- */

static u32 differs(const struct duo_case *dc, const char *mode,
		   const char *what, u32 which, u64 kernel, u64 ours)
{
	fprintf(stderr, "%s: %s %u: kernel %#" PRIx64 ", %s %#" PRIx64 "\n",
		dc->name, what, which, kernel, mode, ours);
	return 1;
}

static u64 word(const u8 *at)
{
	u64 value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static u32 compare_bytes(const struct duo_case *dc, const char *mode,
			 const char *what, const u8 *kernel, const u8 *ours,
			 u32 len)
{
	for (u32 i = 0; i < len; i++)
		if (kernel[i] != ours[i])
			return differs(dc, mode, what, i, kernel[i], ours[i]);
	return 0;
}

static u32 compare_outcomes(struct duo *d, const struct duo_case *dc,
			    const char *mode)
{
	const struct outcome *k = &d->kernel, *o = &d->ours;
	u32 wrong = 0;

	if (d->fault.code) {
		fprintf(stderr, "%s: %s stopped: %s\n", dc->name, mode,
			d->fault.text);
		return 1;
	}
	if (k->err != o->err)
		wrong +=
			differs(dc, mode, "error", 0, (u64)k->err, (u64)o->err);
	for (u32 i = 0; i < FIELDS + 8 * FIELD_CNT; i += 8)
		if (word(k->value + i) != word(o->value + i))
			wrong +=
				differs(dc, mode,
					i < FIELDS ? "result" : "field",
					(i < FIELDS ? i : i - FIELDS) / 8,
					word(k->value + i), word(o->value + i));
	wrong += compare_bytes(dc, mode, "memory byte", k->value + MEMORY,
			       o->value + MEMORY, DUO_MEM);
	if (k->len != o->len)
		return wrong + differs(dc, mode, "length", 0, k->len, o->len);
	return wrong + compare_bytes(dc, mode, "packet byte", k->frame,
				     o->frame, MIN(k->len, DUO_FRAME));
}

/* To compile takes its time: the first ones, and then one in so many. */
static bool is_compiled(u32 number)
{
	return jit_available() &&
	       (number < ALL_COMPILED || number % COMPILED == 0);
}

void duo_compare(struct duo *d, const struct duo_case *dc)
{
	enum engine engines = is_compiled(d->count++) ? ENGINES : ENGINE_O0;

	make(&d->code, dc);
	if (!run_kernel(d, dc)) {
		d->wrong++;
		return;
	}
	for (enum engine e = 0; e < engines; e++) {
		struct err err = { 0 };
		struct prog prog;
		struct pkt p;

		if (prepare(d, dc->type, true, e, &prog, &err)) {
			duo_differs(d, "%s: refused: %s", dc->name, err.reason);
			return;
		}
		run_ours(d, &prog, &p, dc);
		prog.free_image(prog.image);
		d->wrong += compare_outcomes(d, dc, engine_names[e]);
	}
}

bool duo_results(struct duo *d, const struct duo_case *dc,
		 struct duo_results *results)
{
	struct err err = { 0 };
	struct prog prog;
	struct pkt p;

	d->count++;
	make(&d->code, dc);
	if (!run_kernel(d, dc)) {
		d->wrong++;
		return false;
	}
	if (prepare(d, dc->type, true, ENGINE_CHECKED, &prog, &err)) {
		duo_differs(d, "%s: refused: %s", dc->name, err.reason);
		return false;
	}
	run_ours(d, &prog, &p, dc);
	prog.free_image(prog.image);
	memcpy(results->kernel, d->kernel.value + RESULTS,
	       sizeof(results->kernel));
	memcpy(results->ours, d->ours.value + RESULTS, sizeof(results->ours));
	return true;
}

void duo_differs(struct duo *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	d->wrong++;
}

/* ---- what is taken ---- */

static void make_one(struct code *c, u32 type, const struct duo_call *call)
{
	c->cnt = 0;
	add_start(c);
	add_call(c, type, call);
	ADD(c, ALU64_K(MOV, R0, 0), EXIT());
}

bool duo_kernel_takes(struct duo *d, u32 type, const char *license,
		      const struct duo_call *call, const char **reason)
{
	int fd;

	d->count++;
	/* one array is for programs of one type */
	close(d->fds[MAP_JUMPS]);
	d->fds[MAP_JUMPS] = kprog_prog_array(4);
	make_one(&d->code, type, call);
	fd = load(d, type, license);
	*reason = kprog_reason(d->log);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

bool duo_ours_takes(struct duo *d, u32 type, const char *license,
		    const struct duo_call *call, const char **reason)
{
	static const u8 frame[64];
	const struct duo_case dc = {
		.name = "", .type = type, .frame = frame, .len = sizeof(frame)
	};
	struct err err = { 0 };
	struct prog prog;
	struct pkt p;

	make_one(&d->code, type, call);
	if (prepare(d, type, strcmp(license, "GPL") == 0, ENGINE_CHECKED, &prog,
		    &err)) {
		snprintf(d->fault.text, sizeof(d->fault.text), "%.190s",
			 err.reason);
		*reason = d->fault.text;
		return false;
	}
	run_ours(d, &prog, &p, &dc);
	prog.free_image(prog.image);
	*reason = d->fault.text;
	return !d->fault.code;
}

/* ---- opening ---- */

#define STRING_MAP(map_name)                                    \
	{                                                       \
		.type = BPF_MAP_TYPE_ARRAY, .key_size = 4,      \
		.value_size = sizeof(STRING), .max_entries = 1, \
		.flags = BPF_F_RDONLY_PROG, .name = map_name,   \
	}

static bool open_ours(struct duo *d)
{
	static const struct map_attr attrs[] = {
		[MAP_VALUE] = { .type = BPF_MAP_TYPE_ARRAY,
				.key_size = 4,
				.value_size = VALUE,
				.max_entries = 1,
				.name = "value" },
		[MAP_HASH] = { .type = BPF_MAP_TYPE_HASH,
			       .key_size = 4,
			       .value_size = 8,
			       .max_entries = 4,
			       .name = "hash" },
		[MAP_JUMPS] = { .type = BPF_MAP_TYPE_PROG_ARRAY,
				.key_size = 4,
				.value_size = 4,
				.max_entries = 4,
				.name = "jumps" },
		[MAP_STRING] = STRING_MAP("text"),
		[MAP_THAWED] = STRING_MAP("thawed"),
	};
	const struct mem_config config = { .slots = 1 };

	if (mem_create(&config, &d->mem))
		return false;
	d->env.mem = d->mem;
	d->env.progs = &prog_refs;
	for (u32 i = 0; i < ARRAY_LEN(attrs); i++)
		if (map_create(&d->env, &attrs[i], NULL, &d->maps[i]))
			return false;
	for (u32 i = MAP_STRING; i <= MAP_THAWED; i++)
		if (d->maps[i]->ops->write(d->maps[i], &(u32){ 0 }, STRING, 0))
			return false;
	atomic_store(&d->maps[MAP_STRING]->frozen, true);
	return true;
}

static void keep_trace(struct world *w, const struct prog *prog,
		       const char *line, u32 len)
{
	struct duo *d = container_of(w, struct duo, world);

	(void)prog;
	snprintf(d->traced, sizeof(d->traced), "%.*s", (int)len, line);
}

static bool open_duo(struct duo *d)
{
	d->fds[MAP_VALUE] = kprog_shared_value(VALUE, (void **)&d->value);
	d->fds[MAP_HASH] = kprog_hash(4);
	d->fds[MAP_JUMPS] = kprog_prog_array(4);
	d->fds[MAP_STRING] = kprog_string(STRING, sizeof(STRING), true);
	d->fds[MAP_THAWED] = kprog_string(STRING, sizeof(STRING), false);
	d->world_ops = *world_host.ops;
	d->world_ops.trace = keep_trace;
	d->world.ops = &d->world_ops;
	for (u32 i = 0; i < DUO_MEM; i++)
		d->memory[i] = (u8)(i * 91 + 17);
	for (u32 i = 0; i < MAPS; i++)
		if (d->fds[i] < 0)
			return false;
	return open_ours(d);
}

static void close_duo(struct duo *d)
{
	for (u32 i = 0; i < ARRAY_LEN(d->maps); i++)
		if (d->maps[i])
			map_put(d->maps[i]);
	if (d->mem)
		mem_destroy(d->mem);
	for (u32 i = 0; i < MAPS; i++)
		close(d->fds[i]);
	free(d);
}

int duo_main(void (*const tests[])(struct duo *d), u32 cnt)
{
	const char *why = kprog_unavailable();
	struct duo *d = calloc(1, sizeof(*d));
	bool ok = !why && d && open_duo(d);
	u32 wrong;

	if (why) {
		printf("skipped: %s\n", why);
		free(d);
		return KPROG_SKIP;
	}
	if (!ok) {
		fprintf(stderr, "cannot set up\n");
		return EXIT_FAILURE;
	}
	for (u32 i = 0; i < cnt; i++)
		tests[i](d);
	printf("%u programs: %u different\n", d->count, d->wrong);
	wrong = d->wrong;
	close_duo(d);
	return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}

const char *duo_trace(const struct duo *d)
{
	return d->traced;
}

void duo_set_net(struct duo *d, const struct net *net)
{
	d->world.net = net;
}

struct mem *duo_mem(struct duo *d)
{
	return d->mem;
}

u8 *duo_memory(struct duo *d)
{
	return d->memory;
}
