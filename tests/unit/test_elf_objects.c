/* SPDX-License-Identifier: BSD-3-Clause */
/* test_elf_objects.c - what the loader makes of good objects */
#include <setjmp.h>
#include <stdarg.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpf/insn.h"
#include "elf/elf_obj.h"
#include "elf_file.h"

static struct elf_obj *open_with(const char *name, const struct elf_opts *opts)
{
	struct elf_obj *obj = NULL;
	struct err err = { 0 };
	char text[1024];

	if (elf_open(file_path(name), opts, &err, &obj))
		fail_msg("%s", err_text(&err, text, sizeof(text)));
	return obj;
}

static struct elf_obj *open_object(const char *name)
{
	return open_with(name, NULL);
}

static const struct elf_map *map_of(const struct elf_obj *obj, const char *name)
{
	const struct elf_map *m = elf_map_find(obj, name);

	if (!m)
		fail_msg("no map %s", name);
	return m;
}

static const struct elf_prog *prog_of(const struct elf_obj *obj,
				      const char *name)
{
	const struct elf_prog *p = elf_prog_find(obj, name);

	if (!p)
		fail_msg("no program %s", name);
	return p;
}

static void section_names_are_libbpfs(void **state)
{
	static const struct {
		const char *name;
		struct elf_section_kind kind;
	} rows[] = {
		{ "xdp", { BPF_PROG_TYPE_XDP, BPF_XDP, 0 } },
		{ "xdp/mine", { BPF_PROG_TYPE_XDP, BPF_XDP, 0 } },
		{ "xdp_mine", { BPF_PROG_TYPE_XDP, BPF_XDP, 0 } },
		{ "xdp0", { BPF_PROG_TYPE_XDP, BPF_XDP, 0 } },
		{ "?xdp", { BPF_PROG_TYPE_XDP, BPF_XDP, 0 } },
		{ "xdp.frags",
		  { BPF_PROG_TYPE_XDP, BPF_XDP, BPF_F_XDP_HAS_FRAGS } },
		{ "xdp.frags/devmap",
		  { BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP, BPF_F_XDP_HAS_FRAGS } },
		{ "xdp/devmap", { BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP, 0 } },
		{ "xdp/devmap/a", { BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP, 0 } },
		{ "xdp_devmap/a", { BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP, 0 } },
		{ "xdp.frags/cpumap",
		  { BPF_PROG_TYPE_XDP, BPF_XDP_CPUMAP, BPF_F_XDP_HAS_FRAGS } },
		{ "xdp/cpumap", { BPF_PROG_TYPE_XDP, BPF_XDP_CPUMAP, 0 } },
		{ "tc", { BPF_PROG_TYPE_SCHED_CLS, 0, 0 } },
		{ "tc/mine", { BPF_PROG_TYPE_SCHED_CLS, 0, 0 } },
		{ "tc/ingress",
		  { BPF_PROG_TYPE_SCHED_CLS, BPF_TCX_INGRESS, 0 } },
		{ "tc/egress", { BPF_PROG_TYPE_SCHED_CLS, BPF_TCX_EGRESS, 0 } },
		{ "tcx/ingress",
		  { BPF_PROG_TYPE_SCHED_CLS, BPF_TCX_INGRESS, 0 } },
		{ "tcx/egress",
		  { BPF_PROG_TYPE_SCHED_CLS, BPF_TCX_EGRESS, 0 } },
		{ "classifier", { BPF_PROG_TYPE_SCHED_CLS, 0, 0 } },
		{ "classifier/mine", { BPF_PROG_TYPE_SCHED_CLS, 0, 0 } },
		{ "action", { BPF_PROG_TYPE_SCHED_ACT, 0, 0 } },
		{ "socket", { BPF_PROG_TYPE_SOCKET_FILTER, 0, 0 } },
		{ "socket1", { BPF_PROG_TYPE_SOCKET_FILTER, 0, 0 } },
	};
	static const char *const strangers[] = { "",	       "?",	"xd",
						 "xdp.fragsx", "xdpx",	"tcp",
						 "kprobe/x",   ".text", "2/1" };
	struct elf_section_kind kind;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_true(elf_section_parse(rows[i].name, &kind));
		assert_memory_equal(&kind, &rows[i].kind, sizeof(kind));
	}
	for (size_t i = 0; i < ARRAY_LEN(strangers); i++)
		assert_false(elf_section_parse(strangers[i], &kind));
}

