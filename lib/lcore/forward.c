/* SPDX-License-Identifier: BSD-3-Clause */
/* forward.c - where packets go that pass, as text */
#include <errno.h>
#include <string.h>

#include "lcore/plane.h"

static const char *const names[] = {
	[FORWARD_PAIR] = "pair",
	[FORWARD_BACK] = "back",
	[FORWARD_PORT] = "port:",
	[FORWARD_DROP] = "drop",
};

int forward_parse(const char *text, struct forward *f, struct err *err)
{
	size_t len = strlen(names[FORWARD_PORT]);

	memset(f, 0, sizeof(*f));
	if (strncmp(text, names[FORWARD_PORT], len) == 0 && text[len] &&
	    strlen(text + len) < sizeof(f->port)) {
		f->kind = FORWARD_PORT;
		strcpy(f->port, text + len);
		return 0;
	}
	for (u32 i = 0; i < ARRAY_LEN(names); i++) {
		if (i != FORWARD_PORT && strcmp(text, names[i]) == 0) {
			f->kind = (enum forward_kind)i;
			return 0;
		}
	}
	err_fail(err, -EINVAL, "'%.64s' is nothing to forward to", text);
	return err_hint(err, "pair, back, drop or port:NAME");
}

void forward_text(const struct forward *f, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s", names[f->kind],
		 f->kind == FORWARD_PORT ? f->port : "");
}
