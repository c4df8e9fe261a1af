/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wbpf_info.c - BPF_OBJ_GET_INFO_BY_FD
 *
 * The caller says how much it knows of a struct, and gets as much and the size
 * of what there is.  What it wants besides - instructions, ids, names - it
 * asks for by an address and a length in the struct that it passes.
 */
#include <errno.h>
#include <string.h>

#include "sys/wclient.h"

/* The caller's struct: reads what it knows of ours. */
static int info_begin(struct wcall *w, void *info, u32 size, u32 *len)
{
	u32 theirs = w->u.attr.info.info_len;
	u64 from = w->u.attr.info.info;
	int res = wcall_check_tail(w->mem, from, size, theirs);

	memset(info, 0, size);
	*len = MIN(theirs, size);
	if (res)
		return res;
	return w->mem->read(w->mem->arg, info, from, *len);
}

static int info_end(struct wcall *w, const void *info, u32 len)
{
	int res = wcall_copy_out(w, w->u.attr.info.info, info, len);

	return res ? res
		   : wcall_put_u32(w, offsetof(union bpf_attr, info.info_len),
				   len);
}

static int map_info(struct wcall *w, struct map *map)
{
	struct bpf_map_info_618 out = { 0 }, theirs;
	struct bpf_map_info *i = &out.info;
	u32 len;
	int res = info_begin(w, &theirs, sizeof(theirs), &len);

	if (res)
		return res;
	if (theirs.reserved)
		return -E2BIG;
	i->type = map->type;
	i->id = map->id;
	i->key_size = map->key_size;
	i->value_size = map->value_size;
	i->max_entries = map->max_entries;
	i->map_flags = map->flags;
	i->map_extra = map->extra;
	memcpy(i->name, map->name, sizeof(i->name));
	if (map->btf) {
		i->btf_id = btf_number(map->btf)->id;
		i->btf_key_type_id = map->btf_key;
		i->btf_value_type_id = map->btf_value;
	}
	if (theirs.hash || theirs.hash_size)
		return -EINVAL; /* there are no signed programs */
	return info_end(w, &out, len);
}

/* Instructions as the caller gave them; maps by number. */
static int put_insns(struct wcall *w, const struct prog *prog, u64 to, u32 len)
{
	u32 cnt = MIN(len / (u32)sizeof(struct bpf_insn), prog->insn_cnt);
	bool second = false;

	for (u32 i = 0; i < cnt; i++) {
		struct bpf_insn insn = prog->insns[i];
		bool wide = !second && insn.code == (BPF_LD | BPF_DW | BPF_IMM);
		int res;

		if (wide && (insn.src_reg == BPF_PSEUDO_MAP_FD ||
			     insn.src_reg == BPF_PSEUDO_MAP_VALUE))
			insn.imm = (s32)prog->maps[insn.imm]->id;
		second = wide;
		res = wcall_copy_out(w, to + (u64)i * sizeof(insn), &insn,
				     sizeof(insn));
		if (res)
			return res;
	}
	return 0;
}

static int put_map_ids(struct wcall *w, struct prog *prog, u64 to, u32 cnt)
{
	struct map *map;

	for (u32 i = 0; i < cnt && (map = prog_map_at(prog, i)); i++) {
		int res = wcall_copy_out(w, to + i * 4ul, &map->id, 4);

		if (res)
			return res;
	}
	return 0;
}

static u64 count_runs(const struct prog *prog)
{
	u64 runs = 0;

	for (u32 i = 0; i < prog->slots; i++)
		runs += atomic_load_explicit(&prog->stats[i].runs,
					     memory_order_relaxed);
	return runs;
}

static u32 offset_in(const struct btf_blob *btf, const char *text)
{
	return text ? (u32)(text - btf_string(btf, 0)) : 0;
}

static int put_funcs(struct wcall *w, const struct prog *prog, u64 to, u32 cnt)
{
	int res = 0;

	for (u32 i = 0; !res && i < MIN(cnt, prog->func_cnt); i++) {
		const struct bpf_func_info info = {
			.insn_off = prog->funcs[i].insn,
			.type_id = prog->funcs[i].type_id,
		};

		res = wcall_copy_out(w, to + i * sizeof(info), &info,
				     sizeof(info));
	}
	return res;
}

static int put_lines(struct wcall *w, const struct prog *prog, u64 to, u32 cnt)
{
	int res = 0;

	for (u32 i = 0; !res && i < MIN(cnt, prog->line_cnt); i++) {
		const struct prog_line *line = &prog->lines[i];
		const struct bpf_line_info info = {
			.insn_off = line->insn,
			.file_name_off = offset_in(prog->btf, line->file),
			.line_off = offset_in(prog->btf, line->text),
			.line_col = line->line << 10 | line->column,
		};

		res = wcall_copy_out(w, to + i * sizeof(info), &info,
				     sizeof(info));
	}
	return res;
}

