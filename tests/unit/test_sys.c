/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "sys/id.h"
#include "sys_object.h"
#include "sys_rig.h"

static struct prog *make_prog(u32 attach_type)
{
	const struct bpf_insn pass[] = { ALU64_K(MOV, R0, XDP_PASS), EXIT() };
	const struct prog_attr attr = { .type = BPF_PROG_TYPE_XDP,
					.expected_attach_type = attach_type,
					.name = "unit",
					.license = "GPL",
					.insns = pass,
					.insn_cnt = ARRAY_LEN(pass) };
	struct err err = { 0 };
	struct prog *prog;

	if (sys_prog_load(sys, &attr, NULL, &err, &prog) != 0)
		fail_msg("%s", err.reason);
	return prog;
}

/* ---- ids ---- */

static void an_object_has_an_id_until_its_last_reference_goes(void **state)
{
	struct map *a, *b, *found;
	struct prog *p;
	u32 id;

	(void)state;
	a = make_map(BPF_MAP_TYPE_ARRAY, 8, 1);
	b = make_map(BPF_MAP_TYPE_HASH, 8, 1);
	assert_true(a->id && b->id > a->id);
	assert_int_equal(sys_next_map_id(sys, 0), a->id);
	assert_int_equal(sys_next_map_id(sys, a->id), b->id);
	assert_int_equal(sys_next_map_id(sys, b->id), 0);
	assert_int_equal(sys_next_map_id(sys, UINT32_MAX), 0);
	found = sys_map_by_id(sys, a->id);
	assert_ptr_equal(found, a);
	assert_null(sys_map_by_id(sys, b->id + 1));
	assert_null(sys_map_by_id(sys, 0));
	id = a->id;
	map_put(a);
	assert_ptr_equal(sys_map_by_id(sys, id), a);
	map_put(found);
	map_put(a);
	assert_null(sys_map_by_id(sys, id));
	assert_int_equal(sys_next_map_id(sys, 0), b->id);
	map_put(b);
	p = make_prog(BPF_XDP);
	id = p->id;
	assert_ptr_equal(sys_prog_by_id(sys, id), p);
	prog_put(p);
	assert_int_equal(sys_next_prog_id(sys, 0), id);
	prog_put(p);
	assert_null(sys_prog_by_id(sys, id));
	assert_empty();
}

static void *itself(void *obj)
{
	return obj;
}

static void numbers_ascend_and_then_start_over(void **state)
{
	struct id_table t;
	u32 id, objects[300];

	(void)state;
	id_init(&t);
	for (u32 i = 0; i < ARRAY_LEN(objects); i++) {
		assert_int_equal(id_add(&t, &objects[i], &id), 0);
		assert_int_equal(id, i + 1);
	}
	for (u32 i = 0; i < ARRAY_LEN(objects); i++) {
		if (i % 100)
			id_remove(&t, i + 1);
	}
	assert_int_equal(id_count(&t), 3);
	assert_int_equal(id_next(&t, 1), 101);
	assert_ptr_equal(id_find(&t, 201, itself), &objects[200]);
	assert_null(id_find(&t, 2, itself));
	assert_int_equal(id_add(&t, &objects[1], &id), 0);
	assert_int_equal(id, 301);
	t.last = ID_MAX - 1;
	assert_int_equal(id_add(&t, &objects[2], &id), 0);
	assert_int_equal(id, ID_MAX);
	assert_int_equal(id_next(&t, 301), ID_MAX);
	assert_int_equal(id_next(&t, ID_MAX), 0);
	/* 1 is taken */
	assert_int_equal(id_add(&t, &objects[3], &id), 0);
	assert_int_equal(id, 2);
	assert_ptr_equal(id_find(&t, 1, itself), &objects[0]);
	id_destroy(&t);
}

static void a_map_that_cannot_be_made_takes_no_id(void **state)
{
	const struct map_attr attr = { .type = BPF_MAP_TYPE_ARRAY,
				       .key_size = 8 };
	struct err err = { 0 };
	struct map *map;

	(void)state;
	assert_int_equal(sys_map_create(sys, &attr, &err, &map), -EINVAL);
	assert_int_equal(sys_next_map_id(sys, 0), 0);
}

/* ---- pins ---- */

struct names {
	char text[64];
};

static int add_name(void *arg, const char *path, const void *object)
{
	struct names *n = arg;

	(void)object;
	strcat(n->text, path);
	strcat(n->text, " ");
	/* a callback may change what it walks over */
	sys_unpin(sys, path);
	return strcmp(path, "/c") == 0 ? 7 : 0;
}

