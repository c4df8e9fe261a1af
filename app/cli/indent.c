/* SPDX-License-Identifier: BSD-3-Clause */
/* indent.c - JSON for people to read */
#include "cli/indent.h"

#include <string.h>

static void new_line(FILE *f, u32 depth)
{
	fprintf(f, "\n%*s", (int)depth * 4, "");
}

/* The string that starts at text[0]: its length. */
static size_t string_len(const char *text, size_t len)
{
	size_t i = 1;

	while (i < len && text[i] != '"')
		i += text[i] == '\\' ? 2 : 1;
	return MIN(i + 1, len);
}

/* What neither starts nor ends anything, up to what does. */
static size_t plain_len(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && !strchr("\"{}[],:", text[i]))
		i++;
	return i;
}

static bool opens(char c)
{
	return c == '{' || c == '[';
}

static bool closes(char c)
{
	return c == '}' || c == ']';
}

/* One of {}[],: between what stands before and behind it; how deep what
 * follows is. */
static u32 print_mark(FILE *f, char before, char c, char behind, u32 depth)
{
	if (opens(c)) {
		putc(c, f);
		if (!closes(behind))
			new_line(f, depth + 1);
		return depth + 1;
	}
	if (closes(c)) {
		depth -= depth > 0;
		if (!opens(before))
			new_line(f, depth);
		putc(c, f);
	} else if (c == ',') {
		putc(c, f);
		new_line(f, depth);
	} else {
		fputs(": ", f);
	}
	return depth;
}

void print_indented(FILE *f, const char *text, size_t len, u32 depth)
{
	for (size_t i = 0; i < len;) {
		size_t n = text[i] == '"' ? string_len(text + i, len - i)
					  : plain_len(text + i, len - i);

		fwrite(text + i, 1, n, f);
		i += n;
		if (n || i == len)
			continue;
		depth = print_mark(f, i ? text[i - 1] : '\0', text[i],
				   i + 1 < len ? text[i + 1] : '\0', depth);
		i++;
	}
}
