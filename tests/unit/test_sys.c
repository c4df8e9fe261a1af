/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "btf_make.h"
#include "sys/id.h"
#include "sys/sys_priv.h"
#include "sys_object.h"

static struct mem *mem;
static struct sys *sys;

static int make_sys(void **state)
{
	const struct mem_config config = { .budget = 64ull << 20, .slots = 2 };

	(void)state;
	return mem_create(&config, &mem) || sys_create(mem, &sys);
}

static int drop_sys(void **state)
{
	(void)state;
	sys_destroy(sys);
	assert_int_equal(mem_used(mem), 0);
	mem_destroy(mem);
	return 0;
}

/* Nothing is left of what was loaded. */
/* An object, its programs, what they use, and what that held. */
static void assert_empty(void)
{
	for (int i = 0; i < 4; i++)
		rcu_barrier(mem_rcu(mem));
	assert_int_equal(sys_next_map_id(sys, 0), 0);
	assert_int_equal(sys_next_prog_id(sys, 0), 0);
	assert_int_equal(mem_used(mem), 0);
}

static struct map *make_map(u32 type, u32 value_size, u32 max_entries)
{
	const struct map_attr attr = { .type = type,
				       .key_size = 4,
				       .value_size = value_size,
				       .max_entries = max_entries,
				       .name = "unit" };
	struct err err = { 0 };
	struct map *map;

	if (sys_map_create(sys, &attr, &err, &map) != 0)
		fail_msg("%s", err.reason);
	return map;
}

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