static void a_pin_keeps_a_map(void **state)
{
	struct map *map = make_map(BPF_MAP_TYPE_ARRAY, 8, 1), *found;
	struct names n = { "" };
	char path[5000];

	(void)state;
	assert_int_equal(sys_pin_map(sys, "/b", map), 0);
	assert_int_equal(sys_pin_map(sys, "/b", map), -EEXIST);
	assert_int_equal(sys_pin_map(sys, "/a", map), 0);
	assert_int_equal(sys_pin_map(sys, "/c", map), 0);
	assert_int_equal(sys_pin_map(sys, "/d", map), 0);
	assert_int_equal(sys_pin_map(sys, "", map), -ENOENT);
	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(sys_pin_map(sys, path, map), -ENAMETOOLONG);
	map_put(map);
	found = sys_pinned_map(sys, "/b");
	assert_ptr_equal(found, map);
	map_put(found);
	assert_null(sys_pinned_map(sys, "/bb"));
	assert_int_equal(sys_each_pin(sys, add_name, &n), 7);
	assert_string_equal(n.text, "/a /b /c ");
	assert_int_equal(sys_unpin(sys, "/a"), -ENOENT);
	assert_ptr_equal(sys_map_by_id(sys, map->id), map);
	map_put(map);
	assert_int_equal(sys_unpin(sys, "/d"), 0);
	assert_empty();
}

static void what_is_pinned_goes_with_sys(void **state)
{
	struct map *map = make_map(BPF_MAP_TYPE_HASH, 8, 100);

	(void)state;
	assert_int_equal(sys_pin_map(sys, "/kept", map), 0);
	map_put(map);
	/* drop_sys() finds that nothing is left */
}

/* ---- entries ---- */

static void a_frozen_map_is_read_only_for_control(void **state)
{
	struct map *map = make_map(BPF_MAP_TYPE_HASH, 8, 4);
	u32 key = 1;
	u64 value = 5, got = 0;

	(void)state;
	assert_int_equal(sys_map_write(sys, map, &key, &value, BPF_ANY), 0);
	assert_int_equal(sys_map_freeze(sys, map), 0);
	assert_int_equal(sys_map_freeze(sys, map), -EPERM);
	assert_int_equal(sys_map_write(sys, map, &key, &value, BPF_ANY),
			 -EPERM);
	assert_int_equal(sys_map_write(sys, map, &key, &value, 99), -EPERM);
	assert_int_equal(sys_map_erase(sys, map, &key), -EPERM);
	assert_int_equal(sys_map_read(sys, map, &key, &got, 0), 0);
	assert_int_equal(got, 5);
	assert_int_equal(map->ops->update(map, &key, &value, BPF_ANY), 0);
	map_put(map);
}

static void flags_are_linuxs(void **state)
{
	struct map *map = make_map(BPF_MAP_TYPE_ARRAY, 8, 4);
	u32 key = 1, beyond = 4;
	u64 value = 5;

	(void)state;
	assert_int_equal(sys_map_read(sys, map, &key, &value, 1), -EINVAL);
	assert_int_equal(sys_map_read(sys, map, &key, &value, BPF_F_LOCK),
			 -EINVAL);
	assert_int_equal(sys_map_write(sys, map, &key, &value, BPF_F_LOCK),
			 -EINVAL);
	assert_int_equal(sys_map_write(sys, map, &key, &value, BPF_NOEXIST),
			 -EEXIST);
	assert_int_equal(sys_map_write(sys, map, &beyond, &value, BPF_ANY),
			 -E2BIG);
	assert_int_equal(sys_map_erase(sys, map, &key), -EINVAL);
	map_put(map);
}

static void a_prog_array_shows_program_ids(void **state)
{
	struct map *map = make_map(BPF_MAP_TYPE_PROG_ARRAY, 4, 2);
	struct prog *prog = make_prog(BPF_XDP);
	struct prog *other = make_prog(BPF_XDP_DEVMAP);
	u32 key = 1, got = 0;

	(void)state;
	assert_int_equal(sys_map_write_object(sys, map, &key, prog, 0), 0);
	assert_int_equal(sys_map_read(sys, map, &key, &got, 0), 0);
	assert_int_equal(got, prog->id);
	assert_int_equal(sys_map_write_object(sys, map, &key, other, 0),
			 -EINVAL);
	assert_int_equal(sys_map_erase(sys, map, &key), 0);
	assert_int_equal(sys_map_erase(sys, map, &key), -ENOENT);
	prog_put(prog);
	prog_put(other);
	map_put(map);
	assert_empty();
}

static void a_difference_names_every_attribute(void **state)
{
	struct map *map = make_map(BPF_MAP_TYPE_ARRAY, 8, 4);
	struct map_attr attr = { .type = BPF_MAP_TYPE_ARRAY,
				 .key_size = 4,
				 .value_size = 8,
				 .max_entries = 4,
				 .flags = BPF_F_RDONLY };
	struct err err = { 0 };
	char want[256];

	(void)state;
	assert_int_equal(sys_map_matches(map, &attr, &err), 0);
	attr = (struct map_attr){ BPF_MAP_TYPE_HASH, 8,		16, 5,
				  BPF_F_NO_PREALLOC, .extra = 1 };
	assert_int_equal(sys_map_matches(map, &attr, &err), -EINVAL);
	snprintf(want, sizeof(want),
		 "map unit (id %u) does not match: type is array, not hash; "
		 "key_size is 4, not 8; value_size is 8, not 16; max_entries "
		 "is 4, not 5; map_flags is 0x0, not 0x1; map_extra is 0, not "
		 "1",
		 map->id);
	assert_string_equal(err.reason, want);
	map_put(map);
}

