/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpf/btf.h"
#include "btf_rules.h"
#include "btf_values.h"

static struct btf_make m;

static struct btf_blob *parse(void)
{
	struct err err = { 0 };
	struct btf_blob *btf;
	u32 size = make_end(&m);

	if (btf_parse(m.out, size, &err, &btf) != 0)
		fail_msg("%s: %s", err.place, err.reason);
	return btf;
}

/* Exactly as large as said: the sanitizer sees a byte too much. */
static int parse_exactly(const void *data, u32 size, struct err *err)
{
	struct btf_blob *btf;
	u8 *copy = malloc(size);
	int res;

	memcpy(copy, data, size);
	res = btf_parse(copy, size, err, &btf);
	free(copy);
	if (!res)
		btf_put(btf);
	return res;
}

static void every_rule_refuses_in_linuxs_words(void **state)
{
	(void)state;
	for (u32 i = 0; i < btf_rule_cnt; i++) {
		const struct btf_rule *r = &btf_rules[i];
		u32 size = btf_rule_make(r, &m);
		struct err err = { 0 };
		int res = parse_exactly(m.out, size, &err);

		if (res != r->code ||
		    (r->says && strcmp(err.reason, r->says) != 0))
			fail_msg("%s: %d %s", r->name, res, err.reason);
		if (res && strncmp(err.place, "BTF", 3) != 0)
			fail_msg("%s: no place", r->name);
		assert_int_equal(parse_exactly(m.out, size, NULL), r->code);
	}
}

static void a_blob_cut_anywhere_is_refused(void **state)
{
	u32 size;

	(void)state;
	make_init(&m);
	make_int(&m, "int", 4, BTF_INT_SIGNED);
	make_type(&m, "s", BTF_KIND_STRUCT, 1, 4);
	make_member(&m, "a", 1, 0);
	size = make_end(&m);
	assert_int_equal(parse_exactly(m.out, size, NULL), 0);
	for (u32 cut = 0; cut < size; cut++)
		assert_int_not_equal(parse_exactly(m.out, cut, NULL), 0);
}

static void a_refusal_names_type_and_member(void **state)
{
	struct err err = { 0 };

	(void)state;
	make_init(&m);
	make_int(&m, "int", 4, 0);
	make_type(&m, "flow", BTF_KIND_STRUCT, 1, 2);
	make_member(&m, "port", 1, 0);
	assert_int_equal(parse_exactly(m.out, make_end(&m), &err), -EINVAL);
	assert_string_equal(err.place, "BTF type [2] STRUCT flow, member port");
	assert_string_equal(err.reason, "Member exceeds struct_size");
}

static void types_are_found_by_name_and_kind(void **state)
{
	struct btf_blob *btf;
	u32 size;

	(void)state;
	make_init(&m);
	make_int(&m, "int", 4, BTF_INT_SIGNED);
	make_type(&m, "u32", BTF_KIND_TYPEDEF, 0, 1);
	make_type(&m, NULL, BTF_KIND_CONST, 0, 2);
	make_array(&m, 3, 1, 6);
	make_type(&m, NULL, BTF_KIND_PTR, 0, 0);
	make_type(&m, "v", BTF_KIND_VAR, 0, 4);
	make_word(&m, 1);
	make_type(&m, NULL, BTF_KIND_FUNC_PROTO, 0, 0);
	btf = parse();
	assert_int_equal(btf_type_count(btf), 7);
	assert_int_equal(btf_find(btf, "u32", BTF_KIND_TYPEDEF), 2);
	assert_int_equal(btf_find(btf, "u32", BTF_KIND_INT), -ENOENT);
	assert_int_equal(btf_skip(btf, 3), 1);
	assert_int_equal(btf_skip(btf, 5), 5);
	assert_string_equal(btf_name(btf, 2), "u32");
	assert_string_equal(btf_name(btf, 3), "");
	assert_string_equal(btf_name(btf, 99), "");
	assert_null(btf_type(btf, 8));
	assert_null(btf_string(btf, 1u << 20));
	assert_int_equal(btf_size(btf, 3), 4);
	assert_int_equal(btf_size(btf, 4), 24);
	assert_int_equal(btf_size(btf, 5), 8);
	assert_int_equal(btf_size(btf, 6), 24);
	assert_int_equal(btf_size(btf, 7), -EINVAL);
	assert_int_equal(btf_size(btf, 0), -EINVAL);
	assert_int_equal(btf_size(btf, 99), -EINVAL);
	btf_raw(btf, &size);
	assert_int_equal(size, make_end(&m));
	btf_put(btf_get(btf));
	btf_put(btf);
}

