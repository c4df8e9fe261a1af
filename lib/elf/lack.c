/* SPDX-License-Identifier: BSD-3-Clause */
/* lack.c - instructions that need what there is not: fine if nobody runs them */
#include "elf/object.h"

#include <errno.h>
#include <stdlib.h>

#define LACKS_MAX 65536

int lack_add(struct load *l, const struct code *code, u32 insn,
	     const char *kfunc, const char *why)
{
	struct lack *lack;

	if (l->lacks.len == LACKS_MAX)
		return section_fail(l, code->section, insn * 8ull, -E2BIG,
				    "too much lacks");
	lack = why ? vec_add(&l->lacks) : NULL;
	if (!lack)
		return load_nomem(l);
	*lack = (struct lack){ .code = (u32)(code - l->codes.items),
			       .insn = insn,
			       .kfunc = kfunc,
			       .why = why };
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct lack *x = a, *y = b;

	if (x->code != y->code)
		return x->code < y->code ? -1 : 1;
	return (x->insn > y->insn) - (x->insn < y->insn);
}

int lacks_sort(struct load *l)
{
	if (l->lacks.len)
		qsort(l->lacks.items, l->lacks.len, sizeof(*l->lacks.items),
		      by_place);
	return 0;
}

u32 lack_at(const struct load *l, u32 code, u32 insn)
{
	const struct lack key = { .code = code, .insn = insn };
	u32 low = 0, high = l->lacks.len;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (by_place(&l->lacks.items[mid], &key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}
