/* SPDX-License-Identifier: BSD-3-Clause */
/* test_elf_externs.c - .kconfig variables, and symbols that are not there */
#include <setjmp.h>
#include <stdarg.h>
#include <errno.h>
#include <linux/version.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpf/insn.h"
#include "elf/elf_obj.h"
#include "elf_file.h"

static int open_config(const char *name, const char *kconfig,
		       struct elf_obj **obj, char text[1024])
{
	const struct elf_opts opts = { .kconfig = kconfig };
	struct err err = { 0 };
	int ret;

	*obj = NULL;
	ret = elf_open(file_path(name), &opts, &err, obj);
	err_text(&err, text, 1024);
	return ret;
}

/* Bytes of the variable in the .kconfig map. */
static u64 value_of(const struct elf_obj *obj, const char *map,
		    const char *name)
{
	const struct elf_map *m = elf_map_find(obj, map);
	const struct btf_type *t = btf_type(obj->btf, m->attr.btf_value);
	const struct btf_var_secinfo *vars = (const void *)(t + 1);
	u64 value = 0;

	for (u32 i = 0; i < BTF_INFO_VLEN(t->info); i++) {
		if (strcmp(btf_name(obj->btf, vars[i].type), name) != 0)
			continue;
		memcpy(&value, (const u8 *)m->contents + vars[i].offset,
		       MIN(vars[i].size, sizeof(value)));
		return value;
	}
	fail_msg("no variable %s", name);
	return 0;
}

static void without_a_configuration_weirs_own_counts(void **state)
{
	struct elf_obj *obj;
	char text[1024];
	const struct elf_map *m;

	(void)state;
	if (open_config("kconfig", NULL, &obj, text))
		fail_msg("%s", text);
	m = elf_map_find(obj, "kconfig.kconfig");
	assert_non_null(m);
	assert_true(m->is_extern && m->freeze);
	assert_int_equal(m->attr.flags, BPF_F_RDONLY_PROG | BPF_F_MMAPABLE);
	assert_int_equal(value_of(obj, m->name, "LINUX_KERNEL_VERSION"),
			 KERNEL_VERSION(6, 18, 0));
	assert_int_equal(value_of(obj, m->name, "CONFIG_BPF_SYSCALL"), 1);
	assert_int_equal(value_of(obj, m->name, "CONFIG_NET"), 1);
	assert_int_equal(value_of(obj, m->name, "CONFIG_INET"), 'y');
	assert_int_equal(value_of(obj, m->name, "CONFIG_HZ"), 250);
	assert_int_equal(value_of(obj, m->name, "CONFIG_NO_SUCH_THING"), 0);
	assert_int_equal(value_of(obj, m->name, "CONFIG_NO_SUCH_NAME"), 0);
	assert_int_equal(value_of(obj, m->name, "LINUX_HAS_BPF_COOKIE"), 1);
	elf_close(obj);
}

static void a_configuration_replaces_it(void **state)
{
	struct elf_obj *obj;
	char text[1024];

	(void)state;
	if (open_config("kconfig",
			"CONFIG_BPF_SYSCALL=n\nCONFIG_NET=m\nCONFIG_INET=m\n"
			"CONFIG_HZ=1000\nCONFIG_HZ=9\n"
			"CONFIG_NO_SUCH_NAME=\"sixteen and more letters\"\n"
			"LINUX_KERNEL_VERSION=5",
			&obj, text))
		fail_msg("%s", text);
	assert_int_equal(value_of(obj, "kconfig.kconfig", "CONFIG_HZ"), 1000);
	assert_int_equal(value_of(obj, "kconfig.kconfig", "CONFIG_NET"), 2);
	assert_int_equal(value_of(obj, "kconfig.kconfig", "CONFIG_INET"), 'm');
	assert_int_equal(value_of(obj, "kconfig.kconfig", "CONFIG_BPF_SYSCALL"),
			 0);
	assert_int_equal(value_of(obj, "kconfig.kconfig",
				  "LINUX_KERNEL_VERSION"),
			 5);
	assert_int_equal(value_of(obj, "kconfig.kconfig",
				  "LINUX_HAS_BPF_COOKIE"),
			 1);
	elf_close(obj);
}

