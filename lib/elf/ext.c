/* SPDX-License-Identifier: BSD-3-Clause */
/* ext.c - .BTF.ext: what the instructions of each section come from */
#include "elf/object.h"

#include <errno.h>
#include <string.h>

struct ext_header {
	u16 magic;
	u8 version;
	u8 flags;
	u32 hdr_len;
	u32 off_len[3][2]; /* functions, lines, CO-RE relocations */
};

enum { FUNCS, LINES, CORE };

static const struct {
	const char *what;
	u32 rec_min;
	bool ordered;
} kinds[] = {
	[FUNCS] = { "function record", sizeof(struct bpf_func_info), true },
	[LINES] = { "line record", sizeof(struct bpf_line_info), true },
	[CORE] = { "CO-RE relocation", sizeof(struct bpf_core_relo), false },
};

#define REC_SIZE_MAX 256

struct ext_file {
	struct load *l;
	const struct section *s;
	const u8 *data; /* the section's, aligned */
	u32 kind;
};

static int check_records(struct ext_file *f, const struct section *of,
			 const u8 *records, u32 cnt, u32 rec_size)
{
	u32 last = 0;

	for (u32 i = 0; i < cnt; i++) {
		const u8 *rec = records + (u64)i * rec_size;
		u32 off = *(const u32 *)rec;

		if (off % sizeof(struct bpf_insn) || off >= of->size)
			return section_fail(f->l, f->s, (u64)(rec - f->data),
					    -ENOEXEC,
					    "a %s at byte %u of "
					    "section %s is at no instruction",
					    kinds[f->kind].what, off, of->name);
		if (kinds[f->kind].ordered && i && off < last)
			return section_fail(f->l, f->s, (u64)(rec - f->data),
					    -ENOEXEC,
					    "the %ss of section %s "
					    "are not in order",
					    kinds[f->kind].what, of->name);
		last = off;
	}
	return 0;
}

/* One section's records; *at moves behind them. */
static int read_section(struct ext_file *f, struct ext_info *info, u32 *at,
			u32 end)
{
	const u32 *head = (const u32 *)(f->data + *at);
	const struct section *of;
	struct ext_records *r;
	const char *name;
	u64 size;
	int ret;

	if (end - *at < 8)
		return section_fail(f->l, f->s, *at, -ENOEXEC,
				    "the %ss are cut off", kinds[f->kind].what);
	size = (u64)head[1] * info->rec_size;
	if (!head[1] || size > end - *at - 8)
		return section_fail(f->l, f->s, *at, -ENOEXEC,
				    "%u %ss do not fit", head[1],
				    kinds[f->kind].what);
	name = ext_string(f->l, head[0]);
	of = name ? section_find(f->l, name) : NULL;
	if (!of || f->l->code_of[of->index] == NONE)
		return section_fail(f->l, f->s, *at, -ENOEXEC,
				    "%ss of section '%s', which has no code",
				    kinds[f->kind].what, name ? name : "");
	ret = check_records(f, of, f->data + *at + 8, head[1], info->rec_size);
	if (ret)
		return ret;
	if (info->sections.len > f->l->sections.len)
		return section_fail(f->l, f->s, *at, -ENOEXEC,
				    "%ss of more sections than there are",
				    kinds[f->kind].what);
	r = vec_add(&info->sections);
	if (!r)
		return load_nomem(f->l);
	*r = (struct ext_records){ .section = of,
				   .records = f->data + *at + 8,
				   .cnt = head[1] };
	*at += 8 + (u32)size;
	return 0;
}

static int read_info(struct ext_file *f, const struct ext_header *h,
		     struct ext_info *info)
{
	u64 at = (u64)h->hdr_len + h->off_len[f->kind][0];
	u64 end = at + h->off_len[f->kind][1];
	u32 pos;

	if (at == end)
		return 0;
	if (at % 4 || end > f->s->size || end - at < 4)
		return section_fail(f->l, f->s, 8, -ENOEXEC,
				    "the %ss at %llu are not aligned or not "
				    "inside",
				    kinds[f->kind].what,
				    (unsigned long long)at);
	info->rec_size = *(const u32 *)(f->data + at);
	if (info->rec_size < kinds[f->kind].rec_min || info->rec_size % 4 ||
	    info->rec_size > REC_SIZE_MAX)
		return section_fail(f->l, f->s, at, -ENOEXEC,
				    "a %s of %u bytes", kinds[f->kind].what,
				    info->rec_size);
	for (pos = (u32)at + 4; pos < end;) {
		int ret = read_section(f, info, &pos, (u32)end);

		if (ret)
			return ret;
	}
	return 0;
}

static int check_header(struct ext_file *f, struct ext_header *h)
{
	const struct section *s = f->s;

	/* The last pair came later: then the header is longer. */
	memset(h, 0, sizeof(*h));
	if (s->size < offsetof(struct ext_header, off_len[CORE]))
		return section_fail(f->l, s, 0, -ENOEXEC,
				    "%llu bytes are no "
				    "header",
				    (unsigned long long)s->size);
	memcpy(h, f->data, offsetof(struct ext_header, off_len[CORE]));
	if (h->magic != BTF_MAGIC || h->version != BTF_VERSION)
		return section_fail(f->l, s, 0, -ENOEXEC,
				    "the magic or version is wrong");
	if (h->hdr_len < offsetof(struct ext_header, off_len[CORE]) ||
	    h->hdr_len > s->size)
		return section_fail(f->l, s, 4, -ENOEXEC,
				    "a header of %u bytes", h->hdr_len);
	memcpy(h, f->data, MIN(sizeof(*h), h->hdr_len));
	return 0;
}

const char *ext_string(const struct load *l, u32 offset)
{
	const struct btf_header *h;
	u32 size;

	if (!l->btf)
		return NULL;
	h = btf_raw(l->btf, &size);
	return offset < h->str_len ? btf_string(l->btf, offset) : NULL;
}

int ext_read(struct load *l)
{
	struct ext_info *info[] = { &l->func_info, &l->line_info,
				    &l->core_info };
	struct ext_file f = { .l = l, .s = section_find(l, ".BTF.ext") };
	struct ext_header h;
	u8 *copy;
	int ret;

	/* without .BTF it says nothing */
	if (!f.s || !f.s->data || !l->btf)
		return 0;
	copy = load_alloc(l, f.s->size, 1);
	if (!copy)
		return load_nomem(l);
	memcpy(copy, f.s->data, f.s->size);
	f.data = copy;
	ret = check_header(&f, &h);
	for (f.kind = FUNCS; f.kind <= CORE && !ret; f.kind++)
		ret = read_info(&f, &h, info[f.kind]);
	return ret;
}
