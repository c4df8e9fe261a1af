/* SPDX-License-Identifier: BSD-3-Clause */
/* verdict.c - what Linux's verifier says of the programs of a file */
#include "oracle/verdict.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/insn.h"
#include "bpf/kfunc.h"
#include "elf/elf_obj.h"
#include "oracle/kernel.h"
#include "oracle/mirror.h"

#define LOG_BYTES (1u << 20)
#define LOG_STATS 4u
#define LOG_REASON 1u

struct verdicts {
	struct btf_blob *types; /* the kernel's, or NULL */
	struct elf_obj *obj;
	int btf;
	int *maps;
	char *log;
};

static u64 address(const void *p)
{
	return (u64)(uintptr_t)p;
}

/* ---- maps ---- */

static int fill(int fd, const struct elf_map *em)
{
	const u32 only = 0;
	int res = 0;

	if (em->contents)
		res = kernel_map_write(fd, &only, em->contents);
	return !res && em->freeze ? kernel_map_freeze(fd) : res;
}

/* What user space has still to say before a map can be made: the verifier does
 * not look at it. */
static u32 some_entries(u32 type)
{
	switch (type) {
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY: return kernel_cpus();
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_USER_RINGBUF: return (u32)sysconf(_SC_PAGESIZE);
	default: return 1;
	}
}

static int create_map(const struct verdicts *v, const struct elf_map *em,
		      int inner)
{
	struct map_attr attr = em->attr;
	int fd = mirror_create_map(v->btf, &attr, inner);

	if (fd >= 0 || attr.max_entries)
		return fd;
	attr.max_entries = some_entries(attr.type);
	return mirror_create_map(v->btf, &attr, inner);
}

static int make_map(struct verdicts *v, u32 i)
{
	const struct elf_map *em = &v->obj->maps[i];
	int inner = -1, fd;

	if (em->inner >= 0) {
		inner = create_map(v, &v->obj->maps[em->inner], -1);
		if (inner < 0)
			return inner;
	}
	fd = create_map(v, em, inner);
	if (inner >= 0)
		close(inner);
	if (fd < 0)
		return fd;
	v->maps[i] = fd;
	return fill(fd, em);
}

static int make_maps(struct verdicts *v, struct err *err)
{
	for (u32 i = 0; i < v->obj->map_cnt; i++) {
		int res = 0;

		if (!v->obj->maps[i].is_template)
			res = make_map(v, i);
		if (res)
			return mirror_refused("map", v->obj->maps[i].name, res,
					      err);
	}
	return 0;
}

/* ---- the object ---- */

static int open_object(struct verdicts *v, const char *path, struct err *err)
{
	struct elf_opts opts = { 0 };
	const void *bytes;
	u32 size;
	int res = mirror_kernel_types(err, &v->types);

	opts.target_btf = v->types;
	if (!res)
		res = elf_open(path, &opts, err, &v->obj);
	if (res || !v->obj->btf)
		return res;
	bytes = btf_raw(v->obj->btf, &size);
	v->btf = kernel_btf_load(bytes, size);
	return v->btf < 0
		       ? mirror_refused("the object's BTF", NULL, v->btf, err)
		       : 0;
}

int verdicts_open(const char *path, struct err *err, struct verdicts **out)
{
	struct verdicts *v = calloc(1, sizeof(*v));
	int res;

	if (!v)
		return err_fail(err, -ENOMEM, "out of memory");
	v->btf = -1;
	res = open_object(v, path, err);
	if (!res) {
		v->log = malloc(LOG_BYTES);
		v->maps = malloc((v->obj->map_cnt + 1ul) * sizeof(*v->maps));
		for (u32 i = 0; v->maps && i < v->obj->map_cnt; i++)
			v->maps[i] = -1;
		res = v->log && v->maps
			      ? make_maps(v, err)
			      : err_fail(err, -ENOMEM, "out of memory");
	}
	if (res) {
		verdicts_close(v);
		return res;
	}
	*out = v;
	return 0;
}

void verdicts_close(struct verdicts *v)
{
	for (u32 i = 0; v->maps && i < v->obj->map_cnt; i++)
		if (v->maps[i] >= 0)
			close(v->maps[i]);
	free(v->maps);
	free(v->log);
	if (v->btf >= 0)
		close(v->btf);
	if (v->obj)
		elf_close(v->obj);
	if (v->types)
		btf_put(v->types);
	free(v);
}

/* ---- the question ---- */

