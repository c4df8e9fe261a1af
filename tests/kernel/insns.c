/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * insns.c - instructions on the live kernel and on every engine: the same
 *
 *	insns [SEED]
 *
 * Random programs of arithmetic, comparisons, stack accesses and atomics take
 * ten registers and eight stack slots from the value of an array and leave
 * them there; each runs on many sets of operands, corner values among them.
 * Then the texts: the disassembly against the verifier's log, and what is
 * refused and why, for each code byte with each field spoiled.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../asm.h"
#include "bpf/disasm.h"
#include "bpf/opcode.h"
#include "kprog.h"
#include "../engine.h"

enum {
	PROGRAMS = 5000,
	COMPILED = 500, /* of them */
	OPERAND_SETS = 8,
	REGS = 10,
	SLOTS = 8,
	FETCH_SLOTS = 2, /* the last of them */
	WORDS = REGS + SLOTS,
	BODY_MAX = 48,
	PROLOGUE = 2 + 2 * SLOTS + 2 * FETCH_SLOTS + REGS,
	EPILOGUE = REGS + 2 + 2 * WORDS + 2,
	INSNS_MAX = PROLOGUE + 2 * BODY_MAX + EPILOGUE,
	LOG_SIZE = 1 << 20,
};

/* What the programs share with us. */
struct value {
	u64 in[WORDS];
	u64 out[WORDS];
};

struct code {
	struct bpf_insn insns[INSNS_MAX];
	u32 cnt;
};

/* ---- random numbers: xorshift ---- */

static u64 random_state;

