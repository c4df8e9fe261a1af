/* SPDX-License-Identifier: BSD-3-Clause */
/* btf_text.c - JSON text, token by token */
#include "bpf/btf_text.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

static void skip_space(struct btf_text *t)
{
	t->at += strspn(t->at, " \t\r\n");
}

void text_init(struct btf_text *t, const char *json, struct err *err)
{
	t->start = t->at = json;
	t->err = err;
	t->path[0] = '\0';
	skip_space(t);
}

int text_fail(const struct btf_text *t, const char *fmt, ...)
{
	char reason[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	return err_fail(t->err, -EINVAL, "%s%s%s", t->path,
			t->path[0] ? ": " : "", reason);
}

static int unexpected(const struct btf_text *t, const char *what)
{
	if (!*t->at)
		return text_fail(t, "%s is missing at the end of the text",
				 what);
	return text_fail(t, "%s is expected at character %zu, not '%.10s'",
			 what, (size_t)(t->at - t->start) + 1, t->at);
}

bool text_take(struct btf_text *t, char c)
{
	if (*t->at != c)
		return false;
	t->at++;
	skip_space(t);
	return true;
}

int text_expect(struct btf_text *t, char c)
{
	const char what[] = { '\'', c, '\'', '\0' };

	return text_take(t, c) ? 0 : unexpected(t, what);
}

int text_end(struct btf_text *t)
{
	return *t->at ? unexpected(t, "the end") : 0;
}

/* Four hexadecimal digits, or -1. */
static long hex4(const char *s)
{
	long v = 0;

	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *d = s[i] ? strchr(digits, s[i] | 0x20) : NULL;

		if (!d || !isxdigit((unsigned char)s[i]))
			return -1;
		v = v << 4 | (d - digits);
	}
	return v;
}

static size_t to_utf8(long c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* \uXXXX, or two of them for what is past 0xffff: bytes in out, or 0. */
static size_t unescape_unicode(const char **at, char *out)
{
	long c = hex4(*at), low;

	if (c < 0 || (c >= 0xdc00 && c < 0xe000))
		return 0;
	*at += 4;
	if (c < 0xd800 || c >= 0xe000)
		return to_utf8(c, out);
	if ((*at)[0] != '\\' || (*at)[1] != 'u')
		return 0;
	low = hex4(*at + 2);
	if (low < 0xdc00 || low >= 0xe000)
		return 0;
	*at += 6;
	return to_utf8(0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00), out);
}

/* The character behind a backslash: bytes in out, or 0. */
static size_t unescape(const char **at, char *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char c = *(*at)++;
	const char *found;

	if (c == 'u')
		return unescape_unicode(at, out);
	found = c ? strchr(from, c) : NULL;
	if (!found)
		return 0;
	out[0] = to[found - from];
	return 1;
}

int text_string(struct btf_text *t, char *out, size_t size, size_t *len)
{
	const char *at = t->at;

	if (*at != '"')
		return unexpected(t, "a string");
	*len = 0;
	for (at++; *at != '"';) {
		char bytes[4] = { *at };
		size_t n = 1;

		if ((unsigned char)*at < 0x20)
			return text_fail(t,
					 "the string that starts at "
					 "character %zu does not end",
					 (size_t)(t->at - t->start) + 1);
		if (*at++ == '\\')
			n = unescape(&at, bytes);
		if (!n)
			return text_fail(t, "unknown escape in a string");
		if (size - *len < n)
			return text_fail(t,
					 "the string has more than %zu "
					 "characters",
					 size);
		memcpy(out + *len, bytes, n);
		*len += n;
	}
	t->at = at + 1;
	skip_space(t);
	return 0;
}

int text_word(struct btf_text *t, char *out, size_t size, bool *quoted)
{
	size_t len;

	*quoted = *t->at == '"';
	if (*quoted) {
		int res = text_string(t, out, size - 1, &len);

		if (res)
			return res;
	} else {
		for (len = 0; isalnum((unsigned char)t->at[len]) ||
			      (t->at[len] && strchr("+-.", t->at[len]));)
			len++;
		if (!len)
			return unexpected(t, "a value");
		if (len >= size)
			return text_fail(t, "'%.20s...' is too long", t->at);
		memcpy(out, t->at, len);
		t->at += len;
		skip_space(t);
	}
	out[len] = '\0';
	if (strlen(out) != len)
		return text_fail(t, "a zero byte in a string");
	return 0;
}

size_t text_enter(struct btf_text *t, const char *member)
{
	size_t len = strlen(t->path);

	snprintf(t->path + len, sizeof(t->path) - len, "%s%s",
		 len && *member ? "." : "", member);
	return len;
}

size_t text_enter_index(struct btf_text *t, u32 index)
{
	size_t len = strlen(t->path);

	snprintf(t->path + len, sizeof(t->path) - len, "[%u]", index);
	return len;
}

void text_leave(struct btf_text *t, size_t path_len)
{
	t->path[path_len] = '\0';
}
