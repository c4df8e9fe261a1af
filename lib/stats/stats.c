/* SPDX-License-Identifier: BSD-3-Clause */
/* stats.c - what the reasons for a drop are called */
#include "stats/stats.h"

#define DROP_TEXT(symbol, name, about) { name, about },
static const struct {
	const char *name;
	const char *about;
} drop_texts[DROP_REASON_COUNT] = { DROP_REASONS(DROP_TEXT) };

const char *drop_name(enum drop_reason reason)
{
	return reason < DROP_REASON_COUNT ? drop_texts[reason].name : "unknown";
}

const char *drop_about(enum drop_reason reason)
{
	return reason < DROP_REASON_COUNT ? drop_texts[reason].about
					  : "a reason without a name";
}
