/* SPDX-License-Identifier: BSD-3-Clause */
/* format_spec.h - what the two passes of format.h and strtol.c share */
#ifndef WEIR_HELPER_FORMAT_SPEC_H
#define WEIR_HELPER_FORMAT_SPEC_H

#include "base/types.h"

#define PACKED 512

/* Arguments packed: numbers aligned to 4, strings and addresses as text. */
struct packed {
	u32 used;
	char bytes[PACKED];
};

struct spec {
	bool zero, plus, left, space;
	s32 width; /* -1: none */
};

/* The kernel's classes, not the locale's: ASCII and Latin-1. */
static inline bool is_ascii(char c)
{
	return !((u8)c & 0x80);
}

static inline bool is_print(char c)
{
	return (c >= ' ' && c <= '~') || (u8)c >= 0xa0;
}

static inline bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || (u8)c == 0xa0;
}

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') ||
	       ((u8)c >= 0xc0 && (u8)c != 0xd7 && (u8)c != 0xf7);
}

static inline bool ends_word(char c)
{
	return !c || is_space(c) || (is_print(c) && !is_alnum(c));
}

/* Flags and width; where what follows them is. */
const char *format_spec(const char *at, struct spec *s);

/* There are no symbols: the address.  Returns its length. */
#define SYMBOL_TEXT 20
u32 format_symbol(char text[SYMBOL_TEXT], u64 addr);

/* The first pass: -EINVAL, -ENOSPC. */
int format_pack(struct packed *p, const char *fmt, const char *end,
		const u64 *args, u32 cnt);

#endif
