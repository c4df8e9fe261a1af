/* SPDX-License-Identifier: BSD-3-Clause */
/* wbpf_debug.c - what BPF_PROG_LOAD says of functions and source lines */
#include "sys/wbpf_debug.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/insn.h"

#define RECORD_MAX 252 /* bytes */

/* Records of the caller's: each may be longer than what is known of it. */
struct records {
	u64 from;
	u32 cnt;
	u32 size; /* of one, there */
	u32 known;
	const char *what;
};

static int check_records(const struct records *r, u32 insn_cnt, struct err *err)
{
	if (r->size < r->known || r->size > RECORD_MAX || r->size % 4)
		return err_fail(err, -EINVAL, "invalid %s rec size %u", r->what,
				r->size);
	if (r->cnt > insn_cnt)
		return err_fail(err, -EINVAL, "more %s than instructions",
				r->what);
	return 0;
}

/* Copies what is known of one; what is not has to be zero. */
static int read_record(struct wcall *w, const struct records *r, u32 i,
		       void *out, struct err *err)
{
	u8 bytes[RECORD_MAX];
	int res = w->mem->read(w->mem->arg, bytes, r->from + (u64)i * r->size,
			       r->size);

	if (res)
		return res;
	for (u32 k = r->known; k < r->size; k++) {
		if (bytes[k])
			return err_fail(err, -E2BIG,
					"nonzero tailing record in %s",
					r->what);
	}
	memcpy(out, bytes, r->known);
	return 0;
}

static int read_func(struct wcall *w, const struct records *r, u32 i,
		     struct wdebug *d, struct err *err)
{
	struct prog_func *f = &d->funcs[i];
	struct bpf_func_info info;
	const struct btf_type *t;
	int res = read_record(w, r, i, &info, err);

	if (res)
		return res;
	if (i == 0 ? info.insn_off != 0 : info.insn_off <= f[-1].insn)
		return err_fail(err, -EINVAL,
				"func_info %u: offset %u out of order", i,
				info.insn_off);
	t = btf_type(d->btf, info.type_id);
	if (!t || BTF_INFO_KIND(t->info) != BTF_KIND_FUNC)
		return err_fail(err, -EINVAL, "invalid type id %d in func info",
				(int)info.type_id);
	*f = (struct prog_func){ .insn = info.insn_off,
				 .type_id = info.type_id,
				 .name = btf_name(d->btf, info.type_id) };
	return 0;
}

static int read_line(struct wcall *w, const struct records *r, u32 i,
		     struct wdebug *d, u32 insn_cnt, struct err *err)
{
	struct prog_line *line = &d->lines[i];
	struct bpf_line_info info;
	int res = read_record(w, r, i, &info, err);

	if (res)
		return res;
	if ((i && info.insn_off <= line[-1].insn) || info.insn_off >= insn_cnt)
		return err_fail(err, -EINVAL,
				"Invalid line_info[%u].insn_off:%u", i,
				info.insn_off);
	*line = (struct prog_line){
		.insn = info.insn_off,
		.line = BPF_LINE_INFO_LINE_NUM(info.line_col),
		.column = BPF_LINE_INFO_LINE_COL(info.line_col),
		.file = btf_string(d->btf, info.file_name_off),
		.text = btf_string(d->btf, info.line_off),
	};
	if (!line->file || !line->text)
		return err_fail(err, -EINVAL,
				"Invalid line_info[%u].line_off or "
				".file_name_off",
				i);
	return 0;
}

static int read_funcs(struct wcall *w, u32 insn_cnt, struct wdebug *d,
		      struct err *err)
{
	const struct records r = {
		.from = w->u.attr.func_info,
		.cnt = w->u.attr.func_info_cnt,
		.size = w->u.attr.func_info_rec_size,
		.known = sizeof(struct bpf_func_info),
		.what = "func info",
	};
	int res = r.cnt ? check_records(&r, insn_cnt, err) : 0;

	if (res || !r.cnt)
		return res;
	d->funcs = calloc(r.cnt, sizeof(*d->funcs));
	if (!d->funcs)
		return -ENOMEM;
	for (u32 i = 0; !res && i < r.cnt; i++)
		res = read_func(w, &r, i, d, err);
	d->func_cnt = r.cnt;
	return res;
}

static int read_lines(struct wcall *w, u32 insn_cnt, struct wdebug *d,
		      struct err *err)
{
	const struct records r = {
		.from = w->u.attr.line_info,
		.cnt = w->u.attr.line_info_cnt,
		.size = w->u.attr.line_info_rec_size,
		.known = sizeof(struct bpf_line_info),
		.what = "line info",
	};
	int res = r.cnt ? check_records(&r, insn_cnt, err) : 0;

	if (res || !r.cnt)
		return res;
	d->lines = calloc(r.cnt, sizeof(*d->lines));
	if (!d->lines)
		return -ENOMEM;
	for (u32 i = 0; !res && i < r.cnt; i++)
		res = read_line(w, &r, i, d, insn_cnt, err);
	d->line_cnt = r.cnt;
	return res;
}

static void mark(u8 *starts, u32 insn_cnt, s64 at)
{
	if (at >= 0 && at < insn_cnt)
		starts[at] = 1;
}

/* There is one for each function, where it starts. */
static int check_layout(const struct bpf_insn *insns, u32 insn_cnt,
			const struct wdebug *d, struct err *err)
{
	u8 *starts = calloc(insn_cnt, 1);
	u32 n = 0;
	int res = 0;

	if (!starts)
		return -ENOMEM;
	starts[0] = 1;
	for (u32 i = 0; i < insn_cnt; i++) {
		if (insn_is_local_call(&insns[i]) ||
		    insn_is_func_ref(&insns[i]))
			mark(starts, insn_cnt, (s64)i + insns[i].imm + 1);
		if (insn_is_wide(&insns[i]))
			i++;
	}
	for (u32 i = 0; i < insn_cnt && !res; i++) {
		if (!starts[i])
			continue;
		if (n < d->func_cnt && d->funcs[n].insn != i)
			res = err_fail(err, -EINVAL,
				       "func_info BTF section doesn't match "
				       "subprog layout in BPF program");
		n++;
	}
	free(starts);
	if (!res && n != d->func_cnt)
		res = err_fail(err, -EINVAL,
			       "number of funcs in func_info doesn't match "
			       "number of subprogs");
	return res;
}

int wdebug_read(struct wcall *w, const struct bpf_insn *insns, u32 insn_cnt,
		struct wdebug *d, struct err *err)
{
	struct handle h;
	int res;

	/* Without records nobody asks for the BTF. */
	if (!w->u.attr.func_info_cnt && !w->u.attr.line_info_cnt)
		return 0;
	res = handle_get_kind(w->c, w->u.attr.prog_btf_fd, REF_BTF, &h);
	if (res)
		return res;
	d->btf = h.ref.btf;
	res = read_funcs(w, insn_cnt, d, err);
	if (!res && d->func_cnt)
		res = check_layout(insns, insn_cnt, d, err);
	return res ? res : read_lines(w, insn_cnt, d, err);
}

void wdebug_attr(const struct wdebug *d, struct prog_attr *attr)
{
	attr->btf = d->btf;
	attr->funcs = d->funcs;
	attr->func_cnt = d->func_cnt;
	attr->lines = d->lines;
	attr->line_cnt = d->line_cnt;
}

void wdebug_free(struct wdebug *d)
{
	free(d->lines);
	free(d->funcs);
	btf_put(d->btf);
}
