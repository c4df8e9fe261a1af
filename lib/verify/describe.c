/* SPDX-License-Identifier: BSD-3-Clause */
/* describe.c - a program with maps that exist, as the verifier sees it */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "elf/elf_obj.h"
#include "maps/fields.h"
#include "verify/verify.h"

static void describe(const struct map *map, struct verify_map *out)
{
	*out = (struct verify_map){
		.name = map->name,
		.type = map->type,
		.key_size = map->key_size,
		.value_size = map->value_size,
		.max_entries = map->max_entries,
		.flags = map->flags,
		.btf = map->btf,
		.btf_key = map->btf_key,
		.btf_value = map->btf_value,
		.fields_known = true,
	};
	if (!map->fields)
		return;
	out->field_cnt = map->fields->cnt;
	memcpy(out->fields, map->fields->at, sizeof(out->fields));
}

/* What nobody may write any more is constant. */
static const void *contents_of(struct map *map)
{
	const u32 only = 0;

	if (map->type != BPF_MAP_TYPE_ARRAY || map->max_entries != 1 ||
	    !(map->flags & BPF_F_RDONLY_PROG) || !atomic_load(&map->frozen))
		return NULL;
	return map->ops->lookup(map, &only);
}

int verify_prog(const struct prog_attr *attr, const struct verify_log *log,
		struct verify_result *result, struct err *err)
{
	struct verify_attr v = {
		.type = attr->type,
		.expected_attach_type = attr->expected_attach_type,
		.flags = attr->flags,
		.license = attr->license,
		.insns = attr->insns,
		.insn_cnt = attr->insn_cnt,
		.map_cnt = attr->map_cnt,
		.btf = attr->btf,
		.lines = attr->lines,
		.line_cnt = attr->line_cnt,
		.funcs = attr->funcs,
		.func_cnt = attr->func_cnt,
	};
	struct verify_map *inner;
	int ret;

	*result = (struct verify_result){ .code = VERIFY_NO_MEMORY };
	v.maps = calloc(attr->map_cnt * 2ul + 1, sizeof(*v.maps));
	if (!v.maps)
		return err_fail(err, -ENOMEM, "out of memory");
	inner = v.maps + attr->map_cnt;
	for (u32 i = 0; i < attr->map_cnt; i++) {
		struct map *map = attr->maps[i];

		describe(map, &v.maps[i]);
		v.maps[i].contents = contents_of(map);
		if (!map->inner)
			continue;
		describe(map->inner, &inner[i]);
		v.maps[i].inner = &inner[i];
	}
	if (log)
		v.log = *log;
	ret = verify(&v, result, err);
	free(v.maps);
	return ret;
}

static void describe_elf(const struct elf_obj *obj, u32 i,
			 struct verify_map *maps)
{
	const struct elf_map *em = &obj->maps[i];
	const struct map_attr *attr = &em->attr;
	struct verify_map *out = &maps[i];

	*out = (struct verify_map){
		.name = em->name,
		.type = attr->type,
		.key_size = attr->key_size,
		.value_size = attr->value_size,
		.max_entries = attr->max_entries,
		.flags = attr->flags,
		.btf = obj->btf,
		.btf_key = attr->btf_key,
		.btf_value = attr->btf_value,
		.contents = em->freeze ? em->contents : NULL,
	};
	if (em->inner >= 0 && (u32)em->inner != i)
		out->inner = &maps[em->inner];
}

/* What a program needs and Weir has not is its name for the rejection. */
static void name_lack(const struct elf_prog *prog, struct verify_result *result,
		      struct err *err)
{
	char place[sizeof(err->place)];

	for (u32 i = 0; i < prog->invalid_cnt; i++) {
		const struct elf_invalid *lack = &prog->invalid[i];

		if (lack->insn != result->insn ||
		    result->code != VERIFY_HELPER)
			continue;
		result->code = VERIFY_UNSUPPORTED;
		result->unsupported = lack->why;
		memcpy(place, err->place, sizeof(place));
		err_fail(err, -EOPNOTSUPP,
			 lack->kfunc ? "%s: not supported by Weir"
				     : "invalid CO-RE relocation: %s",
			 lack->why);
		err_place(err, "%s", place);
	}
}

int verify_elf_prog(const struct elf_obj *obj, const struct elf_prog *prog,
		    const struct verify_log *log, struct verify_result *result,
		    struct err *err)
{
	struct verify_attr v = {
		.type = prog->type,
		.expected_attach_type = prog->expected_attach_type,
		.flags = prog->flags,
		.license = obj->license,
		.insns = prog->insns,
		.insn_cnt = prog->insn_cnt,
		.map_cnt = obj->map_cnt,
		.btf = obj->btf,
		.lines = prog->lines,
		.line_cnt = prog->line_cnt,
		.funcs = prog->funcs,
		.func_cnt = prog->func_cnt,
	};
	int ret;

	*result = (struct verify_result){ .code = VERIFY_NO_MEMORY };
	v.maps = calloc(obj->map_cnt + 1ul, sizeof(*v.maps));
	if (!v.maps)
		return err_fail(err, -ENOMEM, "out of memory");
	for (u32 i = 0; i < obj->map_cnt; i++)
		describe_elf(obj, i, v.maps);
	if (log)
		v.log = *log;
	ret = verify(&v, result, err);
	free(v.maps);
	if (err)
		name_lack(prog, result, err);
	return ret;
}