static void maps_are_as_their_types_say(void **state)
{
	static const struct {
		const char *name;
		struct map_attr attr;
		bool pin, key_type, value_type;
	} rows[] = {
		{ "typed",
		  { .type = BPF_MAP_TYPE_HASH,
		    .key_size = 8,
		    .value_size = 8,
		    .max_entries = 100,
		    .flags = BPF_F_NO_PREALLOC },
		  true,
		  true,
		  true },
		{ "sized",
		  { .type = BPF_MAP_TYPE_LPM_TRIE,
		    .key_size = 8,
		    .value_size = 16,
		    .max_entries = 10,
		    .flags = BPF_F_NO_PREALLOC } },
		{ "ring",
		  { .type = BPF_MAP_TYPE_RINGBUF, .max_entries = 8192 } },
		{ "bloom",
		  { .type = BPF_MAP_TYPE_BLOOM_FILTER,
		    .value_size = 4,
		    .max_entries = 64,
		    .extra = 3 },
		  .value_type = true },
		{ "queue",
		  { .type = BPF_MAP_TYPE_QUEUE,
		    .value_size = 4,
		    .max_entries = 8 } },
		{ "events",
		  { .type = BPF_MAP_TYPE_PERF_EVENT_ARRAY,
		    .key_size = 4,
		    .value_size = 4 } },
	};
	struct elf_obj *obj = open_object("maps");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct elf_map *m = map_of(obj, rows[i].name);

		assert_int_equal(m->attr.type, rows[i].attr.type);
		assert_int_equal(m->attr.key_size, rows[i].attr.key_size);
		assert_int_equal(m->attr.value_size, rows[i].attr.value_size);
		assert_int_equal(m->attr.max_entries, rows[i].attr.max_entries);
		assert_int_equal(m->attr.flags, rows[i].attr.flags);
		assert_int_equal(m->attr.extra, rows[i].attr.extra);
		assert_string_equal(m->attr.name, rows[i].name);
		assert_int_equal(m->pin_by_name, rows[i].pin);
		assert_int_equal(m->attr.btf_key != 0, rows[i].key_type);
		assert_int_equal(m->attr.btf_value != 0, rows[i].value_type);
		assert_int_equal(m->inner, -1);
		assert_false(m->is_template || m->is_extern || m->freeze);
		assert_null(m->contents);
		assert_int_equal(m->slot_cnt, 0);
	}
	elf_close(obj);
}

static void maps_of_maps_have_templates_and_slots(void **state)
{
	struct elf_obj *obj = open_object("maps");
	const struct elf_map *outer = map_of(obj, "outer"), *inner;
	const struct elf_map *jumps = map_of(obj, "jumps");

	(void)state;
	assert_int_equal(outer->attr.value_size, 4);
	inner = &obj->maps[outer->inner];
	assert_true(inner->is_template);
	assert_int_equal(inner->attr.type, BPF_MAP_TYPE_ARRAY);
	assert_int_equal(inner->attr.max_entries, 3);
	assert_int_equal(outer->slot_cnt, 2);
	assert_int_equal(outer->slots[0].index, 0);
	assert_string_equal(obj->maps[outer->slots[0].target].name,
			    "first_inner");
	assert_int_equal(outer->slots[1].index, 3);
	assert_string_equal(obj->maps[outer->slots[1].target].name,
			    "second_inner");

	inner = &obj->maps[map_of(obj, "by_hash")->inner];
	assert_int_equal(inner->attr.type, BPF_MAP_TYPE_HASH);
	assert_int_equal(inner->attr.key_size, 8);

	assert_int_equal(jumps->slot_cnt, 1);
	assert_int_equal(jumps->slots[0].index, 2);
	assert_string_equal(obj->progs[jumps->slots[0].target].name, "jumped");
	elf_close(obj);
}

static void legacy_maps_are_bytes(void **state)
{
	struct elf_obj *obj = open_object("legacy");
	const struct elf_map *counts = map_of(obj, "counts");
	const struct elf_map *flows = map_of(obj, "flows");
	const struct elf_prog *p = prog_of(obj, "count");
	u32 refs = 0;

	(void)state;
	assert_int_equal(counts->attr.type, BPF_MAP_TYPE_PERCPU_ARRAY);
	assert_int_equal(counts->attr.max_entries, 2);
	assert_int_equal(flows->attr.key_size, 12);
	assert_int_equal(flows->attr.value_size, 24);
	assert_int_equal(flows->attr.flags, BPF_F_NO_PREALLOC);
	assert_null(obj->btf);
	assert_int_equal(p->type, BPF_PROG_TYPE_XDP);
	for (u32 i = 0; i < p->insn_cnt; i++) {
		if (!insn_is_wide(&p->insns[i]) || !p->insns[i].src_reg)
			continue;
		assert_int_equal(p->insns[i].src_reg, BPF_PSEUDO_MAP_FD);
		assert_ptr_equal(&obj->maps[p->insns[i].imm],
				 refs++ ? flows : counts);
	}
	assert_int_equal(refs, 2);
	elf_close(obj);
}

