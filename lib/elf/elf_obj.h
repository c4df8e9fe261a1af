/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * elf_obj.h - an object file as data: maps, programs, BTF
 *
 * Parsing creates nothing: sys/ makes a Weir object of the result, oracle/ a
 * kernel one.  Everything points into the object and lives as long as it.
 * Every byte of the file is hostile (architecture decision 11).
 */
#ifndef WEIR_ELF_ELF_OBJ_H
#define WEIR_ELF_ELF_OBJ_H

#include <linux/bpf.h>

#include "base/err.h"
#include "bpf/btf.h"
#include "prog/prog.h"

/* One .values entry: of a prog array the program, of a map of maps the map. */
struct elf_slot {
	u32 index;
	u32 target; /* index into progs[] or maps[] */
};

struct elf_map {
	const char *name; /* as in the object; ".rodata" maps as libbpf names
			     them for the kernel: "prog.rodata" */
	/* btf, inner: not set, see below.  A perf event array may have 0
	 * max_entries: one for each CPU. */
	struct map_attr attr;
	bool pin_by_name;
	s32 inner;	      /* index into maps[] of the template, -1: none */
	bool is_template;     /* only describes inner maps: not to be created */
	bool is_extern;	      /* .kconfig */
	bool freeze;	      /* .rodata, .kconfig: read-only after loading */
	const void *contents; /* of a data section, value_size bytes; or NULL */
	const struct elf_slot *slots;
	u32 slot_cnt;
};

/* An instruction that a CO-RE relocation without an answer made invalid: a call
 * of no helper; or the call of a kernel function that Weir has not.  Fine where
 * it is never reached; else why says what lacks. */
struct elf_invalid {
	u32 insn;
	const char *kfunc; /* the function, or NULL */
	const char *why;   /* "type 'sk_buff' does not exist" */
};

struct elf_prog {
	const char *name;    /* the function's */
	const char *section; /* "tc/ingress" */
	bool autoload;	     /* false for SEC("?...") */
	u32 type;
	u32 expected_attach_type;
	u32 flags;
	/* Linked: static and global functions it calls follow the program.
	 * ld_imm64 of maps carries the index into the object's maps[]. */
	struct bpf_insn *insns;
	u32 insn_cnt;
	struct prog_line *lines;
	u32 line_cnt;
	struct prog_func *funcs;
	u32 func_cnt;
	/* Raw records for the kernel, offsets in instructions; all functions'
	 * or none, as it wants them. */
	const void *func_info;
	u32 func_info_rec_size;
	u32 func_info_cnt;
	const void *line_info;
	u32 line_info_rec_size;
	u32 line_info_cnt;
	const struct elf_invalid *invalid; /* by insn, ascending */
	u32 invalid_cnt;
	/* libxdp's run configuration (struct named _NAME in .xdp_run_config) */
	u32 xdp_priority;      /* 50 by default */
	u32 xdp_chain_actions; /* mask of 1 << XDP_*, by default of PASS */
};

struct elf_obj {
	const char *path;
	const char *license;  /* "" if there is none */
	struct btf_blob *btf; /* sanitised: acceptable to Linux; or NULL */
	struct elf_map *maps;
	u32 map_cnt;
	struct elf_prog *progs;
	u32 prog_cnt;
};

struct elf_opts {
	/* target of CO-RE relocations; NULL: the types Weir presents */
	const struct btf_blob *target_btf;
	/* lines of "NAME=VALUE" for __kconfig externs; NULL: Weir's defaults.
	 * With it, a CONFIG_* that it lacks is not set. */
	const char *kconfig;
};

/* err's place is "PATH: section NAME, offset N". */
int elf_open(const char *path, const struct elf_opts *opts, struct err *err,
	     struct elf_obj **out);
int elf_open_mem(const char *path, const void *bytes, size_t size,
		 const struct elf_opts *opts, struct err *err,
		 struct elf_obj **out);
void elf_close(struct elf_obj *obj);

struct elf_prog *elf_prog_find(const struct elf_obj *obj, const char *name);
struct elf_map *elf_map_find(const struct elf_obj *obj, const char *name);

/* What a section name means; false: no program Weir knows. */
struct elf_section_kind {
	u32 prog_type;
	u32 attach_type;
	u32 flags;
};
bool elf_section_parse(const char *section, struct elf_section_kind *out);

#endif
