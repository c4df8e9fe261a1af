/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_elf_memory.c - the loader when memory runs out
 *
 * Each allocation of an opening fails once: the answer is -ENOMEM, and nothing
 * stays behind (the sanitizer builds look).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "elf/elf_obj.h"
#include "elf_file.h"

/* Allocations until one fails; negative: none does. */
static long left = -1;

static bool runs_out(void)
{
	return left >= 0 && left-- == 0;
}

#define WRAP(ret, name, params, args)                          \
	ret __real_##name params;                              \
	ret __wrap_##name params;                              \
	ret __wrap_##name params                               \
	{                                                      \
		return runs_out() ? NULL : __real_##name args; \
	}

WRAP(void *, malloc, (size_t size), (size))
WRAP(void *, calloc, (size_t n, size_t size), (n, size))
WRAP(void *, realloc, (void *p, size_t size), (p, size))
WRAP(void *, reallocarray, (void *p, size_t n, size_t size), (p, n, size))

/* How many allocations there were. */
static long fail_each(const char *name, const struct file *f)
{
	for (long n = 0;; n++) {
		struct elf_obj *obj = NULL;
		struct err err = { 0 };
		int ret;

		left = n;
		ret = elf_open_mem(name, f->bytes, f->size, NULL, &err, &obj);
		if (!ret) {
			assert_true(left >= 0);
			left = -1;
			elf_close(obj);
			return n;
		}
		left = -1;
		if (ret != -ENOMEM)
			fail_msg("%s, allocation %ld: %d %s", name, n, ret,
				 err.reason);
		assert_null(obj);
		assert_int_equal(err.code, -ENOMEM);
	}
}

static void every_allocation_may_fail(void **state)
{
	static const char *const objects[] = { "maps",	   "funcs",   "core",
					       "data",	   "kconfig", "ksym",
					       "iproute2", "nameless" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
		struct file f = file_read(objects[i]);

		assert_true(fail_each(objects[i], &f) > 10);
		free(f.bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