static void iproute2_finds_maps_and_slots_by_id(void **state)
{
	struct elf_obj *obj = open_object("iproute2");
	const struct elf_map *jumps = map_of(obj, "jumps");
	const struct elf_map *outer = map_of(obj, "outer");

	(void)state;
	assert_true(outer->pin_by_name);
	assert_false(jumps->pin_by_name);
	assert_string_equal(obj->maps[outer->inner].name, "inner");
	assert_false(obj->maps[outer->inner].is_template);
	assert_int_equal(outer->slot_cnt, 1);
	assert_int_equal(outer->slots[0].index, 1);
	assert_int_equal(outer->slots[0].target, outer->inner);
	assert_int_equal(jumps->slot_cnt, 1);
	assert_int_equal(jumps->slots[0].index, 3);
	assert_string_equal(obj->progs[jumps->slots[0].target].name, "tail");
	/* section "7/3" has the type of the others */
	assert_int_equal(prog_of(obj, "tail")->type, BPF_PROG_TYPE_SCHED_CLS);
	elf_close(obj);
}

/* The object "legacy" with other bytes for its last map. */
static int open_legacy(const u32 *numbers, u32 size, struct elf_obj **obj,
		       struct err *err)
{
	struct file f = file_read("legacy");
	Elf64_Shdr *sh = file_header(&f, "maps");
	u64 symbol_size = size;
	int ret;

	memcpy(f.bytes + f.size, f.bytes + sh->sh_offset, 20);
	memcpy(f.bytes + f.size + 20, numbers, size);
	sh->sh_offset = f.size;
	sh->sh_size = 20 + size;
	f.size += sh->sh_size;
	memcpy(file_section(&f, ".symtab") + file_symbol(&f, "flows") +
		       offsetof(Elf64_Sym, st_size),
	       &symbol_size, sizeof(symbol_size));
	*obj = NULL;
	ret = elf_open_mem("x.o", f.bytes, f.size, NULL, err, obj);
	free(f.bytes);
	return ret;
}

static void the_size_says_what_a_definition_is(void **state)
{
	/* type, key, value, entries, flags, and then by size */
	u32 numbers[70] = { BPF_MAP_TYPE_HASH, 4, 8, 2, BPF_F_NUMA_NODE };
	struct elf_obj *obj;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(open_legacy(numbers, 16, &obj, &err), 0);
	assert_int_equal(map_of(obj, "flows")->attr.max_entries, 2);
	assert_int_equal(map_of(obj, "flows")->attr.flags, 0);
	elf_close(obj);

	assert_int_equal(open_legacy(numbers, 24, &obj, &err), 0);
	assert_int_equal(map_of(obj, "flows")->attr.flags, BPF_F_NUMA_NODE);
	elf_close(obj);
	numbers[5] = 1;
	assert_int_equal(open_legacy(numbers, 24, &obj, &err), -EOPNOTSUPP);
	assert_string_equal(err.place, "x.o: section maps, offset 40");

	/* the kernel's samples: a template by number, a node */
	numbers[0] = BPF_MAP_TYPE_ARRAY_OF_MAPS;
	numbers[5] = 0;
	numbers[6] = 3;
	assert_int_equal(open_legacy(numbers, 28, &obj, &err), 0);
	assert_int_equal(map_of(obj, "flows")->inner, 0);
	assert_int_equal(map_of(obj, "flows")->attr.numa_node, 3);
	elf_close(obj);
	numbers[5] = 2;
	assert_int_equal(open_legacy(numbers, 28, &obj, &err), -EINVAL);

	/* gobpf: pinning and a name space */
	numbers[0] = BPF_MAP_TYPE_HASH;
	numbers[5] = 1;
	assert_int_equal(open_legacy(numbers, 280, &obj, &err), 0);
	assert_true(map_of(obj, "flows")->pin_by_name);
	elf_close(obj);
}

