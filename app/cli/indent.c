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

static bool is_empty(const char *text, size_t len)
{
	return len > 1 && (text[1] == '}' || text[1] == ']');
}

/* One of {}[],: and how deep what follows is. */
static u32 print_mark(FILE *f, const char *text, size_t len, u32 depth)
{
	switch (text[0]) {
	case '{':
	case '[':
		putc(text[0], f);
		if (!is_empty(text, len))
			new_line(f, depth + 1);
		return depth + 1;
	case '}':
	case ']':
		if (text[-1] != '{' && text[-1] != '[')
			new_line(f, depth - 1);
		putc(text[0], f);
		return depth - 1;
	case ',':
		putc(',', f);
		new_line(f, depth);
		return depth;
	default: fputs(": ", f); return depth;
	}
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
		depth = print_mark(f, text + i, len - i, depth);
		i++;
	}
}
