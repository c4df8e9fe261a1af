/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "btf_make.h"
#include "sys_object.h"
#include "sys_rig.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
