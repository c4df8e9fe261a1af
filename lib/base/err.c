/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/err.h"

#include <errno.h>
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
	err->rejected = false;
	va_start(ap, fmt);
	vsnprintf(err->reason, sizeof(err->reason), fmt, ap);
	va_end(ap);
	return code;
}

int err_place(struct err *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -EINVAL;
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
		return -EINVAL;
	if (!err->hint[0]) {
		va_start(ap, fmt);
		vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
		va_end(ap);
	}
	return err->code;
}

int err_within(struct err *err, const char *fmt, ...)
{
	char inner[sizeof(err->place)];
	size_t len;
	va_list ap;

	if (!err)
		return -EINVAL;
	strcpy(inner, err->place);
	va_start(ap, fmt);
	vsnprintf(err->place, sizeof(err->place), fmt, ap);
	va_end(ap);
	len = strlen(err->place);
	if (inner[0])
		snprintf(err->place + len, sizeof(err->place) - len, ": %s",
			 inner);
	return err->code;
}

int err_rejected(struct err *err)
{
	if (!err)
		return -EINVAL;
	err->rejected = true;
	return err->code;
}

const char *err_text(const struct err *err, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s%s%s%s%s", err->place,
		 err->place[0] ? ": " : "", err->reason,
		 err->hint[0] ? " (" : "", err->hint, err->hint[0] ? ")" : "");
	return buf;
}
