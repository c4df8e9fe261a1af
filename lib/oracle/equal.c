/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle/equal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/insn.h"
#include "helper/helper.h"
#include "oracle/asm.h"
#include "oracle/replay.h"

enum asks { ASKS_TIME, ASKS_JIFFIES, ASKS_RANDOM, ASKS_CPU, ASKS };

#define NOTHING ASKS

static enum asks asks_for(u32 helper)
{
	switch (helper) {
	case BPF_FUNC_ktime_get_ns:
	case BPF_FUNC_ktime_get_boot_ns:
	case BPF_FUNC_ktime_get_coarse_ns:
	case BPF_FUNC_ktime_get_tai_ns: return ASKS_TIME;
	case BPF_FUNC_jiffies64: return ASKS_JIFFIES;
	case BPF_FUNC_get_prandom_u32: return ASKS_RANDOM;
	case BPF_FUNC_get_smp_processor_id: return ASKS_CPU;
	default: return NOTHING;
	}
}

#define STATE(field) ((s16)offsetof(struct replay_state, field))

/* Each begins with r1 = &state, whose file descriptor is put in when it is
 * used. */
#define R1_IS_STATE IMM64(1, BPF_PSEUDO_MAP_VALUE, 0, 0)

/* r0 is the time, which goes on. */
#define TAKE_TIME                                                        \
	R1_IS_STATE, LOAD(BPF_DW, 0, 1, STATE(now)), ALU(BPF_MOV, 2, 0), \
		ALU_IMM(BPF_ADD, 2, 1), STORE(BPF_DW, 1, 2, STATE(now))

static const struct bpf_insn time_insns[] = {
	TAKE_TIME,
	RETURN,
};

static const struct bpf_insn jiffies_insns[] = {
	TAKE_TIME,
	ALU_IMM(BPF_DIV, 0, JIFFIES_NS),
	IMM64(2, 0, JIFFIES_AT_BOOT, 0),
	ALU(BPF_ADD, 0, 2),
	RETURN,
};

static const struct bpf_insn random_insns[] = {
	R1_IS_STATE,
	LOAD(BPF_DW, 0, 1, STATE(random)),
	IMM64(2, 0, REPLAY_RANDOM_MUL, REPLAY_RANDOM_MUL >> 32),
	ALU(BPF_MUL, 0, 2),
	IMM64(2, 0, REPLAY_RANDOM_ADD, REPLAY_RANDOM_ADD >> 32),
	ALU(BPF_ADD, 0, 2),
	STORE(BPF_DW, 1, 0, STATE(random)),
	ALU_IMM(BPF_RSH, 0, 32),
	RETURN,
};

/* The verifier knows how many CPUs there are, and programs rely on it. */
#define CPU_BOUND 3 /* the instruction that says it */

static const struct bpf_insn cpu_insns[] = {
	R1_IS_STATE,
	LOAD(BPF_W, 0, 1, STATE(cpu)),
	INSN(BPF_JMP | BPF_JLT | BPF_K, 0, 0, 1, 0),
	ALU_IMM(BPF_MOV, 0, 0),
	RETURN,
};

static const struct {
	const struct bpf_insn *insns;
	u32 cnt;
} functions[ASKS] = {
	[ASKS_TIME] = { time_insns, ARRAY_LEN(time_insns) },
	[ASKS_JIFFIES] = { jiffies_insns, ARRAY_LEN(jiffies_insns) },
	[ASKS_RANDOM] = { random_insns, ARRAY_LEN(random_insns) },
	[ASKS_CPU] = { cpu_insns, ARRAY_LEN(cpu_insns) },
};

/* ---- BTF ---- */

static const char new_names[] = "weir_u64\0weir_equal";

/* u64, u64 (*)(void), static u64 weir_equal(void); names count from base. */
struct new_types {
	struct btf_type integer;
	u32 encoding;
	struct btf_type proto;
	struct btf_type func;
};

static struct new_types make_types(u32 base, u32 first)
{
	return (struct new_types){
		.integer = { .name_off = base,
			     .info = BTF_KIND_INT << 24,
			     .size = 8 },
		.encoding = 64,
		.proto = { .info = BTF_KIND_FUNC_PROTO << 24, .type = first },
		.func = { .name_off = base + sizeof("weir_u64"),
			  .info = BTF_KIND_FUNC << 24,
			  .type = first + 1 },
	};
}

