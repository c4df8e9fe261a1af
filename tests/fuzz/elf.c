/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * elf.c - libFuzzer target of the loader
 *
 * Opens the bytes as an object.  What it accepts is walked whole, so that a
 * pointer out of bounds is touched, and held to what sys/ and vm/ rely on; a
 * refusal has to say why and where.
 */
#include "fuzzer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/insn.h"
#include "elf/elf_obj.h"

#define PATH "fuzz.bpf.o"

#define require(fact)                                           \
	do {                                                    \
		if (!(fact)) {                                  \
			fprintf(stderr, "not so: %s\n", #fact); \
			abort();                                \
		}                                               \
	} while (0)

/* The sum keeps the reads. */
static u64 touch(const void *bytes, u64 size)
{
	const u8 *p = bytes;
	u64 sum = 0;

	for (u64 i = 0; i < size; i++)
		sum += p[i];
	return sum;
}

static u64 touch_text(const char *text)
{
	require(text != NULL);
	return strlen(text);
}

static u64 walk_map(const struct elf_obj *obj, const struct elf_map *m)
{
	bool progs = m->attr.type == BPF_MAP_TYPE_PROG_ARRAY;
	u64 sum = touch_text(m->name) + strnlen(m->attr.name, BPF_OBJ_NAME_LEN);
	u32 types = obj->btf ? btf_type_count(obj->btf) : 0;

	require(m->attr.btf_key <= types && m->attr.btf_value <= types);
	require(m->inner < (s32)obj->map_cnt);
	require(m->inner < 0 || obj->maps[m->inner].inner < 0);
	if (m->contents)
		sum += touch(m->contents, m->attr.value_size);
	for (u32 i = 0; i < m->slot_cnt; i++)
		require(m->slots[i].target <
			(progs ? obj->prog_cnt : obj->map_cnt));
	return sum;
}

static void walk_insn(const struct elf_obj *obj, const struct elf_prog *p,
		      u32 i)
{
	const struct bpf_insn *in = &p->insns[i];

	if (insn_is_local_call(in) || insn_is_func_ref(in)) {
		s64 to = (s64)i + 1 + in->imm;

		require(to >= 0 && to < p->insn_cnt);
	} else if (insn_is_wide(in) && (in->src_reg == BPF_PSEUDO_MAP_FD ||
					in->src_reg == BPF_PSEUDO_MAP_VALUE)) {
		require((u32)in->imm < obj->map_cnt);
	}
}

static u64 walk_prog(const struct elf_obj *obj, const struct elf_prog *p)
{
	u64 sum = touch_text(p->name) + touch_text(p->section);

	require(p->insn_cnt && p->func_cnt && p->funcs[0].insn == 0);
	for (u32 i = 0; i < p->insn_cnt; i++)
		walk_insn(obj, p, i);
	for (u32 i = 0; i < p->line_cnt; i++) {
		require(p->lines[i].insn < p->insn_cnt);
		sum += touch_text(p->lines[i].file);
		sum += touch_text(p->lines[i].text);
	}
	for (u32 i = 0; i < p->func_cnt; i++) {
		require(p->funcs[i].insn < p->insn_cnt);
		sum += touch_text(p->funcs[i].name);
	}
	for (u32 i = 0; i < p->invalid_cnt; i++) {
		require(p->invalid[i].insn < p->insn_cnt);
		sum += touch_text(p->invalid[i].why);
	}
	sum += touch(p->func_info,
		     (u64)p->func_info_rec_size * p->func_info_cnt);
	return sum + touch(p->line_info,
			   (u64)p->line_info_rec_size * p->line_info_cnt);
}

static u64 walk(const struct elf_obj *obj)
{
	u64 sum = touch_text(obj->path) + touch_text(obj->license);

	for (u32 i = 0; i < obj->map_cnt; i++)
		sum += walk_map(obj, &obj->maps[i]);
	for (u32 i = 0; i < obj->prog_cnt; i++)
		sum += walk_prog(obj, &obj->progs[i]);
	return sum;
}

/* What is opened is the caller's. */
static struct elf_obj *open_walk(const uint8_t *bytes, size_t size,
				 const struct elf_opts *opts)
{
	struct elf_obj *obj = NULL;
	struct err err = { 0 };
	volatile u64 sum;

	if (elf_open_mem(PATH, bytes, size, opts, &err, &obj)) {
		require(err.code < 0 && err.reason[0]);
		require(strncmp(err.place, PATH, strlen(PATH)) == 0);
		require(!obj);
		return NULL;
	}
	sum = walk(obj);
	(void)sum;
	return obj;
}

/* Once against Weir's types, once against the object's own: those are whatever
 * the file says. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const struct elf_opts config = {
		.kconfig = "CONFIG_MINE=7\nCONFIG_NAME=\"ab\"\n",
	};
	struct elf_obj *obj = open_walk(bytes, size, NULL);
	struct elf_opts own = { 0 };

	if (!obj)
		obj = open_walk(bytes, size, &config);
	if (!obj)
		return 0;
	own.target_btf = obj->btf;
	elf_close(open_walk(bytes, size, &own));
	elf_close(obj);
	return 0;
}