static int add_name(void *arg, const char *path, struct map *map)
{
	struct names *n = arg;

	(void)map;
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

static void a_prog_array_takes_program_ids(void **state)
{
	struct map *map = make_map(BPF_MAP_TYPE_PROG_ARRAY, 4, 2);
	struct prog *prog = make_prog(BPF_XDP);
	struct prog *other = make_prog(BPF_XDP_DEVMAP);
	u32 key = 1, none = 77, got = 0;

	(void)state;
	assert_int_equal(sys_map_write(sys, map, &key, &prog->id, 0), 0);
	assert_int_equal(sys_map_read(sys, map, &key, &got, 0), 0);
	assert_int_equal(got, prog->id);
	assert_int_equal(sys_map_write(sys, map, &key, &none, 0), -ENOENT);
	assert_int_equal(sys_map_write(sys, map, &key, &other->id, 0), -EINVAL);
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

/* ---- whole objects ---- */

static struct object object;

static struct sys_obj *load(const struct sys_load_opts *opts)
{
	struct err err = { 0 };
	struct sys_obj *so;

	if (sys_load(sys, &object.obj, opts, &err, &so) != 0)
		fail_msg("%s: %s", err.place, err.reason);
	return so;
}

static void an_object_is_loaded_whole(void **state)
{
	struct sys_obj *so;
	const struct prog *entry;
	struct map *pinned;
	u32 key = 0, id;
	u64 value;

	(void)state;
	object_make(&object);
	so = load(NULL);
	assert_int_equal(so->map_cnt, O_MAPS);
	assert_int_equal(so->prog_cnt, O_PROGS);
	assert_null(so->progs[O_SPARE]);
	entry = so->progs[O_ENTRY];
	assert_true(entry->gpl);
	/* in the order of use, each once */
	assert_int_equal(entry->map_cnt, 2);
	assert_ptr_equal(entry->maps[0], so->maps[O_JUMPS]);
	assert_ptr_equal(entry->maps[1], so->maps[O_HITS]);
	assert_int_equal(entry->insns[0].imm, 0);
	assert_int_equal(entry->insns[4].imm, 1);
	assert_int_equal(entry->insns[6].imm, 0);
	assert_int_equal(so->progs[O_TARGET]->map_cnt, 1);

	assert_int_equal(sys_map_read(sys, so->maps[O_RODATA], &key, &value, 0),
			 0);
	assert_int_equal(value, XDP_TX);
	assert_int_equal(sys_map_write(sys, so->maps[O_RODATA], &key, &value,
				       0),
			 -EPERM);
	key = 1;
	assert_int_equal(sys_map_read(sys, so->maps[O_JUMPS], &key, &id, 0), 0);
	assert_int_equal(id, so->progs[O_TARGET]->id);
	pinned = sys_pinned_map(sys, "/sys/fs/bpf/shared");
	assert_ptr_equal(pinned, so->maps[O_SHARED]);
	map_put(pinned);
	sys_obj_put(so);
	assert_int_equal(sys_unpin(sys, "/sys/fs/bpf/shared"), 0);
	assert_empty();
}

static void names_are_cut_to_15_characters(void **state)
{
	struct sys_obj *so;

	(void)state;
	object_make(&object);
	object.maps[O_HITS].name = "a_rather_long_name";
	object.progs[O_ENTRY].name = "another_rather_long_name";
	so = load(NULL);
	assert_string_equal(so->maps[O_HITS]->name, "a_rather_long_n");
	assert_string_equal(so->progs[O_ENTRY]->name, "another_rather_");
	assert_string_equal(so->progs[O_ENTRY]->full_name,
			    "another_rather_long_name");
	sys_obj_put(so);
	sys_unpin(sys, "/sys/fs/bpf/shared");
}

static void only_one_program_brings_what_it_needs(void **state)
{
	struct sys_load_opts opts = { .only = "entry" };
	struct err err = { 0 };
	struct sys_obj *so;

	(void)state;
	object_make(&object);
	so = load(&opts);
	assert_non_null(so->progs[O_TARGET]);
	assert_non_null(so->maps[O_RODATA]);
	assert_null(so->maps[O_SHARED]);
	assert_null(so->progs[O_SPARE]);
	sys_obj_put(so);
	opts.only = "spare";
	so = load(&opts);
	assert_non_null(so->progs[O_SPARE]);
	assert_null(so->progs[O_ENTRY]);
	assert_null(so->maps[O_HITS]);
	sys_obj_put(so);
	opts.only = "nothing";
	assert_int_equal(sys_load(sys, &object.obj, &opts, &err, &so), -ENOENT);
	assert_string_equal(err.reason,
			    "there is no program nothing in o.bpf.o");
	assert_string_equal(err.hint, "it has entry, target, spare");
	assert_empty();
}

static void overrides_change_maps(void **state)
{
	const struct sys_override overrides[] = {
		{ "hits", "max_entries", 9 },
		{ "hits", "value_size", 16 },
		{ "hits", "numa_node", 0 },
		{ "hits", "pinning", 1 },
		{ "shared", "pinning", 0 },
		{ "shared", "map_flags", BPF_F_NO_PREALLOC },
		{ "shared", "key_size", 6 },
	};
	const struct sys_load_opts opts = { .overrides = overrides,
					    .override_cnt =
						    ARRAY_LEN(overrides) };
	struct sys_obj *so;
	struct map *hits;

	(void)state;
	object_make(&object);
	so = load(&opts);
	hits = so->maps[O_HITS];
	assert_int_equal(hits->max_entries, 9);
	assert_int_equal(hits->value_size, 16);
	assert_int_equal(hits->flags, BPF_F_NUMA_NODE);
	assert_int_equal(so->maps[O_SHARED]->flags, BPF_F_NO_PREALLOC);
	assert_int_equal(so->maps[O_SHARED]->key_size, 6);
	assert_null(sys_pinned_map(sys, "/sys/fs/bpf/shared"));
	assert_int_equal(sys_unpin(sys, "/sys/fs/bpf/hits"), 0);
	sys_obj_put(so);
}

/* Both objects see one map; its contents stay. */
/* As long as the file is open or something of it is there; not after it could
 * not be loaded. */
static void the_types_of_an_object_have_a_number(void **state)
{
	const struct sys_load_opts none = { .only = "nothing" };
	static struct btf_make m;
	struct btf_blob *btf;
	struct sys_obj *so;
	struct map *map;
	u32 id;

	(void)state;
	object_make(&object);
	make_init(&m);
	make_int(&m, "u32", 4, 0);
	make_int(&m, "u64", 8, 0);
	assert_int_equal(btf_parse(m.out, make_end(&m), NULL, &btf), 0);
	object.obj.btf = btf;
	object.maps[O_HITS].attr.btf_key = 1;
	object.maps[O_HITS].attr.btf_value = 2;
	assert_int_not_equal(sys_load(sys, &object.obj, &none, NULL, &so), 0);
	assert_int_equal(btf_number(btf)->id, 0);
	assert_int_equal(sys_next_btf_id(sys, 0), 0);
	so = load(NULL);
	id = btf_number(btf)->id;
	assert_int_equal(sys_next_btf_id(sys, 0), id);
	map = map_get(so->maps[O_HITS]);
	assert_ptr_equal(map->btf, btf);
	sys_obj_put(so);
	btf_put(btf);
	for (int i = 0; i < 4; i++)
		rcu_barrier(mem_rcu(mem));
	assert_int_equal(sys_next_btf_id(sys, 0), id);
	map_put(map);
	sys_unpin(sys, "/sys/fs/bpf/shared");
	assert_empty();
	assert_int_equal(sys_next_btf_id(sys, 0), 0);
}

/* What outlives sys has no number then. */
static void types_outlive_their_number(void **state)
{
	static struct btf_make m;
	struct btf_blob *btf;

	make_init(&m);
	make_int(&m, "u32", 4, 0);
	assert_int_equal(btf_parse(m.out, make_end(&m), NULL, &btf), 0);
	object_make(&object);
	object.obj.btf = btf;
	sys_obj_put(load(NULL));
	assert_int_not_equal(btf_number(btf)->id, 0);
	drop_sys(state);
	assert_int_equal(btf_number(btf)->id, 0);
	btf_put(btf);
	make_sys(state);
}

static void a_pinned_map_is_shared(void **state)
{
	struct sys_obj *a, *b;
	struct err err = { 0 };
	u32 key = 3;
	u64 value = 4, got;

	(void)state;
	object_make(&object);
	a = load(NULL);
	sys_map_write(sys, a->maps[O_SHARED], &key, &value, 0);
	b = load(NULL);
	assert_ptr_equal(a->maps[O_SHARED], b->maps[O_SHARED]);
	assert_ptr_not_equal(a->maps[O_JUMPS], b->maps[O_JUMPS]);
	sys_obj_put(a);
	assert_int_equal(sys_map_read(sys, b->maps[O_SHARED], &key, &got, 0),
			 0);
	sys_obj_put(b);
	object.maps[O_SHARED].attr.max_entries = 17;
	assert_int_equal(sys_load(sys, &object.obj, NULL, &err, &a), -EINVAL);
	assert_non_null(strstr(err.reason, "max_entries is 16, not 17"));
	assert_string_equal(err.place, "o.bpf.o: map shared");
	sys_unpin(sys, "/sys/fs/bpf/shared");
	assert_empty();
}

static struct map *give_hits(void *arg, const struct elf_map *em)
{
	return strcmp(em->name, "hits") == 0 ? map_get(arg) : NULL;
}

static void a_given_map_is_used_if_it_matches(void **state)
{
	struct map *map = make_map(BPF_MAP_TYPE_ARRAY, 8, 4);
	struct sys_load_opts opts = { .reuse = give_hits, .arg = map };
	struct err err = { 0 };
	struct sys_obj *so;

	(void)state;
	object_make(&object);
	so = load(&opts);
	assert_ptr_equal(so->maps[O_HITS], map);
	assert_ptr_equal(so->progs[O_ENTRY]->maps[1], map);
	sys_obj_put(so);
	object.maps[O_HITS].attr.value_size = 16;
	assert_int_equal(sys_load(sys, &object.obj, &opts, &err, &so), -EINVAL);
	assert_non_null(strstr(err.reason, "value_size is 8, not 16"));
	map_put(map);
	sys_unpin(sys, "/sys/fs/bpf/shared");
	assert_empty();
}

/* One thing wrong with the object, at any stage. */
static void break_target(void)
{
	object.progs[O_TARGET].insn_cnt--; /* no exit */
}

static void break_index(void)
{
	object.entry[6].imm = O_MAPS;
}

static void break_slot(void)
{
	object.slot.target = O_SPARE;
}

static void break_slot_index(void)
{
	object.slot.index = 3;
}

static void break_kind(void)
{
	object.progs[O_TARGET].expected_attach_type = BPF_XDP_CPUMAP;
}

static void break_last_map(void)
{
	object.maps[O_SHARED].attr.max_entries = 1u << 22;
}

static void break_template(void)
{
	object.maps[O_JUMPS].is_template = true;
}

static void break_pin(void)
{
	static char name[5000];

	memset(name, 'x', sizeof(name) - 1);
	object.maps[O_SHARED].name = name;
}

static void nothing_is_left_of_what_fails(void **state)
{
	static const struct {
		void (*spoil)(void);
		int code;
		const char *place;
		const char *says;
	} rows[] = {
		{ break_target, -EINVAL, "o.bpf.o: program target", NULL },
		{ break_index, -EINVAL, "o.bpf.o: program entry",
		  "insn 6 names map 4 of 4" },
		{ break_slot, -EINVAL, "o.bpf.o: map jumps",
		  "entry 1 is program spare, which is not loaded" },
		{ break_slot_index, -E2BIG, "o.bpf.o: map jumps",
		  "program target does not fit into entry 3" },
		{ break_kind, -EINVAL, "o.bpf.o: map jumps",
		  "program target does not fit into entry 1" },
		{ break_last_map, -ENOMEM, "o.bpf.o: map shared", NULL },
		{ break_template, -EINVAL, "o.bpf.o: program entry",
		  "insn 0 uses map jumps, which is only the template of inner "
		  "maps" },
		{ break_pin, -ENAMETOOLONG, NULL, "the name is too long" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = { 0 };
		struct sys_obj *so;

		object_make(&object);
		rows[i].spoil();
		assert_int_equal(sys_load(sys, &object.obj, NULL, &err, &so),
				 rows[i].code);
		assert_int_equal(err.code, rows[i].code);
		if (rows[i].place && strncmp(err.place, rows[i].place,
					     strlen(rows[i].place)) != 0)
			fail_msg("%s", err.place);
		if (rows[i].says)
			assert_string_equal(err.reason, rows[i].says);
		assert_int_equal(sys_load(sys, &object.obj, NULL, NULL, &so),
				 rows[i].code);
		assert_empty();
		assert_int_equal(sys_unpin(sys, "/sys/fs/bpf/shared"), -ENOENT);
	}
}

static void an_unknown_override_is_an_error(void **state)
{
	const struct sys_override o = { "hist", "max_entries", 1 };
	const struct sys_load_opts opts = { .overrides = &o,
					    .override_cnt = 1 };
	struct err err = { 0 };
	struct sys_obj *so;

	(void)state;
	object_make(&object);
	assert_int_equal(sys_load(sys, &object.obj, &opts, &err, &so), -ENOENT);
	assert_string_equal(err.reason, "there is no map hist to override");
}

/* ---- memory that runs out ---- */

static long allocations_left = -1; /* -1: no limit */

static bool runs_out(void)
{
	if (allocations_left < 0)
		return false;
	return allocations_left == 0 || allocations_left-- == 0;
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
WRAP(void *, aligned_alloc, (size_t align, size_t size), (align, size))
WRAP(char *, strdup, (const char *s), (s))

/* Every allocation of a load fails once, and all after it. */
static void a_load_survives_any_failed_allocation(void **state)
{
	long n = 0;
	int res;

	(void)state;
	do {
		struct err err = { 0 };
		struct sys_obj *so;

		object_make(&object);
		allocations_left = n++;
		res = sys_load(sys, &object.obj, NULL, &err, &so);
		allocations_left = -1;
		if (res) {
			assert_int_equal(res, -ENOMEM);
			assert_int_equal(err.code, -ENOMEM);
			assert_int_equal(sys_unpin(sys, "/sys/fs/bpf/shared"),
					 -ENOENT);
		} else {
			sys_obj_put(so);
			sys_unpin(sys, "/sys/fs/bpf/shared");
		}
		assert_empty();
	} while (res);
	assert_true(n > 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_sys, drop_sys)

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
		TEST(a_prog_array_takes_program_ids),
		TEST(a_difference_names_every_attribute),
		TEST(a_refused_program_says_why),
		TEST(overrides_are_read),
		TEST(wrong_overrides_say_what_is_wrong),
		TEST(an_object_is_loaded_whole),
		TEST(names_are_cut_to_15_characters),
		TEST(only_one_program_brings_what_it_needs),
		TEST(overrides_change_maps),
		TEST(the_types_of_an_object_have_a_number),
		TEST(types_outlive_their_number),
		TEST(a_pinned_map_is_shared),
		TEST(a_given_map_is_used_if_it_matches),
		TEST(nothing_is_left_of_what_fails),
		TEST(an_unknown_override_is_an_error),
		TEST(a_load_survives_any_failed_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
