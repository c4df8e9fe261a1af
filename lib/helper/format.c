/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * format.c - the printf of programs
 *
 * A conversion is %[0+- ]*[width] and d, i, u, x or X with l or ll before it,
 * c, s, or p and more.  Like Linux's, in two passes: the first checks the
 * format and packs the arguments into 512 bytes, strings and addresses as text;
 * what does not fit is cut or refused.  The second writes the line from there.
 */
#include "helper/format.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/uio.h>
#include <unistd.h>

#define PACKED 512
#define PAGE 4096u
#define POINTER_DIGITS 16
#define WIDTH_MAX ((1 << 23) - 1)

struct packed {
	u32 used;
	char bytes[PACKED];
};

struct spec {
	bool zero, plus, left, space;
	s32 width; /* -1: none */
};

struct line {
	char *out;
	u64 len; /* of all of it; out has what fits */
};

/* The kernel's classes, not the locale's: ASCII and Latin-1. */
static bool is_ascii(char c)
{
	return !((u8)c & 0x80);
}

static bool is_print(char c)
{
	return (c >= ' ' && c <= '~') || (u8)c >= 0xa0;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || (u8)c == 0xa0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') ||
	       ((u8)c >= 0xc0 && (u8)c != 0xd7 && (u8)c != 0xf7);
}

static bool ends_word(char c)
{
	return !c || is_space(c) || (is_print(c) && !is_alnum(c));
}

/* Flags and width; where what follows them is. */
static const char *parse_spec(const char *at, struct spec *s)
{
	u32 width = 0;

	*s = (struct spec){ .width = -1 };
	for (;; at++) {
		if (*at == '0')
			s->zero = true;
		else if (*at == '+')
			s->plus = true;
		else if (*at == '-')
			s->left = true;
		else if (*at == ' ')
			s->space = true;
		else
			break;
	}
	if (!is_digit(*at))
		return at;
	for (; is_digit(*at); at++)
		width = width * 10 + (u32)(*at - '0');
	s->width = MAX(MIN((s32)width, WIDTH_MAX), -WIDTH_MAX);
	return at;
}

/* ---- the first pass ---- */

static int pack(struct packed *p, const void *bytes, u32 len)
{
	if (PACKED - p->used < len)
		return -ENOSPC;
	memcpy(p->bytes + p->used, bytes, len);
	p->used += len;
	return 0;
}

static int pack_number(struct packed *p, u64 value, u32 size)
{
	p->used = (u32)round_up(p->used, sizeof(u32));
	return pack(p, &value, size);
}

/* Text and a NUL, cut to what is left. */
static void pack_text(struct packed *p, const char *text)
{
	u32 room = PACKED - p->used;
	u32 len = (u32)strnlen(text, room - 1);

	memcpy(p->bytes + p->used, text, len);
	p->bytes[p->used + len] = '\0';
	p->used += len + 1;
}

/*
 * Memory that a program names by a number may be anywhere or nowhere: the
 * kernel reads it for us.  Returns how many bytes are there.
 */
static u32 read_memory(u64 addr, void *to, u32 size)
{
	u32 done = 0;

	while (done < size) {
		u32 page = PAGE - (u32)((addr + done) % PAGE);
		struct iovec local = { (char *)to + done,
				       MIN(page, size - done) };
		struct iovec remote = { (void *)(uintptr_t)(addr + done),
					local.iov_len };
		ssize_t n =
			process_vm_readv(getpid(), &local, 1, &remote, 1, 0);

		if (n <= 0)
			break;
		done += (u32)n;
	}
	return done;
}

/* Up to size - 1 bytes; empty if memory ends before the string does. */
static void read_string(u64 addr, char *to, u32 size)
{
	u32 n = 0;

	while (n < size - 1) {
		u32 part = MIN(PAGE - (u32)((addr + n) % PAGE), size - 1 - n);

		if (read_memory(addr + n, to + n, part) < part) {
			to[0] = '\0';
			return;
		}
		if (memchr(to + n, '\0', part))
			return;
		n += part;
	}
	to[n] = '\0';
}

static int pack_string(struct packed *p, u64 addr, bool readable)
{
	char text[PACKED] = "";

	if (p->used == PACKED)
		return -ENOSPC;
	if (readable)
		read_string(addr, text, PACKED - p->used);
	pack_text(p, text);
	return 0;
}

/* I: as they are written; i: v4 with all digits, v6 without colons. */
static void address_text(char *text, size_t size, const u8 *ip, bool v6,
			 bool plain)
{
	const char *sep = "";
	size_t n = 0;

	for (u32 i = 0; v6 && i < 16; i += 2) {
		n += (size_t)snprintf(text + n, size - n, "%s%02x%02x", sep,
				      ip[i], ip[i + 1]);
		sep = plain ? ":" : "";
	}
	for (u32 i = 0; !v6 && i < 4; i++) {
		n += (size_t)snprintf(text + n, size - n,
				      plain ? "%s%u" : "%s%03u", sep, ip[i]);
		sep = ".";
	}
}