/* Records are of our size, or none are asked for. */
static int check_sizes(const struct bpf_prog_info *theirs)
{
	const struct {
		u32 cnt, size, ours;
	} records[] = {
		{ theirs->nr_func_info, theirs->func_info_rec_size,
		  sizeof(struct bpf_func_info) },
		{ theirs->nr_line_info, theirs->line_info_rec_size,
		  sizeof(struct bpf_line_info) },
		{ theirs->nr_jited_line_info, theirs->jited_line_info_rec_size,
		  sizeof(u64) },
	};

	for (u32 i = 0; i < ARRAY_LEN(records); i++)
		if ((records[i].cnt || records[i].size) &&
		    records[i].size != records[i].ours)
			return -EINVAL;
	return 0;
}

/* *i has the caller's addresses. */
static void fill_prog_info(struct prog *prog, struct bpf_prog_info *i)
{
	i->type = prog->type;
	i->id = prog->id;
	memcpy(i->tag, prog->tag, sizeof(i->tag));
	i->load_time = prog->loaded_ns;
	memcpy(i->name, prog->name, sizeof(i->name));
	i->gpl_compatible = prog->gpl;
	i->xlated_prog_len = prog->insn_cnt * (u32)sizeof(struct bpf_insn);
	i->nr_map_ids = prog_map_count(prog);
	i->run_cnt = count_runs(prog);
	i->verified_insns = prog->insn_cnt;
	if (prog->btf)
		i->btf_id = btf_number(prog->btf)->id;
	i->nr_func_info = prog->func_cnt;
	i->nr_line_info = prog->line_cnt;
	i->nr_prog_tags = 1;
	i->func_info_rec_size = sizeof(struct bpf_func_info);
	i->line_info_rec_size = sizeof(struct bpf_line_info);
	i->jited_line_info_rec_size = sizeof(u64);
}

static int put_parts(struct wcall *w, struct prog *prog,
		     const struct bpf_prog_info *theirs)
{
	int res = 0;

	if (theirs->nr_map_ids)
		res = put_map_ids(w, prog, theirs->map_ids, theirs->nr_map_ids);
	if (!res)
		res = check_sizes(theirs);
	if (!res && theirs->xlated_prog_len)
		res = put_insns(w, prog, theirs->xlated_prog_insns,
				theirs->xlated_prog_len);
	if (!res)
		res = put_funcs(w, prog, theirs->func_info,
				theirs->nr_func_info);
	if (!res)
		res = put_lines(w, prog, theirs->line_info,
				theirs->nr_line_info);
	if (!res && theirs->nr_prog_tags)
		res = wcall_copy_out(w, theirs->prog_tags, prog->tag,
				     sizeof(prog->tag));
	return res;
}

static int prog_info(struct wcall *w, struct prog *prog)
{
	struct bpf_prog_info theirs, out;
	u32 len;
	int res = info_begin(w, &theirs, sizeof(theirs), &len);

	if (!res)
		res = put_parts(w, prog, &theirs);
	if (res)
		return res;
	out = (struct bpf_prog_info){
		.xlated_prog_insns = theirs.xlated_prog_insns,
		.map_ids = theirs.map_ids,
		.func_info = theirs.func_info,
		.line_info = theirs.line_info,
		.prog_tags = theirs.prog_tags,
	};
	fill_prog_info(prog, &out);
	return info_end(w, &out, len);
}

static int btf_info(struct wcall *w, struct btf_blob *btf)
{
	struct bpf_btf_info out = { 0 }, theirs;
	const void *raw;
	u32 len, size;
	int res = info_begin(w, &theirs, sizeof(theirs), &len);

	if (res)
		return res;
	raw = btf_raw(btf, &size);
	res = wcall_copy_out(w, theirs.btf, raw, MIN(theirs.btf_size, size));
	if (res)
		return res;
	out.btf = theirs.btf;
	out.btf_size = size;
	out.id = btf_number(btf)->id;
	out.name = theirs.name;
	return info_end(w, &out, len);
}

/* The caller's other fields stay as they are. */
static int link_tell(struct wcall *w, struct link *link)
{
	struct bpf_link_info info;
	u32 len;
	int res = info_begin(w, &info, sizeof(info), &len);

	if (res)
		return res;
	link_info(link, &info);
	return info_end(w, &info, len);
}

int wbpf_info(struct wcall *w)
{
	struct handle h;
	int res;

	if (!wcall_only(w, ATTR_END(info.info)))
		return -EINVAL;
	res = handle_get(w->c, w->u.attr.info.bpf_fd, &h);
	if (res)
		return res == -EBADF ? -EBADFD : res;
	if (h.ref.kind == REF_MAP)
		res = map_info(w, h.ref.map);
	else if (h.ref.kind == REF_PROG)
		res = prog_info(w, h.ref.prog);
	else if (h.ref.kind == REF_LINK)
		res = link_tell(w, h.ref.link);
	else if (h.ref.kind == REF_BTF)
		res = btf_info(w, h.ref.btf);
	else
		res = -EINVAL;
	ref_put(h.ref);
	return res;
}
