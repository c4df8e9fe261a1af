/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_elf_malformed.c - what is wrong with an object is said, and where
 *
 * Each row takes a good object, breaks it in one place and states the message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/btf.h>

#include "elf/elf_obj.h"
#include "elf_file.h"

/* Where the change is made. */
enum place {
	FILE_BYTES, /* offset from the start */
	FILE_SIZE,  /* the value is the new size */
	HEADER,	    /* of the section */
	SECTION,    /* its bytes */
	TEXT,	    /* a string of it is replaced by another */
};

struct row {
	const char *object;
	enum place place;
	const char *section;
	u32 offset;
	u32 width;
	u64 value;
	const char *text, *by;
	const char *message; /* a part of it */
};

#define AT(what, o, w, v) .place = what, .offset = o, .width = w, .value = v
#define EH(field, v)                                \
	AT(FILE_BYTES, offsetof(Elf64_Ehdr, field), \
	   sizeof(((Elf64_Ehdr *)0)->field), v)
#define SH(name, field, v)                       \
	AT(HEADER, offsetof(Elf64_Shdr, field),  \
	   sizeof(((Elf64_Shdr *)0)->field), v), \
		.section = name
#define IN(name, o, w, v) AT(SECTION, o, w, v), .section = name
#define NAMED(name, old, new) \
	.place = TEXT, .section = name, .text = old, .by = new
#define SYM(n, field, v)                                                    \
	IN(".symtab", (n) * sizeof(Elf64_Sym) + offsetof(Elf64_Sym, field), \
	   sizeof(((Elf64_Sym *)0)->field), v)
/* the symbol of this name */
#define SYM_OF(name, field, v)                    \
	IN(".symtab", offsetof(Elf64_Sym, field), \
	   sizeof(((Elf64_Sym *)0)->field), v),   \
		.text = name
#define BTF(o, w, v) IN(".BTF", o, w, v)
#define EXT(o, w, v) IN(".BTF.ext", o, w, v)
#define BIG (1ull << 40)

