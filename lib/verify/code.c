/* SPDX-License-Identifier: BSD-3-Clause */
/* code.c - why programs are rejected, as names that stay */
#include "verify/code.h"

static const struct {
	const char *name;
	enum verify_class known, range;
} codes[VERIFY_CODE_COUNT] = {
#define ROW(code, text, known, range) \
	[VERIFY_##code] = { text, VERIFY_##known, VERIFY_##range },
	VERIFY_CODES(ROW)
#undef ROW
};

const char *verify_code_name(enum verify_code code)
{
	return codes[code].name;
}

enum verify_class verify_code_class(enum verify_code code, bool known)
{
	return known ? codes[code].known : codes[code].range;
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
