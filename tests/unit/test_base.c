/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/vec.h"

static void err_says_place_reason_hint(void **state)
{
	struct err err = { 0 };
	char text[256];

	(void)state;
	assert_int_equal(err_fail(&err, -22, "%d bytes missing", 3), -22);
	assert_string_equal(err_text(&err, text, sizeof(text)),
			    "3 bytes missing");
	assert_int_equal(err_place(&err, "a.o: offset %d", 7), -22);
	err_place(&err, "elsewhere");
	err_hint(&err, "build it again");
	assert_string_equal(err_text(&err, text, sizeof(text)),
			    "a.o: offset 7: 3 bytes missing (build it again)");
	assert_int_equal(err_fail(NULL, -5, "nobody listens"), -5);
	/* a failure stays one */
	assert_int_equal(err_hint(NULL, "nobody listens"), -EINVAL);
	assert_int_equal(err_place(NULL, "nobody listens"), -EINVAL);
	assert_int_equal(err_within(NULL, "nobody listens"), -EINVAL);
	assert_int_equal(err_rejected(NULL), -EINVAL);
}

struct text {
	char bytes[65536];
	size_t len;
};

static int keep(void *arg, const char *bytes, size_t size)
{
	struct text *t = arg;

	memcpy(t->bytes + t->len, bytes, size);
	t->len += size;
	t->bytes[t->len] = '\0';
	return 0;
}

static void json_writes_commas_and_nesting(void **state)
{
	struct text t = { .len = 0 };
	struct json j;

	(void)state;
	json_init(&j, keep, &t, false);
	json_begin_object(&j);
	json_ku64(&j, "a", 1);
	json_key(&j, "b");
	json_begin_array(&j);
	json_s64(&j, -2);
	json_begin_object(&j);
	json_end_object(&j);
	json_put_null(&j);
	json_end_array(&j);
	json_kbool(&j, "c", true);
	json_end_object(&j);
	assert_int_equal(json_flush(&j), 0);
	assert_string_equal(t.bytes, "{\"a\":1,\"b\":[-2,{},null],\"c\":true}");
}

static void json_escapes_what_is_not_text(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "plain", "\"plain\"" },
		{ "q\"b\\", "\"q\\\"b\\\\\"" },
		{ "\n\t\x01", "\"\\n\\t\\u0001\"" },
		{ "gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"" },
		{ "\xff", "\"\\ufffd\"" },
		{ "\xc0\x80", "\"\\ufffd\\ufffd\"" },
		{ "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" },
		{ "\xe2\x82", "\"\\ufffd\\ufffd\"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct text t = { .len = 0 };
		struct json j;

		json_init(&j, keep, &t, false);
		json_str(&j, rows[i].in);
		json_flush(&j);
		assert_string_equal(t.bytes, rows[i].out);
	}
}

static int full(void *arg, const char *bytes, size_t size)
{
	(void)arg;
	(void)bytes;
	(void)size;
	return -28;
}

static void json_writes_numbers_of_every_size(void **state)
{
	struct text t = { 0 };
	struct json j;

	(void)state;
	json_init(&j, keep, &t, false);
	json_begin_array(&j);
	json_u64(&j, 0);
	json_u64(&j, UINT64_MAX);
	json_s64(&j, INT64_MIN);
	json_s64(&j, INT64_MAX);
	json_s64(&j, -1);
	json_end_array(&j);
	assert_int_equal(json_flush(&j), 0);
	assert_string_equal(t.bytes, "[0,18446744073709551615,"
				     "-9223372036854775808,"
				     "9223372036854775807,-1]");
}

struct sum {
	size_t bytes;
	u32 hash;
};

static int add_up(void *arg, const char *bytes, size_t size)
{
	struct sum *sum = arg;

	for (size_t i = 0; i < size; i++)
		sum->hash = sum->hash * 31 + (u8)bytes[i];
	sum->bytes += size;
	return 0;
}

/* Wherever in the writer's buffer something lies, it is the same. */
static void json_is_the_same_across_its_buffer(void **state)
{
	char text[300];
	u8 bytes[300];

	(void)state;
	memset(text, 'x', sizeof(text));
	memset(bytes, 0xab, sizeof(bytes));
	for (size_t lead = 7000; lead < 8300; lead++) {
		struct sum whole = { 0 }, expected = { 0 };
		struct json j;

		json_init(&j, add_up, &whole, false);
		json_begin_array(&j);
		for (size_t i = 0; i < lead; i++)
			json_raw(&j, "", 0);
		json_bytes(&j, bytes, sizeof(bytes));
		json_strn(&j, text, sizeof(text));
		json_end_array(&j);
		assert_int_equal(json_flush(&j), 0);
		add_up(&expected, "[", 1);
		for (size_t i = 1; i < lead; i++)
			add_up(&expected, ",", 1);
		for (size_t i = 0; i < sizeof(bytes); i++)
			add_up(&expected, i ? ",\"0xab\"" : ",[\"0xab\"",
			       i ? 7 : 8);
		add_up(&expected, "],\"", 3);
		add_up(&expected, text, sizeof(text));
		add_up(&expected, "\"]", 2);
		assert_int_equal(whole.bytes, expected.bytes);
		assert_int_equal(whole.hash, expected.hash);
	}
}

static void json_keeps_the_first_error(void **state)
{
	struct json j;

	(void)state;
	json_init(&j, full, NULL, false);
	json_str(&j, "x");
	assert_int_equal(json_flush(&j), -28);
	json_str(&j, "y");
	assert_int_equal(json_flush(&j), -28);
}

static void vec_grows_and_zeroes(void **state)
{
	VEC(u32) v = { 0 };

	(void)state;
	for (u32 i = 0; i < 1000; i++) {
		u32 *item = vec_add(&v);

		assert_non_null(item);
		assert_int_equal(*item, 0);
		*item = i;
	}
	for (u32 i = 0; i < v.len; i++)
		assert_int_equal(v.items[i], i);
	vec_free(&v);
	assert_int_equal(v.len, 0);
}

static void log_levels_have_names(void **state)
{
	enum log_level level = LOG_DEBUG;

	(void)state;
	assert_int_equal(log_level_parse("warn", &level), 0);
	assert_int_equal(level, LOG_WARN);
	assert_int_equal(log_level_parse("loud", &level), -22);
}

/* ---- file ---- */

static void bytes_come_whole_or_not(void **state)
{
	static u8 out[200000], in[sizeof(out)];
	int fd = memfd_create("weir-base", 0);

	(void)state;
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (u8)(i * 7);
	assert_int_equal(file_put(fd, out, sizeof(out)), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(file_get(fd, in, sizeof(in)), 0);
	assert_memory_equal(in, out, sizeof(out));
	assert_int_equal(file_get(fd, in, 1), -EIO);
	close(fd);
	assert_int_equal(file_get(fd, in, 1), -EBADF);
	assert_int_equal(file_put(fd, in, 1), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(err_says_place_reason_hint),
		cmocka_unit_test(json_writes_commas_and_nesting),
		cmocka_unit_test(json_escapes_what_is_not_text),
		cmocka_unit_test(json_writes_numbers_of_every_size),
		cmocka_unit_test(json_is_the_same_across_its_buffer),
		cmocka_unit_test(json_keeps_the_first_error),
		cmocka_unit_test(vec_grows_and_zeroes),
		cmocka_unit_test(log_levels_have_names),
		cmocka_unit_test(bytes_come_whole_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