static u64 rnd(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static u32 below(u32 n)
{
	return (u32)(rnd() >> 32) % n;
}

static u64 operand(void)
{
	static const u64 corners[] = {
		0,	    1,		2,	    UINT64_MAX,
		INT64_MAX,  1ull << 63, INT32_MAX,  1ull << 31,
		UINT32_MAX, 1ull << 32, 0xffffffff80000000, 0x7f,
		0x80,	    0xff,	0x7fff,	    0x8000,
		0xffff,	    63,		64,	    31,
		32,	    0x8000000080000000, 0xffffffff00000000, 3,
	};

	switch (below(4)) {
	case 0:
		return rnd();
	case 1:
		return rnd() >> below(64);
	default:
		return corners[below(ARRAY_LEN(corners))];
	}
}

/* ---- programs ---- */

static void emit(struct code *c, struct bpf_insn insn)
{
	c->insns[c->cnt++] = insn;
}

#define EMIT(...) emit(c, (struct bpf_insn)__VA_ARGS__)

static void emit_value(struct code *c, u8 reg)
{
	const struct bpf_insn pair[] = { LD_VALUE(reg, 0, 0) };

	emit(c, pair[0]);
	emit(c, pair[1]);
}

static s16 slot_off(u32 slot)
{
	return (s16)(-8 * (s32)(slot + 1));
}

/* A slot that the verifier knows nothing of: written in halves. */
static void fill_fetch_slot(struct code *c, u32 slot)
{
	for (s16 half = 0; half < 8; half += 4) {
		EMIT(LDX(W, R1, R0, (s16)(8 * (REGS + slot) + half)));
		EMIT(STX(W, R10, (s16)(slot_off(slot) + half), R1));
	}
}

static void prologue(struct code *c)
{
	emit_value(c, R0);
	for (u32 i = 0; i < SLOTS - FETCH_SLOTS; i++) {
		EMIT(LDX(DW, R1, R0, 8 * (REGS + i)));
		EMIT(STX(DW, R10, slot_off(i), R1));
	}
	for (u32 i = SLOTS - FETCH_SLOTS; i < SLOTS; i++)
		fill_fetch_slot(c, i);
	for (u32 i = 1; i < REGS; i++)
		EMIT(LDX(DW, i, R0, 8 * i));
	EMIT(LDX(DW, R0, R0, 0));
}

static void epilogue(struct code *c)
{
	for (u32 i = 0; i < REGS; i++)
		EMIT(STX(DW, R10, slot_off(SLOTS + i), i));
	emit_value(c, R1);
	for (u32 i = 0; i < WORDS; i++) {
		u32 slot = i < REGS ? SLOTS + i : i - REGS;

		EMIT(LDX(DW, R2, R10, slot_off(slot)));
		EMIT(STX(DW, R1, (s16)(8 * (WORDS + i)), R2));
	}
	EMIT(ALU64_K(MOV, R0, 0));
	EMIT(EXIT());
}

static bool fetches(u8 form)
{
	return form == FORM_FETCH || form == FORM_CMPXCHG;
}

static bool writes_dst(u8 form)
{
	return form == FORM_ST || form == FORM_STX || form == FORM_ATOMIC ||
	       form == FORM_STORE_REL || fetches(form);
}

/*
 * Linux 6.18 forgets that what a fetch reads from the stack was a register's
 * number, prunes paths where it is another one, and cuts live code.  So
 * slots that are fetched from never hold a register.
 */
static s16 stack_off(const struct opcode *op)
{
	u32 first = 0, slots = SLOTS, bytes = op->bytes;

	if (fetches(op->form))
		slots = FETCH_SLOTS;
	else if (writes_dst(op->form))
		first = FETCH_SLOTS;
	return (s16)(8 * ((s32)first - SLOTS) +
		     (s32)(below(8 * (slots - first) / bytes) * bytes));
}

/* The verifier refuses some constants that registers may hold. */
static s32 constant_for(const struct opcode *op)
{
	u8 code = BPF_OP(op->code);
	s32 imm = (s32)operand();

	if (op->form == FORM_JMP_K || op->form == FORM_ST)
		return imm;
	if (code == BPF_LSH || code == BPF_RSH || code == BPF_ARSH)
		return (s32)below(op->bytes * 8);
	if ((code == BPF_DIV || code == BPF_MOD) && !imm)
		return 1;
	return imm;
}

/* Any operation but calls, exits and those of a packet. */
static bool straight(const struct opcode *op)
{
	switch (op->form) {
	case FORM_LD_ABS:
	case FORM_LD_IND:
	case FORM_LD_IMM64:
	case FORM_MAY_GOTO:
	case FORM_CALL:
	case FORM_KFUNC:
	case FORM_EXIT:
		return false;
	default:
		return true;
	}
}

static bool reads_src(u8 form)
{
	return form == FORM_LDX || form == FORM_LDSX || form == FORM_LOAD_ACQ;
}

/* Fields that the operation has get something, its key among them. */
static void random_fields(struct bpf_insn *in, const struct opcode *op,
			  u32 room)
{
	const struct opcode_shape *shape = opcode_shape(op);

	if (shape->dst >= FIELD_READ)
		in->dst_reg = writes_dst(op->form) ? R10 : below(REGS);
	if (shape->src >= FIELD_READ)
		in->src_reg = reads_src(op->form) ? R10 : below(REGS);
	if (shape->off == FIELD_KEY)
		in->off = (s16)op->key;
	if (shape->imm == FIELD_KEY)
		in->imm = op->key;
	if (reads_src(op->form) || writes_dst(op->form))
		in->off = stack_off(op);
	if (op->form == FORM_JMP_K || op->form == FORM_JMP_X)
		in->off = (s16)below(MIN(room, 4));
	if (shape->imm == FIELD_USED && op->form != FORM_JAL)
		in->imm = constant_for(op);
}

static void random_insn(struct code *c, u32 room)
{
	const struct opcode *op;
	struct bpf_insn in = { 0 };

	do
		op = &opcode_table[below(OP_COUNT)];
	while (!straight(op));
	in.code = op->code;
	random_fields(&in, op, room);
	emit(c, in);
	/* Linux 6.18 does not always clear the upper half of r0. */
	if (op == &opcode_table[OP_CMPXCHG32])
		EMIT(ALU32_X(MOV, R0, R0));
}

static void random_program(struct code *c)
{
	u32 body = 4 + below(BODY_MAX - 4);

	c->cnt = 0;
	prologue(c);
	for (u32 i = 0; i < body; i++)
		random_insn(c, body - i);
	epilogue(c);
}

static void print_program(const struct code *c)
{
	char text[128];

	for (u32 i = 0; i < c->cnt; i++) {
		fprintf(stderr, "%3u: %s\n", i,
			disasm_insn(c->insns, c->cnt, i, NULL, text,
				    sizeof(text)));
		if (insn_is_wide(&c->insns[i]))
			i++;
	}
}

/* ---- our side ---- */

static struct value our_value;

static void *our_lookup(struct map *map, const void *key)
{
	(void)map;
	(void)key;
	return &our_value;
}

static const struct map_ops our_ops = { .name = "array",
					.lookup = our_lookup };
static struct map our_map = {
	.ops = &our_ops,
	.type = BPF_MAP_TYPE_ARRAY,
	.key_size = 4,
	.value_size = sizeof(struct value),
	.max_entries = 1,
	.name = "value",
};

static bool prepare(struct prog *prog, const struct code *c, struct map **maps,
		    enum engine engine)
{
	struct err err = { 0 };
	char text[1024];

	*prog = (struct prog){
		.type = BPF_PROG_TYPE_XDP,
		.gpl = true,
		.insns = (struct bpf_insn *)c->insns,
		.insn_cnt = c->cnt,
		.maps = maps,
		.map_cnt = 1,
	};
	if (!engine_prepare_mem(prog, engine, &err))
		return true;
	fprintf(stderr, "we refuse: %s\n", err_text(&err, text, sizeof(text)));
	return false;
}

static bool same_outcome(const struct prog *prog, enum engine engine,
			 const struct value *kernel)
{
	struct run run = { .world = &world_host };

	memset(&our_value, 0, sizeof(our_value));
	memcpy(our_value.in, kernel->in, sizeof(our_value.in));
	run_begin(&run, NULL);
	engine_run_mem(prog, engine, &run, NULL, 0);
	if (run.fault.code)
		fprintf(stderr, "insn %u: %s\n", run.fault.insn,
			run.fault.text);
	return !run.fault.code &&
	       memcmp(our_value.out, kernel->out, sizeof(our_value.out)) == 0;
}

static void print_difference(const struct value *kernel, const char *mode)
{
	for (u32 i = 0; i < WORDS; i++)
		fprintf(stderr, "%s%u: in %016llx, kernel %016llx, %s "
			"%016llx%s\n",
			i < REGS ? "r" : "slot ", i < REGS ? i : i - REGS,
			(unsigned long long)kernel->in[i],
			(unsigned long long)kernel->out[i], mode,
			(unsigned long long)our_value.out[i],
			kernel->out[i] == our_value.out[i] ? "" : "  <--");
}

/* ---- results ---- */

static bool compare_results(const struct code *c, int fd, struct value *kernel,
			    bool compiled)
{
	struct map *maps[] = { &our_map };
	struct prog progs[ENGINES];
	enum engine engines = compiled ? ENGINES : ENGINE_O0;
	u8 frame[64] = { 0 };
	bool same = true;
	u32 ret;

	for (enum engine e = 0; e < engines; e++)
		if (!prepare(&progs[e], c, maps, e))
			return false;
	for (u32 set = 0; same && set < OPERAND_SETS; set++) {
		for (u32 i = 0; i < WORDS; i++)
			kernel->in[i] = operand();
		memset(kernel->out, 0, sizeof(kernel->out));
		if (kprog_run(fd, frame, sizeof(frame), &ret))
			return false;
		for (enum engine e = 0; same && e < engines; e++) {
			same = same_outcome(&progs[e], e, kernel);
			if (!same)
				print_difference(kernel, engine_names[e]);
		}
	}
	for (enum engine e = 0; e < engines; e++)
		progs[e].free_image(progs[e].image);
	return same;
}

/* The kernel's program has the map's fd where ours has the index. */
static int load(const struct code *c, int map, u32 log_level, char *log)
{
	struct code k = *c;
	struct kprog_load l = {
		.type = BPF_PROG_TYPE_XDP,
		.insns = k.insns,
		.cnt = k.cnt,
		.license = "GPL",
		.log_level = log_level,
		.log = log,
		.log_size = LOG_SIZE,
	};

	for (u32 i = 0; i < k.cnt; i++)
		if (k.insns[i].code == INSN_LD_IMM64 &&
		    k.insns[i].src_reg == BPF_PSEUDO_MAP_VALUE)
			k.insns[i].imm = map;
	return kprog_load(&l);
}

/* Returns the number of differences; *ran counts operand sets. */
static u32 random_programs(int map, struct value *kernel, char *log, u32 *ran)
{
	struct code c;

	*ran = 0;
	for (u32 n = 0; n < PROGRAMS; n++) {
		bool same;
		int fd;

		random_program(&c);
		fd = load(&c, map, 0, NULL);
		if (fd < 0) {
			fd = load(&c, map, 1, log);
			print_program(&c);
			fprintf(stderr, "program %u refused (%d): %s\n", n, fd,
				kprog_reason(log));
			return 1;
		}
		same = compare_results(&c, fd, kernel,
				       jit_available() && n < COMPILED);
		close(fd);
		if (!same) {
			print_program(&c);
			return 1;
		}
		*ran += OPERAND_SETS;
	}
	return 0;
}

/* ---- disassembly ---- */

/* A line of the log that shows an instruction: "12: (b7) r0 = 1   ; state".
 * Cuts it to the instruction. */
static bool log_insn(char *line, u32 *at, char **text)
{
	char *end;

	*at = (u32)strtoul(line, &end, 10);
	if (end == line || strncmp(end, ": (", 3) != 0)
		return false;
	*text = end + 2;
	end = strstr(*text, " ;");
	if (!end)
		end = *text + strlen(*text);
	while (end > *text && end[-1] == ' ')
		end--;
	*end = '\0';
	return true;
}

static u32 compare_log(const struct code *c, char *log, u32 *lines)
{
	char ours[128], *text, *save = NULL;
	u32 wrong = 0, at;

	for (char *line = strtok_r(log, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (!log_insn(line, &at, &text) || at >= c->cnt ||
		    insn_is_wide(&c->insns[at]))
			continue;
		disasm_insn(c->insns, c->cnt, at, NULL, ours, sizeof(ours));
		++*lines;
		if (strcmp(ours, text) == 0)
			continue;
		fprintf(stderr, "disassembly: kernel '%s', ours '%s'\n", text,
			ours);
		wrong++;
	}
	return wrong;
}

static u32 disassembly(int map, char *log, u32 *lines)
{
	u32 wrong = 0;
	struct code c;

	*lines = 0;
	for (u32 n = 0; n < 60; n++) {
		int fd;

		random_program(&c);
		fd = load(&c, map, 2, log);
		if (fd >= 0)
			close(fd);
		wrong += compare_log(&c, log, lines);
	}
	return wrong;
}

/* ---- refusals ---- */

/* Reasons that concern an instruction by itself. */
static bool about_encoding(const char *reason)
{
	static const char *const parts[] = {
		"reserved fields",    "unknown opcode",
		"is invalid",	      "frame pointer is read only",
		"bpf_ld_imm64 insn",  "invalid atomic",
		"invalid may_goto",
	};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (strstr(reason, parts[i]))
			return true;
	return false;
}

/* The kernel's reason for the instruction in a program that is fine without
 * it; "" if it loads. */
static const char *kernel_reason(const struct bpf_insn *insn, char *log)
{
	struct code prog = { .cnt = 0 }, *c = &prog;
	struct kprog_load l = {
		.type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = prog.insns,
		.license = "GPL",
		.log_level = 1,
		.log = log,
		.log_size = LOG_SIZE,
	};
	int fd;

	EMIT(ALU64_X(MOV, R6, R1));
	EMIT(ST(DW, R10, -8, 0));
	for (u32 i = 0; i < REGS; i++)
		if (i != R6)
			EMIT(ALU64_K(MOV, i, 1));
	emit(c, insn[0]);
	if (insn_is_wide(insn))
		emit(c, insn[1]);
	EMIT(ALU64_K(MOV, R0, 0));
	EMIT(EXIT());
	l.cnt = prog.cnt;
	fd = kprog_load(&l);
	if (fd < 0)
		return kprog_reason(log);
	close(fd);
	return "";
}

static u32 compare_refusal(const struct bpf_insn *insn, char *log)
{
	const char *kernel = kernel_reason(insn, log);
	const struct opcode *op;
	struct err err = { 0 };
	char text[128];

	opcode_check(insn, &err, &op);
	if (strcmp(kernel, err.reason) == 0 ||
	    (kernel[0] && !about_encoding(kernel)))
		return 0;
	disasm_insn(insn, 2, 0, NULL, text, sizeof(text));
	fprintf(stderr,
		"code %02x dst %u src %u off %d imm %d, %s: kernel '%s', ours "
		"'%s'\n",
		insn->code, insn->dst_reg, insn->src_reg, insn->off, insn->imm,
		text, kernel, err.reason);
	return 1;
}

static u32 refusals(char *log, u32 *tried)
{
	static const struct bpf_insn spoilt[] = {
		RAW(0, R0, R0, 0, 0),	RAW(0, R1, R0, 0, 0),
		RAW(0, R0, R1, 0, 0),	RAW(0, R0, R0, 1, 0),
		RAW(0, R0, R0, 0, 1),	RAW(0, R10, R0, 0, 0),
		RAW(0, R10, R0, -8, 0), RAW(0, R1, R10, -8, 0),
		RAW(0, 11, R0, 0, 0),	RAW(0, R1, 11, 0, 0),
		RAW(0, 15, 15, 0, 0),	RAW(0, R1, R2, 0, 0),
		RAW(0, R1, R2, 8, 0),	RAW(0, R1, R2, 32, 0),
		RAW(0, R1, R0, 2, 0),	RAW(0, R1, R0, 0, 16),
		RAW(0, R1, R0, 0, 17),	RAW(0, R1, R0, 0, 64),
		RAW(0, R10, R1, -8, 1), RAW(0, R10, R1, -8, 0xe1),
		RAW(0, R10, R1, -8, 0xf1), RAW(0, R10, R1, -8, 0x100),
		RAW(0, R10, R1, -8, 0x110), RAW(0, R1, R10, -8, 0x100),
		RAW(0, R0, 7, 0, 0),
	};
	u32 wrong = 0;

	*tried = 0;
	for (u32 code = 0; code < 256; code++) {
		for (size_t i = 0; i < ARRAY_LEN(spoilt); i++) {
			struct bpf_insn insn[2] = { spoilt[i] };

			insn[0].code = (u8)code;
			wrong += compare_refusal(insn, log);
			++*tried;
		}
	}
	return wrong;
}

int main(int argc, char **argv)
{
	const char *why = kprog_unavailable();
	struct value *kernel;
	u32 wrong, sets, lines, tried;
	u64 seed;
	char *log;
	void *at;
	int map;

	if (why) {
		printf("skipped: %s\n", why);
		return KPROG_SKIP;
	}
	seed = argc > 1 ? strtoull(argv[1], NULL, 0) :
			  (u64)time(NULL) << 20 | (u64)getpid();
	printf("seed %llu\n", (unsigned long long)seed);
	random_state = seed | 1;
	map = kprog_shared_value(sizeof(struct value), &at);
	log = malloc(LOG_SIZE);
	if (map < 0 || !log) {
		fprintf(stderr, "cannot make the map: %d\n", map);
		return EXIT_FAILURE;
	}
	kernel = at;
	wrong = random_programs(map, kernel, log, &sets);
	wrong += disassembly(map, log, &lines);
	wrong += refusals(log, &tried);
	printf("%u programs on %u sets of operands, %u lines of disassembly, "
	       "%u encodings: %u different\n",
	       PROGRAMS, sets, lines, tried, wrong);
	free(log);
	close(map);
	return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
