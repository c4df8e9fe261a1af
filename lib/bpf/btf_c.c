/* SPDX-License-Identifier: BSD-3-Clause */
#include "bpf/btf_c.h"

#include <errno.h>
#include <stdarg.h>

#include "bpf/libbpf_btf.h"

static void __attribute__((format(printf, 2, 0)))
print(void *arg, const char *fmt, va_list ap)
{
	vfprintf(arg, fmt, ap);
}

static int dump_types(struct btf_dump *dump, u32 count)
{
	int res = 0;

	for (u32 id = 1; !res && id <= count; id++)
		res = btf_dump__dump_type(dump, id);
	return res;
}

int btf_print_c(FILE *f, const struct btf_blob *btf)
{
	struct btf_dump *dump;
	struct btf *copy;
	const void *raw;
	u32 size;
	int res;

	raw = btf_raw(btf, &size);
	copy = btf__new(raw, size);
	if (!copy)
		return -errno;
	dump = btf_dump__new(copy, print, f, NULL);
	res = dump ? dump_types(dump, btf_type_count(btf)) : -errno;
	btf_dump__free(dump);
	btf__free(copy);
	return res;
}
