/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * format.c - the printf of programs
 *
 * A conversion is %[0+- ]*[width] and d, i, u, x or X with l or ll before it,
 * c, s, or p and more.  Like Linux's, in two passes: the first checks the
 * format and packs the arguments into 512 bytes, strings and addresses as text;
 * what does not fit is cut or refused.  The second, here, writes the line from
 * there.
 */
#include "helper/format.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "helper/format_spec.h"
#include "helper/helper.h"
#include "helper/secret.h"

#define POINTER_DIGITS 16

struct line {
	char *out;
	u32 room; /* of out */
	u64 len; /* of all of it; out has what fits */
};

static void unpack(struct packed *p, void *to, u32 size)
{
	memset(to, 0, size);
	if (PACKED - p->used < size)
		return;
	memcpy(to, p->bytes + p->used, size);
	p->used += size;
}

static u64 unpack_number(struct packed *p, u32 size)
{
	u64 value = 0;

	p->used = (u32)round_up(p->used, sizeof(u32));
	unpack(p, &value, size);
	return value;
}

static const char *unpack_text(struct packed *p, u32 *len)
{
	const char *text = p->bytes + p->used;

	*len = (u32)strnlen(text, PACKED - p->used);
	p->used = MIN(p->used + *len + 1, PACKED);
	return text;
}

static void put(struct line *l, const char *text, u32 len)
{
	for (u32 i = 0; i < len; i++, l->len++)
		if (l->len + 1 < l->room)
			l->out[l->len] = text[i];
}

static void pad(struct line *l, s64 n, char c)
{
	for (; n > 0; n--, l->len++) {
		if (l->len + 1 >= l->room) {
			l->len += (u64)n;
			return;
		}
		l->out[l->len] = c;
	}
}

static void put_padded(struct line *l, const struct spec *s, const char *text,
		       u32 len)
{
	s64 fill = (s64)s->width - len;

	if (!s->left)
		pad(l, fill, ' ');
	put(l, text, len);
	if (s->left)
		pad(l, fill, ' ');
}

static void put_digits(struct line *l, const struct spec *s, char sign,
		       const char *digits, u32 len)
{
	s64 fill = (s64)s->width - len - (sign ? 1 : 0);

	if (!s->left && !s->zero)
		pad(l, fill, ' ');
	if (sign)
		put(l, &sign, 1);
	if (!s->left && s->zero)
		pad(l, fill, '0');
	put(l, digits, len);
	if (s->left)
		pad(l, fill, ' ');
}

static void put_signed(struct line *l, const struct spec *s, s64 value)
{
	char sign = value < 0 ? '-' : s->plus ? '+' : s->space ? ' ' : '\0';
	u64 size = value < 0 ? -(u64)value : (u64)value;
	char text[24];

	put_digits(l, s, sign, text,
		   (u32)snprintf(text, sizeof(text), "%llu",
				 (unsigned long long)size));
}

static void put_unsigned(struct line *l, const struct spec *s, char how,
			 u64 value)
{
	const char *fmt = how == 'x' ? "%llx" : how == 'X' ? "%llX" : "%llu";
	char text[24];

	put_digits(l, s, '\0', text,
		   (u32)snprintf(text, sizeof(text), fmt,
				 (unsigned long long)value));
}

/*
 * A pointer does not tell where things are: it becomes a number, the same for
 * the same pointer as long as the process lives.  NULL and errors are told.
 */
static u64 hide(u64 pointer)
{
	if (!pointer || pointer >= (u64)-4095)
		return pointer;
	return (u32)XXH3_64bits_withSeed(&pointer, sizeof(pointer), secret());
}

static void put_pointer(struct line *l, struct spec *s, char how, u64 value)
{
	char text[SYMBOL_TEXT];

	if (how == 's' || how == 'S') {
		put_padded(l, s, text, format_symbol(text, value));
		return;
	}
	if (how != 'x')
		value = hide(value);
	if (s->width < 0) {
		s->width = POINTER_DIGITS;
		s->zero = true;
	}
	put_unsigned(l, s, 'x', value);
}

/* Letters and digits behind a pointer all belong to it. */
static const char *print_pointer(struct line *l, struct packed *p,
				 struct spec *s, const char *at)
{
	u32 len;

	if (!is_alnum(*at) || strchr("KxsS", *at)) {
		put_pointer(l, s, *at, unpack_number(p, sizeof(u64)));
	} else {
		const char *text = unpack_text(p, &len);

		put(l, text, len);
	}
	while (is_alnum(*at))
		at++;
	return at;
}

static const char *print_int(struct line *l, struct packed *p,
			     const struct spec *s, const char *at)
{
	bool wide = *at == 'l';
	u64 value;

	while (*at == 'l')
		at++;
	if (!*at)
		return at;
	value = unpack_number(p, wide ? sizeof(u64) : sizeof(u32));
	if (*at == 'd' || *at == 'i')
		put_signed(l, s, wide ? (s64)value : (s32)value);
	else
		put_unsigned(l, s, *at, value);
	return at + 1;
}

static const char *print_arg(struct line *l, struct packed *p, const char *at)
{
	const char *text;
	struct spec s;
	u32 len;
	char c;

	at = format_spec(at, &s);
	switch (*at) {
	case 'p':
		return print_pointer(l, p, &s, at + 1);
	case 's':
		text = unpack_text(p, &len);
		put_padded(l, &s, text, len);
		return at + 1;
	case 'c':
		unpack(p, &c, 1);
		put_padded(l, &s, &c, 1);
		return at + 1;
	default:
		return print_int(l, p, &s, at);
	}
}

static void print(struct line *l, struct packed *p, const char *fmt,
		  const char *end)
{
	while (fmt < end) {
		const char *c = fmt++;

		if (*c == '%' && *fmt != '%') {
			fmt = print_arg(l, p, fmt);
			continue;
		}
		put(l, c, 1);
		fmt += *c == '%';
	}
}

static s64 format(char *out, u32 room, const char *fmt, const char *end,
		  const u64 *args, u32 cnt)
{
	struct packed p = { 0 };
	struct line l = { .out = out, .room = room };
	int err = format_pack(&p, fmt, end, args, cnt);

	if (err)
		return err;
	p.used = 0;
	print(&l, &p, fmt, end);
	if (room)
		out[MIN(l.len, room - 1u)] = '\0';
	return (s64)l.len;
}

/* Both passes see the same format, though others may write to its memory. */
s64 format_line(char *out, u32 room, const char *fmt, u32 size, const u64 *args,
		u32 cnt)
{
	size_t len = strnlen(fmt, size);
	char small[FORMAT_LINE], *copy = small;
	s64 ret;

	if (len == size)
		return -EINVAL;
	if (len >= sizeof(small))
		copy = malloc(len + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, fmt, len);
	copy[len] = '\0';
	ret = format(out, room, copy, copy + len, args, cnt);
	if (copy != small)
		free(copy);
	return ret;
}

bool helper_format_ok(const char *fmt, u32 cnt)
{
	static const u64 args[PACKED / sizeof(u64)];

	cnt = MIN(cnt, (u32)ARRAY_LEN(args));
	return format_line(NULL, 0, fmt, UINT32_MAX, args, cnt) != -EINVAL;
}
