/* SPDX-License-Identifier: BSD-3-Clause */
/* base64.h - RFC 4648's alphabet, with padding */
#ifndef WEIR_CTL_BASE64_H
#define WEIR_CTL_BASE64_H

#include "base/types.h"

/* Characters that size bytes become, without a terminator. */
static inline size_t base64_length(size_t size)
{
	return (size + 2) / 3 * 4;
}

/* Writes base64_length(size) characters. */
void base64_encode(const void *bytes, size_t size, char *text);

/* The bytes, malloc'd, or NULL: text is not base64 (errno EINVAL) or memory
 * ran out (ENOMEM). */
void *base64_decode(const char *text, size_t len, size_t *size);

#endif
