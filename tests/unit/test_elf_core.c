/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_elf_core.c - CO-RE relocations against the types Weir presents
 *
 * Most programs of elf/core.bpf.c return one answer each.  (That all of them
 * are libbpf's answers is tests/kernel/elf_libbpf.c's.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/bpf.h>

#include "bpf/insn.h"
#include "elf/elf_obj.h"
#include "elf_file.h"

static struct elf_obj *open_object(const char *name,
				   const struct elf_opts *opts)
{
	struct elf_obj *obj = NULL;
	struct err err = { 0 };
	char text[1024];

	if (elf_open(file_path(name), opts, &err, &obj))
		fail_msg("%s", err_text(&err, text, sizeof(text)));
	return obj;
}

/* The constant that the program loads first. */
static s64 answer(const struct elf_obj *obj, const char *name)
{
	const struct elf_prog *p = elf_prog_find(obj, name);

	if (!p)
		fail_msg("no program %s", name);
	return insn_is_wide(p->insns) ? (s64)insn_imm64(p->insns)
				      : p->insns[0].imm;
}

static void answers_are_of_weirs_types(void **state)
{
	static const struct {
		const char *prog;
		s64 value;
	} rows[] = {
		{ "offset", 16 },
		{ "offset_nested", 8 + 12 },
		{ "offset_nameless",
		  offsetof(struct bpf_fib_lookup, ipv4_dst) },
		{ "offset_flavour", offsetof(struct xdp_md, egress_ifindex) },
		{ "size", 4 },
		{ "size_array", 6 },
		{ "field_exists", 1 },
		{ "field_lacks", 0 },
		{ "field_of_nothing", 0 },
		{ "bits_signed", 0 },
		{ "bits_lshift", 60 },
		{ "bits_rshift", 60 },
		{ "bits_offset", 0 },
		{ "type_exists", 1 },
		{ "type_lacks", 0 },
		{ "type_size", sizeof(struct bpf_fib_lookup) },
		{ "type_size_of_nothing", 0 },
		{ "type_matches", 1 },
		{ "type_differs", 0 },
		{ "enum_value", XDP_PASS },
		{ "enum_exists", 1 },
		{ "enum_lacks", 0 },
	};
	struct elf_obj *obj = open_object("core", NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (answer(obj, rows[i].prog) != rows[i].value)
			fail_msg("%s: %lld", rows[i].prog,
				 (long long)answer(obj, rows[i].prog));
	}
	elf_close(obj);
}

static void loads_move_to_where_the_field_is(void **state)
{
	struct elf_obj *obj = open_object("core", NULL);
	const struct elf_prog *p = elf_prog_find(obj, "fields");
	bool queue = false, ifindex = false;

	(void)state;
	assert_int_equal(p->invalid_cnt, 0);
	for (u32 i = 0; i < p->insn_cnt; i++) {
		const struct bpf_insn *in = &p->insns[i];

		if (in->code != (BPF_LDX | BPF_MEM | BPF_W))
			continue;
		queue |= in->off == offsetof(struct xdp_md, rx_queue_index);
		ifindex |= in->off == offsetof(struct xdp_md, ingress_ifindex);
	}
	assert_true(queue && ifindex);
	elf_close(obj);
}

static void what_lacks_is_named_where_it_is_used(void **state)
{
	struct elf_obj *obj = open_object("core", NULL);
	const struct elf_prog *p = elf_prog_find(obj, "guarded");
	const struct bpf_insn *in;

	(void)state;
	assert_int_equal(p->invalid_cnt, 1);
	assert_string_equal(p->invalid[0].why,
			    "type 'no_such_type' does not exist");
	in = &p->insns[p->invalid[0].insn];
	assert_int_equal(in->code, BPF_JMP | BPF_CALL);
	assert_int_equal(in->src_reg, 0);
	assert_int_equal(in->imm, 195896080);
	elf_close(obj);

	/* a type with other members */
	obj = open_object("core_kernel", NULL);
	p = elf_prog_find(obj, "skb_len");
	assert_int_equal(p->invalid_cnt, 1);
	assert_string_equal(p->invalid[0].why, "type 'sk_buff' does not exist");
	elf_close(obj);
}

/* The object's own types as the target: everything is where it was. */
static void another_target_gives_other_answers(void **state)
{
	struct elf_obj *own = open_object("core", NULL), *obj;
	const struct elf_opts opts = { .target_btf = own->btf };

	(void)state;
	obj = open_object("core", &opts);
	assert_int_equal(answer(obj, "offset"), 4);
	assert_int_equal(answer(obj, "enum_value"), 77);
	assert_int_equal(answer(obj, "enum_lacks"), 1);
	assert_int_equal(answer(obj, "type_lacks"), 1);
	assert_int_equal(answer(obj, "field_lacks"), 1);
	assert_int_equal(elf_prog_find(obj, "guarded")->invalid_cnt, 0);
	elf_close(obj);
	elf_close(own);
}

static void types_of_one_name_must_agree(void **state)
{
	struct elf_obj *target = open_object("core_target", NULL);
	struct elf_opts opts = { .target_btf = target->btf };
	struct elf_obj *own = open_object("core_pair", &opts), *obj = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(answer(own, "twice"), 0);
	opts.target_btf = own->btf;
	assert_int_equal(elf_open(file_path("core_pair"), &opts, &err, &obj),
			 -EINVAL);
	assert_non_null(strstr(err.reason, "type 'twice': several types"));
	elf_close(own);
	elf_close(target);
}

/* The record of the first CO-RE relocation. */
static u8 *first_relo(const struct file *f)
{
	u8 *ext = file_section(f, ".BTF.ext");
	u32 hdr_len, core_off;

	memcpy(&hdr_len, ext + 4, 4);
	memcpy(&core_off, ext + 24, 4);
	return ext + hdr_len + core_off + 4 + 8;
}

static void broken_relocations_are_refused(void **state)
{
	static const struct {
		u32 offset, value;
		const char *message;
	} rows[] = {
		{ 4, 0, "there is no such type or path" },
		{ 4, 1 << 20, "there is no such type or path" },
		{ 8, 1 << 28, "there is no such type or path" },
		{ 8, 0, "the path leads nowhere" },
		{ 12, 99, "the path leads nowhere" },
		{ 12, BPF_CORE_FIELD_BYTE_SIZE,
		  "its offset is not the field's" },
		{ 0, 1 << 20, "is at no instruction" },
		{ 0, 4, "is at no instruction" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct file f = file_read("core");
		struct elf_obj *obj = NULL;
		struct err err = { 0 };
		char text[1024];

		memcpy(first_relo(&f) + rows[i].offset, &rows[i].value, 4);
		if (!elf_open_mem("x.o", f.bytes, f.size, NULL, &err, &obj))
			fail_msg("row %zu: opened", i);
		err_text(&err, text, sizeof(text));
		if (!strstr(text, rows[i].message) || !strstr(text, "section"))
			fail_msg("row %zu: %s", i, text);
		free(f.bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_of_weirs_types),
		cmocka_unit_test(loads_move_to_where_the_field_is),
		cmocka_unit_test(what_lacks_is_named_where_it_is_used),
		cmocka_unit_test(another_target_gives_other_answers),
		cmocka_unit_test(types_of_one_name_must_agree),
		cmocka_unit_test(broken_relocations_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
