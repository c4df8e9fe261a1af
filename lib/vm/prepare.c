/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * prepare.c - from a program's instructions to an image that can run
 *
 * What holds for every path is checked here, in Linux's words: operations
 * exist, jumps stay in their function and land on instructions, functions end,
 * calls go to functions and to helpers that this type and license may use.
 * What depends on the path is the verifier's or checked mode's.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "bpf/disasm.h"
#include "vm/image.h"

enum mark {
	MARK_FUNC = 1,	 /* a function starts here */
	MARK_SECOND = 2, /* of a ld_imm64 */
};

struct prep {
	struct prog *prog;
	const struct bpf_insn *insns;
	u32 cnt;
	struct vm_image *image;
	u8 *marks;
	struct err *err;
};

bool vm_fault(struct run *run, const struct vm_insn *in, int code,
	      const char *fmt, ...)
{
	struct fault *f = &run->fault;
	va_list ap;

	if (f->code)
		return false;
	f->code = code;
	f->prog = run->prog;
	f->insn = (u32)(in - vm_image(run->prog)->insns);
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	return false;
}

static int check_codes(struct prep *p)
{
	for (u32 i = 0; i < p->cnt; i++) {
		struct vm_insn *out = &p->image->insns[i];
		const struct bpf_insn *insn = &p->insns[i];
		const struct opcode *op;
		bool wide = insn_is_wide(insn);
		int ret;

		if (wide && i + 1 == p->cnt)
			ret = err_fail(p->err, -EINVAL,
				       "invalid bpf_ld_imm64 insn");
		else
			ret = opcode_check(insn, p->err, &op);
		if (ret) {
			err_place(p->err, "insn %u", i);
			return ret;
		}
		out->op = opcode_op(op);
		out->dst = insn->dst_reg;
		out->src = insn->src_reg;
		out->off = insn->off;
		out->imm = (u64)(s64)insn->imm;
		if (wide)
			p->marks[++i] |= MARK_SECOND;
	}
	return 0;
}

static int find_functions(struct prep *p)
{
	p->marks[0] |= MARK_FUNC;
	for (u32 i = 0; i < p->cnt; i++) {
		const struct bpf_insn *insn = &p->insns[i];
		s64 to = (s64)i + 1 + insn->imm;

		if (p->marks[i] & MARK_SECOND)
			continue;
		if (!insn_is_local_call(insn) && !insn_is_func_ref(insn))
			continue;
		if (to < 0 || to >= p->cnt || (p->marks[to] & MARK_SECOND)) {
			err_fail(p->err, -EINVAL, "call to invalid destination");
			err_place(p->err, "insn %u", i);
			return -EINVAL;
		}
		p->marks[to] |= MARK_FUNC;
	}
	return 0;
}

static u32 function_end(const struct prep *p, u32 start)
{
	u32 end = start + 1;

	while (end < p->cnt && !(p->marks[end] & MARK_FUNC))
		end++;
	return end;
}

static bool ends_function(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_EXIT) ||
	       insn->code == (BPF_JMP | BPF_JA) ||
	       insn->code == (BPF_JMP32 | BPF_JA);
}

static int check_function(struct prep *p, u32 start, u32 end)
{
	for (u32 i = start; i < end; i++) {
		const struct bpf_insn *insn = &p->insns[i];
		s64 to = (s64)i + 1 + insn_jump_off(insn);

		if ((p->marks[i] & MARK_SECOND) || !insn_is_jump(insn))
			continue;
		if (to < start || to >= end)
			return err_fail(p->err, -EINVAL,
					"jump out of range from insn %u to %lld",
					i, (long long)to);
		if (p->marks[to] & MARK_SECOND)
			return err_fail(
				p->err, -EINVAL,
				"jump into the middle of ldimm64 insn %lld",
				(long long)to - 1);
		p->image->insns[i].off = insn_jump_off(insn);
	}
	if ((p->marks[end - 1] & MARK_SECOND) ||
	    !ends_function(&p->insns[end - 1])) {
		err_fail(p->err, -EINVAL, "last insn is not an exit or jmp");
		err_place(p->err, "insn %u", end - 1);
		return -EINVAL;
	}
	return 0;
}

