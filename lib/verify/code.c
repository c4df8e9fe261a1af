/* SPDX-License-Identifier: BSD-3-Clause */
/* code.c - why programs are rejected, as names that stay */
#include "verify/code.h"

static const struct {
	const char *name;
	enum verify_class class;
} codes[VERIFY_CODE_COUNT] = {
#define ROW(code, text, kind) [VERIFY_##code] = { text, VERIFY_##kind },
	VERIFY_CODES(ROW)
#undef ROW
};

const char *verify_code_name(enum verify_code code)
{
	return codes[code].name;
}

enum verify_class verify_code_class(enum verify_code code)
{
	return codes[code].class;
}

const char *verify_class_name(enum verify_class class)
{
	static const char *const names[] = {
		[VERIFY_UNSAFE] = "unsafe",
		[VERIFY_UNPROVEN] = "unproven",
		[VERIFY_LACKING] = "unsupported",
	};

	return names[class];
}
