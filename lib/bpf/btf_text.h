/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * btf_text.h - JSON text, token by token, with the place that is being filled
 *
 * The path names the member: "flow.ports[1]".  What fails says it first.
 */
#ifndef WEIR_BPF_BTF_TEXT_H
#define WEIR_BPF_BTF_TEXT_H

#include "base/err.h"

struct btf_text {
	const char *start;
	const char *at; /* the next character that is no white space */
	struct err *err;
	char path[192];
};

void text_init(struct btf_text *t, const char *json, struct err *err);

/* -EINVAL, with the path. */
int text_fail(const struct btf_text *t, const char *fmt, ...) PRINTF(2, 3);

/* Goes past c if it is next. */
bool text_take(struct btf_text *t, char c);
/* The same, and fails if it is not. */
int text_expect(struct btf_text *t, char c);
int text_end(struct btf_text *t);

/* A string, its escapes undone, into size bytes: *len of them, and no zero
 * behind. */
int text_string(struct btf_text *t, char *out, size_t size, size_t *len);
/* A number or a word (true, 0x1f, -3), or the same as a string; with a zero
 * behind.  *quoted: it was a string. */
int text_word(struct btf_text *t, char *out, size_t size, bool *quoted);

/* Extend the path; what it was is cut back to by text_leave(). */
size_t text_enter(struct btf_text *t, const char *member);
size_t text_enter_index(struct btf_text *t, u32 index);
void text_leave(struct btf_text *t, size_t path_len);

#endif
