/* SPDX-License-Identifier: BSD-3-Clause */
/* kfunc.c - names and numbers of kernel functions, Weir's and Linux's */
#include "bpf/kfunc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "bpf/btf.h"
#include "bpf/insn.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

static const char *const names[KFUNC_COUNT] = {
#define KFUNC_NAME(name) [KFUNC_##name] = "bpf_" #name,
	KFUNCS(KFUNC_NAME)
#undef KFUNC_NAME
};

enum kfunc kfunc_find(const char *name)
{
	for (u32 i = KFUNC_NONE + 1; i < KFUNC_COUNT; i++)
		if (strcmp(names[i], name) == 0)
			return (enum kfunc)i;
	return KFUNC_NONE;
}

const char *kfunc_name(u32 number)
{
	return number < KFUNC_COUNT ? names[number] : NULL;
}

/* ---- the running kernel's ---- */

static bool is_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) &&
	       insn->src_reg == BPF_PSEUDO_KFUNC_CALL && insn->imm;
}

static bool has_calls(const struct bpf_insn *insns, u32 cnt)
{
	for (u32 i = 0; i < cnt; i++) {
		if (is_call(&insns[i]))
			return true;
		if (insn_is_wide(&insns[i]))
			i++;
	}
	return false;
}

static int open_kernel(struct err *err, struct btf_blob **out)
{
	u8 *bytes;
	size_t size;
	int res = file_read(KERNEL_BTF, &bytes, &size);

	if (res)
		return err_fail(err, res, "%s: %s", KERNEL_BTF, strerror(-res));
	res = size > UINT32_MAX ? -E2BIG
				: btf_parse(bytes, (u32)size, err, out);
	free(bytes);
	return res;
}

static int to_kernel(const struct btf_blob *btf, struct bpf_insn *insn,
		     struct err *err)
{
	const char *name = kfunc_name((u32)insn->imm);
	int id = name ? btf_find(btf, name, BTF_KIND_FUNC) : -ENOENT;

	if (id < 0)
		return err_fail(err, id, "the running kernel has no %s",
				name ? name : "such kernel function");
	insn->imm = id;
	return 0;
}

static int from_kernel(const struct btf_blob *btf, struct bpf_insn *insn,
		       struct err *err)
{
	u32 id = (u32)insn->imm;
	const char *name = "";

	if (id && id <= btf_type_count(btf) &&
	    BTF_INFO_KIND(btf_type(btf, id)->info) == BTF_KIND_FUNC)
		name = btf_name(btf, id);
	if (!*name || insn->off)
		return err_fail(err, -EINVAL,
				"kernel btf_id %u is not a function", id);
	insn->imm = (s32)kfunc_find(name);
	if (!insn->imm)
		return err_fail(err, -EINVAL,
				"calling kernel function %s is not allowed",
				name);
	return 0;
}

typedef int renumber_fn(const struct btf_blob *btf, struct bpf_insn *insn,
			struct err *err);

static int renumber(struct bpf_insn *insns, u32 cnt, renumber_fn *fn,
		    struct err *err)
{
	struct btf_blob *btf;
	int res;

	if (!has_calls(insns, cnt))
		return 0;
	res = open_kernel(err, &btf);
	if (res)
		return res;
	for (u32 i = 0; !res && i < cnt; i++) {
		if (is_call(&insns[i]))
			res = fn(btf, &insns[i], err);
		if (res)
			err_place(err, "insn %u", i);
		if (insn_is_wide(&insns[i]))
			i++;
	}
	btf_put(btf);
	return res;
}

int kfunc_to_kernel(struct bpf_insn *insns, u32 cnt, struct err *err)
{
	return renumber(insns, cnt, to_kernel, err);
}

int kfunc_from_kernel(struct bpf_insn *insns, u32 cnt, struct err *err)
{
	return renumber(insns, cnt, from_kernel, err);
}
