/* SPDX-License-Identifier: BSD-3-Clause */
#include "bpf/disasm.h"

#include <stdio.h>

#include "bpf/kfunc.h"
#include "bpf/opcode.h"

struct line {
	char *buf;
	size_t size;
	const struct bpf_insn *insn;
	const struct opcode *op;
	const struct disasm_names *names;
};

#define SAY(l, ...) snprintf((l)->buf, (l)->size, __VA_ARGS__)

/* "w" for 32-bit operands */
static char width(const struct line *l)
{
	return l->op->bytes == 4 ? 'w' : 'r';
}

static const char *mem_type(const struct line *l)
{
	static const char *const types[] = { [1] = "u8", [2] = "u16",
					     [4] = "u32", [8] = "u64" };

	return types[l->op->bytes];
}

static void alu(const struct line *l)
{
	const struct bpf_insn *in = l->insn;
	char w = width(l);

	switch (l->op->form) {
	case FORM_NEG:
		SAY(l, "%c%d = -%c%d", w, in->dst_reg, w, in->dst_reg);
		return;
	case FORM_END:
		SAY(l, "r%d = %s%d r%d", in->dst_reg, l->op->sym, in->imm,
		    in->dst_reg);
		return;
	case FORM_ALU_X:
	case FORM_ALU_OFF_X:
		SAY(l, "%c%d %s %c%d", w, in->dst_reg, l->op->sym, w,
		    in->src_reg);
		return;
	case FORM_MOV_X:
		SAY(l, "%c%d %s%s%c%d", w, in->dst_reg, l->op->sym,
		    in->off ? "" : " ", w, in->src_reg);
		return;
	default:
		SAY(l, "%c%d %s %d", w, in->dst_reg, l->op->sym, in->imm);
	}
}

static void memory(const struct line *l)
{
	const struct bpf_insn *in = l->insn;

	switch (l->op->form) {
	case FORM_LDX:
	case FORM_LDSX:
		SAY(l, "r%d = *(%s *)(r%d %+d)", in->dst_reg, l->op->sym,
		    in->src_reg, in->off);
		return;
	case FORM_ST:
		SAY(l, "*(%s *)(r%d %+d) = %d", l->op->sym, in->dst_reg,
		    in->off, in->imm);
		return;
	case FORM_STX:
		SAY(l, "*(%s *)(r%d %+d) = r%d", l->op->sym, in->dst_reg,
		    in->off, in->src_reg);
		return;
	case FORM_LD_ABS:
		SAY(l, "r0 = *(%s *)skb[%d]", l->op->sym, in->imm);
		return;
	default:
		SAY(l, "r0 = *(%s *)skb[r%d + %d]", l->op->sym, in->src_reg,
		    in->imm);
	}
}

static void atomic(const struct line *l)
{
	const struct bpf_insn *in = l->insn;
	const char *type = mem_type(l), *sym = l->op->sym;
	const char *wide = l->op->bytes == 8 ? "64" : "";

	switch (l->op->form) {
	case FORM_ATOMIC:
		SAY(l, "lock *(%s *)(r%d %+d) %s r%d", type, in->dst_reg,
		    in->off, sym, in->src_reg);
		return;
	case FORM_FETCH:
		SAY(l, "r%d = atomic%s_%s((%s *)(r%d %+d), r%d)", in->src_reg,
		    wide, sym, type, in->dst_reg, in->off, in->src_reg);
		return;
	case FORM_CMPXCHG:
		SAY(l, "r0 = atomic%s_%s((%s *)(r%d %+d), r0, r%d)", wide, sym,
		    type, in->dst_reg, in->off, in->src_reg);
		return;
	case FORM_LOAD_ACQ:
		SAY(l, "r%d = %s((%s *)(r%d %+d))", in->dst_reg, sym, type,
		    in->src_reg, in->off);
		return;
	default:
		SAY(l, "%s((%s *)(r%d %+d), r%d)", sym, type, in->dst_reg,
		    in->off, in->src_reg);
	}
}

static void jump(const struct line *l)
{
	const struct bpf_insn *in = l->insn;
	char w = width(l);

	switch (l->op->form) {
	case FORM_JMP_K:
		SAY(l, "if %c%d %s 0x%x goto pc%+d", w, in->dst_reg,
		    l->op->sym, (u32)in->imm, in->off);
		return;
	case FORM_JMP_X:
		SAY(l, "if %c%d %s %c%d goto pc%+d", w, in->dst_reg,
		    l->op->sym, w, in->src_reg, in->off);
		return;
	case FORM_EXIT:
		SAY(l, "exit");
		return;
	default:
		SAY(l, "%s pc%+d", l->op->sym, insn_jump_off(in));
	}
}

static void call(const struct line *l)
{
	const struct bpf_insn *in = l->insn;
	const char *name = NULL;

	if (in->src_reg == BPF_PSEUDO_CALL) {
		SAY(l, "call pc%+d", in->imm);
		return;
	}
	if (in->src_reg == BPF_PSEUDO_KFUNC_CALL) {
		name = kfunc_name((u32)in->imm);
		SAY(l, "call %s#%d", name ? name : "kernel-function", in->imm);
		return;
	}
	if (l->names && l->names->helper)
		name = l->names->helper(l->names->arg, (u32)in->imm);
	SAY(l, "call %s%s#%d", name ? "bpf_" : "", name ? name : "unknown",
	    in->imm);
}

static void ld_imm64(const struct line *l, bool whole)
{
	const struct bpf_insn *in = l->insn;
	char what[64];

	if (!l->names || !l->names->imm64 || !in->src_reg ||
	    !l->names->imm64(l->names->arg, in, what, sizeof(what)))
		snprintf(what, sizeof(what), "0x%llx",
			 (unsigned long long)(whole ? insn_imm64(in) :
						      (u32)in->imm));
	SAY(l, "r%d = %s", in->dst_reg, what);
}

static void body(const struct line *l, bool last)
{
	switch (BPF_CLASS(l->insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		alu(l);
		return;
	case BPF_JMP:
	case BPF_JMP32:
		if (BPF_OP(l->insn->code) == BPF_CALL)
			call(l);
		else
			jump(l);
		return;
	case BPF_LD:
		if (insn_is_wide(l->insn))
			ld_imm64(l, !last);
		else
			memory(l);
		return;
	case BPF_STX:
		if (BPF_MODE(l->insn->code) == BPF_ATOMIC)
			atomic(l);
		else
			memory(l);
		return;
	default:
		memory(l);
	}
}

const char *disasm_insn(const struct bpf_insn *insns, u32 cnt, u32 at,
			const struct disasm_names *names, char *buf,
			size_t size)
{
	const struct bpf_insn *insn = &insns[at];
	int head = snprintf(buf, size, "(%02x) ", insn->code);
	struct line l = {
		.insn = insn,
		.op = opcode_find(insn),
		.names = names,
	};

	if (head < 0 || (size_t)head >= size)
		return buf;
	l.buf = buf + head;
	l.size = size - head;
	if (l.op)
		body(&l, at + 1 >= cnt);
	else
		SAY(&l, "BUG_%02x", insn->code);
	return buf;
}