static int check_functions(struct prep *p)
{
	for (u32 start = 0, end; start < p->cnt; start = end) {
		int ret;

		end = function_end(p, start);
		ret = check_function(p, start, end);
		if (ret)
			return ret;
	}
	return 0;
}

/* A call of one is a call as any other. */
static int link_kfunc(struct prep *p, struct vm_insn *out, u32 number)
{
	const struct helper *kfunc = helper_kfunc(number);

	if (!kfunc || !(kfunc->progs & ctx_mask(p->prog->type)))
		return err_fail(p->err, -EINVAL,
				"calling kernel function %s%s is not allowed",
				kfunc ? "bpf_" : "", kfunc ? kfunc->name : "");
	out->op = OP_CALL;
	out->imm = (u64)(uintptr_t)kfunc;
	return 0;
}

static int link_helper(struct prep *p, struct vm_insn *out, u32 id)
{
	const struct helper *helper = helper_find(id);
	const char *name = helper_name(id);

	if (!helper && !name)
		return err_fail(p->err, -EINVAL, "invalid func unknown#%d",
				(s32)id);
	if (!helper) {
		err_fail(p->err, -EINVAL, "unknown func bpf_%s#%u", name, id);
		err_hint(p->err, "%s",
			 helper_why(id) ? helper_why(id)
					: "it is for programs of other types");
		return -EINVAL;
	}
	if (!(helper->progs & ctx_mask(p->prog->type)))
		return err_fail(
			p->err, -EINVAL,
			"program of this type cannot use helper bpf_%s#%u",
			helper->name, id);
	if (helper->gpl_only && !p->prog->gpl)
		return err_fail(p->err, -EINVAL,
				"cannot call GPL-restricted function from "
				"non-GPL compatible program");
	if (id == BPF_FUNC_tail_call)
		out->op = VM_TAIL_CALL;
	out->imm = (u64)(uintptr_t)helper;
	return 0;
}

/* The address of a value inside the program's text. */
static int link_value(struct prep *p, struct vm_insn *out, struct map *map,
		      u32 off)
{
	u32 key = 0;
	u8 *value;

	if (map->type != BPF_MAP_TYPE_ARRAY || map->max_entries != 1) {
		err_fail(p->err, -EINVAL,
			 "no direct value access support for this map type");
		err_hint(p->err, "'%s' is not an array of one value",
			 map->name);
		return -EINVAL;
	}
	if (off >= map->value_size)
		return err_fail(p->err, -EINVAL,
				"invalid access to map value pointer, "
				"value_size=%u off=%u",
				map->value_size, off);
	value = map->ops->lookup(map, &key);
	if (!value)
		return err_fail(p->err, -EINVAL, "map '%s' has no value",
				map->name);
	out[0].imm = (u64)(uintptr_t)(value + off);
	out[1].off = (s32)off;
	return 0;
}

static int link_map(struct prep *p, const struct bpf_insn *insn,
		    struct vm_insn *out)
{
	struct map *map;

	if ((u32)insn->imm >= p->prog->map_cnt)
		return err_fail(p->err, -EINVAL,
				"map %d of a program that has %u", insn->imm,
				p->prog->map_cnt);
	map = p->prog->maps[insn->imm];
	out[0].imm = out[1].imm = (u64)(uintptr_t)map;
	if (out->op == OP_LD_MAP_VALUE || out->op == OP_LD_MAP_IDX_VALUE)
		return link_value(p, out, map, (u32)insn[1].imm);
	if (insn[1].imm)
		return err_fail(p->err, -EINVAL,
				"unrecognized bpf_ld_imm64 insn");
	return 0;
}

