/* SPDX-License-Identifier: BSD-3-Clause */
/* records.c - function and line records of a linked program */
#include "elf/link.h"

#include <string.h>

struct records {
	const u8 *data;
	u32 cnt;
	u32 size; /* of each */
};

/* The instruction that a record is of: the program's, or before the move the
 * section's byte. */
static u32 place(const struct records *r, u32 i)
{
	return *(const u32 *)(r->data + (u64)i * r->size);
}

/* The first record at or behind a place. */
static u32 find(const struct records *r, u32 at)
{
	u32 low = 0, high = r->cnt;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (place(r, mid) < at)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Those of a function, still of the section. */
static struct records records_of(const struct load *l, enum ext_kind kind,
				 const struct func *f)
{
	const struct ext_records *ext = &l->codes.items[f->code].ext[kind];
	struct records r = { ext->records, ext->cnt, l->ext_rec_size[kind] };
	u32 first = find(&r, f->start * (u32)sizeof(struct bpf_insn));

	r.cnt = find(&r, (f->start + f->cnt) * (u32)sizeof(struct bpf_insn)) -
		first;
	r.data = r.cnt ? r.data + (u64)first * r.size : NULL;
	return r;
}

/* Those of all pieces, moved to where these are now. */
static int move(struct link *k, enum ext_kind kind, struct records *out)
{
	const struct piece *piece;
	u8 *to;

	*out = (struct records){ .size = k->l->ext_rec_size[kind] };
	vec_each (piece, &k->pieces)
		out->cnt +=
			records_of(k->l, kind, &k->l->funcs.items[piece->func])
				.cnt;
	if (!out->cnt)
		return 0;
	to = load_alloc(k->l, out->cnt, out->size);
	if (!to)
		return load_nomem(k->l);
	out->data = to;
	vec_each (piece, &k->pieces) {
		const struct func *f = &k->l->funcs.items[piece->func];
		struct records r = records_of(k->l, kind, f);

		for (u32 i = 0; i < r.cnt; i++, to += r.size) {
			memcpy(to, r.data + (u64)i * r.size, r.size);
			*(u32 *)to = *(u32 *)to / 8 - f->start + piece->at;
		}
	}
	return 0;
}

static const void *record_at(const struct records *r, u32 i)
{
	return r->data + (u64)i * r->size;
}

static int set_lines(struct link *k, const struct records *r)
{
	struct prog_line *lines;

	if (!r->cnt)
		return 0;
	lines = load_alloc(k->l, r->cnt, sizeof(*lines));
	if (!lines)
		return load_nomem(k->l);
	for (u32 i = 0; i < r->cnt; i++) {
		const struct bpf_line_info *info = record_at(r, i);
		const char *file = ext_string(k->l, info->file_name_off);
		const char *text = ext_string(k->l, info->line_off);

		lines[i] = (struct prog_line){
			.insn = info->insn_off,
			.line = BPF_LINE_INFO_LINE_NUM(info->line_col),
			.column = BPF_LINE_INFO_LINE_COL(info->line_col),
			.file = file ? file : "",
			.text = text ? text : "",
		};
	}
	k->p->lines = lines;
	k->p->line_cnt = r->cnt;
	return 0;
}

/* The FUNC that a record at this place names, or 0. */
static u32 func_type(const struct load *l, const struct records *r, u32 at)
{
	u32 i = find(r, at), id;
	const struct btf_type *t;

	if (i == r->cnt || place(r, i) != at)
		return 0;
	id = ((const struct bpf_func_info *)record_at(r, i))->type_id;
	t = btf_type(l->btf, id);
	return id && t && type_kind(t) == BTF_KIND_FUNC ? id : 0;
}

static int set_funcs(struct link *k, const struct records *r)
{
	struct prog_func *funcs;

	funcs = load_alloc(k->l, k->pieces.len, sizeof(*funcs));
	if (!funcs)
		return load_nomem(k->l);
	for (u32 i = 0; i < k->pieces.len; i++) {
		const struct piece *piece = &k->pieces.items[i];
		const struct func *f = &k->l->funcs.items[piece->func];
		u32 type = func_type(k->l, r, piece->at);

		funcs[i].insn = piece->at;
		funcs[i].type_id = type;
		funcs[i].name = f->guess && type ? btf_name(k->l->btf, type)
						 : f->name;
	}
	k->p->funcs = funcs;
	k->p->func_cnt = k->pieces.len;
	return 0;
}

/* Linux takes the records of all functions or none. */
static bool complete(const struct link *k, const struct records *r)
{
	const struct piece *piece;

	vec_each (piece, &k->pieces) {
		u32 i = find(r, piece->at);

		if (i == r->cnt || place(r, i) != piece->at)
			return false;
	}
	return true;
}

static void set_raw(struct link *k, const struct records *funcs,
		    const struct records *lines)
{
	if (funcs->cnt != k->pieces.len || !complete(k, funcs))
		return;
	k->p->func_info = funcs->data;
	k->p->func_info_cnt = funcs->cnt;
	k->p->func_info_rec_size = funcs->size;
	if (!complete(k, lines))
		return;
	k->p->line_info = lines->data;
	k->p->line_info_cnt = lines->cnt;
	k->p->line_info_rec_size = lines->size;
}

/* How many there are; out NULL: only counts. */
static u32 put_lacks(const struct link *k, struct elf_invalid *out)
{
	const struct piece *piece;
	u32 n = 0;

	vec_each (piece, &k->pieces) {
		const struct func *f = &k->l->funcs.items[piece->func];
		u32 i = lack_at(k->l, f->code, f->start);

		for (; i < k->l->lacks.len; i++, n++) {
			const struct lack *c = &k->l->lacks.items[i];

			if (c->code != f->code || c->insn >= f->start + f->cnt)
				break;
			if (out)
				out[n] = (struct elf_invalid){
					c->insn - f->start + piece->at,
					c->kfunc, c->why
				};
		}
	}
	return n;
}

static int set_invalid(struct link *k)
{
	struct elf_invalid *list;
	u32 n = put_lacks(k, NULL);

	if (!n)
		return 0;
	list = load_alloc(k->l, n, sizeof(*list));
	if (!list)
		return load_nomem(k->l);
	put_lacks(k, list);
	k->p->invalid = list;
	k->p->invalid_cnt = n;
	return 0;
}

int link_records(struct link *k)
{
	struct records funcs, lines;
	int ret;

	ret = move(k, EXT_FUNCS, &funcs);
	if (!ret)
		ret = move(k, EXT_LINES, &lines);
	if (!ret)
		ret = set_funcs(k, &funcs);
	if (!ret)
		ret = set_lines(k, &lines);
	if (ret)
		return ret;
	set_raw(k, &funcs, &lines);
	return set_invalid(k);
}