/* CONFIG_MINE is an unsigned short, CONFIG_NAME a weak char[4]. */
static void values_must_fit_their_variables(void **state)
{
	static const struct {
		const char *kconfig, *message; /* NULL: it is good */
		u64 mine, name;
	} rows[] = {
		{ "CONFIG_MINE=65535", NULL, 65535, 0 },
		{ "CONFIG_MINE=0x10\nCONFIG_NAME=\"abcdef\"", NULL, 16,
		  'a' | 'b' << 8 | 'c' << 16 },
		{ "CONFIG_MINE=1\nCONFIG_NAME=\"\"", NULL, 1, 0 },
		{ "CONFIG_MINE=65536", "the number does not fit", 0, 0 },
		{ "CONFIG_MINE=-1", "the number does not fit", 0, 0 },
		{ "CONFIG_MINE=", "its value is no number", 0, 0 },
		{ "CONFIG_MINE=12x", "its value is no number", 0, 0 },
		{ "CONFIG_MINE=y", "y, m or n, which its type", 0, 0 },
		{ "CONFIG_MINE=\"1\"", "a string, which its type", 0, 0 },
		{ "CONFIG_MINE=1\nCONFIG_NAME=\"ab", "without its end", 0, 0 },
		{ "CONFIG_MINE=1\nCONFIG_NAME=\"", "without its end", 0, 0 },
		{ "CONFIG_MINE=1\nCONFIG_NAME=2", "a number, which", 0, 0 },
		{ "CONFIG_OTHER=1", "extern 'CONFIG_MINE' in .kconfig: nothing",
		  0, 0 },
		{ "CONFIG_MINE=18446744073709551616", "no number", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct elf_obj *obj;
		char text[1024];
		int ret = open_config("config", rows[i].kconfig, &obj, text);

		if (!rows[i].message) {
			assert_int_equal(ret, 0);
			assert_int_equal(value_of(obj, "config.kconfig",
						  "CONFIG_MINE"),
					 rows[i].mine);
			assert_int_equal(value_of(obj, "config.kconfig",
						  "CONFIG_NAME"),
					 rows[i].name);
			elf_close(obj);
		} else if (!ret || !strstr(text, rows[i].message)) {
			fail_msg("%s: %s", rows[i].kconfig, text);
		}
	}
}

static void weak_symbols_are_zero(void **state)
{
	struct elf_obj *obj;
	const struct elf_prog *p;
	char text[1024];
	u32 zeros = 0, calls = 0;

	(void)state;
	if (open_config("ksym", NULL, &obj, text))
		fail_msg("%s", text);
	p = elf_prog_find(obj, "externs");
	for (u32 i = 0; i < p->insn_cnt; i++) {
		const struct bpf_insn *in = &p->insns[i];

		if (insn_is_wide(in)) {
			assert_int_equal(in->src_reg, 0);
			assert_int_equal(insn_imm64(in), 0);
			zeros++;
		}
		/* never reached; as libbpf leaves it */
		if (in->code == (BPF_JMP | BPF_CALL)) {
			assert_int_equal(in->src_reg, BPF_PSEUDO_KFUNC_CALL);
			assert_int_equal(in->imm, 0);
			calls++;
		}
	}
	assert_int_equal(zeros, 3);
	assert_int_equal(calls, 1);
	elf_close(obj);
}

static void functions_that_lack_are_named(void **state)
{
	static const struct {
		const char *prog;
		u32 cnt;
	} rows[] = { { "needs", 1 }, { "might", 1 }, { "needs_not", 0 } };
	struct elf_obj *obj;
	char text[1024];

	(void)state;
	if (open_config("strong", NULL, &obj, text))
		fail_msg("%s", text);
	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		const struct elf_prog *p = elf_prog_find(obj, rows[i].prog);
		const struct bpf_insn *in;

		assert_int_equal(p->invalid_cnt, rows[i].cnt);
		if (!rows[i].cnt)
			continue;
		assert_string_equal(p->invalid[0].kfunc, "no_such_function");
		assert_string_equal(p->invalid[0].why,
				    "kernel function no_such_function");
		in = &p->insns[p->invalid[0].insn];
		assert_int_equal(in->code, BPF_JMP | BPF_CALL);
		assert_int_equal(in->src_reg, BPF_PSEUDO_KFUNC_CALL);
		assert_int_equal(in->imm, 0);
	}
	elf_close(obj);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_configuration_weirs_own_counts),
		cmocka_unit_test(a_configuration_replaces_it),
		cmocka_unit_test(values_must_fit_their_variables),
		cmocka_unit_test(weak_symbols_are_zero),
		cmocka_unit_test(functions_that_lack_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
