/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * load.h - an object file while it is being opened
 *
 * The steps, in the order elf_open_mem() runs them:
 *
 *	image	header, sections, symbols		elf.c
 *	code	executable sections and functions	code.c
 *	btf	.BTF made complete and validated	btf_fix.c
 *	ext	line and function records, .BTF.ext	ext.c
 *	maps	by types, by bytes, of variables	maps_*.c data.c
 *	kconfig	the map of __kconfig variables		kconfig.c
 *	reloc	instructions refer to maps, functions	reloc.c ksym.c
 *	core	CO-RE relocations			core*.c
 *	progs	programs linked, .values filled		progs.c link.c
 *
 * What was read from the file is checked where it is read: a struct section's
 * data is inside the file, a symbol's section exists, strings end.
 */
#ifndef WEIR_ELF_LOAD_H
#define WEIR_ELF_LOAD_H

#include "base/vec.h"
#include "elf/btf_view.h"
#include "elf/elf_obj.h"

#define NONE UINT32_MAX

struct section {
	const char *name;
	u32 name_offset;
	u32 index;
	u32 type;
	u64 flags;
	u64 size;
	u32 link;
	u32 info;
	u64 offset;	/* in the file */
	const u8 *data; /* size bytes; NULL: none in the file (.bss) */
};

struct symbol {
	const char *name; /* of a section symbol the section's */
	u64 value;
	u64 size;
	u32 section; /* 0: undefined; NONE: absolute or common */
	u8 type;
	u8 bind;
	bool hidden;
};

/* A relocation of a section, its symbol looked up. */
struct reloc {
	u64 offset;
	u32 type;
	const struct symbol *sym;
};

/* Records of .BTF.ext for one section, checked; by kind below. */
struct ext_records {
	const u8 *records;
	u32 cnt;
};

enum ext_kind { EXT_FUNCS, EXT_LINES, EXT_CORE, EXT_KINDS };

/* An executable section.  Relocations patch insns in place, so every program
 * that the function is linked into gets the patched ones. */
struct code {
	const struct section *section;
	struct bpf_insn *insns;
	u32 insn_cnt;
	u64 *target;  /* of a call or a function's address: CODE_TARGET */
	bool library; /* .text: only called from other sections */
	bool typed;   /* has STT_FUNC symbols */
	struct ext_records ext[EXT_KINDS];
};

#define CODE_TARGET_NONE UINT64_MAX
#define CODE_TARGET(code, insn) ((u64)(code) << 32 | (insn))

/* Sorted by code and start. */
struct func {
	const char *name;
	u32 code;
	u32 start; /* insns of the section */
	u32 cnt;
	bool guess; /* no symbol: it begins where it is called */
	bool local;
	bool called;
};

/* A variable or function that the object only declares. */
struct ext {
	const char *name;
	u32 name_offset; /* in the BTF's strings */
	bool kconfig;	 /* else ksym */
	bool weak;
	u32 var;    /* type id of the VAR or FUNC */
	u32 offset; /* in .kconfig */
};

/* A map's place in the file, for relocations. */
struct map_place {
	u32 section; /* 0: none */
	u64 offset;
	u64 size;
	bool data;     /* any address inside is the map's */
	u32 values;    /* offset of .values in the variable, 0: none */
	u32 id;	       /* iproute2's: of the map */
	u32 inner_id;  /* iproute2's: of the template */
	s32 inner_idx; /* iproute2's: its slot in the outer map */
};

/* An instruction that needs what there is not: made invalid by its CO-RE
 * relocation, or the call of a kernel function. */
struct lack {
	u32 code;
	u32 insn;
	const char *kfunc; /* its name */
	const char *why;
};

struct load {
	const char *path;
	const struct elf_opts *opts;
	struct err *err;
	struct object *object; /* owns all memory that the result points to */
	const u8 *bytes;
	u64 size;

	VEC(struct section) sections; /* by index in the file */
	const struct section *strtab;
	VEC(struct symbol) symbols;
	const struct symbol **by_name; /* global and weak ones, sorted */
	u32 by_name_cnt;

	VEC(struct code) codes;
	u32 *code_of; /* section index to index into codes, or NONE */
	VEC(struct func) funcs;