static void fields_that_are_no_data_are_found(void **state)
{
	const u32 mask = 1u << BTF_FIELD_SPIN_LOCK | 1u << BTF_FIELD_TIMER;
	struct btf_field f[BTF_FIELDS_MAX];
	u32 u32_id, lock, timer, inner, outer, var, section;
	struct btf_blob *btf;

	(void)state;
	make_init(&m);
	u32_id = make_int(&m, "u32", 4, 0);
	lock = make_type(&m, "bpf_spin_lock", BTF_KIND_STRUCT, 1, 4);
	make_member(&m, "val", u32_id, 0);
	timer = make_type(&m, "bpf_timer", BTF_KIND_STRUCT, 0, 16);
	inner = make_type(&m, "inner", BTF_KIND_STRUCT, 2, 8);
	make_member(&m, "n", u32_id, 0);
	make_member(&m, "lock", lock, 32);
	outer = make_type(&m, "outer", BTF_KIND_STRUCT, 2, 32);
	make_member(&m, "in", inner, 64);
	make_member(&m, "t", timer, 128);
	var = make_type(&m, "v", BTF_KIND_VAR, 0, lock);
	make_word(&m, 1);
	section = make_type(&m, ".bss", BTF_KIND_DATASEC, 1, 16);
	make_triple(&m, var, 8, 4);
	btf = parse();
	assert_int_equal(btf_fields(btf, outer, mask, f), 2);
	assert_int_equal(f[0].kind, BTF_FIELD_SPIN_LOCK);
	assert_int_equal(f[0].offset, 12);
	assert_int_equal(f[1].kind, BTF_FIELD_TIMER);
	assert_int_equal(f[1].offset, 16);
	assert_int_equal(btf_fields(btf, outer, 1u << BTF_FIELD_TIMER, f), 1);
	assert_int_equal(btf_fields(btf, section, mask, f), 1);
	assert_int_equal(f[0].offset, 8);
	assert_int_equal(btf_fields(btf, u32_id, mask, f), 0);
	assert_int_equal(btf_fields(btf, 99, mask, f), -EINVAL);
	btf_put(btf);
}

/* 24,000 lists among 48,000 types. */
static void many_lists_do_not_take_long(void **state)
{
	const u32 n = 24000, words_max = 64 + n * 16;
	struct btf_header h = { .magic = BTF_MAGIC, .version = BTF_VERSION };
	u32 *words = calloc(words_max, 4), len, types_len;
	struct err err = { 0 };
	u8 *blob;

	(void)state;
	make_init(&m);
	make_int(&m, "u32", 4, 0);
	make_type(&m, "bpf_spin_lock", BTF_KIND_STRUCT, 0, 4);
	make_type(&m, "bpf_list_head", BTF_KIND_STRUCT, 0, 16);
	make_type(&m, "bpf_list_node", BTF_KIND_STRUCT, 0, 24);
	make_type(&m, "B", BTF_KIND_STRUCT, 1, 24);
	make_member(&m, "C", 4, 0);
	len = make_name(&m, "contains:B:C");
	memcpy(words, m.words, m.word_cnt * 4);
	for (u32 i = 0, at = m.word_cnt; i < n; i++) {
		const u32 types[] = {
			0,
			MAKE_INFO(BTF_KIND_STRUCT, 2),
			24,
			0,
			3,
			0,
			0,
			2,
			128,
			len,
			MAKE_INFO(BTF_KIND_DECL_TAG, 0),
			6 + 2 * i,
			0,
		};

		memcpy(words + at, types, sizeof(types));
		at += ARRAY_LEN(types);
		m.word_cnt = at;
	}
	types_len = m.word_cnt * 4;
	h.hdr_len = sizeof(h);
	h.type_len = h.str_off = types_len;
	h.str_len = m.strings_len;
	blob = malloc(sizeof(h) + types_len + m.strings_len);
	memcpy(blob, &h, sizeof(h));
	memcpy(blob + sizeof(h), words, types_len);
	memcpy(blob + sizeof(h) + types_len, m.strings, m.strings_len);
	assert_int_equal(parse_exactly(blob,
				       (u32)sizeof(h) + types_len +
					       m.strings_len,
				       &err),
			 -E2BIG);
	assert_string_equal(err.reason, "too many lists and trees");
	free(blob);
	free(words);
}