static const struct row rows[] = {
	/* the file */
	{ "data", .place = FILE_SIZE, .value = 0, .message = "file is empty" },
	{ "data", .place = FILE_SIZE, .value = 8, .message = "not an ELF" },
	{ "data", .place = FILE_SIZE, .value = 40, .message = "truncated" },
	{ "data", AT(FILE_BYTES, 0, 1, 'E'), .message = "not an ELF file" },
	{ "data", AT(FILE_BYTES, EI_CLASS, 1, ELFCLASS32),
	  .message = "32-bit" },
	{ "data", AT(FILE_BYTES, EI_DATA, 1, ELFDATA2MSB),
	  .message = "big-endian object (compile it with -target bpfel)" },
	{ "data", EH(e_machine, EM_X86_64), .message = "machine 62" },
	{ "data", EH(e_type, ET_EXEC), .message = "ELF type 2" },
	{ "data", EH(e_shoff, 0), .message = "has no sections" },
	{ "data", EH(e_shoff, BIG), .message = "truncated: the table of" },
	{ "data", EH(e_shnum, 0xfeff), .message = "ends after the file's" },
	{ "data", EH(e_shstrndx, 0xfe00), .message = "section 65024 should" },
	{ "data", .place = FILE_SIZE, .value = 1000,
	  .message = "truncated: the" },

	/* sections */
	{ "data", SH("xdp", sh_offset, BIG),
	  .message = "section xdp, offset 0: its" },
	{ "data", SH("xdp", sh_size, UINT64_MAX - 7),
	  .message = "section xdp, offset 0: its" },
	{ "data", SH("xdp", sh_name, 100000), .message = "its name at" },
	{ "data", SH("xdp", sh_size, 17),
	  .message = "section xdp, offset 17: its size 17 is no multiple" },
	{ "data", SH(".bss", sh_size, BIG),
	  .message = "section .bss, offset 0" },
	{ "data", SH("xdp", sh_type, SHT_SYMTAB),
	  .message = "second table of symbols" },
	{ "data", SH(".symtab", sh_size, 30),
	  .message = "section .symtab, offset 0: its size 30" },
	{ "data", SH(".symtab", sh_link, 77),
	  .message = "names are in section 77" },

	/* symbols and functions */
	{ "data", SYM(3, st_name, 99999),
	  .message = "section .symtab, offset 72: a symbol's name" },
	{ "data", SYM(3, st_shndx, 0x4000),
	  .message = "a symbol is in section 16384" },
	{ "data", SYM_OF("variables", st_value, 4),
	  .message = "section xdp, offset 4: function 'variables' does not "
		     "begin at an instruction" },
	{ "data", SYM_OF("variables", st_value, 1 << 20),
	  .message = "does not begin at an instruction" },
	{ "data", SYM_OF("variables", st_size, BIG),
	  .message = "section xdp, offset 0: the 1099511627776 bytes" },

	/* relocations */
	{ "data", IN(".relxdp", 0, 8, BIG), .message = "is at no instruction" },
	{ "data", IN(".relxdp", 0, 8, 3), .message = "is at no instruction" },
	{ "data", IN(".relxdp", 0, 8, 0),
	  .message = "at an instruction (code 0x61) that refers to nothing" },
	{ "data", IN(".relxdp", 12, 4, 9999),
	  .message = "section .relxdp, offset 0: a relocation of symbol 9999" },
	{ "data", SH(".relxdp", sh_type, SHT_RELA),
	  .message = "relocations with addends" },
	{ "data", SH(".relxdp", sh_size, 20),
	  .message = "section .relxdp, offset 0: its size 20" },
	{ "data", SH(".data", sh_type, SHT_NULL), .message = "'.data'" },
	{ "funcs", IN(".relxdp", 12, 4, 0),
	  .message = "section xdp, offset 8" },

	/* types */
	{ "data", BTF(0, 2, 0x1234),
	  .message = "section .BTF, offset 0: no "
		     "BTF: the magic is wrong" },
	{ "data", BTF(0, 2, 0x9feb), .message = "big-endian BTF" },
	{ "data", BTF(2, 1, 9), .message = "BTF version 9" },
	{ "data", BTF(4, 4, 4), .message = "a header of 4 bytes" },
	{ "data", BTF(4, 4, 1 << 30), .message = "a header of" },
	{ "data", BTF(8, 4, 1 << 30), .message = "section .BTF, offset 8" },
	{ "data", BTF(8, 4, 2), .message = "are not aligned" },
	{ "data", BTF(12, 4, UINT32_MAX), .message = "not inside" },
	{ "data", BTF(16, 4, UINT32_MAX), .message = "the strings" },
	{ "data", BTF(20, 4, 0), .message = "do not begin and end" },
	{ "data", BTF(24 + 4, 4, 31u << 24), .message = "unknown kind 31" },
	{ "data", BTF(24 + 4, 4, BTF_KIND_STRUCT << 24 | 0xffff),
	  .message = "type 1 is cut off" },
	{ "data", BTF(24 + 8, 4, 0xffffff),
	  .message = "section .BTF: BTF type [1]" },
	{ "data", SH(".BTF", sh_size, 10), .message = "10 bytes, the header" },
	{ "data", NAMED(".BTF", ".data.mine", ".data.none"),
	  .message = "'.data.none': variables of a section that the file "
		     "lacks" },

	/* line and function records */
	{ "data", EXT(0, 2, 0),
	  .message = "section .BTF.ext, offset 0: the "
		     "magic" },
	{ "data", EXT(4, 4, 1 << 20), .message = "a header of 1048576" },
	{ "data", EXT(8, 4, 1 << 30), .message = "the function records" },
	{ "data", EXT(12, 4, 1 << 30), .message = "the function records" },
	{ "data", EXT(16, 4, 3), .message = "the line records, 348 bytes" },
	{ "data", EXT(32, 4, 4), .message = "a function record of 4 bytes" },
	{ "data", EXT(32, 4, 9), .message = "a function record of 9 bytes" },
	{ "data", EXT(40, 4, 1 << 30), .message = "records do not fit" },
	{ "data", EXT(40, 4, 0), .message = "0 function records do not fit" },
	{ "data", EXT(44, 4, 4), .message = "is at no instruction" },
	{ "data", EXT(44, 4, 1 << 20),
	  .message = "a function record at byte 1048576 of section xdp" },
	{ "data", EXT(52 + 12, 4, 64), .message = "is out of order" },

	/* maps */
	{ "maps", NAMED(".BTF", "max_entries", "min_entries"),
	  .message = "unknown member min_entries" },
	{ "maps", NAMED(".BTF", "pinning", "binning"),
	  .message = "map 'typed': unknown member binning" },
	{ "maps", NAMED(".BTF", "key_size", "key_sise"),
	  .message = "unknown member key_sise" },
	{ "maps", NAMED(".BTF", "values", "valuer"), .message = "valuer" },
	{ "maps", SH(".BTF", sh_type, SHT_NULL),
	  .message = "maps without types" },
	{ "maps", IN(".rel.maps", 0, 8, BIG),
	  .message = "section .maps, offset 1099511627776" },
	{ "maps", IN(".rel.maps", 0, 8, 8), .message = "not in its values" },
	{ "legacy", SH("maps", sh_size, 30), .message = "10 bytes are no" },
	{ "legacy", SYM_OF("flows", st_size, 12),
	  .message = "section maps, offset 20: map 'flows': 12 bytes are no "
		     "definition" },
	{ "legacy", SYM_OF("flows", st_value, 4000),
	  .message = "is not inside" },
	{ "maps", NAMED(".BTF", ".maps", ".mops"), .message = "'.mops': " },
	{ "iproute2", IN("maps", 36 + 28, 4, 41),
	  .message = "map 'outer': there is no map with its template's id "
		     "41" },

	{ "iproute2", IN("maps", 36 + 20, 4, 42),
	  .message = "map 'outer': its template 'outer' is a map of maps" },

	/* CO-RE relocations */
	{ "core", IN(".BTF.ext", 28, 4, UINT32_MAX),
	  .message = "the CO-RE relocations" },

	/* what the object needs */
	{ "ksym", NAMED(".BTF", ".ksyms", ".ksymx"),
	  .message = "'.ksymx': variables of a section that the file lacks" },
	{ "strong_var", .message = "section tc, offset 0: instruction 0 needs "
				   "'no_such_variable', which Weir has not" },
	{ "config", .message = "extern 'CONFIG_MINE' in .kconfig: nothing says "
			       "its value (give a line CONFIG_MINE=VALUE, or "
			       "declare it __weak)" },
};