	struct btf_blob *btf;
	VEC(struct ext) exts;
	u32 ext_rec_size[EXT_KINDS];		/* 0: there are none */
	VEC(struct lack) lacks; /* by code and insn once they are sorted */

	u32 kconfig_map; /* index into maps, if there are such externs */
	VEC(struct elf_map) maps;
	VEC(struct map_place) places; /* of maps, same index */
	VEC(struct elf_prog) progs;
	u32 *prog_of; /* function to program, or NONE */
	u32 *link_at; /* link.c's, all NONE between programs */
	u64 linked;   /* instructions of all programs so far */
};

/* ---- object.c ---- */
/* Fails with the place "PATH: section NAME, offset N".  Returns code. */
int section_fail(struct load *l, const struct section *s, u64 offset, int code,
		 const char *fmt, ...) PRINTF(5, 6);
/* Fails with the place "PATH".  Returns code. */
int load_fail(struct load *l, int code, const char *fmt, ...) PRINTF(3, 4);
int load_nomem(struct load *l);

/* Zeroed, freed with the object.  NULL: out of memory. */
void *load_alloc(struct load *l, u64 n, u64 size);
const char *load_fmt(struct load *l, const char *fmt, ...) PRINTF(2, 3);

/* ---- elf.c ---- */
int image_open(struct load *l);

/* The first of this name, or NULL. */
const struct section *section_find(const struct load *l, const char *name);
/* NULL if there is none. */
const struct section *section_at(const struct load *l, u32 index);
/* The global or weak symbol defined under this name, or NULL. */
const struct symbol *symbol_find(const struct load *l, const char *name);
/* The undefined symbol of this name, or NULL. */
const struct symbol *symbol_undefined(const struct load *l, const char *name);

/* Calls fn for each relocation of a section, in the file's order, until it
 * returns non-zero. */
typedef int reloc_fn(struct load *l, const struct section *of,
		     const struct reloc *r);
int reloc_each(struct load *l, const struct section *of, reloc_fn *fn);

/* ---- code.c ---- */
int code_read(struct load *l);
/* The functions that nobody named begin where they are called. */
int code_functions(struct load *l);
struct func *func_at(const struct load *l, u64 target);

/* ---- btf_fix.c ---- */
int btf_read(struct load *l);
/* Of the DATASEC with this name, or 0. */
u32 btf_datasec(const struct load *l, const char *name);

/* ---- ext.c: .BTF.ext ---- */
int ext_read(struct load *l);
/* A string that a record names, or NULL. */
const char *ext_string(const struct load *l, u32 offset);

/* ---- maps_btf.c, maps_legacy.c, data.c, kconfig.c ---- */
int maps_btf_read(struct load *l);
int maps_legacy_read(struct load *l);
int data_read(struct load *l);
int kconfig_read(struct load *l);

/* An entry of maps and of places, or NULL. */
struct elf_map *map_add(struct load *l, const char *name,
			struct map_place **place);
/* The map that the address in a section belongs to, or NONE. */
u32 map_at(const struct load *l, u32 section, u64 offset);
int map_slot_add(struct load *l, u32 map, u32 index, u32 target);
/* The name that libbpf gives a data section's map. */
const char *data_map_name(struct load *l, const char *section);

/* An int written as __uint(name, value) in the member of a struct. */
int field_int(const struct btf_blob *btf, u32 type, u32 *value);

/* ---- reloc.c, ksym.c ---- */
int reloc_code(struct load *l);
int reloc_values(struct load *l); /* after the programs are known */
int ksym_patch(struct load *l, const struct code *c, u32 insn,
	       const struct symbol *sym);
const struct ext *ext_find(const struct load *l, const char *name);

/* ---- core.c ---- */
int core_apply(struct load *l);

/* ---- lack.c ---- */
/* why and kfunc stay; NULL: out of memory, which is returned. */
int lack_add(struct load *l, const struct code *code, u32 insn,
	     const char *kfunc, const char *why);
int lacks_sort(struct load *l);
/* The first at or after an instruction. */
u32 lack_at(const struct load *l, u32 code, u32 insn);

/* ---- section.c, progs.c, link.c, run_config.c ---- */
int progs_read(struct load *l);
int link_prog(struct load *l, u32 func, struct elf_prog *p);
int run_config_read(struct load *l);

#endif
