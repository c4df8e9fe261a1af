/* SPDX-License-Identifier: BSD-3-Clause */
/* strtol.c - strtol, strtoul: numbers written in bytes */
#include <string.h>

#include "helper/format_spec.h"
#include "helper/helpers.h"

#define BASE_MASK 0x1fu
#define DIGITS 63 /* looked at, at most, the prefix included */

struct number {
	u64 value;
	bool negative;
};

/* -1: none. */
static int digit_of(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool has_prefix(const char *s)
{
	return s[0] == '0' && (s[1] | 0x20) == 'x';
}

static u32 find_base(const char *s)
{
	if (*s != '0')
		return 10;
	return has_prefix(s) && digit_of(s[2]) >= 0 ? 16 : 8;
}

/* How many bytes of s, which ends, are a number; -EINVAL, -ERANGE. */
static int read_digits(const char *s, u32 base, u64 *value)
{
	const char *at = s, *first;
	bool fits = true;
	int digit;

	if (!base)
		base = find_base(s);
	if (base == 16 && has_prefix(s))
		at += 2;
	*value = 0;
	for (first = at; (digit = digit_of(*at)) >= 0 && digit < (int)base;
	     at++) {
		fits &= !__builtin_mul_overflow(*value, (u64)base, value);
		fits &= !__builtin_add_overflow(*value, (u64)digit, value);
	}
	if (!fits)
		return -ERANGE;
	return at == first ? -EINVAL : (int)(at - s);
}

/* How many bytes were read, or a negative errno. */
static s64 read_number(const char *buf, u64 len, u64 flags, struct number *n)
{
	u32 base = flags & BASE_MASK;
	char text[DIGITS + 1];
	u64 at = 0, left;
	int used;

	if (base != 0 && base != 8 && base != 10 && base != 16)
		return -EINVAL;
	if (flags & ~(u64)BASE_MASK)
		return -EINVAL;
	while (at < len && is_space(buf[at]))
		at++;
	n->negative = at < len && buf[at] == '-';
	at += n->negative;
	if (at == len)
		return -EINVAL;
	left = MIN(len - at, (u64)DIGITS);
	memcpy(text, buf + at, left);
	text[left] = '\0';
	used = read_digits(text, base, &n->value);
	return used < 0 ? used : (s64)at + used;
}

HELPER_4(helper_fn_strtol, const char *, buf, u64, len, u64, flags, s64 *, out)
{
	struct number n;
	s64 ret;

	*out = 0;
	ret = read_number(buf, len, flags, &n);
	if (ret < 0)
		return helper_error((int)ret);
	if (n.value > (u64)INT64_MAX + n.negative)
		return helper_error(-ERANGE);
	*out = (s64)(n.negative ? -n.value : n.value);
	return (u64)ret;
}

const struct helper helper_strtol = {
	.id = BPF_FUNC_strtol,
	.name = "strtol",
	.fn = helper_fn_strtol,
	.progs = PROG_ANY,
	.ret = RET_INT,
	.arg = { ARG_MEM, ARG_SIZE, ARG_ANY, ARG_FIXED_OUT },
	.size = { 0, 0, 0, sizeof(s64) },
};

HELPER_4(helper_fn_strtoul, const char *, buf, u64, len, u64, flags, u64 *, out)
{
	struct number n;
	s64 ret;

	*out = 0;
	ret = read_number(buf, len, flags, &n);
	if (ret < 0)
		return helper_error((int)ret);
	if (n.negative)
		return helper_error(-EINVAL);
	*out = n.value;
	return (u64)ret;
}

const struct helper helper_strtoul = {
	.id = BPF_FUNC_strtoul,
	.name = "strtoul",
	.fn = helper_fn_strtoul,
	.progs = PROG_ANY,
	.ret = RET_INT,
	.arg = { ARG_MEM, ARG_SIZE, ARG_ANY, ARG_FIXED_OUT },
	.size = { 0, 0, 0, sizeof(u64) },
};
