/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * json.h - a streaming JSON writer, for output of any size
 *
 * Commas and nesting are the writer's; errors stick and are read once, at the
 * end.  Strings are escaped and, where they are not valid UTF-8, each bad byte
 * becomes U+FFFD.  (Requests are read with jansson.)
 */
#ifndef WEIR_BASE_JSON_H
#define WEIR_BASE_JSON_H

#include "base/err.h"

#define JSON_DEPTH_MAX 64

/* Takes size bytes; returns 0 or a negative errno. */
typedef int json_sink(void *arg, const char *bytes, size_t size);

struct json {
	json_sink *sink;
	void *arg;
	int error;
	bool pretty; /* two spaces a level */
	u32 depth;
	u64 has_items; /* bit per level: a comma is due */
	bool after_key;
	size_t used;
	char buf[8192];
};

void json_init(struct json *j, json_sink *sink, void *arg, bool pretty);
void json_init_file(struct json *j, FILE *f, bool pretty);
/* Write out what is buffered.  Returns the first error, or 0. */
int json_flush(struct json *j);

void json_begin_object(struct json *j);
void json_end_object(struct json *j);
void json_begin_array(struct json *j);
void json_end_array(struct json *j);
void json_key(struct json *j, const char *key);

void json_str(struct json *j, const char *s);
void json_strn(struct json *j, const char *s, size_t len);
void json_fmt(struct json *j, const char *fmt, ...) PRINTF(2, 3);
void json_u64(struct json *j, u64 v);
void json_s64(struct json *j, s64 v);
void json_double(struct json *j, double v);
void json_bool(struct json *j, bool v);
void json_put_null(struct json *j);
/* ["0x0a","0x00",...], bpftool's form of raw bytes */
void json_bytes(struct json *j, const void *bytes, size_t size);
/* text that is JSON already */
void json_raw(struct json *j, const char *text, size_t len);

/* key and value at once */
void json_kstr(struct json *j, const char *key, const char *s);
void json_ku64(struct json *j, const char *key, u64 v);
void json_kbool(struct json *j, const char *key, bool v);

#endif
