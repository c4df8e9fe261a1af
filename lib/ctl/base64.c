/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl/base64.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "abcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const void *bytes, size_t size, char *text)
{
	const u8 *p = bytes;

	for (; size >= 3; size -= 3, p += 3) {
		*text++ = alphabet[p[0] >> 2];
		*text++ = alphabet[(p[0] << 4 | p[1] >> 4) & 63];
		*text++ = alphabet[(p[1] << 2 | p[2] >> 6) & 63];
		*text++ = alphabet[p[2] & 63];
	}
	if (size == 0)
		return;
	*text++ = alphabet[p[0] >> 2];
	*text++ = alphabet[(p[0] << 4 | (size == 2 ? p[1] >> 4 : 0)) & 63];
	*text++ = size == 2 ? alphabet[p[1] << 2 & 63] : '=';
	*text = '=';
}

#define BAD 0xc0u /* in no digit's value */

/* 0 to 63, or BAD. */
static u8 digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (u8)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (u8)(c - 'a' + 26);
	if (c >= '0' && c <= '9')
		return (u8)(c - '0' + 52);
	return c == '+' ? 62 : c == '/' ? 63 : BAD;
}

/* Of whole groups of four.  False: one has a character that is no digit. */
static bool decode_groups(const char *text, size_t groups, u8 *out)
{
	u8 digits[256];
	u32 seen = 0;

	for (u32 c = 0; c < 256; c++)
		digits[c] = digit((char)c);
	for (size_t i = 0; i < groups; i++, text += 4, out += 3) {
		u32 a = digits[(u8)text[0]], b = digits[(u8)text[1]];
		u32 c = digits[(u8)text[2]], d = digits[(u8)text[3]];

		seen |= a | b | c | d;
		out[0] = (u8)(a << 2 | b >> 4);
		out[1] = (u8)(b << 4 | c >> 2);
		out[2] = (u8)(c << 6 | d);
	}
	return !(seen & BAD);
}

void *base64_decode(const char *text, size_t len, size_t *size)
{
	char last[4] = "AAAA";
	size_t pad = 0;
	u8 *bytes;

	errno = EINVAL;
	if (len % 4)
		return NULL;
	while (pad < 2 && pad < len && text[len - pad - 1] == '=')
		pad++;
	bytes = malloc(len / 4 * 3 + 1);
	if (!bytes)
		return NULL;
	*size = len / 4 * 3 - pad;
	if (len)
		memcpy(last, text + len - 4, 4 - pad);
	if (decode_groups(text, len ? len / 4 - 1 : 0, bytes) &&
	    decode_groups(last, len ? 1 : 0,
			  bytes + (len ? len / 4 * 3 - 3 : 0)))
		return bytes;
	free(bytes);
	errno = EINVAL;
	return NULL;
}
