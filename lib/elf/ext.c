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
	struct {
		u32 offset;
		u32 len;
	} part[EXT_KINDS];
};

/* The last part came later: the header may end before it. */
#define HEADER_MIN offsetof(struct ext_header, part[EXT_CORE])

static const struct {
	const char *what;
	u32 rec_min;
	bool ordered; /* strictly, as Linux wants it */
} kinds[EXT_KINDS] = {
	[EXT_FUNCS] = { "function record", sizeof(struct bpf_func_info), true },
	[EXT_LINES] = { "line record", sizeof(struct bpf_line_info), true },
	[EXT_CORE] = { "CO-RE relocation", sizeof(struct bpf_core_relo),
		       false },
};

#define REC_SIZE_MAX 32

struct ext_file {
	struct load *l;
	const struct section *s;
	const u8 *data; /* the section's, aligned */
	u32 kind;
	u32 rec_size;
};

static int record_fail(struct ext_file *f, const u8 *rec, const char *why,
		       const struct code *c)
{
	return section_fail(f->l, f->s, (u64)(rec - f->data), -ENOEXEC,
			    "a %s at byte %u of section %s %s",
			    kinds[f->kind].what, *(const u32 *)rec,
			    c->section->name, why);
}

static int check_records(struct ext_file *f, const struct code *c,
			 const struct ext_records *r)
{
	u32 last = 0;

	for (u32 i = 0; i < r->cnt; i++) {
		const u8 *rec = r->records + (u64)i * f->rec_size;
		u32 off = *(const u32 *)rec;

		if (off % sizeof(struct bpf_insn) || off >= c->section->size)
			return record_fail(f, rec, "is at no instruction", c);
		if (kinds[f->kind].ordered && i && off <= last)
			return record_fail(f, rec, "is out of order", c);
		last = off;
	}
	return 0;
}

/* NULL: of a section without code, which a tool may have removed. */
static struct code *code_named(struct load *l, u32 name_offset)
{
	const char *name = ext_string(l, name_offset);
	const struct section *s = name ? section_find(l, name) : NULL;
	u32 code = s ? l->code_of[s->index] : NONE;

	return code == NONE ? NULL : &l->codes.items[code];
}

/* One section's records; *at moves behind them. */
static int read_section(struct ext_file *f, u32 *at, u32 end)
{
	const u32 *head = (const u32 *)(f->data + *at);
	struct ext_records r = { .records = f->data + *at + 8 };
	struct code *c;
	u64 size;

	if (end - *at < 8)
		return section_fail(f->l, f->s, *at, -ENOEXEC,
				    "the %ss are cut off", kinds[f->kind].what);
	r.cnt = head[1];
	size = (u64)r.cnt * f->rec_size;
	if (!r.cnt || size > end - *at - 8)
		return section_fail(f->l, f->s, *at, -ENOEXEC,
				    "%u %ss do not fit", r.cnt,
				    kinds[f->kind].what);
	c = code_named(f->l, head[0]);
	if (c && c->ext[f->kind].cnt)
		return section_fail(f->l, f->s, *at, -ENOEXEC,
				    "more %ss of section %s, which had some",
				    kinds[f->kind].what, c->section->name);
	*at += 8 + (u32)size;
	if (!c)
		return 0;
	c->ext[f->kind] = r;
	return check_records(f, c, &r);
}

static int read_part(struct ext_file *f, const struct ext_header *h)
{
	u64 at = (u64)h->hdr_len + h->part[f->kind].offset;
	u64 end = at + h->part[f->kind].len;
	u32 pos, sections = 0;

	if (at == end)
		return 0;
	if (at % 4 || end > f->s->size || end - at < 4)
		return section_fail(f->l, f->s, 8, -ENOEXEC,
				    "the %ss, %u bytes at %llu, are not "
				    "aligned or not inside",
				    kinds[f->kind].what, h->part[f->kind].len,
				    (unsigned long long)at);
	f->rec_size = *(const u32 *)(f->data + at);
	if (f->rec_size < kinds[f->kind].rec_min || f->rec_size % 4 ||
	    f->rec_size > REC_SIZE_MAX)
		return section_fail(f->l, f->s, at, -ENOEXEC,
				    "a %s of %u bytes", kinds[f->kind].what,
				    f->rec_size);
	f->l->ext_rec_size[f->kind] = f->rec_size;
	for (pos = (u32)at + 4; pos < end; sections++) {
		int ret = read_section(f, &pos, (u32)end);

		if (ret)
			return ret;
		if (sections > f->l->sections.len)
			return section_fail(f->l, f->s, pos, -ENOEXEC,
					    "%ss of more sections than there "
					    "are",
					    kinds[f->kind].what);
	}
	return 0;
}

static int check_header(struct ext_file *f, struct ext_header *h)
{
	const struct section *s = f->s;

	memset(h, 0, sizeof(*h));
	if (s->size < HEADER_MIN)
		return section_fail(f->l, s, 0, -ENOEXEC,
				    "%llu bytes are no header",
				    (unsigned long long)s->size);
	memcpy(h, f->data, HEADER_MIN);
	if (h->magic != BTF_MAGIC || h->version != BTF_VERSION)
		return section_fail(f->l, s, 0, -ENOEXEC,
				    "the magic or version is wrong");
	if (h->hdr_len < HEADER_MIN || h->hdr_len > s->size)
		return section_fail(f->l, s, 4, -ENOEXEC,
				    "a header of %u bytes", h->hdr_len);
	memcpy(h, f->data, MIN(sizeof(*h), h->hdr_len));
	return 0;
}

const char *ext_string(const struct load *l, u32 offset)
{
	return l->btf ? btf_string(l->btf, offset) : NULL;
}

int ext_read(struct load *l)
{
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
	for (f.kind = 0; f.kind < EXT_KINDS && !ret; f.kind++)
		ret = read_part(&f, &h);
	return ret;
}
