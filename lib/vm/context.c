/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * context.c - accesses of the context, as the image of a verified program has
 * them
 *
 * A field that is in the packet view becomes an ordinary load or store there:
 * the context's address is the view's.  One that is computed becomes a call of
 * what the table of fields says.
 */
#include <errno.h>

#include "bpf/insn.h"
#include "verify/verify.h"
#include "vm/image.h"

struct rewrite {
	const struct bpf_insn *insn;
	struct ctx_access access;
	struct vm_insn *out;
};

static const u8 bytes_of[] = {
	[BPF_B >> 3] = 1, [BPF_H >> 3] = 2, [BPF_W >> 3] = 4, [BPF_DW >> 3] = 8
};

/* The plain operation of a class for so many bytes. */
static u16 op_for(u32 class, u32 bytes)
{
	static const u16 ops[][4] = {
		{ OP_LDX_B, OP_LDX_H, OP_LDX_W, OP_LDX_DW },
		{ OP_ST_B, OP_ST_H, OP_ST_W, OP_ST_DW },
		{ OP_STX_B, OP_STX_H, OP_STX_W, OP_STX_DW },
	};

	return ops[class - BPF_LDX][__builtin_ctz(bytes)];
}

static void rewrite_call(const struct rewrite *w)
{
	const struct ctx_access *a = &w->access;
	struct vm_insn *out = w->out;

	switch (BPF_CLASS(w->insn->code)) {
	case BPF_LDX:
		out->op = VM_CTX_READ;
		out->off = CTX_READ_OFF(a->size, a->shift,
					BPF_MODE(w->insn->code) == BPF_MEMSX);
		break;
	case BPF_ST:
		out->op = VM_CTX_WRITE_K;
		out->off = w->insn->imm;
		break;
	default: out->op = VM_CTX_WRITE_X;
	}
	out->imm = (u64)(uintptr_t)a->field;
}

/* A load that extends the sign of fewer bytes than it asks for has none. */
static void rewrite_plain(const struct rewrite *w)
{
	const struct ctx_access *a = &w->access;
	struct vm_insn *out = w->out;
	u32 size = bytes_of[BPF_SIZE(w->insn->code) >> 3];

	out->off = a->off;
	if (!a->size) {
		out->op = OP_MOV64_K;
		out->imm = 0;
	} else if (BPF_MODE(w->insn->code) != BPF_MEMSX || a->size < size) {
		out->op = op_for(BPF_CLASS(w->insn->code), a->size);
	}
}

static int rewrite(const struct prog *prog, u32 at, struct vm_insn *out,
		   struct err *err)
{
	const struct bpf_insn *insn = &prog->insns[at];
	u32 size = bytes_of[BPF_SIZE(insn->code) >> 3];
	const struct ctx_field *f = ctx_find(
		prog->type, prog->expected_attach_type, (u32)(s32)insn->off,
		size, BPF_CLASS(insn->code) != BPF_LDX);
	struct rewrite w = { .insn = insn, .out = out };

	if (!f) {
		err_fail(err, -EACCES,
			 "invalid bpf_context access off=%d size=%u", insn->off,
			 size);
		err_place(err, "insn %u", at);
		return -EACCES;
	}
	w.access = ctx_rewrite(f, (u32)(s32)insn->off, size);
	if (w.access.call)
		rewrite_call(&w);
	else
		rewrite_plain(&w);
	return 0;
}

int vm_rewrite_context(const struct prog *prog, struct vm_image *image,
		       struct err *err)
{
	int ret = 0;

	for (u32 i = 0; prog->facts && !ret && i < prog->insn_cnt; i++)
		if (prog->facts[i] & VERIFY_INSN_CTX)
			ret = rewrite(prog, i, &image->insns[i], err);
	return ret;
}