/* Kernel functions that Weir has not; others have been. */
static void resolve_kfuncs(const struct verdicts *v, const struct elf_prog *ep,
			   struct bpf_insn *insns)
{
	for (u32 i = 0; v->types && i < ep->invalid_cnt; i++) {
		const char *name = ep->invalid[i].kfunc;
		int id = name ? btf_find(v->types, name, BTF_KIND_FUNC) : 0;

		if (id > 0)
			insns[ep->invalid[i].insn].imm = id;
	}
}

static void resolve_maps(const struct verdicts *v, struct bpf_insn *insns,
			 u32 cnt)
{
	for (u32 i = 0; i < cnt; i++) {
		if (!insn_is_wide(&insns[i]))
			continue;
		if (insns[i].src_reg == BPF_PSEUDO_MAP_FD ||
		    insns[i].src_reg == BPF_PSEUDO_MAP_VALUE)
			insns[i].imm = v->maps[insns[i].imm];
		i++;
	}
}

static void read_numbers(const char *log, struct verdict *out)
{
	const char *at = strstr(log, "verification time ");

	if (at)
		out->time_us = strtoull(at + 18, NULL, 10);
	at = strstr(log, "processed ");
	if (at)
		out->processed = (u32)strtoul(at + 10, NULL, 10);
}

/* As much as there is room for, without the totals. */
static void read_end(const char *log, struct verdict *out)
{
	const char *end = strstr(log, "\nprocessed "), *from = log;

	if (!end)
		end = log + strlen(log);
	if ((size_t)(end - log) >= sizeof(out->log)) {
		from = strchr(end - sizeof(out->log) + 1, '\n');
		from = from && from < end ? from + 1 : end;
	}
	snprintf(out->log, sizeof(out->log), "%.*s", (int)(end - from), from);
}

static int load(struct verdicts *v, union bpf_attr *attr, u32 level)
{
	v->log[0] = '\0';
	attr->log_buf = address(v->log);
	attr->log_size = LOG_BYTES;
	attr->log_level = level;
	return kernel_prog_load(attr);
}

static int ask(struct verdicts *v, union bpf_attr *attr, struct verdict *out)
{
	int fd = load(v, attr, LOG_STATS);

	*out = (struct verdict){ .accepted = fd >= 0 };
	read_numbers(v->log, out);
	if (fd >= 0) {
		close(fd);
		return 0;
	}
	fd = load(v, attr, LOG_REASON);
	if (fd >= 0)
		close(fd);
	read_end(v->log, out);
	snprintf(out->reason, sizeof(out->reason), "%s", mirror_reason(v->log));
	if (!out->reason[0])
		snprintf(out->reason, sizeof(out->reason), "%s", strerror(-fd));
	return 0;
}

int verdicts_ask(struct verdicts *v, const char *prog, struct verdict *out,
		 struct err *err)
{
	const struct elf_prog *ep = elf_prog_find(v->obj, prog);
	union bpf_attr attr = { 0 };
	struct bpf_insn *insns;
	int res;

	if (!ep)
		return err_fail(err, -ENOENT, "there is no program %s", prog);
	insns = malloc(ep->insn_cnt * sizeof(*insns));
	if (!insns)
		return err_fail(err, -ENOMEM, "out of memory");
	memcpy(insns, ep->insns, ep->insn_cnt * sizeof(*insns));
	resolve_maps(v, insns, ep->insn_cnt);
	attr.prog_type = ep->type;
	attr.expected_attach_type = ep->expected_attach_type;
	attr.prog_flags = ep->flags;
	attr.license = address(v->obj->license);
	attr.insns = address(insns);
	attr.insn_cnt = ep->insn_cnt;
	kernel_name(attr.prog_name, ep->name);
	if (v->btf >= 0 && ep->func_info_cnt) {
		attr.prog_btf_fd = (u32)v->btf;
		attr.func_info = address(ep->func_info);
		attr.func_info_cnt = ep->func_info_cnt;
		attr.func_info_rec_size = ep->func_info_rec_size;
		attr.line_info = address(ep->line_info);
		attr.line_info_cnt = ep->line_info_cnt;
		attr.line_info_rec_size = ep->line_info_rec_size;
	}
	res = kfunc_to_kernel(insns, ep->insn_cnt, err);
	resolve_kfuncs(v, ep, insns);
	if (!res)
		res = ask(v, &attr, out);
	free(insns);
	return res;
}