static int pack_address(struct packed *p, u64 addr, bool v6, bool plain)
{
	u32 size = v6 ? 16 : 4;
	char text[48];
	u8 ip[16];

	if (PACKED - p->used < size)
		return -ENOSPC;
	if (read_memory(addr, ip, size) < size)
		memset(ip, 0, size);
	address_text(text, sizeof(text), ip, v6, plain);
	pack_text(p, text);
	return 0;
}

/* There are no symbols. */
static u32 symbol_text(char text[20], u64 addr)
{
	return (u32)snprintf(text, 20, "0x%llx", (unsigned long long)addr);
}

static int pack_symbol(struct packed *p, u64 addr)
{
	char text[20];

	if (p->used == PACKED)
		return -ENOSPC;
	symbol_text(text, addr);
	pack_text(p, text);
	return 0;
}

/* at is behind a p; moved to behind what Linux looks at. */
static int pack_pointer(struct packed *p, const char **at, u64 value)
{
	char a = (*at)[0], b = a ? (*at)[1] : '\0';

	if ((a == 'k' || a == 'u') && b == 's') {
		*at += 2;
		return ends_word(**at) ? pack_string(p, value, a == 'k')
				       : -EINVAL;
	}
	if (ends_word(a) || strchr("KxsS", a)) {
		*at += !ends_word(a);
		return pack_number(p, value, sizeof(value));
	}
	if (a == 'B') {
		*at += 1;
		return pack_symbol(p, value);
	}
	if ((a != 'i' && a != 'I') || (b != '4' && b != '6'))
		return -EINVAL;
	*at += 2;
	return pack_address(p, value, b == '6', a == 'I');
}

static int pack_int(struct packed *p, const char **at, u64 value)
{
	u32 size = sizeof(u32);

	for (u32 i = 0; i < 2 && **at == 'l'; i++, (*at)++)
		size = sizeof(u64);
	if (!**at || !strchr("diuxX", **at))
		return -EINVAL;
	(*at)++;
	return pack_number(p, value, size);
}

static int pack_arg(struct packed *p, const char **at, u64 value)
{
	struct spec spec;

	*at = parse_spec(*at, &spec);
	switch (**at) {
	case 'p':
		(*at)++;
		return pack_pointer(p, at, value);
	case 's':
		(*at)++;
		return ends_word(**at) ? pack_string(p, value, true) : -EINVAL;
	case 'c':
		(*at)++;
		return pack(p, &(char){ (char)value }, 1);
	default:
		return pack_int(p, at, value);
	}
}

static int pack_args(struct packed *p, const char *fmt, const char *end,
		     const u64 *args, u32 cnt)
{
	u32 next = 0;
	int err;

	while (fmt < end) {
		char c = *fmt++;

		if (is_ascii(c) && !is_print(c) && !is_space(c))
			return -EINVAL;
		if (c != '%')
			continue;
		if (*fmt == '%') {
			fmt++;
			continue;
		}
		if (next == cnt)
			return -EINVAL;
		err = pack_arg(p, &fmt, args[next++]);
		if (err)
			return err;
	}
	return 0;
}

/* ---- the second pass ---- */

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
		if (l->len < FORMAT_LINE - 1)
			l->out[l->len] = text[i];
}

static void pad(struct line *l, s64 n, char c)
{
	for (; n > 0; n--, l->len++) {
		if (l->len >= FORMAT_LINE - 1) {
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
	u64 key[2], z;

	if (!pointer || pointer >= (u64)-4095)
		return pointer;
	memcpy(key, (const void *)getauxval(AT_RANDOM), sizeof(key));
	z = (pointer ^ key[0]) * 0xbf58476d1ce4e5b9;
	z = ((z ^ z >> 32) + key[1]) * 0x94d049bb133111eb;
	return (z ^ z >> 31) >> 32;
}

static void put_pointer(struct line *l, struct spec *s, char how, u64 value)
{
	char text[20];

	if (how == 's' || how == 'S') {
		put_padded(l, s, text, symbol_text(text, value));
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

	at = parse_spec(at, &s);
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

s64 format_line(char out[FORMAT_LINE], const char *fmt, u32 size,
		const u64 *args, u32 cnt)
{
	const char *end = memchr(fmt, '\0', size);
	struct packed p = { 0 };
	struct line l = { .out = out };
	int err;

	if (!end)
		return -EINVAL;
	err = pack_args(&p, fmt, end, args, cnt);
	if (err)
		return err;
	p.used = 0;
	print(&l, &p, fmt, end);
	out[MIN(l.len, FORMAT_LINE - 1u)] = '\0';
	return (s64)l.len;
}