static void data_sections_are_maps(void **state)
{
	static const struct {
		const char *name;
		u32 size, flags;
		bool freeze, contents;
	} rows[] = {
		{ "data.data", 28, BPF_F_MMAPABLE, false, true },
		{ "data.rodata", 35, BPF_F_MMAPABLE | BPF_F_RDONLY_PROG, true,
		  true },
		{ "data.bss", 24, BPF_F_MMAPABLE, false, false },
		{ ".data.mine", 4, BPF_F_MMAPABLE, false, true },
		/* static or hidden alone: nobody to map it for */
		{ ".data.quiet", 4, 0, false, true },
		{ ".bss.hidden", 4, 0, false, false },
		{ ".bss.mine", 4, BPF_F_MMAPABLE, false, false },
		{ ".rodata.mine", 8, BPF_F_MMAPABLE | BPF_F_RDONLY_PROG, true,
		  true },
	};
	struct elf_obj *obj = open_object("data");
	const struct elf_map *m;
	u32 seven;

	(void)state;
	assert_int_equal(obj->map_cnt, ARRAY_LEN(rows));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		m = map_of(obj, rows[i].name);
		assert_int_equal(m->attr.type, BPF_MAP_TYPE_ARRAY);
		assert_int_equal(m->attr.key_size, 4);
		assert_int_equal(m->attr.max_entries, 1);
		assert_int_equal(m->attr.value_size, rows[i].size);
		assert_int_equal(m->attr.flags, rows[i].flags);
		assert_int_equal(m->freeze, rows[i].freeze);
		assert_int_equal(m->contents != NULL, rows[i].contents);
		assert_int_equal(btf_size(obj->btf, m->attr.btf_value),
				 rows[i].size);
	}
	memcpy(&seven, map_of(obj, "data.data")->contents, sizeof(seven));
	assert_int_equal(seven, 7);
	assert_string_equal(obj->license, "Dual BSD/GPL");
	elf_close(obj);
}

/* A map's name has 15 characters, 7 of them at least the section's. */
static void data_maps_are_named_after_the_object(void **state)
{
	static const struct {
		const char *path, *data, *rodata;
	} rows[] = {
		{ "a.o", "a.data", "a.rodata" },
		{ "dir.d/long_object_name.bpf.o", "long_obj.data",
		  "long_obj.rodata" },
		{ "x-y z.o", "x_y_z.data", "x_y_z.rodata" },
	};
	struct file f = file_read("data");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct elf_obj *obj = NULL;

		assert_int_equal(elf_open_mem(rows[i].path, f.bytes, f.size,
					      NULL, NULL, &obj),
				 0);
		assert_string_equal(obj->path, rows[i].path);
		map_of(obj, rows[i].data);
		map_of(obj, rows[i].rodata);
		elf_close(obj);
	}
	free(f.bytes);
}

/* Every call and every function's address leads to a function's first
 * instruction. */
static void check_linked(const struct elf_prog *p)
{
	for (u32 i = 0; i < p->insn_cnt; i++) {
		const struct bpf_insn *in = &p->insns[i];
		bool found = false;

		if (!insn_is_local_call(in) && !insn_is_func_ref(in))
			continue;
		for (u32 f = 0; f < p->func_cnt; f++)
			found |= p->funcs[f].insn == i + 1 + (u32)in->imm;
		assert_true(found);
	}
}

