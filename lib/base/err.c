/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/err.h"

#include <stdarg.h>
#include <string.h>

int err_fail(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	err->code = code;
	err->place[0] = '\0';
	err->hint[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(err->reason, sizeof(err->reason), fmt, ap);
	va_end(ap);
	return code;
}

int err_place(struct err *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return 0;
	if (!err->place[0]) {
		va_start(ap, fmt);
		vsnprintf(err->place, sizeof(err->place), fmt, ap);
		va_end(ap);
	}
	return err->code;
}

int err_hint(struct err *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return 0;
	if (!err->hint[0]) {
		va_start(ap, fmt);
		vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
		va_end(ap);
	}
	return err->code;
}

const char *err_text(const struct err *err, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s%s%s%s%s", err->place,
		 err->place[0] ? ": " : "", err->reason,
		 err->hint[0] ? " (" : "", err->hint, err->hint[0] ? ")" : "");
	return buf;
}