/* ---- programs ---- */

static void a_refused_program_says_why(void **state)
{
	static const struct bpf_insn pass[] = { ALU64_K(MOV, R0, 0), EXIT() };
	static const struct bpf_insn open[] = { ALU64_K(MOV, R0, 0) };
	static const struct {
		struct prog_attr attr;
		int code;
		const char *says;
	} rows[] = {
		{ { .type = BPF_PROG_TYPE_XDP, .insns = pass },
		  -E2BIG,
		  "0 instructions: a program has 1 to 1000000" },
		{ { .type = BPF_PROG_TYPE_XDP,
		    .insns = pass,
		    .insn_cnt = 1000001 },
		  -E2BIG,
		  "1000001 instructions: a program has 1 to 1000000" },
		{ { .type = 999, .insns = pass, .insn_cnt = 0 },
		  -E2BIG,
		  "0 instructions: a program has 1 to 1000000" },
		{ { .type = 999, .flags = 1u << 31, .insns = pass },
		  -EINVAL,
		  "programs have no flag 0x80000000 here" },
		{ { .type = 999, .insns = pass, .insn_cnt = 2 },
		  -EINVAL,
		  "programs of type unknown (999) do not run here" },
		{ { .type = BPF_PROG_TYPE_KPROBE,
		    .insns = pass,
		    .insn_cnt = 2 },
		  -EINVAL,
		  "programs of type kprobe (2) do not run here" },
		{ { .type = BPF_PROG_TYPE_XDP,
		    .insns = pass,
		    .insn_cnt = 2,
		    .name = "a b" },
		  -EINVAL,
		  "character 0x20 in the program's name" },
		{ { .type = BPF_PROG_TYPE_XDP, .insns = open, .insn_cnt = 1 },
		  -EINVAL,
		  NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = { 0 };
		struct prog *prog;

		assert_int_equal(sys_prog_load(sys, &rows[i].attr, NULL, &err, &prog),
				 rows[i].code);
		assert_int_equal(err.code, rows[i].code);
		if (rows[i].says)
			assert_string_equal(err.reason, rows[i].says);
	}
	assert_empty();
}

/* ---- overrides ---- */

static void overrides_are_read(void **state)
{
	static const struct {
		const char *text;
		const char *map;
		const char *field;
		u64 value;
	} rows[] = {
		{ "acl.max_entries=1000", "acl", "max_entries", 1000 },
		{ "o.rodata.map_flags=0x80", "o.rodata", "map_flags", 128 },
		{ "a.pinning=1", "a", "pinning", 1 },
		{ "a.numa_node=4294967295", "a", "numa_node", UINT32_MAX },
	};
	struct sys_override o;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[64];

		strcpy(text, rows[i].text);
		assert_int_equal(sys_override_parse(text, &o, NULL), 0);
		assert_string_equal(o.map, rows[i].map);
		assert_string_equal(o.field, rows[i].field);
		assert_int_equal(o.value, rows[i].value);
	}
}

static void wrong_overrides_say_what_is_wrong(void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} rows[] = {
		{ "", "'' overrides nothing" },
		{ "acl", "'acl' overrides nothing" },
		{ "acl=1", "'acl' overrides nothing" },
		{ ".max_entries=1", "'.max_entries' overrides nothing" },
		{ "acl.max=1", "maps have no 'max' to override" },
		{ "acl.max_entries=", "'' is no number" },
		{ "acl.max_entries=-1", "'-1' is no number" },
		{ "acl.max_entries=1k", "'1k' is no number" },
		{ "acl.max_entries=4294967296",
		  "4294967296 does not fit in 32 bits" },
		{ "acl.pinning=2", "pinning is 0 (none) or 1 (by name)" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = { 0 };
		struct sys_override o;
		char text[64];

		strcpy(text, rows[i].text);
		assert_int_equal(sys_override_parse(text, &o, &err), -EINVAL);
		assert_string_equal(err.reason, rows[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_object_has_an_id_until_its_last_reference_goes),
		TEST(numbers_ascend_and_then_start_over),
		TEST(a_map_that_cannot_be_made_takes_no_id),
		TEST(a_pin_keeps_a_map),
		TEST(what_is_pinned_goes_with_sys),
		TEST(a_frozen_map_is_read_only_for_control),
		TEST(flags_are_linuxs),
		TEST(a_prog_array_shows_program_ids),
		TEST(a_difference_names_every_attribute),
		TEST(a_refused_program_says_why),
		TEST(overrides_are_read),
		TEST(wrong_overrides_say_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