static void programs_carry_the_functions_they_reach(void **state)
{
	static const struct {
		const char *object, *prog;
		const char *funcs[8];
	} rows[] = {
		{ "funcs", "calls", { "calls", "global", "middle", "leaf" } },
		{ "funcs",
		  "calls_leaf_first",
		  { "calls_leaf_first", "leaf", "hidden", "global",
		    "middle" } },
		{ "funcs", "loops", { "loops", "each", "leaf" } },
		{ "funcs", "alone", { "alone" } },
		{ "placed", "entry", { "entry", "helper", "shared" } },
		{ "placed", "tail", { "tail", "shared", "helper" } },
		{ "untyped", "first", { "first", "thrice", "twice" } },
		{ "untyped", "second", { "second" } },
		{ "nameless", "xdp", { "xdp", ".text+3", ".text" } },
		{ "nameless", "tc", { "tc" } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct elf_obj *obj = open_object(rows[i].object);
		const struct elf_prog *p = prog_of(obj, rows[i].prog);
		u32 n = 0;

		while (n < ARRAY_LEN(rows[i].funcs) && rows[i].funcs[n])
			n++;
		assert_int_equal(p->func_cnt, n);
		while (n--) {
			assert_string_equal(p->funcs[n].name, rows[i].funcs[n]);
			if (obj->btf)
				assert_string_equal(
					btf_name(obj->btf, p->funcs[n].type_id),
					rows[i].funcs[n]);
		}
		check_linked(p);
		elf_close(obj);
	}
}

/* Static functions without symbols are found where they are called. */
static void names_of_static_functions_may_be_gone(void **state)
{
	struct elf_obj *with = open_object("funcs");
	struct elf_obj *without = open_object("unlocal");

	(void)state;
	assert_int_equal(with->prog_cnt, without->prog_cnt);
	for (u32 i = 0; i < with->prog_cnt; i++) {
		const struct elf_prog *a = &with->progs[i];
		const struct elf_prog *b = prog_of(without, a->name);

		assert_int_equal(a->insn_cnt, b->insn_cnt);
		assert_memory_equal(a->insns, b->insns,
				    a->insn_cnt * sizeof(*a->insns));
		assert_int_equal(a->line_info_cnt, b->line_info_cnt);
		assert_int_equal(a->func_cnt, b->func_cnt);
		for (u32 n = 0; n < a->func_cnt; n++)
			assert_string_equal(a->funcs[n].name, b->funcs[n].name);
	}
	elf_close(with);
	elf_close(without);
}

static void called_functions_are_no_programs(void **state)
{
	struct elf_obj *obj = open_object("placed");

	(void)state;
	assert_int_equal(obj->prog_cnt, 2);
	elf_close(obj);
	obj = open_object("funcs");
	assert_int_equal(obj->prog_cnt, 5);
	assert_true(prog_of(obj, "alone")->autoload);
	assert_false(prog_of(obj, "not_by_itself")->autoload);
	assert_string_equal(prog_of(obj, "not_by_itself")->section, "xdp");
	elf_close(obj);
}

/* Each line's text is that of the source. */
static void check_lines(const struct elf_prog *p, char source[][256])
{
	for (u32 i = 0; i < p->line_cnt; i++) {
		const struct prog_line *line = &p->lines[i];

		assert_non_null(strstr(line->file, "funcs.bpf.c"));
		assert_in_range(line->line, 1, 255);
		assert_string_equal(line->text, source[line->line]);
		assert_true(line->insn < p->insn_cnt);
		assert_true(!i || line->insn >= line[-1].insn);
	}
}

static void lines_are_the_sources(void **state)
{
	static char source[256][256];
	struct elf_obj *obj = open_object("funcs");
	FILE *f = fopen(ELF_SOURCES "/funcs.bpf.c", "r");

	(void)state;
	assert_non_null(f);
	for (u32 i = 1; i < 256 && fgets(source[i], 256, f); i++)
		source[i][strcspn(source[i], "\n")] = '\0';
	fclose(f);
	for (u32 i = 0; i < obj->prog_cnt; i++) {
		const struct elf_prog *p = &obj->progs[i];
		u32 line = 0;

		check_lines(p, source);
		assert_int_equal(p->line_cnt, p->line_info_cnt);
		assert_int_equal(p->func_cnt, p->func_info_cnt);
		/* every function begins with a line of its own */
		for (u32 n = 0; n < p->func_cnt; n++) {
			while (line < p->line_cnt &&
			       p->lines[line].insn < p->funcs[n].insn)
				line++;
			assert_int_equal(p->lines[line].insn, p->funcs[n].insn);
		}
	}
	elf_close(obj);
}

static void frags_and_run_configuration(void **state)
{
	struct elf_obj *obj = open_object("atomics");
	const struct elf_prog *p = prog_of(obj, "atomics");

	(void)state;
	assert_int_equal(p->flags, BPF_F_XDP_HAS_FRAGS);
	assert_int_equal(p->xdp_priority, 5);
	assert_int_equal(p->xdp_chain_actions, 1 << XDP_DROP);
	elf_close(obj);
	obj = open_object("data");
	p = prog_of(obj, "variables");
	assert_int_equal(p->xdp_priority, 50);
	assert_int_equal(p->xdp_chain_actions, 1 << XDP_PASS);
	elf_close(obj);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(section_names_are_libbpfs),
		cmocka_unit_test(maps_are_as_their_types_say),
		cmocka_unit_test(maps_of_maps_have_templates_and_slots),
		cmocka_unit_test(legacy_maps_are_bytes),
		cmocka_unit_test(iproute2_finds_maps_and_slots_by_id),
		cmocka_unit_test(the_size_says_what_a_definition_is),
		cmocka_unit_test(data_sections_are_maps),
		cmocka_unit_test(data_maps_are_named_after_the_object),
		cmocka_unit_test(programs_carry_the_functions_they_reach),
		cmocka_unit_test(names_of_static_functions_may_be_gone),
		cmocka_unit_test(called_functions_are_no_programs),
		cmocka_unit_test(lines_are_the_sources),
		cmocka_unit_test(frags_and_run_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
