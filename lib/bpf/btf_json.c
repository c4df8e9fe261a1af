/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * btf_json.c - a value as JSON
 *
 * Integers are numbers; bitfields and 128-bit integers strings of hexadecimal;
 * arrays of char strings where they hold printable text; enums the name of
 * their value; pointers numbers.  Where bpftool prints what is no JSON (floats,
 * types without a size) there is a number or null.
 *
 * BTF_TYPED differs where bpftool's shape says too little, or what JSON readers
 * stumble over: integers in network byte order, numbers above 2^63-1 (strings),
 * members of anonymous structs (the struct's own), text with something behind
 * its end (an array), bools that are neither 0 nor 1 and characters that are 0
 * (numbers).
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "bpf/btf_blob.h"

struct printer {
	struct json *j;
	const struct btf_blob *btf;
	u64 left; /* values that may still be printed */
	bool typed;
};

static void print_value(struct printer *p, u32 id, u32 bit, const u8 *at);

static bool spend(struct printer *p)
{
	if (!p->left) {
		p->j->error = -E2BIG;
		return false;
	}
	p->left--;
	return true;
}

static void print_bits(struct printer *p, const u8 *at, u32 bit, u32 width)
{
	unsigned __int128 v = 0;
	char text[40];
	int len;

	at += bit / 8;
	bit %= 8;
	memcpy(&v, at, btf_bytes(bit + width));
	v >>= bit;
	if (width < 128)
		v &= ((unsigned __int128)1 << width) - 1;
	if (v >> 64)
		len = snprintf(text, sizeof(text), "\"0x%llx%016llx\"",
			       (unsigned long long)(v >> 64),
			       (unsigned long long)v);
	else
		len = snprintf(text, sizeof(text), "\"0x%llx\"",
			       (unsigned long long)v);
	json_raw(p->j, text, (size_t)len);
}

static void print_unsigned(struct printer *p, u64 v)
{
	char text[24];
	int len;

	if (!p->typed || v <= INT64_MAX) {
		json_u64(p->j, v);
		return;
	}
	len = snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
	json_strn(p->j, text, (size_t)len);
}

static void print_char(struct printer *p, u8 c)
{
	char text[16];
	int len;

	if (p->typed && !c) {
		json_u64(p->j, 0);
		return;
	}
	if (isascii(c) && isprint(c)) {
		json_strn(p->j, (const char *)&c, 1);
		return;
	}
	len = snprintf(text, sizeof(text), "\"\\u%04x\"", c);
	json_raw(p->j, text, (size_t)len);
}

/* Little endian, as all Weir runs on; bytes is at most 8. */
static u64 load_unsigned(const u8 *at, u32 bytes)
{
	u64 v = 0;

	memcpy(&v, at, bytes);
	return v;
}

static s64 load_signed(const u8 *at, u32 bytes)
{
	u32 unused = 64 - 8 * bytes;

	return (s64)(load_unsigned(at, bytes) << unused) >> unused;
}

static void print_bool(struct printer *p, u64 v)
{
	if (p->typed && v > 1)
		print_unsigned(p, v);
	else
		json_bool(p->j, v != 0);
}

static void print_int(struct printer *p, const struct btf_type *t, u32 bit,
		      const u8 *at)
{
	u32 word = btf_int(t), bits = BTF_INT_BITS(word), bytes = bits / 8;

	if (bit || !btf_int_regular(t) || bits == 128) {
		print_bits(p, at, bit + BTF_INT_OFFSET(word), bits);
		return;
	}
	switch (BTF_INT_ENCODING(word)) {
	case BTF_INT_SIGNED: json_s64(p->j, load_signed(at, bytes)); return;
	case BTF_INT_CHAR: print_char(p, at[0]); return;
	case BTF_INT_BOOL: print_bool(p, load_unsigned(at, bytes)); return;
	default: print_unsigned(p, load_unsigned(at, bytes));
	}
}

/* The bytes of an integer that lies in network byte order, turned round. */
static const u8 *to_host(const struct btf_type *t, const u8 *at, u8 turned[8])
{
	for (u32 i = 0; i < t->size; i++)
		turned[i] = at[t->size - 1 - i];
	return turned;
}

static void print_enum(struct printer *p, const struct btf_type *t,
		       const u8 *at)
{
	const struct btf_enum *e = (const struct btf_enum *)(t + 1);
	s64 v = load_signed(at, t->size);

	for (u32 i = 0; i < btf_vlen(t); i++) {
		if (e[i].val == v) {
			json_str(p->j, btf_string(p->btf, e[i].name_off));
			return;
		}
	}
	json_s64(p->j, v);
}

static void print_enum64(struct printer *p, const struct btf_type *t,
			 const u8 *at)
{
	const struct btf_enum64 *e = (const struct btf_enum64 *)(t + 1);
	u64 v = load_unsigned(at, t->size);

	for (u32 i = 0; i < btf_vlen(t); i++) {
		if (((u64)e[i].val_hi32 << 32 | e[i].val_lo32) == v) {
			json_str(p->j, btf_string(p->btf, e[i].name_off));
			return;
		}
	}
	json_s64(p->j, (s64)v);
}

static void print_float(struct printer *p, const struct btf_type *t,
			const u8 *at)
{
	char text[40];
	double d = 0;
	float f;
	int len;

	if (t->size == 4) {
		memcpy(&f, at, 4);
		d = f;
	} else if (t->size == 8) {
		memcpy(&d, at, 8);
	} else {
		json_bytes(p->j, at, t->size);
		return;
	}
	len = snprintf(text, sizeof(text), t->size == 4 ? "%.9g" : "%.17g", d);
	if (isfinite(d))
		json_raw(p->j, text, (size_t)len);
	else
		json_strn(p->j, text, (size_t)len);
}

static bool all_zero(const u8 *at, size_t size)
{
	while (size && !*at) {
		at++;
		size--;
	}
	return !size;
}

/* Text as bpftool sees it: ends within the array, nothing but ASCII. */
static bool is_text(const struct printer *p, const struct btf_array *a,
		    const u8 *at)
{
	if (!btf_is_char(p->btf, a->type))
		return false;
	for (u32 i = 0; i < a->nelems; i++) {
		if (!at[i])
			return !p->typed || all_zero(at + i, a->nelems - i);
		if (!isascii(at[i]) || !isprint(at[i]))
			return false;
	}
	return false;
}

static void print_array(struct printer *p, const struct btf_type *t,
			const u8 *at)
{
	const struct btf_array *a = btf_array(t);
	u64 size = (u64)btf_size(p->btf, a->type);

	if (is_text(p, a, at)) {
		json_str(p->j, (const char *)at);
		return;
	}
	json_begin_array(p->j);
	for (u32 i = 0; i < a->nelems && !p->j->error; i++)
		print_value(p, a->type, 0, at + i * size);
	json_end_array(p->j);
}

/* Of an anonymous member, the struct whose members are its owner's. */
static const struct btf_type *anonymous_struct(const struct printer *p,
					       const struct btf_member *m)
{
	const struct btf_type *t;

	if (!p->typed || m->name_off)
		return NULL;
	t = btf_type(p->btf, btf_skip(p->btf, m->type));
	return btf_is(t, BTF_STRUCTS) ? t : NULL;
}

static void print_members(struct printer *p, const struct btf_type *t,
			  const u8 *at)
{
	const struct btf_member *m = btf_members(t);

	for (u32 i = 0; i < btf_vlen(t) && !p->j->error; i++) {
		u32 offset = btf_bit_offset(t, &m[i]);
		u32 width = btf_bitfield_size(t, &m[i]);
		const struct btf_type *inner = anonymous_struct(p, &m[i]);

		if (inner && !spend(p))
			return;
		if (inner) {
			print_members(p, inner, at + offset / 8);
			continue;
		}
		json_key(p->j, btf_string(p->btf, m[i].name_off));
		if (width)
			print_bits(p, at, offset, width);
		else
			print_value(p, m[i].type, offset % 8, at + offset / 8);
	}
}

static void print_struct(struct printer *p, const struct btf_type *t,
			 const u8 *at)
{
	json_begin_object(p->j);
	print_members(p, t, at);
	json_end_object(p->j);
}

static void print_var(struct printer *p, const struct btf_type *t, const u8 *at)
{
	json_begin_object(p->j);
	json_key(p->j, btf_string(p->btf, t->name_off));
	print_value(p, t->type, 0, at);
	json_end_object(p->j);
}

static void print_datasec(struct printer *p, const struct btf_type *t,
			  const u8 *at)
{
	const struct btf_var_secinfo *v = btf_secinfos(t);

	json_begin_object(p->j);
	json_key(p->j, btf_string(p->btf, t->name_off));
	json_begin_array(p->j);
	for (u32 i = 0; i < btf_vlen(t) && !p->j->error; i++)
		print_value(p, v[i].type, 0, at + v[i].offset);
	json_end_array(p->j);
	json_end_object(p->j);
}

static void print_value(struct printer *p, u32 id, u32 bit, const u8 *at)
{
	const struct btf_type *t = btf_type(p->btf, btf_skip(p->btf, id));
	u8 turned[8];

	if (!spend(p))
		return;
	if (p->typed && bit == 0 && btf_is_network(p->btf, id))
		at = to_host(t, at, turned);
	switch (btf_kind(t)) {
	case BTF_KIND_INT: print_int(p, t, bit, at); return;
	case BTF_KIND_ENUM: print_enum(p, t, at); return;
	case BTF_KIND_ENUM64: print_enum64(p, t, at); return;
	case BTF_KIND_PTR:
		print_unsigned(p, load_unsigned(at, sizeof(void *)));
		return;
	case BTF_KIND_FLOAT: print_float(p, t, at); return;
	case BTF_KIND_ARRAY: print_array(p, t, at); return;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION: print_struct(p, t, at); return;
	case BTF_KIND_VAR: print_var(p, t, at); return;
	case BTF_KIND_DATASEC: print_datasec(p, t, at); return;
	default: json_put_null(p->j);
	}
}

/*
 * Unions in unions, and empty structs in anything, can make a small value long
 * without end.  What is real has a few values a byte.
 */
void btf_json(struct json *j, const struct btf_blob *btf, u32 id,
	      const void *value, enum btf_style style)
{
	s64 size = btf_size(btf, id);
	struct printer p = {
		.j = j,
		.btf = btf,
		.left = 65536 + 64 * (u64)MAX(size, 0),
		.typed = style == BTF_TYPED,
	};

	print_value(&p, id, 0, value);
}
