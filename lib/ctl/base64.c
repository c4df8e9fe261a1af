/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl/base64.h"

#include <errno.h>
#include <stdlib.h>

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

/* 0 to 63, or -1. */
static int digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

void *base64_decode(const char *text, size_t len, size_t *size)
{
	size_t pad = 0, n = 0;
	u8 *bytes;

	errno = EINVAL;
	if (len % 4)
		return NULL;
	while (pad < 2 && pad < len && text[len - pad - 1] == '=')
		pad++;
	bytes = malloc(len / 4 * 3 + 1);
	if (!bytes)
		return NULL;
	for (size_t i = 0; i < len; i += 4) {
		u32 word = 0;

		for (size_t k = 0; k < 4; k++) {
			int d = i + k < len - pad ? digit(text[i + k]) : 0;

			if (d < 0) {
				free(bytes);
				errno = EINVAL;
				return NULL;
			}
			word = word << 6 | (u32)d;
		}
		bytes[n++] = (u8)(word >> 16);
		bytes[n++] = (u8)(word >> 8);
		bytes[n++] = (u8)word;
	}
	*size = n - pad;
	return bytes;
}
