/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wlog.c - where a caller of bpf(2) has its log
 *
 * A log that is longer than the caller's buffer keeps its end, or, with
 * BPF_LOG_FIXED, its beginning.  What was written may be taken back; the size
 * that the caller is told is the longest that the log ever was.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sys/wclient.h"

#define LOG_FIXED 8u
#define LOG_LEVELS 15u /* 1, 2, statistics, fixed */

int wlog_check(const struct wlog *log)
{
	if (!log->buf != !log->size || (log->buf && !log->level) ||
	    log->level & ~LOG_LEVELS || log->size > UINT32_MAX >> 2)
		return -EINVAL;
	return 0;
}

/* Room for n more bytes and the end; what nobody will see goes first. */
static bool make_room(struct wlog *log, u64 n)
{
	u64 used = log->len - log->base;
	u64 cap = MAX(log->cap * 2, used + n + 1);
	char *grown;

	if (used + n < log->cap)
		return true;
	if (log->start - log->base > log->size) {
		used = log->len - log->start;
		memmove(log->text, log->text + (log->start - log->base), used);
		log->base = log->start;
		return make_room(log, n);
	}
	grown = realloc(log->text, cap);
	if (!grown)
		return false;
	log->text = grown;
	log->cap = cap;
	return true;
}

/* Its beginning is all that is kept. */
static void add_fixed(struct wlog *log, const char *text, u64 n)
{
	u64 room = log->len < log->size ? log->size - 1 - log->len : 0;

	room = MIN(room, n);
	if (room && !make_room(log, room))
		log->failed = true;
	else if (room)
		memcpy(log->text + log->len, text, room);
}

static void add_rolling(struct wlog *log, const char *text, u64 n)
{
	if (!make_room(log, n))
		log->failed = true;
	else
		memcpy(log->text + (log->len - log->base), text, n);
}

void wlog_add(void *arg, const char *text)
{
	struct wlog *log = arg;
	u64 n = strlen(text);

	log->longest = MAX(log->longest, log->len + n + 1);
	if (log->buf && !log->failed && log->level & LOG_FIXED)
		add_fixed(log, text, n);
	else if (log->buf && !log->failed)
		add_rolling(log, text, n);
	log->len += n;
	if (!(log->level & LOG_FIXED) && log->len + 1 - log->start > log->size)
		log->start = log->len + 1 - log->size;
}

void wlog_cut(void *arg, u64 len)
{
	struct wlog *log = arg;

	log->len = len;
	if (log->start > len)
		log->start = len;
	if (log->base > len)
		log->base = len;
}

/* Where and what to do, of who failed before anything was said. */
static void add_failure(struct wlog *log, const struct err *err)
{
	char line[1200];

	snprintf(line, sizeof(line), "%s%s%s\n%s%s", err->place,
		 err->place[0] ? ": " : "", err->reason, err->hint,
		 err->hint[0] ? "\n" : "");
	wlog_add(log, line);
}

static int copy_out(struct wcall *w, struct wlog *log)
{
	u64 kept = log->len - log->start;
	const char *text = "";
	int res;

	if (!log->longest)
		return 0;
	if (log->level & LOG_FIXED)
		kept = MIN(log->len, log->size - 1);
	if (kept)
		text = log->text + (log->start - log->base);
	res = wcall_copy_out(w, log->buf, text, kept);
	return res ? res : wcall_copy_out(w, log->buf + kept, "", 1);
}

int wlog_end(struct wcall *w, struct wlog *log, const struct err *err, int res)
{
	if (log->level && res && err->code && !log->longest)
		add_failure(log, err);
	if (log->failed)
		res = -ENOMEM;
	else if (log->buf && copy_out(w, log))
		res = -EFAULT;
	else if (log->buf && log->longest > log->size)
		res = -ENOSPC;
	free(log->text);
	log->text = NULL;
	if (w->size >= log->true_size + sizeof(u32) &&
	    wcall_put_u32(w, log->true_size,
			  (u32)MIN(log->longest, UINT32_MAX)) != 0)
		res = -EFAULT;
	return res;
}