static void break_it(struct file *f, const struct row *row)
{
	u32 offset = row->offset;

	if (row->place == SECTION && row->text)
		offset += file_symbol(f, row->text);
	switch (row->place) {
	case FILE_BYTES:
		memcpy(f->bytes + offset, &row->value, row->width);
		break;
	case FILE_SIZE: f->size = MIN(f->size, row->value); break;
	case HEADER:
		memcpy((u8 *)file_header(f, row->section) + offset, &row->value,
		       row->width);
		break;
	case SECTION:
		memcpy(file_section(f, row->section) + offset, &row->value,
		       row->width);
		break;
	case TEXT: file_replace(f, row->section, row->text, row->by); break;
	}
}

static void refusals_say_why_and_where(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		struct file f = file_read(row->object);
		struct elf_obj *obj = NULL;
		struct err err = { 0 };
		char text[1024];
		int ret;

		break_it(&f, row);
		ret = elf_open_mem("dir/broken.o", f.bytes, f.size, NULL, &err,
				   &obj);
		err_text(&err, text, sizeof(text));
		if (ret >= 0)
			fail_msg("row %zu (%s): opened, not '%s'", i,
				 row->object, row->message);
		if (!strstr(text, row->message) ||
		    strncmp(text, "dir/broken.o: ", 14) != 0)
			fail_msg("row %zu (%s): said '%s', not '%s'", i,
				 row->object, text, row->message);
		assert_int_equal(err.code, ret);
		assert_null(obj);
		free(f.bytes);
	}
}

