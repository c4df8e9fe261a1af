/* SPDX-License-Identifier: BSD-3-Clause */
/* wbpf_prog.c - BPF_PROG_LOAD, BPF_PROG_BIND_MAP */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/insn.h"
#include "bpf/kfunc.h"
#include "sys/wclient.h"
#include "sys/wbpf_debug.h"
#include "verify/verify.h"

#define LICENSE_SIZE 128

/* A program on its way in. */
struct loading {
	struct wcall *w;
	struct err *err;
	struct bpf_insn *insns;
	u32 insn_cnt;
	char license[LICENSE_SIZE];
	char name[BPF_OBJ_NAME_LEN];
	VEC(struct map *) maps; /* each with a reference */
	struct wdebug debug;
};

static int read_license(struct loading *l)
{
	struct wcall *w = l->w;

	for (size_t i = 0; i < sizeof(l->license) - 1; i++) {
		int res = w->mem->read(w->mem->arg, &l->license[i],
				       w->u.attr.license + i, 1);

		if (res)
			return res;
		if (!l->license[i])
			break;
	}
	return 0;
}

static int read_code(struct loading *l)
{
	const union bpf_attr *u = &l->w->u.attr;
	int res;

	l->insn_cnt = u->insn_cnt;
	l->insns = wcall_copy_in(l->w, u->insns,
				 (u64)u->insn_cnt * sizeof(*l->insns), &res);
	if (!l->insns)
		return res;
	res = read_license(l);
	if (res)
		return res;
	if (u->prog_ifindex || l->w->u.prog.signature)
		return -EOPNOTSUPP; /* no devices, no keys */
	memcpy(l->name, u->prog_name, sizeof(l->name));
	if (l->name[sizeof(l->name) - 1])
		return err_fail(l->err, -EINVAL,
				"the name has more than %zu characters",
				sizeof(l->name) - 1);
	return 0;
}

/* The map's place among those that the program uses. */
static int use_map(struct loading *l, u32 number, u32 *index)
{
	struct map **slot;
	struct handle h;
	int res = handle_get_kind(l->w->c, number, REF_MAP, &h);

	if (res)
		return err_fail(l->err, res,
				"fd %d is not pointing to valid bpf_map",
				(int)number);
	for (*index = 0; *index < l->maps.len; ++*index) {
		if (l->maps.items[*index] == h.ref.map) {
			ref_put(h.ref);
			return 0;
		}
	}
	slot = vec_add(&l->maps);
	if (!slot) {
		ref_put(h.ref);
		return -ENOMEM;
	}
	*slot = h.ref.map;
	return 0;
}

/* fd_array of a known length: the program keeps all maps in it, used or not. */
static int use_array(struct loading *l)
{
	struct wcall *w = l->w;

	for (u32 i = 0; i < w->u.prog.fd_array_cnt; i++) {
		u32 number, index;
		int res = w->mem->read(w->mem->arg, &number,
				       w->u.attr.fd_array + i * 4ull, 4);

		if (!res)
			res = use_map(l, number, &index);
		if (res)
			return res;
	}
	return 0;
}

/* The handle an instruction names, itself or by its place in fd_array. */
static int map_handle(struct loading *l, struct bpf_insn *insn, u32 *number)
{
	struct wcall *w = l->w;

	*number = (u32)insn->imm;
	if (insn->src_reg == BPF_PSEUDO_MAP_FD ||
	    insn->src_reg == BPF_PSEUDO_MAP_VALUE)
		return 0;
	if (!w->u.attr.fd_array)
		return err_fail(l->err, -EPROTO,
				"fd_idx without fd_array is invalid");
	insn->src_reg = insn->src_reg == BPF_PSEUDO_MAP_IDX
				? BPF_PSEUDO_MAP_FD
				: BPF_PSEUDO_MAP_VALUE;
	return w->mem->read(w->mem->arg, number,
			    w->u.attr.fd_array + (u64)(u32)insn->imm * 4, 4);
}

static bool names_map(const struct bpf_insn *insn)
{
	return insn_is_wide(insn) &&
	       (insn->src_reg == BPF_PSEUDO_MAP_FD ||
		insn->src_reg == BPF_PSEUDO_MAP_VALUE ||
		insn->src_reg == BPF_PSEUDO_MAP_IDX ||
		insn->src_reg == BPF_PSEUDO_MAP_IDX_VALUE);
}

