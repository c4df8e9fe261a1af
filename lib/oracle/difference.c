/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle/difference.h"

#include <ctype.h>
#include <string.h>

#include "prog/fault.h"

#define ROW 16
#define AROUND 2 /* rows before and after the first that differs */

static void write_head(const struct sides *s, FILE *text)
{
	fprintf(text, "packet %llu (%u bytes):\n",
		(unsigned long long)s->packet->number, s->packet->len);
}

/* "XDP_PASS" or "7" */
static void write_verdict(const struct sides *s, u32 verdict, FILE *text)
{
	const char *name = NULL;

	if (s->verdict_name)
		name = s->verdict_name(s->prog_type, verdict);
	if (name)
		fputs(name, text);
	else
		fprintf(text, "%u", verdict);
}

static void write_row(const char *who, const u8 *bytes, u32 len, u32 at,
		      FILE *text)
{
	if (at >= len)
		return;
	fprintf(text, "  %-6s%04x:", who, at);
	for (u32 i = at; i < at + ROW; i++) {
		if (i < len)
			fprintf(text, " %02x", bytes[i]);
		else
			fputs("   ", text);
	}
	fputs("  ", text);
	for (u32 i = at; i < at + ROW && i < len; i++)
		fputc(isprint(bytes[i]) ? bytes[i] : '.', text);
	fputc('\n', text);
}

/* The rows around the first byte that differs, from both sides. */
static void write_bytes(const struct sides *s, u32 first, FILE *text)
{
	u32 row = first / ROW * ROW;
	u32 from = row > AROUND * ROW ? row - AROUND * ROW : 0;
	u32 len = MAX(s->mine->len, s->their_len);

	for (u32 at = from; at < len && at <= row + AROUND * ROW; at += ROW) {
		bool same =
			at + ROW <= s->mine->len && at + ROW <= s->their_len &&
			memcmp(s->mine->bytes + at, s->their_bytes + at, ROW) ==
				0;

		write_row(same ? "" : "Weir", s->mine->bytes, s->mine->len, at,
			  text);
		if (!same)
			write_row("Linux", s->their_bytes, s->their_len, at,
				  text);
	}
}

static u32 first_difference(const struct sides *s)
{
	u32 n = MIN(s->mine->len, s->their_len), i = 0;

	while (i < n && s->mine->bytes[i] == s->their_bytes[i])
		i++;
	return i;
}

static bool compare_bytes(const struct sides *s, FILE *text)
{
	u32 first = first_difference(s);

	if (first == s->mine->len && first == s->their_len)
		return false;
	if (s->mine->len != s->their_len)
		fprintf(text, "  length: Weir %u, Linux %u\n", s->mine->len,
			s->their_len);
	fprintf(text, "  bytes differ from offset %u on:\n", first);
	write_bytes(s, first, text);
	return true;
}

static bool compare_fields(const struct sides *s, FILE *text)
{
	struct environ_field f;
	bool found = false;

	for (u32 n = 0;
	     environ_field(s->prog_type, s->pkt, s->their_ctx, n, &f); n++) {
		if (f.mine == f.theirs)
			continue;
		fprintf(text, "  %s: Weir %llu, Linux %llu\n", f.name,
			(unsigned long long)f.mine,
			(unsigned long long)f.theirs);
		found = true;
	}
	return found;
}

static bool compare_verdicts(const struct sides *s, FILE *text)
{
	if (s->mine->retval == s->their_retval)
		return false;
	fputs("  verdict: Weir ", text);
	write_verdict(s, s->mine->retval, text);
	fputs(", Linux ", text);
	write_verdict(s, s->their_retval, text);
	fputc('\n', text);
	return true;
}

bool difference_write(const struct sides *s, FILE *text)
{
	bool found;

	write_head(s, text);
	if (s->mine->fault.code) {
		char why[512];

		fprintf(text, "  Weir stopped %s\n  Linux said ",
			fault_text(&s->mine->fault, why, sizeof(why)));
		write_verdict(s, s->their_retval, text);
		fputc('\n', text);
		return true;
	}
	found = compare_verdicts(s, text);
	found |= compare_bytes(s, text);
	found |= compare_fields(s, text);
	return found;
}
