/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/json.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static int to_file(void *arg, const char *bytes, size_t size)
{
	return fwrite(bytes, 1, size, arg) == size ? 0 : -EIO;
}

void json_init(struct json *j, json_sink *sink, void *arg, bool pretty)
{
	*j = (struct json){ .sink = sink, .arg = arg, .pretty = pretty };
}

void json_init_file(struct json *j, FILE *f, bool pretty)
{
	json_init(j, to_file, f, pretty);
}

int json_flush(struct json *j)
{
	if (!j->error && j->used)
		j->error = j->sink(j->arg, j->buf, j->used);
	j->used = 0;
	return j->error;
}

static void put_across(struct json *j, const char *bytes, size_t size)
{
	while (size) {
		size_t n = MIN(size, sizeof(j->buf) - j->used);

		memcpy(j->buf + j->used, bytes, n);
		j->used += n;
		bytes += n;
		size -= n;
		if (j->used == sizeof(j->buf))
			json_flush(j);
	}
}

static inline void put(struct json *j, const char *bytes, size_t size)
{
	if (size >= sizeof(j->buf) - j->used) {
		put_across(j, bytes, size);
		return;
	}
	memcpy(j->buf + j->used, bytes, size);
	j->used += size;
}

static inline void put_char(struct json *j, char c)
{
	j->buf[j->used++] = c;
	if (j->used == sizeof(j->buf))
		json_flush(j);
}

static void new_line(struct json *j)
{
	if (!j->pretty)
		return;
	put_char(j, '\n');
	for (u32 i = 0; i < j->depth; i++)
		put(j, "  ", 2);
}

/* What must stand before the next key or value. */
static void lead(struct json *j)
{
	u64 bit = 1ULL << (j->depth % 64);

	if (j->after_key) {
		j->after_key = false;
		return;
	}
	if (j->has_items & bit)
		put_char(j, ',');
	j->has_items |= bit;
	if (j->depth)
		new_line(j);
}

static void open_with(struct json *j, char c)
{
	lead(j);
	put_char(j, c);
	if (j->depth + 1 >= JSON_DEPTH_MAX) {
		j->error = -EOVERFLOW;
		return;
	}
	j->depth++;
	j->has_items &= ~(1ULL << j->depth);
}

static void close_with(struct json *j, char c)
{
	bool had_items = j->has_items >> j->depth & 1;

	if (j->depth)
		j->depth--;
	if (had_items)
		new_line(j);
	put_char(j, c);
}

void json_begin_object(struct json *j)
{
	open_with(j, '{');
}

void json_end_object(struct json *j)
{
	close_with(j, '}');
}

void json_begin_array(struct json *j)
{
	open_with(j, '[');
}

void json_end_array(struct json *j)
{
	close_with(j, ']');
}

/* Length of the UTF-8 sequence at s, 0 if it is none. */
static size_t utf8_len(const u8 *s, size_t left)
{
	u32 code, least;
	size_t n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf) {
		n = 2;
		least = 0x80;
		code = s[0] & 0x1fu;
	} else if (s[0] >= 0xe0 && s[0] <= 0xef) {
		n = 3;
		least = 0x800;
		code = s[0] & 0xfu;
	} else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
		n = 4;
		least = 0x10000;
		code = s[0] & 7u;
	} else {
		return 0;
	}
	if (left < n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3fu);
	}
	if (code < least || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return n;
}

/* Characters from s on that stand for themselves. */
static size_t plain_len(const u8 *s, size_t left)
{
	size_t n = 0;

	while (n < left && s[n] >= 0x20 && s[n] < 0x80 && s[n] != '"' &&
	       s[n] != '\\')
		n++;
	return n;
}

/* One character that does not: its length in s. */
static size_t put_special(struct json *j, const u8 *s, size_t left)
{
	static const char escapes[32] = {
		['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n',
		['\r'] = 'r', ['\t'] = 't',
	};
	size_t n = utf8_len(s, left);
	char esc[8];

	if (n == 0) {
		put(j, "\\ufffd", 6);
		return 1;
	}
	if (s[0] == '"' || s[0] == '\\') {
		put_char(j, '\\');
		put_char(j, (char)s[0]);
	} else if (s[0] < 0x20 && escapes[s[0]]) {
		put_char(j, '\\');
		put_char(j, escapes[s[0]]);
	} else if (s[0] < 0x20) {
		snprintf(esc, sizeof(esc), "\\u%04x", s[0]);
		put(j, esc, 6);
	} else {
		put(j, (const char *)s, n);
	}
	return n;
}

static void put_string(struct json *j, const char *s, size_t len)
{
	const u8 *p = (const u8 *)s;

	put_char(j, '"');
	for (size_t i = 0; i < len;) {
		size_t n = plain_len(p + i, len - i);

		put(j, s + i, n);
		i += n;
		if (i < len)
			i += put_special(j, p + i, len - i);
	}
	put_char(j, '"');
}

void json_key(struct json *j, const char *key)
{
	lead(j);
	put_string(j, key, strlen(key));
	put(j, ": ", j->pretty ? 2 : 1);
	j->after_key = true;
}

void json_strn(struct json *j, const char *s, size_t len)
{
	lead(j);
	put_string(j, s, len);
}

void json_str(struct json *j, const char *s)
{
	json_strn(j, s, strlen(s));
}

void json_fmt(struct json *j, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_str(j, text);
}

void json_raw(struct json *j, const char *text, size_t len)
{
	lead(j);
	put(j, text, len);
}

/* A dump is mostly numbers: snprintf() would take most of its time. */
static void put_number(struct json *j, u64 v, bool negative)
{
	char text[24], *at = text + sizeof(text);

	do {
		*--at = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	if (negative)
		*--at = '-';
	json_raw(j, at, (size_t)(text + sizeof(text) - at));
}

void json_u64(struct json *j, u64 v)
{
	put_number(j, v, false);
}

void json_s64(struct json *j, s64 v)
{
	put_number(j, v < 0 ? 0 - (u64)v : (u64)v, v < 0);
}

void json_double(struct json *j, double v)
{
	char text[40];

	json_raw(j, text, (size_t)snprintf(text, sizeof(text), "%.6g", v));
}

void json_bool(struct json *j, bool v)
{
	json_raw(j, v ? "true" : "false", v ? 4 : 5);
}

void json_put_null(struct json *j)
{
	json_raw(j, "null", 4);
}

void json_bytes(struct json *j, const void *bytes, size_t size)
{
	static const char hex[] = "0123456789abcdef";
	const u8 *p = bytes;

	json_begin_array(j);
	for (size_t i = 0; i < size; i++) {
		char text[7] = {
			',', '"', '0', 'x', hex[p[i] >> 4], hex[p[i] & 15], '"'
		};

		if (i && !j->pretty)
			put(j, text, sizeof(text));
		else
			json_raw(j, text + 1, sizeof(text) - 1);
	}
	json_end_array(j);
}

void json_kstr(struct json *j, const char *key, const char *s)
{
	json_key(j, key);
	json_str(j, s);
}

void json_ku64(struct json *j, const char *key, u64 v)
{
	json_key(j, key);
	json_u64(j, v);
}

void json_kbool(struct json *j, const char *key, bool v)
{
	json_key(j, key);
	json_bool(j, v);
}