int equal_btf(const struct btf_blob *btf, u8 **bytes, u32 *size, u32 *func)
{
	const u8 *old;
	struct new_types types;
	struct btf_header head;
	u32 old_size, first = btf_type_count(btf) + 1;
	u8 *at;

	old = btf_raw(btf, &old_size);
	memcpy(&head, old, sizeof(head));
	*size = sizeof(head) + head.type_len + (u32)sizeof(types) +
		head.str_len + (u32)sizeof(new_names);
	*bytes = at = malloc(*size);
	if (!at)
		return -ENOMEM;
	types = make_types(head.str_len, first);
	*func = first + 2;

	at += sizeof(head);
	at = mempcpy(at, old + head.hdr_len + head.type_off, head.type_len);
	at = mempcpy(at, &types, sizeof(types));
	at = mempcpy(at, old + head.hdr_len + head.str_off, head.str_len);
	memcpy(at, new_names, sizeof(new_names));

	head.hdr_len = sizeof(head);
	head.type_off = 0;
	head.type_len += (u32)sizeof(types);
	head.str_off = head.type_len;
	head.str_len += (u32)sizeof(new_names);
	memcpy(*bytes, &head, sizeof(head));
	return 0;
}

/* ---- programs ---- */

static bool is_helper_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == 0;
}

/* Which functions the program needs; how much longer they make it. */
static u32 survey(const struct elf_prog *ep, bool *needed, u32 *funcs)
{
	u32 more = 0;

	*funcs = 0;
	for (u32 i = 0; i < ep->insn_cnt; i++) {
		const struct bpf_insn *insn = &ep->insns[i];
		enum asks asks = NOTHING;

		if (insn_is_wide(insn))
			i++;
		else if (is_helper_call(insn))
			asks = asks_for((u32)insn->imm);
		if (asks == NOTHING || needed[asks])
			continue;
		needed[asks] = true;
		more += functions[asks].cnt;
		*funcs += 1;
	}
	return more;
}

static void point_calls_at(struct equal_prog *p, u32 cnt, enum asks asks,
			   u32 target)
{
	for (u32 i = 0; i < cnt; i++) {
		struct bpf_insn *insn = &p->insns[i];

		if (insn_is_wide(insn)) {
			i++;
		} else if (is_helper_call(insn) &&
			   asks_for((u32)insn->imm) == asks) {
			insn->src_reg = BPF_PSEUDO_CALL;
			insn->imm = (s32)(target - (i + 1));
		}
	}
}

/* One more record: a copy of the first, but for the place it is about. */
static void add_record(u8 *records, u32 *cnt, u32 size, u32 insn)
{
	u8 *record = records + (size_t)*cnt * size;

	if (!*cnt)
		return;
	memcpy(record, records, size);
	memcpy(record, &insn, sizeof(insn));
	*cnt += 1;
}

static void add_function(struct equal_prog *p, const struct elf_prog *ep,
			 enum asks asks, int state, u32 cpus, u32 func)
{
	struct bpf_insn *insns = &p->insns[p->insn_cnt];
	u32 last = p->func_info_cnt;

	memcpy(insns, functions[asks].insns,
	       functions[asks].cnt * sizeof(*insns));
	insns[0].imm = state;
	if (asks == ASKS_CPU)
		insns[CPU_BOUND].imm = (s32)cpus;
	point_calls_at(p, ep->insn_cnt, asks, p->insn_cnt);

	add_record(p->func_info, &p->func_info_cnt, ep->func_info_rec_size,
		   p->insn_cnt);
	if (p->func_info_cnt > last)
		memcpy(p->func_info + (size_t)last * ep->func_info_rec_size +
			       offsetof(struct bpf_func_info, type_id),
		       &func, sizeof(func));
	add_record(p->line_info, &p->line_info_cnt, ep->line_info_rec_size,
		   p->insn_cnt);
	p->insn_cnt += functions[asks].cnt;
}

/* A copy of n items with room for more; never NULL for want of items. */
static void *copy(const void *items, u32 n, u32 more, u32 size)
{
	void *all = calloc((size_t)n + more + 1, MAX(size, 1));

	if (all && n)
		memcpy(all, items, (size_t)n * size);
	return all;
}

int equal_make(const struct elf_prog *ep, int state, u32 cpus, u32 func,
	       struct equal_prog *out)
{
	bool needed[ASKS] = { false };
	u32 funcs = 0, more = state < 0 ? 0 : survey(ep, needed, &funcs);

	*out = (struct equal_prog){
		.insns =
			copy(ep->insns, ep->insn_cnt, more, sizeof(*ep->insns)),
		.insn_cnt = ep->insn_cnt,
		.func_info = copy(ep->func_info, ep->func_info_cnt, funcs,
				  ep->func_info_rec_size),
		.func_info_cnt = ep->func_info_cnt,
		.line_info = copy(ep->line_info, ep->line_info_cnt, funcs,
				  ep->line_info_rec_size),
		.line_info_cnt = ep->line_info_cnt,
	};
	if (!out->insns || !out->func_info || !out->line_info) {
		equal_free(out);
		return -ENOMEM;
	}
	for (int asks = 0; asks < ASKS; asks++)
		if (needed[asks])
			add_function(out, ep, (enum asks)asks, state, cpus,
				     func);
	return 0;
}

void equal_free(struct equal_prog *p)
{
	free(p->insns);
	free(p->func_info);
	free(p->line_info);
}
