/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * prog.c - programs: loaded, found
 *
 * A program is in the table from when it can run until its last reference
 * goes.
 */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "bpf/name.h"
#include "jit/jit.h"
#include "maps/prog_array.h"
#include "sys/sys_priv.h"
#include "verify/verify.h"
#include "vm/vm.h"

/* Linux's limit for the privileged */
#define INSNS_MAX 1000000

#define PROG_FLAGS                                                            \
	(BPF_F_STRICT_ALIGNMENT | BPF_F_ANY_ALIGNMENT | BPF_F_TEST_RND_HI32 | \
	 BPF_F_TEST_STATE_FREQ | BPF_F_XDP_HAS_FRAGS |                        \
	 BPF_F_TEST_REG_INVARIANTS)

static const u32 types[] = {
	BPF_PROG_TYPE_XDP,
	BPF_PROG_TYPE_SCHED_CLS,
	BPF_PROG_TYPE_SCHED_ACT,
	BPF_PROG_TYPE_SOCKET_FILTER,
};

static int check_type(u32 type, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (types[i] == type)
			return 0;
	}
	err_fail(err, -EINVAL, "programs of type %s (%u) do not run here",
		 prog_type_name(type), type);
	return err_hint(err, "xdp, sched_cls, sched_act and socket_filter do");
}

/* What is kept of it: 15 characters. */
static int check_name(const char *name, struct err *err)
{
	for (u32 i = 0; name && name[i] && i < BPF_OBJ_NAME_LEN - 1; i++) {
		if (!name_is_char(name[i]))
			return err_fail(err, -EINVAL,
					"character 0x%02x in the program's "
					"name",
					(u8)name[i]);
	}
	return 0;
}

int sys_prog_check_size(const struct prog_attr *attr, struct err *err)
{
	if (attr->flags & ~(u32)PROG_FLAGS)
		return err_fail(err, -EINVAL, "programs have no flag 0x%x here",
				attr->flags & ~(u32)PROG_FLAGS);
	if (attr->insn_cnt == 0 || attr->insn_cnt > INSNS_MAX)
		return err_fail(err, -E2BIG,
				"%u instructions: a program has 1 to %u",
				attr->insn_cnt, INSNS_MAX);
	return 0;
}

int sys_prog_check(const struct prog_attr *attr, struct err *err)
{
	int res = sys_prog_check_size(attr, err);

	if (!res)
		res = check_type(attr->type, err);
	return res ? res : check_name(attr->name, err);
}

/* All that use a map with programs in it, and these, are of one kind. */
static int adopt_arrays(const struct prog *prog, struct err *err)
{
	for (u32 i = 0; i < prog->map_cnt; i++) {
		struct map *map = prog->maps[i];

		if (!map->ops->adopt || map->ops->adopt(map, prog) == 0)
			continue;
		err_fail(err, -EINVAL,
			 "the programs of map %s are of another kind",
			 map->name);
		return err_hint(err, "programs of one map share type, attach "
				     "type and flags");
	}
	return 0;
}

static void forget_prog(struct prog *prog, void *arg)
{
	struct sys *sys = arg;

	id_remove(&sys->progs, prog->id);
}

/* A program that is safe to run. */
static int make_prog(struct sys *sys, const struct prog_attr *attr,
		     const struct verify_log *log, struct err *err,
		     struct prog **out)
{
	struct verify_result result;
	int res = verify_prog(attr, log, &result, err);

	if (!res)
		res = prog_create(sys->mem, attr, err, out);
	if (!res)
		verify_fix(&result, *out);
	verify_result_free(&result);
	return res;
}

/* If that fails it stays with the interpreter. */
static void compile(struct sys *sys, struct prog *prog)
{
	const struct jit_opts opts = { .level = JIT_O2,
				       .compiler = engine_compiler(),
				       .kept = &sys->kept,
				       .cache = sys->code_cache,
				       .perf = sys->perf };
	struct err err = { 0 };
	char text[1024];

	if (sys->engine != SYS_JIT || !jit_prepare(prog, &opts, &err))
		return;
	log_warn("program %s is interpreted: %s",
		 prog->full_name ? prog->full_name : prog->name,
		 err_text(&err, text, sizeof(text)));
}

int sys_prog_load(struct sys *sys, const struct prog_attr *attr,
		  const struct verify_log *log, struct err *err,
		  struct prog **out)
{
	struct prog *prog;
	int res = sys_prog_check(attr, err);

	if (!res)
		res = make_prog(sys, attr, log, err, &prog);
	if (res)
		return res;
	res = vm_prepare(prog, VM_PLAIN, err);
	if (!res)
		res = adopt_arrays(prog, err);
	if (res)
		goto put_prog;
	compile(sys, prog);
	prog->gone = forget_prog;
	prog->gone_arg = sys;
	res = id_add(&sys->progs, prog, &prog->id);
	if (res) {
		prog->gone = NULL;
		err_fail(err, res, "out of memory");
		goto put_prog;
	}
	*out = prog;
	return 0;

put_prog:
	prog_put(prog);
	return res;
}

static void *try_get_prog(void *obj)
{
	return prog_try_get(obj);
}

struct prog *sys_prog_by_id(struct sys *sys, u32 id)
{
	return id_find(&sys->progs, id, try_get_prog);
}

u32 sys_next_prog_id(struct sys *sys, u32 id)
{
	return id_next(&sys->progs, id);
}
