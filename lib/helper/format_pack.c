/* SPDX-License-Identifier: BSD-3-Clause */
/* format_pack.c - the first pass: formats checked, arguments packed */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "helper/format_spec.h"

#define PAGE 4096u
#define WIDTH_MAX ((1 << 23) - 1)

/* Flags and width; where what follows them is. */
const char *format_spec(const char *at, struct spec *s)
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

u32 format_symbol(char text[SYMBOL_TEXT], u64 addr)
{
	return (u32)snprintf(text, SYMBOL_TEXT, "0x%llx",
			     (unsigned long long)addr);
}

static int pack_symbol(struct packed *p, u64 addr)
{
	char text[SYMBOL_TEXT];

	if (p->used == PACKED)
		return -ENOSPC;
	format_symbol(text, addr);
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

	*at = format_spec(*at, &spec);
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

int format_pack(struct packed *p, const char *fmt, const char *end,
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