static int link_insn(struct prep *p, u32 at)
{
	const struct bpf_insn *insn = &p->insns[at];
	struct vm_insn *out = &p->image->insns[at];

	switch (out->op) {
	case OP_LD_IMM64:
		out->imm = insn_imm64(insn);
		return 0;
	case OP_LD_MAP_FD:
	case OP_LD_MAP_VALUE:
	case OP_LD_MAP_IDX:
	case OP_LD_MAP_IDX_VALUE:
		return link_map(p, insn, out);
	case OP_LD_FUNC:
		out->imm = at + 1 + insn->imm;
		return 0;
	case OP_LD_BTF_ID:
		return err_fail(p->err, -EINVAL,
				"kernel symbols are not available here");
	case OP_CALL_KFUNC:
		return link_kfunc(p, out, (u32)insn->imm);
	case OP_CALL:
		return link_helper(p, out, (u32)insn->imm);
	case OP_CALL_LOCAL:
		out->off = insn->imm;
		return 0;
	case OP_LD_ABS_B:
	case OP_LD_ABS_H:
	case OP_LD_ABS_W:
	case OP_LD_IND_B:
	case OP_LD_IND_H:
	case OP_LD_IND_W:
		if (!(ctx_mask(p->prog->type) & (PROG_TC | PROG_SOCKET)))
			return err_fail(p->err, -EINVAL,
					"BPF_LD_[ABS|IND] instructions not "
					"allowed for this program type");
		return 0;
	default:
		return 0;
	}
}

static const char *name_of(void *arg, u32 id)
{
	(void)arg;
	return helper_name(id);
}

static int link_insns(struct prep *p)
{
	static const struct disasm_names names = { .helper = name_of };

	for (u32 i = 0; i < p->cnt; i++) {
		char text[128];
		int ret;

		if (p->marks[i] & MARK_SECOND)
			continue;
		ret = link_insn(p, i);
		if (!ret)
			continue;
		disasm_insn(p->insns, p->cnt, i, &names, text, sizeof(text));
		err_place(p->err, "insn %u: %s", i, text);
		return ret;
	}
	return 0;
}

static int prepare(struct prep *p, enum vm_mode mode)
{
	int ret = check_codes(p);

	if (!ret)
		ret = find_functions(p);
	if (!ret)
		ret = check_functions(p);
	if (!ret)
		ret = link_insns(p);
	if (!ret && mode == VM_PLAIN)
		ret = vm_rewrite_context(p->prog, p->image, p->err);
	return ret;
}

int vm_prepare(struct prog *prog, enum vm_mode mode, struct err *err)
{
	struct prep p = {
		.prog = prog,
		.insns = prog->insns,
		.cnt = prog->insn_cnt,
		.err = err,
	};
	int ret = -ENOMEM;

	if (!p.cnt)
		return err_fail(err, -EINVAL, "a program without instructions");
	p.image = calloc(1, sizeof(*p.image) +
				    (size_t)p.cnt * sizeof(p.image->insns[0]));
	p.marks = calloc(p.cnt, 1);
	if (p.image && p.marks)
		ret = prepare(&p, mode);
	else
		err_fail(err, -ENOMEM, "out of memory");
	free(p.marks);
	if (ret) {
		free(p.image);
		return ret;
	}
	p.image->mode = mode;
	p.image->insn_cnt = p.cnt;
	prog->image = p.image;
	prog->free_image = free;
	prog->run = mode == VM_PLAIN ? vm_run_plain : vm_run_checked;
	prog->call = mode == VM_PLAIN ? vm_call_plain : vm_call_checked;
	return 0;
}

u64 vm_run_mem(const struct prog *prog, struct run *run, void *mem, u64 size)
{
	return vm_image(prog)->mode == VM_PLAIN ?
		       vm_run_mem_plain(prog, run, mem, size) :
		       vm_run_mem_checked(prog, run, mem, size);
}