/* ---- values ---- */

static struct ids ids;

static struct btf_blob *make_values(void)
{
	make_value_types(&m, &ids);
	return parse();
}

struct text {
	char bytes[4096];
	size_t len;
};

static int to_text(void *arg, const char *bytes, size_t size)
{
	struct text *t = arg;

	if (t->len + size >= sizeof(t->bytes))
		return -EFBIG;
	memcpy(t->bytes + t->len, bytes, size);
	t->len += size;
	t->bytes[t->len] = '\0';
	return 0;
}

static int print_as(const struct btf_blob *btf, u32 id, const void *value,
		    enum btf_style style, struct text *t)
{
	struct json j;

	*t = (struct text){ 0 };
	json_init(&j, to_text, t, false);
	btf_json(&j, btf, id, value, style);
	return json_flush(&j);
}

static int print(const struct btf_blob *btf, u32 id, const void *value,
		 struct text *t)
{
	return print_as(btf, id, value, BTF_BPFTOOL, t);
}

/* Text, the bytes it stands for, and what is printed for them. */
static void values_go_both_ways(void **state)
{
	struct btf_blob *btf = make_values();
	const struct {
		u32 id;
		u32 size;
		const char *given;
		const char *bytes;
		const char *printed; /* NULL: as given */
	} rows[] = {
		{ ids.s32, 4, "-2", "\xfe\xff\xff\xff" },
		{ ids.s32, 4, "2147483647", "\xff\xff\xff\x7f" },
		{ ids.s32, 4, "\"0xffffffff\"", "\xff\xff\xff\xff", "-1" },
		{ ids.u8, 1, "255", "\xff" },
		{ ids.u8, 1, "0x1f", "\x1f", "31" },
		{ ids.u16, 2, " \"53\" ", "5\0", "53" },
		{ ids.u32, 4, "\"10.0.0.1\"", "\x0a\0\0\1", "16777226" },
		{ ids.u64, 8, "18446744073709551615",
		  "\xff\xff\xff\xff\xff\xff\xff\xff" },
		{ ids.u128, 16, "\"0x10000000000000002\"",
		  "\2\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0" },
		{ ids.u128, 16, "\"2001:db8::1\"",
		  "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1",
		  "\"0x10000000000000000000000b80d0120\"" },
		{ ids.boolean, 1, "true", "\1" },
		{ ids.boolean, 1, "0", "\0", "false" },
		{ ids.letter, 1, "\"x\"", "x" },
		{ ids.letter, 1, "\"\\u00fe\"", "\xfe" },
		{ ids.letter, 1, "-1", "\xff", "\"\\u00ff\"" },
		{ ids.letter, 1, "\"\\\"\"", "\"" },
		{ ids.f32, 4, "1.5", "\0\0\xc0\x3f" },
		{ ids.f64, 8, "-0.1", "\x9a\x99\x99\x99\x99\x99\xb9\xbf",
		  "-0.10000000000000001" },
		{ ids.en, 4, "\"DROP\"", "\1\0\0\0" },
		{ ids.en, 4, "-1", "\xff\xff\xff\xff", "\"NOT\"" },
		{ ids.en, 4, "7", "\7\0\0\0" },
		{ ids.en64, 8, "\"HIGH\"", "\1\0\0\0\2\0\0\0" },
		{ ids.ptr, 8, "4096", "\0\x10\0\0\0\0\0\0" },
		{ ids.text, 4, "\"ab\"", "ab\0\0" },
		{ ids.text, 4, "\"\"", "\0\0\0\0" },
		{ ids.text, 4, "\"abcd\"", "abcd", "[97,98,99,100]" },
		{ ids.bytes4, 4, "[1,2,3,4]", "\1\2\3\4" },
		{ ids.bytes4, 4, "\"1.2.3.4\"", "\1\2\3\4", "[1,2,3,4]" },
		{ ids.bytes6, 6, "\"02:00:00:00:aB:01\"", "\2\0\0\0\xab\1",
		  "[2,0,0,0,171,1]" },
		{ ids.in6, 16, "\"::1\"", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1",
		  "{\"s6\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1]}" },
		{ ids.pair, 4, "{\"a\":1,\"b\":2}", "\1\0\2\0" },
		{ ids.pair, 4, "{ \"b\" : 2 }", "\0\0\2\0",
		  "{\"a\":0,\"b\":2}" },
		{ ids.pair, 4, "{}", "\0\0\0\0", "{\"a\":0,\"b\":0}" },
		{ ids.anon, 8,
		  "{\"\":{\"word\":5,\"two\":{\"a\":5,\"b\":0}},"
		  "\"last\":6}",
		  "\5\0\0\0\6\0\0\0" },
		{ ids.anon, 8, "{\"two\":{\"b\":1}}", "\0\0\1\0\0\0\0\0",
		  "{\"\":{\"word\":65536,\"two\":{\"a\":0,\"b\":1}},"
		  "\"last\":0}" },
		{ ids.bits, 4,
		  "{\"low\":5,\"mid\":-1,\"e\":\"DROP\","
		  "\"top\":65535}",
		  "\xfd\x3f\xff\xff",
		  "{\"low\":\"0x5\",\"mid\":\"0x3ff\",\"e\":\"0x1\","
		  "\"top\":65535}" },
		{ ids.bits, 4,
		  "{\"low\":\"0x5\",\"mid\":\"0x3ff\","
		  "\"e\":\"0x1\",\"top\":65535}",
		  "\xfd\x3f\xff\xff" },
		{ ids.whole, 24,
		  "{\"p\":1,\"list\":[{\"a\":1,\"b\":2},"
		  "{\"a\":3,\"b\":4}],\"name\":\"x\"}",
		  "\1\0\0\0\0\0\0\0\1\0\2\0\3\0\4\0x\0\0\0\0\0\0\0" },
		{ ids.section, 8, "{\".data\":[{\"counter\":9}]}",
		  "\0\0\0\0\x09\0\0\0" },
		{ ids.section, 8, "{\"counter\":9}", "\0\0\0\0\x09\0\0\0",
		  "{\".data\":[{\"counter\":9}]}" },
		{ ids.be16, 2, "53", "\0\x35", "13568" },
		{ ids.be32, 4, "\"10.0.0.1\"", "\x0a\0\0\1", "16777226" },
		{ ids.be32, 4, "0x0a000001", "\x0a\0\0\1", "16777226" },
		{ ids.be64, 8, "1", "\0\0\0\0\0\0\0\1", "72057594037927936" },
		{ ids.flow, 12,
		  "{\"saddr\":\"10.0.0.1\",\"ports\":[1024,53],\"proto\":17}",
		  "\x0a\0\0\1\4\0\0\x35\x11\0\0\0",
		  "{\"saddr\":16777226,\"ports\":[4,13568],\"proto\":17}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		u8 *value = malloc(rows[i].size);
		struct err err = { 0 };
		struct text t;

		memset(value, 0xa5, rows[i].size);
		if (btf_parse_json(btf, rows[i].id, rows[i].given, value,
				   rows[i].size, &err) != 0)
			fail_msg("%s: %s", rows[i].given, err.reason);
		if (memcmp(value, rows[i].bytes, rows[i].size) != 0)
			fail_msg("%s: wrong bytes", rows[i].given);
		assert_int_equal(print(btf, rows[i].id, value, &t), 0);
		assert_string_equal(t.bytes, rows[i].printed ? rows[i].printed
							     : rows[i].given);
		free(value);
	}
	btf_put(btf);
}

/* What BTF_TYPED says otherwise than bpftool. */
static void typed_output_says_what_is_meant(void **state)
{
	struct btf_blob *btf = make_values();
	const struct {
		u32 id;
		const char *bytes;
		const char *printed;
	} rows[] = {
		{ ids.be16, "\0\x35", "53" },
		{ ids.port, "\x1f\x90", "8080" },
		{ ids.be32, "\x0a\0\0\1", "167772161" },
		{ ids.flow, "\x0a\0\0\1\4\0\0\x35\x11\0\0\0",
		  "{\"saddr\":167772161,\"ports\":[1024,53],\"proto\":17}" },
		{ ids.u16, "\0\x35", "13568" },
		{ ids.u64, "\xff\xff\xff\xff\xff\xff\xff\x7f",
		  "9223372036854775807" },
		{ ids.u64, "\0\0\0\0\0\0\0\x80", "\"9223372036854775808\"" },
		{ ids.boolean, "\2", "2" },
		{ ids.letter, "\0", "0" },
		{ ids.text, "a\0b\0", "[97,0,98,0]" },
		{ ids.text, "a\0\0\0", "\"a\"" },
		{ ids.anon, "\5\0\0\0\6\0\0\0",
		  "{\"word\":5,\"two\":{\"a\":5,\"b\":0},\"last\":6}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct text t;

		assert_int_equal(print_as(btf, rows[i].id, rows[i].bytes,
					  BTF_TYPED, &t),
				 0);
		assert_string_equal(t.bytes, rows[i].printed);
	}
	btf_put(btf);
}

static void typed_output_is_input_for_the_same_bytes(void **state)
{
	struct btf_blob *btf = make_values();
	const u32 types[] = {
		ids.s32,     ids.u8,	  ids.u16,   ids.u32,	 ids.u64,
		ids.u128,    ids.boolean, ids.chr,   ids.letter, ids.en,
		ids.en64,    ids.ptr,	  ids.text,  ids.bytes4, ids.bytes6,
		ids.bytes16, ids.pair,	  ids.pairs, ids.anon,	 ids.bits,
		ids.whole,   ids.in6,	  ids.be16,  ids.be32,	 ids.be64,
		ids.port,    ids.flow,	  ids.f80,
	};
	u64 random = 88172645463325252ull;

	(void)state;
	for (u32 i = 0; i < ARRAY_LEN(types) * 256; i++) {
		u32 id = types[i % ARRAY_LEN(types)];
		u32 size = (u32)btf_size(btf, id);
		u8 value[32], back[32];
		struct err err = { 0 };
		struct text t;

		for (u32 k = 0; k < size; k++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			value[k] =
				random & 0x300 ? (u8)random : (u8)(random & 1);
		}
		if (id == ids.whole)
			memset(value + 20, 0, 4); /* padding has no name */
		assert_int_equal(print_as(btf, id, value, BTF_TYPED, &t), 0);
		if (btf_parse_json(btf, id, t.bytes, back, size, &err) != 0)
			fail_msg("%s: %s", t.bytes, err.reason);
		if (memcmp(value, back, size) != 0)
			fail_msg("%s: other bytes", t.bytes);
	}
	btf_put(btf);
}

static void wrong_text_is_refused_with_the_members_path(void **state)
{
	struct btf_blob *btf = make_values();
	const struct {
		u32 id;
		u32 size;
		const char *given;
		const char *says;
	} rows[] = {
		{ ids.u8, 1, "256", "256 does not fit in 8 bits" },
		{ ids.u8, 1, "-1", "-1 does not fit in 8 bits" },
		{ ids.s32, 4, "2147483648",
		  "2147483648 does not fit in 32 signed bits" },
		{ ids.s32, 4, "-2147483649",
		  "-2147483649 does not fit in 32 signed bits" },
		{ ids.u8, 1, "1.5", "'1.5' is no number" },
		{ ids.u8, 1, "", "a value is missing at the end of the text" },
		{ ids.u8, 1, "1 2",
		  "the end is expected at character 3, not '2'" },
		{ ids.u8, 1, "{}",
		  "a value is expected at character 1, not '{}'" },
		{ ids.u8, 2, "1", "the type has 1 bytes, not 2" },
		{ 0, 0, "1", "the type has -22 bytes, not 0" },
		{ ids.u32, 4, "\"10.0.0\"", "'10.0.0' is no number" },
		{ ids.boolean, 1, "\"maybe\"", "'maybe' is no true or false" },
		{ ids.en, 4, "\"PASS\"", "'PASS' is no value of enum verdict" },
		{ ids.text, 4, "\"abcde\"",
		  "the string has more than 4 characters" },
		{ ids.text, 4, "\"ab",
		  "the string that starts at character "
		  "1 does not end" },
		{ ids.text, 4, "\"\\x\"", "unknown escape in a string" },
		{ ids.text, 4, "\"\\ud800\"", "unknown escape in a string" },
		{ ids.bytes4, 4, "[1,2,3]", "3 items, the array has 4" },
		{ ids.bytes4, 4, "[1,2,3,4,5]",
		  "[4]: the array has only 4 items" },
		{ ids.bytes4, 4, "[1,2,300,4]",
		  "[2]: 300 does not fit in 8 bits" },
		{ ids.bytes4, 4, "\"x\"", "'x' is no array of 4 bytes" },
		{ ids.bytes6, 6, "\"2:0:0:0:0:1\"",
		  "'2:0:0:0:0:1' is no array of 6 bytes" },
		{ ids.pair, 4, "{\"c\":1}",
		  "c: struct pair has no such member" },
		{ ids.pair, 4, "{\"a\" 1}",
		  "':' is expected at character 6, not '1}'" },
		{ ids.pair, 4, "{\"a\":1",
		  "'}' is missing at the end of the "
		  "text" },
		{ ids.pair, 4, "[1,2]",
		  "'{' is expected at character 1, not '[1,2]'" },
		{ ids.whole, 24, "{\"list\":[{\"a\":1},{\"b\":70000}]}",
		  "list[1].b: 70000 does not fit in 16 bits" },
		{ ids.anon, 8, "{\"\":{\"two\":{\"x\":1}}}",
		  "two.x: struct pair has no such member" },
		{ ids.anon, 8, "{\"\":{},\"\":{}}",
		  "struct anon has no such member" },
		{ ids.bits, 4, "{\"low\":8}", "low: 8 does not fit in 3 bits" },
		{ ids.section, 8, "{\"other\":1}",
		  "other: section .data has no such variable" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = { 0 };
		u8 value[32];

		if (btf_parse_json(btf, rows[i].id, rows[i].given, value,
				   rows[i].size, &err) != -EINVAL)
			fail_msg("%s is taken", rows[i].given);
		assert_int_equal(err.code, -EINVAL);
		assert_string_equal(err.reason, rows[i].says);
	}
	btf_put(btf);
}

/* Every beginning of a right text is wrong, and none is read past its end. */
static void text_cut_anywhere_is_refused(void **state)
{
	static const char whole[] = "{\"p\":1,\"list\":[{\"a\":1,\"b\":2},"
				    "{\"a\":3}],\"name\":\"\\u0078\"}";
	struct btf_blob *btf = make_values();

	(void)state;
	for (size_t len = 0; len <= strlen(whole); len++) {
		char *text = strndup(whole, len);
		u8 value[24];

		assert_int_equal(btf_parse_json(btf, ids.whole, text, value,
						sizeof(value), NULL),
				 len == strlen(whole) ? 0 : -EINVAL);
		free(text);
	}
	btf_put(btf);
}

/* union { union { union { ... } a, b; } a, b; } is one int and 2^60 values. */
static void a_small_value_does_not_print_without_end(void **state)
{
	char text[1024] = "";
	struct btf_blob *btf;
	struct text t;
	u32 id, word = 0;
	size_t len = 0;

	(void)state;
	make_init(&m);
	id = make_int(&m, "u32", 4, 0);
	for (int i = 0; i < 50; i++) {
		u32 outer = make_type(&m, "u", BTF_KIND_UNION, 2, 4);

		make_member(&m, NULL, id, 0);
		make_member(&m, NULL, id, 0);
		id = outer;
	}
	btf = parse();
	assert_int_not_equal(print(btf, id, &word, &t), 0);
	len += (size_t)sprintf(text + len, "{\"x\":1}");
	assert_int_equal(btf_parse_json(btf, id, text, &word, 4, NULL),
			 -EINVAL);
	btf_put(btf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_refuses_in_linuxs_words),
		cmocka_unit_test(a_blob_cut_anywhere_is_refused),
		cmocka_unit_test(a_refusal_names_type_and_member),
		cmocka_unit_test(types_are_found_by_name_and_kind),
		cmocka_unit_test(fields_that_are_no_data_are_found),
		cmocka_unit_test(many_lists_do_not_take_long),
		cmocka_unit_test(values_go_both_ways),
		cmocka_unit_test(typed_output_says_what_is_meant),
		cmocka_unit_test(typed_output_is_input_for_the_same_bytes),
		cmocka_unit_test(wrong_text_is_refused_with_the_members_path),
		cmocka_unit_test(text_cut_anywhere_is_refused),
		cmocka_unit_test(a_small_value_does_not_print_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