/* elf/bad.bpf.c: what each case says, from case 1 on. */
static const char *const bad[] = {
	"section .maps, offset 0: map 'map': two different sizes, the second "
	"by key",
	"section .maps, offset 0: map 'map': it has no type",
	/* the compiler has no words for it */
	"section .BTF: BTF type [1] VAR map: Invalid type_id",
	"map 'map': no pointer to a type: key",
	"map 'map': a type without a size: key",
	"map 'map': values of this type are neither maps nor programs",
	"map 'map': values is not the last member",
	"map 'map.inner': a map of maps inside a map of maps",
	"map 'map.inner': the template of inner maps cannot be pinned",
	"map 'map': pinning is neither LIBBPF_PIN_NONE nor",
	"map 'map': not written as __uint() or __type(): type",
	"a relocation of '.text' is no program, but a value of a prog array",
	"a relocation of 'inner' is a value of a map whose keys are no 4-byte",
	"section .xdp_run_config: program 'prog': unknown member priorities",
	"program 'prog': not written as __uint(): priority",
	"'nowhere': declared, but neither __kconfig nor __ksym, and defined",
	"section xdp, offset 32: instruction 4 needs 'nowhere', which is "
	"defined nowhere",
	"extern 'CONFIG_PAIR' in .kconfig: its type can hold no",
	"map 'map': two different sizes, the second by values",
	"program 'prog': its configuration is no struct",
};

static void wrong_definitions_are_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct elf_obj *obj = NULL;
		struct err err = { 0 };
		char name[16], text[1024];

		snprintf(name, sizeof(name), "bad-%zu", i + 1);
		if (!elf_open(file_path(name), NULL, &err, &obj))
			fail_msg("%s: opened", name);
		err_text(&err, text, sizeof(text));
		if (!strstr(text, bad[i]))
			fail_msg("%s: %s", name, text);
	}
}

/* Cut anywhere, an object is refused or is the same as before: never a crash,
 * never without a reason. */
static void every_cut_is_answered(void **state)
{
	struct file f = file_read("funcs");

	(void)state;
	for (size_t size = 0; size < f.size; size++) {
		struct elf_obj *obj = NULL;
		struct err err = { 0 };

		if (elf_open_mem("cut.o", f.bytes, size, NULL, &err, &obj))
			assert_true(err.reason[0] && err.place[0]);
		else
			elf_close(obj);
	}
	free(f.bytes);
}

/* So is one with any byte of it changed. */
static void every_byte_is_answered(void **state)
{
	static const char *const objects[] = { "maps", "core", "legacy" };

	(void)state;
	for (size_t n = 0; n < ARRAY_LEN(objects); n++) {
		struct file f = file_read(objects[n]);

		for (size_t i = 0; i < f.size; i++) {
			struct elf_obj *obj = NULL;
			struct err err = { 0 };

			f.bytes[i] ^= 0xff;
			if (elf_open_mem("bad.o", f.bytes, f.size, NULL, &err,
					 &obj))
				assert_true(err.reason[0] && err.place[0]);
			else
				elf_close(obj);
			f.bytes[i] ^= 0xff;
		}
		free(f.bytes);
	}
}

static void files_that_are_none(void **state)
{
	struct elf_obj *obj = NULL;
	struct err err = { 0 };
	char text[1024];

	(void)state;
	assert_int_equal(elf_open("/no/such.o", NULL, &err, &obj), -ENOENT);
	assert_string_equal(err_text(&err, text, sizeof(text)),
			    "/no/such.o: No such file or directory");
	assert_int_equal(elf_open("/", NULL, &err, &obj), -EISDIR);
	assert_int_equal(elf_open("/dev/zero", NULL, &err, &obj), -EINVAL);
	assert_string_equal(err_text(&err, text, sizeof(text)),
			    "/dev/zero: not a regular file");
	assert_int_equal(elf_open("/no/such.o", NULL, NULL, &obj), -ENOENT);
	assert_int_equal(elf_open_mem("x", "", 0, NULL, NULL, &obj), -ENOEXEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals_say_why_and_where),
		cmocka_unit_test(wrong_definitions_are_named),
		cmocka_unit_test(every_cut_is_answered),
		cmocka_unit_test(every_byte_is_answered),
		cmocka_unit_test(files_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