static int use_maps(struct loading *l)
{
	for (u32 i = 0; i < l->insn_cnt; i++) {
		struct bpf_insn *insn = &l->insns[i];
		u32 number, index = 0;
		int res;

		if (!insn_is_wide(insn))
			continue;
		i++;
		if (!names_map(insn))
			continue;
		res = map_handle(l, insn, &number);
		if (!res)
			res = use_map(l, number, &index);
		if (res) {
			err_place(l->err, "insn %u", i - 1);
			return res;
		}
		insn->imm = (s32)index;
	}
	return 0;
}

static int load(struct loading *l, struct wlog *lines, struct prog **out)
{
	const struct verify_log log = { .level = lines->level,
					.write = wlog_add,
					.cut = wlog_cut,
					.arg = lines };
	const union bpf_attr *u = &l->w->u.attr;
	struct prog_attr attr = {
		.type = u->prog_type,
		.expected_attach_type = u->expected_attach_type,
		.flags = u->prog_flags,
		.name = l->name,
		.license = l->license,
		.insns = l->insns,
		.insn_cnt = l->insn_cnt,
	};
	int res = sys_prog_check(&attr, l->err);

	if (!res)
		res = use_array(l);
	if (!res)
		res = wdebug_read(l->w, l->insns, l->insn_cnt, &l->debug,
				  l->err);
	if (!res)
		res = use_maps(l);
	if (!res)
		res = kfunc_from_kernel(l->insns, l->insn_cnt, l->err);
	if (res)
		return res;
	attr.maps = l->maps.items;
	attr.map_cnt = l->maps.len;
	wdebug_attr(&l->debug, &attr);
	return sys_prog_load(l->w->sys, &attr, &log, l->err, out);
}

static void loading_end(struct loading *l)
{
	struct map **map;

	wdebug_free(&l->debug);
	vec_each (map, &l->maps)
		map_put(*map);
	vec_free(&l->maps);
	free(l->insns);
}

/* What comes before the instructions are looked at. */
static int check_attr(const struct wcall *w)
{
	const union bpf_attr *u = &w->u.attr;
	const struct prog_attr attr = { .flags = u->prog_flags,
					.insn_cnt = u->insn_cnt };
	int res = sys_prog_check_size(&attr, NULL);

	if (res)
		return res;
	/* There is nothing of Linux's own to attach to. */
	return u->attach_prog_fd || u->attach_btf_id ? -EINVAL : 0;
}

int wbpf_prog_load(struct wcall *w)
{
	const union bpf_attr *u = &w->u.attr;
	struct wlog log = {
		.buf = u->log_buf,
		.size = u->log_size,
		.level = u->log_level,
		.true_size = offsetof(union bpf_attr, log_true_size),
	};
	struct err err = { 0 };
	struct loading l = { .w = w, .err = &err };
	struct prog *prog = NULL;
	int res = check_attr(w);

	if (!res)
		res = read_code(&l);
	if (!res)
		res = wlog_check(&log);
	if (res) {
		loading_end(&l);
		return res;
	}
	res = load(&l, &log, &prog);
	jit_kept_end(&w->sys->kept);
	loading_end(&l);
	res = wlog_end(w, &log, &err, res);
	if (!res)
		return handle_new(w->c, ref_prog(prog), 0);
	if (prog)
		prog_put(prog);
	return res;
}

int wbpf_prog_bind_map(struct wcall *w)
{
	const union bpf_attr *u = &w->u.attr;
	struct handle prog, map;
	int res;

	if (!wcall_only(w, ATTR_END(prog_bind_map.flags)) ||
	    u->prog_bind_map.flags)
		return -EINVAL;
	res = handle_get_kind(w->c, u->prog_bind_map.prog_fd, REF_PROG, &prog);
	if (res)
		return res;
	res = handle_get_kind(w->c, u->prog_bind_map.map_fd, REF_MAP, &map);
	if (!res) {
		res = prog_bind(prog.ref.prog, map.ref.map);
		ref_put(map.ref);
	}
	ref_put(prog.ref);
	return res;
}
