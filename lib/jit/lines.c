/* SPDX-License-Identifier: BSD-3-Clause */
#include "jit/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

/* Opcodes of a line number program, by their numbers in DWARF 4. */
enum {
	EXTENDED,
	COPY,
	ADVANCE_PC,
	ADVANCE_LINE,
	SET_FILE,
	SET_COLUMN,
	NEGATE_STMT,
	SET_BASIC_BLOCK,
	CONST_ADD_PC,
	FIXED_ADVANCE_PC,
	SET_PROLOGUE_END,
	SET_EPILOGUE_BEGIN,
	SET_ISA,
};
enum { EXT_END = 1, EXT_ADDRESS = 2 };

struct reader {
	const u8 *at;
	const u8 *end;
	bool bad;
};

struct program {
	struct reader r;
	u8 min_len;
	s8 line_base;
	u8 line_range;
	u8 opcode_base;
	u8 lengths[255]; /* operands of standard opcodes */
	/* the machine's registers */
	u64 address;
	s64 line;
	u64 base;
	VEC(struct jit_line) rows;
};

static u64 read_fixed(struct reader *r, u32 bytes)
{
	u64 value = 0;

	if ((size_t)(r->end - r->at) < bytes) {
		r->bad = true;
		return 0;
	}
	memcpy(&value, r->at, bytes); /* little-endian, as what runs it */
	r->at += bytes;
	return value;
}

static u64 read_leb(struct reader *r, bool is_signed)
{
	u64 value = 0;
	u32 shift = 0;
	u8 byte;

	do {
		byte = (u8)read_fixed(r, 1);
		if (shift < 64)
			value |= (u64)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80 && !r->bad);
	if (is_signed && shift < 64 && byte & 0x40)
		value |= UINT64_MAX << shift;
	return value;
}

static int add_row(struct program *p, bool end)
{
	struct jit_line *row;

	if (p->address - p->base > UINT32_MAX)
		return 0;
	row = vec_add(&p->rows);
	if (!row)
		return -ENOMEM;
	row->off = (u32)(p->address - p->base);
	row->insn = end || p->line < 1 || p->line > INT32_MAX
			    ? JIT_NO_INSN
			    : (u32)p->line - 1;
	return 0;
}

static int extended(struct program *p)
{
	u64 len = read_leb(&p->r, false);
	const u8 *next;
	int res = 0;

	if (p->r.bad || !len || len > (u64)(p->r.end - p->r.at)) {
		p->r.bad = true;
		return 0;
	}
	next = p->r.at + len;
	switch (read_fixed(&p->r, 1)) {
	case EXT_END:
		res = add_row(p, true);
		p->address = 0;
		p->line = 1;
		break;
	case EXT_ADDRESS:
		if (len == 9)
			p->address = read_fixed(&p->r, 8);
		break;
	default: break;
	}
	p->r.at = next;
	return res;
}

static int special(struct program *p, u8 opcode)
{
	u32 adjusted = (u32)opcode - p->opcode_base;

	p->address += (u64)(adjusted / p->line_range) * p->min_len;
	p->line += p->line_base + (s32)(adjusted % p->line_range);
	return add_row(p, false);
}

static int standard(struct program *p, u8 opcode)
{
	switch (opcode) {
	case EXTENDED: return extended(p);
	case COPY: return add_row(p, false);
	case ADVANCE_PC:
		p->address += read_leb(&p->r, false) * p->min_len;
		return 0;
	case ADVANCE_LINE: p->line += (s64)read_leb(&p->r, true); return 0;
	case CONST_ADD_PC:
		p->address += (u64)((255U - p->opcode_base) / p->line_range) *
			      p->min_len;
		return 0;
	case FIXED_ADVANCE_PC: p->address += read_fixed(&p->r, 2); return 0;
	default:
		for (u32 i = 0; i < p->lengths[opcode]; i++)
			read_leb(&p->r, false);
		return 0;
	}
}

/* Leaves the reader at the first opcode, and its end at the program's. */
static void read_head(struct program *p)
{
	struct reader *r = &p->r;
	u64 len = read_fixed(r, 4), head;

	if (len > (u64)(r->end - r->at)) {
		r->bad = true;
		return;
	}
	r->end = r->at + len;
	r->bad |= read_fixed(r, 2) != 4;
	head = read_fixed(r, 4);
	if (head > (u64)(r->end - r->at)) {
		r->bad = true;
		return;
	}
	p->min_len = r->at[0];
	read_fixed(r, 3); /* that, operations of an instruction, is_stmt */
	p->line_base = (s8)read_fixed(r, 1);
	p->line_range = (u8)read_fixed(r, 1);
	p->opcode_base = (u8)read_fixed(r, 1);
	r->bad |= !p->line_range || !p->opcode_base;
	for (u32 i = 1; i < p->opcode_base && !r->bad; i++)
		p->lengths[i] = (u8)read_fixed(r, 1);
	if (head < 6U + p->opcode_base - 1U)
		r->bad = true;
	else
		r->at += head - (6U + p->opcode_base - 1U);
	r->bad |= r->at > r->end;
}

static int run(struct program *p)
{
	int res = 0;

	read_head(p);
	p->line = 1;
	while (!res && !p->r.bad && p->r.at < p->r.end) {
		u8 opcode = (u8)read_fixed(&p->r, 1);

		res = opcode >= p->opcode_base ? special(p, opcode)
					       : standard(p, opcode);
	}
	return res;
}

static int by_offset(const void *a, const void *b)
{
	const struct jit_line *x = a, *y = b;

	/* where one stretch ends another begins: that counts */
	if (x->off == y->off)
		return (x->insn != JIT_NO_INSN) - (y->insn != JIT_NO_INSN);
	return x->off < y->off ? -1 : 1;
}

u32 jit_lines_find(const struct jit_line *lines, u32 cnt, u32 off)
{
	u32 low = 0;

	/* the last that does not begin behind it */
	while (cnt) {
		u32 half = cnt / 2;

		if (lines[low + half].off <= off) {
			low += half + 1;
			cnt -= half + 1;
		} else {
			cnt = half;
		}
	}
	return low ? lines[low - 1].insn : JIT_NO_INSN;
}

int jit_lines_read(const u8 *bytes, size_t size, u64 base,
		   struct jit_line **lines, u32 *cnt)
{
	struct program *p = calloc(1, sizeof(*p));
	int res;

	*lines = NULL;
	*cnt = 0;
	if (!p)
		return -ENOMEM;
	p->r = (struct reader){ bytes, bytes + size, false };
	p->base = base;
	res = run(p);
	if (res) {
		vec_free(&p->rows);
	} else {
		if (p->rows.len)
			qsort(p->rows.items, p->rows.len,
			      sizeof(*p->rows.items), by_offset);
		*lines = p->rows.items;
		*cnt = p->rows.len;
	}
	free(p);
	return res;
}
