/* SPDX-License-Identifier: BSD-3-Clause */
/* name.h - the letters Linux allows in names: those of Latin-1 */
#ifndef WEIR_BPF_NAME_H
#define WEIR_BPF_NAME_H

#include "base/types.h"

static inline bool name_is_letter(char letter)
{
	u8 c = (u8)letter;

	if (c >= 0xc0)
		return c != 0xd7 && c != 0xf7;
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool name_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* In the name of a map or a program. */
static inline bool name_is_char(char c)
{
	return name_is_letter(c) || name_is_digit(c) || c == '_' || c == '.';
}

#endif
